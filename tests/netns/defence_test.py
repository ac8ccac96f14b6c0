#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""SYN cookies and the guard, before Linux's clients: what a cookie keeps, and what floods do to them."""

import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import time
from typing import NamedTuple

import capture
import lab as labs
import peer
import raw
import shim
import tap
import weir
from frames import ACK, RST, SYN

BODY = 5000000
CONNECTIONS = 16  # of wrk, at once
BACKLOG = 64  # hping3 fills it a hundred times a second
PATIENCE_S = 2  # of a client: Linux sends its SYN at once, and after a second again
REQUEST = b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
GREETING = b'HTTP/1.1 200 OK'


def serve(lab, *options):
    return weir.Weir(lab, 'serve', *options).ready()


def wrk(family, seconds):
    """Its command: a connection for each request. At its end it resets those that are open."""
    return ['wrk', '-t', '1', '-c', str(CONNECTIONS), '-d', f'{seconds}s', '-H', 'Connection: close',
            f'http://{family.host()}/']


def faults_of_wrk(said):
    return re.findall('Socket errors.*|Non-2xx.*|unable to connect.*', said)


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

    FIELDS = ('tcp.srcport', 'tcp.flags', 'tcp.seq', 'tcp.ack', 'tcp.len', 'tcp.window_size',
              'tcp.options.timestamp.tsval', 'tcp.options.sack_le', 'tcp.options.wscale.shift',
              'tcp.options.sack_perm')

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
    """A rule for the shim: of one side's data segments it loses these, the first time that they come."""

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
class Kept(labs.Case):
    """Every SYN is answered by a cookie, and Linux's connections have what they asked for."""

    title = 'cookies always'
    timestamps = 1

    def server(self, *options, middle=False):
        lab = self.make_lab(middle=middle, patient=not middle)
        lab.peer.sysctl('net/ipv4/tcp_timestamps', self.timestamps)
        return lab, serve(lab, '--syn-defence', 'always', *options)

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
        """talk(lab) while three segments are lost. Returns all, as weir sends and gets them."""
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
            self.assertLess((int(after.tsval) - int(before.tsval)) & raw.MASK, 1 << 31, f'{before}\n{after}')

    def test_curl_fetches_5_MB_through_loss(self):
        path = labs.scratch('body')

        def talk(lab):
            lab.peer.run('curl', '-sS', '-o', path, '-H', 'Connection: close', f'http://{self.family.host()}/')

        rows = self.through_loss(80, True, talk, '--size', BODY)
        self.assertEqual(os.path.getsize(path), BODY)
        self.check_options(rows, 80)
        blocks = sum(bool(row.sack) for row in rows if row.sport != 80)
        most = most_in_flight(rows, 80)
        tap.note(f'{most} bytes in flight, {blocks} segments of Linux with SACK blocks')
        self.assertGreater(blocks, 0)
        self.assertGreater(most, 65535)  # Linux's window, which weir knows from nothing but the cookie

    @tap.ipv6_if_long
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

    @tap.ipv6_if_long
    def test_wrk(self):
        lab, server = self.server()
        said = lab.peer.run(*wrk(self.family, tap.seconds(1)))
        self.assertEqual(faults_of_wrk(said), [])
        self.assertGreater(requests_of(said), 100)
        self.stop(server, left_by_wrk=CONNECTIONS)


@tap.ipv6_if_long
class KeptWithoutTimestamps(Kept):
    """The same in fewer bits."""

    title = 'cookies always, no timestamps'
    timestamps = 0


def flood_of(lab, *options):
    """weir flood, from the peer's interface and sources behind it."""
    family = lab.family
    return weir.Weir(labs.OtherEnd(lab), 'flood', '--connect', family.at(80), '--source',
                     'fd97::/64' if family.is6 else '198.18.0.0/16', *options,
                     addresses=[family.cidr(family.address(9))])


class Processor:
    """Of these processes, by name: how much of a processor each had, as Linux accounts for it."""

    def __init__(self, **processes):
        self.pids = {name: process.pid for name, process in processes.items()}
        self.started = time.monotonic()
        self.before = self.ticks()

    def ticks(self):
        def of(pid):
            with open(f'/proc/{pid}/stat', encoding='ascii') as f:
                return sum(map(int, f.read().rsplit(')', 1)[1].split()[11:13]))  # utime, stime
        return {name: of(pid) for name, pid in self.pids.items()}

    def shares(self):
        whole = os.sysconf('SC_CLK_TCK') * (time.monotonic() - self.started)
        return ', '.join(f'{name} {(ticks - before) / whole:.0%}'
                         for (name, before), ticks in zip(self.before.items(), self.ticks().values()))


@tap.needs('wrk', 'hping3')
class SynFlood(labs.Case):
    """hping3 sends SYNs that nobody will complete, at a rate that leaves the processor to wrk and weir."""

    title = 'hping3'

    def flooded(self, mode):
        """A lab, its server, and the flood."""
        lab = self.make_lab()
        lab.peer.sysctl('net/ipv4/tcp_syn_retries', 1)  # or wrk would not begin, and not end either
        server = serve(lab, '--syn-defence', mode, '--backlog', BACKLOG, '--gateway', self.family.peer)
        flood = self.flood(lab)

        def has_begun():
            return server.lines[-1].get('packets_rx', 0) > BACKLOG

        labs.until(has_begun, 5, 'a flood')
        return lab, server, flood

    def flood(self, lab):
        """hping3 knows no IPv6."""
        if self.family.is6:
            return flood_of(lab, '--rate', '10k').process
        return lab.start(lab.peer, 'hping3', '--quiet', '--syn', '--destport', '80', '--rand-source',
                         '--interval', 'u100', self.family.weir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def clients(self, mode):
        """wrk and others; the flood ends when they do. Returns the server, what wrk said, and how many of
        the others had no answer."""
        lab, server, flood = self.flooded(mode)
        client = lab.start(lab.peer, *wrk(self.family, tap.seconds(2)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True)
        processor = Processor(flood=flood, wrk=client, weir=server.process)
        others = []
        while os.waitid(os.P_PID, client.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            others += self.crowd(lab, 8)
        shares = processor.shares()
        labs.end(flood, signal.SIGKILL)
        said = client.stdout.read()
        failed = others.count(False)
        tap.note(f'{mode}: of a processor {shares}; {failed} of {len(others)} clients failed\n{said}')
        return server, said, failed

    @staticmethod
    def crowd(lab, size):
        """So many clients at once. Returns whether each had an answer."""
        def one(_):
            try:
                with lab.connect(timeout=PATIENCE_S) as sock:
                    sock.sendall(REQUEST)
                    return peer.drain(sock).startswith(GREETING)
            except OSError:
                return False

        with concurrent.futures.ThreadPoolExecutor(size) as pool:
            return list(pool.map(one, range(size)))

    def check_memory(self, server):
        """Half-open handshakes never pass their bound, and no buffer is lost."""
        self.assertLessEqual(half_opens(server), BACKLOG)
        summary = server.stop()
        tap.note(f'{weir.describe(summary)}, cookies {summary["cookies"]}, drops {summary["drops"]}')
        self.assertEqual(weir.faults(summary, failed=summary['connections']['failed'], retransmits=None), [])
        return summary

    def test_nobody_notices_with_the_defence_on(self):
        server, said, failed = self.clients('auto')
        ended = time.monotonic()
        self.assertEqual(failed, 0)
        self.assertEqual(faults_of_wrk(said), [])
        self.assertGreater(requests_of(said), 100)
        self.assertEqual(server.lines[-1]['listeners_defending'], 1)
        self.assertEqual(server.errors().count('port 80: SYN flood, answering by cookies'), 1)

        def is_calm():
            line = server.lines[-1]
            return line['listeners_defending'] == 0 and line['connections']['half_open'] == 0

        labs.until(is_calm, 10, 'the end of the defence')
        tap.note(f'it leaves {time.monotonic() - ended:.1f} s after the flood')
        self.assertIn('port 80: flood over after ', server.errors())
        summary = self.check_memory(server)
        failures = dict(summary['failures'])
        self.assertLessEqual(failures.pop('reset', 0), CONNECTIONS)  # by wrk, at its end
        self.assertLessEqual(failures.pop('half_open_expired', 0), BACKLOG)  # hping3's, before cookies were
        self.assertEqual(failures, {})
        self.assertGreater(summary['cookies']['accepted'], 100)

    @tap.ipv6_if_long
    def test_clients_fail_with_the_defence_off(self):
        server, _, failed = self.clients('off')
        self.assertGreater(failed, 0)
        summary = self.check_memory(server)
        self.assertGreater(summary['drops']['half_open_full'], 1000)
        self.assertEqual(summary['cookies']['sent'], 0)


class CookieKey(labs.Case):
    title = 'cookie key'

    @staticmethod
    def write(path, mode=0o600):
        with open(path, 'w', encoding='ascii') as f:
            f.write(os.urandom(32).hex() + '\n')
        os.chmod(path, mode)

    def server(self, key):
        lab = self.make_lab()
        return lab, serve(lab, '--syn-defence', 'always', '--cookie-key', key)

    @staticmethod
    def hang_up(server, answer):
        """SIGHUP, and the line that weir prints for it."""
        before = server.errors().count(answer)
        server.process.send_signal(signal.SIGHUP)
        labs.until(lambda: server.errors().count(answer) > before, 2, f'"{answer}"')

    @tap.needs('wrk')
    @tap.ipv6_if_long
    def test_changed_under_load(self):
        key = labs.scratch('key')
        self.write(key)
        lab, server = self.server(key)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            said = pool.submit(lab.peer.run, *wrk(self.family, tap.seconds(2)))
            for _ in range(tap.seconds(2) * 4 - 1):
                time.sleep(0.25)
                self.write(key)
                self.hang_up(server, 'cookie key read again')
            said = said.result()
        self.assertEqual(faults_of_wrk(said), [])
        self.assertGreater(requests_of(said), 100)
        summary = server.stop()
        tap.note(f'{weir.describe(summary)}, cookies {summary["cookies"]}')
        reset = summary['failures'].get('reset', 0)
        self.assertLessEqual(reset, CONNECTIONS)
        self.assertEqual(weir.faults(summary, failed=reset, retransmits=None), [])
        self.assertEqual(summary['cookies']['rejected'], 0)

    def pair(self):
        """Two machines with one address and one key: their files, themselves, and a client's way to each."""
        keys = [labs.scratch('key') for _ in range(2)]
        self.write(keys[0])
        shutil.copy(keys[0], keys[1])  # with its mode
        machines = [self.server(key) for key in keys]
        wires = [raw.Wire(lab) for lab, _ in machines]
        for wire in wires:
            self.addCleanup(wire.close)
        return keys, [server for _, server in machines], wires

    def fetch(self, syn_to, ack_to, timestamps, port):
        """Whether a connection that one has answered works with the other."""
        client = raw.Client(syn_to, port, timestamps)
        self.assertIsNotNone(client.syn())
        client.wire = ack_to
        client.ack()
        client.ack(REQUEST)
        answer = client.read()
        if not answer:
            return False
        self.assertTrue(answer.startswith(GREETING), answer)
        self.assertTrue(client.finish().has(ACK))
        return True

    def test_two_machines_accept_each_others_cookies(self):
        keys, servers, wires = self.pair()
        for i, timestamps in enumerate((True, False)):
            self.assertTrue(self.fetch(wires[0], wires[1], timestamps, 40000 + i))
            self.assertTrue(self.fetch(wires[1], wires[0], timestamps, 40010 + i))

        # Not from a file that others may read: the old key stays.
        self.write(keys[0], 0o640)
        self.hang_up(servers[0], 'is open to others than its owner')
        self.assertTrue(self.fetch(wires[0], wires[1], True, 40020))
        os.chmod(keys[0], 0o600)
        self.hang_up(servers[0], 'cookie key read again')
        # A shard takes the key a moment after that line.
        ports = iter(range(40021, 40121))
        still = list(iter(lambda: self.fetch(wires[0], wires[1], True, next(ports)), False))

        for server, accepted, rejected in zip(servers, (2, 3 + len(still)), (0, 2)):
            summary = server.stop()
            self.assertEqual(weir.faults(summary), [])
            self.assertEqual(summary['cookies']['accepted'], accepted)
            self.assertEqual(summary['cookies']['rejected'], rejected)  # the ACK, and the request


@tap.needs('curl')
class OtherFloods(labs.Case):
    """What belongs to no connection, from weir flood, while curl fetches."""

    title = 'weir flood'
    ANSWERED = ('ack', 'synack')  # the rest has no ACK that could be a cookie, or asks for no answer

    def flood(self, lab, kind):
        """Returns its summary, after at least one fetch."""
        attack = flood_of(lab, '--kind', kind, '--rate', '25k', '--duration', '700ms').ready()
        fetched = 0
        while attack.process.poll() is None:
            lab.peer.run('curl', '-sS', '--max-time', '5', '-H', 'Connection: close', f'http://{self.family.host()}/')
            fetched += 1
        flood = attack.finish()['flood']
        tap.note(f'{kind}: {flood["packets_tx"]} sent, answers {flood["answers"]}, {fetched} fetched')
        self.assertEqual(flood['mbufs']['taken'], flood['mbufs']['returned'])
        self.assertGreater(fetched, 1)
        self.assertGreater(flood['packets_tx'], 10000)
        self.assertLessEqual(flood['answers']['rst'], flood['packets_tx'] if kind in self.ANSWERED else 0)
        return fetched

    @tap.ipv6_if_long
    def test_curl_succeeds_in_each(self):
        lab = self.make_lab()
        server = serve(lab, '--syn-defence', 'always', '--gateway', self.family.peer)
        fetched = sum(self.flood(lab, kind) for kind in ('ack', 'rst', 'fin', 'synack', 'null', 'xmas'))
        summary = server.stop()
        tap.note(f'{weir.describe(summary)}, cookies {summary["cookies"]}, drops {summary["drops"]}')
        self.assertEqual(weir.faults(summary, retransmits=None), [])
        self.assertEqual(summary['cookies']['accepted'], fetched)
        self.assertEqual(summary['connections']['closed'], fetched)
        self.assertGreater(summary['cookies']['rejected'], 1000)


class TimeWait(labs.Case):
    """weir closes first and waits; SYNs come that the client did not send."""

    title = 'TIME-WAIT'

    def waiting(self, mode):
        """A client whose connection is over, but for weir's TIME-WAIT."""
        lab = self.make_lab()
        self.server = serve(lab, '--app', 'accept', '--syn-defence', mode)
        wire = raw.Wire(lab)
        self.addCleanup(wire.close)
        client = raw.Client(wire, 40000)
        self.assertIsNotNone(client.syn())
        client.ack()
        self.assertEqual(client.read(), b'')
        self.over(client)
        return client

    def over(self, client):
        """The client's FIN is acknowledged, however often it comes."""
        sent = client.snd_nxt
        answer = client.finish()
        self.assertEqual((answer.flags, answer.seq, answer.ack), (ACK, client.rcv_nxt, client.snd_nxt))
        client.snd_nxt = sent

    def spoofed(self, client, ahead):
        """A SYN that RFC 6191 takes for a new connection's. Returns what weir answers to it."""
        client.send(SYN, seq=client.snd_nxt + ahead)
        return client.receive()[0]

    def lives_on(self, mode, answered_by_reset):
        client = self.waiting(mode)
        for ahead in (1000, 100000000):
            answer = self.spoofed(client, ahead)
            self.assertIsNotNone(answer)
            self.assertEqual(answer.flags & (SYN | ACK | RST), SYN | ACK)
            self.over(client)
            if answered_by_reset:
                client.send(RST, seq=answer.ack)
                self.over(client)
        self.assertEqual(self.server.stats()['states']['TIME-WAIT'], 1)

        # The client's own: now it ends.
        client.snd_nxt += 200000000
        self.assertIsNotNone(client.syn())
        client.ack()
        self.assertEqual(client.read(), b'')
        self.over(client)
        summary = self.server.stop()
        self.assertEqual(weir.faults(summary, failed=summary['connections']['failed'], retransmits=None), [])
        self.assertEqual(summary['connections']['closed'], 2)

    def test_outlives_a_spoofed_syn_that_a_cookie_answers(self):
        self.lives_on('always', False)

    @tap.ipv6_if_long
    def test_outlives_a_spoofed_syn_that_a_record_answers(self):
        """The client whose address it was resets it."""
        self.lives_on('auto', True)


if __name__ == '__main__':
    tap.main()
