/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_tuples.h - how many different tuples connections had, counted after the fact from the TIME-WAIT
 * records that they leave: so that counting costs those that are measured nothing.
 *
 * A bit for each of the client's addresses and ports. Records are read while the loops stand still, each
 * once: to be called more often than 2 MSL, before they expire.
 */
#ifndef WEIR_BENCH_CONN_TUPLES_H
#define WEIR_BENCH_CONN_TUPLES_H

#include <stdbool.h>
#include <stdint.h>

struct weir_core;

struct conn_tuples {
	uint32_t read;  /* of the ring, up to here */
	uint64_t count; /* tuples that differ */
	uint64_t *seen;
};

/* Of clients whose addresses differ in the lowest byte. 0 or -ENOMEM. */
int conn_tuples_init(struct conn_tuples *tuples);
void conn_tuples_fini(struct conn_tuples *tuples);

/* Takes in the records that are new. is_client: the clients' addresses are the core's own. */
void conn_tuples_read(struct conn_tuples *tuples, const struct weir_core *core, bool is_client);

#endif
