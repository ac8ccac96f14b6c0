# SPDX-License-Identifier: BSD-3-Clause
"""libweir.so exports what weir.h declares, and nothing else."""

import re
import subprocess

import tree


def check(root, args):
    library, = args
    output = subprocess.run(['nm', '-D', '--defined-only', library], capture_output=True, text=True, check=True)
    exported = {line.split()[-1] for line in output.stdout.splitlines() if line.split()[-2] in 'TDBRVWi'}
    header = '\n'.join(line for path in tree.files(root, '.h', 'lib') if path in tree.PUBLIC
                       for line in tree.code_lines(tree.read(root, path)))
    declared = set(re.findall(r'\bWEIR_API\b[^;]*?\b(weir_\w+)\s*\(', header))
    faults = [f'{name} is exported but does not begin with weir_' for name in sorted(exported)
              if not name.startswith('weir_')]
    faults += [f'{name} is exported but not in weir.h' for name in sorted(exported - declared)
               if name.startswith('weir_')]
    faults += [f'{name}() is declared in weir.h but not defined' for name in sorted(declared - exported)]
    return faults, [f'{len(exported)} symbols']
