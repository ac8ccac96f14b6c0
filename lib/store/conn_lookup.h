/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_lookup.h - a burst's keys on their way through the connection table, stage by stage.
 *
 * In a table of millions a key waits twice for memory, for its bucket and for its record; one in twenty,
 * whose entry stands in its other bucket, three times. Each stage here reads what the one before asked for:
 *
 *     conn_table_prefetch()  asks for the home bucket
 *     match                  reads it; asks for the record, or for the other bucket of a key that
 *                            may stand there
 *     rematch                reads that; asks for its record
 *     end                    compares the tuples
 *
 * A wait costs hundreds of cycles, and a burst's hardly more than a key's. So whoever has other work, such as
 * another burst's stages, does it in between. conn_table_find_bulk() is the last three in a row.
 *
 * The table must not change from match to end. Nothing here fails; one thread, the table's owner.
 */
#ifndef WEIR_STORE_CONN_LOOKUP_H
#define WEIR_STORE_CONN_LOOKUP_H

#include <stdint.h>

#include "base/ref.h"
#include "base/tuple.h"
#include "store/conn_table.h"

struct conn_lookup {
	const uint64_t *hashes; /* the caller's; to stay until the end */
	unsigned n;
	uint64_t again;                           /* bit i: key i may stand in its other bucket */
	ref refs[CONN_TABLE_BULK_MAX];            /* of the first entry that has its tag, or REF_NONE */
	const void *records[CONN_TABLE_BULK_MAX]; /* of these */
};

/* hashes: of n <= CONN_TABLE_BULK_MAX tuples. */
void conn_lookup_match(struct conn_lookup *lookup, const struct conn_table *table, const uint64_t *hashes,
		       unsigned n);
void conn_lookup_rematch(struct conn_lookup *lookup, const struct conn_table *table);

/* The record of each tuple, or REF_NONE. */
void conn_lookup_end(const struct conn_lookup *lookup, const struct conn_table *table,
		     const struct tuple *const *tuples, ref *refs);

#endif
