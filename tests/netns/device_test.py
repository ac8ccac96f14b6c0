#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The same over AF_XDP and over a TAP interface, shorter."""

import os
import re
import socket
import unittest

import capture
import lab as labs
import peer
import tap
import weir

AF_XDP = 44  # of socket(2)


def why_no_af_xdp():
    try:
        socket.socket(AF_XDP, socket.SOCK_RAW).close()
    except OSError as error:
        return f'this kernel has no AF_XDP: {error.strerror}'
    return None


def why_no_tap():
    try:
        os.close(os.open('/dev/net/tun', os.O_RDWR))
    except OSError as error:
        return f'/dev/net/tun: {error.strerror}'
    return None


def answer_before_the_interface(lab):
    """The interface is there only while weir runs: the peer's servers listen on addresses that come later."""
    for family in lab.families:
        if family.is6:
            lab.speak_ipv6(lab.peer, 'lo')
        lab.peer.sysctl(f'net/{"ipv6" if family.is6 else "ipv4"}/ip_nonlocal_bind', 1)
        lab.peer.ip('route', 'add', 'local', family.peer, 'dev', 'lo')


def plug_early(lab, client):
    """The peer, once weir has made the interface: so that it is there when the load begins."""
    def is_there():
        with lab.peer:
            return client.process.poll() is not None or lab.peer_interface in [name for _, name in socket.if_nameindex()]

    labs.until(is_there, weir.READY_S, 'the interface')
    lab.plug()


class DeviceCase:
    """What each device has to carry."""

    why_not = staticmethod(lambda: None)

    @classmethod
    def setUpClass(cls):
        reason = cls.why_not()
        if reason:
            raise unittest.SkipTest(reason)

    def setUp(self):
        self.lab = self.make_lab(device=self.device)

    @tap.needs('curl', 'wrk', 'ping', 'tshark', 'dumpcap')
    def test_serves_curl_wrk_and_ping(self):
        server = weir.Weir(self.lab, 'serve').ready()
        recording = capture.Recording(self.lab, self.lab.peer, self.lab.peer_interface)
        for _ in range(3):
            self.lab.peer.run('curl', '-sS', '--max-time', '5', f'http://{self.family.host()}/')
        self.lab.peer.run('ping', '-c', '3', '-i', '0.2', '-W', '2', '-s', '1400', self.family.weir)
        path = recording.stop()
        for header in ((), ('-H', 'Connection: close')):
            said = self.lab.peer.run('wrk', '-t', '1', '-c', '64', '-d', f'{tap.seconds(1)}s', *header,
                                     f'http://{self.family.host()}/')
            tap.note(re.search(r'\d+ requests in.*', said)[0])
            self.assertNotIn('Socket errors', said)
            self.assertGreater(int(re.search(r'(\d+) requests in', said)[1]), 500)
        summary = server.stop()
        tap.note(weir.describe(summary))
        self.assertEqual(weir.faults(summary, failed=summary['connections']['failed'], retransmits=None), [])
        trace = capture.read(path)
        self.assertEqual(len(trace.streams), 3)
        self.assertEqual(capture.faults(trace), [])

    @tap.ipv6_if_long
    def test_echoes_1_MB(self):
        server = weir.Weir(self.lab, 'serve', '--app', 'echo').ready()
        data = os.urandom(1000000)
        with self.lab.connect() as sock:
            self.assertEqual(peer.exchange(sock, data), data)
        self.assertEqual(weir.faults(server.stop(), retransmits=None), [])

    @tap.needs('nginx')
    @tap.ipv6_if_long
    def test_loads_nginx(self):
        self.start_nginx()
        client = weir.Weir(self.lab, 'load', '--connect', self.family.at(80, self.family.peer), '--rate', 2000,
                           '--duration', f'{tap.seconds(1)}s').ready()
        summary = client.finish()
        tap.note(weir.describe(summary))
        self.assertEqual(weir.faults(summary, retransmits=None), [])
        self.assertEqual(summary['connections']['closed'], 2000 * tap.seconds(1))

    def start_nginx(self):
        peer.nginx(self.lab)


class AfXdp(DeviceCase, labs.Case):
    title = 'af_xdp'
    device = 'af_xdp'
    why_not = staticmethod(why_no_af_xdp)


class Tap(DeviceCase, labs.Case):
    title = 'tap'
    device = 'tap'
    why_not = staticmethod(why_no_tap)

    def start_nginx(self):
        answer_before_the_interface(self.lab)
        peer.nginx(self.lab)


if __name__ == '__main__':
    tap.main()
