# SPDX-License-Identifier: BSD-3-Clause
"""A wire that loses what it is told to: it forwards frames between two cables and keeps a log.

    weir0 ---- left0  [shim, in the middle namespace]  right0 ---- peer0
"""

import select
import socket
import threading
import time
from typing import NamedTuple

import frames

OUTGOING = 4  # PACKET_OUTGOING: the shim's own frames, which its sockets see too


class Entry(NamedTuple):
    time: float
    from_weir: bool
    segment: frames.Segment
    lost: bool
    frame: bytes


class Shim:
    """rule(segment, from_weir, log) is asked for each TCP segment, and True loses it; mark(frame, from_weir) gives back what
    goes on."""

    def __init__(self, lab, rule=None, mark=None):
        self.rule = rule
        self.mark = mark
        self.log = []
        self.error = None
        self.left = lab.middle.packet_socket('left0')
        self.right = lab.middle.packet_socket('right0')
        self.stopping, self.stopped = socket.socketpair()
        self.thread = threading.Thread(target=self.forward, daemon=True)
        self.thread.start()

    def forward(self):
        try:
            while True:
                readable, _, _ = select.select([self.left, self.right, self.stopped], [], [])
                if self.stopped in readable:
                    return
                for sock in readable:
                    frame, address = sock.recvfrom(65535)
                    if address[2] != OUTGOING:
                        self.pass_on(frame, sock is self.left)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def pass_on(self, frame, from_weir):
        segment = frames.read(frame)
        lost = bool(segment and self.rule and self.rule(segment, from_weir, self.log))
        if segment:
            self.log.append(Entry(time.monotonic(), from_weir, segment, lost, frame))
        if segment and self.mark:
            frame = self.mark(frame, from_weir)
        if not lost:
            (self.right if from_weir else self.left).send(frame)

    def to_weir(self, frame):
        """Sends a frame as if the peer had."""
        self.left.send(frame)

    def of(self, port):
        """The log of the connection that has this port at its client."""
        return [entry for entry in list(self.log) if port in (entry.segment.sport, entry.segment.dport)]

    def lost(self, port):
        return [entry.segment for entry in self.of(port) if entry.lost]

    def close(self):
        self.stopping.send(b'.')
        self.thread.join(5)
        for sock in (self.left, self.right, self.stopping, self.stopped):
            sock.close()
        if self.error:
            raise AssertionError('the shim failed') from self.error
