/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair_stage.h - where two cores meet for conn_rate_pair: on a wire in memory in one process, or over memif
 * in two.
 *
 * The client is on the main lcore, the server on another one; so they are with two processes, whose cores
 * these are while this process waits.
 */
#ifndef WEIR_BENCH_PAIR_STAGE_H
#define WEIR_BENCH_PAIR_STAGE_H

#include "pair_core.h"

struct pair_stage {
	/* Both take a turn; results: the client's, the server's. 0, or -1 after a note. */
	int (*turn)(struct pair_stage *stage, enum pair_work work, uint64_t cycles,
		    struct core_result results[2]);
	/* 0, or -1 after a note if something is missing. */
	int (*destroy)(struct pair_stage *stage);
};

/* NULL after a note that says why. */
struct pair_stage *pair_wire_create(unsigned server_lcore);
struct pair_stage *pair_memif_create(unsigned server_lcore);

#endif
