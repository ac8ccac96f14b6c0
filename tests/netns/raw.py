# SPDX-License-Identifier: BSD-3-Clause
"""A client without a stack: it sends what it is told to, and nothing answers behind its back but ARP and
neighbour discovery.

Its address is not Linux's, which drops what comes for it. A connection may go on over another lab's wire:
set Client.wire.
"""

import ipaddress
import socket
import struct
import time

import frames
from frames import ACK, FIN, RST, SYN

NUMBER = 77  # of its address
MASK = 0xffffffff
TIMEOUT_S = 2


class Wire:
    """At the peer's interface, as an address of the lab's family that nobody has."""

    def __init__(self, lab, at=None):
        """at: the namespace and interface to be at, other than the peer's."""
        namespace, interface = at or (lab.peer, lab.peer_interface)
        self.sock = namespace.packet_socket(interface)
        self.mac = lab.peer.mac(lab.peer_interface)
        self.to = lab.weir.mac('weir0')
        self.address = lab.family.address(NUMBER)
        self.weir = lab.family.weir

    def send(self, payload, ethertype=None, dst=None):
        """A packet of the family, or another payload; dst: another MAC address than weir's."""
        self.sock.send(frames.ethernet(dst or self.to, self.mac, payload, ethertype or frames.type_of(self.address)))

    def answer_arp(self, frame):
        op, asker_mac, asker, target = struct.unpack_from('!H6s4s6x4s', frame, 20)
        if op == 1 and target == frames.packed(self.address):
            self.send(frames.arp(2, self.mac, self.address, asker_mac, socket.inet_ntoa(asker)), frames.ARP)

    def answer_solicitation(self, frame):
        if frame[54] == frames.SOLICITATION and frame[62:78] == frames.packed(self.address):
            self.send(frames.neighbour(frames.ADVERTISEMENT, self.address, str(ipaddress.IPv6Address(frame[22:38])),
                                       self.address, self.mac, frames.SOLICITED | frames.OVERRIDE))

    def answer(self, frame):
        """Whoever asks for the address is told where it is."""
        if frame[12:14] == b'\x08\x06':
            self.answer_arp(frame)
        elif frame[12:14] == b'\x86\xdd' and frame[20] == frames.ICMPV6:
            self.answer_solicitation(frame)

    def receive(self, port, timeout=TIMEOUT_S):
        """The next segment for that port of the address with its payload, or None and none."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame = self.sock.recv(65535)
            except TimeoutError:
                break
            self.answer(frame)
            seg = frames.read(frame)
            if seg and (seg.dst, seg.dport) == (self.address, port):
                start = frames.payload_at(frame, seg)
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
        wire = self.wire
        segment = frames.tcp(wire.address, wire.weir, self.port, 80, flags, seq=seq & MASK,
                             ack=ack & MASK if flags & ACK else 0, payload=payload,
                             options=b'' if flags & RST else self.options(flags & SYN))
        wire.send(frames.packet(wire.address, wire.weir, segment))

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
