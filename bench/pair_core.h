/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair_core.h - what one of two cores has of conn_rate_pair: a side of connections, and an end of the bare
 * loop that it is measured beside. They take turns on one port.
 */
#ifndef WEIR_BENCH_PAIR_CORE_H
#define WEIR_BENCH_PAIR_CORE_H

#include <stdbool.h>

#include "bare_end.h"
#include "conn_side.h"
#include "core_turn.h"

enum pair_work {
	PAIR_WEIR,
	PAIR_BARE,
};

#define PAIR_WORKS 2

struct pair_core {
	bool is_client;
	struct conn_side *side;
	struct bare_end bare;
};

/* port: open and not started. 0, or -1 after a note. */
int pair_core_init(struct pair_core *core, struct port *port, bool is_client, unsigned lcore);

/* On its lcore. */
void pair_core_turn(struct pair_core *core, enum pair_work work, const struct core_turn *turn,
		    struct core_result *result);

/* Before the port is closed, and after. -1 after a note when buffers are missing. */
void pair_core_stop(struct pair_core *core);
int pair_core_fini(struct pair_core *core);

#endif
