# SPDX-License-Identifier: BSD-3-Clause
"""Captures, read by tshark, and what a connection's segments have to be."""

import signal
import subprocess
import time
from itertools import islice
from typing import NamedTuple

import frames
import lab as labs
import tap

# What is asked of tshark, in groups; the fields of FAULTS are empty where it finds nothing wrong.
FIELDS = ('frame.number', 'frame.time_epoch', 'tcp.stream', 'ip.src', 'ipv6.src', 'ip.dst', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport',
          'tcp.flags', 'tcp.seq', 'tcp.ack', 'tcp.len')
SUMS = ('ip.checksum.status', 'icmp.checksum.status', 'icmpv6.checksum.status', 'tcp.checksum.status', 'tcp.checksum')
EXPERT = ('_ws.expert.severity', '_ws.expert.message')
WARNING = 6 << 20  # tshark's severity; a RST is one, and so only what is beside TCP is judged by it
KEEP_ALIVE = 'tcp.analysis.keep_alive'  # what tshark calls a bare ACK from before a FIN
FAULTS = ('tcp.analysis.retransmission', 'tcp.analysis.fast_retransmission', 'tcp.analysis.spurious_retransmission',
          'tcp.analysis.out_of_order', 'tcp.analysis.lost_segment', 'tcp.analysis.ack_lost_segment',
          'tcp.analysis.duplicate_ack', KEEP_ALIVE, '_ws.malformed')
OPTIONS = ('ip.check_checksum:TRUE', 'tcp.check_checksum:TRUE', 'tcp.relative_sequence_numbers:TRUE',
           'tcp.analyze_sequence_numbers:TRUE', 'tcp.desegment_tcp_streams:FALSE')

LINUX = {family.peer for family in labs.BOTH}  # whose segments the kernel sent; all others' are weir's
RTO_MIN_S = 0.2  # weir's (lib/weir.h)
STILL_S = RTO_MIN_S / 2


class Recording:
    """dumpcap at one end of a cable."""

    def __init__(self, lab, namespace, interface, only=''):
        self.path = labs.scratch(f'{interface}.pcapng')
        self.process = lab.start(namespace, 'dumpcap', '-q', '-i', interface, '-B', '64', '-f', only, '-w', self.path,
                                 stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith('File:'):
                return
        raise AssertionError('dumpcap does not start')

    def stop(self):
        """Ends it and returns the file's path; frames that it missed are an error."""
        time.sleep(0.3)  # the kernel hands over a block of frames after 250 ms at the latest
        labs.end(self.process, signal.SIGINT)
        said = self.process.stderr.read()
        if 'dropped on interface' not in said or ': 0 (' not in said.split('/')[-1] and '/0 (' not in said:
            raise AssertionError(f'dumpcap missed frames: {said}')
        return self.path


class Seg(NamedTuple):
    number: int
    time: float
    src: str
    dst: str
    sport: int
    dport: int
    flags: int
    seq: int
    ack: int
    length: int
    faults: str

    @property
    def side(self):
        return self.src, self.sport

    @property
    def end(self):
        """The sequence number after it."""
        return self.seq + self.length + self.has(frames.SYN) + self.has(frames.FIN)

    def has(self, flags):
        return self.flags & flags == flags

    def __str__(self):
        names = [name for bit, name in ((2, 'SYN'), (1, 'FIN'), (4, 'RST'), (8, 'PSH'), (16, 'ACK')) if self.flags & bit]
        return f'frame {self.number}: {self.src}:{self.sport} > {self.dport} {"|".join(names)} seq {self.seq} ' \
               f'ack {self.ack} len {self.length}{self.faults and " " + self.faults}'


def tshark(path, fields, only):
    """Rows of fields, as text, of all frames or of those that pass the filter `only`. Of a field that comes more
    than once in a frame, the first."""
    command = ['tshark', '-n', '-r', path, '-T', 'fields', '-E', 'occurrence=f']
    command += ['-Y', only] if only else []
    for option in OPTIONS:
        command += ['-o', option]
    for field in fields:
        command += ['-e', field]
    return [line.split('\t') for line in labs.run(*command, timeout=300).splitlines()]


def faults_of_sums(ip_status, icmp_status, icmpv6_status, tcp_status, tcp_sum):
    """In ones' complement 0xffff is 0x0000: Linux writes one (RFC 1624) where tshark insists on the other."""
    found = ['ip.checksum'] if ip_status == '0' else []
    found += ['icmp.checksum'] if '0' in (icmp_status, icmpv6_status) else []
    return found + (['tcp.checksum'] if tcp_status == '0' and tcp_sum != '0xffff' else [])


class Trace(NamedTuple):
    streams: dict  # [Seg] by tshark's number
    others: list   # lines, of frames beside TCP that are broken


def read(path):
    streams, others = {}, []
    for row in tshark(path, FIELDS + SUMS + EXPERT + FAULTS, None):
        fields = iter(row)
        number, time_s, stream, src, src6, dst, dst6, sport, dport, flags, seq, ack, length = islice(fields, len(FIELDS))
        faults = faults_of_sums(*islice(fields, len(SUMS)))
        severity, message = islice(fields, len(EXPERT))
        faults += [name for name, value in zip(FAULTS, fields) if value]
        if stream:
            streams.setdefault(int(stream), []).append(
                Seg(int(number), float(time_s), src or src6, dst or dst6, int(sport), int(dport), int(flags, 16), int(seq),
                    int(ack or 0), int(length), ' '.join(faults)))
        elif faults or int(severity or 0) >= WARNING:
            others.append(f'frame {number}: {" ".join(faults)} {message}')
    return Trace(streams, others)


def faults_of_handshake(segs):
    if [seg.flags & (frames.SYN | frames.ACK | frames.RST | frames.FIN) for seg in segs[:3]] != \
            [frames.SYN, frames.SYN | frames.ACK, frames.ACK]:
        return ['the handshake has not its three segments']
    syn, syn_ack, ack = segs[:3]
    if syn.seq != 0 or syn_ack.seq != 0 or syn_ack.ack != 1 or ack.seq != 1 or ack.ack != 1:
        return ['a wrong number in the handshake']
    if ack.src != syn.src or syn_ack.src == syn.src or sum(seg.has(frames.SYN) for seg in segs) != 2:
        return ['a SYN too many']
    return []


def faults_of_numbers(segs):
    """Each side's bytes follow each other without gap or repetition, and acknowledgements only grow."""
    following, acked, found = {}, {}, []
    for seg in segs:
        side, other = seg.side, next((s.side for s in segs if s.sport != seg.sport), None)
        if seg.seq != following.get(side, 0):
            found.append(f'not at {following.get(side, 0)}: {seg}')
        following[side] = seg.end
        if seg.has(frames.ACK):
            if not acked.get(side, 0) <= seg.ack <= following.get(other, 0):
                found.append(f'acknowledges {acked.get(side, 0)}..{following.get(other, 0)}: {seg}')
            acked[side] = seg.ack
    return found


def is_late_ack(seg, stood):
    """Whether Linux sent it late: from one CPU the bare ACK of what has come, while on another a process writes, whose segment
    overtakes it. It repeats what was so before that, and says nothing new. stood: (next number, acknowledged) of its
    side from the start to now."""
    if seg.src not in LINUX or seg.flags != frames.ACK or seg.length or seg.faults not in ('', KEEP_ALIVE):
        return False
    overtaken = (seg.seq, seg.ack) != stood[-1] and seg.ack <= stood[-1][1]
    return overtaken and any(seg.seq == following and acked <= seg.ack for following, acked in stood)


def without_late_acks(segs):
    """Of weir everything, of Linux all but such ACKs."""
    stood, kept = {}, []
    for seg in segs:
        of_side = stood.setdefault(seg.side, [(0, 0)])
        if not is_late_ack(seg, of_side):
            of_side.append((seg.end, seg.ack))
            kept.append(seg)
    return kept


def standstills(trace):
    """(from, to) wherever a weir was asked for something, and sent nothing on any connection for STILL_S: it had no CPU."""
    asked, found = {}, []
    for seg in sorted(seg for segs in trace.streams.values() for seg in segs):
        since = asked.pop(seg.src, seg.time)
        if seg.time - since >= STILL_S:
            found.append((since, seg.time))
        if seg.end > seg.seq and seg.dst not in LINUX:
            asked.setdefault(seg.dst, seg.time)
    return found


def repeats(segs):
    """(before, again): what weir sent, and sent once more."""
    sent, found = {}, []
    for seg in segs:
        of_side = sent.setdefault(seg.side, [])
        before = next((s for s in reversed(of_side) if s.seq <= seg.seq < s.end), None)
        if seg.end > seg.seq and seg.src not in LINUX:
            found += [(before, seg)] if before else []
            of_side.append(seg)
    return found


def repeated(trace):
    """How many segments that is, for the count of retransmissions in a summary."""
    return sum(len(repeats(segs)) for segs in trace.streams.values())


def is_set_aside(segs, still):
    """A connection that weir had to send something again for, since an end had no CPU for half of the time that an answer has at
    least: as it should, but not what a clean wire looks like."""
    again = repeats(segs)
    return bool(again) and all(
        b.time - a.time >= RTO_MIN_S and any(min(end, b.time) - max(start, a.time) >= STILL_S for start, end in still)
        for a, b in again)


def faults_of_half_close(segs):
    """A FIN each way, each acknowledged, the last segment a bare ACK; data may follow the first FIN."""
    fins = [seg for seg in segs if seg.has(frames.FIN)]
    if len(fins) != 2 or fins[0].sport == fins[1].sport:
        return ['not one FIN each way']
    if segs[-1].flags != frames.ACK or segs[-1].length:
        return ['the last segment is no ACK']
    for fin in fins:
        end = fin.seq + fin.length + 1
        if not any(seg.sport != fin.sport and seg.ack == end for seg in segs):
            return ['a FIN is not acknowledged']
    return []


def faults_of_close(segs):
    """The same, in four segments or three from the first FIN on."""
    found = faults_of_half_close(segs)
    first = next((i for i, seg in enumerate(segs) if seg.has(frames.FIN)), len(segs))
    if not found and len(segs) - first not in (3, 4):
        found.append(f'{len(segs) - first} segments close it')
    return found


def faults_of_reset(segs):
    resets = [seg for seg in segs if seg.has(frames.RST)]
    if len(resets) != 1 or segs[-1] is not resets[0]:
        return ['not one RST, at its end']
    return []


def faults(trace, close=faults_of_close):
    """What is wrong in a trace of whole connections on a clean wire: lines, each with a connection's segments. Those that are set
    aside are not judged; they may be a quarter."""
    found, still = list(trace.others), standstills(trace)
    aside = [stream for stream, segs in trace.streams.items() if is_set_aside(segs, still)]
    if aside:
        tap.note(f'{len(aside)} connections set aside: for {sum(end - start for start, end in still):.1f} s weir had no CPU')
    if len(aside) > len(trace.streams) / 4:
        found.append(f'{len(aside)} of {len(trace.streams)} connections had to wait for a CPU: the machine is too busy')
    for stream, segs in trace.streams.items():
        if stream in aside:
            continue
        segs = without_late_acks(segs)
        wrong = [f'{seg.faults}: {seg}' for seg in segs if seg.faults]
        wrong += faults_of_handshake(segs) + faults_of_numbers(segs) + close(segs)
        if wrong:
            found.append(f'stream {stream}: {"; ".join(wrong)}\n    ' + '\n    '.join(map(str, segs[:20])))
    return found
