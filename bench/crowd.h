/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crowd.h - as many connections at once as memory holds: a client and a server on one lcore, joined by weir's
 * wire in memory, and every connection made by segments that went over it.
 *
 * One server, one port of it, and clients on thousands of addresses of 10.0.0.0/8 behind one station, so that
 * ports suffice and the server has one neighbour. Cores are made for the one kind of record that the crowd
 * stands in, and for little else. A random sample of the connections can be asked to echo a message each.
 *
 * The main thread. Counts are the application's: what its events have told.
 */
#ifndef WEIR_BENCH_CROWD_H
#define WEIR_BENCH_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir.h"

/* What becomes of a connection, and stays. */
enum crowd_kind {
	CROWD_OPEN,      /* ESTABLISHED at both ends */
	CROWD_HALF_OPEN, /* SYN-SENT at the client, which is deaf; SYN-RECEIVED at the server */
	CROWD_TIME_WAIT, /* the server closes it at once; nothing is left at the client */
};

struct crowd_setup {
	const char *bench; /* whose notes they are */
	enum crowd_kind kind;
	uint32_t connections;
	uint32_t samples; /* of CROWD_OPEN */
};

struct crowd;

/* Bytes of memory that it will take at most, both ends. */
size_t crowd_footprint(const struct crowd_setup *setup);

/* NULL after a note that says why. */
struct crowd *crowd_create(const struct crowd_setup *setup);

/*
 * Lets it grow until so many connections stand. Returns the cycles that this took of the CPU, or 0 after a
 * note: it does not grow any more, or a connection has failed.
 */
uint64_t crowd_grow(struct crowd *crowd, uint32_t connections);

/* Each sample asks, and hears its own message of 64 bytes again. Returns how many did. */
uint32_t crowd_ask(struct crowd *crowd);

/* Beyond weir_stats() of each end. */
const struct weir_core *crowd_client(const struct crowd *crowd);
const struct weir_core *crowd_server(const struct crowd *crowd);

/* Returns the buffers that are missing. */
unsigned crowd_destroy(struct crowd *crowd);

#endif
