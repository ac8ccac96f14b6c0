#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir load against nginx and against servers on Python's sockets."""

import contextlib
import time

import lab as labs
import peer
import tap
import weir

RATE = 5000


class LoadCase(labs.Case):
    device = 'af_packet'

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(cls.device, families=cls.families)
        cls.addClassCleanup(cls.lab.close)

    def target(self, port):
        return self.family.at(port, self.family.peer)

    def start(self, *options):
        """Of the case's family alone: duplicate address detection of the other would only cost a second."""
        return weir.Weir(self.lab, 'load', *options, addresses=[self.family.cidr()])

    def load(self, *options, duration=0.5, failed=0, retransmits=None, expected=0):
        """Runs weir load to its end. Returns the summary, in which nothing is wrong. Whoever waits 200 ms for a CPU is sent
        things again: that a clean wire has no retransmissions is shown by capture_test.py."""
        client = self.start('--duration', f'{duration * 1000:.0f}ms', *options)
        client.ready()
        summary = client.finish(expected)
        tap.note(weir.describe(summary))
        self.assertEqual(weir.faults(summary, failed, retransmits), [])
        return summary


@tap.needs('nginx')
class Nginx(LoadCase):
    title = 'nginx'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        peer.nginx(cls.lab)

    def load(self, *options, port=80, **how):
        return super().load('--connect', self.target(port), *options, **how)

    def test_5000_connections_a_second_from_one_address(self):
        duration = tap.seconds(2)
        summary = self.load('--rate', RATE, duration=duration)
        connections = summary['connections']
        self.assertEqual(connections['attempted'], RATE * duration)
        self.assertEqual(connections['established'], RATE * duration)
        self.assertEqual(connections['closed'], RATE * duration)
        self.assertEqual(summary['requests'], RATE * duration)
        self.assertEqual(summary['failures'], {})
        self.assertEqual(connections['time_wait'], RATE * duration)

    @tap.ipv6_if_long
    def test_close_by_fin_waits_here(self):
        before = self.lab.peer.sockstat()['tw']
        summary = self.load('--rate', 1000, '--close', 'fin')
        self.assertEqual(summary['connections']['closed'], 500)
        self.assertEqual(summary['states']['TIME-WAIT'], 500)
        self.assertEqual(self.lab.peer.sockstat()['tw'], before)

    @tap.ipv6_if_long
    def test_close_by_peer_waits_there(self):
        """At a port of its own: Linux resets SYNs of other cases to what waits there (RFC 6191 needs newer timestamps,
        and each weir begins with its own)."""
        before = self.lab.peer.sockstat()['tw']
        summary = self.load('--rate', 1000, '--close', 'peer', port=8080)
        self.assertEqual(summary['connections']['closed'], 500)
        self.assertEqual(summary['states']['TIME-WAIT'], 0)
        self.assertEqual(self.lab.peer.sockstat()['tw'] - before, 500)

    def test_close_by_rst_leaves_nothing(self):
        before = self.lab.peer.sockstat()
        summary = self.load('--rate', 1000, '--close', 'rst')
        self.assertEqual(summary['connections']['closed'], 500)
        self.assertEqual(summary['states']['TIME-WAIT'], 0)
        self.assertEqual(self.lab.peer.sockstat(), before)

    @tap.ipv6_if_long
    def test_ten_requests_a_connection(self):
        summary = self.load('--rate', 100, '--requests', 10)
        self.assertEqual(summary['connections']['established'], 50)
        # The end of the run cuts the last connections short.
        self.assertGreater(summary['requests'], 450)
        self.assertLessEqual(summary['requests'], 500)

    @tap.ipv6_if_long
    def test_closed_loop_of_64(self):
        summary = self.load('--connections', 64, '--msl', '100ms', duration=tap.seconds(1))
        connections = summary['connections']
        self.assertGreater(connections['closed'], 1000)
        self.assertEqual(connections['attempted'], connections['closed'])

    @tap.ipv6_if_long
    def test_size_that_differs_is_a_failure(self):
        summary = self.start('--connect', self.target(80), '--rate', 100, '--size', 63,
                            '--duration', '500ms').finish(expected=1)
        self.assertEqual(summary['failures'], {'length': 50})
        self.assertEqual(summary['connections']['failed'], 50)


class Refused(LoadCase):
    title = 'failures'

    def test_closed_port_is_refused(self):
        summary = self.start('--connect', self.target(9), '--rate', 100, '--duration',
                            '500ms').finish(expected=1)
        self.assertGreater(summary['failures']['refused'], 5)
        self.assertEqual(summary['connections']['established'], 0)
        self.assertEqual(summary['connections']['open'], 0)

    @tap.only_long
    def test_address_without_a_host_ends_orderly(self):
        client = self.start('--connect', self.family.at(80, self.family.address(77)), '--connections', 3, '--duration',
                           '1s').ready()
        summary = client.finish(expected=1, timeout=15)
        self.assertEqual(summary['connections']['established'], 0)
        self.assertEqual(summary['mbufs']['taken'], summary['mbufs']['returned'])

    @tap.ipv6_if_long
    def test_server_that_resets_is_a_failure(self):
        def reset(sock):
            sock.setsockopt(1, 13, b'\1\0\0\0\0\0\0\0')  # SOL_SOCKET, SO_LINGER: on, 0 s

        with contextlib.closing(peer.Server(self.lab, reset, 81)):
            summary = self.start('--connect', self.target(81), '--rate', 100, '--duration',
                                '500ms').finish(expected=1)
        self.assertEqual(summary['failures'], {'reset': 50})


class Apps(LoadCase):
    title = 'apps'

    def test_echo_of_64_bytes_and_of_100000(self):
        with contextlib.closing(peer.Server(self.lab, peer.echo)) as server:
            for size, requests in ((64, 20), (100000, 2)):
                summary = self.load('--connect', self.target(7), '--app', 'echo', '--size', size, '--requests',
                                    requests, '--rate', 100)
                # The end of the run cuts the last connections short.
                self.assertGreater(summary['requests'], 25 * requests)
                self.assertEqual(summary['bytes_rx'], summary['requests'] * size)
            self.assertEqual(server.errors, [])

    @tap.ipv6_if_long
    def test_echo_of_something_else_is_a_failure(self):
        def lie(sock):
            data = sock.recv(65536)
            sock.sendall(data[:-1] + bytes([data[-1] ^ 1]))
            peer.drain(sock)

        with contextlib.closing(peer.Server(self.lab, lie)):
            summary = self.start('--connect', self.target(7), '--app', 'echo', '--rate', 40,
                                '--duration', '500ms').finish(expected=1)
        self.assertEqual(summary['failures'], {'mismatch': 20})

    @tap.ipv6_if_long
    def test_connect_opens_and_closes(self):
        with contextlib.closing(peer.Server(self.lab, peer.drain)) as server:
            summary = self.load('--connect', self.target(7), '--app', 'connect', '--rate', 400)
            self.assertEqual(summary['connections']['closed'], 200)
            self.assertEqual(summary['bytes_tx'], 0)
            labs.until(lambda: server.served == 200, 5)
            self.assertEqual(server.errors, [])

    @tap.ipv6_if_long
    def test_waits_in_fin_wait_2_while_the_peer_keeps_its_half(self):
        def linger(sock):
            peer.drain(sock)
            time.sleep(1.5)

        with contextlib.closing(peer.Server(self.lab, linger)):
            client = self.start('--connect', self.target(7), '--app', 'connect', '--rate', 20,
                               '--duration', '1s').ready()
            stats = client.event('stats', 5)
            self.assertGreater(stats['states']['FIN-WAIT-2'], 10)
            summary = client.finish()
        self.assertEqual(weir.faults(summary), [])
        self.assertEqual(summary['connections']['closed'], 20)
        self.assertGreater(summary['latency_us']['close']['p50'], 1400000)

    @tap.ipv6_if_long
    def test_ends_early_by_a_signal_without_failures(self):
        with contextlib.closing(peer.Server(self.lab, peer.echo)):
            client = self.start('--connect', self.target(7), '--app', 'echo', '--connections',
                               10, '--requests', 0).ready()
            client.event('stats', 5)
            self.assertEqual(weir.faults(client.stop()), [])


if __name__ == '__main__':
    tap.main()
