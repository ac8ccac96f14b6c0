#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""SYN cookies and the guard before Linux's clients: what a cookie keeps, and what floods do to connections."""

import os
import re
import unittest
from typing import NamedTuple

import capture
import lab as labs
import peer
import shim
import tap
import weir
from frames import ACK, SYN

BODY = 5000000
CONNECTIONS = 16  # of wrk, at once


def serve(case, lab, *options):
    case.addCleanup(lab.close)
    return weir.Weir(lab, 'serve', *options).ready()


def wrk(lab, seconds):
    """A connection for each request; at its end it resets those that are open. Returns what it said."""
    return lab.peer.run('wrk', '-t', '1', '-c', str(CONNECTIONS), '-d', f'{seconds}s', '-H', 'Connection: close',
                        f'http://{labs.WEIR}/')


def faults_of_wrk(said):
    return [line.strip() for line in said.splitlines() if 'Socket errors' in line or 'Non-2xx' in line]


def requests_of(said):
    return int(re.search(r'(\d+) requests in', said)[1])


def half_opens(server):
    """The most that a second's line told of."""
    return max(line['connections']['half_open'] for line in server.lines if 'connections' in line)


class Row(NamedTuple):
    """A segment as tshark shows it; numbers are relative, a window is scaled by what the SYNs said."""
    sport: int
    flags: int
    seq: int
    ack: int
    length: int
    window: int
    tsval: str
    sack: str
    wscale: str
    sack_ok: str

    FIELDS = ('tcp.srcport', 'tcp.flags', 'tcp.seq', 'tcp.ack', 'tcp.len', 'tcp.window_size', 'tcp.options.timestamp.tsval',
              'tcp.options.sack_le', 'tcp.options.wscale.shift', 'tcp.options.sack_perm')

    @classmethod
    def read(cls, path, port):
        rows = capture.tshark(path, cls.FIELDS, f'tcp.port == {port}')
        return [cls(int(row[0]), int(row[1], 16), *map(int, row[2:6]), *row[6:]) for row in rows]


def most_in_flight(rows, port):
    """Bytes of the server on the way at once, at its own end."""
    most = acked = 0
    for row in rows:
        if row.sport != port:
            acked = max(acked, row.ack)
        else:
            most = max(most, row.seq + row.length - acked)
    return most


class Losing:
    """A rule for the shim: of the data segments of one side, the first time that they come, it loses these."""

    def __init__(self, from_weir, which=(400, 402, 405)):
        self.from_weir = from_weir
        self.which = which
        self.seen = 0
        self.top = None

    def __call__(self, seg, from_weir, log):
        if from_weir != self.from_weir or seg.length == 0:
            return False
        if self.top is not None and (seg.end - self.top) & 0x80000000:
            return False
        self.top = seg.end
        self.seen += 1
        return self.seen in self.which


@tap.needs('tshark', 'dumpcap', 'curl', 'wrk')
class Kept(unittest.TestCase):
    """Every SYN is answered by a cookie, and Linux's connections have what they asked for."""

    title = 'cookies always'
    timestamps = 1

    def server(self, *options, middle=False):
        lab = labs.Lab(middle=middle, patient=not middle)
        lab.peer.sysctl('net/ipv4/tcp_timestamps', self.timestamps)
        return lab, serve(self, lab, '--syn-defence', 'always', *options)

    def stop(self, server, left_by_wrk=0, **expected):
        """Checks its summary, in which every connection came from a cookie."""
        summary = server.stop()
        failed = summary['failures'].get('reset', 0)
        self.assertLessEqual(failed, left_by_wrk)
        tap.note(f'{weir.describe(summary)}, cookies {summary["cookies"]}')
        self.assertEqual(weir.faults(summary, failed=failed, **expected), [])
        self.assertGreater(summary['cookies']['accepted'], 0)
        self.assertEqual(summary['cookies']['accepted'], summary['connections']['established'])
        self.assertGreaterEqual(summary['cookies']['sent'], summary['cookies']['accepted'])
        self.assertEqual(half_opens(server), 0)

    def through_loss(self, port, from_weir, talk, *options):
        """talk(lab) while three segments are lost. Returns the connection's segments, as weir sends and gets them."""
        lab, server = self.server('--listen', port, *options, middle=True)
        wire = shim.Shim(lab, Losing(from_weir))
        self.addCleanup(wire.close)
        recording = capture.Recording(lab, lab.middle, 'left0', 'tcp')
        talk(lab)
        rows = Row.read(recording.stop(), port)
        self.assertEqual(sum(entry.lost for entry in wire.log), 3)
        self.stop(server, retransmits=None)
        return rows

    def check_options(self, rows, port):
        ours = [row for row in rows if row.sport == port]
        syn_ack = ours[0]
        self.assertEqual(syn_ack.flags & (SYN | ACK), SYN | ACK)
        self.assertTrue(syn_ack.wscale and syn_ack.sack_ok, syn_ack)
        if not self.timestamps:
            self.assertEqual([row for row in rows if row.tsval], [])
            return
        self.assertEqual([row for row in rows if not row.tsval], [])
        for before, after in zip(ours, ours[1:]):
            self.assertLess((int(after.tsval) - int(before.tsval)) & 0xffffffff, 1 << 31, f'{before}\n{after}')

    def test_curl_fetches_5_MB_through_loss(self):
        path = labs.scratch('body')

        def talk(lab):
            lab.peer.run('curl', '-sS', '-o', path, '-H', 'Connection: close', f'http://{labs.WEIR}/')

        rows = self.through_loss(80, True, talk, '--size', BODY)
        self.assertEqual(os.path.getsize(path), BODY)
        self.check_options(rows, 80)
        blocks = sum(bool(row.sack) for row in rows if row.sport != 80)
        most = most_in_flight(rows, 80)
        tap.note(f'{most} bytes in flight, {blocks} segments of Linux with SACK blocks')
        self.assertGreater(blocks, 0)
        self.assertGreater(most, 65535)  # Linux's window, which weir knows from nothing but the cookie

    def test_echo_of_2_MB_through_loss(self):
        data = os.urandom(2000000)

        def talk(lab):
            with lab.connect(7) as sock:
                self.assertEqual(peer.exchange(sock, data), data)

        rows = self.through_loss(7, False, talk, '--app', 'echo')
        self.check_options(rows, 7)
        ours = [row for row in rows if row.sport == 7]
        blocks = sum(bool(row.sack) for row in ours)
        most = max(row.window for row in ours)
        tap.note(f'a window of {most}, {blocks} segments of weir with SACK blocks')
        self.assertGreater(blocks, 0)
        self.assertGreater(most, 65535)

    def test_wrk(self):
        lab, server = self.server()
        said = wrk(lab, tap.seconds(1))
        self.assertEqual(faults_of_wrk(said), [])
        self.assertGreater(requests_of(said), 100)
        self.stop(server, left_by_wrk=CONNECTIONS)


class KeptWithoutTimestamps(Kept):
    """The same in fewer bits."""

    title = 'cookies always, no timestamps'
    timestamps = 0


if __name__ == '__main__':
    tap.main()
