# SPDX-License-Identifier: BSD-3-Clause
"""What may stand between weir and its peer: it forwards frames between two cables. A wire that loses what it is told to
and keeps a log, or a switch between a VLAN and those who know nothing of it.

    weir0 ---- left0  [shim, in the middle namespace]  right0 ---- peer0
"""

import select
import socket
import struct
import threading
import time
from typing import NamedTuple

import frames

SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 1 << 4
OUTGOING = 4  # PACKET_OUTGOING: the shim's own frames, which its sockets see too


class Entry(NamedTuple):
    time: float
    from_weir: bool
    segment: frames.Segment
    lost: bool
    frame: bytes


def tag_of(ancillary):
    """The VLAN tag that the kernel took off a frame, or None."""
    for _, kind, data in ancillary:
        if kind == PACKET_AUXDATA:
            status, _, _, _, _, tag = struct.unpack_from('=IIIHHH', data)
            return tag if status & VLAN_VALID else None
    return None


class Middle:
    """Has pass_on(frame, tag, from_weir) called with each frame, in a thread of its own."""

    def __init__(self, lab):
        self.error = None
        self.left = lab.left[0].packet_socket(lab.left[1])
        self.right = lab.right[0].packet_socket(lab.right[1])
        for sock in (self.left, self.right):
            sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
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
                    frame, ancillary, _, address = sock.recvmsg(65535, 256)
                    if address[2] != OUTGOING:
                        self.pass_on(frame, tag_of(ancillary), sock is self.left)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def close(self):
        self.stopping.send(b'.')
        self.thread.join(5)
        for sock in (self.left, self.right, self.stopping, self.stopped):
            sock.close()
        if self.error:
            raise AssertionError('the middle failed') from self.error


class Switch(Middle):
    """Left is a trunk, right an access port of one VLAN: tags are put on to the left, and taken off to the right."""

    def __init__(self, lab, vlan):
        self.vlan = vlan
        super().__init__(lab)

    def pass_on(self, frame, tag, from_weir):
        if not from_weir:
            self.left.send(frame[:12] + struct.pack('!HH', frames.VLAN, self.vlan) + frame[12:])
        elif tag is not None and tag & 0xfff == self.vlan:
            self.right.send(frame)


class Shim(Middle):
    """rule(segment, from_weir, log) is asked for each TCP segment, and True loses it; mark(frame, from_weir) gives back what
    goes on."""

    def __init__(self, lab, rule=None, mark=None):
        self.rule = rule
        self.mark = mark
        self.log = []
        super().__init__(lab)

    def pass_on(self, frame, tag, from_weir):
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
