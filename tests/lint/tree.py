# SPDX-License-Identifier: BSD-3-Clause
"""The files of a source tree, and what the lints need to know of C."""

import os
import re
import subprocess

C_FILES = ('.c', '.h')
# What is installed; programs include the first, which brings the others.
PUBLIC = ('lib/weir.h', 'lib/weir_runtime.h')


def files(root, endings=None, under=None):
    """Paths relative to root, sorted; build trees and hidden folders but .ci left out."""
    found = []
    for where, folders, names in os.walk(os.path.join(root, under) if under else root):
        folders[:] = [f for f in folders
                      if not f.startswith('build') and f not in ('subprojects', '__pycache__', 'corpus')
                      and (f == '.ci' or not f.startswith('.'))]
        for name in names:
            if endings is None or name.endswith(endings):
                found.append(os.path.relpath(os.path.join(where, name), root))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as f:
        return f.read()


def code_lines(text):
    """The lines of a C file with comments and the insides of strings blanked out."""
    def blank(match):
        found = match.group(0)
        if found.startswith('/'):
            return re.sub(r'[^\n]', ' ', found)
        return found[0] + ' ' * (len(found) - 2) + found[-1]

    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, text, flags=re.S).split('\n')


def includes(text):
    """(line number, '"' or '<', name) of each #include."""
    for number, line in enumerate(text.split('\n'), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(1), match.group(2)


def functions(root, paths):
    """(path, name, first line, last line) of each function, as universal ctags sees them."""
    if not paths:
        return []
    output = subprocess.run(
        ['ctags', '-L', '-', '-f', '-', '--language-force=C', '--kinds-C=f', '--fields=ne', '--sort=no',
         '--output-format=u-ctags'],
        input='\n'.join(paths), cwd=root, capture_output=True, text=True, check=True).stdout
    found = []
    for line in output.splitlines():
        name, path, *rest = line.split('\t')
        fields = dict(f.split(':', 1) for f in rest if re.match(r'(line|end):\d+$', f))
        if 'end' in fields:
            found.append((path, name, int(fields['line']), int(fields['end'])))
    return found
