#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-dumpcap, DPDK's own capture, attaches to a weir that runs: hugepages of its own are taken, and put back."""

import contextlib
import os
import signal
import subprocess
import time
import unittest

import capture
import lab as labs
import tap
import weir

PAGES = 128  # of 2 MiB: weir's heap, in which dpdk-dumpcap has its buffers, too, and what shards take
EAL = '-m 192'
HUGE = '/run/huge'
NR_HUGEPAGES = '/proc/sys/vm/nr_hugepages'


def read_number(path):
    with open(path, encoding='ascii') as f:
        return int(f.read())


def set_pages(number):
    with open(NR_HUGEPAGES, 'w', encoding='ascii') as f:
        f.write(str(max(number, 0)))


@contextlib.contextmanager
def hugepages():
    """So many more than there are, and a file system for them in this program's mount namespace alone."""
    before = read_number(NR_HUGEPAGES)
    set_pages(before + PAGES)
    try:
        if read_number('/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages') < PAGES:
            raise unittest.SkipTest(f'{PAGES} hugepages cannot be had here')
        os.makedirs(HUGE)
        subprocess.run(['mount', '-t', 'hugetlbfs', '-o', 'pagesize=2M', 'none', HUGE], check=True)
        yield
        subprocess.run(['umount', HUGE], check=True)
    finally:
        set_pages(read_number(NR_HUGEPAGES) - PAGES)


@tap.needs('dpdk-dumpcap', 'curl', 'tshark')
class Dumpcap(unittest.TestCase):
    title = 'dpdk-dumpcap'

    def setUp(self):
        self.lab = labs.Lab()
        self.addCleanup(self.lab.close)

    def dump(self, prefix, path):
        """dpdk-dumpcap, once it captures: then it says how many."""
        log = labs.scratch('dumpcap.log')
        with open(log, 'wb') as errors:
            dumping = self.lab.start(self.lab.weir, 'dpdk-dumpcap', f'--file-prefix={prefix}', '-w', path,
                                     stdout=subprocess.DEVNULL, stderr=errors)

        def says():
            with open(log, encoding='utf-8', errors='replace') as f:
                return f.read()

        labs.until(lambda: 'Packets captured' in says() or dumping.poll() is not None, 10, 'a capture')
        self.assertIsNone(dumping.poll(), says())
        return dumping

    def get(self, count):
        for _ in range(count):
            status = self.lab.peer.run('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}',
                                       f'http://{labs.IPV4.weir}/')
            self.assertEqual(status.strip(), '200')

    def test_captures_from_a_server_that_runs(self):
        with hugepages():
            server = weir.Weir(self.lab, 'serve', '--listen', '80', '--max-connections', '1k', '--eal', EAL).ready()
            prefix = server.event('ready', 1)['file_prefix']
            self.get(1)
            path = labs.scratch('dumpcap.pcapng')
            dumping = self.dump(prefix, path)
            self.get(3)
            time.sleep(0.2)  # what is in its ring is lost when it ends
            self.assertEqual(labs.end(dumping, signal.SIGINT), 0)
            self.get(1)
            found = weir.faults(server.stop())
            self.assertEqual(found, [])
            self.assertEqual(os.listdir(HUGE), [])
            self.assertFalse(os.path.exists(f'/run/dpdk/{prefix}'))
        opened = capture.tshark(path, ('tcp.srcport',), 'tcp.flags.syn == 1 && tcp.flags.ack == 0')
        self.assertEqual(len(opened), 3)


if __name__ == '__main__':
    tap.main()
