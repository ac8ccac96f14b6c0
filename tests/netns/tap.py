# SPDX-License-Identifier: BSD-3-Clause
"""Runs the unittest cases of a program inside namespaces of its own and reports in TAP.

A program ends with tap.main(). It takes the path of weir, and by hand also:

    tests/netns/load_test.py build/app/weir [--long] [--keep DIR] [WORD...]

--long (or WEIR_NETNS_LONG=1) runs everything for 10 s where `make test` has about 2; --keep leaves captures and
logs in DIR; WORDs choose the cases that have one of them in their name.

The whole program is started again by unshare(1), with a PID, a network and a mount namespace to itself.
When it ends, in whatever way, the kernel ends all that it started and takes down every namespace,
interface and mount: there is nothing to clean up and nothing of the machine that could be hit.
"""

import argparse
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
import unittest

INSIDE = 'WEIR_NETNS_INSIDE'
UNSHARE = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
CASE_S = 60  # after which a case has failed
SCRATCH = '/run/weir-test'  # in memory, and in this program's /run alone

# What main() was told; read by the other modules.
weir_path = None
long_form = False
keep_dir = None


def note(text):
    """A line for people."""
    for line in str(text).splitlines():
        print(f'# {line}', flush=True)


def needs(*tools):
    """Skips a case, or a class of them, where a program is not installed."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, f'{", ".join(missing)} is not installed')


def has_tun():
    return os.path.exists('/dev/net/tun')


def only_long(case):
    """A case that takes long and is left to be run by hand: `make test` neither has nor counts it."""
    case.only_long = True
    return case


def once(case):
    """A case that runs once for all families together."""
    case.once = True
    return case


def ipv6_if_long(case):
    """A case that takes seconds, or a class of them, and shows little that IPv4's does not: of IPv6 only by hand."""
    case.ipv6_if_long = True
    return case


def seconds(short, long=10):
    """How long a run takes: in `make test`, and by hand."""
    return long if long_form else short


class Result(unittest.TestResult):
    """TAP, one line per case."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.bad = 0
        self.started = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()
        signal.alarm(CASE_S)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def line(self, good, test, directive=''):
        self.number += 1
        took = '' if directive else f' ({time.monotonic() - self.started:.2f}s)'
        print(f'{"ok" if good else "not ok"} {self.number} - {name_of(test)}{took}{directive}', flush=True)

    def addSuccess(self, test):
        self.line(True, test)

    def addSkip(self, test, reason):
        self.line(True, test, f' # SKIP {reason}')

    def failed(self, test, error):
        self.bad += 1
        self.line(False, test)
        traceback.print_exception(*error, file=sys.stderr)
        sys.stderr.flush()

    addError = failed
    addFailure = failed

    def addSubTest(self, test, subtest, outcome):
        if outcome is not None:
            self.bad += 1
            self.line(False, subtest)
            traceback.print_exception(*outcome, file=sys.stderr)


def name_of(test):
    """"load af_packet: closes by fin" for LoadAfPacket.test_closes_by_fin with its class's `title`; behind it ", ipv6"."""
    if isinstance(test, unittest.TestCase):
        words = test.id().split('.')[-1].removeprefix('test_').replace('_', ' ')
        suffix = test.family.suffix if is_per_family(test) else ''
        return f'{getattr(test, "title", type(test).__name__)}: {words}{suffix}'
    return str(test).replace('#', '')


def method_of(case):
    return getattr(case, case.id().split('.')[-1], None)


def is_per_family(case):
    return hasattr(case, 'families') and not getattr(method_of(case), 'once', False)


def each_family(case):
    """The case once for each of its class's families."""
    if not is_per_family(case):
        return [case]
    cases = []
    for family in case.families:
        if family.is6 and not long_form and any(getattr(of, 'ipv6_if_long', False) for of in (case, method_of(case))):
            continue
        cases.append(type(case)(case.id().split('.')[-1]))
        cases[-1].family = family
    return cases


def cases_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases_of(item)
        else:
            yield item


def why_not():
    """Why no case can run here, or None."""
    if os.geteuid() != 0:
        return 'it makes network namespaces: be root'
    missing = [tool for tool in ('unshare', 'mount', 'ip', 'ethtool') if not shutil.which(tool)]
    if missing:
        return f'{", ".join(missing)} is not installed'
    done = subprocess.run([*UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', '/run'], capture_output=True, text=True)
    if done.returncode != 0:
        return f'namespaces cannot be made here: {done.stderr.strip().splitlines()[-1:]}'
    return None


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('weir')
    parser.add_argument('--long', action='store_true', default=os.environ.get('WEIR_NETNS_LONG') == '1')
    parser.add_argument('--keep')
    parser.add_argument('words', nargs='*')
    return parser.parse_intermixed_args()


def is_wanted(case, words):
    if getattr(method_of(case), 'only_long', False) and not long_form:
        return False
    return not words or any(word in name_of(case) for word in words)


def load(words):
    found = cases_of(unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__']))
    cases = (case for one in found for case in each_family(one))
    return unittest.TestSuite(case for case in cases if is_wanted(case, words))


def too_long(*_):
    raise AssertionError(f'it is not over after {CASE_S} s')


def keep_files():
    if keep_dir and os.path.isdir(SCRATCH):
        shutil.copytree(SCRATCH, keep_dir, dirs_exist_ok=True,
                        ignore=lambda folder, names: [n for n in names if n.endswith('.sock')])


def main():
    global weir_path, long_form, keep_dir
    given = arguments()
    weir_path, long_form = os.path.abspath(given.weir), given.long
    keep_dir = given.keep and os.path.abspath(given.keep)

    suite = load(given.words)
    if os.environ.get(INSIDE) != '1':
        reason = why_not()
        if reason is None:
            os.environ[INSIDE] = '1'
            os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv])
        cases = list(cases_of(suite))
        for number, case in enumerate(cases, 1):
            print(f'ok {number} - {name_of(case)} # SKIP {reason}')
        print(f'1..{len(cases)}')
        return

    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'], check=True)
    os.makedirs(SCRATCH)
    signal.signal(signal.SIGALRM, too_long)
    result = Result()
    try:
        suite.run(result)
    finally:
        keep_files()
    print(f'1..{result.number}', flush=True)
    sys.exit(1 if result.bad else 0)


@functools.cache
def scratch(folder):
    path = os.path.join(SCRATCH, folder)
    os.makedirs(path, exist_ok=True)
    return path
