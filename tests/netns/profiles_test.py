#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each profile of a virtual device in drivers-cfg/, by its name and as it stands there, with `serve` and with `load`.

Interfaces are named as in the profiles, in namespaces. So are the files: each case has a /tmp of its own, where its
weirs run. Devices without a peer (ring, pcap, null) do what their profiles' comments say that they can.
"""

import os
import re
import struct
import subprocess

import capture
import device_test
import frames
import lab as labs
import peer
import tap
import weir

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'drivers-cfg')
BUILD = '/run/weir-build'  # what weir_path is in, outside the /tmp that a case hides
PCAP_MAC = bytes.fromhex('027063617000')  # of the driver's first port
PEER_MAC = bytes.fromhex('020000000001')
BURST = 64  # frames: more than are received at once
RATE = 1000


def virtual():
    """The names of the profiles that say so."""
    names = set()
    for file in os.listdir(FOLDER):
        if file.endswith('.conf'):
            with open(os.path.join(FOLDER, file), encoding='utf-8') as f:
                if re.search(r'^kind = "virtual";', f.read(), re.M):
                    names.add(file.removesuffix('.conf'))
    return names


def setUpModule():
    os.makedirs(BUILD)
    subprocess.run(['mount', '--bind', os.path.dirname(os.path.dirname(tap.weir_path)), BUILD], check=True)


def in_tmp(start, folder):
    """A lab's start() whose programs have that folder as their /tmp, and run there."""
    def start_there(namespace, program, *arguments, **how):
        program = program.replace(os.path.dirname(os.path.dirname(tap.weir_path)), BUILD)
        return start(namespace, 'sh', '-c', 'mount --bind "$0" /tmp && cd /tmp && exec "$@"', folder, program, *arguments,
                     **how)
    return start_there


class ProfileCase(labs.Case):
    profile = None

    def by_profile(self, lab, command, *options, address=None, name=None):
        words = ['--profile', name or self.profile, '--addr', self.family.cidr(address)]
        return weir.Weir(lab, command, *words, *options, port=False)

    def check(self, summary, closed=None, failed=0):
        tap.note(weir.describe(summary))
        self.assertEqual(weir.faults(summary, failed, retransmits=None), [])
        if closed is not None:
            self.assertEqual(summary['connections']['closed'], closed)

    def load_for(self, seconds):
        return ['--rate', RATE, '--duration', f'{seconds * 1000:.0f}ms']


class AgainstLinux:
    """Interfaces of the kernel's."""

    why_not = staticmethod(lambda: None)

    def setUp(self):
        if self.why_not():
            self.skipTest(self.why_not())
        self.lab = self.make_lab(device=self.profile)
        self.lab.start = in_tmp(self.lab.start, os.path.dirname(labs.scratch('')))

    @tap.needs('curl')
    @tap.once
    def test_serves(self):
        server = self.by_profile(self.lab, 'serve').ready()
        for _ in range(3):
            self.lab.peer.run('curl', '-sS', '--max-time', '10', f'http://{self.family.host()}/')
        self.check(server.stop(), 3)

    @tap.needs('nginx')
    @tap.once
    def test_loads(self):
        seconds = tap.seconds(0.5)
        self.start_nginx()
        client = self.by_profile(self.lab, 'load', '--connect', self.family.at(80, self.family.peer), *self.load_for(seconds))
        self.plug_early(client)
        self.check(client.ready().finish(), RATE * seconds)

    def start_nginx(self):
        peer.nginx(self.lab)

    def plug_early(self, client):
        """So that the peer is there when the load begins."""


class AfPacket(AgainstLinux, ProfileCase):
    title = 'profile af_packet'
    profile = 'af_packet'


class AfXdp(AgainstLinux, ProfileCase):
    title = 'profile af_xdp'
    profile = 'af_xdp'
    why_not = staticmethod(device_test.why_no_af_xdp)


class Tap(AgainstLinux, ProfileCase):
    title = 'profile tap'
    profile = 'tap'
    why_not = staticmethod(device_test.why_no_tap)

    def start_nginx(self):
        device_test.answer_before_the_interface(self.lab)
        peer.nginx(self.lab)

    def plug_early(self, client):
        device_test.plug_early(self.lab, client)


class Joined(ProfileCase):
    """Two weirs, joined by a socket in /tmp. The one that makes it starts first."""

    def setUp(self):
        self.joined = labs.Joined(families=(self.family,))
        self.addCleanup(self.joined.close)
        folder = os.path.dirname(labs.scratch(''))
        for end in (self.joined.left, self.joined.right):
            end.start = in_tmp(end.start, folder)

    def serve(self, end, *options, **how):
        return self.by_profile(end, 'serve', *options, address=end.address(self.family), **how)

    def load(self, end, other, seconds, *options, **how):
        return self.by_profile(end, 'load', *options, *other.targets(), *self.load_for(seconds),
                               address=end.address(self.family), **how)

    def run_both(self, client, server, attempted):
        """Once both have begun."""
        loaded = client.ready().finish()
        for summary in (loaded, server.ready().stop()):
            self.check(summary, attempted)


class Memif(Joined):
    title = 'profile memif'
    profile = 'memif'

    @tap.once
    def test_serves_and_loads(self):
        """One of them with the other's role, as the profile says."""
        seconds = tap.seconds(0.5)
        server = self.serve(self.joined.left).ready()
        client = self.load(self.joined.right, self.joined.left, seconds, '--port',
                           'net_memif0,role=client,socket=/tmp/weir.sock,socket-abstract=no')
        self.run_both(client, server, RATE * seconds)


class Vhost(Joined):
    title = 'profiles vhost and virtio_user'
    profile = ('vhost', 'virtio_user')

    @tap.once
    def test_vhost_serves_and_virtio_user_loads(self):
        seconds = tap.seconds(0.5)
        server = self.serve(self.joined.left, name='vhost').ready()
        client = self.load(self.joined.right, self.joined.left, seconds, name='virtio_user')
        self.run_both(client, server, RATE * seconds)

    @tap.once
    def test_virtio_user_serves_and_vhost_loads(self):
        """For so long that the other has come by then."""
        client = self.load(self.joined.left, self.joined.right, 3, name='vhost').ready()
        server = self.serve(self.joined.right, name='virtio_user')
        self.run_both(client, server, None)


@tap.needs('tshark')
class Alone(ProfileCase):
    """Nobody is there: ring hears what it says, null nothing, and pcap answers what the frames of one file ask for into
    another. All at once, as who finds nobody takes seconds to be sure."""

    title = 'profiles ring, null and pcap'
    profile = ('ring', 'null', 'pcap')

    def setUp(self):
        self.joined = labs.Joined(families=(self.family,))
        self.addCleanup(self.joined.close)
        self.lab, self.other = self.joined.left, self.joined.right
        self.ours, self.theirs = (end.address(self.family) for end in (self.lab, self.other))
        self.folder = os.path.dirname(labs.scratch(''))
        self.lab.start = in_tmp(self.lab.start, self.folder)

    def start(self, command, *options):
        return {name: self.by_profile(self.lab, command, *options, '--duration', '500ms', name=name, address=self.ours)
                for name in self.profile}

    def put(self, *sent):
        with open(os.path.join(self.folder, 'rx.pcap'), 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for frame in sent:
                f.write(struct.pack('<IIII', 0, 0, len(frame), len(frame)) + frame)

    def read(self, only, *fields):
        """Of what pcap has written."""
        return capture.tshark(os.path.join(self.folder, 'tx.pcap'), fields, only)

    def judge(self, summaries):
        self.assertGreater(summaries['ring']['packets_rx'], 0)
        self.assertEqual(summaries['ring']['packets_rx'], summaries['ring']['packets_tx'])
        self.assertEqual(summaries['null']['packets_rx'], 0)
        self.assertGreater(summaries['null']['packets_tx'], 0)

    @tap.once
    def test_serve(self):
        """A SYN's answer has to wait for a neighbour, and for a burst that comes later."""
        ask, answer = (frames.ethernet(dst, PEER_MAC, frames.arp(op, PEER_MAC, self.theirs, mac, self.ours), frames.ARP)
                       for op, dst, mac in ((1, frames.BROADCAST, bytes(6)), (2, PCAP_MAC, PCAP_MAC)))
        syn = frames.packet(self.theirs, self.ours, frames.tcp(self.theirs, self.ours, 1024, 80, frames.SYN, seq=7))
        self.put(frames.ethernet(PCAP_MAC, PEER_MAC, syn), *[ask] * BURST, answer)
        summaries = {name: server.ready().finish() for name, server in self.start('serve').items()}
        self.judge(summaries)
        for summary in summaries.values():
            self.check(summary, 0)
        self.assertEqual(summaries['pcap']['packets_rx'], BURST + 2)
        replies = self.read('arp.opcode == 2', 'arp.src.proto_ipv4', 'arp.dst.proto_ipv4')
        self.assertEqual(replies, [[self.ours, self.theirs]] * BURST)
        syn_acks = self.read('tcp.flags.syn == 1 && tcp.flags.ack == 1', 'ip.src', 'ip.dst', 'tcp.ack_raw')
        self.assertEqual(syn_acks[0], [self.ours, self.theirs, '8'])

    @tap.once
    def test_load(self):
        """Nobody answers, which is said, and each connection is accounted for."""
        self.put()
        clients = self.start('load', *self.other.targets(), '--rate', 20)
        summaries = {name: client.ready().finish(expected=1) for name, client in clients.items()}
        self.judge(summaries)
        for name, summary in summaries.items():
            self.assertIn('it did not answer ARP', clients[name].errors())
            self.assertEqual(summary['connections']['established'], 0)
            self.check(summary, 0, failed=summary['connections']['attempted'])
        asked = self.read('arp.opcode == 1', 'arp.src.proto_ipv4', 'arp.dst.proto_ipv4')
        self.assertIn([self.ours, self.theirs], asked)


class All(labs.Case):
    title = 'profiles'

    @tap.once
    def test_none_is_left_out(self):
        cases = tap.cases_of(tap.unittest.defaultTestLoader.loadTestsFromName('__main__'))
        names = {name for case in cases if isinstance(case, ProfileCase)
                 for name in ([case.profile] if isinstance(case.profile, str) else case.profile)}
        self.assertEqual(names, virtual())


if __name__ == '__main__':
    tap.main()
