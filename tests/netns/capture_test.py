#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What goes over the wire, as tshark reads it: handshakes, closes, numbers, checksums."""

import concurrent.futures
import struct

import capture
import frames
import lab as labs
import peer
import tap
import weir
from frames import ACK, FIN, PSH, SYN


class CaptureCase(labs.Case):
    def check(self, path, count, close=capture.faults_of_close, summaries=()):
        """`count` connections, whole and without a fault; and the summaries of all weirs in it, which count as many
        retransmissions."""
        trace = capture.read(path)
        found = capture.faults(trace, close)
        tap.note(f'{len(trace.streams)} connections, {sum(map(len, trace.streams.values()))} segments')
        self.assertEqual(len(found), 0, f'{len(found)} things are not right; the first:\n' + '\n'.join(found[:3]))
        self.assertEqual(len(trace.streams), count)
        for summary in summaries:
            self.assertEqual(weir.faults(summary, retransmits=None), [])
        if summaries:
            self.assertEqual(sum(summary['retransmits'] for summary in summaries), capture.repeated(trace))


class MadeUp:
    """Connections' segments, written to a file as if somebody had captured them."""

    LINUX, WEIR, OTHER = labs.IPV4.peer, labs.IPV4.weir, labs.IPV4.address(9)

    def __init__(self, client, server):
        self.addresses = (client, server)
        self.port = 5000  # the client's
        self.at_s = 1.0
        self.step_s = 0.001
        self.lines = []

    def say(self, who, flags, seq, ack, length=0):
        """who: 0 the client, 1 the server."""
        src, dst = self.addresses[who], self.addresses[1 - who]
        sport, dport = (self.port, 80) if who == 0 else (80, self.port)
        segment = frames.tcp(src, dst, sport, dport, flags, seq=1000 + seq, ack=(1000 + ack) * bool(flags & ACK),
                             payload=bytes(length))
        self.at_s += self.step_s
        self.lines.append((self.at_s, frames.ethernet(bytes(6), bytes(6), frames.ip(src, dst, segment))))
        return self

    def greet(self):
        return self.say(0, SYN, 0, 0).say(1, SYN | ACK, 0, 1).say(0, ACK, 1, 1)

    def ask(self):
        return self.say(0, PSH | ACK, 1, 1, 53)

    def answer(self):
        return self.say(1, PSH | ACK, 1, 54, 212)

    def part(self):
        return self.say(0, FIN | ACK, 54, 213).say(1, FIN | ACK, 213, 55).say(0, ACK, 55, 214)

    def besides(self, connections):
        """Others, one after the other."""
        port = self.port
        for self.port in range(port + 1, port + 1 + connections):
            self.greet().ask().answer().part()
        self.port = port

    def faults(self):
        path = labs.scratch('made-up.pcap')
        with open(path, 'wb') as f:
            f.write(struct.pack('=IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for at_s, frame in self.lines:
                f.write(struct.pack('=IIII', int(at_s), int(at_s % 1 * 1e6), len(frame), len(frame)) + frame)
        return capture.faults(capture.read(path))


@tap.needs('tshark')
class Judged(labs.Case):
    """Captures that were made up: what machines that are short of CPUs show, and what they do not excuse."""

    title = 'what a capture may show'
    families = (labs.IPV4,)

    @staticmethod
    def acknowledged_late(server, late=(ACK, 1, 54)):
        """The server's bare ACK of a request, or something else, behind its answer."""
        return MadeUp(MadeUp.OTHER, server).greet().ask().answer().say(1, *late).part().faults()

    def test_a_late_ack_of_linux(self):
        self.assertEqual(self.acknowledged_late(MadeUp.LINUX), [])

    def test_a_late_ack_of_linux_behind_its_fin(self):
        made = MadeUp(MadeUp.WEIR, MadeUp.LINUX).greet().say(0, FIN | ACK, 1, 1).say(1, FIN | ACK, 1, 2).say(1, ACK, 1, 2)
        self.assertEqual(made.say(0, ACK, 2, 2).faults(), [])

    def test_no_late_ack_of_weir(self):
        self.assertNotEqual(self.acknowledged_late(MadeUp.WEIR), [])

    def test_nothing_else_of_linux(self):
        """Data, a RST, a FIN, what it never was at, what it did not know yet."""
        for late in ((PSH | ACK, 1, 54, 212), (ACK, 1, 54, 1), (frames.RST | ACK, 1, 54), (FIN | ACK, 1, 54), (ACK, 100, 54), (ACK, 1, 55), (ACK, 1, 0)):
            with self.subTest(late):
                self.assertNotEqual(self.acknowledged_late(MadeUp.LINUX, late), [])

    @staticmethod
    def asked_twice(wait_s, others, meanwhile=False):
        """A request that is sent again after a while, and connections besides: before it, or answered meanwhile."""
        made = MadeUp(MadeUp.OTHER, MadeUp.WEIR)
        if not meanwhile:
            made.besides(others)
        made.greet().ask()
        asked_s = made.at_s
        if meanwhile:
            made.step_s = wait_s / others / 9
            made.besides(others)
        made.step_s = 0.001
        made.at_s = asked_s + wait_s
        return made.ask().answer().part().faults()

    def test_a_retransmission_while_the_peer_stood_still(self):
        self.assertEqual(self.asked_twice(0.25, others=3), [])

    def test_no_retransmission_before_its_time(self):
        self.assertNotEqual(self.asked_twice(0.19, others=3), [])

    def test_no_retransmission_while_the_peer_answered(self):
        self.assertNotEqual(self.asked_twice(0.25, others=3, meanwhile=True), [])

    def test_no_judgement_of_a_few(self):
        self.assertIn('too busy', self.asked_twice(0.25, others=2)[0])


@tap.needs('tshark', 'dumpcap', 'nginx')
class Load(CaptureCase):
    """As Linux sees it, at its own end of the cable."""

    title = 'capture of load'

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(families=cls.families)
        cls.addClassCleanup(cls.lab.close)
        peer.nginx(cls.lab)

    def load(self, *options, count, close=capture.faults_of_close, port=80, families=()):
        """Returns the path of what went over the wire."""
        families = families or (self.family,)
        connect = [word for family in families for word in ('--connect', family.at(port, family.peer))]
        recording = capture.Recording(self.lab, self.lab.peer, 'peer0')
        summary = weir.Weir(self.lab, 'load', *connect, *options, addresses=[family.cidr() for family in families]).finish()
        tap.note(weir.describe(summary))
        path = recording.stop()
        self.check(path, count, close, [summary])
        return path

    def test_2000_a_second(self):
        self.load('--rate', 2000, '--duration', '1s', count=2000)

    @tap.only_long
    def test_5000_a_second_for_10_s(self):
        self.load('--rate', 5000, '--duration', '10s', count=50000)

    @tap.once
    def test_families_mixed(self):
        """One run, half of the connections in each."""
        path = self.load('--rate', 2000, '--duration', '1s', count=2000, families=self.families)
        for family in self.families:
            opened = capture.tshark(path, ('frame.number',), f'tcp.flags == 2 && {family.ip}.src == {family.weir}')
            self.assertEqual(len(opened), 1000)

    @tap.ipv6_if_long
    def test_closed_by_the_peer(self):
        self.load('--rate', 1000, '--duration', '500ms', '--close', 'peer', count=500, port=8080)

    @tap.ipv6_if_long
    def test_closed_by_reset(self):
        self.load('--rate', 1000, '--duration', '500ms', '--close', 'rst', count=500, close=capture.faults_of_reset)

    @tap.ipv6_if_long
    def test_many_requests_each(self):
        self.load('--rate', 200, '--duration', '500ms', '--requests', 10, count=100)


@tap.needs('tshark', 'dumpcap', 'curl', 'ping')
class Serve(CaptureCase):
    title = 'capture of serve'

    def test_curl_and_ping(self):
        lab = self.make_lab()
        own = labs.scratch('weir.pcapng')
        server = weir.Weir(lab, 'serve', '--capture', own).ready()
        recording = capture.Recording(lab, lab.peer, 'peer0')
        lab.peer.run('curl', '-sS', f'http://{self.family.host()}/')
        lab.peer.run('ping', '-c', '2', '-i', '0.2', '-s', '1400', self.family.weir)
        for url in (1, 2, 3):
            lab.peer.run('curl', '-sS', '-H', 'Connection: close', f'http://{self.family.host()}/{url}')
        summary = server.stop()
        self.check(recording.stop(), 4, summaries=[summary])
        self.check(own, 4, summaries=[summary])
        replied = 'icmpv6.type == 129' if self.family.is6 else 'icmp.type == 0'
        self.assertEqual(len(capture.tshark(own, ('frame.number',), replied)), 2)
        self.check_headers(own)

    def check_headers(self, path):
        """What weir's packets say of themselves: TTL or hop limit, DSCP; a flow label of each connection (RFC 6437)."""
        sent = f'tcp && {self.family.ip}.src == {self.family.weir}'
        if not self.family.is6:
            rows = capture.tshark(path, ('ip.ttl', 'ip.dsfield.dscp'), sent)
            self.assertEqual({tuple(row) for row in rows}, {('64', '0')})
            return
        labels = {}
        for hops, traffic_class, stream, label in capture.tshark(
                path, ('ipv6.hlim', 'ipv6.tclass.dscp', 'tcp.stream', 'ipv6.flow'), sent):
            self.assertEqual((hops, traffic_class), ('64', '0'))
            labels.setdefault(stream, set()).add(int(label, 16))
        self.assertEqual([of for of in labels.values() if len(of) != 1 or 0 in of], [])
        self.assertEqual(len(set.union(*labels.values())), len(labels))

    def test_1_MiB_body(self):
        lab = self.make_lab()
        server = weir.Weir(lab, 'serve', '--size', 1 << 20).ready()
        recording = capture.Recording(lab, lab.peer, 'peer0')
        for _ in range(3):
            lab.peer.run('curl', '-sS', '-o', '/dev/null', f'http://{self.family.host()}/')
        self.check(recording.stop(), 3, summaries=[server.stop()])

    @tap.ipv6_if_long
    def test_closed_after_each_request(self):
        """Eight at a time, as wrk would have it; wrk itself resets its last connections."""
        lab = self.make_lab()
        server = weir.Weir(lab, 'serve').ready()
        recording = capture.Recording(lab, lab.peer, 'peer0')

        def fetch(_):
            with lab.connect() as sock:
                sock.sendall(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
                return peer.drain(sock)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(fetch, range(800)))
        self.assertEqual([answer for answer in answers if not answer.startswith(b'HTTP/1.1 200 OK')], [])
        summary = server.stop()
        self.assertEqual(summary['connections']['closed'], 800)
        self.check(recording.stop(), 800, summaries=[summary])


@tap.needs('tshark', 'dumpcap')
class Pair(CaptureCase):
    """weir at both ends, with both families in one run. Linux has a bridge between them, where frames of both are seen:
    what net_af_packet sends is not, at its own interface."""

    title = 'capture of load on serve'

    def pair(self, vlan):
        lab = self.make_lab(families=self.families, middle=True)
        lab.bridge()
        lab.vlan = vlan
        server = weir.Weir(lab, 'serve').ready()
        recording = capture.Recording(lab, *lab.left)
        connect = [word for family in self.families for word in ('--connect', family.at(80))]
        summary = weir.Weir(labs.OtherEnd(lab), 'load', *connect, '--rate', 1000, '--duration', '1s',
                            addresses=[family.cidr(family.address(9)) for family in self.families]).finish()
        path = recording.stop()
        self.check(path, 1000, summaries=[summary, server.stop()])
        for family in self.families:
            opened = capture.tshark(path, ('frame.number',), f'tcp.flags == 2 && {family.ip}.dst == {family.weir}')
            self.assertEqual(len(opened), 500)
        return path

    @tap.only_long
    @tap.once
    def test_families_mixed(self):
        self.pair(None)

    @tap.once
    def test_families_mixed_in_a_vlan(self):
        tags = {tag for tag, in capture.tshark(self.pair(42), ('vlan.id',), 'tcp || arp || icmpv6.nd.ns.target_address')}
        self.assertEqual(tags, {'42'})


@tap.needs('tshark')
class Demo(CaptureCase):
    """Its own file, with each frame once."""

    title = 'capture of demo'

    def demo(self, *options, count, close=capture.faults_of_close, family=None):
        lab = self.make_lab()
        path = labs.scratch('demo.pcapng')
        family = family or (6 if self.family.is6 else 4)
        demo = weir.Weir(lab, 'demo', '--duration', '500ms', '--capture', path, '--family', family, *options,
                         port=False)
        summary = demo.finish()
        for side in ('client', 'server'):
            tap.note(f'{side}: {weir.describe(summary[side])}')
            self.assertNotIn('capture', summary[side]['drops'])
        # A busy machine opens fewer in the time: then all of those.
        established = summary['client']['connections']['established']
        self.assertTrue(count / 2 < established <= count, established)
        self.check(path, established, close, [summary['client'], summary['server']])

    @tap.ipv6_if_long
    def test_2000_a_second(self):
        self.demo('--rate', 2000, count=1000)

    @tap.once
    def test_families_mixed(self):
        self.demo('--rate', 2000, count=1000, family='both')

    @tap.ipv6_if_long
    def test_closed_by_the_server(self):
        self.demo('--rate', 1000, '--close', 'peer', count=500)

    @tap.ipv6_if_long
    def test_with_100000_bytes_each(self):
        self.demo('--rate', 100, '--app', 'echo', '--size', 100000, count=50)


if __name__ == '__main__':
    tap.main()
