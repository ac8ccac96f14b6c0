# SPDX-License-Identifier: BSD-3-Clause
"""What the end-to-end tests of the command share: running it, and reporting in TAP.

A case is a function that raises AssertionError, or Skip. Its docstring is its name.
"""

import json
import signal
import subprocess
import sys
import traceback

WEIR = sys.argv[1] if len(sys.argv) > 1 else 'build/app/weir'

with open(WEIR, 'rb') as program:
    SANITIZED = b'__asan_init' in program.read()

FIGURES = {'seconds', 'connections', 'cps', 'rps', 'bytes_rx', 'bytes_tx', 'packets_rx', 'packets_tx', 'retransmits',
           'latency_us', 'failures', 'drops', 'cookies', 'states', 'cycles_per_packet', 'memory', 'mbufs',
           'listeners_defending', 'families', 'handed_over', 'shards'}
CONNECTIONS = {'attempted', 'established', 'closed', 'failed', 'open', 'half_open', 'time_wait'}
STATES = {'CLOSED', 'LISTEN', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT',
          'CLOSING', 'LAST-ACK', 'TIME-WAIT'}


COMMANDS = ('demo', 'serve', 'load', 'flood')  # of weir, which start EAL


class Skip(Exception):
    pass


def command(args):
    """With the memory that a command sets aside where there are no hugepages. Those of this machine are others', too: they may be
    gone between the look at what is free and EAL's start, which then says that it cannot init memory."""
    own = args[:1] and args[0] in COMMANDS and '--eal' not in args
    return [WEIR, *args, *(('--eal', '--no-huge') if own else ())]


def run(*args, timeout=60, **kwargs):
    """The program under test with these arguments, to its end."""
    return subprocess.run(command(args), capture_output=True, text=True, timeout=timeout, **kwargs)


def lines_of(output):
    """JSON lines; anything else among them is a failure."""
    return [json.loads(line) for line in output.splitlines()]


def start(*args):
    return subprocess.Popen(command(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, number=signal.SIGTERM, timeout=30):
    """Signals a process and collects what it leaves."""
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f'no end {timeout} s after signal {number}') from None
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def expect(condition, *facts):
    if not condition:
        raise AssertionError(' '.join(str(fact) for fact in facts))


def expect_equal(got, wanted, what=''):
    expect(got == wanted, f'{what}: {got!r} instead of {wanted!r}')


def expect_clean(done):
    expect_equal(done.returncode, 0, f'exit status, with stderr {done.stderr[-2000:]!r}')


def expect_wrong(begin, *args, program='weir'):
    """Status 2, nothing on standard output, one line that begins with what is wrong."""
    done = run(*args)
    expect_equal(done.returncode, 2, f'exit status of {args}')
    expect_equal(done.stdout, '', f'standard output of {args}')
    expect_equal(done.stderr.count('\n'), 1, f'lines of {done.stderr!r}')
    expect(done.stderr.startswith(f'{program}{begin}'), args, 'said', repr(done.stderr))


def expect_figures(figures):
    """Every key that docs/cli.md promises, of the right kind, and sums that add up."""
    expect(FIGURES <= figures.keys(), 'missing keys', FIGURES - figures.keys())
    connections = figures['connections']
    expect(CONNECTIONS <= connections.keys(), 'missing connections', CONNECTIONS - connections.keys())
    expect_equal(figures['states'].keys(), STATES, 'states')
    expect_equal({name: set(counts) for name, counts in figures['families'].items()},
                 dict.fromkeys(('ipv4', 'ipv6'), {'attempted', 'established', 'closed'}), 'families')
    expect_equal(set(figures['cookies']), {'sent', 'accepted', 'rejected'}, 'cookies')
    expect({'connect', 'first_byte', 'request', 'close'} <= figures['latency_us'].keys(), 'latencies')
    for latency in figures['latency_us'].values():
        expect({'p50', 'p90', 'p99', 'p999', 'max'} <= latency.keys(), 'percentiles')
        expect(latency['p50'] <= latency['p90'] <= latency['p99'] <= latency['p999'] <= latency['max'], latency)
    expect({'bytes_per_connection', 'hugepage_bytes'} <= figures['memory'].keys(), 'memory')
    expect({'hot', 'half_open', 'time_wait', 'ipv6'} <= figures['memory']['bytes_per_connection'].keys(), 'records')
    expect({'taken', 'returned'} <= figures['mbufs'].keys(), 'mbufs')
    expect_equal(sum(figures['failures'].values()), connections['failed'], 'failed is the sum of failures')


def expect_at_rest(figures):
    """After the end: what was taken is back, and every connection has a place."""
    connections, states = figures['connections'], figures['states']
    expect_equal(figures['mbufs']['taken'], figures['mbufs']['returned'], 'buffers')
    expect_equal(connections['attempted'],
                 connections['closed'] + connections['failed'] + connections['open'] + connections['half_open'],
                 f'attempted is the sum of {connections}')
    expect_equal(connections['open'] + connections['half_open'], 0, 'connections left')
    expect_equal(sum(count for name, count in states.items() if name not in ('LISTEN', 'TIME-WAIT', 'CLOSED')), 0,
                 'states')
    expect_equal(states['TIME-WAIT'], connections['time_wait'], 'TIME-WAIT')


def main(*cases):
    failed = False
    # Programs inherit what their parent ignores, and somebody may have started the tests by nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    print(f'1..{len(cases)}')
    for number, case in enumerate(cases, 1):
        name = case.__doc__.strip().rstrip('.')
        try:
            case()
            print(f'ok {number} - {name}')
        except Skip as reason:
            print(f'ok {number} - {name} # SKIP {reason}')
        except Exception:  # a case that stumbles must not keep the others from running
            failed = True
            traceback.print_exc()
            print(f'not ok {number} - {name}')
        sys.stdout.flush()
    sys.exit(failed)
