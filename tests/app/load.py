#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir load and weir serve against each other over memif: both families, several servers, an address that is taken."""

import contextlib
import sys
import tempfile
import time

import memif
from harness import (expect, expect_at_rest, expect_clean, expect_equal, expect_figures, finish, lines_of, main, run,
                     start)

EAL = ('--eal', '--no-huge -m 256 --no-pci')
SERVER = ('--addr', '192.0.2.1-192.0.2.2/24', '--addr', 'fd99::1-fd99::2/64')
CLIENT = ('--addr', '192.0.2.10/24', '--addr', 'fd99::10/64')


@contextlib.contextmanager
def memif_wire():
    with tempfile.TemporaryDirectory() as folder, memif.Wire(folder) as wire:
        yield wire


def serve_at(wire, *args):
    """A server, from when somebody may connect to the wire."""
    serving = start('serve', '--json', '--port', wire.server, *args, *EAL)
    deadline = time.monotonic() + 30
    while not wire.is_served():
        expect(serving.poll() is None and time.monotonic() < deadline, 'serve did not start')
        time.sleep(0.01)
    return serving


def load(*args, server=SERVER, more=()):
    """A load that must go well, of a server that must, too. Returns both summaries."""
    with memif_wire() as wire:
        serving = serve_at(wire, *server, *more)
        try:
            done = run('load', '--json', '--port', wire.client, *CLIENT, *args, *more, *EAL)
        finally:
            served = finish(serving)
    expect_clean(done)
    expect_clean(served)
    ready = lines_of(served.stdout)[0]
    expect_equal((ready['event'], ready['addresses']), ('ready', list(server[1::2])))
    summaries = lines_of(done.stdout)[-1], lines_of(served.stdout)[-1]
    for summary in summaries:
        expect_figures(summary)
        expect_at_rest(summary)
    return summaries


def several_servers_of_both_families():
    """--connect, several times: all get as many connections, and what is told of the families adds up."""
    targets = ('192.0.2.1:80', '[fd99::1]:80', '[fd99::2]:80')
    client, server = load(*[word for target in targets for word in ('--connect', target)], '--rate', '3k', '--duration', '1s')
    expect_equal(client['connections']['established'], 3000, 'connections')
    expect_equal(server['connections']['established'], 3000, 'connections of the server')
    expect_equal({name: counts['closed'] for name, counts in client['families'].items()}, {'ipv4': 1000, 'ipv6': 2000})


def in_a_vlan():
    """--vlan on both ends."""
    client, _ = load('--connect', '[fd99::1]:80', '--connect', '192.0.2.2:80', '--connections', '8', '--duration', '300ms',
                     more=('--vlan', '77'))
    expect(client['connections']['closed'] > 8, client['connections'])


def an_address_that_somebody_has():
    """An IPv6 address that is taken, which could be the link-local one: status 1, and a line that names those in question."""
    with memif_wire() as wire:
        serving = serve_at(wire, '--addr', 'fd99::1/64')
        try:
            expect('ready' in serving.stdout.readline(), 'not ready')
            done = run('serve', '--json', '--port', f'{wire.client},mac=02:00:00:00:00:02', '--addr', 'fd99::1-fd99::9/64',
                       '--addr', '192.0.2.1/24', '--addr', 'fd98::1/64', '--duration', '5s', *EAL)
        finally:
            expect_clean(finish(serving))
    expect_equal(done.returncode, 1, 'exit status')
    expect_equal(done.stdout, '', 'standard output')
    expect_equal(done.stderr,
                 "weir serve: --addr: fd99::1, fd98::1, or the port's link-local address fe80::ff:fe00:2, is in use by "
                 'somebody else on this link\n', 'standard error')


def ended_before_it_is_ready():
    """SIGTERM while neighbours are asked: the summary alone, and status 0."""
    with memif_wire() as wire:
        serving = serve_at(wire, '--addr', 'fd99::1/64')
        time.sleep(1.5)  # It waits 2 s for a peer, and a second for answers.
        done = finish(serving)
    expect_clean(done)
    expect_equal([line['event'] for line in lines_of(done.stdout)], ['summary'], 'events')


def no_way_to_one_of_two():
    """No router advertises itself, and another server needs none: that one is served until the end, status 1 after it."""
    with memif_wire() as wire:
        serving = serve_at(wire, *SERVER)
        try:
            done = run('load', '--json', '--port', wire.client, *CLIENT, '--connect', '192.0.2.1:80', '--connect',
                       '[2001:db8::1]:80', '--connect', '[fd99::1]:80', '--rate', '1k', '--duration', '500ms', *EAL)
        finally:
            expect_clean(finish(serving))
    expect_equal(done.returncode, 1, 'exit status')
    expect('give --gateway' in done.stderr, done.stderr)
    summary = lines_of(done.stdout)[-1]
    expect_at_rest(summary)
    expect_equal(summary['connections']['closed'], 500, 'connections')
    expect(all(counts['closed'] > 200 for counts in summary['families'].values()), summary['families'])
    # Asked every 10 ms, and not each time that a connection is due.
    expect(2 < summary['held_back'].get('no_route', 0) <= 60, summary['held_back'])


def no_way_there():
    """No router advertises itself: status 1, and a line that says what helps."""
    done = run('load', '--json', '--port', 'net_ring0', '--addr', 'fd99::10/64', '--connect', '[2001:db8::1]:80',
               '--duration', '300ms')
    expect_equal(done.returncode, 1, 'exit status')
    expect('give --gateway' in done.stderr, done.stderr)
    summary = lines_of(done.stdout)[-1]
    expect(summary['held_back'].get('no_route', 0) > 0 and summary['connections']['attempted'] == 0, summary)


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    main(several_servers_of_both_families, in_a_vlan, an_address_that_somebody_has, ended_before_it_is_ready,
         no_way_there, no_way_to_one_of_two)
