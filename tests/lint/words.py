# SPDX-License-Identifier: BSD-3-Clause
"""Words that do not belong into the tree: paths of somebody's machine, notes to self, unsafe calls."""

import re

import tree

ANYWHERE = (
    (re.compile(r'(?<![\w.~*])/(?:home|root|work|farm|Users)/'), 'a path of one machine'),
    (re.compile(r'//[a-z.]*(?:debian|npm)[a-z]*\.'), 'a package registry'),
    (re.compile(r'\.\./' + 'shared'), 'a path outside the tree'),
    (re.compile(r'\b(?:' + '|'.join(('FIX' + 'ME', 'XX' + 'X', 'TO' + 'DO', 'HA' + 'CK')) + r')\b'),
     'a note to self; open an issue'),
    (re.compile(r'^(?:<{7}|>{7}) '), 'a merge conflict'),
)
IN_C = (
    (re.compile(r'\b(?:strcpy|strcat|sprintf|vsprintf|gets|alloca|strtok|atoi|atol|rand|srand)\s*\('),
     'unbounded, or without errors'),
)
IN_LIB = (
    (re.compile(r'\b(?:rte_panic|rte_exit|exit|printf)\s*\('), 'a library neither ends its program nor prints'),
)
TEXT = tree.C_FILES + ('.def', '.py', '.sh', '.md', '.svg', '.conf', 'meson.build', 'Makefile', '.txt')


def check(root, _args):
    faults = []
    for path in tree.files(root):
        if not path.endswith(TEXT) and not path.startswith(('.ci/', 'tests/run')):
            continue
        text = tree.read(root, path)
        rules = [(text.split('\n'), ANYWHERE)]
        if path.endswith(tree.C_FILES):
            code = tree.code_lines(text)
            rules.append((code, IN_C))
            if path.startswith('lib/'):
                rules.append((code, IN_LIB))
        for lines, patterns in rules:
            for number, line in enumerate(lines, 1):
                faults += [f'{path}:{number}: "{found.group(0).strip()}" is {why}'
                           for pattern, why in patterns if (found := pattern.search(line))]
    return faults, []
