/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * end_pair.h - a client and a server, a shard each, joined by weir's wire in memory or by a veth: for benches
 * of a single connection.
 *
 * Both on one lcore take turns on it. Checksums are made and verified in software; frames are at most 1500
 * bytes of IP.
 */
#ifndef WEIR_BENCH_END_PAIR_H
#define WEIR_BENCH_END_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

struct cable;

struct end_pair_setup {
	const char *bench;          /* whose notes they are */
	weir_app_fn client, server; /* the client opens its connection by end_pair_connect() */
	void *arg;                  /* of both */
	int client_lcore, server_lcore;
	const struct cable *cable; /* NULL: a wire in memory */
};

struct end_pair {
	const char *bench;
	const struct cable *cable;
	struct weir_runtime *runtime;
	struct weir_core *client, *server;
	int shards[2]; /* client's, server's */
};

/* The server listens, and the loops run. 0, or -1 after a note: then it is closed already. */
int end_pair_open(struct end_pair *pair, const struct end_pair_setup *setup);

/* From the client's application. As weir_connect(); -EAGAIN: in a later round. */
int end_pair_connect(struct weir_core *client, weir_conn *conn);

/* Lets the loops run for so long. */
void end_pair_run(struct end_pair *pair, uint64_t ns);

struct end_pair_counts {
	uint64_t bytes;               /* of payload that the server has received */
	uint64_t frames, retransmits; /* sent, by both */
	uint64_t lost;                /* drops of shards, loops and ports, of any name */
};

void end_pair_counts(const struct end_pair *pair, struct end_pair_counts *counts);

/* -1 after a note if buffers are missing. */
int end_pair_close(struct end_pair *pair);

#endif
