#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""lint.py NAME ROOT [ARG...]: runs the lint NAME over the tree at ROOT and reports in TAP.

A lint is a module beside this one with check(root, args), which returns two lists of lines: faults
and notes. A tool that is not installed makes it a skip.
"""

import importlib
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

TOOLS = {'sizes': 'ctags', 'conditionals': 'ctags', 'format': 'clang-format', 'spelling': 'codespell',
         'headers': 'c++'}


def main():
    name, root, *args = sys.argv[1:]
    module = importlib.import_module(name)
    title = f'{name}: {module.__doc__.splitlines()[0]}'
    print('1..1')
    tool = TOOLS.get(name)
    if tool and not shutil.which(tool):
        print(f'ok 1 - {title} # SKIP {tool} is not installed')
        return 0
    faults, notes = module.check(root, args)
    for note in notes:
        print(f'# {note}')
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f'{"not ok" if faults else "ok"} 1 - {title}')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
