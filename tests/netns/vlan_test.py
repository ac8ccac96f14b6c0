#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir in a VLAN (802.1Q), behind a switch that joins it to a peer without tags (kernels may come without VLANs).

    weir0 ---- left  [shim.Switch]  right0 ---- peer0
"""

import struct
import unittest

import capture
import frames
import lab as labs
import peer
import raw
import shim
import tap
import weir
from frames import SYN

VLAN = 42
EACH = 20
PRIORITY = 5


class Tagged(raw.Wire):
    """Sends with a tag."""

    def __init__(self, lab, vlan, priority=0, at=None):
        super().__init__(lab, at)
        self.tag = priority << 13 | vlan

    def send(self, payload, ethertype=None, dst=None):
        ethertype = ethertype or frames.type_of(self.address)
        super().send(struct.pack('!HH', self.tag, ethertype) + payload, frames.VLAN, dst)


class VlanCase:
    """The same by whoever takes tags off and puts them on."""

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(cls.device, middle=True, families=cls.families)
        cls.addClassCleanup(cls.lab.close)
        cls.lab.vlan = VLAN
        cls.weir = weir.Weir(cls.lab, 'serve').ready()
        cls.switch = shim.Switch(cls.lab, VLAN)

    @tap.needs('curl', 'ping', 'tshark', 'dumpcap')
    def test_curl_and_ping(self):
        recording = capture.Recording(self.lab, *self.lab.left)
        self.lab.peer.run('ping', '-c', '2', '-i', '0.2', '-W', '2', '-s', str(1508 - self.family.headers),
                          self.family.weir)
        for _ in range(3):
            self.lab.peer.run('curl', '-sS', '--max-time', '5', f'http://{self.family.host()}/')
        path = recording.stop()
        trace = capture.read(path)
        self.assertEqual(len(trace.streams), 3)
        self.assertEqual(capture.faults(trace), [])
        self.assertEqual({vlan for vlan, in capture.tshark(path, ('vlan.id',), None)}, {str(VLAN)})

    def test_foreign_frames_are_dropped(self):
        """Another's, one that says a priority alone, and no tag at all."""
        left, before = self.lab.left, self.weir.stats()['drops']
        for wire in (Tagged(self.lab, VLAN + 1, at=left), Tagged(self.lab, 0, PRIORITY, left), raw.Wire(self.lab, left)):
            self.addCleanup(wire.close)
            for _ in range(EACH):
                raw.Client(wire, 40000).send(SYN)
        drops = self.weir.stats()['drops']
        found = {name: drops.get(name, 0) - before.get(name, 0) for name in ('vlan', 'vlan_missing')}
        self.assertEqual(found, {'vlan': 2 * EACH, 'vlan_missing': EACH})

    @tap.once
    def test_of_it_all_the_summary(self):
        """Last by its name: stops the server, and first the switch, whose interface goes with net_tap."""
        self.switch.close()
        summary = self.weir.stop()
        tap.note(weir.describe(summary))
        self.assertEqual(weir.faults(summary, retransmits=None), [])
        self.assertEqual(summary['connections']['closed'], 3 * len(self.families))


class ByPort(VlanCase, labs.Case):
    """net_af_packet takes tags off and puts them on."""

    title = 'VLAN, by the port'
    device = 'af_packet'

    @tap.needs('nginx', 'tshark', 'dumpcap')
    @tap.once
    def test_load_of_both_families(self):
        """In one run, on nginx behind the switch."""
        lab = self.make_lab(families=self.families, middle=True)
        peer.nginx(lab)
        lab.vlan = VLAN
        switch = shim.Switch(lab, VLAN)
        self.addCleanup(switch.close)
        recording = capture.Recording(lab, *lab.left)
        connect = [word for family in lab.families for word in ('--connect', family.at(80, family.peer))]
        summary = weir.Weir(lab, 'load', *connect, '--rate', 500, '--duration', '1s').finish()
        path = recording.stop()
        trace = capture.read(path)
        self.assertEqual(weir.faults(summary, retransmits=capture.repeated(trace)), [])
        self.assertEqual(len(trace.streams), 500)
        self.assertEqual(capture.faults(trace), [])
        self.assertEqual({vlan for vlan, in capture.tshark(path, ('vlan.id',), None)}, {str(VLAN)})


@unittest.skipUnless(tap.has_tun(), '/dev/net/tun is missing')
class BySoftware(VlanCase, labs.Case):
    """net_tap knows no tags."""

    title = 'VLAN, by software'
    device = 'tap'


class Priority(labs.Case):
    """VLAN 0 is none: the tag only says how urgent a frame is."""

    title = 'priority tags'

    def test_accepted_without_a_vlan(self):
        lab = self.make_lab()
        server = weir.Weir(lab, 'serve').ready()
        wire = Tagged(lab, 0, PRIORITY)
        self.addCleanup(wire.close)
        client = raw.Client(wire, 40000)
        self.assertIsNotNone(client.syn())
        client.ack()
        client.ack(b'GET / HTTP/1.0\r\n\r\n')
        self.assertIn(b'200 OK', client.read())
        self.assertIsNotNone(client.finish())
        other = Tagged(lab, VLAN)
        self.addCleanup(other.close)
        for _ in range(EACH):
            raw.Client(other, 40001).send(SYN)
        summary = server.stop()
        self.assertEqual(summary['drops'].get('vlan'), EACH)
        self.assertEqual(weir.faults(summary), [])


if __name__ == '__main__':
    tap.main()
