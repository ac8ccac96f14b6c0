#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Linux with other TCP options and MTUs than usual: both ends keep to what was agreed on."""

import contextlib
import os

import capture
import lab as labs
import peer
import tap
import weir

PORT = 7  # of echo: tshark takes random bytes on port 80 for broken HTTP
DATA = os.urandom(300000)
SYN_OPTIONS = ('tcp.options.mss_val', 'tcp.options.wscale.shift', 'tcp.options.sack_perm', 'tcp.options.timestamp.tsval')


@tap.needs('tshark', 'dumpcap')
class Options(labs.Case):
    title = 'options'

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(families=cls.families)
        cls.addClassCleanup(cls.lab.close)
        cls.weir = weir.Weir(cls.lab, 'serve', '--app', 'echo', '--listen', PORT).ready()

    def setting(self, name, value):
        path = f'net/ipv4/{name}'
        before = self.lab.peer.sysctl(path)
        self.lab.peer.sysctl(path, value)
        self.addCleanup(self.lab.peer.sysctl, path, before)

    def mtu(self, value):
        self.lab.peer.ip('link', 'set', 'peer0', 'mtu', str(value))
        self.lab.weir.ip('link', 'set', 'weir0', 'mtu', str(max(value, 1500)))

    def exchange(self):
        """300,000 bytes there and back. Returns the path of what went over the wire."""
        recording = capture.Recording(self.lab, self.lab.peer, 'peer0', 'tcp')
        with self.lab.connect(PORT) as sock:
            self.assertEqual(peer.exchange(sock, DATA), DATA)
        return recording.stop()

    @staticmethod
    def answered(path):
        """The options of weir's SYN-ACK, by name; those that it has not are None."""
        values = capture.tshark(path, SYN_OPTIONS, 'tcp.flags.syn == 1 && tcp.flags.ack == 1')[0]
        names = ('mss', 'wscale', 'sack', 'timestamps')
        return {name: value or None for name, value in zip(names, values)}

    def check(self, path):
        """Returns the largest payload of weir's segments, and of the peer's."""
        trace = capture.read(path)
        self.assertEqual(capture.faults(trace, capture.faults_of_half_close), [])
        segs = [seg for stream in trace.streams.values() for seg in stream]
        return tuple(max(seg.length for seg in segs if seg.src == who) for who in (self.family.weir, self.family.peer))

    def test_all_of_them(self):
        path = self.exchange()
        answered = self.answered(path)
        self.assertNotIn(None, answered.values(), answered)
        self.check(path)

    @tap.ipv6_if_long
    def test_without_timestamps(self):
        self.setting('tcp_timestamps', 0)
        path = self.exchange()
        answered = self.answered(path)
        self.assertIsNone(answered['timestamps'])
        self.assertIsNotNone(answered['wscale'])
        self.assertEqual(capture.tshark(path, ('frame.number',), 'tcp.options.timestamp.tsval'), [])
        self.check(path)

    @tap.ipv6_if_long
    def test_without_window_scaling(self):
        self.setting('tcp_window_scaling', 0)
        path = self.exchange()
        self.assertIsNone(self.answered(path)['wscale'])
        self.check(path)

    @tap.ipv6_if_long
    def test_without_sack(self):
        self.setting('tcp_sack', 0)
        path = self.exchange()
        self.assertIsNone(self.answered(path)['sack'])
        self.check(path)

    @tap.ipv6_if_long
    def test_without_any(self):
        for name in ('tcp_timestamps', 'tcp_window_scaling', 'tcp_sack'):
            self.setting(name, 0)
        path = self.exchange()
        answered = self.answered(path)
        self.assertEqual([name for name, value in answered.items() if value], ['mss'])
        self.check(path)

    def test_small_segments_asked_for(self):
        self.lab.route('advmss', '600')
        self.addCleanup(self.lab.route)
        ours, _ = self.check(self.exchange())
        self.assertEqual(ours, 600 - 12)  # RFC 6691: the peer's MSS less the options of the segment, here timestamps

    def test_small_mtu_there(self):
        mtu = 1280 if self.family.is6 else 600
        self.mtu(mtu)
        self.addCleanup(self.lab.plug)  # below 1280 Linux gives up IPv6
        self.addCleanup(self.mtu, 1500)
        self.assertEqual(self.check(self.exchange()), (mtu - self.family.headers - 12,) * 2)

    @tap.ipv6_if_long
    def test_mtu_of_9000_there(self):
        self.mtu(9000)
        self.addCleanup(self.mtu, 1500)
        path = self.exchange()
        mss = int(self.answered(path)['mss'])
        self.assertEqual(self.check(path), (mss - 12, mss - 12))

    def test_ecn_asked_for(self):
        self.setting('tcp_ecn', 1)
        path = self.exchange()
        self.check(path)
        agreed = 'tcp.flags == 0x052'  # SYN, ACK and ECE
        self.assertTrue(capture.tshark(path, ('frame.number',), agreed))
        field = 'ipv6.tclass.ecn' if self.family.is6 else 'ip.dsfield.ecn'
        src, ect = f'{self.family.ip}.src', f'{field} == 2'
        self.assertEqual({who for who, in capture.tshark(path, (src,), f'tcp.len > 0 && {ect}')},
                         {self.family.weir, self.family.peer})
        self.assertEqual(capture.tshark(path, (src,), f'tcp.len == 0 && {src} == {self.family.weir} && {ect}'), [])

    @tap.ipv6_if_long
    def test_weir_opens_to_one_without_any(self):
        # On one CPU: between two the kernel may let frames overtake each other, and the ACKs that tell of it are no fault.
        cpus = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, cpus)
        os.sched_setaffinity(0, {min(cpus)})
        for name in ('tcp_timestamps', 'tcp_window_scaling', 'tcp_sack'):
            self.setting(name, 0)
        other = self.make_lab()
        for name in ('tcp_timestamps', 'tcp_window_scaling', 'tcp_sack'):
            other.peer.sysctl(f'net/ipv4/{name}', 0)
        recording = capture.Recording(other, other.peer, 'peer0', 'tcp')
        with contextlib.closing(peer.Server(other, peer.echo)):
            summary = weir.Weir(other, 'load', '--connect', self.family.at(7, self.family.peer), '--app', 'echo',
                                '--size', 50000, '--rate', 20, '--duration', '1s').finish()
        self.assertEqual(weir.faults(summary), [])
        trace = capture.read(recording.stop())
        self.assertEqual(len(trace.streams), 20)
        self.assertEqual(capture.faults(trace), [])


if __name__ == '__main__':
    tap.main()
