#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A router with a narrow link between weir and its peer, which says so by ICMP (RFC 1191, RFC 8201).

    weir's namespace            middle                                  peer's namespace
    192.0.2.2 weir0 --- left0 192.0.2.254 . 198.51.100.254 right0 --- peer0 198.51.100.1
    fd99::2                   fd99::fe         fd98::fe                     fd98::1

Linux routes in the middle. The peer's own MTU is 1500, and so it asks for segments that right0 does not pass on.
"""

import socket
import time

import capture
import lab as labs
import peer
import tap
import weir

FAR = {labs.IPV4: labs.Family(socket.AF_INET, '198.51.100.0/24'), labs.IPV6: labs.Family(socket.AF_INET6, 'fd98::/64')}
ROUTER = 254
BODY_BYTES = 300000
FIRST_WINDOW = 10  # segments, RFC 6928: what leaves before a router can have said anything


def fetch(lab):
    """Bytes of an answer, header included, and the seconds that it took."""
    began = time.monotonic()
    with lab.connect() as sock:
        sock.sendall(b'GET / HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n')
        answer = peer.drain(sock)
    return answer, time.monotonic() - began


def narrow(lab, family, mtu):
    """Of the family alone: on a link below 1280 Linux gives up IPv6."""
    option, net = family.ip_option, str(FAR[family].net)
    lab.middle.ip(option, 'route', 'flush', net)
    lab.middle.ip(option, 'route', 'add', net, 'dev', 'right0', 'mtu', 'lock', str(mtu))


@tap.needs('tshark', 'dumpcap')
class PathMtu(labs.Case):
    title = 'path MTU'

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(middle=True, patient=False, families=cls.families)
        cls.addClassCleanup(cls.lab.close)
        gateways = []
        for family in cls.families:
            cls.lab.route_between(family, FAR[family], ROUTER)
            gateways += ['--gateway', family.address(ROUTER)]
        cls.weir = weir.Weir(cls.lab, 'serve', *gateways, '--size', BODY_BYTES).ready()

    def check(self, mtu):
        narrow(self.lab, self.family, mtu)
        recording = capture.Recording(self.lab, self.lab.middle, 'left0',
                                      f'{"icmp6" if self.family.is6 else "icmp"} or src host {self.family.weir}')
        answer, seconds = fetch(self.lab)
        self.assertGreater(len(answer), BODY_BYTES)
        self.assertLess(seconds, 5)
        told, sizes = self.read(recording.stop())
        self.assertEqual(told, {mtu} if mtu < 1500 else set())
        self.assertEqual(max(sizes), 1500)
        self.assertEqual(sizes.count(mtu), max(sizes.count(size) for size in sizes))  # what most of them are
        self.assertLessEqual(sum(size > mtu for size in sizes), FIRST_WINDOW)

    def read(self, path):
        """The MTUs that the router told of, and the sizes of weir's packets."""
        is6 = self.family.is6
        too_big = 'icmpv6.type == 2' if is6 else 'icmp.type == 3 && icmp.code == 4'
        told = {int(mtu) for mtu, in capture.tshark(path, ('icmpv6.mtu' if is6 else 'icmp.mtu',), too_big)}
        sent = capture.tshark(path, ('ipv6.plen' if is6 else 'ip.len',),
                              f'tcp && !({too_big}) && {self.family.ip}.src == {self.family.weir}')
        return told, [int(size) + (40 if is6 else 0) for size, in sent]

    def test_wide(self):
        self.check(1500)

    def test_narrow(self):
        self.check(1300 if self.family.is6 else 1000)

    def test_the_least(self):
        self.check(1280 if self.family.is6 else 552)

if __name__ == '__main__':
    tap.main()
