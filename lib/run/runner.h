/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * runner.h - a shard in its place: on a queue of a port, with a pool of buffers, on an lcore, in a loop.
 */
#ifndef WEIR_RUN_RUNNER_H
#define WEIR_RUN_RUNNER_H

#include "nic/nic.h"
#include "run/loop.h"
#include "weir.h"

struct runner {
	struct port *port;
	uint16_t queue;
	unsigned lcore;
	struct rte_mempool *pool;
	struct weir_core *core;
	struct loop *loop;
};

/*
 * Makes pool, core and loop for a shard on a queue of `port`. 0, or a negative errno with the reason in `why`
 * and nothing kept.
 */
int runner_create(struct runner *runner, struct port *port, uint16_t queue,
		  const struct weir_shard_config *config, unsigned lcore, struct why *why);

/* Frees the loop, its frames and the core. The pool stays, since the port still has buffers of it. */
void runner_destroy(struct runner *runner);

/*
 * After the port was closed: frees the pool, unless buffers are missing. Returns how many are, or 0 where the
 * driver is known to lose some.
 */
unsigned runner_free_pool(struct runner *runner);

#endif
