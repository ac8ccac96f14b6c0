#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir flood and demo --flood from outside: whom they refuse, what they send, what comes back, and how it is told."""

import os
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

from harness import (SANITIZED, Skip, expect, expect_clean, expect_equal, expect_figures, expect_wrong, finish, lines_of,
                     main, run, start)


class World(NamedTuple):
    """What is different about the two families."""
    own: str
    target: str
    gateway: str
    source: str
    hosts: set  # of source
    ip: str     # tshark's name
    ip_bytes: int
    mss: str

    def connect(self, target=None):
        target = target or self.target
        return '--connect', f'[{target}]:80' if ':' in target else f'{target}:80'


IPV4 = World('198.18.0.1/15', '198.19.0.1', '198.18.0.254', '10.1.0.0/24', {f'10.1.0.{host}' for host in range(1, 255)},
             'ip', 20, '05b4')
IPV6 = World('2001:2::18:1/48', '2001:2::19:1', '2001:2::18:fe', 'fd10::/120',
             {f'fd10::{host:x}' for host in range(1, 256)}, 'ipv6', 40, '05a0')
FLOOD = ('flood', '--port', 'net_null0,no-rx=1', '--addr', IPV4.own, *IPV4.connect())
# What tshark calls them, from the reserved bits to FIN.
FLAGS = {'syn': 0x002, 'ack': 0x010, 'synack': 0x012, 'rst': 0x004, 'fin': 0x001, 'null': 0x000, 'xmas': 0x029}
# Between MSS and window scale stand two more.
SYN_OPTIONS = '0204{}0402080a'
STAMP_OPTIONS = '0101080a'
OPTIONS_BYTES = {'syn': 20, 'synack': 20, 'ack': 12, 'fin': 12, 'rst': 0, 'null': 0, 'xmas': 0}
FIELDS = ('ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'tcp.flags', 'tcp.options', 'frame.len',
          'eth.dst', 'vlan.id')


def flood(*args, world=IPV4):
    """A JSON run that must go well. Returns its lines."""
    done = run('flood', '--json', '--addr', world.own, *world.connect(), *args)
    expect_clean(done)
    return lines_of(done.stdout)


def expect_flood(line):
    """The object `flood`, and that its buffers are back where they belong."""
    figures = line['flood']
    for key in ('kind', 'seconds', 'pps', 'packets_tx', 'packets_rx', 'answers', 'no_buffer', 'mbufs'):
        expect(key in figures, key, 'is missing in', figures)
    expect_equal(figures['packets_rx'], sum(figures['answers'].values()), 'answers')
    if line['event'] == 'summary':
        expect_equal(figures['mbufs']['taken'], figures['mbufs']['returned'], 'buffers of the flood')


def refuses():
    """Targets that nobody gave for it, and other wrong usage: status 2 and one line."""
    # What is still missing says that a target will do.
    for world, wrong, right in (
            (IPV4, ('1.1.1.1', '100.64.0.1', '172.32.0.1', '198.20.0.1', '192.0.3.1', '169.253.0.1', '11.0.0.1'),
             ('10.1.2.3', '172.31.0.1', '192.168.7.7', '198.19.255.1', '192.0.2.1', '198.51.100.9', '203.0.113.9',
              '169.254.9.9')),
            (IPV6, ('2600::1', 'fec0::1', '2001:db9::1', '2001:2:1::1', '3fff:1000::1'),
             ('fd99::1', 'fe80::1', '2001:db8::1', '2001:2::1', '3fff::1'))):
        base = ('flood', '--port', 'net_null0', '--addr', world.own, '--gateway', world.gateway)
        for target in wrong:
            expect_wrong(f' flood: --connect: {target} is no private', *base, *world.connect(target), '--rate', '1')
        for target in right:
            expect_wrong(' flood: --rate: missing', *base, *world.connect(target))
        expect_wrong(' flood: --rate: missing', *base, *world.connect(wrong[0]), '--i-am-authorised')
    expect_wrong(" flood: --rate: 'fast' ", *FLOOD, '--rate', 'fast')
    expect_wrong(" flood: --kind: 'udp' ", *FLOOD, '--rate', 'max', '--kind', 'udp')
    expect_wrong(' flood: --source: it is of IPv6, and the target of IPv4', *FLOOD, '--rate', 'max', '--source', 'fd10::/16')
    expect_wrong(' flood: --source: no host', *FLOOD, '--rate', 'max', '--source', '127.0.0.0/8')
    expect_wrong(" flood: --dest-mac: 'ff:ff:ff:ff:ff:ff' ", *FLOOD, '--rate', 'max', '--dest-mac', 'ff:ff:ff:ff:ff:ff')


def captured(path):
    """Every frame of a capture, as FIELDS; none with a wrong checksum."""
    if not shutil.which('tshark'):
        raise Skip('tshark is not installed')
    checks = ('-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE')
    tshark = ['tshark', '-r', path, *checks]
    bad = subprocess.run([*tshark, '-Y', 'tcp.checksum.status != 1 || ip.checksum.status != 1 || _ws.malformed'],
                         capture_output=True, text=True, timeout=120, check=True).stdout
    expect_equal(bad, '', 'frames with wrong checksums')
    fields = [word for field in FIELDS for word in ('-e', field)]
    out = subprocess.run([*tshark, '-Y', 'tcp', '-T', 'fields', *fields], capture_output=True, text=True, timeout=120,
                         check=True).stdout
    return [dict(zip(FIELDS, line.split('\t'))) for line in out.splitlines()]


def expect_frame(frame, kind, world, plain=False, vlan=''):
    options, length = frame['tcp.options'], 0 if plain else OPTIONS_BYTES[kind]
    expect_equal(int(frame['tcp.flags'], 16), FLAGS[kind], f'flags of {kind}')
    expect_equal(int(frame['frame.len']), 14 + (4 if vlan else 0) + world.ip_bytes + 20 + length, f'length of {kind}')
    if length == 20:
        expect(options.startswith(SYN_OPTIONS.format(world.mss)) and options.endswith('01030307'), kind, options)
    elif length == 12:
        expect(options.startswith(STAMP_OPTIONS), kind, options)
    else:
        expect_equal(options, '', f'options of {kind}')
    expect_equal((frame[f'{world.ip}.dst'], frame['tcp.dstport']), (world.target, '80'), 'target')
    expect_equal(frame['vlan.id'], vlan, 'VLAN')
    expect(int(frame['tcp.srcport']) >= 1024, frame)


def every_kind(world, *args, vlan=''):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'tx.pcap')
        port = ('--port', f'net_pcap0,tx_pcap={path}', '--source', world.source, '--duration', '100ms', '--rate', '20k', *args)
        for kind, plain in (('syn', False), ('syn', True), ('xmas', False)):
            summary = flood(*port, '--kind', kind, *(['--plain'] if plain else []), world=world)[-1]
            frames = captured(path)
            expect(len(frames) > 500, len(frames), 'frames')
            expect_equal(len(frames), summary['flood']['packets_tx'], 'packets_tx, and frames in the file')
            expect_equal(summary['flood']['kind'], kind)
            for frame in frames:
                expect_frame(frame, kind, world, plain, vlan)
            expect_equal({frame[f'{world.ip}.src'] for frame in frames}, world.hosts, 'sources')
        mixed = list(FLAGS)
        flood(*port, '--kind', 'mix', '--dest-mac', '02:00:00:00:00:42', world=world)
        for number, frame in enumerate(captured(path)):
            expect_frame(frame, mixed[number % len(mixed)], world, vlan=vlan)
            expect_equal(frame['eth.dst'], '02:00:00:00:00:42', 'destination')


def every_kind_on_the_wire():
    """Flags, options, addresses, ports and checksums of every kind, as tshark reads them from a file."""
    every_kind(IPV4)


def every_kind_of_ipv6_in_a_vlan():
    """The same over IPv6, in a VLAN."""
    every_kind(IPV6, '--vlan', '77', vlan='77')


def own_addresses():
    """Without --source a flood comes from --addr, all of the target's family; --capture has it too."""
    own = {'ip': ('198.18.0.1-198.18.0.9/15', '192.0.2.7/24'), 'ipv6': ('2001:2::1-2001:2::9/48', 'fd99::7/64')}
    for world, hosts in ((IPV4, {f'198.18.0.{host}' for host in range(1, 10)} | {'192.0.2.7'}),
                         (IPV6, {f'2001:2::{host}' for host in range(1, 10)} | {'fd99::7'})):
        addresses = [word for family in own.values() for range_ in family for word in ('--addr', range_)]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'flood.pcapng')
            # DPDK's other name of net_null.
            done = run('flood', '--port', 'eth_null0,no-rx=1', *addresses, *world.connect(), '--rate', '10k', '--duration',
                       '100ms', '--capture', path)
            expect_clean(done)
            expect_equal({frame[f'{world.ip}.src'] for frame in captured(path)}, hosts, 'sources')


def keeps_its_rate():
    """10,000 a second within 5 %, and --rate max is a lot more; all keys of other commands are there."""
    lines = flood('--port', 'net_null0,no-rx=1', '--rate', '10k', '--duration', '1s')
    expect_equal([line['event'] for line in lines], ['ready', 'stats', 'summary'])
    expect_equal((lines[0]['command'], lines[0]['listen']), ('flood', []))
    for line in lines[1:]:
        expect_figures(line)
        expect_flood(line)
    sent, summary = lines[1]['flood']['packets_tx'], lines[-1]
    expect(abs(sent / lines[1]['t'] - 10000) < 500, sent, 'packets in', lines[1]['t'], 's')
    expect(summary['packets_tx'] >= summary['flood']['packets_tx'] > 9500, summary)
    expect_equal(summary['mbufs']['taken'], summary['mbufs']['returned'], 'buffers')
    summary = flood('--port', 'net_null0,no-rx=1', '--rate', 'max', '--duration', '300ms')[-1]
    expect(summary['flood']['packets_tx'] > (20000 if SANITIZED else 500000), summary['flood'])


def signals_end_it():
    """SIGTERM: a summary, and status 0."""
    process = start(*FLOOD, '--rate', '1k')
    line = process.stdout.readline()
    expect('flood on net_null0' in line and 'syn, to 198.19.0.1:80' in line, line)
    expect(' packets/s' in process.stdout.readline(), 'a line per second')
    done = finish(process)
    expect_clean(done)
    expect(' packets (syn), ' in done.stdout, done.stdout)


def answered(world, *args):
    eal = ('--eal', '--no-huge -m 256 --no-pci')
    # Of the drivers that join processes the one whose server may poll while a client goes and the next one comes.
    with tempfile.TemporaryDirectory() as folder:
        server = start('serve', '--json', '--port', f'net_vhost0,iface={folder}/wire', '--addr',
                       f'{world.target}/{world.own.split("/")[1]}', *args, *eal)
        try:
            expect('"ready"' in server.stdout.readline(), 'serve did not start')
            port = ('--port', f'net_virtio_user0,path={folder}/wire,mac=02:00:00:00:00:01', '--rate', '1k', '--duration', '1s', *args, *eal)
            syn = flood(*port, world=world)[-1]
            ack = flood(*port, '--kind', 'ack', world=world)[-1]
        finally:
            served = finish(server)
        expect_clean(served)
    for summary in (syn, ack):
        expect_flood(summary)
        expect(summary['flood']['packets_tx'] > 500, summary['flood'])
        # ARP or neighbour discovery, at both ends, reports of groups, twice from nobody and twice more, and nothing else.
        expect(summary['packets_tx'] - summary['flood']['packets_tx'] <= 14, summary['packets_tx'], summary['flood'])
    expect(syn['flood']['answers']['syn_ack'] >= 500, syn['flood'])
    expect(ack['flood']['answers']['rst'] >= 500, ack['flood'])


def answers_are_counted():
    """A target is found by ARP, and what it answers is told by kind and left unanswered."""
    answered(IPV4)


def answers_of_ipv6_in_a_vlan_are_counted():
    """The same by neighbour discovery, in a VLAN."""
    answered(IPV6, '--vlan', '77')


def nobody_answers():
    """Without an answer to ARP nothing is sent: status 1 and a line that says what helps."""
    for shorter in ([], ['--duration', '500ms']):
        done = run('flood', '--json', '--port', 'net_ring0', '--addr', IPV4.own, *IPV4.connect(), '--rate', '10k', *shorter)
        expect_equal(done.returncode, 1, 'exit status')
        expect('--dest-mac' in done.stderr, done.stderr)
        expect_equal(lines_of(done.stdout)[-1]['flood']['packets_tx'], 0, 'sent')


def demo(*args):
    """A flooded demo, whose buffers all come back. Returns its stats lines, its summary and what people read."""
    done = run('demo', '--json', '--flood', '20k' if SANITIZED else '100k', '--backlog', '1k', *args)
    expect_clean(done)
    lines = lines_of(done.stdout)
    for line in lines[1:]:
        for side in ('client', 'server'):
            expect_figures(line[side])
        expect(line['server']['connections']['half_open'] <= 1000, line['server']['connections'])
        expect_flood(line)
    summary = lines[-1]
    for side in ('client', 'server'):
        expect_equal(summary[side]['mbufs']['taken'], summary[side]['mbufs']['returned'], f'buffers of the {side}')
    return [line for line in lines if line['event'] == 'stats'], summary, done.stderr


def demo_in_phases():
    """demo --flood: without, with no defence, with the defence; the first and the last are fine."""
    stats, summary, people = demo('--duration', '3s')
    expect_equal([line['flood']['phase'] for line in stats[:3]], ['calm', 'off', 'auto'])
    for text in ('\nNo flood.\n', 'and no defence: ', 'and the defence on its own', '  calm    flood ', '  off     flood ',
                 '  auto    flood ', 'half-open ', ' SYN-ACK, '):
        expect(text in people, repr(text), 'is not in', people)
    calm, off, auto = stats[:3]
    expect_equal(calm['flood']['packets_tx'], 0, 'flood while there is none')
    expect_equal(off['server']['cookies']['sent'], 0, 'cookies with the defence off')
    expect(off['server']['drops'].get('half_open_full', 0) > 1000, off['server']['drops'])
    # Until the backlog is full, and for a lucky few after that, it is as if nothing were.
    expect(off['client']['cps'] < calm['client']['cps'] / 3, off['client']['cps'], 'cps in the flood, of', calm['client']['cps'])
    expect(auto['client']['cps'] > calm['client']['cps'] * 0.9, auto['client']['cps'], 'cps with cookies, of', calm['client']['cps'])
    expect(summary['server']['cookies']['accepted'] > 0, summary['server']['cookies'])
    expect(summary['flood']['packets_tx'] > (20000 if SANITIZED else 100000), summary['flood'])
    expect(summary['flood']['answers']['syn_ack'] > 0, 'nothing came back', summary['flood'])


def demo_with_one_defence():
    """demo --flood --syn-defence: just that one, from the start."""
    for family in ('4', '6'):
        stats, summary, _ = demo('--duration', '1s', '--syn-defence', 'always', '--family', family)
        expect_equal({line['flood']['phase'] for line in stats}, {'always'})
        expect_equal(summary['client']['connections']['failed'], 0, 'failed')
        expect_equal(summary['client']['connections']['established'], summary['server']['cookies']['accepted'], 'by cookies')
        expect(summary['flood']['answers']['syn_ack'] > 0, 'nothing came back', summary['flood'])
        stats, summary, _ = demo('--duration', '1s', '--syn-defence', 'off', '--family', family)
        expect_equal({line['flood']['phase'] for line in stats}, {'off'})
        expect_equal(summary['server']['cookies']['sent'], 0, 'cookies')
        expect(stats[-1]['server']['drops'].get('half_open_full', 0) > 1000, stats[-1]['server']['drops'])
        expect(summary['flood']['answers']['syn_ack'] > 0, 'nothing came back by the way of the gateway', summary['flood'])


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    main(refuses, every_kind_on_the_wire, every_kind_of_ipv6_in_a_vlan, own_addresses, keeps_its_rate, signals_end_it,
         answers_are_counted, answers_of_ipv6_in_a_vlan_are_counted, nobody_answers, demo_in_phases, demo_with_one_defence)
