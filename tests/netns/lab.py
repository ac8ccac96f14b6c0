# SPDX-License-Identifier: BSD-3-Clause
"""Two machines and a cable: a namespace for weir, one for its Linux peer, and what joins them.

    weir's namespace                     peer's namespace
    weir serve --port ...,iface=weir0    curl, nginx, Python's own sockets
          192.0.2.2 weir0 ---- veth ---- peer0 192.0.2.1
            fd99::2                            fd99::1

With net_tap DPDK makes the interface, and its Linux end is the peer: both share weir's namespace. With
a shim (shim.py) a third namespace in the middle has the other ends of two veth pairs.

Sockets and files opened inside `with namespace:` are that namespace's; the thread comes back afterwards.
"""

import contextlib
import ctypes
import ipaddress
import itertools
import json
import os
import signal
import socket
import subprocess
import time
import unittest

import tap

CLONE_NEWNET = 0x40000000
# Longer than the driver's own: what it cannot hold while others have the CPU would be lost on a clean wire.
RINGS = {'af_packet': ',framesz=2048,framecnt=4096,blocksz=65536'}
CLOSE_S = 20  # how long a process may take to end after it was asked to

libc = ctypes.CDLL(None, use_errno=True)
numbers = itertools.count()


class Family:
    """The addresses of one wire in one family. `suffix` tells its cases from the same ones of IPv4."""

    def __init__(self, af, net, suffix=''):
        self.af = af
        self.net = ipaddress.ip_network(net)
        self.suffix = suffix
        self.is6 = af == socket.AF_INET6
        self.ip = 'ipv6' if self.is6 else 'ip'  # as tshark has it
        self.icmp = 'icmpv6' if self.is6 else 'icmp'
        self.ip_option = '-6' if self.is6 else '-4'  # of ip(8)
        self.headers = 60 if self.is6 else 40  # bytes of IP and TCP
        self.peer, self.weir = self.address(1), self.address(2)

    def address(self, number):
        """The wire's so-many-th."""
        return str(self.net[number])

    def cidr(self, address=None):
        return f'{address or self.weir}/{self.net.prefixlen}'

    def host(self, address=None):
        """As it stands in an URL."""
        return f'[{address or self.weir}]' if self.is6 else address or self.weir

    def at(self, port, address=None):
        """weir's endpoint, or another's."""
        return f'{self.host(address)}:{port}'


IPV4 = Family(socket.AF_INET, '192.0.2.0/24')
IPV6 = Family(socket.AF_INET6, 'fd99::/64', ', ipv6')
BOTH = (IPV4, IPV6)


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')


def nodad(family):
    """For `ip addr`: not tentative for a second."""
    return ['nodad'] if family.is6 else []


def run(*command, **how):
    """Runs a command to its end; one that fails is an error that shows what it said."""
    done = subprocess.run(command, capture_output=True, text=True, **{'timeout': 60, **how})
    if done.returncode != 0:
        raise AssertionError(f'{" ".join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


class Namespace(contextlib.AbstractContextManager):
    def __init__(self, name):
        self.name = f'{name}-{next(numbers)}'
        run('ip', 'netns', 'add', self.name)
        self.fd = os.open(f'/run/netns/{self.name}', os.O_RDONLY)
        self.before = []
        self.sysctl('net/ipv6/conf/all/disable_ipv6', 1)
        self.sysctl('net/ipv6/conf/default/disable_ipv6', 1)
        self.ip('link', 'set', 'lo', 'up')

    def __enter__(self):
        self.before.append(os.open('/proc/thread-self/ns/net', os.O_RDONLY))
        setns(self.fd)
        return self

    def __exit__(self, *_):
        fd = self.before.pop()
        setns(fd)
        os.close(fd)

    def command(self, *command):
        return ['ip', 'netns', 'exec', self.name, *command]

    def run(self, *command, **how):
        return run(*self.command(*command), **how)

    def ip(self, *arguments):
        return run('ip', '-n', self.name, *arguments)

    def sysctl(self, path, value=None):
        """Reads or writes one of this namespace's; a path that this kernel does not have is an error."""
        with self, open(f'/proc/sys/{path}', 'r' if value is None else 'w', encoding='ascii') as f:
            return f.read().strip() if value is None else f.write(str(value))

    def link(self, interface):
        return json.loads(run('ip', '-n', self.name, '-j', '-s', 'link', 'show', interface))[0]

    def mac(self, interface):
        return bytes.fromhex(self.link(interface)['address'].replace(':', ''))

    def sockstat(self):
        """{'inuse': 1, 'tw': 5} of this namespace's TCP; Linux gives the rest for all namespaces together."""
        found = {'inuse': 0, 'tw': 0}
        with self:
            for path in ('sockstat', 'sockstat6'):  # IPv4's has TIME-WAIT of both
                with open(f'/proc/thread-self/net/{path}', encoding='ascii') as f:
                    words = next(line for line in f if line.startswith('TCP')).split()[1:]
                for name, value in zip(words[::2], words[1::2]):
                    if name in found:
                        found[name] += int(value)
        return found

    def packet_socket(self, interface):
        """Whole frames, from Ethernet on."""
        with self:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        with self:
            sock.bind((interface, 3))
        return sock

    def close(self):
        os.close(self.fd)
        run('ip', 'netns', 'del', self.name)


class Lab:
    """families: of both ends' addresses; the first of them is `family`, the one that is meant where none is named.

    patient: Linux sends nothing again before a second has gone, so that on a wire that loses nothing it never does,
    however long weir has to wait for a CPU. False: as Linux is."""

    def __init__(self, device='af_packet', middle=False, patient=True, families=(IPV4,)):
        self.device = device
        self.vlan = None  # of weir's side; shim.Switch joins it to the peer, who has none
        self.families = families
        self.family = families[0]
        self.patient = patient
        self.processes = []
        self.closing = contextlib.ExitStack()
        self.weir = self.namespace('weir')
        self.peer = self.weir if device == 'tap' and not middle else self.namespace('peer')
        self.middle = None
        self.left = None  # of what is in the middle: the namespace and interface on weir's side
        self.right = None
        self.peer_interface = 'peer0'
        self.port = f'net_{device}0,iface=weir0{RINGS.get(device, "")}'
        if self.peer is self.weir:
            self.peer_interface = 'weir0'
        elif middle:
            self.join()
        else:
            self.cable(self.weir, 'weir0', self.peer, 'peer0')
        if self.peer is not self.weir:
            self.plug()

    def join(self):
        """Both cables to the middle; with net_tap that is in weir's namespace, and the left one DPDK's."""
        self.middle = self.weir if self.device == 'tap' else self.namespace('middle')
        self.left = (self.middle, 'weir0' if self.device == 'tap' else 'left0')
        self.right = (self.middle, 'right0')
        if self.device != 'tap':
            self.cable(self.weir, 'weir0', *self.left)
        self.cable(*self.right, self.peer, 'peer0')

    def namespace(self, name):
        namespace = Namespace(name)
        self.closing.callback(namespace.close)
        return namespace

    @staticmethod
    def cable(left, left_interface, right, right_interface):
        """A veth pair that carries frames as a wire does: one segment each, with its checksums."""
        left.ip('link', 'add', left_interface, 'type', 'veth', 'peer', 'name', right_interface,
                'netns', right.name)
        for namespace, interface in ((left, left_interface), (right, right_interface)):
            namespace.run('ethtool', '-K', interface, 'tx', 'off', 'rx', 'off', 'tso', 'off', 'gso', 'off',
                          'gro', 'off')
            namespace.ip('link', 'set', interface, 'up')

    def plug(self):
        """The peer's addresses, or those that it lost; with net_tap only once weir has made the interface."""
        self.peer.ip('link', 'set', self.peer_interface, 'up')
        if IPV6 in self.families:
            self.speak_ipv6(self.peer, 'lo', self.peer_interface)
        for family in self.families:
            self.peer.ip('addr', 'replace', family.cidr(family.peer), 'dev', self.peer_interface, 'noprefixroute',
                         *nodad(family))
        if self.patient:
            self.peer.sysctl('net/ipv4/tcp_early_retrans', 0)  # no tail loss probes; of both families
        self.route()

    @staticmethod
    def speak_ipv6(namespace, *interfaces):
        """Not Linux's end of weir's own interface, which stays silent."""
        for interface in interfaces:
            for name in ('accept_dad', 'router_solicitations', 'accept_ra', 'disable_ipv6'):
                namespace.sysctl(f'net/ipv6/conf/{interface}/{name}', 0)

    def route(self, *options):
        options = ('rto_min', '1s', *options) if self.patient else options
        for family in self.families:
            self.peer.ip('route', 'replace', str(family.net), 'dev', self.peer_interface, 'src', family.peer, *options)

    def bridge(self):
        """The middle as one."""
        self.middle.ip('link', 'add', 'bridge0', 'type', 'bridge')
        for interface in ('left0', 'right0', 'bridge0'):
            self.middle.ip('link', 'set', interface, *([] if interface == 'bridge0' else ['master', 'bridge0']), 'up')

    def route_between(self, family, far, router=254):
        """The middle as a router between this family's wire and another's, on which the peer is: its right one."""
        if family.is6:
            self.speak_ipv6(self.middle, 'left0', 'right0')
        self.peer.ip(family.ip_option, 'route', 'flush', str(family.net))
        self.peer.ip('addr', 'del', family.cidr(family.peer), 'dev', 'peer0')
        self.settle(self.middle, 'left0', family, router)
        self.settle(self.middle, 'right0', far, router)
        self.settle(self.peer, 'peer0', far, 1)
        self.middle.sysctl('net/ipv6/conf/all/forwarding' if family.is6 else 'net/ipv4/ip_forward', 1)
        self.peer.ip('route', 'add', 'default', 'via', far.address(router))

    @staticmethod
    def settle(namespace, interface, family, number):
        """Gives it the wire's so-many-th address."""
        namespace.ip('addr', 'add', family.cidr(family.address(number)), 'dev', interface, *nodad(family))

    def start(self, namespace, *command, **how):
        """Starts a process that ends with the lab at the latest."""
        process = subprocess.Popen(namespace.command(*command), **how)
        self.processes.append(process)
        return process

    def connect(self, port=80, address=None, timeout=10, options=(), from_port=None):
        """A socket from the peer to weir, or to another address of the family; options: arguments of setsockopt()."""
        with self.peer:
            sock = socket.socket(self.family.af, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        for option in options:
            sock.setsockopt(*option)
        if from_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.family.peer, from_port))
        try:
            sock.connect((address or self.family.weir, port))
        except OSError:
            sock.close()
            raise
        return sock

    def close(self):
        for process in reversed(self.processes):
            end(process, signal.SIGKILL)
        self.closing.close()


class OtherEnd:
    """A lab with its sides changed: weir sends from the peer's interface."""

    def __init__(self, lab):
        self.device = lab.device
        self.weir, self.peer = lab.peer, lab.weir
        self.families = lab.families
        self.family = lab.family
        self.vlan = lab.vlan
        self.port = f'net_af_packet0,iface=peer0{RINGS["af_packet"]}'
        self.start = lab.start


class Joined:
    """Two weirs that are joined past the kernel, by memif, or by vhost and virtio_user: no cable, and no Linux between them.

    left, right: their ports, if they have one each; as a lab for weir.Weir(). The one whose port makes the socket starts first."""

    class End:
        def __init__(self, joined, port, number):
            self.weir, self.peer = joined.namespace, None
            self.families = joined.families
            self.family = joined.families[0]
            self.vlan = None
            self.port = port
            self.start = joined.start
            self.number = number

        def address(self, family):
            return family.address(self.number)

        def cidr(self, family):
            return family.cidr(self.address(family))

        def cidrs(self):
            return [self.cidr(family) for family in self.families]

        def targets(self, port=80):
            """weir load's options to connect to it."""
            return [word for family in self.families
                    for word in ('--connect', family.at(port, self.address(family)))]

    def __init__(self, left=None, right=None, families=BOTH):
        self.namespace = Namespace('joined')
        self.families = families
        self.processes = []
        self.left, self.right = self.End(self, left, 1), self.End(self, right, 2)

    start = Lab.start

    def close(self):
        for process in reversed(self.processes):
            end(process, signal.SIGKILL)
        self.namespace.close()


class Case(unittest.TestCase):
    """What runs for each family: tap.main() makes a case of each. One that runs once for all says @tap.once."""

    families = BOTH
    family = IPV4

    def setUp(self):
        """A class's own lab speaks the case's family."""
        if hasattr(self, 'lab'):
            self.lab.family = self.family

    def make_lab(self, **how):
        """A lab of this case, in its family alone."""
        lab = Lab(**{'families': (self.family,), **how})
        self.addCleanup(lab.close)
        return lab


def end(process, how=signal.SIGTERM):
    """Ends a process that a lab started. Returns its exit status; negative: it had to be killed."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def until(condition, timeout=10, what='it'):
    """Waits for condition() to be true, and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'{what} did not happen within {timeout} s')
        time.sleep(0.01)


def scratch(name):
    """A path for a file of this run, told apart from the others'."""
    return os.path.join(tap.scratch(f'{next(numbers):03}'), name)
