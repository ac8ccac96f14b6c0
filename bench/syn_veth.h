/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn_veth.h - context for syn_cookie: what Linux answers by cookies in a flood over a veth, and what weir
 * does there.
 *
 * Nothing that a NIC would bear: Linux carries each frame to weir and back. Both have one CPU, and the
 * attacker another; wall-clock time, so a busy machine shows.
 */
#ifndef WEIR_BENCH_SYN_VETH_H
#define WEIR_BENCH_SYN_VETH_H

/*
 * Prints its rows. 0, also where it is not to be had (then after a note that says why);
 * -1: something went wrong.
 */
int syn_veth(void);

#endif
