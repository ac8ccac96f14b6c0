# SPDX-License-Identifier: BSD-3-Clause
# Run by flood_goodput.py, which says before this: no_flood, most, target (Mpps), linux (whether there are rows of
# it), and $s0..$s5: flood in Mpps, connections that succeed in %, p99 in us.
set encoding utf8
set terminal svg size 980,640 dynamic noenhanced font "Helvetica,Arial,sans-serif,13" background "#ffffff"

ink = "#33414e"; soft = "#6a7681"; faint = "#e3e8ec"
off = "#c0504d"; auto = "#2f6db5"; always = "#4fa37c"
set style line 1 lc rgb off lw 2.2 pt 7 ps 0.45
set style line 2 lc rgb auto lw 3.4 pt 7 ps 0.5
set style line 3 lc rgb always lw 1.8 dt (5,4) pt 7 ps 0.35
set style line 9 lc rgb soft lw 1.2 dt 3

set border 3 lc rgb ink lw 0.8
set tics nomirror scale 0.5 textcolor rgb ink
set grid xtics ytics lt 1 lc rgb faint lw 0.8
unset key
set logscale x
set xrange [no_flood * 0.8:150]
set xtics ("none" no_flood, "1 k" 0.001, "10 k" 0.01, "100 k" 0.1, "1 M" 1, "10 M" 10)
set samples 400

columns = linux ? 2 : 1
left(c) = c == 0 ? 0.075 : 0.585
right(c) = columns == 1 ? 0.96 : c == 0 ? 0.5 : 0.98
proportion(x) = x > most ? 100 * most / x : NaN

set multiplot
set label 1 "What a SYN flood leaves of legitimate connections" at screen 0.02,0.965 font ",18" \
	textcolor rgb ink
do for [c = 0:columns - 1] {
	first = 3 * c
	set lmargin at screen left(c)
	set rmargin at screen right(c)

	# Above: the share that succeeds.
	set tmargin at screen 0.855
	set bmargin at screen 0.535
	set label 2 (c == 0 ? "weir on one core" : "Linux over a veth, for context") \
		at graph 0,1.14 font ",14" textcolor rgb ink
	set label 3 "connections that succeed" at graph 0,1.05 font ",12" textcolor rgb soft
	unset xlabel
	set yrange [0:104]
	set ytics 0,25,100 format "%.0f %%"
	if (c == 0) {
		set arrow 1 from target,graph 0 to target,graph 1 nohead ls 9
		set label 4 "off" at 0.05,45 textcolor rgb off
		set label 5 "auto" at 0.25,92 textcolor rgb auto
		set label 6 "always" at 0.75,92 textcolor rgb always
		set label 7 sprintf("the target's rate: %.1f M ", target) at target,57 right font ",11" \
			textcolor rgb soft
		set label 8 "in proportion" at 28,42 font ",11" textcolor rgb soft
		plot proportion(x) with lines ls 9, \
			for [s = 0:2] sprintf("$s%d", s) using 1:2 with linespoints ls s + 1
	} else {
		unset label 1
		unset label 8
		set label 4 "tcp_syncookies = 0" at 0.006,72 textcolor rgb off
		set label 5 "= 1" at 0.3,99 textcolor rgb auto
		set label 6 "= 2" at 0.8,99 textcolor rgb always
		set label 7 "(a veth carries no more)" at 0.3,88 font ",11" textcolor rgb soft
		plot for [s = 0:2] sprintf("$s%d", first + s) using 1:2 with linespoints ls s + 1
	}
	unset for [i = 4:8] label i

	# Below: how long it takes.
	set tmargin at screen 0.42
	set bmargin at screen 0.1
	unset label 2
	set label 3 "99th percentile of the time to connect (never: 3 s)"
	set xlabel "flood, SYNs a second" textcolor rgb ink
	set logscale y
	set yrange [10:5e6]
	set ytics ("10 µs" 10, "100 µs" 100, "1 ms" 1e3, "10 ms" 1e4, "100 ms" 1e5, "1 s" 1e6, "3 s" 3e6)
	plot for [s = 0:2] sprintf("$s%d", first + s) using 1:3 with linespoints ls s + 1
	unset logscale y
	unset arrow 1
}
unset multiplot
