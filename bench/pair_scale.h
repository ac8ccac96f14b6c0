/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair_scale.h - do two cores make twice as many connections as one, when each has clients, a server and a
 * wire of its own?
 *
 * Nothing passes between them, so that what is missing from twice is what they share: the machine's memory
 * and last cache, or a line that both write and should not. Bare loops on the same cores say what the machine
 * itself gives.
 */
#ifndef WEIR_BENCH_PAIR_SCALE_H
#define WEIR_BENCH_PAIR_SCALE_H

/* Rows of conn_rate_pair; other: the lcore beside the calling one. 0, or -1 after a note. */
int pair_scale(unsigned other);

#endif
