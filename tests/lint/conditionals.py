# SPDX-License-Identifier: BSD-3-Clause
"""No preprocessor conditional inside a function: variants are files or data."""

import re

import tree

CONDITIONAL = re.compile(r'\s*#\s*(if|ifdef|ifndef|elif|else)\b')


def check(root, _args):
    faults = []
    paths = tree.files(root, tree.C_FILES)
    texts = {path: tree.code_lines(tree.read(root, path)) for path in paths}
    for path, name, first, last in tree.functions(root, paths):
        for number in range(first, last):
            if CONDITIONAL.match(texts[path][number]):
                faults.append(f'{path}:{number + 1}: {texts[path][number].strip()} inside {name}()')
    return faults, []
