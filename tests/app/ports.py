#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Several ports of one process: demo from one to the other, serve and load on two at once, ports that lead nowhere."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import memif
from harness import (WEIR, Skip, expect, expect_at_rest, expect_clean, expect_equal, expect_figures, finish, lines_of, main,
                     run, start)

EAL = ('--eal', '--no-huge -m 512 --no-pci')


def expect_busy(figures, ports, queues):
    """Every queue of every port has its part."""
    shards = figures['shards']
    expect_equal([(shard['port'], shard['queue']) for shard in shards],
                 [(port, queue) for port in ports for queue in range(queues)], 'shards')
    for shard in shards:
        expect(min(shard['packets_rx'], shard['packets_tx'], shard['established']) > 0, 'idle:', shard)


def expect_end(done, *sides):
    """A run that went well; of its summary's sides, or the whole."""
    expect_clean(done)
    summary = lines_of(done.stdout)[-1]
    for figures in [summary[side] for side in sides] or [summary]:
        expect_figures(figures)
        expect_at_rest(figures)
        expect_equal(figures['connections']['failed'], 0, 'failed')
    return summary


def demo_over_memif():
    """demo on two ports with two queues each: client and server in one process, joined queue by queue; none is handed over."""
    with tempfile.TemporaryDirectory() as folder:
        ports = [f'net_memif{number},role={role},socket={folder}/memif,socket-abstract=no'
                 for number, role in enumerate(('server', 'client'))]
        done = run('demo', '--json', '--port', ports[0], '--port', ports[1], '--queues', '2', '--duration', '500ms',
                   '--family', 'both', *EAL)
    summary = expect_end(done, 'client', 'server')
    ready = lines_of(done.stdout)[0]
    expect_equal((ready['ports'], len(ready['addresses'])), (ports, 4), 'ready')
    for port, side in zip(ports, ('client', 'server')):
        expect_busy(summary[side], [port], 2)
        expect_equal(summary[side]['handed_over'], 0, f'packets handed over at the {side}')
    expect_equal(summary['client']['connections']['established'], summary['server']['connections']['established'],
                 'both sides saw as many')
    expect(min(counts['closed'] for counts in summary['client']['families'].values()) > 0, summary['client']['families'])


def demo_over_a_cable_of_the_kernel():
    """demo over a pair of veth interfaces, whose queues nobody can foretell: what comes by the wrong one is handed over."""
    if os.geteuid() != 0:
        raise Skip('this user is not root, and may not make interfaces')
    if not shutil.which('unshare') or not shutil.which('ip'):
        raise Skip('unshare or ip is not installed')
    setup = 'ip link add name va type veth peer name vb && ip link set dev va up && ip link set dev vb up && exec "$@"'
    ports = [f'net_af_packet{number},iface={name},qpairs=2' for number, name in enumerate(('va', 'vb'))]
    done = subprocess.run(['unshare', '--net', 'sh', '-c', setup, 'sh', WEIR, 'demo', '--json', '--port', ports[0], '--addr',
                           '192.0.2.1-192.0.2.100/24', '--port', ports[1], '--addr', '192.0.2.200/24', '--queues', '2',
                           '--rate', '2k', '--duration', '1s', *EAL], capture_output=True, text=True, timeout=60)
    summary = expect_end(done, 'client', 'server')
    expect_equal(lines_of(done.stdout)[0]['addresses'], ['192.0.2.1-192.0.2.100/24', '192.0.2.200/24'])
    expect_equal(summary['client']['connections']['closed'], 2000, 'connections')
    for port, side in zip(ports, ('client', 'server')):
        expect_busy(summary[side], [port], 2)
        expect(summary[side]['handed_over'] > 0, 'nothing was handed over', summary[side]['shards'])
    expect('handed over' in done.stderr, done.stderr)


@contextlib.contextmanager
def wires(count):
    with contextlib.ExitStack() as stack:
        folders = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(count)]
        yield [stack.enter_context(memif.Wire(folder, number)) for number, folder in enumerate(folders)]


def started(both, *args):
    """A process on the server's ends, from when somebody may connect to all of them."""
    process = start(*args, *EAL)
    deadline = time.monotonic() + 30
    while not all(wire.is_served() for wire in both):
        expect(process.poll() is None and time.monotonic() < deadline, 'did not start')
        time.sleep(0.01)
    return process


def serve_and_load_on_two_ports():
    """serve and load have shards on all queues of both ports; each target is reached by the port that leads there."""
    with wires(2) as both:
        serving = started(both, 'serve', '--json', '--port', both[0].server, '--addr', '192.0.2.1/24', '--port',
                          both[1].server, '--addr', '198.18.0.1/16', '--queues', '2')
        try:
            done = run('load', '--json', '--queues', '2', '--port', both[0].client, '--addr', '192.0.2.10/24', '--port',
                       both[1].client, '--addr', '198.18.0.10/16', '--connect', '192.0.2.1:80', '--connect',
                       '198.18.0.1:80', '--rate', '2001', '--duration', '1s', *EAL)
        finally:
            served = finish(serving)
    client, server = expect_end(done), expect_end(served)
    ready = lines_of(served.stdout)[0]
    expect_equal((ready['ports'], ready['addresses']),
                 ([wire.server for wire in both], ['192.0.2.1/24', '198.18.0.1/16']), 'ready')
    for figures, ports in ((client, [wire.client for wire in both]), (server, [wire.server for wire in both])):
        expect_equal(figures['connections']['closed'], 2001, 'connections')
        expect_busy(figures, ports, 2)
        expect_equal(figures['handed_over'], 0, 'packets handed over')
    for number, wire in enumerate(both):
        target = ('198.18.0.1:80', '192.0.2.1:80')[number]
        expect(f'--port {wire.client} has no way to {target}: its connections go to others' in done.stderr, done.stderr)


def a_port_that_leads_nowhere():
    """It is named, and does not make a run fail."""
    with wires(1) as (wire,):
        serving = started([wire], 'serve', '--json', '--port', wire.server, '--addr', '192.0.2.1/24')
        try:
            done = run('load', '--json', '--port', wire.client, '--addr', '192.0.2.10/24', '--port', 'net_null0', '--addr',
                       '198.18.0.10/16', '--connect', '192.0.2.1:80', '--rate', '100', '--duration', '500ms', *EAL)
        finally:
            expect_clean(finish(serving))
    summary = expect_end(done)
    expect_equal(lines_of(done.stdout)[0]['ports'], [wire.client], 'ports in use')
    expect_equal(summary['connections']['closed'], 50, 'connections')
    expect('--port net_null0 has no way to 192.0.2.1:80: it is not used' in done.stderr, done.stderr)


def load_of_nobody(*args):
    """A load that fails, since nobody answers it."""
    return start('load', '--json', '--duration', '300ms', '--rate', '10', *args, *EAL)


def said_by(process):
    out, err = process.communicate(timeout=60)
    expect_equal(process.returncode, 1, 'exit status')
    expect_equal(lines_of(out)[-1]['connections']['established'], 0, 'connections')
    return err


def servers_that_do_not_answer():
    """load says whether a server is not there, or is silent."""
    # It waits 5 s for connections to end; both do so at once.
    alone = load_of_nobody('--port', 'net_null0', '--addr', 'fd99::10/64', '--connect', '[fd99::1]:80')
    with wires(1) as (wire,):
        # A flood answers ARP, and takes what comes to its sources without a word.
        silent = started([wire], 'flood', '--json', '--port', wire.server, '--addr', '192.0.2.1/24', '--connect',
                         '192.0.2.10:9', '--rate', '1')
        try:
            said = said_by(load_of_nobody('--port', wire.client, '--addr', '192.0.2.10/24', '--connect', '192.0.2.1:80',
                                          '--connect', '192.0.2.2:80'))
        finally:
            finish(silent)
    expect('weir load: --connect: 192.0.2.1:80 answered no SYN;' in said, said)
    expect('weir load: --connect: 192.0.2.2:80 is not there: it did not answer ARP' in said, said)
    said = said_by(alone)
    expect('weir load: --connect: [fd99::1]:80 is not there: it did not answer neighbour discovery' in said, said)


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    main(demo_over_memif, demo_over_a_cable_of_the_kernel, serve_and_load_on_two_ports, a_port_that_leads_nowhere,
         servers_that_do_not_answer)
