# SPDX-License-Identifier: BSD-3-Clause
"""Which room includes which. A file of lib/ includes its own room, lower ones and weir.h."""

import re

import tree

# Rooms of one level never include each other.
LEVELS = {'base': 0, 'wire': 1, 'store': 1, 'tcp': 2, 'net': 2, 'nic': 3, 'core': 3, 'run': 4}

# Bytes, containers and protocols: no frames, no EAL, no clock.
PURE = ('base', 'wire', 'store', 'tcp', 'net')

# What other rooms may include of a room that has a door.
DOORS = {'tcp': 'tcp/tcp.h', 'net': 'net/net.h', 'nic': 'nic/nic.h'}

PORT_HEADERS = re.compile(r'rte_(ethdev|eth_\w+|ethdev_\w+|bus\w*|dev)\.h$')
CYCLES = re.compile(r'\b(rte_rdtsc\w*|rte_get_(tsc|timer)_\w+|rte_get_tsc_hz|__rdtscp?|__builtin_ia32_rdtscp?)\b')
CLOCKS = re.compile(r'\b(clock_gettime|gettimeofday|clock_nanosleep|nanosleep|usleep|sleep|time|clock'
                    r'|rte_delay_\w+)\s*\(')
CLOCK_HEADERS = ('time.h', 'sys/time.h', 'rte_cycles.h')


def include_faults(room, path, number, kind, name):
    at = f'{path}:{number}'
    if name.startswith(('.', '/')):
        yield f'{at}: "{name}": paths start at lib/'
        return
    if kind == '"':
        other = name.split('/')[0]
        if name == 'weir.h':
            return
        if other not in LEVELS:
            yield f'{at}: "{name}" names no room'
        elif other != room and LEVELS[other] >= LEVELS[room]:
            yield f'{at}: {room}/ may not include {other}/ ("{name}")'
        elif other != room and name != DOORS.get(other, name):
            yield f'{at}: the door of {other}/ is {DOORS[other]}, not "{name}"'
        return
    if room in PURE and name.startswith('rte_'):
        yield f'{at}: {room}/ knows no DPDK (<{name}>)'
    elif room not in ('nic', 'run') and PORT_HEADERS.match(name):
        yield f'{at}: only nic/ and run/ know ports (<{name}>)'
    if room != 'run' and name in CLOCK_HEADERS and not (room == 'nic' and name == 'rte_cycles.h'):
        yield f'{at}: {room}/ is told the time (<{name}>)'


def clock_faults(room, path, lines):
    for number, line in enumerate(lines, 1):
        if room not in ('nic', 'run') and CYCLES.search(line):
            yield f'{path}:{number}: {room}/ reads no cycle counter'
        if room != 'run' and CLOCKS.search(line):
            yield f'{path}:{number}: {room}/ reads no clock and never waits'


def lib_faults(root):
    for path in tree.files(root, tree.C_FILES + ('.def',), 'lib'):
        parts = path.split('/')
        text = tree.read(root, path)
        if len(parts) < 3:
            if path not in tree.PUBLIC:
                yield f'{path}: belongs into a room'
            for number, kind, name in tree.includes(text):
                if (kind == '"' and f'lib/{name}' not in tree.PUBLIC) or name.startswith('rte_'):
                    yield f'{path}:{number}: the public header needs nothing but standard C'
            continue
        room = parts[1]
        if room not in LEVELS:
            yield f'{path}: {room}/ is no room'
            continue
        for number, kind, name in tree.includes(text):
            yield from include_faults(room, path, number, kind, name)
        yield from clock_faults(room, path, tree.code_lines(text))


def app_faults(root):
    """app/ is a user of the library like any other."""
    own = set(tree.files(root, tree.C_FILES, 'app'))
    for path in sorted(own):
        for number, kind, name in tree.includes(tree.read(root, path)):
            if name.split('/')[0] in LEVELS and '/' in name and 'app/' + name not in own:
                yield f'{path}:{number}: app/ includes only weir.h of lib/ ("{name}")'
            if name.startswith(('..', 'lib/')):
                yield f'{path}:{number}: "{name}" reaches into the library'


def check(root, _args):
    return list(lib_faults(root)) + list(app_faults(root)), []
