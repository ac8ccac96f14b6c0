# SPDX-License-Identifier: BSD-3-Clause
"""A client without a stack: it sends what it is told to, and nothing answers behind its back but ARP.

Its address is not Linux's, which drops what comes for it. A connection may go on over another lab's wire:
set Client.wire.
"""

import socket
import struct
import time

import frames
import lab as labs
from frames import ACK, FIN, RST, SYN

ADDRESS = '192.0.2.77'
MASK = 0xffffffff
TIMEOUT_S = 2


class Wire:
    """At the peer's interface, as ADDRESS."""

    def __init__(self, lab):
        self.sock = lab.peer.packet_socket(lab.peer_interface)
        self.mac = lab.peer.mac(lab.peer_interface)
        self.to = lab.weir.mac('weir0')

    def send(self, payload, ethertype=frames.IPV4):
        self.sock.send(frames.ethernet(self.to, self.mac, payload, ethertype))

    def answer_arp(self, frame):
        """Whoever asks for ADDRESS is told where it is."""
        op, asker_mac, asker, target = struct.unpack_from('!H6s4s6x4s', frame, 20)
        if op == 1 and target == frames.packed(ADDRESS):
            self.send(frames.arp(2, self.mac, ADDRESS, asker_mac, socket.inet_ntoa(asker)), frames.ARP)

    def receive(self, port, timeout=TIMEOUT_S):
        """The next segment for that port of ADDRESS with its payload, or None and none."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame = self.sock.recv(65535)
            except TimeoutError:
                break
            if frame[12:14] == b'\x08\x06':
                self.answer_arp(frame)
            seg = frames.read(frame)
            if seg and (seg.dst, seg.dport) == (ADDRESS, port):
                start = 34 + 20 + len(seg.options)
                return seg, frame[start:start + seg.length]
        return None, b''

    def close(self):
        self.sock.close()


def timestamp_of(options):
    """TSval, or None."""
    while options and options[0] != 0:
        if options[0] == 8:
            return struct.unpack_from('!I', options, 2)[0]
        options = options[1 if options[0] == 1 else options[1]:]
    return None


class Client:
    """The numbers of one connection at a time."""

    def __init__(self, wire, port, timestamps=True):
        self.wire = wire
        self.port = port
        self.timestamps = timestamps
        self.snd_nxt = 1000000
        self.rcv_nxt = 0
        self.ts_recent = 0

    def options(self, syn):
        """Of Linux: MSS, SACK permitted, timestamps and a window scale of 7."""
        ts = struct.pack('!II', int(time.monotonic() * 1000) & MASK, self.ts_recent)
        if not syn:
            return b'\1\1\x08\x0a' + ts if self.timestamps else b''
        return b'\2\4\x05\xb4' + (b'\4\2\x08\x0a' + ts if self.timestamps else b'\1\1\4\2') + b'\1\3\3\7'

    def send(self, flags, payload=b'', seq=None, ack=None):
        """A segment of the connection; seq, ack: another number than the connection's."""
        seq, ack = self.snd_nxt if seq is None else seq, self.rcv_nxt if ack is None else ack
        segment = frames.tcp(ADDRESS, labs.WEIR, self.port, 80, flags, seq=seq & MASK,
                             ack=ack & MASK if flags & ACK else 0, payload=payload,
                             options=b'' if flags & RST else self.options(flags & SYN))
        self.wire.send(frames.ip(ADDRESS, labs.WEIR, segment))

    def receive(self, timeout=TIMEOUT_S):
        return self.wire.receive(self.port, timeout)

    def syn(self):
        """Sends one. Returns the SYN-ACK, or None."""
        self.ts_recent = 0
        self.send(SYN)
        answer, _ = self.receive()
        if answer is None or not answer.has(SYN | ACK):
            return None
        self.snd_nxt += 1
        self.rcv_nxt = answer.end
        self.ts_recent = timestamp_of(answer.options) or 0
        return answer

    def ack(self, payload=b'', flags=ACK):
        self.send(flags, payload)
        self.snd_nxt += len(payload) + bool(flags & FIN)

    def read(self):
        """What weir sends, acknowledged, until its FIN, a RST (None), or nothing for TIMEOUT_S."""
        data = b''
        while True:
            seg, payload = self.receive()
            if seg is None:
                return data
            if seg.has(RST):
                return None
            if seg.seq != self.rcv_nxt or (not payload and not seg.has(FIN)):
                continue
            data += payload
            self.rcv_nxt = seg.end
            self.ts_recent = timestamp_of(seg.options) or 0
            if seg.has(FIN):
                return data
            self.ack()

    def finish(self):
        """After weir's FIN: ours with its ACK. Returns weir's ACK of it."""
        self.ack(flags=FIN | ACK)
        return self.receive()[0]
