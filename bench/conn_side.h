/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_side.h - one side of short connections on a port of its own, run by the lcore that calls: for benches
 * in which the sides are on different cores, or in different processes.
 *
 * Shard, pool of buffers and loop are those of weir's runtime; turns are called here, and not by it, so that
 * something else may have the cores in between. The applications are those of conn_ends.h, six packets a
 * life. Checksums are made and verified in software, and MSL is a second.
 */
#ifndef WEIR_BENCH_CONN_SIDE_H
#define WEIR_BENCH_CONN_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "core_turn.h"

#define CONN_SIDE_MSL_NS 1000000000ull

struct inboxes;
struct port;
struct conn_side;

/*
 * With its port started. lcore: whose turns it will take. Two calls undo it: conn_side_destroy() while the
 * port is open, conn_side_free() once that is closed. NULL after a note that says why.
 */
struct conn_side *conn_side_create(struct port *port, bool is_client, unsigned lcore);

/*
 * One on each queue of the port, started, which hand frames over by `inboxes`. To be destroyed one by one,
 * all before the inboxes; also after a failure, those that are not NULL. 0, or -1 after a note.
 */
int conn_sides_create(struct port *port, struct inboxes *inboxes, bool is_client, const unsigned *lcores,
		      struct conn_side **sides);

void conn_side_destroy(struct conn_side *side);

/* 0; -1 after a note when buffers are missing. */
int conn_side_free(struct conn_side *side);

/* The sides of one core take a turn, each a round after the other. On their lcore. */
void conn_sides_turn(struct conn_side *const *sides, unsigned count, const struct core_turn *turn,
		     struct core_result *result);

#endif
