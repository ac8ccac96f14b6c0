# SPDX-License-Identifier: BSD-3-Clause
"""Frames as bytes: written with every field open to be wrong, and read back."""

import ipaddress
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
ECT0, CE = 2, 3  # the two low bits of TOS (RFC 3168)
IPV4, ARP = 0x0800, 0x0806
ICMP, TCP, UDP = 1, 6, 17
BROADCAST = b'\xff' * 6


def packed(address):
    return ipaddress.IPv4Address(address).packed


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def with_ecn(frame, ecn):
    """The same IPv4 packet with these two bits."""
    header = bytearray(frame[14:14 + (frame[14] & 15) * 4])
    header[1] = header[1] & ~3 | ecn
    header[10:12] = b'\0\0'
    header[10:12] = struct.pack('!H', checksum(bytes(header)))
    return frame[:14] + bytes(header) + frame[14 + len(header):]


def ethernet(dst, src, payload, ethertype=IPV4):
    return dst + src + struct.pack('!H', ethertype) + payload


def ip(src, dst, payload, protocol=TCP, **field):
    """field: version, header_words, total, fragment, options, csum (added to the right one)."""
    options = field.get('options', b'')
    words = field.get('header_words', 5 + len(options) // 4)
    head = struct.pack('!BBHHHBBH4s4s', field.get('version', 4) << 4 | words, 0,
                       field.get('total', 20 + len(options) + len(payload)), 1, field.get('fragment', 0), 64,
                       protocol, 0, packed(src), packed(dst)) + options
    right = checksum(head)
    return head[:10] + struct.pack('!H', (right + field.get('csum', 0)) & 0xffff) + head[12:] + payload


def tcp(src, dst, sport, dport, flags, **field):
    """A segment for ip(); field: seq, ack, window, header_words, options, payload, csum (as above)."""
    options = field.get('options', b'')
    segment = struct.pack('!HHIIBBHHH', sport, dport, field.get('seq', 0), field.get('ack', 0),
                          field.get('header_words', 5 + len(options) // 4) << 4, flags, field.get('window', 65535),
                          0, 0) + options + field.get('payload', b'')
    pseudo = packed(src) + packed(dst) + struct.pack('!BBH', 0, TCP, len(segment))
    right = checksum(pseudo + segment)
    return segment[:16] + struct.pack('!H', (right + field.get('csum', 0)) & 0xffff) + segment[18:]


def icmp(kind, code=0, payload=b'', csum=0):
    message = struct.pack('!BBHHH', kind, code, 0, 1, 1) + payload
    return message[:2] + struct.pack('!H', (checksum(message) + csum) & 0xffff) + message[4:]


def arp(op, sender_mac, sender, target_mac, target, hardware=1):
    return struct.pack('!HHBBH6s4s6s4s', hardware, IPV4, 6, 4, op, sender_mac, packed(sender), target_mac,
                       packed(target))


class Segment(NamedTuple):
    """TCP over IPv4, as it stood in a frame; numbers are absolute."""
    src: str
    dst: str
    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    window: int
    length: int
    options: bytes

    @property
    def end(self):
        """The sequence number after it."""
        return (self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)) & 0xffffffff

    def has(self, flags):
        return self.flags & flags == flags

    def __str__(self):
        names = [name for bit, name in ((SYN, 'SYN'), (FIN, 'FIN'), (RST, 'RST'), (PSH, 'PSH'), (ACK, 'ACK'))
                 if self.flags & bit]
        return f'{self.src}:{self.sport} > {self.dst}:{self.dport} {"|".join(names)} seq {self.seq} ack {self.ack}' \
               f' len {self.length}'


def read(frame):
    """The segment in a frame, or None."""
    if len(frame) < 54 or frame[12:14] != b'\x08\x00' or frame[23] != TCP:
        return None
    start = 14 + (frame[14] & 15) * 4
    end = 14 + struct.unpack_from('!H', frame, 16)[0]
    sport, dport, seq, ack, offset, flags, window = struct.unpack_from('!HHIIBBH', frame, start)
    data = start + (offset >> 4) * 4
    return Segment(str(ipaddress.IPv4Address(frame[26:30])), str(ipaddress.IPv4Address(frame[30:34])), sport, dport,
                   seq, ack, flags, window, end - data, frame[start + 20:data])
