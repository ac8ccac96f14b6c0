#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir demo while it runs, asked over DPDK's telemetry socket, by DPDK's own tool too; and what it leaves behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness import Skip, expect, expect_clean, expect_equal, finish, lines_of, main, run, start

SLACK = 32  # frames: a burst's, which are counted when it is over
# EAL and its tool look here first, whoever the user is.
RUNTIME = 'RUNTIME_DIRECTORY'


class Client:
    """Of a telemetry socket: a command, an answer."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.socket.recv(1024)

    def ask(self, command):
        self.socket.send(command.encode())
        return json.loads(self.socket.recv(16384))[command.split(',')[0]]

    def close(self):
        self.socket.close()


def directory_of(runtime, prefix):
    return os.path.join(runtime, 'dpdk', prefix)


def demo(*options):
    """A demo that is ready, and what that line says."""
    process = start('demo', '--json', '--duration', '20s', *options)
    return process, json.loads(process.stdout.readline())


def expect_agreement(stats):
    """Sums are those of the parts beside them; frames are accounted for, shard by shard."""
    expect_equal(stats['sum'].keys(), stats['shards'].keys(), 'names')
    for name, parts in stats['shards'].items():
        expect_equal(sum(parts), stats['sum'][name], name)
    if stats['unsettled']:
        return
    names = ('packets_rx', 'packets_accepted', 'packets_not_mine', 'drops')
    for came, *known in zip(*(stats['shards'][name] for name in names)):
        expect(0 <= sum(known) - came <= SLACK, came, known)


def asked_while_it_runs(runtime):
    """Sums and parts of a running demo agree, and grow."""
    process, ready = demo()
    client = Client(os.path.join(directory_of(runtime, ready['file_prefix']), 'dpdk_telemetry.v2'))
    expect_equal(client.ask('/weir/list')['queue'], [0, 0], 'a queue of each end')
    before = None
    for _ in range(200):
        stats = client.ask('/weir/stats')
        expect_agreement(stats)
        expect(before is None or stats['time_ns'] > before['time_ns'], 'time')
        for name in ('established', 'closed', 'packets_rx', 'packets_tx', 'bytes_rx', 'mbufs_taken'):
            expect(before is None or all(a <= b for a, b in zip(before['shards'][name], stats['shards'][name])), name)
        before = stats
    one = client.ask('/weir/counters,closed')
    expect_equal(sum(one['shards']), one['sum'], 'closed')
    expect_equal(client.ask('/weir/stats,2'), None, 'no such shard')
    client.close()
    done = finish(process)
    expect_clean(done)
    summary = lines_of(done.stdout)[-1]
    totals = [summary[side] for side in ('client', 'server')]
    expect(0 < before['sum']['closed'] <= sum(side['connections']['closed'] for side in totals), 'connections', before)
    expect(before['sum']['packets_rx'] <= sum(side['packets_rx'] for side in totals), 'packets')
    expect_equal(before['sum']['drops'] + before['sum']['failed'], 0, 'drops and failures')


def asked_by_dpdks_tool(runtime):
    """dpdk-telemetry.py lists it and shows its figures."""
    if not shutil.which('dpdk-telemetry.py'):
        raise Skip('dpdk-telemetry.py is not installed')
    process, ready = demo()
    listed = subprocess.run(['dpdk-telemetry.py', '-l'], capture_output=True, text=True, check=True).stdout
    told = subprocess.run(['dpdk-telemetry.py', '-f', ready['file_prefix']], input='/weir/stats\n/help,/weir/stats\n',
                          capture_output=True, text=True, check=True).stdout.splitlines()
    expect_clean(finish(process))
    expect(ready['file_prefix'] in listed, listed)
    expect_agreement(json.loads(told[0])['/weir/stats'])
    expect('by shard' in told[1], told)


def nothing_is_left(runtime):
    """A run is known by its process number, and leaves nothing: at its end, after SIGTERM, after SIGTERM at its start."""
    process, ready = demo()
    expect_equal(ready['file_prefix'], f'weir-{process.pid}')
    expect(os.path.isdir(directory_of(runtime, ready['file_prefix'])), 'no directory')
    expect_clean(finish(process))
    expect_equal(os.listdir(os.path.join(runtime, 'dpdk')), [])
    process = start('demo', '--json', '--duration', '20s')
    deadline = time.monotonic() + 20
    while not os.path.isdir(directory_of(runtime, f'weir-{process.pid}')) and time.monotonic() < deadline:
        time.sleep(0.001)
    expect_clean(finish(process))
    expect_equal(os.listdir(os.path.join(runtime, 'dpdk')), [])


def the_next_cleans_up(runtime):
    """What a killed run leaves goes with the next start."""
    process, ready = demo()
    finish(process, signal.SIGKILL)
    expect_equal(os.listdir(os.path.join(runtime, 'dpdk')), [ready['file_prefix']])
    expect_clean(run('demo', '--duration', '100ms'))
    expect_equal(os.listdir(os.path.join(runtime, 'dpdk')), [])


def prefix_of_the_users(runtime):
    """--eal "--file-prefix X" is where it is found, then; nothing of that is left either."""
    process, ready = demo('--eal', '--no-huge -m 512 --file-prefix X')
    expect_equal(ready['file_prefix'], 'X')
    client = Client(os.path.join(directory_of(runtime, 'X'), 'dpdk_telemetry.v2'))
    expect_agreement(client.ask('/weir/stats'))
    client.close()
    expect(not os.path.exists(directory_of(runtime, f'weir-{process.pid}')), 'a directory that nobody uses')
    expect_clean(finish(process))
    expect_equal(os.listdir(os.path.join(runtime, 'dpdk')), [])


def without_a_place(runtime):
    """Where no directory can be made a demo runs as well, and says nothing of it."""
    del runtime
    os.environ[RUNTIME] = '/proc/nowhere'
    done = run('demo', '--json', '--duration', '200ms')
    expect_clean(done)
    expect_equal(lines_of(done.stdout)[0]['file_prefix'], None, 'prefix')
    expect('EAL' not in done.stderr and 'telemetry' not in done.stderr.lower(), done.stderr)


def somewhere(case):
    """The case, with a runtime directory of its own."""
    def run_it():
        with tempfile.TemporaryDirectory() as runtime:
            os.environ[RUNTIME] = runtime
            case(runtime)
    run_it.__doc__ = case.__doc__
    return run_it


main(*map(somewhere, (asked_while_it_runs, asked_by_dpdks_tool, nothing_is_left, the_next_cleans_up,
                      prefix_of_the_users, without_a_place)))
