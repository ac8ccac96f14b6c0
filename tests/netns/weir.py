# SPDX-License-Identifier: BSD-3-Clause
"""weir as a process: started, waited for, read and stopped."""

import json
import subprocess
import threading
import time

import lab as labs
import tap

# The machine's hugepages, if it has some, are others' too: programs that run side by side would take each other's.
EAL = '--no-huge -m 256'  # of one shard; what is set aside is written to first, and takes its time
EAL_DEMO = '--no-huge'
READY_S = 30  # EAL sets memory aside first


class Weir:
    def __init__(self, lab, command, *options, addresses=None, port=True):
        """Starts `weir COMMAND --json` with these addresses, or all of the lab's; port False: without --port and --addr,
        for demo."""
        self.lab = lab
        self.lines = []
        self.changed = threading.Condition()
        self.errors_path = labs.scratch(f'weir-{command}.log')
        words = [tap.weir_path, command, '--json']
        words += [] if '--eal' in options else ['--eal', EAL if port else EAL_DEMO]
        if port:
            words += ['--port', lab.port]
            for address in addresses or [family.cidr() for family in lab.families]:
                words += ['--addr', address]
            words += ['--vlan', str(lab.vlan)] if lab.vlan else []
        with open(self.errors_path, 'wb') as errors:
            self.process = lab.start(lab.weir, *words, *map(str, options), stdout=subprocess.PIPE,
                                     stderr=errors, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append({**json.loads(line), 'arrived': time.monotonic()})
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def errors(self):
        with open(self.errors_path, encoding='utf-8', errors='replace') as f:
            return f.read()[-4000:]

    def event(self, name, timeout):
        """The first line with that event, once it is there."""
        deadline = time.monotonic() + timeout

        def found():
            return next((line for line in self.lines if line['event'] == name), None)

        with self.changed:
            while not found() and self.reader.is_alive() and time.monotonic() < deadline:
                self.changed.wait(0.1)
            line = found()
        if line is None:
            raise AssertionError(f'weir printed no "{name}"; exit status {self.process.poll()}\n{self.errors()}')
        return line

    def ready(self):
        self.event('ready', READY_S)
        if self.lab.peer is self.lab.weir:
            self.lab.plug()
        return self

    def stats(self):
        """The next second's line: of a moment after this call."""
        asked = time.monotonic()

        def fresh():
            return next((line for line in self.lines if line['event'] == 'stats' and line['arrived'] > asked + 0.02),
                        None)

        return labs.until(fresh, 5, 'a stats line')

    def stop(self):
        """Asks it to end. Returns the summary; anything but exit status 0 is an error."""
        return self.finish(0, labs.end(self.process))

    def finish(self, expected=0, status=None, timeout=120):
        """Waits until it ends by itself. Returns the summary."""
        if status is None:
            try:
                status = self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                raise AssertionError(f'weir did not end within {timeout} s\n{self.errors()}') from None
        self.reader.join(10)
        if status != expected:
            raise AssertionError(f'weir: exit status {status}, not {expected}\n{self.errors()}')
        summary = self.lines[-1]
        if summary['event'] != 'summary':
            raise AssertionError(f'weir ended without a summary\n{self.errors()}')
        return summary


def faults(summary, failed=0, retransmits=0):
    """What is wrong with a summary of a run that should have gone well."""
    found = []
    if summary['connections']['failed'] != failed:
        found.append(f'failed: {summary["connections"]["failed"]} {summary["failures"]}')
    if retransmits is not None and summary['retransmits'] > retransmits:
        found.append(f'{summary["retransmits"]} retransmissions')
    if summary['mbufs']['taken'] != summary['mbufs']['returned']:
        found.append(f'mbufs: {summary["mbufs"]}')
    for state, count in summary['states'].items():
        if count and state not in ('LISTEN', 'TIME-WAIT'):
            found.append(f'{count} connections left in {state}')
    return found


def describe(summary):
    """One line with the figures of a run."""
    c, connect = summary['connections'], summary['latency_us']['connect']
    line = (f'{summary["seconds"]:.1f} s, {c["established"]} established, {c["closed"]} closed, {c["failed"]} failed, '
            f'{summary["cps"]:.0f}/s, {summary["requests"]} requests, {summary["retransmits"]} retransmits, '
            f'{c["time_wait"]} in TIME-WAIT, {summary["cycles_per_packet"]:.0f} cycles/packet')
    if connect.get('count'):
        line += f', connect p50 {connect["p50"]:.0f} p99 {connect["p99"]:.0f} us'
    return line
