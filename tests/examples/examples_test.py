#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""examples_test.py WEIR KEEP_YOUR_LOOP RUN_FOR_ME: both examples at work, without root.

    weir load --- wire b --- keep_your_loop --- wire a --- run_for_me
     10.0.0.3                   10.0.0.1                    10.0.0.2
     fd99::3                    fd99::1                     fd99::2

Once over IPv4, once over IPv6. Reports in TAP.

A wire is net_vhost, which keep_your_loop has, and net_virtio_user: the driver waits for who polls before it lets go of the
memory of a peer that ends, and takes the next one. (net_memif of DPDK 22.11 unmaps it at once: see ../app/memif.py.)
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

EAL = ['--no-pci', '--no-huge', '-m', '256', '--no-shconf', '--no-telemetry', '--log-level=*:error']
START_S = 30
END_S = 20
MACS = {'a': '02:00:00:00:00:0a', 'b': '02:00:00:00:00:0b'}
FAMILIES = {'IPv4': ('10.0.0.', '/24'), 'IPv6': ('fd99::', '/64')}


def server(folder, wire, number):
    """keep_your_loop's end of a wire."""
    return f'net_vhost{number},iface={os.path.join(folder, wire)}'


def client(folder, wire):
    """The other end. A MAC address of its own for whoever comes: keep_your_loop has asked for it once."""
    return f'net_virtio_user0,path={os.path.join(folder, wire)},mac={MACS[wire]}'


class Example:
    started = []

    def __init__(self, path, *words):
        self.log = tempfile.TemporaryFile('w+')
        self.process = subprocess.Popen([path, *words], stdout=self.log, stderr=subprocess.STDOUT)
        self.started.append(self.process)

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def wait_until_listening(self):
        deadline = time.monotonic() + START_S
        while 'listening on' not in self.text():
            assert self.process.poll() is None, f'ended with {self.process.returncode}:\n{self.text()}'
            assert time.monotonic() < deadline, f'does not listen:\n{self.text()}'
            time.sleep(0.05)

    def end(self):
        """Asks it to end. Both exit with 1 when a buffer did not come back."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(END_S)
        assert status == 0, f'ended with {status}:\n{self.text()}'


def load(weir, folder, own, address):
    """Echoes over many connections; weir compares what comes back with what it sent."""
    target = f'[{address}]:7' if ':' in address else f'{address}:7'
    done = subprocess.run([weir, 'load', '--json', '--port', client(folder, 'b'), '--addr', own,
                           '--connect', target, '--app', 'echo', '--connections', '8', '--requests', '3',
                           '--size', '3000', '--duration', '1s', '--eal', ' '.join(EAL)],
                          capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, f'weir load ended with {done.returncode}:\n{done.stderr}'
    connections = json.loads(done.stdout.splitlines()[-1])['connections']
    assert connections['closed'] >= 8, connections
    assert connections['closed'] == connections['attempted'], connections


def wrong_usage(program, *words):
    """What is no address ends in a line of usage."""
    done = subprocess.run([program, *EAL, *words], capture_output=True, text=True, timeout=START_S)
    assert done.returncode == 2 and 'usage: ' in done.stderr, f'{done.returncode}: {done.stdout}{done.stderr}'


def taken(program, address, *words):
    """Somebody has the address: the example says so, and does not listen."""
    done = subprocess.run([program, *EAL, *words, address, '7'], capture_output=True, text=True, timeout=START_S)
    said = f'{done.returncode}: {done.stdout}{done.stderr}'
    assert done.returncode == 1 and 'listening' not in done.stdout and 'did not come back' not in done.stderr, said
    assert f': {address}, or this ' in done.stderr and 'is in use by somebody else on this link' in done.stderr, said


def cases(weir, keep_your_loop, run_for_me, folder, family):
    network, bits = FAMILIES[family]
    one, two, three = (f'{network}{host}' for host in (1, 2, 3))
    bridge = Example(keep_your_loop, *EAL, f'--vdev={server(folder, "a", 0)}',
                     f'--vdev={server(folder, "b", 1)}', '--', one + bits, '7')
    yield 'keep_your_loop starts', bridge.wait_until_listening
    device = client(folder, 'a')
    for program, words in ((run_for_me, ['--', device]), (keep_your_loop, [f'--vdev={device}', '--vdev=net_null0,no-rx=1', '--'])):
        name = os.path.basename(program).removeprefix('example_')
        yield f'{name} takes no address with more behind it', lambda: wrong_usage(program, *words, f'{two}{bits}x', '7')
        # IPv4 announces its addresses, and asks nobody.
        if family == 'IPv6':
            yield f'{name} does not listen on an address that is taken', lambda: taken(program, one + bits, *words)
    echo = Example(run_for_me, *EAL, '--', device, two + bits, '7')
    yield 'run_for_me starts', echo.wait_until_listening
    yield 'keep_your_loop answers on its own address', lambda: load(weir, folder, three + bits, one)
    yield 'keep_your_loop forwards to run_for_me, which answers', lambda: load(weir, folder, three + bits, two)
    yield 'run_for_me ends with all buffers back', echo.end
    yield 'keep_your_loop ends with all buffers back', bridge.end


def all_cases(programs):
    for family in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            for name, case in cases(*programs, folder, family):
                yield f'{name} ({family})', case


def main():
    number = bad = 0
    for number, (name, case) in enumerate(all_cases(sys.argv[1:]), 1):
        try:
            case()
            print(f'ok {number} - {name}', flush=True)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            bad += 1
            print(f'not ok {number} - {name}\n# ' + str(error).replace('\n', '\n# '), flush=True)
    for process in Example.started:
        process.kill()
    print(f'1..{number}')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
