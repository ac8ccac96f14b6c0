#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A router with a narrow link between weir and its peer, which says so by ICMP (RFC 1191).

    weir's namespace            middle                                  peer's namespace
    192.0.2.2 weir0 --- left0 192.0.2.254 . 198.51.100.254 right0 --- peer0 198.51.100.1

Linux routes in the middle. The peer's own MTU is 1500, and so it asks for segments that right0 does not pass on.
"""

import time
import unittest

import capture
import lab as labs
import peer
import tap
import weir

ROUTERS = ('192.0.2.254', '198.51.100.254')
PEER = '198.51.100.1'
BODY_BYTES = 300000
FIRST_WINDOW = 10  # segments, RFC 6928: what leaves before a router can have said anything


@tap.needs('tshark', 'dumpcap')
class PathMtu(unittest.TestCase):
    title = 'path MTU'

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(middle=True, patient=False)
        cls.addClassCleanup(cls.lab.close)
        for interface, router in zip(('left0', 'right0'), ROUTERS):
            cls.lab.middle.ip('addr', 'add', f'{router}/24', 'dev', interface)
        cls.lab.middle.sysctl('net/ipv4/ip_forward', 1)
        cls.lab.peer.ip('addr', 'flush', 'dev', 'peer0')
        cls.lab.peer.ip('addr', 'add', f'{PEER}/24', 'dev', 'peer0')
        cls.lab.peer.ip('route', 'add', 'default', 'via', ROUTERS[1])
        cls.weir = weir.Weir(cls.lab, 'serve', '--gateway', ROUTERS[0], '--size', BODY_BYTES).ready()

    def fetch(self):
        """Bytes of an answer, header included, and the seconds that it took."""
        began = time.monotonic()
        with self.lab.connect() as sock:
            sock.sendall(b'GET / HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n')
            answer = peer.drain(sock)
        return answer, time.monotonic() - began

    def check(self, mtu):
        self.lab.middle.ip('link', 'set', 'right0', 'mtu', str(mtu))
        recording = capture.Recording(self.lab, self.lab.middle, 'left0', f'icmp or src host {labs.WEIR}')
        answer, seconds = self.fetch()
        self.assertGreater(len(answer), BODY_BYTES)
        self.assertLess(seconds, 5)
        told, sizes = set(), []
        for kind, next_mtu, size in capture.tshark(recording.stop(), ('icmp.type', 'icmp.mtu', 'ip.len'), 'ip'):
            if kind:
                told.add((kind, next_mtu))
            else:
                sizes.append(int(size))
        self.assertEqual(told, {('3', str(mtu))} if mtu < 1500 else set())
        self.assertEqual(max(sizes), 1500)
        self.assertEqual(sizes.count(mtu), max(sizes.count(size) for size in sizes))  # what most of them are
        self.assertLessEqual(sum(size > mtu for size in sizes), FIRST_WINDOW)

    def test_wide(self):
        self.check(1500)

    def test_narrow(self):
        self.check(1000)

    def test_the_least(self):
        self.check(552)


if __name__ == '__main__':
    tap.main()
