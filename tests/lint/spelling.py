# SPDX-License-Identifier: BSD-3-Clause
"""codespell over code and prose."""

import os
import subprocess

import tree


def check(root, _args):
    ignored = os.path.join(os.path.dirname(__file__), 'spelling.txt')
    endings = tree.C_FILES + ('.def', '.py', '.sh', '.md', '.svg', 'meson.build', 'Makefile')
    done = subprocess.run(['codespell', '--ignore-words', ignored] + tree.files(root, endings), cwd=root,
                          capture_output=True, text=True)
    if done.returncode not in (0, 65):  # 65: EX_DATAERR, misspellings were found
        return [done.stderr.strip() or f'codespell: exit status {done.returncode}'], []
    return done.stdout.splitlines(), []
