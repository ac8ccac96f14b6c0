#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Marks on the way between weir and Linux (RFC 3168): each side tells of them, and slows down for the other's."""

import os

import frames
import lab as labs
import peer
import shim
import tap
import weir
from frames import ACK, CWR, ECE, SYN

PORT = 7
DATA = os.urandom(300000)
EVERY = 25  # of the frames that may be marked, each way


class Marker:
    """Marks what is ECT(0), one in so many, and keeps account of both directions."""

    def __init__(self):
        self.seen = {True: 0, False: 0}
        self.marked = {True: 0, False: 0}

    def __call__(self, frame, from_weir):
        if frames.ecn_of(frame) != frames.ECT0:
            return frame
        self.seen[from_weir] += 1
        if self.seen[from_weir] % EVERY:
            return frame
        self.marked[from_weir] += 1
        return frames.with_ecn(frame, frames.CE)


class Ecn(labs.Case):
    title = 'ECN'

    def test_marks_in_both_directions(self):
        lab = self.make_lab(middle=True)
        lab.peer.sysctl('net/ipv4/tcp_ecn', 1)
        marker = Marker()
        wire = shim.Shim(lab, mark=marker)
        self.addCleanup(wire.close)
        server = weir.Weir(lab, 'serve', '--app', 'echo', '--listen', PORT).ready()
        with lab.connect(PORT) as sock:
            self.assertEqual(peer.exchange(sock, DATA), DATA)
        server.stop()
        for from_weir in (True, False):
            self.assertGreater(marker.marked[from_weir], 2)
            segs = [e.segment for e in wire.log if e.from_weir == from_weir and not e.segment.has(SYN)]
            who = 'weir' if from_weir else 'Linux'
            self.assertTrue(any(seg.has(ACK | ECE) for seg in segs), f'{who} tells of no mark')
            self.assertTrue(any(seg.has(CWR) and seg.length for seg in segs), f'{who} never slows down')


if __name__ == '__main__':
    tap.main()
