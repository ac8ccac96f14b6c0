#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir-bench from outside: names, rows, status. What it measures is not judged here."""

import os

from harness import Skip, expect, expect_clean, expect_equal, lines_of, main, run

KEYS = {'bench', 'case', 'headline', 'value', 'unit'}


def names():
    """--list names the benches, and a name that is none ends with status 2 and one line."""
    done = run('--list')
    expect_clean(done)
    expect('conn_rate' in [line.split()[0] for line in done.stdout.splitlines()], done.stdout)
    done = run('nonesuch')
    expect_equal(done.returncode, 2)
    expect_equal(done.stderr.count('\n'), 1, done.stderr)
    expect("'nonesuch'" in done.stderr, done.stderr)


def cases():
    """A case that a bench has not is an error, and nothing is measured."""
    done = run('--json', 'conn_rate:nonesuch')
    expect_equal(done.returncode, 1)
    expect_equal(done.stdout, '')
    expect('conn_rate has no case' in done.stderr, done.stderr)
    expect('give one of 1k, 1M' in done.stderr, done.stderr)
    done = run('--json', 'conn_rate_pair:nonesuch')
    expect_equal(done.stdout, '')
    expect('give one of wire, memif, scale' in done.stderr, done.stderr)


def rows():
    """conn_rate:1k --json: one headline, with value, reference and their ratio."""
    done = run('--json', 'conn_rate:1k')
    if done.returncode == 1 and 'no steady state' in done.stderr:
        raise Skip('others take the CPU by fits and starts')
    expect_clean(done)
    found = lines_of(done.stdout)
    for row in found:
        expect(KEYS <= row.keys(), row)
        expect_equal(row['bench'], 'conn_rate')
        expect(row['value'] > 0, row)
    headlines = [row for row in found if row['headline']]
    expect_equal(len(headlines), 1, 'headlines')
    headline = headlines[0]
    expect({'reference', 'reference_value', 'ratio', 'target'} <= headline.keys(), headline)
    # A cost: the reference over the value; each a median of its own.
    expect(abs(headline['ratio'] * headline['value'] / headline['reference_value'] - 1) < 0.5, headline)
    parts = sum(row['value'] for row in found if not row['headline'])
    expect(parts < 1.5 * headline['value'], 'the parts make', parts, 'of', headline['value'])


def one_cpu():
    """conn_rate_pair where there is one CPU: no row, and what to do about it."""
    mask = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(mask)})
    try:
        done = run('--json', 'conn_rate_pair:wire')
    finally:
        os.sched_setaffinity(0, mask)
    expect_equal(done.returncode, 1)
    expect_equal(done.stdout, '')
    expect('needs two CPUs' in done.stderr, done.stderr)


if __name__ == '__main__':
    main(names, cases, one_cpu, rows)
