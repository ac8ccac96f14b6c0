#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""selftest.py ROOT: plants faults into small trees and sees each lint find its own, and only those.

ROOT lends its .clang-format. Reports in TAP. A lint whose tool is missing is skipped.
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import conformance  # noqa: E402
import lint  # noqa: E402

SPDX = '/* SPDX-License-Identifier: BSD-3-Clause */\n'
MERGE = '<' * 7

# A tree without a fault. Planted files are added to it, or stand in place of its own.
CLEAN = {
    'lib/weir.h': SPDX + '#ifndef WEIR_H\n#define WEIR_H\n#define WEIR_API\n\n'
                         'WEIR_API int weir_answer(int question);\n\n#endif\n',
    'lib/base/seq.h': SPDX + '#ifndef SEQ_H\n#define SEQ_H\n\n#include <stdint.h>\n\n#endif\n',
    'lib/wire/eth.h': SPDX + '#ifndef ETH_H\n#define ETH_H\n\n#include "base/seq.h"\n\n#endif\n',
    'lib/store/pool.h': SPDX + '#ifndef POOL_H\n#define POOL_H\n\n#include "base/seq.h"\n\n#endif\n',
    'lib/tcp/tcp.h': SPDX + '#ifndef TCP_H\n#define TCP_H\n\n#include "weir.h"\n#include "wire/eth.h"\n\n#endif\n',
    'lib/nic/port.c': SPDX + '#include <rte_ethdev.h>\n',
    'lib/run/loop.c': SPDX + '#include <rte_ethdev.h>\n#include "nic/nic.h"\n#include "tcp/tcp.h"\n',
    'app/main.c': SPDX + '#include "weir.h"\n#include "options.h"\n\nint main(void)\n{\n\treturn 0;\n}\n',
    'app/options.h': SPDX + '#ifndef OPTIONS_H\n#define OPTIONS_H\n\n#endif\n',
    'tests/unit/seq_test.c': SPDX + '#include "tcp/tcp.h"\n',
}


def requirements(*changes, left_out=(), more=''):
    """A docs/conformance.md whose rows are all met; changes: (ID, class, verdict, shown by)."""
    changed = {change[0]: change[1:] for change in changes}
    lines = ['# Conformance', '## RFC 9293', '', '| ID | class | verdict | shown by |', '|---|---|---|---|']
    for name in conformance.REQUIREMENTS:
        kind, verdict, shown_by = changed.get(name, ('H', 'met', '`tcp/reset_test:closed_port`'))
        if name not in left_out:
            lines.append(f'| {name} | {kind} | {verdict} | {shown_by} |')
    return {'docs/conformance.md': '\n'.join(lines) + '\n' + more, 'tests/tcp/reset_test.c': SPDX}


RULES = ('\n## Rules\n\n| rule | verdict | shown by |\n|---|---|---|\n'
         '| a RST is never answered | met | `tcp/reset_test:rst_*`, `netns/serve_test.py:http: HEAD [2?]` |\n')


def function(name, lines, inside='\tuse();\n'):
    """A function of so many lines, braces and name included."""
    return f'static void {name}(void)\n{{\n' + inside * (lines - 3) + '}\n'


# lint, what is planted, what the fault's line says (None: nothing is found).
CASES = (
    ('rooms', 'a clean tree', {}, None),
    ('rooms', 'base/ includes wire/', {'lib/base/a.c': SPDX + '#include "wire/eth.h"\n'},
     'lib/base/a.c:2: base/ may not include wire/'),
    ('rooms', 'wire/ includes store/, of its own level', {'lib/wire/a.c': SPDX + '#include "store/pool.h"\n'},
     'wire/ may not include store/'),
    ('rooms', 'tcp/ includes net/, of its own level', {'lib/tcp/a.c': SPDX + '#include "net/net.h"\n'},
     'tcp/ may not include net/'),
    ('rooms', 'core/ includes nic/, of its own level', {'lib/core/a.c': SPDX + '#include "nic/port.h"\n'},
     'core/ may not include nic/'),
    ('rooms', 'nic/ includes run/', {'lib/nic/a.c': SPDX + '#include "run/loop.h"\n'},
     'nic/ may not include run/'),
    ('rooms', 'core/ goes past the door of tcp/', {'lib/core/a.c': SPDX + '#include "tcp/tcb.h"\n'},
     'the door of tcp/ is tcp/tcp.h'),
    ('rooms', 'a path that climbs', {'lib/run/a.c': SPDX + '#include "../base/seq.h"\n'}, 'paths start at lib/'),
    ('rooms', 'a header without its room', {'lib/run/a.c': SPDX + '#include "seq.h"\n'}, 'names no room'),
    ('rooms', 'a room that nobody planned', {'lib/misc/a.c': SPDX}, 'misc/ is no room'),
    ('rooms', 'a file outside the rooms', {'lib/a.c': SPDX}, 'belongs into a room'),
    ('rooms', 'tcp/ includes an mbuf', {'lib/tcp/a.c': SPDX + '#include <rte_mbuf.h>\n'}, 'tcp/ knows no DPDK'),
    ('rooms', 'core/ includes a port', {'lib/core/a.c': SPDX + '#include <rte_ethdev.h>\n'},
     'only nic/ and run/ know ports'),
    ('rooms', 'core/ may have mbufs', {'lib/core/a.c': SPDX + '#include <rte_mbuf.h>\n'}, None),
    ('rooms', 'store/ reads the TSC', {'lib/store/a.c': SPDX + 'long t(void)\n{\n\treturn rte_rdtsc();\n}\n'},
     'lib/store/a.c:4: store/ reads no cycle counter'),
    ('rooms', 'core/ reads a clock',
     {'lib/core/a.c': SPDX + 'int t(void *p)\n{\n\treturn clock_gettime(1, p);\n}\n'},
     'core/ reads no clock'),
    ('rooms', 'a comment may speak of clocks', {'lib/core/a.c': SPDX + '/* clock_gettime() and rte_rdtsc() */\n'},
     None),
    ('rooms', 'the public header includes DPDK', {'lib/weir.h': SPDX + '#include <rte_mbuf.h>\n'},
     'nothing but standard C'),
    ('rooms', 'app/ includes a room', {'app/a.c': SPDX + '#include "tcp/tcp.h"\n'}, 'includes only weir.h'),
    ('rooms', 'app/ reaches into lib/', {'app/a.c': SPDX + '#include "../lib/tcp/tcp.h"\n'},
     'reaches into the library'),

    ('sizes', 'a clean tree', {}, None),
    ('sizes', 'a file of 800 lines', {'lib/base/a.h': SPDX + '\n' * 799}, None),
    ('sizes', 'a file of 801 lines', {'lib/base/a.h': SPDX + '\n' * 800}, 'lib/base/a.h: 801 lines'),
    ('sizes', 'a function of 71 lines', {'lib/base/a.c': SPDX + function('f', 71) + function('g', 5) * 9},
     'lib/base/a.c:2: f() has 71 lines'),
    ('sizes', 'a function of 70 lines', {'lib/base/a.c': SPDX + function('f', 70) + function('g', 5) * 9}, None),
    ('sizes', 'many functions of 50 lines', {'lib/base/a.c': SPDX + function('f', 50) * 4},
     'nine in ten functions'),
    ('sizes', 'the spine at 100 lines',
     {'lib/tcp/input.c': SPDX + function('input_segment', 100) + function('g', 5) * 9}, None),
    ('sizes', 'the spine at 101 lines',
     {'lib/tcp/input.c': SPDX + function('input_segment', 101) + function('g', 5) * 9}, 'at most 100'),

    ('headers', 'a clean tree', {}, None),
    ('headers', 'a header that lacks an include', {'lib/base/a.h': SPDX + 'uint32_t f(void);\n'}, 'lib/base/a.h'),
    ('headers', 'a header without a guard', {'lib/base/a.h': SPDX + 'struct a {\n\tint b;\n};\n'}, 'redefinition'),
    ('headers', 'GNU C in a pure room', {'lib/base/a.h': SPDX + 'extern typeof(1) a;\n'}, 'lib/base/a.h (-std=c17)'),
    ('headers', 'GNU C in core/', {'lib/core/a.h': SPDX + 'extern typeof(1) a;\n'}, None),
    ('headers', 'a public header that is not C++', {'lib/weir.h': SPDX + 'int weir_f(int class);\n'}, 'c++17'),

    ('spdx', 'a clean tree', {}, None),
    ('spdx', 'a source without', {'lib/base/a.c': 'int a;\n'}, 'lib/base/a.c:1'),
    ('spdx', 'a script without', {'tests/run': '#!/bin/sh\nexit 0\n'}, 'tests/run:1'),
    ('spdx', 'a script with', {'tests/run': '#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\n'}, None),

    ('conditionals', 'a clean tree', {}, None),
    ('conditionals', 'an #ifdef inside a function',
     {'lib/base/a.c': SPDX + 'int f(void)\n{\n#ifdef A\n\treturn 1;\n#endif\n\treturn 0;\n}\n'},
     'lib/base/a.c:4: #ifdef A inside f()'),
    ('conditionals', 'an #ifdef around one',
     {'lib/base/a.c': SPDX + '#ifdef A\nint f(void)\n{\n\treturn 0;\n}\n#endif\n'}, None),

    ('spelling', 'a clean tree', {}, None),
    ('spelling', 'a misspelt word', {'docs/a.md': 'It has to rec' + 'ieve.\n'}, 'docs/a.md:1'),

    ('words', 'a clean tree', {}, None),
    ('words', 'a path of one machine', {'docs/a.md': 'see /ho' + 'me/me/x\n'}, 'docs/a.md:1'),
    ('words', 'a note to self', {'lib/base/a.c': SPDX + '/* TO' + 'DO */\n'}, 'lib/base/a.c:2'),
    ('words', 'an unsafe call', {'app/a.c': SPDX + 'int f(char *a, char *b)\n{\n\tstrcpy(a, b);\n}\n'}, 'app/a.c:4'),
    ('words', 'a library that exits', {'lib/run/a.c': SPDX + 'void f(void)\n{\n\texit(1);\n}\n'}, 'lib/run/a.c:4'),
    ('words', 'a program may exit', {'app/a.c': SPDX + 'void f(void)\n{\n\texit(1);\n}\n'}, None),
    ('words', 'a merge conflict', {'docs/a.md': f'{MERGE} ours\n'}, 'docs/a.md:1'),

    ('links', 'a clean tree', {}, None),
    ('links', 'a link to what is there', {'docs/a.md': '[a](../lib/weir.h), `lib/base/seq.h`, [b](http://b)\n'}, None),
    ('links', 'a link to nowhere', {'docs/a.md': '\n[a](weir.h)\n'}, 'docs/a.md:2: docs/weir.h is not there'),
    ('links', 'a file that is not there', {'README.md': '`lib/base/ack.c`\n'}, 'lib/base/ack.c is not there'),

    ('conformance', 'every row is met', requirements(), None),
    ('conformance', 'no document', {}, 'docs/conformance.md is not there'),
    ('conformance', 'a row is missing', requirements(left_out=['SHLD-31']), 'SHLD-31 is there 0 times'),
    ('conformance', 'a row stands twice',
     requirements(more='| MAY-1 | H | met | `tcp/reset_test:closed_port` |\n'), 'MAY-1 is there 2 times'),
    ('conformance', 'a row that nobody asked for',
     requirements(more='| MUST-70 | H | met | `tcp/reset_test:closed_port` |\n'), 'MUST-70 is no requirement'),
    ('conformance', 'a handshake row that is not met', requirements(('MUST-10', 'H', 'not met: later', '')),
     'MUST-10 is of class H, and not met'),
    ('conformance', 'a handshake row that deviates', requirements(('MUST-10', 'H/A', 'deviation: so', '')),
     'MUST-10 is of class H/A, and deviation'),
    ('conformance', 'the one that may deviate', requirements(('MUST-8', 'H', 'deviation: cookies', '')), None),
    ('conformance', 'another class may deviate', requirements(('MUST-30', 'N', 'deviation: so', '')), None),
    ('conformance', 'a deviation without a reason', requirements(('MUST-30', 'N', 'deviation', '')),
     'MUST-30 says "deviation", and not why'),
    ('conformance', 'a MAY that is not done', requirements(('MAY-4', 'N', 'not done', '')), None),
    ('conformance', 'a MUST that is not done', requirements(('MUST-30', 'N', 'not done', '')),
     'MUST-30 is not done, which only a MAY may be'),
    ('conformance', 'a verdict that is none', requirements(('MUST-30', 'N', 'mostly met', '')),
     'MUST-30 has no verdict'),
    ('conformance', 'met by no test', requirements(('MUST-30', 'N', 'met', 'code review')),
     'MUST-30 is met, and names no test'),
    ('conformance', 'a program that is not there', requirements(('MUST-30', 'N', 'met', '`tcp/push_test:all`')),
     'MUST-30 names tests/tcp/push, which is not there'),
    ('conformance', 'a class that is none', requirements(('MUST-30', 'X', 'met', '`tcp/reset_test:all`')),
     'MUST-30 is of no class'),
    ('conformance', 'a row with a cell too many', requirements(('MUST-1', 'H', 'met', '`tcp/reset_test:a` | b')),
     'MUST-1 has more or fewer cells'),

    ('format', 'a clean tree', {}, None),
    ('format', 'spaces for tabs', {'lib/base/a.c': SPDX + 'int f(void)\n{\n    return 0;\n}\n'}, 'lib/base/a.c:3'),
    ('format', 'a comment of 110 columns', {'lib/base/a.c': SPDX + f'/* {"a" * 104} */\n'}, None),
    ('format', 'a comment of 111 columns', {'lib/base/a.c': SPDX + f'/* {"a" * 105} */\n'},
     'lib/base/a.c:2: a comment of 111 columns'),
    ('format', 'a comment behind code, after a tab',
     {'lib/base/a.c': SPDX + f'enum {{\n\tA, /* {"a" * 94} */\n}};\n'}, 'lib/base/a.c:3: a comment of 111 columns'),
    ('format', 'a string is not broken', {'lib/base/a.c': SPDX + f'const char *a =\n\t"{"a" * 110}";\n'}, None),
)

# What ran beside tcp/reset:closed_port, and what holding the rows of requirements(more=RULES) against it says.
OUTCOMES = {('tcp/reset', 'rst_a'): 'passed', ('tcp/reset', 'rst_b'): 'passed',
            ('netns/serve', 'http: HEAD [2?]'): 'passed'}
AGAINST = (
    ('all passed', {}, None),
    ('one failed', {('tcp/reset', 'rst_b'): 'failed'}, 'tcp/reset:rst_* failed'),
    ('one was skipped', {('netns/serve', 'http: HEAD [2?]'): 'skipped'}, 'skipped netns/serve:http: HEAD [2?]'),
    ('one did not run', {('netns/serve', 'http: HEAD [2?]'): None}, 'http: HEAD [2?] did not run'),
    ('all of a kind were renamed', {('tcp/reset', 'rst_a'): None, ('tcp/reset', 'rst_b'): None},
     'a RST is never answered: tcp/reset:rst_* did not run'),
    ('another program has it', {('netns/serve', 'http: HEAD [2?]'): None, ('netns/load', 'http: HEAD [2?]'): 'passed'},
     'netns/serve:http: HEAD [2?] did not run'),
)

EXPORTS = (
    ('what weir.h declares', 'int weir_answer(int q)\n{\n\treturn q;\n}\n', None),
    ('a name without weir_', 'int weir_answer(int q)\n{\n\treturn q;\n}\nint answer;\n',
     'answer is exported but does not begin'),
    ('a name that weir.h lacks', 'int weir_answer(int q)\n{\n\treturn q;\n}\nint weir_more;\n',
     'weir_more is exported but not in weir.h'),
    ('a declaration without a definition', '\n', 'weir_answer() is declared'),
)


def plant(folder, planted):
    for path, text in {**CLEAN, **planted}.items():
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)


def verdict(name, folder, args, expected):
    """None if the lint found exactly what was planted, else what is wrong."""
    faults, _ = importlib.import_module(name).check(folder, args)
    if expected is None:
        return '\n'.join(faults) or None
    if len(faults) != 1 or expected not in faults[0]:
        return f'expected one fault with "{expected}", found:\n' + '\n'.join(faults)
    return None


def run_case(root, name, planted, expected):
    with tempfile.TemporaryDirectory() as folder:
        plant(folder, planted)
        shutil.copy(os.path.join(root, '.clang-format'), folder)
        return verdict(name, folder, [], expected)


def run_exports(source, expected):
    with tempfile.TemporaryDirectory() as folder:
        plant(folder, {})
        library = os.path.join(folder, 'lib.so')
        subprocess.run(['cc', '-shared', '-fPIC', '-xc', '-', '-o', library], input=source, text=True, check=True)
        return verdict('exports', folder, [library], expected)


def run_against(changes, expected):
    outcomes = {('tcp/reset', 'closed_port'): 'passed', **OUTCOMES, **changes}
    with tempfile.TemporaryDirectory() as folder:
        plant(folder, requirements(more=RULES))
        sections = conformance.against(folder, {test: outcome for test, outcome in outcomes.items() if outcome})
    found = [line for _, _, faults, skipped in sections for line in faults + [f'skipped {test}' for test in skipped]]
    if [(name, count) for name, count, _, _ in sections] != [('RFC 9293', 119), ('Rules', 1)]:
        return f'sections and rows: {sections}'
    if len(found) != bool(expected) or expected and expected not in found[0]:
        return f'expected "{expected}", found {found}'
    return None


def run_names():
    """Names of tests as meson and Criterion give them."""
    names = (conformance.program_of('weir:tcp / tcp_reset'), conformance.program_of('weir:unit / ip'),
             conformance.program_of('weir:netns / netns_serve'), conformance.program_of('weir:sim / sim'),
             conformance.case_of('tcp::closed_port'), conformance.case_of('http: HEAD has no body'))
    good = ('tcp/reset', 'unit/ip', 'netns/serve', 'sim/sim', 'closed_port', 'http: HEAD has no body')
    return None if names == good else f'{names}'


def main():
    root = sys.argv[1]
    print(f'1..{len(CASES) + len(AGAINST) + 1 + len(EXPORTS)}')
    number = failed = 0

    def report(title, name, run):
        nonlocal number, failed
        number += 1
        tool = lint.TOOLS.get(name)
        if tool and not shutil.which(tool):
            print(f'ok {number} - {title} # SKIP {tool} is not installed')
            return
        wrong = run()
        for line in (wrong or '').splitlines():
            print(f'# {line}')
        failed += bool(wrong)
        print(f'{"not ok" if wrong else "ok"} {number} - {title}', flush=True)

    for name, title, planted, expected in CASES:
        report(f'{name}: {title.replace("#", "")}', name, lambda: run_case(root, name, planted, expected))
    for title, changes, expected in AGAINST:
        report(f'conformance, held against what ran: {title}', 'conformance', lambda: run_against(changes, expected))
    report('conformance: names', 'conformance', run_names)
    for title, source, expected in EXPORTS:
        report(f'exports: {title}', 'exports', lambda: run_exports(source, expected))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
