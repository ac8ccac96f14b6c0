# SPDX-License-Identifier: BSD-3-Clause
"""Two machines and a cable: a namespace for weir, one for its Linux peer, and what joins them.

    weir's namespace                     peer's namespace
    weir serve --port ...,iface=weir0    curl, nginx, Python's own sockets
          192.0.2.2 weir0 ---- veth ---- peer0 192.0.2.1

With net_tap DPDK makes the interface, and its Linux end is the peer: both share weir's namespace. With
a shim (shim.py) a third namespace in the middle has the other ends of two veth pairs.

Sockets and files opened inside `with namespace:` are that namespace's; the thread comes back afterwards.
"""

import contextlib
import ctypes
import itertools
import json
import os
import signal
import socket
import subprocess
import time

import tap

CLONE_NEWNET = 0x40000000
NET = '192.0.2.0/24'
PEER = '192.0.2.1'
WEIR = '192.0.2.2'
# Longer than the driver's own: what it cannot hold while others have the CPU would be lost on a clean wire.
RINGS = {'af_packet': ',framesz=2048,framecnt=4096,blocksz=65536'}
CLOSE_S = 20  # how long a process may take to end after it was asked to

libc = ctypes.CDLL(None, use_errno=True)
numbers = itertools.count()


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')


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
        with self, open('/proc/thread-self/net/sockstat', encoding='ascii') as f:
            words = next(line for line in f if line.startswith('TCP:')).split()[1:]
        return {name: int(value) for name, value in zip(words[::2], words[1::2]) if name in ('inuse', 'tw')}

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
    """patient: Linux sends nothing again before a second has gone, so that on a wire that loses nothing it never does,
    however long weir has to wait for a CPU. False: as Linux is."""

    def __init__(self, device='af_packet', middle=False, patient=True):
        self.device = device
        self.patient = patient
        self.processes = []
        self.closing = contextlib.ExitStack()
        self.weir = self.namespace('weir')
        self.peer = self.weir if device == 'tap' else self.namespace('peer')
        self.middle = self.namespace('middle') if middle else None
        self.peer_interface = 'peer0'
        self.port = f'net_{device}0,iface=weir0{RINGS.get(device, "")}'
        if device == 'tap':
            self.peer_interface = 'weir0'
        elif middle:
            self.cable(self.weir, 'weir0', self.middle, 'left0')
            self.cable(self.middle, 'right0', self.peer, 'peer0')
        else:
            self.cable(self.weir, 'weir0', self.peer, 'peer0')
        if device != 'tap':
            self.plug()

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
        """The peer's address; with net_tap only once weir has made the interface."""
        self.peer.ip('addr', 'add', f'{PEER}/{NET.split("/")[1]}', 'dev', self.peer_interface)
        self.peer.ip('link', 'set', self.peer_interface, 'up')
        if self.patient:
            self.peer.sysctl('net/ipv4/tcp_early_retrans', 0)  # no tail loss probes
            self.route()

    def route(self, *options):
        self.peer.ip('route', 'replace', NET, 'dev', self.peer_interface, 'src', PEER, 'rto_min', '1s', *options)

    def start(self, namespace, *command, **how):
        """Starts a process that ends with the lab at the latest."""
        process = subprocess.Popen(namespace.command(*command), **how)
        self.processes.append(process)
        return process

    def connect(self, port=80, address=WEIR, timeout=10, options=(), from_port=None):
        """A socket from the peer to weir; options: arguments of setsockopt()."""
        with self.peer:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        for option in options:
            sock.setsockopt(*option)
        if from_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((PEER, from_port))
        try:
            sock.connect((address, port))
        except OSError:
            sock.close()
            raise
        return sock

    def close(self):
        for process in reversed(self.processes):
            end(process, signal.SIGKILL)
        self.closing.close()


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
