# SPDX-License-Identifier: BSD-3-Clause
"""C as .clang-format has it. `clang-format -i FILE` mends it."""

import re
import subprocess

import tree


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
    return [f'{fault}: clang-format would change this' for fault in seen.values()], []
