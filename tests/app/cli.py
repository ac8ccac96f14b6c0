#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line from outside: help, wrong usage, what the machine lacks. Nothing here runs for long."""

import os
import shutil
import signal
import subprocess
import tempfile

from harness import WEIR, expect, expect_clean, expect_equal, expect_wrong, finish, main, run, start

SERVE = ('serve', '--port', 'net_null0', '--addr', '192.0.2.10/24')


def help_lists_commands():
    """weir --help lists what there is, and nothing that is not."""
    done = run('--help')
    expect_clean(done)
    for command in ('demo', 'serve', 'load', 'flood', 'doctor'):
        expect(f'\n  {command} ' in done.stdout, command)
    expect_wrong(": 'nurse' is no command", 'nurse')


def help_of_each():
    """weir COMMAND --help lists the command's options."""
    for command, options in {'demo': ['--rate', '--close', '--flood', '--syn-defence', '--family'],
                             'serve': ['--listen', '--app', '--port', '--syn-defence', '--backlog', '--cookie-key'],
                             'load': ['--connect', '--ramp', '--gateway'],
                             'flood': ['--connect', '--kind', '--rate', '--source', '--plain', '--dest-mac',
                                       '--i-am-authorised']}.items():
        done = run(command, '--help')
        expect_clean(done)
        expect_equal(done.stderr, '')
        # What demo would refuse is not in its help.
        expect_equal('--connect=' in done.stdout, command in ('load', 'flood'), f'{command} lists --connect')
        expect_equal('up to 16:' in done.stdout, command == 'load', f'{command} says how many servers')
        for option in options + ['--port', '--profile', '--gateway', '--queues', '--addr', '--vlan', '--eal', '--json', '--duration', '--help']:
            expect(option in done.stdout, command, 'does not list', option)


def help_of_the_doctor():
    """weir doctor --help lists what says what weir is to do, and no more."""
    done = run('doctor', '--help')
    expect_clean(done)
    for option in ('--port', '--profile', '--lcores', '--max-connections', '--json', '--help'):
        expect(option in done.stdout, 'does not list', option)
    expect('--addr' not in done.stdout and '--eal' not in done.stdout, done.stdout)
    expect_wrong(' doctor: --addr: unknown', 'doctor', '--addr', '192.0.2.10/24')
    expect_wrong(" doctor: --lcores: 'x' is not understood", 'doctor', '--lcores', 'x')
    expect_wrong(' doctor: --profile: ', 'doctor', '--profile', './nonexistent')


def version():
    """weir --version."""
    done = run('--version')
    expect_clean(done)
    expect(done.stdout.startswith('weir '), done.stdout)


def wrong_usage():
    """A wrong option ends with status 2 and one line."""
    expect_wrong(': no command')
    expect_wrong(" serve: --port: missing", 'serve', '--addr', '192.0.2.10/24')
    expect_wrong(' serve: --frobnicate: ', *SERVE, '--frobnicate')
    expect_wrong(" load: --rate: '5x' is not understood", 'load', '--rate', '5x')
    expect_wrong(" serve: --syn-defence: 'on' is no mode", *SERVE, '--syn-defence', 'on')
    expect_wrong(' flood: --connect: 8.8.8.8 is no private', 'flood', '--port', 'net_null0', '--addr', '192.0.2.10/24',
                 '--gateway', '192.0.2.1', '--rate', '1', '--connect', '8.8.8.8:80')
    expect_wrong(" demo: --vlan: '4095' is out of range", 'demo', '--vlan', '4095')
    expect_wrong(" demo: --family: '5' is none", 'demo', '--family', '5')
    expect_wrong(" serve: --addr: 'fe80::1%eth0/64' names a device", *SERVE, '--addr', 'fe80::1%eth0/64')
    expect_wrong(' load: --addr: missing for --connect fd99::1', 'load', *SERVE[1:], '--connect', '[fd99::1]:80')
    expect_wrong(" demo: 'now' is one argument too many", 'demo', 'now')


def wrong_files():
    """A profile that cannot be used is named with its line."""
    expect_wrong(' serve: --profile: /nonexistent: No such file', *SERVE, '--profile', '/nonexistent')
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as profile:
        profile.write('mtu = 1500;\nspeed = 10;\n')
        profile.flush()
        expect_wrong(f' serve: {profile.name}:2: speed: unknown', *SERVE, '--profile', profile.name)
        profile.truncate(0)
        profile.seek(0)
        profile.write('mtu = 1500;\n')
        profile.flush()
        expect_wrong(' serve: --port: missing', 'serve', '--addr', '192.0.2.10/24', '--profile', profile.name)
        profile.truncate(0)
        profile.seek(0)
        profile.write('mtu = 1000;\n')
        profile.flush()
        expect_wrong(' serve: mtu: must be 1280', 'serve', '--port', 'net_null0', '--addr', 'fd99::1/64', '--profile', profile.name)


def profiles_by_name():
    """A name without slash or dot is a profile that comes with weir, in its build and where it is installed."""
    serve = ('serve', '--addr', '192.0.2.10/24', '--duration', '1ms', '--profile')
    tree = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'drivers-cfg')
    names = ', '.join(sorted(file[:-5] for file in os.listdir(tree) if file.endswith('.conf')))
    expect_wrong(f' serve: --profile: nul: give one that comes with weir ({names}), or', *serve, 'nul')
    expect_clean(run(*serve, 'null'))
    other = run(*serve, 'tap', '--port', 'net_null0')
    expect_equal(other.returncode, 2, 'status with another driver\'s profile')
    expect('/tap.conf is for net_tap; give one for net_null, the driver of net_null0' in other.stderr, other.stderr)
    with tempfile.TemporaryDirectory() as prefix:
        os.mkdir(f'{prefix}/bin')
        shutil.copy(WEIR, f'{prefix}/bin/weir')
        alone = subprocess.run([f'{prefix}/bin/weir', *serve, 'null'], capture_output=True, text=True)
        expect('here none does' in alone.stderr, alone.stderr)
        os.makedirs(f'{prefix}/share/weir')
        shutil.copytree(tree, f'{prefix}/share/weir/drivers-cfg')
        expect_clean(subprocess.run([f'{prefix}/bin/weir', *serve, 'null'], capture_output=True, text=True))


def wrong_cookie_keys():
    """A cookie key that is none, or that others may read: status 2, and the line says what mends it."""
    expect_wrong(' serve: --cookie-key: /nonexistent: No such file', *SERVE, '--cookie-key', '/nonexistent')
    expect_wrong(' demo: --cookie-key: /tmp is no regular file', 'demo', '--cookie-key', '/tmp')
    with tempfile.NamedTemporaryFile('w') as key:
        key.write('00' * 31)
        key.flush()
        expect_wrong(f' serve: --cookie-key: {key.name} holds no key of 64 hex digits', *SERVE, '--cookie-key', key.name)
        key.write('00')
        key.flush()
        os.chmod(key.name, 0o640)
        expect_wrong(f' serve: --cookie-key: {key.name} is open to others than its owner; chmod 600 {key.name}\n',
                     *SERVE, '--cookie-key', key.name)


def wrong_machine():
    """A device, CPU, file or EAL that is not there: status 2 and one line, nothing half-started."""
    address = ('--addr', '192.0.2.10/24')
    expect_wrong(' serve: --port: ', 'serve', '--port', '0000:ff:1f.7', *address)
    expect_wrong(' serve: --port: no such device 0000:ff:1f.7: ', 'serve', '--port', '0000:ff:1f.7,class=eth', *address)
    expect_wrong(' serve: --port: ', 'serve', '--port', 'net_nonesuch0', *address)
    expect_wrong(' serve: --port: ', 'serve', '--port', 'net_af_packet0,iface=nonesuch', *address)
    expect_wrong(' demo: --lcores: ', 'demo', '--lcores', '1023')
    expect_wrong(' demo: --capture: ', 'demo', '--capture', '/nonexistent/file.pcapng')
    expect_wrong(' demo: --eal: ', 'demo', '--eal', '--no-huge --no-such-option')
    expect_wrong(' demo: --eal: a quote', 'demo', '--eal', '--file-prefix "x')
    # Not a page for the buffers.
    expect_wrong(' demo: ', 'demo', '--eal', '--no-huge -m 1')


def expect_line(stream, *parts):
    """The next line of a stream that has all of these parts; what is told each second is passed over."""
    lines = []
    for line in stream:
        lines.append(line)
        if all(part in line for part in parts):
            return
    raise AssertionError(f'no line with {parts} in {lines}')


def cookie_key_again():
    """SIGHUP: the cookie key is read again, and stays when it is wrong; without one it ends the process."""
    with tempfile.NamedTemporaryFile('w') as key:
        key.write('0123456789abcdef' * 4)
        key.flush()
        # 20 s: an end for what waits in vain.
        serving = start(*SERVE, '--json', '--duration', '20s', '--cookie-key', key.name)
        expect('ready' in serving.stdout.readline(), 'not ready')
        serving.send_signal(signal.SIGHUP)
        expect_line(serving.stderr, 'cookie key read again')
        os.chmod(key.name, 0o644)
        serving.send_signal(signal.SIGHUP)
        expect_line(serving.stderr, 'weir serve: --cookie-key:', f'chmod 600 {key.name}', 'the old key stays')
        os.chmod(key.name, 0o600)
        serving.send_signal(signal.SIGHUP)
        expect_line(serving.stderr, 'cookie key read again')
        expect_clean(finish(serving))
    serving = start(*SERVE, '--json', '--duration', '20s')
    expect('ready' in serving.stdout.readline(), 'not ready')
    expect_equal(finish(serving, signal.SIGHUP).returncode, -signal.SIGHUP, 'status after SIGHUP')


def profile_of_the_tree():
    """A profile's device is used, and serve ends by its duration with status 0."""
    profile = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'drivers-cfg', 'null.conf')
    done = run('serve', '--profile', profile, '--addr', '192.0.2.10/24', '--duration', '200ms')
    expect_clean(done)
    expect('net_null0' in done.stdout, done.stdout)


if __name__ == '__main__':
    main(help_lists_commands, help_of_each, help_of_the_doctor, version, wrong_usage, wrong_files, profiles_by_name, wrong_cookie_keys,
         wrong_machine, cookie_key_again, profile_of_the_tree)
