/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookie_server.h - weir in a SYN flood: a listener that answers each SYN by a cookie, beside ten million
 * connections.
 *
 * It runs on the main lcore, in the loop that `weir serve` runs in. The port's checksum offloads are not
 * used. The connections are of one family and have real tuples under the table's key, so that a SYN looks for
 * its record in a table at its greatest load, but nobody stands behind them and they do nothing.
 */
#ifndef WEIR_BENCH_COOKIE_SERVER_H
#define WEIR_BENCH_COOKIE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#define COOKIE_SERVER_CONNECTIONS 10000000u

/* Buffers for the capture's frames, which the port keeps, and for those under way. */
#define COOKIE_SERVER_MBUFS (65536 + 8192)

struct cookie_server;

/*
 * On the port of this vdev string, which replays a syn_capture of this family.
 * NULL after a note that says why.
 */
struct cookie_server *cookie_server_create(const char *device, bool is6);

/*
 * Hands it SYNs of the capture by the shard layer, before it runs: are the answers SYN-ACKs with all options,
 * right checksums and nothing kept? False after a note.
 */
bool cookie_server_is_right(struct cookie_server *server);

/* Runs the loop for so long. */
void cookie_server_run(struct cookie_server *server, uint64_t ns);

/* What it has counted so far. */
struct cookie_server_counts {
	uint64_t frames_in, frames_out, cookies;
	uint64_t drops;       /* for whatever reason, the port's included */
	uint64_t connections; /* established, now */
	uint64_t half_open;   /* now */
};

void cookie_server_counts(const struct cookie_server *server, struct cookie_server_counts *counts);

/* Returns the buffers that are missing. */
unsigned cookie_server_destroy(struct cookie_server *server);

#endif
