# SPDX-License-Identifier: BSD-3-Clause
"""docs/conformance.md has every requirement of RFC 9293 once, each with a verdict and its tests.

A table whose header has "verdict" and "shown by" is judged, row by row. check() judges what stands in the file;
whether the tests that it names ran and passed is judged by against(), which tests/run asks at its end.
A test is named by its program below tests/ and its case, as `tcp/reset_test:closed_port`; a * at the end of
the case stands for any ending.
"""

import collections
import fnmatch
import os
import re

import tree

DOCUMENT = 'docs/conformance.md'
KINDS = {'MUST': 69, 'SHLD': 31, 'REC': 1, 'MAY': 18}  # RFC 9293 appendix B
REQUIREMENTS = [f'{kind}-{i}' for kind, last in KINDS.items() for i in range(1, last + 1)]
CLASSES = ('H', 'H/A', 'D', 'A', 'N')
DEVIATING_HANDSHAKE = ('MUST-8',)  # the ISN of a SYN cookie is no clock's
VERDICT = re.compile(r'(met|not met|not done|deviation)(?:: (\S.*))?$')
TEST = re.compile(r'`(\w+/\w+?)(?:_test)?(?:\.py)?:([^`]+)`')

Row = collections.namedtuple('Row', 'line section what kind verdict why tests cells')


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip('|').split('|')]


def rows(text):
    """Every row of the tables that are judged."""
    section, header = '', None
    for number, line in enumerate(text.split('\n'), 1):
        if line.startswith('#'):
            section = line.lstrip('# ')
        if not line.startswith('|'):
            header = None
            continue
        cells = cells_of(line)
        if header is None:
            header = cells
        elif 'verdict' in header and 'shown by' in header and not set(line) <= set('|-: '):
            named = dict(zip(header, cells))
            verdict = VERDICT.match(named.get('verdict', ''))
            yield Row(number, section, cells[0], named.get('class'), verdict and verdict[1], verdict and verdict[2],
                      TEST.findall(named.get('shown by', '')), len(cells) == len(header))


def row_faults(row):
    if not row.cells:
        return ['has more or fewer cells than its header']
    if row.verdict is None:
        return ['has no verdict: met, not met, not done or deviation, with a reason behind a colon']
    faults = []
    if row.verdict == 'met' and not row.tests:
        faults.append('is met, and names no test')
    if row.verdict in ('not met', 'deviation') and not row.why:
        faults.append(f'says "{row.verdict}", and not why')
    if row.kind is None:
        return faults
    if row.kind not in CLASSES:
        faults.append(f'is of no class: "{row.kind}"')
    if row.verdict == 'not done' and not row.what.startswith('MAY-'):
        faults.append('is not done, which only a MAY may be')
    allowed = ('met', 'not done') + (('deviation',) if row.what in DEVIATING_HANDSHAKE else ())
    if 'H' in row.kind and row.verdict not in allowed:
        faults.append(f'is of class {row.kind}, and {row.verdict}')
    return faults


def source_of(root, program):
    """A program's source, or None."""
    names = [f'tests/{program}{ending}' for ending in ('_test.c', '_test.py', '.c', '.py', '')]
    return next((name for name in names if os.path.isfile(os.path.join(root, name))), None)


def check(root, _args):
    if not os.path.exists(os.path.join(root, DOCUMENT)):
        return [f'{DOCUMENT} is not there'], []
    faults, found = [], list(rows(tree.read(root, DOCUMENT)))
    numbered = collections.Counter(row.what for row in found if row.kind is not None)
    for row in found:
        faults += [f'{DOCUMENT}:{row.line}: {row.what} {fault}' for fault in row_faults(row)]
        faults += [f'{DOCUMENT}:{row.line}: {row.what} names tests/{program}, which is not there'
                   for program in sorted({program for program, _ in row.tests}) if not source_of(root, program)]
    for name in REQUIREMENTS:
        if numbered[name] != 1:
            faults.append(f'{DOCUMENT}: {name} is there {numbered[name]} times')
    faults += [f'{DOCUMENT}: {name} is no requirement of RFC 9293' for name in numbered if name not in REQUIREMENTS]
    verdicts = collections.Counter(row.verdict for row in found if row.kind is not None)
    note = ', '.join(f'{count} {verdict}' for verdict, count in verdicts.most_common())
    return faults, [f'{sum(verdicts.values())} requirements: {note}; {len(found)} rows in all']


def program_of(name):
    """The program, as a row names it, of a test that meson calls "weir:tcp / tcp_reset"."""
    suite, _, program = name.partition(' / ')
    suite = suite.rpartition(':')[2]
    return f'{suite}/{program.removeprefix(suite + "_")}'


def case_of(title):
    """The case of a line of TAP: Criterion puts the suite before it."""
    return title.rpartition('::')[2]


def against(root, outcomes):
    """Holds the rows against what ran: outcomes is {(program, case): 'passed', 'failed' or 'skipped'}.

    Returns, section by section, (section, rows judged, faults, tests that were skipped).
    """
    judged = {}
    for row in rows(tree.read(root, DOCUMENT)):
        state = judged.setdefault(row.section, [0, [], []])
        state[0] += 1
        _, faults, skipped = state
        for program, case in row.tests:
            ran = [outcome for (where, name), outcome in outcomes.items()
                   if where == program and fnmatch.fnmatchcase(name, re.sub(r'([?[])', r'[\1]', case))]
            if not ran:
                faults.append(f'{row.what}: {program}:{case} did not run')
            elif 'failed' in ran:
                faults.append(f'{row.what}: {program}:{case} failed')
            elif 'skipped' in ran:
                skipped.append(f'{program}:{case}')
    return [(section, *rest) for section, rest in judged.items()]
