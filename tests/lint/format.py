# SPDX-License-Identifier: BSD-3-Clause
"""C as .clang-format has it, comments no wider than code. `clang-format -i FILE` mends all but comments."""

import re
import subprocess

import tree

TAB = 8


def width(line):
    return len(line.rstrip().expandtabs(TAB))


def long_comments(root, paths):
    """Where a comment goes on beyond the limit. Code that does is clang-format's business, or a string."""
    limit = int(re.search(r'^ColumnLimit: (\d+)', tree.read(root, '.clang-format'), re.M).group(1))
    for path in paths:
        text = tree.read(root, path)
        for number, (line, code) in enumerate(zip(text.split('\n'), tree.code_lines(text)), 1):
            if width(line) > limit >= width(code):
                yield f'{path}:{number}: a comment of {width(line)} columns, at most {limit}'


def check(root, _args):
    paths = tree.files(root, tree.C_FILES)
    if not paths:
        return [], []
    done = subprocess.run(['clang-format', '--style=file', '--dry-run', '--ferror-limit=1'] + paths, cwd=root,
                          capture_output=True, text=True, check=True)
    faults = re.findall(r'^(.*?:\d+:\d+): warning: code should be clang-formatted', done.stderr, re.M)
    seen = {}
    for fault in faults:
        seen.setdefault(fault.split(':')[0], fault)
    faults = [f'{fault}: clang-format would change this' for fault in seen.values()]
    return faults + list(long_comments(root, paths)), []
