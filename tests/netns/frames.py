# SPDX-License-Identifier: BSD-3-Clause
"""Frames as bytes: written with every field open to be wrong, and read back."""

import ipaddress
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
ECT0, CE = 2, 3  # the two low bits of TOS and of the traffic class (RFC 3168)
IPV4, ARP, VLAN, IPV6 = 0x0800, 0x0806, 0x8100, 0x86dd
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
BROADCAST = b'\xff' * 6
SOLICITATION, ADVERTISEMENT, ROUTER_ADVERTISEMENT = 135, 136, 134  # RFC 4861
FROM_ROUTER, SOLICITED, OVERRIDE = 0x80, 0x40, 0x20  # flags of advertisements


def packed(address):
    return ipaddress.ip_address(address).packed


def is6(address):
    return ':' in address


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ecn_of(frame):
    if frame[12:14] == b'\x86\xdd':
        return frame[15] >> 4 & 3
    return frame[15] & 3


def with_ecn(frame, ecn):
    """The same packet with these two bits."""
    if frame[12:14] == b'\x86\xdd':
        return frame[:15] + bytes([frame[15] & ~0x30 | ecn << 4]) + frame[16:]
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


def ip6(src, dst, payload, protocol=TCP, **field):
    """field: version, length (of the payload, as it stands in the header), hops, label."""
    head = struct.pack('!IHBB', field.get('version', 6) << 28 | field.get('label', 0), field.get('length', len(payload)),
                       protocol, field.get('hops', 64))
    return head + packed(src) + packed(dst) + payload


def packet(src, dst, payload, protocol=TCP):
    """In the family of its addresses."""
    return (ip6 if is6(src) else ip)(src, dst, payload, protocol)


def type_of(address):
    """The EtherType of packets with such addresses."""
    return IPV6 if is6(address) else IPV4


def pseudo(src, dst, protocol, length):
    """The header that checksums begin with."""
    if is6(src):
        return packed(src) + packed(dst) + struct.pack('!II', length, protocol)
    return packed(src) + packed(dst) + struct.pack('!BBH', 0, protocol, length)


def tcp(src, dst, sport, dport, flags, **field):
    """A segment for packet(); field: seq, ack, window, header_words, options, payload, csum (as above)."""
    options = field.get('options', b'')
    segment = struct.pack('!HHIIBBHHH', sport, dport, field.get('seq', 0), field.get('ack', 0),
                          field.get('header_words', 5 + len(options) // 4) << 4, flags, field.get('window', 65535),
                          0, 0) + options + field.get('payload', b'')
    right = checksum(pseudo(src, dst, TCP, len(segment)) + segment)
    return segment[:16] + struct.pack('!H', (right + field.get('csum', 0)) & 0xffff) + segment[18:]


def icmp(kind, code=0, payload=b'', csum=0):
    message = struct.pack('!BBHHH', kind, code, 0, 1, 1) + payload
    return message[:2] + struct.pack('!H', (checksum(message) + csum) & 0xffff) + message[4:]


def icmp6(src, dst, kind, code=0, body=bytes(4), csum=0):
    """A message; body: all behind the checksum."""
    message = struct.pack('!BBH', kind, code, 0) + body
    right = checksum(pseudo(src, dst, ICMPV6, len(message)) + message)
    return message[:2] + struct.pack('!H', (right + csum) & 0xffff) + message[4:]


def neighbour(kind, src, dst, target, mac, flags=0, **field):
    """A solicitation or an advertisement of a neighbour as a packet, with its link-layer option; mac None: without.
    field: hops, code, csum."""
    option = struct.pack('!BB', 1 if kind == SOLICITATION else 2, 1) + mac if mac else b''
    message = icmp6(src, dst, kind, field.get('code', 0), struct.pack('!I', flags << 24) + packed(target) + option,
                    field.get('csum', 0))
    return ip6(src, dst, message, ICMPV6, hops=field.get('hops', 255))


def solicited_node(address):
    """The group that solicitations for an address go to."""
    return str(ipaddress.IPv6Address(packed('ff02::1:ff00:0')[:13] + packed(address)[13:]))


def group_mac(group):
    return b'\x33\x33' + packed(group)[12:]


def arp(op, sender_mac, sender, target_mac, target, hardware=1):
    return struct.pack('!HHBBH6s4s6s4s', hardware, IPV4, 6, 4, op, sender_mac, packed(sender), target_mac,
                       packed(target))


class Segment(NamedTuple):
    """TCP as it stood in a frame; numbers are absolute."""
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
    if len(frame) < 54:
        return None
    (ethertype,) = struct.unpack_from('!H', frame, 12)
    if ethertype == IPV4 and frame[23] == TCP:
        start, end = 14 + (frame[14] & 15) * 4, 14 + struct.unpack_from('!H', frame, 16)[0]
        src, dst = frame[26:30], frame[30:34]
    elif ethertype == IPV6 and frame[20] == TCP:
        start, end = 54, 54 + struct.unpack_from('!H', frame, 18)[0]
        src, dst = frame[22:38], frame[38:54]
    else:
        return None
    sport, dport, seq, ack, offset, flags, window = struct.unpack_from('!HHIIBBH', frame, start)
    data = start + (offset >> 4) * 4
    return Segment(str(ipaddress.ip_address(src)), str(ipaddress.ip_address(dst)), sport, dport, seq, ack, flags, window,
                   end - data, frame[start + 20:data])


def payload_at(frame, seg):
    """Where the payload of a frame's segment begins."""
    return (54 if frame[12:14] == b'\x86\xdd' else 14 + (frame[14] & 15) * 4) + 20 + len(seg.options)
