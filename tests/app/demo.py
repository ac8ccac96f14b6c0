#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""weir demo from outside: what it prints, that it adds up, and how it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import (SANITIZED, WEIR, Skip, expect, expect_at_rest, expect_clean, expect_equal, expect_figures, finish,
                     lines_of, main, run, start)

# Connections of a run that no machine should fall short of, busy or not; a sanitizer costs a factor of ten.
FEW = 50 if SANITIZED else 500
# As long as a case that has nothing to do with time takes.
SHORT = '300ms'


# What cases of both families run with, besides.
FAMILY = []


def over(family, case):
    def run_it():
        FAMILY[:] = ['--family', family]
        try:
            case()
        finally:
            FAMILY.clear()
    run_it.__doc__ = f'{case.__doc__.strip().rstrip(".")} (family {family})'
    return run_it


def each_family(case):
    """The case over IPv4 and over IPv6; where it takes ten times as long, over IPv6 alone."""
    return (over('6', case),) if SANITIZED else (over('4', case), over('6', case))


def both_at_once(case):
    """The case with connections of each family in turn."""
    return over('both', case)


def demo(*args, **kwargs):
    """A JSON run that must go well. Returns its lines."""
    done = run('demo', '--json', *FAMILY, *args, **kwargs)
    expect_clean(done)
    return lines_of(done.stdout)


def expect_sides(line):
    for side in ('client', 'server'):
        expect_figures(line[side])


def expect_good_end(summary):
    expect_equal(summary['event'], 'summary')
    expect_sides(summary)
    for side in ('client', 'server'):
        expect_at_rest(summary[side])
    client, server = (summary[side]['connections'] for side in ('client', 'server'))
    expect_equal(client['failed'], 0, 'failed')
    expect_equal(client['established'], server['established'], 'both sides saw as many')
    expect_equal(summary['client']['retransmits'] + summary['server']['retransmits'], 0, 'retransmits')


def expect_families(client, only=None):
    """What is told of the families adds up to the whole; all of it is one's."""
    for key in ('attempted', 'established', 'closed'):
        four, six = (client['families'][family][key] for family in ('ipv4', 'ipv6'))
        expect_equal(four + six, client['connections'][key], f'{key} of both families')
        expect(only is None or {'4': six, '6': four}[only] == 0, key, client['families'])


def both_families():
    """--family both: connections of each in turn, in one run."""
    lines = demo('--duration', SHORT, '--family', 'both')
    expect_equal(lines[0]['addresses'], ADDRESSES['4'] + ADDRESSES['6'])
    expect_good_end(lines[-1])
    client = lines[-1]['client']
    expect_families(client)
    four, six = (client['families'][family]['closed'] for family in ('ipv4', 'ipv6'))
    expect(four > 0 and abs(four - six) <= 1, client['families'])
    expect_equal(client['requests'], client['connections']['established'], 'a request each')
    expect(client['memory']['bytes_per_connection']['ipv6'] <= 32, client['memory'])


def in_a_vlan():
    """--vlan: both sides are in it, with every frame."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'demo.pcapng')
        summary = demo('--duration', SHORT, '--rate', '1k', '--vlan', '77', '--family', 'both', '--capture', path)[-1]
        expect_good_end(summary)
        if not shutil.which('tshark'):
            raise Skip('tshark is not installed')
        frames = sum(summary[side]['packets_tx'] for side in ('client', 'server'))
        expect_equal(tshark(path, '-T', 'fields', '-e', 'vlan.id'), ['77'] * frames, 'tags')


def wait_for_stats(process, enough=lambda line: True):
    """Reads up to the first stats line that will do. Returns what was read."""
    head = ''
    while True:
        line = process.stdout.readline()
        expect(line, 'ended too early:', head)
        head += line
        if '"stats"' in line and enough(json.loads(line)):
            return head


ADDRESSES = {'4': ['198.18.0.1-198.18.0.250/15', '198.19.0.1/15'],
             '6': ['2001:2::18:1-2001:2::18:fa/48', '2001:2::19:1/48']}


def json_lines():
    """ready, a line per second, summary: all keys, and sums that add up."""
    lines = demo('--duration', '2s')
    expect_equal([line['event'] for line in lines], ['ready', 'stats', 'stats', 'summary'])
    expect_equal(lines[0]['command'], 'demo')
    expect_equal(lines[0]['listen'], [80])
    expect_equal(lines[0]['ports'], ['wire:client', 'wire:server'])
    expect_equal(lines[0]['addresses'], ADDRESSES[''.join(FAMILY[1:])])
    for number, line in enumerate(lines[1:3], 1):
        expect(abs(line['t'] - number) < 0.5, 'stats at', line['t'])
        expect_sides(line)
    summary = lines[-1]
    expect_good_end(summary)
    client = summary['client']
    expect(client['connections']['closed'] > FEW, client['connections'])
    expect_equal(client['requests'], client['connections']['established'], 'a request each')
    expect_equal(client['latency_us']['connect']['count'], client['connections']['established'], 'samples')
    expect_families(client, FAMILY[1])
    expect(client['cps'] > 0 and client['rps'] > 0 and client['cycles_per_packet'] > 0, 'rates')
    expect(client['connections']['time_wait'] > 0, 'the side that closes first waits')
    expect_equal(summary['server']['connections']['time_wait'], 0, 'the other does not')


def for_people():
    """Without --json: an explanation, a line per second, a summary."""
    done = run('demo', '--duration', '1s', '--vlan', '77')
    expect_clean(done)
    expect_equal(done.stderr, '')
    expect('wire in memory, VLAN 77, app http' in done.stdout, done.stdout)
    expect('1/1 s' in done.stdout, done.stdout)
    expect('0 failed' in done.stdout, done.stdout)


def json_keeps_people_apart():
    """With --json people's lines go to standard error."""
    done = run('demo', '--duration', SHORT, '--json')
    expect_clean(done)
    lines_of(done.stdout)
    expect('conn/s' in done.stderr, done.stderr)


def one_cpu_or_two():
    """Both sides on one CPU, and on a CPU each."""
    cpus = sorted(os.sched_getaffinity(0))
    expect_good_end(demo('--duration', SHORT, '--lcores', str(cpus[0]))[-1])
    if len(cpus) > 1:
        expect_good_end(demo('--duration', SHORT, '--lcores', f'{cpus[0]},{cpus[1]}')[-1])


def every_way_to_close():
    """--close rst and peer end as they should."""
    summary = demo('--duration', SHORT, '--close', 'peer')[-1]
    expect_good_end(summary)
    expect_equal(summary['client']['connections']['time_wait'], 0, 'the client waits')
    expect(summary['server']['connections']['time_wait'] > 0, 'the server does not wait')
    summary = demo('--duration', SHORT, '--close', 'rst')[-1]
    expect_sides(summary)
    expect_at_rest(summary['client'])
    expect_at_rest(summary['server'])
    expect_equal(summary['client']['connections']['failed'], 0, 'failed')
    expect(summary['client']['connections']['closed'] > FEW, 'closed')
    expect_equal(summary['client']['connections']['time_wait'], 0, 'TIME-WAIT after RST')
    expect_families(summary['client'], FAMILY[1])


def expect_requests(client, each):
    """So many on each connection, but for those that the end found in between: 256 are open at once."""
    closed = client['connections']['closed']
    expect(each * (closed - 256) < client['requests'] <= each * closed, client['requests'], 'requests on', closed)


def every_app():
    """--app echo and connect, small and large."""
    summary = demo('--duration', SHORT, '--app', 'echo', '--requests', '3', '--size', '100')[-1]
    expect_good_end(summary)
    client = summary['client']
    expect_requests(client, 3)
    expect_equal(client['bytes_tx'], 100 * client['requests'], 'bytes')
    expect_good_end(demo('--duration', SHORT, '--app', 'connect')[-1])
    expect_good_end(demo('--duration', SHORT, '--app', 'connect', '--close', 'peer')[-1])
    summary = demo('--duration', SHORT, '--app', 'echo', '--size', '300k', '--connections', '4')[-1]
    expect_good_end(summary)
    expect(summary['client']['requests'] > 0, 'no large echo came back')


def keep_alive():
    """--requests N and 0: several requests on a connection."""
    summary = demo('--duration', SHORT, '--requests', '10')[-1]
    expect_good_end(summary)
    expect_requests(summary['client'], 10)
    summary = demo('--duration', SHORT, '--requests', '0', '--connections', '8')[-1]
    expect_good_end(summary)
    expect_equal(summary['client']['connections']['closed'], 8, 'the same eight until the end')


def large_bodies():
    """--size beyond a segment, a chunk and the send queue."""
    for size, length in (('5k', 5000), ('1M', 1000000)):
        summary = demo('--duration', SHORT, '--size', size, '--connections', '4')[-1]
        expect_good_end(summary)
        expect(summary['client']['requests'] > 0, 'none of', size)
        expect(summary['client']['bytes_rx'] > length * summary['client']['requests'], 'bytes of', size)


def a_rate_is_kept():
    """--rate opens as many as it says, and measures from intended times."""
    summary = demo('--duration', '1s', '--rate', '1k')[-1]
    expect_good_end(summary)
    expect_equal(summary['client']['connections']['closed'], 1000, 'connections')
    summary = demo('--duration', '1s', '--rate', '1k', '--ramp', '1s')[-1]
    expect_equal(summary['client']['connections']['closed'], 500, 'connections of a ramp')


def cookies_when_asked():
    """--syn-defence always and off: every connection comes of a cookie, or none."""
    with tempfile.NamedTemporaryFile('w') as key:
        key.write('0123456789abcdef' * 4)
        key.flush()
        for option in ((), ('--cookie-key', key.name)):
            summary = demo('--duration', SHORT, '--syn-defence', 'always', *option)[-1]
            expect_good_end(summary)
            server = summary['server']
            expect(server['cookies']['accepted'] > 0, 'nobody came')
            expect_equal(server['cookies'], {'sent': server['cookies']['sent'], 'rejected': 0,
                                             'accepted': server['connections']['established']}, 'cookies')
            expect(server['cookies']['sent'] >= server['cookies']['accepted'], server['cookies'])
    summary = demo('--duration', SHORT, '--syn-defence', 'off')[-1]
    expect_good_end(summary)
    expect_equal(summary['server']['cookies'], {'sent': 0, 'accepted': 0, 'rejected': 0}, 'cookies')


def a_backlog_is_kept():
    """--backlog: beyond it cookies, or with --syn-defence off drops that the client's next SYN makes good."""
    small = ('--duration', SHORT, '--backlog', '8', '--connections')
    summary = demo(*small, '64')[-1]
    expect_good_end(summary)
    expect(summary['server']['cookies']['accepted'] > 0, summary['server']['cookies'])
    # No more than fit the backlog may be left waiting at the end, else some would be refused for too long.
    server = demo(*small, '16', '--syn-defence', 'off')[-1]['server']
    expect(server['drops'].get('half_open_full', 0) > 0, server['drops'])
    expect_equal(server['cookies']['sent'], 0, 'cookies')


def expect_shards(figures, port, queues):
    """Each queue of the side has carried traffic, they add up to the whole, and none got what was another's."""
    shards = figures['shards']
    expect_equal([(shard['port'], shard['queue']) for shard in shards], [(port, queue) for queue in range(queues)], 'shards')
    for key, total in (('packets_rx', figures['packets_rx']), ('packets_tx', figures['packets_tx']),
                       ('established', figures['connections']['established']), ('handed_over', figures['handed_over'])):
        expect_equal(sum(shard[key] for shard in shards), total, f'{key} of all shards')
    for shard in shards:
        expect(min(shard['packets_rx'], shard['packets_tx'], shard['established']) > 0, 'idle:', shard)
    expect_equal(figures['handed_over'], 0, 'packets handed over')


def several_queues():
    """--queues: every queue has its part on both sides, and nothing is handed over."""
    for queues, cpus in ((2, ()), (3, ('--lcores', str(min(os.sched_getaffinity(0)))))):
        summary = demo('--duration', SHORT, '--queues', str(queues), *cpus)[-1]
        expect_good_end(summary)
        for side in ('client', 'server'):
            expect_shards(summary[side], f'wire:{side}', queues)
    # Peers of cookies, too, come back to the shard that made them.
    summary = demo('--duration', SHORT, '--queues', '2', '--syn-defence', 'always')[-1]
    expect_good_end(summary)
    expect_equal(summary['server']['cookies']['accepted'], summary['server']['connections']['established'], 'by cookies')


def fewer_than_queues():
    """One connection at once on four queues; a rate and a flood that do not divide by the number of queues."""
    summary = demo('--duration', SHORT, '--queues', '4', '--connections', '1')[-1]
    expect_good_end(summary)
    expect_equal([shard['established'] > 0 for shard in summary['client']['shards']], [True, False, False, False], 'busy shards')
    summary = demo('--duration', '1s', '--queues', '3', '--rate', '100', '--flood', '2', '--syn-defence', 'auto')[-1]
    expect_at_rest(summary['client'])
    expect_equal(summary['client']['connections']['closed'], 100, 'connections')
    expect(1 <= summary['flood']['packets_tx'] <= 4, summary['flood'])


def full_is_not_failed():
    """At --max-connections opens are held back, and nothing fails."""
    summary = demo('--duration', SHORT, '--rate', '100k', '--max-connections', '4')[-1]
    expect_good_end(summary)
    expect(summary['client']['held_back'].get('no_memory', 0) > 0, summary['client']['held_back'])


def ports_are_taken_up_again():
    """One address for the client, and more connections than it has ports while 2 MSL last."""
    process = start('demo', '--duration', '1m', '--addr', '192.0.2.1/24', '--addr', '192.0.2.2/24', '--msl', '1m',
                    '--json')
    head = wait_for_stats(process, lambda line: line['client']['connections']['closed'] > 64512)
    done = finish(process)
    expect_clean(done)
    summary = lines_of(head + done.stdout)[-1]
    expect_good_end(summary)
    expect(summary['client']['connections']['time_wait'] <= 64512, summary['client']['connections'])


def no_port_is_left():
    """More connections at once than one address has ports: opens wait, and nothing fails."""
    summary = demo('--duration', '2s', '--addr', '192.0.2.1/24', '--addr', '192.0.2.2/24', '--connections', '70k',
                   '--requests', '0')[-1]
    # So many take so long in turn that timers of retransmission may fire.
    expect_at_rest(summary['client'])
    expect_at_rest(summary['server'])
    expect_equal(summary['client']['connections']['failed'], 0, 'failed')
    expect(summary['client']['held_back'].get('no_port', 0) > 0, summary['client']['held_back'])
    expect_equal(summary['client']['connections']['closed'], 64512, 'connections, one on each port')


def the_same_seed():
    """--seed is taken, --msl and --rfc1337 too."""
    expect_good_end(demo('--duration', SHORT, '--seed', '7', '--msl', '50ms', '--rfc1337')[-1])


def own_eal_arguments():
    """--eal wins over weir's own arguments."""
    with tempfile.TemporaryDirectory() as folder:  # EAL's own choice without root, /tmp/dpdk, may be another user's
        expect_good_end(demo('--duration', SHORT, '--eal', '--no-pci --no-huge -m 512 --file-prefix X',
                             env={**os.environ, 'XDG_RUNTIME_DIR': folder})[-1])


def two_at_once():
    """Two processes do not meet."""
    processes = [start('demo', '--duration', SHORT, '--json') for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=60)
        expect_equal(process.returncode, 0, err)
        expect_sides(lines_of(out)[-1])


def signals_end_it_properly():
    """SIGTERM and SIGINT: connections are closed, the summary comes, status 0."""
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start('demo', '--duration', '60s', '--json')
        head = wait_for_stats(process)
        begin = time.monotonic()
        done = finish(process, number)
        expect_clean(done)
        expect(time.monotonic() - begin < 5, 'took', time.monotonic() - begin)
        expect_good_end(lines_of(head + done.stdout)[-1])


def crowd(connections):
    """Each of so many connections has a request under way, and its answer is a copy."""
    return start('demo', '--app', 'echo', '--requests', '0', '--connections', connections, '--max-connections', connections,
                 '--eal', '--no-huge -m 512 --no-pci', '--duration', '60s', '--json')


def more_requests_than_buffers():
    """Requests of more connections than there are buffers for answers go on."""
    process = crowd('150k')
    # A stall begins within a second or two, when all have opened.
    seconds = []
    head = wait_for_stats(process, lambda line: seconds.append(line['client']['rps']) or len(seconds) >= 4)
    done = finish(process)
    expect(max(seconds[2:]) > 0, 'requests in each second:', seconds)
    summary = lines_of(head + done.stdout)[-1]
    expect(summary['server']['drops'].get('buffers', 0) > 0, 'there were enough of them:', summary['server']['drops'])
    for side in ('client', 'server'):
        expect_at_rest(summary[side])


def buffers_come_back_from_a_run_cut_short():
    """What applications hold when a run is stopped at once comes back."""
    process = crowd('400k')
    wait_for_stats(process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    done = finish(process, signal.SIGINT)
    expect('stopped at once' in done.stderr, done.stderr)
    expect('did not come back' not in done.stderr, done.stderr)


def a_reader_that_goes_away():
    """Nobody reads standard output any more: the run ends by itself."""
    process = start('demo', '--duration', '60s', '--json')
    wait_for_stats(process)
    process.stdout.close()
    expect(process.wait(timeout=20) is not None, 'goes on')
    process.stderr.close()


def without_root():
    """Without root, by a user who owns nothing."""
    if os.geteuid() != 0:
        raise Skip('this user is not root, so that every other case shows it')
    if not shutil.which('setpriv'):
        raise Skip('setpriv is not installed')
    # A copy that this user may read, wherever the build stands.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = shutil.copy(WEIR, folder)
        runtime = os.path.join(folder, 'run')
        os.mkdir(runtime)
        os.chown(runtime, 65534, 65534)
        done = subprocess.run(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', copy, 'demo',
                               '--duration', SHORT, '--json'], capture_output=True, text=True, timeout=60, cwd='/',
                              env={**os.environ, 'HOME': '/nonexistent', 'XDG_RUNTIME_DIR': runtime})
    expect_clean(done)
    expect_good_end(lines_of(done.stdout)[-1])


def tshark(path, *args):
    done = subprocess.run(['tshark', '-r', path, *args], capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines()


def a_capture():
    """--capture, read by tshark: whole connections, right checksums, nothing strange."""
    if not shutil.which('tshark'):
        raise Skip('tshark is not installed')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'demo.pcapng')
        summary = demo('--duration', '1s', '--rate', '200', '--capture', path)[-1]
        expect_good_end(summary)
        expect_equal(summary['client']['connections']['closed'], 200, 'connections')
        checks = ('-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE')
        odd = tshark(path, *checks, '-Y', '_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || '
                     'icmpv6.checksum.status == 0 || tcp.analysis.flags')
        expect_equal(odd, [], 'strange frames')
        count = {name: len(tshark(path, '-Y', f'tcp.flags.{name} == 1')) for name in ('syn', 'fin', 'reset')}
        expect_equal(count, {'syn': 400, 'fin': 400, 'reset': 0}, 'flags')
        # Three for the handshake; request and response; three or four to close.
        flows = {}
        for stream in tshark(path, '-T', 'fields', '-e', 'tcp.stream', '-Y', 'tcp'):
            flows[stream] = flows.get(stream, 0) + 1
        expect_equal(len(flows), 200, 'flows')
        expect(all(6 <= packets <= 9 for packets in flows.values()), 'packets of a flow', sorted(flows.values())[::20])


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    cases = [*each_family(json_lines), both_families, in_a_vlan, for_people, one_cpu_or_two, *each_family(every_way_to_close),
             both_at_once(every_app), keep_alive, both_at_once(large_bodies), both_at_once(cookies_when_asked),
             a_backlog_is_kept, several_queues, fewer_than_queues, full_is_not_failed, signals_end_it_properly, a_reader_that_goes_away, *each_family(a_capture)]
    # A sanitized build looks at memory. It is too slow for rates and for using up the ports of an address.
    if not SANITIZED:
        cases += [json_keeps_people_apart, a_rate_is_kept, the_same_seed, own_eal_arguments, two_at_once, without_root,
                  ports_are_taken_up_again, no_port_is_left, more_requests_than_buffers,
                  buffers_come_back_from_a_run_cut_short]
    main(*cases)
