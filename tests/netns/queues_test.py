#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two queues, and a shard on each: over TAP and af_packet against Linux, over memif and vhost weir against weir.

Where the queue of a frame can be predicted nothing is handed over, and that is counted. Where weir is told something
wrong of its port, and where nobody can tell (af_packet's fanout), all goes as well, and the count says what it cost.
"""

import re
import threading
import time
import unittest

import device_test
import lab as labs
import path_mtu_test
import peer
import tap
import weir

QUEUES = 2
EAL = ('--eal', '--no-huge -m 400')  # of two shards
RATE = 1000
SOME = object()
# Neither symmetric nor anybody's: two ends of which one has it reckon differently.
OTHER_KEY = '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa'


def profile(**keys):
    """The path of one with these keys."""
    path = labs.scratch('own.conf')
    with open(path, 'w', encoding='ascii') as f:
        for key, value in keys.items():
            text = f'"{value}"' if isinstance(value, str) else value
            print(f'{key} = {text};', file=f)
    return path


class QueuesCase(labs.Case):
    def opened_most(self, summary, seconds):
        """All but those whose time had passed when a CPU came late: on two CPUs four shards and their peers meet."""
        self.assertGreater(summary['connections']['closed'], RATE * seconds / 2)

    def check(self, summary, handed_over, failed=0):
        """All went well, all shards had a part in it, and so many frames were handed over; SOME: how many nobody knows."""
        parts = summary['shards']
        tap.note(f'{weir.describe(summary)}, {summary["handed_over"]} handed over of {summary["packets_rx"]}; '
                 f'established {[part["established"] for part in parts]}')
        # A peer that waits for a CPU may be sent things again; here it is shown who takes part.
        self.assertEqual(weir.faults(summary, failed, retransmits=None), [])
        self.assertEqual(len(parts), QUEUES)
        self.assertEqual(sum(part['established'] for part in parts), summary['connections']['established'])
        self.assertEqual(sum(part['handed_over'] for part in parts), summary['handed_over'])
        for part in parts:
            self.assertGreater(part['established'], 0, part)
            self.assertGreater(part['packets_rx'], 0, part)
            self.assertGreater(part['packets_tx'], 0, part)
        if handed_over is SOME:
            self.assertGreater(summary['handed_over'], 0)
        else:
            self.assertEqual(summary['handed_over'], handed_over)


class AgainstLinux(QueuesCase):
    """Of both families at once."""

    device = None
    options = ''  # of the device

    def setUp(self):
        self.lab = self.make_lab(device=self.device, families=labs.BOTH)
        self.lab.port += self.options

    def neighbour(self, *what):
        self.lab.peer.ip('neigh', *what, 'dev', self.lab.peer_interface)

    def doubt(self, address, seconds):
        """The peer asks weir again and again whether it is there. (Flushed under load, Linux calls it unreachable.)"""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.neighbour('change', address, 'nud', 'probe')
            time.sleep(0.1)

    def use(self, family):
        """curl, with the peer's neighbours forgotten before each, ping and wrk."""
        url, seconds = f'http://{family.host()}/', tap.seconds(1)
        for _ in range(4):
            self.neighbour('flush')
            self.lab.peer.run('curl', '-sS', '--max-time', '10', url)
        doubting = threading.Thread(target=self.doubt, args=(family.weir, seconds))
        doubting.start()
        said = self.lab.peer.run('wrk', '-t', '1', '-c', '32', '-d', f'{seconds}s', '-H', 'Connection: close', url)
        self.lab.peer.run('ping', '-c', '3', '-i', '0.2', '-W', '5', family.weir)
        doubting.join()
        self.assertNotIn('Socket errors', said)
        self.assertGreater(int(re.search(r'(\d+) requests in', said)[1]), 200)

    def serve(self, handed_over, *options, families=labs.BOTH):
        server = weir.Weir(self.lab, 'serve', *EAL, '--queues', QUEUES, *options).ready()
        for family in families:
            self.use(family)
        summary = server.stop()
        # wrk leaves some of its connections by a reset.
        self.check(summary, handed_over, failed=summary['connections']['failed'])

    def load(self, *options):
        """Against nginx. Returns the summary."""
        peer.nginx(self.lab)
        targets = [word for family in labs.BOTH for word in ('--connect', family.at(80, family.peer))]
        seconds = tap.seconds(1)
        client = weir.Weir(self.lab, 'load', *EAL, '--queues', QUEUES, *targets, '--rate', RATE, '--duration', f'{seconds}s',
                           *options)
        self.plug_early(client)
        summary = client.ready().finish()
        self.opened_most(summary, seconds)
        return summary

    def plug_early(self, client):
        """So that the peer is there when the load begins."""


@unittest.skipIf(device_test.why_no_tap(), device_test.why_no_tap())
class Tap(AgainstLinux):
    """tun sends a connection's frames to the queue that it noted some of it to come from, else by a hash of its own. It notes
    that behind delivering a frame, so that the answer to an open may be there before: nothing else is handed over."""

    title = 'queues tap'
    device = 'tap'

    @tap.needs('curl', 'wrk', 'ping')
    @tap.once
    def test_serves(self):
        self.serve(0)

    @tap.needs('nginx')
    @tap.once
    def test_loads(self):
        device_test.answer_before_the_interface(self.lab)
        summary = self.load()
        self.check(summary, summary['handed_over'])
        self.assertLessEqual(summary['handed_over'], summary['connections']['attempted'] + summary['retransmits'])

    @tap.needs('curl', 'wrk', 'ping')
    @tap.once
    def test_serves_with_the_wrong_habit(self):
        """SYNs go where weir's own function says, which tun has never heard of."""
        self.serve(SOME, '--profile', profile(rss='any'), families=(labs.IPV4,))

    def plug_early(self, client):
        device_test.plug_early(self.lab, client)


class AfPacket(AgainstLinux):
    """Which of the fanout's sockets gets a frame is between the kernel and its secret."""

    title = 'queues af_packet'
    device = 'af_packet'
    options = f',qpairs={QUEUES}'

    @tap.needs('curl', 'wrk', 'ping')
    @tap.once
    def test_serves(self):
        self.serve(SOME)

    @tap.needs('nginx')
    @tap.once
    def test_loads(self):
        self.check(self.load(), SOME)

    @tap.needs('nginx')
    @tap.once
    @tap.only_long
    def test_loads_with_a_key_that_nobody_has(self):
        self.check(self.load('--profile', profile(rss='toeplitz', rss_key=OTHER_KEY)), SOME)


class Joined(QueuesCase):
    """Queue is joined to queue, and both ends compute the same."""

    def join(self, left, right, families=labs.BOTH):
        joined = labs.Joined(left, right, families)
        self.addCleanup(joined.close)
        return joined

    def start(self, end, command, *options):
        return weir.Weir(end, command, *EAL, '--queues', QUEUES, *options, addresses=end.cidrs()).ready()

    def run_both(self, serving, loading, handed_over=0, client_options=()):
        server = self.start(serving, 'serve')
        seconds = tap.seconds(1)
        client = self.start(loading, 'load', *serving.targets(), '--rate', RATE, '--duration', f'{seconds}s',
                            *client_options)
        summaries = (client.finish(), server.stop())
        for summary in summaries:
            self.check(summary, handed_over)
            self.opened_most(summary, seconds)
        self.assertEqual(*(summary['connections']['closed'] for summary in summaries))


class Memif(Joined):
    title = 'queues memif'

    def pair(self, families):
        where = f'socket={labs.scratch("memif.sock")},socket-abstract=no,rsize=12'
        joined = self.join(f'net_memif0,role=server,{where}', f'net_memif0,role=client,{where}', families)
        return joined.left, joined.right

    @tap.once
    def test_serves_and_loads(self):
        self.run_both(*self.pair(labs.BOTH))

    @tap.once
    def test_serves_and_loads_with_different_keys(self):
        self.run_both(*self.pair((labs.IPV4,)), SOME,
                      client_options=('--profile', profile(rss='any', rss_key=OTHER_KEY)))


class Vhost(Joined):
    """virtio_user is attached once its vhost port has started."""

    title = 'queues vhost'

    def setUp(self):
        path = labs.scratch('vhost.sock')
        self.joined = self.join(f'net_vhost0,iface={path},queues={QUEUES}',
                                f'net_virtio_user0,path={path},queues={QUEUES},queue_size=1024')

    @tap.once
    def test_serves_on_vhost_and_loads_on_virtio_user(self):
        self.run_both(self.joined.left, self.joined.right)

    @tap.once
    @tap.only_long
    def test_loads_on_vhost_and_serves_on_virtio_user(self):
        client = self.start(self.joined.left, 'load', *self.joined.right.targets(), '--rate', RATE, '--duration', '5s')
        server = self.start(self.joined.right, 'serve')
        for summary in (client.finish(), server.stop()):
            self.check(summary, 0)


class Icmp(QueuesCase):
    """Behind a router. Its errors come by whichever queue, and are about connections of both shards."""

    title = 'queues icmp'

    def setUp(self):
        self.lab = self.make_lab(middle=True, patient=False, families=labs.BOTH)
        self.lab.port += f',qpairs={QUEUES}'
        self.options = []
        for family in labs.BOTH:
            self.lab.route_between(family, path_mtu_test.FAR[family], path_mtu_test.ROUTER)
            self.options += ['--gateway', family.address(path_mtu_test.ROUTER)]

    @tap.once
    def test_a_narrow_link_is_heard_of_by_both_shards(self):
        self.options += ['--size', path_mtu_test.BODY_BYTES]
        server = weir.Weir(self.lab, 'serve', *EAL, '--queues', QUEUES, *self.options).ready()
        for family in labs.BOTH:
            path_mtu_test.narrow(self.lab, family, 1300)
        for family in labs.BOTH:
            self.lab.family = family
            for _ in range(6):
                answer, seconds = path_mtu_test.fetch(self.lab)
                self.assertGreater(len(answer), path_mtu_test.BODY_BYTES)
                # A shard that has not heard of it sends what is too large for ever.
                self.assertLess(seconds, 5)
        self.check(server.stop(), SOME)


if __name__ == '__main__':
    tap.main()
