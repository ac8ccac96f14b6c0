# SPDX-License-Identifier: BSD-3-Clause
"""Files of at most 800 lines, functions of at most 70, nine in ten of at most 45."""

import tree

FILE_LINES = 800
FUNCTION_LINES = 70
P90_LINES = 45
TREES = ('lib', 'app', 'bench', 'tests')

# The one spine: RFC 9293 section 3.10.7.4, step by step in its order.
SPINE = {('lib/tcp/input.c', 'input_segment')}
SPINE_LINES = 100


def percentile_90(values):
    return sorted(values)[int(0.9 * (len(values) - 1))]


def check(root, _args):
    faults, notes, longest = [], [], []
    for top in TREES:
        paths = tree.files(root, tree.C_FILES, top)
        for path in paths:
            count = tree.read(root, path).count('\n')
            if count > FILE_LINES:
                faults.append(f'{path}: {count} lines, at most {FILE_LINES}')
        sized = [(last - first + 1, path, name, first) for path, name, first, last in tree.functions(root, paths)]
        longest += sized
        for lines, path, name, first in sized:
            limit = SPINE_LINES if (path, name) in SPINE else FUNCTION_LINES
            if lines > limit:
                faults.append(f'{path}:{first}: {name}() has {lines} lines, at most {limit}')
        if sized:
            p90 = percentile_90([s[0] for s in sized])
            notes.append(f'{top}/: {len(sized)} functions, nine in ten of at most {p90} lines')
            if p90 > P90_LINES:
                faults.append(f'{top}/: nine in ten functions have at most {p90} lines, should be {P90_LINES}')
    notes.append('the longest:')
    notes += [f'{lines:5} {path}:{first} {name}()' for lines, path, name, first in sorted(longest, reverse=True)[:10]]
    return faults, notes
