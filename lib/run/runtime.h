/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * runtime.h - what runtime.c (putting together, taking apart) and runtime_run.c (running) share.
 *
 * All belongs to the main thread, but `stop`, which anyone may set, and the loops' counters.
 */
#ifndef WEIR_RUN_RUNTIME_H
#define WEIR_RUN_RUNTIME_H

#include <sys/queue.h>

#include <rte_lcore.h>

#include "nic/nic.h"
#include "run/loop.h"
#include "run/runner.h"

#define RUNTIME_PORTS 32
#define RUNTIME_WIRES (RUNTIME_PORTS / 2)
#define RUNTIME_SHARDS LOOP_GROUP_MAX /* they may all be on one lcore */

enum runtime_phase {
	RUNTIME_BUILDING, /* ports and shards may be added */
	RUNTIME_RUNNING,
	RUNTIME_JOINED,
};

struct weir_runtime {
	struct port ports[RUNTIME_PORTS];
	struct wire wires[RUNTIME_WIRES];
	struct inboxes inboxes[RUNTIME_PORTS]; /* of ports with several queues */
	struct runner runners[RUNTIME_SHARDS];
	struct loop_group groups[RTE_MAX_LCORE];
	unsigned ports_count, wires_count, runners_count;
	struct capture *capture; /* NULL: off */
	enum runtime_phase phase;
	enum weir_rest rest;
	bool is_watched; /* by telemetry.c: */
	STAILQ_ENTRY(weir_runtime) watched;
	bool stop; /* relaxed: says nothing but itself */
	struct why why;
};

/* How many of the port's queues have one: those from 0 on. */
unsigned runtime_shards_on(const struct weir_runtime *rt, const struct port *port);

static inline bool runtime_stopped(const struct weir_runtime *rt)
{
	return __atomic_load_n(&rt->stop, __ATOMIC_RELAXED);
}

#endif
