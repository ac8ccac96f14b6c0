# SPDX-License-Identifier: BSD-3-Clause
"""Every header compiles alone, and twice; weir.h in C++ too. Pure rooms in C17, the rest in gnu17."""

import concurrent.futures
import os
import shlex
import subprocess

import rooms
import tree

WARNINGS = ['-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-fsyntax-only', '-I.', '-Ilib', '-Iapp', '-Itests',
            '-Ibench']


def dpdk_flags():
    found = subprocess.run(['pkg-config', '--cflags', 'libdpdk'], capture_output=True, text=True, check=True)
    # System headers: their warnings are not ours.
    return [f.replace('-I', '-isystem', 1) for f in shlex.split(found.stdout)]


def is_pure(path):
    parts = path.split('/')
    return path in tree.PUBLIC or (parts[0] == 'lib' and parts[1] in rooms.PURE)


def compile_alone(root, path, flags):
    source = f'#include "{path}"\n#include "{path}"\n'
    compiler = 'c++' if '-xc++' in flags else 'cc'
    done = subprocess.run([compiler] + flags + ['-'], input=source, cwd=root, capture_output=True, text=True)
    return f'{path} ({flags[1]}):\n{done.stderr.rstrip()}' if done.returncode != 0 else None


def check(root, _args):
    jobs = []
    dpdk = None
    for path in tree.files(root, '.h'):
        if is_pure(path):
            jobs.append((path, ['-xc', '-std=c17'] + WARNINGS))
        else:
            dpdk = dpdk or dpdk_flags()
            jobs.append((path, ['-xc', '-std=gnu17'] + WARNINGS + dpdk))
        if path in tree.PUBLIC:
            jobs.append((path, ['-xc++', '-std=c++17'] + WARNINGS))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda job: compile_alone(root, *job), jobs)
    return [fault for fault in found if fault], [f'{len(jobs)} compilations']
