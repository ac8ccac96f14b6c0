/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_counts.h - what a flood counts, as totals. Its lcore writes them, relaxed; whoever reads gets a copy.
 */
#ifndef WEIR_APP_FLOOD_COUNTS_H
#define WEIR_APP_FLOOD_COUNTS_H

#include <stdint.h>

struct flood_counts {
	uint64_t sent;                        /* handed to the port */
	uint64_t syn_acks, resets, others;    /* that came back */
	uint64_t no_buffer;                   /* bursts that had to wait for one */
	uint64_t mbufs_taken, mbufs_returned; /* as weir_stats has them */
};

static inline uint64_t flood_counts_answers(const struct flood_counts *counts)
{
	return counts->syn_acks + counts->resets + counts->others;
}

#endif
