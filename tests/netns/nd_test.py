#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Neighbours and routers, Linux's and forged: neighbour discovery (RFC 4861, RFC 4862); of IPv4, gateways."""

import json
import os
import random
import socket
import time

import capture
import frames
import lab as labs
import peer
import raw
import tap
import weir
from frames import ADVERTISEMENT, OVERRIDE, SOLICITED

FAR = {labs.IPV4: labs.Family(socket.AF_INET, '198.51.100.0/24'), labs.IPV6: labs.Family(socket.AF_INET6, 'fd98::/64')}
NOWHERE = {labs.IPV4: '203.0.113.5', labs.IPV6: 'fd97::5'}
ROUTER = 254
RADVD = '''
interface left0 {{
    AdvSendAdvert on;
    MinRtrAdvInterval 3;
    MaxRtrAdvInterval 4;
    prefix {net} {{ AdvOnLink on; AdvAutonomous off; }};
}};
'''
SCANNED = 20000
SEED = 20260425


class Neighbours(labs.Case):
    """Of IPv6; ARP is in garbage_test.py."""

    title = 'neighbours'
    families = (labs.IPV6,)

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(families=cls.families)
        cls.addClassCleanup(cls.lab.close)
        cls.weir = weir.Weir(cls.lab, 'serve', '--app', 'echo').ready()

    def setUp(self):
        super().setUp()
        self.wire = raw.Wire(self.lab)
        self.addCleanup(self.wire.close)

    def neighbour(self):
        """What Linux knows of weir."""
        return json.loads(self.lab.peer.run('ip', '-j', '-6', 'neigh', 'show', self.family.weir))[0]

    def echo(self, sock):
        data = os.urandom(1000)
        sock.sendall(data)
        got = b''
        while len(got) < len(data):
            got += sock.recv(2000)
        self.assertEqual(got, data)

    def test_linux_reaches_weir(self):
        with self.lab.connect() as sock:
            self.echo(sock)
        known = self.neighbour()
        self.assertEqual(known['state'], ['REACHABLE'])
        self.assertNotIn('router', known)
        self.assertEqual(bytes.fromhex(known['lladdr'].replace(':', '')), self.lab.weir.mac('weir0'))

    def test_linux_asks_again_after_a_while(self):
        """Unreachability detection: Linux's question goes to weir alone, and is answered."""
        with self.lab.connect() as sock:
            self.echo(sock)
            self.lab.peer.ip('neigh', 'change', self.family.weir, 'dev', 'peer0', 'nud', 'probe')
            labs.until(lambda: self.neighbour()['state'] == ['REACHABLE'], 5, 'an answer')
            self.echo(sock)

    @tap.needs('ping')
    def test_link_local_address_answers(self):
        """The one that comes of the MAC address."""
        mac = self.lab.weir.mac('weir0')
        local = bytes.fromhex('fe80' + 12 * '0') + bytes([mac[0] ^ 2]) + mac[1:3] + b'\xff\xfe' + mac[3:]
        said = self.lab.peer.run('ping', '-c', '1', '-W', '2', f'{socket.inet_ntop(socket.AF_INET6, local)}%peer0')
        self.assertIn('1 received', said)

    def test_forged_advertisements_move_nobody(self):
        """Somebody says, asked or not, that the peer is elsewhere: with it connections go on, as who is asked says no."""
        elsewhere = b'\x02\xbad\0\0\1'
        started = time.monotonic()
        with self.lab.connect() as sock:
            for n in range(50):
                for flags in (OVERRIDE, OVERRIDE | SOLICITED, 0):
                    for dst in (self.family.weir, 'ff02::1'):
                        if flags & SOLICITED and dst == 'ff02::1':
                            continue
                        self.wire.send(frames.neighbour(ADVERTISEMENT, self.family.peer, dst, self.family.peer, elsewhere,
                                                        flags))
                if n % 10 == 0:
                    self.echo(sock)
            time.sleep(0.2)
            self.echo(sock)
        self.assertLess(time.monotonic() - started, 1.5)  # no retransmission had to mend it

    def test_a_scan_of_the_network_leaves_connections_alone(self):
        """SYNs to a closed port from so many addresses of the /64, of which nobody answers: each would be a neighbour. And
        solicitations for as many that are not weir's."""
        draw = random.Random(SEED)
        other = self.lab.connect()
        with self.lab.connect() as sock, other:
            for n in range(SCANNED):
                who = self.family.address(draw.randrange(1 << 20, 1 << 60))
                syn = frames.tcp(who, self.family.weir, 40000, 9, frames.SYN)
                self.wire.send(frames.ip6(who, self.family.weir, syn))
                self.wire.send(frames.neighbour(frames.SOLICITATION, self.family.peer, self.family.weir, who,
                                                self.wire.mac))
                if n % 64 == 0:
                    time.sleep(0.002)
                if n % 2000 == 0:
                    self.echo(sock)
            started = time.monotonic()
            self.echo(sock)
            self.echo(other)
            with self.lab.connect() as new:
                self.echo(new)
            self.assertLess(time.monotonic() - started, 1)
        stats = self.weir.stats()
        self.assertGreater(stats['packets_rx'], SCANNED)
        self.assertGreater(stats['drops']['nd_other'], SCANNED / 2)

    def test_with_it_all_the_summary(self):
        """Last by its name: stops the server."""
        self.assertEqual(weir.faults(self.weir.stop(), retransmits=None), [])


class Duplicates(labs.Case):
    title = 'duplicate address'
    families = (labs.IPV6,)

    def test_of_linux_ends_the_run(self):
        lab = self.make_lab()
        lab.peer.ip('addr', 'add', self.family.cidr(), 'dev', 'peer0', 'nodad')
        server = weir.Weir(lab, 'serve')
        self.assertEqual(server.process.wait(10), 1, server.errors())
        lines = [line for line in server.errors().splitlines() if line.startswith('weir')]
        self.assertEqual(len(lines), 1, server.errors())
        self.assertIn(self.family.weir, lines[0])

    def test_linux_leaves_weirs_alone(self):
        """It asks, hears of weir and gives the address up."""
        lab = self.make_lab()
        lab.peer.sysctl('net/ipv6/conf/peer0/accept_dad', 1)
        weir.Weir(lab, 'serve').ready()
        lab.peer.ip('addr', 'add', self.family.cidr(), 'dev', 'peer0')
        labs.until(lambda: 'dadfailed' in lab.peer.run('ip', '-6', 'addr', 'show', 'dev', 'peer0'), 5, 'an answer')


@tap.needs('nginx')
class Routers(labs.Case):
    """weir opens to a host behind a router."""

    title = 'routers'

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(middle=True, patient=False, families=cls.families)
        cls.addClassCleanup(cls.lab.close)
        for family in cls.families:
            cls.lab.route_between(family, FAR[family], ROUTER)
        cls.lab.families = tuple(FAR[family] for family in cls.families)
        cls.lab.family = cls.lab.families[0]
        peer.nginx(cls.lab)

    def load(self, *options, target=None, expected=0):
        far = FAR[self.family]
        client = weir.Weir(self.lab, 'load', '--connect', far.at(80, target or far.peer), '--rate', 200, '--duration',
                           '500ms', *options, addresses=[self.family.cidr()])
        summary = client.finish(expected)
        tap.note(weir.describe(summary))
        return summary

    def test_static_gateway(self):
        summary = self.load('--gateway', self.family.address(ROUTER))
        self.assertEqual(weir.faults(summary, retransmits=None), [])
        self.assertEqual(summary['connections']['closed'], 100)

    @tap.needs('nft')
    def test_what_a_router_rejects_is_unreachable(self):
        nowhere = NOWHERE[self.family]
        self.lab.middle.ip('route', 'replace', nowhere, 'via', FAR[self.family].peer)
        self.lab.middle.run('nft', 'add table inet t; add chain inet t c { type filter hook forward priority 0; }; '
                            f'add rule inet t c {"ip6" if self.family.is6 else "ip"} daddr {nowhere} '
                            'reject with icmpx type port-unreachable')
        for path in ('net/ipv4/icmp_ratelimit', 'net/ipv6/icmp/ratelimit'):
            self.lab.middle.sysctl(path, 0)
        summary = self.load('--gateway', self.family.address(ROUTER), target=nowhere, expected=1)
        self.assertEqual(list(summary['failures']), ['unreachable'])
        self.assertEqual(summary['connections']['established'], 0)

    @tap.needs('radvd')
    @tap.once
    def test_router_that_advertises_itself(self):
        self.family = labs.IPV6
        conf = labs.scratch('radvd.conf')
        with open(conf, 'w', encoding='ascii') as f:
            f.write(RADVD.format(net=self.family.net))
        recording = capture.Recording(self.lab, *self.lab.left)
        with open(labs.scratch('radvd.log'), 'wb') as log:
            radvd = self.lab.start(self.lab.middle, 'radvd', '-n', '-C', conf, '-p', labs.scratch('radvd.pid'), '-m', 'stderr',
                                   stdout=log, stderr=log)
        summary = self.load()
        self.assertEqual(weir.faults(summary, retransmits=None), [])
        self.assertEqual(summary['connections']['closed'], 100)
        labs.end(radvd)
        path = recording.stop()
        self.assertEqual(capture.faults(capture.read(path)), [])
        self.assertTrue(capture.tshark(path, ('frame.number',), 'icmpv6.type == 133'))


if __name__ == '__main__':
    tap.main()
