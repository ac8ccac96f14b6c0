# SPDX-License-Identifier: BSD-3-Clause
"""Every source file names its licence in its first line, scripts in their second."""

import os

import tree

ENDINGS = tree.C_FILES + ('.def', '.py', '.sh', '.conf', 'meson.build', 'meson_options.txt', 'Makefile')
LINE = 'SPDX-License-Identifier: BSD-3-Clause'


def is_script(root, path):
    with open(os.path.join(root, path), 'rb') as f:
        return f.read(2) == b'#!'


def check(root, _args):
    faults = []
    for path in tree.files(root):
        if not path.endswith(ENDINGS) and not is_script(root, path):
            continue
        first = tree.read(root, path).split('\n')[:2]
        if not first[0].startswith('#!'):
            first = first[:1]
        if LINE not in ' '.join(first):
            faults.append(f'{path}:1: no "{LINE}"')
    return faults, []
