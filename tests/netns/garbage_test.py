#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames that nobody should send: each is dropped under its name, and weir serve goes on serving."""

import random
import struct
import time
import unittest

import frames
import lab as labs
import peer
import tap
import weir
from frames import ACK, BROADCAST, FIN, PSH, RST, SYN, URG, ethernet, icmp, icmp6, ip, ip6, packet, tcp

EACH = 20
SEED = 20260131
HOP_BY_HOP, ROUTING, FRAGMENT, NO_NEXT, DESTINATION = 0, 43, 44, 59, 60  # next headers


class Packets:
    """By the name of their drop, the packets (IP) that a family's peer sends to be dropped for it."""

    def __init__(self, family):
        self.me, self.you = family.peer, family.weir
        self.family = family

    def segment(self, flags, sport=40000, dport=80, src=None, dst=None, **field):
        src, dst = src or self.me, dst or self.you
        return packet(src, dst, tcp(src, dst, sport, dport, flags, **field))

    def from_me(self, payload, protocol=frames.TCP, **field):
        return (ip6 if self.family.is6 else ip)(self.me, self.you, payload, protocol, **field)

    def message(self, kind, code=0, payload=b'', csum=0):
        """ICMP of the family, with four bytes and the payload behind its checksum."""
        if self.family.is6:
            body = struct.pack('!HH', 1, 1) + payload
            return self.from_me(icmp6(self.me, self.you, kind, code, body, csum), frames.ICMPV6)
        return self.from_me(icmp(kind, code, payload, csum), frames.ICMP)

    def by_reason(self):
        return {**self.of_tcp(), **self.of_both(), **(self.of_ipv6() if self.family.is6 else self.of_ipv4())}

    def of_tcp(self):
        segment, from_me = self.segment, self.from_me
        return {
            'tcp_short': [from_me(tcp(self.me, self.you, 40000, 80, SYN)[:19]), from_me(b'')],
            'tcp_data_offset': [segment(SYN, header_words=words) for words in (4, 0, 6)],
            'tcp_csum': [segment(SYN, csum=1), segment(ACK, payload=b'abc', csum=0x100)],
            'tcp_option_length': [segment(SYN, options=options)
                                  for options in (b'\x02\x00\x00\x00', b'\x01\x01\x02\x04', b'\x08\x01\x00\x00',
                                                  b'\x01\x01\x01\x02')],
            'tcp_port_zero': [segment(SYN, sport=0), segment(SYN, dport=0)],
            'closed_rst': [segment(RST), segment(SYN | RST), segment(RST | ACK, dport=9)],
            'closed_port': [segment(flags, dport=9) for flags in (SYN, ACK, FIN | ACK, SYN | ACK, 0, FIN | PSH | URG)],
            'listen_ack': [segment(ACK), segment(SYN | ACK), segment(SYN | FIN | ACK), segment(FIN | ACK, payload=b'x')],
            'listen_invalid': [segment(flags) for flags in (0, FIN, URG, FIN | PSH | URG)],
        }

    def of_both(self):
        """What differs by numbers alone: versions, types, and addresses that nobody has."""
        is6, from_me = self.family.is6, self.from_me
        unreachable, echo = (1, 128) if is6 else (3, 8)
        nobody = ['::1', 'ff02::1', 'ff0e::5', self.you] if is6 else \
            ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', self.you, '192.0.2.255']
        mine = tcp(self.you, self.me, 80, 40000, ACK)
        return {
            'ip_short': [b'', b'\x45', self.segment(SYN)[:39 if is6 else 19]],
            'ip_version': [from_me(b'x' * 30, version=version) for version in (0, 4 if is6 else 6)],
            'ip_source': [self.segment(SYN, src=src) for src in nobody],
            'icmp_csum': [self.message(echo, payload=b'x' * 9, csum=1)],
            'icmp_type': [self.message(kind, payload=b'x' * 32) for kind in ((129, 0, 200) if is6 else (0, 5, 13, 200))] +
                         [self.message(echo, 1)],
            'icmp_no_connection': [self.message(unreachable, 3, packet(self.you, self.me, mine))],
        }

    def of_ipv4(self):
        from_me = self.from_me
        syn = tcp(self.me, self.you, 40000, 80, SYN)
        return {
            'ip_header_length': [from_me(b'x' * 30, header_words=4), from_me(b'x' * 20, header_words=15)],
            'ip_total_length': [from_me(b'x' * 30, total=total) for total in (19, 51, 65535)] + [self.segment(SYN)[:30]],
            'ip_csum': [from_me(syn, csum=1)],
            'ip_destination': [self.segment(SYN, dst=dst) for dst in ('192.0.2.255', '255.255.255.255', '224.0.0.1')],
            'ip_source_route': [from_me(syn, options=bytes([kind, 7, 4, 1, 2, 3, 4, 0])) for kind in (131, 137)],
            'ip_option_length': [from_me(syn, options=options)
                                 for options in (b'\x07\x00\x00\x00', b'\x07\x05\x04\x00', b'\x07\x01\x04\x00')],
            'ip_protocol': [from_me(b'x' * 30, protocol) for protocol in (0, frames.UDP, 47, 132, 255)],
            'icmp_malformed': [from_me(b'', frames.ICMP), from_me(icmp(8)[:7], frames.ICMP),
                               from_me(icmp(3, 1, b'x' * 27), frames.ICMP)],
        }

    @staticmethod
    def extension(following, payload, body=b'\x01\x04' + bytes(4)):
        """A header of 8 bytes, or as many as the body has, with options (here padding), before a payload."""
        return bytes([following, len(body) // 8]) + body + payload

    def of_ipv6(self):
        me, you, from_me, extension = self.me, self.you, self.from_me, self.extension
        syn = tcp(me, you, 40000, 80, SYN)
        many = syn
        for n in range(9):
            many = extension(DESTINATION if n else frames.TCP, many)
        mac = b'\x02\0\0\0\0\1'
        asked, told, group = frames.SOLICITATION, frames.ADVERTISEMENT, frames.solicited_node(you)
        return {
            'ip_total_length': [from_me(b'x' * 30, length=31), from_me(b'x' * 30, length=65535), self.segment(SYN)[:50]],
            'ip_mapped': [self.segment(SYN, src='::ffff:192.0.2.1')],
            'ip_destination': [self.segment(SYN, dst='ff02::1'), self.segment(SYN, dst=group)],
            'ip_source_route': [from_me(extension(frames.TCP, syn, b'\0\1' + bytes(4)), ROUTING)],
            'ip_option_length': [from_me(extension(frames.TCP, syn, b'\x01\x05' + bytes(4)), DESTINATION)],
            'ip_option': [from_me(extension(frames.TCP, syn, bytes([kind]) + b'\x04' + bytes(4)), at)
                          for kind in (0x40, 0x80, 0xc0) for at in (HOP_BY_HOP, DESTINATION)],
            'ip_extensions': [from_me(many, DESTINATION)],
            'ip_protocol': [from_me(b'x' * 30, protocol) for protocol in (frames.UDP, 47, 132, 255, NO_NEXT)] +
                           [from_me(extension(HOP_BY_HOP, extension(frames.TCP, syn)), DESTINATION)],
            'icmp_malformed': [from_me(b'', frames.ICMPV6), self.message(1, 1, b'x' * 39)],
            'nd_hop_limit': [frames.neighbour(asked, me, you, you, mac, hops=254)],
            'nd_malformed': [frames.neighbour(asked, me, you, you, mac, code=1),
                             from_me(icmp6(me, you, asked, 0, bytes(19)), frames.ICMPV6, hops=255),
                             from_me(icmp6(me, you, asked, 0, bytes(4) + frames.packed(you) + bytes(8)), frames.ICMPV6,
                                     hops=255)],
            'nd_address': [frames.neighbour(asked, me, you, 'ff02::5', mac), frames.neighbour(asked, '::', you, you, None)],
            'nd_mac': [frames.neighbour(asked, me, you, you, bad) for bad in (bytes(6), BROADCAST)],
            'nd_other': [frames.neighbour(asked, me, you, self.family.address(50), mac)],
            'nd_unasked': [frames.neighbour(told, self.family.address(50), you, self.family.address(50), mac)],
            'nd_conflict': [frames.neighbour(told, me, you, you, mac)],
            'nd_redirect': [from_me(icmp6(me, you, 137, 0, bytes(36)), frames.ICMPV6, hops=255)],
        }

    def fragments(self):
        if not self.family.is6:
            return [self.from_me(tcp(self.me, self.you, 40000, 80, SYN), fragment=0x2000), self.from_me(b'x' * 64, fragment=1),
                    self.from_me(b'x' * 64, frames.ICMP, fragment=0x20b9)]
        return [self.from_me(bytes([of, 0]) + struct.pack('!HI', where, 7) + b'x' * 64, FRAGMENT)
                for of, where in ((frames.TCP, 1), (frames.TCP, 8), (frames.ICMPV6, 0x5c9))]


class GarbageCase(labs.Case):
    device = 'af_packet'

    def setUp(self):
        self.lab = self.make_lab(device=self.device)
        self.packets = Packets(self.family)
        self.weir = weir.Weir(self.lab, 'serve').ready()
        self.sock = self.lab.peer.packet_socket(self.lab.peer_interface)
        self.addCleanup(self.sock.close)
        self.mac = self.lab.peer.mac(self.lab.peer_interface)
        self.to = self.lab.weir.mac('weir0')
        self.sent_before = self.out()

    def out(self):
        return self.lab.peer.link(self.lab.peer_interface)['stats64']['tx']['packets']

    def send(self, payload, ethertype=None, dst=None):
        """A packet of the family, or another payload."""
        self.sock.send(ethernet(dst or self.to, self.mac, payload, ethertype or frames.type_of(self.family.weir)))

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

    def check_drops(self, expected):
        """At the end; Linux tells routers of its groups when it likes to (RFC 3810), and they are not weir's."""
        drops = self.stop()['drops']
        if self.family.is6:
            reports = drops.get('ip_destination', 0) - expected.get('ip_destination', 0)
            self.assertIn(reports, range(4))
            expected = {**expected, 'ip_destination': drops.get('ip_destination')}
        self.assertEqual(drops, {reason: count for reason, count in expected.items() if count})


class Frames(GarbageCase):
    title = 'garbage'

    def test_each_has_its_name(self):
        by_reason = self.packets.by_reason()
        for reason, packets in by_reason.items():
            for _ in range(EACH):
                for packet in packets:
                    self.send(packet)
            time.sleep(0.01)  # a burst at a time: the port's ring is no part of this
        self.check_drops({reason: EACH * len(packets) for reason, packets in by_reason.items()})

    @tap.once
    def test_other_protocols_and_arp(self):
        me, you = self.family.peer, self.family.weir
        expected = {
            'eth_type': [(b'x' * 46, 0x88cc), (b'', 0x1234)],
            'vlan': [(b'\x00\x05\x08\x00' + self.packets.segment(SYN), 0x8100)],
            'arp_malformed': [(frames.arp(1, self.mac, me, bytes(6), you)[:27], frames.ARP),
                              (frames.arp(3, self.mac, me, bytes(6), you), frames.ARP),
                              (frames.arp(1, self.mac, me, bytes(6), you, hardware=6), frames.ARP)],
            'arp_sender': [(frames.arp(1, mac, who, bytes(6), you), frames.ARP)
                           for mac, who in ((BROADCAST, me), (bytes(6), me), (self.mac, you), (self.mac, '127.0.0.1'),
                                            (self.mac, '192.0.2.255'))],
            'arp_other': [(frames.arp(1, self.mac, '192.0.2.50', bytes(6), '192.0.2.51'), frames.ARP),
                          (frames.arp(2, self.mac, '192.0.2.50', self.to, you), frames.ARP)],
        }
        for packets in expected.values():
            for _ in range(EACH):
                for payload, ethertype in packets:
                    self.send(payload, ethertype)
            time.sleep(0.01)
        self.check_drops({reason: EACH * len(packets) for reason, packets in expected.items()})

    def test_in_the_midst_of_connections(self):
        """Segments for a connection in progress that an attacker could guess at; the stream stays whole."""
        draw = random.Random(SEED + 1)
        with self.lab.connect() as sock:
            port = sock.getsockname()[1]
            for n in range(50):
                for flags in (RST, SYN, RST | ACK, FIN | ACK, ACK, SYN | ACK):
                    self.send(self.packets.segment(flags, sport=port, seq=draw.randrange(1 << 32), ack=draw.randrange(1 << 32),
                                      payload=b'GARBAGE'[:draw.randrange(8)]))
                sock.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
                self.assertTrue(sock.recv(4096).startswith(b'HTTP/1.1 200 OK'), n)
        self.assertEqual(self.stop()['connections']['closed'], 1)

    def question(self, draw):
        """Somebody new asks where weir is: a payload, its EtherType and where it goes."""
        mac = b'\x02' + draw.randbytes(5)
        who, weir_is = self.family.address(draw.randrange(4, 250)), self.family.weir
        if not self.family.is6:
            return frames.arp(1, mac, who, bytes(6), weir_is), frames.ARP, BROADCAST
        group = frames.solicited_node(weir_is)
        return frames.neighbour(frames.SOLICITATION, who, group, weir_is, mac), frames.IPV6, frames.group_mac(group)

    def test_flood_of_neighbours(self):
        draw = random.Random(SEED + 2)
        for n in range(20000):
            self.send(*self.question(draw))
            if n % 128 == 0:
                time.sleep(0.002)
        self.fetch()
        summary = self.stop()
        self.assertGreater(summary['packets_rx'], 20000)

    @tap.ipv6_if_long
    def test_port_scan_leaves_no_port_without_an_answer(self):
        waiting = set(range(1, 65536))
        answers = {}
        for _ in range(3):  # what a ring lost is asked again
            for port in sorted(waiting):
                self.send(self.packets.segment(SYN, sport=50000, dport=port, seq=port))
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
                if seg and seg.src == self.family.weir and seg.dport == 50000:
                    answers[seg.sport] = seg.flags
        except BlockingIOError:
            pass
        finally:
            self.sock.setblocking(True)


@unittest.skipUnless(tap.has_tun(), '/dev/net/tun is missing')
class OverTap(GarbageCase):
    """Under net_af_packet the kernel puts fragments together first."""

    title = 'garbage over tap'
    device = 'tap'

    def test_fragments(self):
        fragments = self.packets.fragments()
        for _ in range(EACH):
            for fragment in fragments:
                self.send(fragment)
        self.check_drops({'ip_fragment': EACH * len(fragments)})

    def test_random_bytes(self):
        draw = random.Random(SEED)
        others = (frames.TCP, frames.ICMPV6 if self.family.is6 else frames.ICMP, ROUTING if self.family.is6 else frames.UDP)
        for n in range(4000):
            size = draw.randrange(0, 1400)
            payload = draw.randbytes(size)
            if n % 4 == 0:  # further on the way
                payload = self.packets.from_me(payload, draw.choice((*others, draw.randrange(256))))
            elif n % 4 == 1:
                payload = self.packets.segment(draw.randrange(256), sport=draw.randrange(65536),
                                               dport=draw.choice((80, draw.randrange(65536))), seq=draw.randrange(1 << 32),
                                               ack=draw.randrange(1 << 32), options=draw.randbytes(4 * draw.randrange(11)),
                                               payload=payload[:500])
            self.send(payload, draw.choice((None, None, frames.ARP, draw.randrange(65536))))
            if n % 64 == 0:
                time.sleep(0.002)
        self.fetch()
        summary = self.stop()
        # A few are SYNs that are in order, and ARP or RST of Linux that answers an answer.
        self.assertGreater(summary['packets_rx'], 2000)  # a busy machine's interface may have lost some
        self.assertGreater(sum(summary['drops'].values()), 0.87 * summary['packets_rx'])


if __name__ == '__main__':
    tap.main()
