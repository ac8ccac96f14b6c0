#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames that nobody should send: each is dropped under its name, and weir serve goes on serving."""

import os
import random
import time
import unittest

import frames
import lab as labs
import peer
import tap
import weir
from frames import ACK, BROADCAST, FIN, PSH, RST, SYN, URG, ethernet, icmp, ip, tcp

ME, YOU = labs.PEER, labs.WEIR
EACH = 20
SEED = 20260131


def segment(flags, sport=40000, dport=80, src=ME, dst=YOU, **field):
    return ip(src, dst, tcp(src, dst, sport, dport, flags, **field))


# Drop reason: packets (IP) that are dropped for it.
PACKETS = {
    'ip_short': [b'', b'\x45', segment(SYN)[:19]],
    'ip_version': [ip(ME, YOU, b'x' * 30, version=6), ip(ME, YOU, b'x' * 30, version=0)],
    'ip_header_length': [ip(ME, YOU, b'x' * 30, header_words=4), ip(ME, YOU, b'x' * 20, header_words=15)],
    'ip_total_length': [ip(ME, YOU, b'x' * 30, total=19), ip(ME, YOU, b'x' * 30, total=51),
                        ip(ME, YOU, b'x' * 30, total=65535), segment(SYN)[:30]],
    'ip_csum': [ip(ME, YOU, tcp(ME, YOU, 40000, 80, SYN), csum=1)],
    'ip_source': [segment(SYN, src=src) for src in ('0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', YOU,
                                                     '192.0.2.255')],
    'ip_destination': [segment(SYN, dst=dst) for dst in ('192.0.2.255', '255.255.255.255', '224.0.0.1')],
    'ip_source_route': [ip(ME, YOU, tcp(ME, YOU, 40000, 80, SYN), options=bytes([kind, 7, 4, 1, 2, 3, 4, 0]))
                        for kind in (131, 137)],
    'ip_option_length': [ip(ME, YOU, tcp(ME, YOU, 40000, 80, SYN), options=options)
                         for options in (b'\x07\x00\x00\x00', b'\x07\x05\x04\x00', b'\x07\x01\x04\x00')],
    'ip_protocol': [ip(ME, YOU, b'x' * 30, protocol) for protocol in (0, frames.UDP, 47, 132, 255)],
    'icmp_malformed': [ip(ME, YOU, b'', frames.ICMP), ip(ME, YOU, icmp(8)[:7], frames.ICMP),
                       ip(ME, YOU, icmp(3, 1, b'x' * 27), frames.ICMP)],
    'icmp_csum': [ip(ME, YOU, icmp(8, payload=b'x' * 9, csum=1), frames.ICMP)],
    'icmp_type': [ip(ME, YOU, icmp(kind, payload=b'x' * 32), frames.ICMP) for kind in (0, 5, 13, 200)] +
                 [ip(ME, YOU, icmp(8, 1), frames.ICMP)],
    'icmp_no_connection': [ip(ME, YOU, icmp(3, 3, ip(YOU, ME, tcp(YOU, ME, 80, 40000, ACK))), frames.ICMP)],
    'tcp_short': [ip(ME, YOU, segment(SYN)[20:39]), ip(ME, YOU, b'')],
    'tcp_data_offset': [segment(SYN, header_words=4), segment(SYN, header_words=0), segment(SYN, header_words=6)],
    'tcp_csum': [segment(SYN, csum=1), segment(ACK, payload=b'abc', csum=0x100)],
    'tcp_option_length': [segment(SYN, options=options) for options in (b'\x02\x00\x00\x00', b'\x01\x01\x02\x04',
                                                                         b'\x08\x01\x00\x00', b'\x01\x01\x01\x02')],
    'tcp_port_zero': [segment(SYN, sport=0), segment(SYN, dport=0)],
    'closed_rst': [segment(RST), segment(SYN | RST), segment(RST | ACK, dport=9)],
    'closed_port': [segment(flags, dport=9) for flags in (SYN, ACK, FIN | ACK, SYN | ACK, 0, FIN | PSH | URG)],
    'listen_ack': [segment(ACK), segment(SYN | ACK), segment(SYN | FIN | ACK), segment(FIN | ACK, payload=b'x')],
    'listen_invalid': [segment(flags) for flags in (0, FIN, URG, FIN | PSH | URG)],
}
FRAGMENTS = [ip(ME, YOU, tcp(ME, YOU, 40000, 80, SYN), fragment=0x2000), ip(ME, YOU, b'x' * 64, fragment=1),
             ip(ME, YOU, b'x' * 64, frames.ICMP, fragment=0x20b9)]


class GarbageCase(unittest.TestCase):
    device = 'af_packet'

    def setUp(self):
        self.lab = labs.Lab(self.device)
        self.addCleanup(self.lab.close)
        self.weir = weir.Weir(self.lab, 'serve').ready()
        self.sock = self.lab.peer.packet_socket(self.lab.peer_interface)
        self.addCleanup(self.sock.close)
        self.mac = self.lab.peer.mac(self.lab.peer_interface)
        self.to = self.lab.weir.mac('weir0')
        self.sent_before = self.out()

    def out(self):
        return self.lab.peer.link(self.lab.peer_interface)['stats64']['tx']['packets']

    def send(self, payload, ethertype=frames.IPV4, dst=None):
        self.sock.send(ethernet(dst or self.to, self.mac, payload, ethertype))

    def fetch(self):
        with self.lab.connect() as sock:
            sock.sendall(b'GET / HTTP/1.0\r\n\r\n')
            self.assertIn(b'200 OK', peer.drain(sock))

    def stop(self):
        """The summary, in which every frame that Linux sent is counted, and all buffers are back."""
        sent = self.out() - self.sent_before
        summary = self.weir.stop()
        tap.note(f'{sent} frames sent, drops {summary["drops"]}')
        self.assertGreaterEqual(summary['packets_rx'], sent)
        self.assertEqual(weir.faults(summary, failed=summary['connections']['failed'], retransmits=None), [])
        return summary


class Frames(GarbageCase):
    title = 'garbage'

    def test_each_has_its_name(self):
        for reason, packets in PACKETS.items():
            for _ in range(EACH):
                for packet in packets:
                    self.send(packet)
            time.sleep(0.01)  # a burst at a time: the port's ring is no part of this
        drops = self.stop()['drops']
        expected = {reason: EACH * len(packets) for reason, packets in PACKETS.items()}
        self.assertEqual(drops, expected)

    def test_other_protocols_and_arp(self):
        expected = {
            'eth_type': [(b'x' * 46, 0x86dd), (b'x' * 46, 0x88cc), (b'', 0x1234)],
            'vlan': [(b'\x00\x05\x08\x00' + segment(SYN), 0x8100)],
            'arp_malformed': [(frames.arp(1, self.mac, ME, bytes(6), YOU)[:27], frames.ARP),
                              (frames.arp(3, self.mac, ME, bytes(6), YOU), frames.ARP),
                              (frames.arp(1, self.mac, ME, bytes(6), YOU, hardware=6), frames.ARP)],
            'arp_sender': [(frames.arp(1, mac, who, bytes(6), YOU), frames.ARP)
                           for mac, who in ((BROADCAST, ME), (bytes(6), ME), (self.mac, YOU), (self.mac, '127.0.0.1'),
                                            (self.mac, '192.0.2.255'))],
            'arp_other': [(frames.arp(1, self.mac, '192.0.2.50', bytes(6), '192.0.2.51'), frames.ARP),
                          (frames.arp(2, self.mac, '192.0.2.50', self.to, YOU), frames.ARP)],
        }
        for packets in expected.values():
            for _ in range(EACH):
                for payload, ethertype in packets:
                    self.send(payload, ethertype)
            time.sleep(0.01)
        self.assertEqual(self.stop()['drops'], {reason: EACH * len(packets) for reason, packets in expected.items()})

    def test_in_the_midst_of_connections(self):
        """Segments for a connection in progress that an attacker could guess at; the stream stays whole."""
        draw = random.Random(SEED + 1)
        with self.lab.connect() as sock:
            port = sock.getsockname()[1]
            for n in range(50):
                for flags in (RST, SYN, RST | ACK, FIN | ACK, ACK, SYN | ACK):
                    self.send(segment(flags, sport=port, seq=draw.randrange(1 << 32), ack=draw.randrange(1 << 32),
                                      payload=b'GARBAGE'[:draw.randrange(8)]))
                sock.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
                self.assertTrue(sock.recv(4096).startswith(b'HTTP/1.1 200 OK'), n)
        self.assertEqual(self.stop()['connections']['closed'], 1)

    def test_arp_flood(self):
        draw = random.Random(SEED + 2)
        for n in range(20000):
            mac = b'\x02' + draw.randbytes(5)
            self.send(frames.arp(1, mac, f'192.0.2.{draw.randrange(4, 250)}', bytes(6), YOU), frames.ARP, BROADCAST)
            if n % 128 == 0:
                time.sleep(0.002)
        self.fetch()
        summary = self.stop()
        self.assertGreater(summary['packets_rx'], 20000)

    def test_port_scan_leaves_no_port_without_an_answer(self):
        waiting = set(range(1, 65536))
        answers = {}
        for _ in range(3):  # what a ring lost is asked again
            for port in sorted(waiting):
                self.send(segment(SYN, sport=50000, dport=port, seq=port))
                if port % 128 == 0:
                    self.collect(answers)
            deadline = time.monotonic() + 0.5
            while len(answers) < 65535 and time.monotonic() < deadline:
                self.collect(answers)
            waiting -= answers.keys()
        self.assertEqual(len(waiting), 0, sorted(waiting)[:20])
        self.assertEqual([port for port, flags in answers.items() if flags == SYN | ACK], [80])
        self.assertEqual({flags for port, flags in answers.items() if port != 80}, {RST | ACK})
        self.fetch()
        self.stop()

    def collect(self, answers):
        time.sleep(0.001)
        self.sock.setblocking(False)
        try:
            while True:
                seg = frames.read(self.sock.recv(2048))
                if seg and seg.src == YOU and seg.dport == 50000:
                    answers[seg.sport] = seg.flags
        except BlockingIOError:
            pass
        finally:
            self.sock.setblocking(True)


@unittest.skipUnless(os.path.exists('/dev/net/tun'), '/dev/net/tun is missing')
class OverTap(GarbageCase):
    """Under net_af_packet the kernel puts fragments together first."""

    title = 'garbage over tap'
    device = 'tap'

    def test_fragments(self):
        for _ in range(EACH):
            for packet in FRAGMENTS:
                self.send(packet)
        self.assertEqual(self.stop()['drops'], {'ip_fragment': EACH * len(FRAGMENTS)})

    def test_random_bytes(self):
        draw = random.Random(SEED)
        for n in range(4000):
            size = draw.randrange(0, 1400)
            payload = draw.randbytes(size)
            if n % 4 == 0:  # further on the way
                payload = ip(ME, YOU, payload, draw.choice((frames.TCP, frames.ICMP, 17)))
            elif n % 4 == 1:
                payload = ip(ME, YOU, tcp(ME, YOU, draw.randrange(65536), draw.choice((80, draw.randrange(65536))),
                                          draw.randrange(256), seq=draw.randrange(1 << 32), ack=draw.randrange(1 << 32),
                                          options=draw.randbytes(4 * draw.randrange(11)), payload=payload[:500]))
            self.send(payload, draw.choice((frames.IPV4, frames.IPV4, frames.ARP, draw.randrange(65536))))
            if n % 64 == 0:
                time.sleep(0.002)
        self.fetch()
        summary = self.stop()
        # A few are SYNs that are in order, and ARP or RST of Linux that answers an answer.
        self.assertGreater(sum(summary['drops'].values()), 3500)


if __name__ == '__main__':
    tap.main()
