#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""flood_goodput_linux.py WEIR [SECONDS]: the question of flood_goodput, asked of Linux, as context.

    client's namespace        server's namespace          attacker's namespace
    weir load ------- veth ------- nginx ------- veth ------- weir flood
                                     |
                                     '------- veth to nobody, for the answers to forged addresses

nginx listens on Linux's TCP with net.ipv4.tcp_syncookies 0, 1 and 2 in turn, and a backlog of 16,384. The client
opens CLIENTS_PER_S connections for SECONDS (6) while the flood is on, one request each. Prints rows as weir-bench
--json does; needs root.

Not the same measurement: real time, all ends on the CPUs of one machine, and fewer connections at each point. A
veth's receiver works on its sender's CPU, so that a flood pays for its own receipt and slows down by itself: what is
printed is the rate that arrived."""

import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'netns'))

import lab as labs  # noqa: E402
import peer  # noqa: E402
import tap  # noqa: E402
import weir  # noqa: E402

CLIENTS_PER_S = 2000
PATIENCE_US = 3e6  # what a connection that was never made counts with, as in weir-bench
FORGED = '10.0.0.0/8'
ATTACKER, GATEWAY = '198.51.100.2', '198.51.100.1'
RATES_MPPS = (0, 0.001, 0.003, 0.01, 0.03, 0.1, 'max')


class Stage(labs.Lab):
    """A lab with a third namespace, and a way out for answers that nobody waits for."""

    def __init__(self):
        super().__init__()
        self.attacker = self.namespace('attacker')
        self.cable(self.attacker, 'weir1', self.peer, 'flood0')
        self.peer.ip('addr', 'add', f'{GATEWAY}/24', 'dev', 'flood0')
        self.cable(self.peer, 'nowhere', self.attacker, 'sink')
        self.peer.ip('link', 'set', 'nowhere', 'arp', 'off')
        self.peer.ip('route', 'add', FORGED, 'dev', 'nowhere')
        for interface in ('all', 'flood0', 'nowhere'):
            self.peer.sysctl(f'net/ipv4/conf/{interface}/rp_filter', 0)
        # Without cookies Linux keeps a quarter of its backlog for addresses that it has a round-trip time of. Ours
        # is one address for thousands of strangers.
        self.peer.sysctl('net/ipv4/tcp_no_metrics_save', 1)
        peer.nginx(self)

    def defend(self, syncookies):
        self.peer.sysctl('net/ipv4/tcp_syncookies', syncookies)

    def received(self):
        return self.peer.link('flood0')['stats64']['rx']['packets']

    def flood(self, mpps):
        rate = 'max' if mpps == 'max' else str(round(mpps * 1e6))
        port = f'net_af_packet1,iface=weir1{labs.RINGS["af_packet"]}'
        return self.start(self.attacker, tap.weir_path, 'flood', '--port', port, '--addr', f'{ATTACKER}/24',
                          '--gateway', GATEWAY, '--connect', f'{labs.PEER}:80', '--kind', 'syn',
                          '--source', FORGED, '--rate', rate, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def row(case, value, unit):
    print(json.dumps({'bench': 'flood_goodput', 'case': case, 'headline': False, 'value': round(value, 6),
                      'unit': unit}), flush=True)


def measure(stage, syncookies, mpps, seconds):
    flood = stage.flood(mpps) if mpps else None
    if flood:
        before = stage.received()
        labs.until(lambda: flood.poll() is None and stage.received() > before + 100, what='the flood')
    client = weir.Weir(stage, 'load', '--connect', f'{labs.PEER}:80', '--rate', CLIENTS_PER_S, '--duration',
                       f'{seconds}s').ready()
    before = stage.received()
    client.process.wait(seconds + 30)
    arrived = (stage.received() - before) / (client.lines[-1]['seconds'] * 1e6)
    summary = client.finish(expected=client.process.returncode)
    if flood:
        labs.end(flood)
    attempted, connect = summary['connections']['attempted'], summary['latency_us']['connect']
    p99 = connect['p99'] if connect['count'] >= 0.99 * attempted else PATIENCE_US
    case = f'Linux, tcp_syncookies={syncookies}, {arrived if flood else 0:.3f} Mpps'
    row(case, summary['connections']['closed'] / attempted, 'of connections')
    row(f'{case}, p99 connect', p99, 'us')


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if os.environ.get(tap.INSIDE) != '1':
        reason = tap.why_not()
        if reason:
            sys.exit(f'flood_goodput_linux.py: {reason}')
        os.environ[tap.INSIDE] = '1'
        os.execvp(tap.UNSHARE[0], [*tap.UNSHARE, sys.executable, *sys.argv])
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'], check=True)
    os.makedirs(tap.SCRATCH)
    tap.weir_path = os.path.abspath(sys.argv[1])
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    for syncookies in (0, 1, 2):
        stage = Stage()
        stage.defend(syncookies)
        for mpps in RATES_MPPS:
            measure(stage, syncookies, mpps, seconds)
        stage.close()


if __name__ == '__main__':
    main()
