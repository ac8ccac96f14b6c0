#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""flood_goodput.py OUT.svg [FILE...]: draws the curve of flood_goodput.

Takes what `weir-bench flood_goodput --json` and flood_goodput_linux.py print from the FILEs, or from standard
input, and has gnuplot draw it by flood_goodput.gp, which stands beside this script. Where a case is there
twice, the later one counts."""

import fileinput
import json
import os
import re
import subprocess
import sys

CASE = re.compile(r'(?P<series>.+), (?P<mpps>[\d.]+) Mpps(?P<p99>, p99 connect)?')
SERIES = ('off', 'auto', 'always', *(f'Linux, tcp_syncookies={n}' for n in (0, 1, 2)))
GNUPLOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'flood_goodput.gp')
TITLE = 'Connections that succeed beside a SYN flood, and how long they take to connect, by the rate of the flood'
# A logarithmic axis has no zero: what has no flood is drawn here, and the axis says so.
NO_FLOOD_MPPS = 0.0003


def collect(lines):
    """{series: {Mpps: [share, p99]}}, and the cookies that the server can send at most."""
    points, most = {}, None
    for line in lines:
        row = json.loads(line)
        if row['bench'] != 'flood_goodput':
            continue
        if row['case'] == 'cookies at most':
            most = row['value']
        case = CASE.fullmatch(row['case'])
        if case:
            point = points.setdefault(case['series'], {}).setdefault(float(case['mpps']), [None, None])
            point[bool(case['p99'])] = row['value']
    return points, most


def blocks(points):
    """Gnuplot's data blocks $s0, $s1 ...: flood, share in percent, p99 in microseconds."""
    for number, series in enumerate(SERIES):
        yield f'$s{number} << EOD'
        for mpps, (share, p99) in sorted(points.get(series, {}).items()):
            yield f'{mpps or NO_FLOOD_MPPS} {share * 100} {p99}'
        yield 'NaN NaN NaN\nEOD'


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    points, most = collect(fileinput.input(sys.argv[2:]))
    if most is None or 'auto' not in points:
        sys.exit('flood_goodput.py: no rows of flood_goodput in there')
    script = [f'no_flood = {NO_FLOOD_MPPS}', f'most = {most}', f'target = {min(14.88, 0.9 * most)}',
              f'linux = {int(any(name in points for name in SERIES[3:]))}', *blocks(points)]
    with open(GNUPLOT, encoding='utf-8') as f:
        script.append(f.read())
    done = subprocess.run(['gnuplot'], input='\n'.join(script), text=True, check=True, stdout=subprocess.PIPE)
    picture = done.stdout.replace('<title>Gnuplot</title>',
                                  f'<!-- SPDX-License-Identifier: BSD-3-Clause -->\n<title>{TITLE}</title>')
    with open(sys.argv[1], 'w', encoding='utf-8') as f:
        f.write(picture)


if __name__ == '__main__':
    main()
