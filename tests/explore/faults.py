#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Shows that the explorer bites: plants each fault of faults/ in a copy of the tree, and expects it to be found.

    tests/explore/faults.py [--states N] [NAME...]

A patch begins with two lines, what the fault is and what the explorer should say, and perhaps a third, in which
scenario alone; then follows a diff. NAME is a part of a patch's name; without any, all are planted, one at a time.
Exit status 1 when one was not found.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TARGET = 'tests/explore/explore'


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def must(command, **options):
    done = run(command, **options)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)}:\n{done.stdout}')


def copy_tree(folder):
    listed = run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=TOP)
    if listed.returncode != 0:
        sys.exit('faults.py: this is no git tree')
    for path in filter(None, listed.stdout.split('\0')):
        if not os.path.isfile(os.path.join(TOP, path)):
            continue
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(os.path.join(TOP, path), target)


def plant(folder, patch, reverse=False):
    must(['patch', '-p1', '--fuzz=2', '--no-backup-if-mismatch', '-i', patch] + (['-R'] if reverse else []), cwd=folder)


def explore(folder, build, states, scenario):
    must(['ninja', '-C', build, TARGET])
    return run([os.path.join(build, TARGET), '--first', '--states', str(states)]
               + (['--scenario', scenario] if scenario else []), cwd=folder)


def ladder(output):
    lines = output.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith('# FAULT')), len(lines))
    return '\n'.join(lines[first:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--states', type=int, default=600000, help='per scenario; 600000')
    parser.add_argument('names', nargs='*', help='parts of names of patches; all by default')
    args = parser.parse_args()
    patches = sorted(p for p in os.listdir(os.path.join(HERE, 'faults')) if p.endswith('.patch'))
    chosen = [p for p in patches if not args.names or any(name in p for name in args.names)]
    missed = []
    with tempfile.TemporaryDirectory(prefix='weir-faults-') as folder:
        build = os.path.join(folder, 'build-faults')
        copy_tree(folder)
        must(['meson', 'setup', build], cwd=folder)
        for patch in chosen:
            path = os.path.join(HERE, 'faults', patch)
            with open(path, encoding='utf-8') as f:
                what, expected = f.readline().strip(), f.readline().strip().removeprefix('Found: ')
                scenario = f.readline().strip().removeprefix('Scenario: ')
            plant(folder, path)
            done = explore(folder, build, args.states, scenario)
            plant(folder, path, reverse=True)
            found = done.returncode == 1 and f'Fault: {expected}' in done.stdout
            print(f'{"found" if found else "NOT FOUND"}: {patch.removesuffix(".patch")}. {what}', flush=True)
            print(ladder(done.stdout) + '\n' if done.returncode == 1 else done.stdout, flush=True)
            if not found:
                missed.append(patch)
    print(f'{len(chosen) - len(missed)} of {len(chosen)} found')
    return 1 if missed or not chosen else 0


if __name__ == '__main__':
    sys.exit(main())
