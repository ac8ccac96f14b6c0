#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Segments lost on purpose between weir and Linux, and what TIME-WAIT does for the last of them."""

import contextlib
import socket
import threading
import time

import frames
import lab as labs
import peer
import shim
import tap
import weir
from frames import ACK, FIN, RST, SYN

MSL_S = 2


class Plan:
    """A rule for the shim: the n-th connection (by its SYN) loses the n-th of these."""

    KINDS = ('nothing', 'SYN', 'SYN-ACK', 'third of the handshake', 'request', 'answer',
             'FIN of the first to close', 'FIN of the second', 'last ACK')

    def __init__(self, server_port):
        self.server_port = server_port
        self.ports = []
        self.done = set()

    def __call__(self, seg, from_weir, log):
        from_client = seg.dport == self.server_port
        port = seg.sport if from_client else seg.dport
        if seg.has(RST) or port in self.done:
            return False
        if port not in self.ports:
            self.ports.append(port)
        index = self.ports.index(port)
        kind = self.KINDS[index] if index < len(self.KINDS) else 'nothing'
        if not self.is_it(kind, seg, from_client, log, port):
            return False
        self.done.add(port)
        return True

    @staticmethod
    def is_it(kind, seg, from_client, log, port):
        fins = [e.segment for e in log if port in (e.segment.sport, e.segment.dport) and e.segment.has(FIN)]
        if kind == 'SYN':
            return seg.has(SYN) and from_client
        if kind == 'SYN-ACK':
            return seg.has(SYN | ACK)
        if kind == 'third of the handshake':  # weir's carries the request
            return from_client and not seg.has(SYN)
        if kind == 'request':
            return from_client and seg.length > 0
        if kind == 'answer':
            return not from_client and seg.length > 0
        if kind == 'FIN of the first to close':
            return seg.has(FIN) and not fins
        if kind == 'FIN of the second':
            return seg.has(FIN) and bool(fins) and fins[0].sport != seg.sport
        if kind == 'last ACK':
            return not seg.has(FIN) and bool(fins) and fins[-1].sport != fins[0].sport and fins[0].sport == seg.sport
        return False


def story(entries):
    """The log of a connection, for people."""
    start = entries[0].time if entries else 0
    return '\n'.join(f'    {e.time - start:7.3f} {"LOST " if e.lost else ""}{e.segment}' for e in entries)


class LossCase(labs.Case):
    def setUp(self):
        self.lab = self.make_lab(middle=True, patient=False)

    def wire(self, plan=None):
        wire = shim.Shim(self.lab, plan)
        self.addCleanup(wire.close)
        return wire

    def check(self, wire, plan, but=None):
        """Each connection lost just what was meant, opened, and closed by a FIN each way that was acknowledged."""
        self.assertEqual(len(plan.ports), len(plan.KINDS))
        for port, kind in zip(plan.ports, plan.KINDS):
            if kind == but:
                continue
            entries = wire.of(port)
            text = f'{kind} lost:\n{story(entries)}'
            self.assertEqual(len(wire.lost(port)), kind != 'nothing', text)
            arrived = [e.segment for e in entries if not e.lost]
            self.assertFalse(any(seg.has(RST) for seg in arrived), text)
            self.assertTrue(any(seg.has(SYN | ACK) for seg in arrived), text)
            for from_weir in (True, False):
                fins = [e.segment for e in entries if e.from_weir == from_weir and e.segment.has(FIN) and not e.lost]
                self.assertTrue(fins, text)
                acked = [e for e in entries if e.from_weir != from_weir and not e.lost and
                         e.segment.ack == fins[-1].end]
                self.assertTrue(acked, text)


class WeirServes(LossCase):
    """Linux opens; who closes first is said by the request."""

    title = 'loss, weir serves'

    def talk(self, errors, client_closes):
        request = b'GET / HTTP/1.1\r\nHost: a\r\n' + (b'' if client_closes else b'Connection: close\r\n') + b'\r\n'
        try:
            with self.lab.connect(timeout=10) as sock:
                sock.sendall(request)
                answer = sock.recv(4096)
                if client_closes:
                    sock.shutdown(socket.SHUT_WR)
                answer += peer.drain(sock)
            if not answer.startswith(b'HTTP/1.1 200 OK'):
                errors.append(answer)
        except OSError as error:
            errors.append(error)

    def all_kinds(self, client_closes):
        plan = Plan(80)
        wire = self.wire(plan)
        server = weir.Weir(self.lab, 'serve', '--msl', f'{MSL_S}s').ready()
        errors, threads = [], []
        for _ in plan.KINDS:
            threads.append(threading.Thread(target=self.talk, args=(errors, client_closes)))
            threads[-1].start()
            time.sleep(0.02)
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        # The last that is mended is the FIN of whoever is in LAST-ACK.
        time.sleep(1.5)
        summary = server.stop()
        self.check(wire, plan)
        self.assertEqual(weir.faults(summary, retransmits=None), [])
        self.assertEqual(summary['connections']['closed'], len(plan.KINDS))
        return summary

    def test_any_segment_once_client_closes_first(self):
        self.all_kinds(True)

    @tap.ipv6_if_long
    def test_any_segment_once_server_closes_first(self):
        self.all_kinds(False)


class WeirLoads(LossCase):
    """weir opens and closes first, or has Linux do it."""

    title = 'loss, weir loads'

    def all_kinds(self, close):
        plan = Plan(7)
        wire = self.wire(plan)

        def answer(sock):
            sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK' if sock.recv(4096) else b'')
            if close == 'fin':
                peer.drain(sock)
            else:
                sock.shutdown(socket.SHUT_WR)
                peer.drain(sock)

        with contextlib.closing(peer.Server(self.lab, answer)) as server:
            summary = weir.Weir(self.lab, 'load', '--connect', self.family.at(7, self.family.peer), '--rate', len(plan.KINDS),
                                '--duration', '1s', '--close', close).finish()
            labs.until(lambda: server.served == len(plan.KINDS), 5)
        tap.note(weir.describe(summary))
        self.assertEqual(server.errors, [])
        self.assertEqual(weir.faults(summary, retransmits=None), [])
        self.assertEqual(summary['connections']['closed'], len(plan.KINDS))
        return wire, plan

    @tap.ipv6_if_long
    def test_any_segment_once_weir_closes_first(self):
        """weir may be gone when Linux's FIN comes again for want of the last ACK: that one is left out."""
        wire, plan = self.all_kinds('fin')
        self.check(wire, plan, but='last ACK')

    def test_any_segment_once_linux_closes_first(self):
        wire, plan = self.all_kinds('peer')
        self.check(wire, plan)


@tap.ipv6_if_long
class TimeWait(LossCase):
    """With an MSL of 2 s it lasts 4 s, and answers the peer's FIN as often as it comes."""

    title = 'TIME-WAIT'

    def setUp(self):
        super().setUp()
        # Linux knows nothing of a connection that it has closed: its RSTs would end TIME-WAIT (RFC 9293 3.10.7.4).
        self.shim = self.wire(lambda seg, from_weir, log: seg.has(RST) and not from_weir)
        self.weir = weir.Weir(self.lab, 'serve', '--app', 'accept', '--msl', f'{MSL_S}s').ready()

    def closed_connection(self):
        """A connection that weir closed first: its client's port, the peer's FIN and when the end was."""
        with self.lab.connect() as sock:
            port = sock.getsockname()[1]
            self.assertEqual(sock.recv(1), b'')
        fin = labs.until(lambda: next((e for e in self.shim.of(port) if e.segment.has(FIN) and not e.from_weir),
                                      None), 2, 'a FIN')
        labs.until(lambda: self.shim.of(port)[-1].from_weir, 2, 'its ACK')
        return port, fin.frame, time.monotonic()

    def answer_to(self, port, frame):
        """What weir says to a frame, within 0.3 s."""
        before = len(self.shim.of(port))
        self.shim.to_weir(frame)
        deadline = time.monotonic() + 0.3
        while time.monotonic() < deadline:
            for entry in self.shim.of(port)[before:]:
                if entry.from_weir:
                    return entry.segment
            time.sleep(0.005)
        return None

    @staticmethod
    def wait(since, seconds):
        time.sleep(max(0, since + seconds - time.monotonic()))

    def test_lasts_4_s_and_a_fin_that_comes_again_restarts_it(self):
        left, long, again = (self.closed_connection() for _ in range(3))
        self.assertEqual(self.weir.stats()['states']['TIME-WAIT'], 3)

        self.wait(again[2], 3)
        self.is_acked(again)
        self.wait(left[2], 3.7)
        self.is_acked(left)
        self.wait(long[2], 4.4)
        said = self.answer_to(*long[:2])
        self.assertIsNotNone(said)
        self.assertTrue(said.has(RST), f'after 4.4 s TIME-WAIT is still there: {said}')
        self.wait(again[2], 6.6)
        self.is_acked(again)
        self.assertEqual(weir.faults(self.weir.stop(), retransmits=None), [])

    def is_acked(self, connection):
        port, fin, since = connection
        said = self.answer_to(port, fin)
        text = f'{time.monotonic() - since:.1f} s after the end: {said}'
        self.assertIsNotNone(said, text)
        self.assertEqual(said.flags, ACK, text)
        self.assertEqual(said.ack, frames.read(fin).end, text)


if __name__ == '__main__':
    tap.main()
