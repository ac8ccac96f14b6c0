#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir serve against Linux: curl, wrk, ping and Python's sockets."""

import errno
import os
import re
import socket
import subprocess
import time

import lab as labs
import peer
import tap
import weir

MIB = 1 << 20
SECOND, BEFORE, FIRST, WITHIN, LAST, BEHIND = 3, 63, 64, 99, 127, 128  # addresses by their number


class ServeCase(labs.Case):
    """A lab and a server for all cases of a class, of both families."""

    device = 'af_packet'
    options = ()
    checked = {}  # arguments of weir.faults()

    @classmethod
    def setUpClass(cls):
        cls.lab = labs.Lab(cls.device, families=cls.families)
        cls.addClassCleanup(cls.lab.close)
        cls.weir = weir.Weir(cls.lab, 'serve', *cls.options).ready()

    def stop(self):
        summary = self.weir.stop()
        tap.note(weir.describe(summary))
        return summary

    def curl(self, *arguments, address=None, port=80):
        return self.lab.peer.run('curl', '--silent', '--show-error', '--max-time', '10', *arguments,
                                 f'http://{self.family.at(port, address)}/')


@tap.needs('curl')
class Http(ServeCase):
    title = 'http'
    options = ('--listen', '80,8080', '--eal', '--no-pci --no-huge -m 512 --file-prefix netns',
               *(word for family in labs.BOTH for address in (
                   family.cidr(family.address(SECOND)), f'{family.address(FIRST)}-{family.cidr(family.address(LAST))}')
                 for word in ('--addr', address)))

    @tap.once
    def test_ready_line(self):
        line = self.weir.lines[0]
        self.assertEqual(line['command'], 'serve')
        self.assertEqual(line['listen'], [80, 8080])
        self.assertEqual(len(line['addresses']), 6)
        self.assertEqual(len(line['ports']), 1)

    def test_curl_gets_status_headers_and_body(self):
        said = self.curl('--include')
        head, body = said.split('\n\n') if '\r' not in said else said.split('\r\n\r\n')
        self.assertEqual(head.splitlines()[0], 'HTTP/1.1 200 OK')
        length = int(re.search(r'Content-Length: (\d+)', head)[1])
        self.assertEqual(len(body), length)

    def test_both_ports_and_every_address_answer(self):
        for number in (2, SECOND, FIRST, WITHIN, LAST):
            for port in (80, 8080):
                self.assertIn('200', self.curl('--head', address=self.family.address(number), port=port))

    def test_addresses_beside_the_range_are_not_weirs(self):
        for address in map(self.family.address, (BEFORE, BEHIND)):
            done = subprocess.run(self.lab.peer.command('ping', '-c', '1', '-W', '0.3', address), check=False,
                                  capture_output=True)
            self.assertNotEqual(done.returncode, 0, address)

    def test_ten_requests_on_one_connection(self):
        done = self.lab.peer.run('curl', '-s', '-o', '/dev/null', '-w', '%{http_code} %{num_connects}\n',
                                 *[f'http://{self.family.host()}/{i}' for i in range(10)], '-o', '/dev/null',
                                 *['-o', '/dev/null'] * 8)
        self.assertEqual(done.split(), ['200', '1'] + ['200', '0'] * 9)

    def test_head_has_no_body(self):
        with self.lab.connect() as sock:
            sock.sendall(b'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
            answer = peer.drain(sock)
        self.assertTrue(answer.startswith(b'HTTP/1.1 200 OK\r\n'), answer)
        self.assertTrue(answer.endswith(b'\r\n\r\n'), answer)
        self.assertNotIn(b'Content-Length: 0', answer)

    def test_http_1_0_is_closed_after_its_answer(self):
        self.assertTrue(self.curl('--http1.0', '--include').startswith('HTTP/1.'))
        with self.lab.connect() as sock:
            sock.sendall(b'GET / HTTP/1.0\r\n\r\n')
            answer = peer.drain(sock)
        self.assertIn(b' 200 OK\r\n', answer)

    def test_closes_when_the_peer_has_closed(self):
        with self.lab.connect() as idle, self.lab.connect() as used:
            used.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            self.assertTrue(used.recv(1000).startswith(b'HTTP/1.1 200'))
            for sock in (idle, used):
                sock.settimeout(1)
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(sock.recv(1), b'')

    def test_pipelined_and_split_requests(self):
        request = b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
        last = b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
        with self.lab.connect() as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(request * 3)
            for i in range(0, len(request), 5):
                sock.sendall(request[i:i + 5])
                time.sleep(0.002)
            sock.sendall(last)
            self.assertEqual(peer.drain(sock).count(b'200 OK'), 5)

    def test_nonsense_is_answered_400(self):
        with self.lab.connect() as sock:
            sock.sendall(b'\x16\x03\x01\x02\x00\x01\r\n\r\n')
            self.assertTrue(peer.drain(sock).startswith(b'HTTP/1.1 400 '))

    def test_closed_port_refuses_at_once(self):
        started = time.monotonic()
        for port in (1, 79, 81, 443, 65535):
            with self.assertRaises(ConnectionRefusedError):
                self.lab.connect(port)
        self.assertLess(time.monotonic() - started, 0.5)

    def test_udp_does_no_harm(self):
        with self.lab.peer:
            sock = socket.socket(self.family.af, socket.SOCK_DGRAM)
        hops = (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if self.family.is6 else (socket.IPPROTO_IP, socket.IP_TTL)
        before = self.weir.stats()['drops'].get('ip_protocol', 0)
        with sock:
            for port in range(33434, 33464):  # where traceroute sends to
                for ttl in (1, 2, 64):
                    sock.setsockopt(*hops, ttl)
                    sock.sendto(b'x' * 32, (self.family.weir, port))
        self.assertEqual(self.weir.stats()['drops'].get('ip_protocol', 0) - before, 90)
        self.assertIn('200', self.curl('--head'))


@tap.needs('ping')
class Ping(ServeCase):
    title = 'ping'

    def ping(self, *arguments, count=5):
        said = self.lab.peer.run('ping', '-c', str(count), '-i', '0.2', '-W', '2', *arguments, self.family.weir)
        self.assertIn(f'{count} packets transmitted, {count} received', said)
        self.assertNotIn('wrong data', said)
        self.assertNotIn('DUP', said)

    def test_answered(self):
        self.ping()

    def test_large_and_odd_sizes_answered(self):
        for size in (0, 1, 55, 1400, 1508 - self.family.headers):
            self.ping('-s', str(size), count=1)

    def test_not_for_a_broadcast(self):
        """Nor for all nodes of the link (RFC 4443 would let it)."""
        everybody = 'ff02::1%peer0' if self.family.is6 else self.family.address(255)
        done = subprocess.run(self.lab.peer.command('ping', '-b', '-L', '-c', '1', '-W', '0.3', everybody),
                              check=False, capture_output=True)
        self.assertNotEqual(done.returncode, 0)


@tap.needs('curl')
class Sizes(labs.Case):
    title = 'size'

    def fetch(self, size):
        lab = self.make_lab()
        server = weir.Weir(lab, 'serve', '--size', size).ready()
        path = labs.scratch('body')
        for _ in range(3):
            lab.peer.run('curl', '-sS', '--max-time', '20', '-o', path, f'http://{self.family.host()}/')
            self.assertEqual(os.path.getsize(path) if os.path.exists(path) else 0, size)
        summary = server.stop()
        tap.note(weir.describe(summary))
        self.assertEqual(weir.faults(summary), [])
        self.assertGreaterEqual(summary['bytes_tx'], 3 * size)

    @tap.ipv6_if_long
    def test_0(self):
        self.fetch(0)

    def test_100000(self):
        self.fetch(100000)

    @tap.ipv6_if_long
    def test_1_MiB(self):
        self.fetch(MIB)

    @tap.ipv6_if_long
    def test_20_MiB(self):
        self.fetch(20 * MIB)


@tap.needs('wrk')
class Wrk(ServeCase):
    """No socket errors, and an orderly end."""

    title = 'wrk'

    def wrk(self, *headers):
        duration = tap.seconds(1)
        said = self.lab.peer.run('wrk', '-t', '1', '-c', '64', '-d', f'{duration}s', '--latency', *headers,
                                 f'http://{self.family.host()}/')
        tap.note(said)
        self.assertNotIn('Socket errors', said)
        self.assertNotIn('Non-2xx', said)
        self.assertGreater(int(re.search(r'(\d+) requests in', said)[1]), 500 * duration)

    def test_64_connections_keep_alive(self):
        self.wrk()

    def test_64_connections_closed_after_each_request(self):
        self.wrk('-H', 'Connection: close')

    @tap.once
    def test_of_it_all_the_summary(self):
        """Last by its name: stops the server."""
        summary = self.stop()
        self.assertEqual(weir.faults(summary, failed=summary['connections']['failed'], retransmits=None), [])


class Echo(ServeCase):
    title = 'echo'
    options = ('--app', 'echo')

    def test_1_MB_of_random_bytes_comes_back(self):
        data = os.urandom(1000000)
        with self.lab.connect() as sock:
            self.assertEqual(peer.exchange(sock, data), data)

    def test_answers_after_the_peers_half_close(self):
        data = os.urandom(100000)
        with self.lab.connect() as sock:
            sock.sendall(data[:10])
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.drain(sock), data[:10])
        with self.lab.connect() as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            time.sleep(0.2)
            self.assertEqual(peer.drain(sock), data)

    def test_holds_back_a_peer_that_does_not_read(self):
        """Its window closes, nothing is lost, and all arrives once the peer reads."""
        data = os.urandom(2 * MIB)
        small = ((socket.SOL_SOCKET, socket.SO_RCVBUF, 8192),)
        with self.lab.connect(options=small, timeout=1) as sock:
            sent = 0
            try:
                while sent < len(data):
                    sent += sock.send(data[sent:])
            except TimeoutError:
                pass
            self.assertLess(sent, len(data), 'the window never closed')
            sock.settimeout(20)
            got = bytearray()
            while len(got) < sent:
                got += sock.recv(65536)
            self.assertEqual(bytes(got), data[:sent])
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(sock.recv(1), b'')

    def test_100_connections_at_once(self):
        socks = [self.lab.connect() for _ in range(100)]
        for i, sock in enumerate(socks):
            sock.sendall(b'%d' % i * 100)
        for i, sock in enumerate(socks):
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.drain(sock), b'%d' % i * 100)
            sock.close()

    @tap.ipv6_if_long
    def test_peers_reset_ends_it(self):
        with self.lab.connect() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
            sock.sendall(b'x')
            self.assertEqual(sock.recv(1), b'x')
            before = self.weir.stats()['failures'].get('reset', 0)
        stats = self.weir.stats()
        self.assertEqual(stats['failures'].get('reset', 0), before + 1)


class Discard(ServeCase):
    title = 'discard'
    options = ('--app', 'discard')

    @tap.once
    def test_reads_all_and_sends_nothing(self):
        data = bytes(8 * MIB)
        for self.lab.family in self.families:
            with self.lab.connect() as sock:
                self.assertEqual(peer.exchange(sock, data), b'')
        summary = self.stop()
        self.assertEqual(weir.faults(summary), [])
        self.assertEqual(summary['bytes_rx'], len(data) * len(self.families))
        self.assertEqual(summary['bytes_tx'], 0)


class Accept(ServeCase):
    title = 'accept'
    options = ('--app', 'accept', '--msl', '500ms')

    def test_data_after_its_close_is_answered_by_reset(self):
        with self.lab.connect() as sock:
            self.assertEqual(sock.recv(1), b'')
            sock.sendall(b'too late')

            def is_reset():
                return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (errno.EPIPE, errno.ECONNRESET)

            labs.until(is_reset, 2, 'a reset')

    def test_a_port_that_waits_is_taken_again_at_once(self):
        """RFC 6191: by its timestamp, or without one by its sequence number."""
        for timestamps in (1, 0):
            self.lab.peer.sysctl('net/ipv4/tcp_timestamps', timestamps)
            started = time.monotonic()
            for _ in range(20):
                with self.lab.connect(from_port=23456 + timestamps) as sock:
                    self.assertEqual(sock.recv(1), b'')
                labs.until(lambda: self.lab.peer.sockstat()['inuse'] == 0, 2, 'the ACK of its FIN')
                time.sleep(0.002)  # Linux's timestamps count milliseconds
            self.assertLess(time.monotonic() - started, 1)  # when a SYN would be sent again
        self.lab.peer.sysctl('net/ipv4/tcp_timestamps', 1)
        # Linux resets what refuses its SYN and tries again within milliseconds.
        self.assertNotIn('time_wait_syn', self.weir.stats()['drops'])

    @tap.once
    def test_it_closes_at_once_and_waits_in_time_wait(self):
        """Last by its name: stops the server."""
        before = self.weir.stats()['connections']['closed']
        for n in range(1000):
            self.lab.family = self.families[n % 2]
            with self.lab.connect() as sock:
                self.assertEqual(sock.recv(1), b'')
        labs.until(lambda: self.weir.stats()['states']['TIME-WAIT'] == 0, 5, 'the end of TIME-WAIT')
        summary = self.stop()
        self.assertEqual(summary['connections']['closed'] - before, 1000)
        self.assertEqual(weir.faults(summary, failed=summary['connections']['failed']), [])


class Ends(labs.Case):
    """What SIGTERM does to connections."""

    title = 'stop'

    def test_closes_idle_connections_properly(self):
        lab = self.make_lab()
        server = weir.Weir(lab, 'serve').ready()
        with lab.connect() as idle, lab.connect() as used:
            used.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            self.assertTrue(used.recv(1000).startswith(b'HTTP/1.1 200'))
            server.process.terminate()
            for sock in (idle, used):
                self.assertEqual(sock.recv(1), b'')
                sock.close()
            self.assertEqual(weir.faults(server.finish()), [])

    @tap.only_long
    def test_resets_what_the_peer_does_not_close(self):
        lab = self.make_lab()
        server = weir.Weir(lab, 'serve').ready()
        with lab.connect() as sock:
            started = time.monotonic()
            server.process.terminate()
            self.assertEqual(sock.recv(1), b'')
            summary = server.finish()
            self.assertLess(time.monotonic() - started, 10)
            self.assertEqual(summary['connections']['open'], 0)
            with self.assertRaises((ConnectionResetError, BrokenPipeError)):
                sock.sendall(b'x')
                sock.sendall(b'x')

    @tap.ipv6_if_long
    def test_second_signal_stops_at_once(self):
        lab = self.make_lab()
        server = weir.Weir(lab, 'serve').ready()
        with lab.connect() as sock:
            server.process.terminate()
            self.assertEqual(sock.recv(1), b'')
            time.sleep(0.2)  # two at once would be one wish: timeout(1) sends two
            started = time.monotonic()
            server.process.terminate()
            server.finish(expected=1)
            self.assertLess(time.monotonic() - started, 2)


if __name__ == '__main__':
    tap.main()
