# SPDX-License-Identifier: BSD-3-Clause
"""What prose names is there: targets of links, and files in backquotes."""

import os
import re

import tree

LINK = re.compile(r'\]\(([^)#\s]+)[^)]*\)')
FILE = re.compile(r'`((?:lib|app|bench|tests|docs|drivers-cfg)/[\w./-]+)`')
PLACEHOLDER = re.compile(r'[A-Z]{3}')  # tests/unit/MODULE_test.c


def check(root, _args):
    faults = []
    for path in tree.files(root, '.md'):
        for number, line in enumerate(tree.read(root, path).split('\n'), 1):
            targets = [os.path.join(os.path.dirname(path), target) for target in LINK.findall(line)
                       if '://' not in target]
            targets += [name for name in FILE.findall(line) if not PLACEHOLDER.search(name)]
            faults += [f'{path}:{number}: {os.path.normpath(target)} is not there' for target in targets
                       if not os.path.exists(os.path.join(root, target))]
    return faults, []
