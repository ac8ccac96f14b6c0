#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir doctor on this machine: what it finds, and that the commands which it prints mend it.

Each case breaks something, in a namespace where there is one for it, sees the finding, runs its command as it stands, sees the
finding gone, and puts things back.
"""

import contextlib
import ctypes
import json
import os
import re
import resource
import stat
import subprocess

from harness import WEIR, Skip, expect, expect_equal, lines_of, main, run

KEYS = {'check', 'status', 'found', 'cost', 'mend'}
STATUSES = ['fail', 'warn', 'unknown', 'ok']
HUGEPAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'
TRANSPARENT = '/sys/kernel/mm/transparent_hugepage/enabled'
PORT = 'net_af_packet0,iface=weir0'
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000


def doctor(*args, before=()):
    """Its findings, each with all keys, and the exit status that they make."""
    done = subprocess.run([*before, WEIR, 'doctor', '--json', *args], capture_output=True, text=True, timeout=60,
                          check=False)
    findings = lines_of(done.stdout)
    expect(findings, 'nothing found:', done.stderr)
    for finding in findings:
        expect_equal(set(finding), KEYS, 'keys')
        expect(finding['status'] in STATUSES, finding)
        expect(finding['found'], finding)
    places = [STATUSES.index(finding['status']) for finding in findings]
    expect_equal(places, sorted(places), 'the worst first')
    expect_equal(done.returncode, int('fail' in [finding['status'] for finding in findings]), 'exit status')
    return findings


def find(findings, check, *statuses):
    return next((f for f in findings if f['check'] == check and f['status'] in (statuses or ('fail', 'warn'))), None)


def mended(check, *args, status, before=(), begins=''):
    """The finding is there, its command runs, and then it is not."""
    finding = find(doctor(*args, before=before), check, status)
    expect(finding, f'no {status} of {check}:', doctor(*args, before=before))
    expect(finding['mend'] and not finding['mend'].startswith('#'), 'no command:', finding)
    expect(finding['mend'].startswith(begins), finding)
    done = subprocess.run(['sh', '-c', finding['mend']], capture_output=True, text=True, timeout=60, check=False)
    after = find(doctor(*args, before=before), check, status)
    expect(after is None or after['found'] != finding['found'], finding, 'was not mended:', done.stderr, after)
    return finding


@contextlib.contextmanager
def restored(path):
    """A setting of the kernel's, written back at the end."""
    with open(path, encoding='ascii') as f:
        words = f.read().strip()
    chosen = re.search(r'\[(\w+)\]', words)
    try:
        yield
    finally:
        write(path, chosen[1] if chosen else words)


def write(path, text):
    with open(path, 'w', encoding='ascii') as f:
        f.write(str(text))


def need_root():
    if os.geteuid() != 0:
        raise Skip('needs root')


def in_child(work):
    """Runs it in a child: what it does to itself (namespaces, limits) ends there. Its failure is ours."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        fault = ''
        try:
            work()
        except BaseException as error:  # all of it goes to the parent
            fault = f'{type(error).__name__}: {error}'
        os.write(writer, fault.encode()[:60000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding='utf-8', errors='replace') as f:
        fault = f.read()
    os.waitpid(child, 0)
    expect(not fault, fault)


def unshare(flags):
    expect(ctypes.CDLL(None, use_errno=True).unshare(flags) == 0, 'unshare')


def command(*words):
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def in_lab(work):
    """A namespace with weir0 and peer0 on a cable, and sysfs of its own."""
    def begin():
        unshare(CLONE_NEWNS | CLONE_NEWNET)
        command('mount', '--make-rprivate', '/')
        command('mount', '-t', 'sysfs', 'sysfs', '/sys')
        command('ip', 'link', 'add', 'weir0', 'numrxqueues', '4', 'numtxqueues', '4', 'type', 'veth', 'peer', 'name',
                'peer0')
        work()

    need_root()
    in_child(begin)


def speaks():
    """On this machine, with ports of every kind, it finds something to say of each, in JSON and for people."""
    for port in ('0000:00:1f.7', 'net_tap0', 'net_af_packet0,iface=lo', 'net_af_xdp0,iface=lo', 'net_memif0', 'net_null0',
                 'net_unheard0'):
        findings = doctor('--port', port, '--lcores', '0')
        expect(find(findings, 'hugepages', *STATUSES), port, findings)
        lines = run('doctor', '--port', port, '--lcores', '0').stdout.splitlines()
        expect(lines[0].startswith(findings[0]['status'] + ' '), port, lines)
        expect(' fail, ' in lines[-1], port, lines)
    missing = find(doctor('--port', '0000:00:1f.7'), 'binding', 'fail')
    expect(missing and missing['mend'].startswith('dpdk-devbind.py --status-dev net'), missing)


def says_what_it_does_not_know():
    """Without a port it says that it could not look at one, and nothing fails for that."""
    findings = doctor()
    expect(find(findings, 'port', 'unknown'), findings)
    expect(all(f['cost'] and f['mend'] for f in findings if f['status'] in ('fail', 'warn')), findings)


def hugepages():
    """With 0 and with 1,024 hugepages it answers rightly, and its command for 0 makes enough of them."""
    need_root()
    with restored(HUGEPAGES):
        write(HUGEPAGES, 0)
        # Those that another program has stay its own.
        with open(HUGEPAGES, encoding='ascii') as f:
            held = int(f.read())
        found = mended('hugepages', '--port', 'net_null0', status='warn', begins='echo ')
        expect(found['found'].startswith(f'0 of {held} hugepages of 2.0 MiB free'), found)
        expect(find(doctor('--port', 'net_null0'), 'hugepages', 'ok'), 'its number is too small')
        write(HUGEPAGES, 0)
        expect(find(doctor('--port', 'net_null0'), 'hugepages', 'warn'), 'none was enough')
        write(HUGEPAGES, held + 1024)
        found = find(doctor('--port', 'net_null0'), 'hugepages', 'ok')
        expect(found and f' of {held + 1024} hugepages of 2.0 MiB free' in found['found'], found)
        found = find(doctor('--port', 'net_null0', '--max-connections', '10M'), 'hugepages', 'warn')
        expect(found, '10 million connections and their buffers do not fit 2 GiB')


def transparent():
    """Transparent hugepages that are off."""
    need_root()
    with restored(TRANSPARENT):
        write(TRANSPARENT, 'never')
        mended('transparent', status='warn', begins='echo madvise')


def memory():
    """More connections than memory; the number that it names fits."""
    # The most that there may be: 268 million take 35 GiB.
    finding = find(doctor('--port', 'net_null0', '--max-connections', '268M'), 'memory', 'fail')
    if finding is None:
        raise Skip('this machine has memory for all that weir knows')
    expect(finding['mend'].startswith(f'{WEIR} doctor --port net_null0 --lcores '), finding)
    words = finding['mend'].split()
    expect(find(doctor(*words[2:]), 'memory', 'ok'), finding)


def cpus():
    """A CPU that this process may not use: the command lets its shell."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Skip('needs two CPUs')

    def work():
        os.sched_setaffinity(0, allowed[:1])
        mended('lcores', '--lcores', str(allowed[1]), status='fail', begins='taskset ')

    in_child(work)


def may_raise_limits():
    """CAP_SYS_RESOURCE, which the root of a container need not have."""
    with open('/proc/self/status', encoding='ascii') as f:
        return int(re.search(r'CapEff:\s*(\w+)', f.read())[1], 16) >> 24 & 1


def locked():
    """A limit on locked memory, for a user whom it holds."""
    need_root()
    held = ('setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock')

    def work():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))
        if may_raise_limits():
            mended('locked', '--port', '0000:00:1f.7', status='fail', begins='prlimit ', before=held)
            return
        # Nobody may here. At least it is this process's limit that the command sets: lower, that works.
        finding = find(doctor('--port', '0000:00:1f.7', before=held), 'locked', 'fail')
        command('sh', '-c', finding['mend'].replace('unlimited', '65536'))
        expect_equal(resource.getrlimit(resource.RLIMIT_MEMLOCK), (65536, 65536), finding['mend'])

    in_child(work)


def link():
    """An interface without a link, then with addresses, and a peer that leaves checksums to nobody."""
    def work():
        command('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'weir0')
        mended('link', '--port', PORT, status='fail', begins='ip link set weir0 up')
        mended('link', '--port', PORT, status='fail', begins='ip link set peer0 up')
        expect(find(doctor('--port', PORT), 'link', 'ok'), 'no link')
        found = mended('addresses', '--port', PORT, status='warn', begins='ip addr flush dev weir0 && sysctl ')
        expect('192.0.2.1' in found['found'], found)
        expect(find(doctor('--port', PORT), 'addresses', 'ok'), 'addresses')
        offloads = find(doctor('--port', PORT), 'offloads', 'unknown')
        command('sh', '-c', offloads['mend'])
        shown = subprocess.run(['ethtool', '-k', 'peer0'], capture_output=True, text=True, check=True).stdout
        expect('tx-checksumming: off' in shown and 'tcp-segmentation-offload: off' in shown, shown)
        command('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'weir0')
        command('ip', 'route', 'add', 'default', 'via', '192.0.2.20')
        found = find(doctor('--port', PORT), 'addresses')
        expect(found['mend'].startswith('# '), 'the way out is not to be cut off:', found)

    in_lab(work)


def size():
    """An interface that carries less than a profile says."""
    def work():
        profile = f'/tmp/weir-doctor-{os.getpid()}.conf'
        with open(profile, 'w', encoding='ascii') as f:
            f.write('mtu = 1600;\n')
        try:
            mended('link', '--port', PORT, '--profile', profile, status='warn', begins='ip link set weir0 mtu 1600')
        finally:
            os.unlink(profile)

    in_lab(work)


def queues():
    """AF_XDP on an interface with other queues than are asked for."""
    def work():
        mended('queues', '--port', 'net_af_xdp0,iface=weir0', status='warn', begins='ethtool -L weir0 ')

    in_lab(work)


def hugetlbfs():
    """A file system of hugepages that is not mounted."""
    def work():
        unshare(CLONE_NEWNS)
        command('mount', '--make-rprivate', '/')
        command('mount', '-t', 'tmpfs', 'tmpfs', '/dev')
        subprocess.run(['umount', '-a', '-t', 'hugetlbfs'], capture_output=True, check=False)
        os.mknod('/dev/null', 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        mended('hugetlbfs', '--port', 'net_null0', status='warn', begins='mkdir -p /dev/hugepages && mount ')

    need_root()
    in_child(work)


def tun():
    """/dev/net/tun that is missing, and that another user may not open."""
    def work():
        unshare(CLONE_NEWNS)
        command('mount', '--make-rprivate', '/')
        command('mount', '-t', 'tmpfs', 'tmpfs', '/dev/net')
        mended('tun', '--port', 'net_tap0', status='fail', begins='mkdir -p /dev/net')
        os.chmod('/dev/net/tun', 0o600)
        user = ('setpriv', '--reuid=4711', '--regid=4711', '--clear-groups')
        mended('tun', '--port', 'net_tap0', status='fail', begins='chmod 666 /dev/net/tun', before=user)
        expect(find(doctor('--port', 'net_tap0', before=user), 'capabilities', 'fail'), 'a user without any')

    need_root()
    if not os.path.exists('/sys/class/misc/tun'):
        raise Skip('this kernel has no tun')
    in_child(work)


def commands_are_a_shells():
    """Whatever is printed, a shell can read."""
    for args in ((), ('--port', '0000:00:1f.7'), ('--port', "net_tap0,iface=it's"), ('--port', 'net_af_xdp0,iface=lo')):
        for finding in doctor(*args, '--max-connections', '268M'):
            done = subprocess.run(['sh', '-n', '-c', finding['mend']], capture_output=True, text=True, check=False)
            expect_equal(done.returncode, 0, json.dumps(finding))


if __name__ == '__main__':
    main(speaks, says_what_it_does_not_know, hugepages, transparent, memory, cpus, locked, link, size, queues, hugetlbfs, tun,
         commands_are_a_shells)
