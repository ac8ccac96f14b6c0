/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * side.h - one side of a run: the shards that do the same thing, and the application on each.
 *
 * serve has a side of servers, load one of clients, demo both, flood one that is neither. The main thread
 * makes and unmakes sides, gives orders to them and takes samples of them; the applications run on the
 * shards' lcores.
 */
#ifndef WEIR_APP_SIDE_H
#define WEIR_APP_SIDE_H

#include <stdbool.h>

#include "figures.h"
#include "layout.h"
#include "options.h"
#include "tally.h"
#include "weir.h"

struct client;
struct flood;
struct server;

struct side_shard {
	int number; /* of the runtime, as its port */
	int port;
	unsigned queue;
	const struct layout_port *on;
	struct client *client;
	struct server *server;
	struct flood *flood; /* beside a client, or alone; NULL: none */
};

struct side {
	const char *name; /* in the output of demo: "client", "server" */
	struct weir_runtime *runtime;
	bool is_client;
	unsigned count;
	struct side_shard shards[LAYOUT_SHARDS_MAX];
	struct orders orders;
};

/* What a shard of either side needs to be told, beyond the options. */
struct side_place {
	const struct layout_port *on;
	int port; /* of the runtime */
	unsigned queue;
	int lcore;              /* -1: chosen near the port */
	unsigned shard, shards; /* this one among those of its side */
	uint16_t mtu;
	bool mute; /* nobody answers on this port */
};

void side_init(struct side *side, const char *name, struct weir_runtime *runtime, bool is_client);

/*
 * Adds a shard with its application. 0, or a negative errno; weir_runtime_error() or
 * weir_config_check() has the reason, which is printed into error, in a line of at most SIDE_ERROR_MAX.
 */
#define SIDE_ERROR_MAX 512
int side_add(struct side *side, const struct options *options, const struct side_place *place,
	     char error[SIDE_ERROR_MAX]);

/*
 * Frees the applications. The loops have ended, and the ports are closed. Returns how many of a flood's
 * buffers did not come back.
 */
unsigned side_fini(struct side *side);

/* Does it send a flood? */
bool side_floods(const struct side *side);

/* Packets per second of the side's floods together; 0: none, OPTIONS_PPS_MAX: what the ports take. */
void side_set_flood(struct side *side, uint64_t pps);

/* Sums up what the side has counted until now. */
void side_sample(const struct side *side, struct sample *sample);

/* May every shard use its addresses? As weir_ready() has it. */
int side_ready(const struct side *side);

/* One whose addresses somebody else has; NULL: none. */
const struct side_shard *side_refused(const struct side *side);

/* Has every shard stopped opening connections? */
bool side_stopped(const struct side *side);

/* Stopped, and no connection is left but in TIME-WAIT? */
bool side_drained(const struct side *side);

/* How much is left to be done until then: falls while connections end, to 0. */
uint64_t side_left(const struct side *side);

/*
 * Gives back what its applications hold, of connections whose end they were not told.
 * Loops have ended, cores are there.
 */
void side_release(struct side *side);

/* Has it given back every buffer that it took? */
bool side_balanced(const struct side *side);

/* Has every shard taken the cookie key that was offered last? */
bool side_took_key(const struct side *side);

/* The errno that an application ran into and cannot go on with, or 0. */
int side_fatal(const struct side *side);

#endif
