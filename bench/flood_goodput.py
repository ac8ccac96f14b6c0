#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""flood_goodput.py OUT.svg [FILE...]: draws what `weir-bench flood_goodput --json` and flood_goodput_linux.py print.

Takes rows from the FILEs, or from standard input, and has gnuplot draw them by flood_goodput.gp, which stands
beside this script. Where two files have the same case, the later one's counts."""

import fileinput
import json
import os
import re
import subprocess
import sys

CASE = re.compile(r'(?P<series>.+), (?P<mpps>[\d.]+) Mpps(?P<p99>, p99 connect)?')
SERIES = ('off', 'auto', 'always', 'Linux, tcp_syncookies=0', 'Linux, tcp_syncookies=1', 'Linux, tcp_syncookies=2')
# A logarithmic axis has no zero: what has no flood is drawn here, and the axis says so.
NO_FLOOD_MPPS = 0.003


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
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'flood_goodput.gp'), encoding='utf-8') as f:
        script.append(f.read())
    picture = subprocess.run(['gnuplot'], input='\n'.join(script), text=True, check=True, stdout=subprocess.PIPE)
    with open(sys.argv[1], 'w', encoding='utf-8') as f:
        f.write(picture.stdout)


if __name__ == '__main__':
    main()
