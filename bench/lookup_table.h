/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lookup_table.h - who is compared in the table's bench: weir's table of connections, and DPDK's rte_hash.
 *
 * Both take their memory from EAL's heap, so that both are on pages of the same size, and both do the same
 * work: a key's answer is known to be that of its whole tuple. What differs:
 *
 * - weir's tuple stands in the connection's record, which a hit has therefore fetched. rte_hash keeps a copy
 *   of it beside the answer, and whoever wants the record then waits for it once more.
 * - weir's lookup is in stages, and a burst's waits are filled with the stages of those behind it. rte_hash's
 *   is one call a burst.
 *
 * One thread.
 */
#ifndef WEIR_BENCH_LOOKUP_TABLE_H
#define WEIR_BENCH_LOOKUP_TABLE_H

#include <stdint.h>

#include "lookup_keys.h"

struct lookup_table {
	void *self;
	/*
	 * The answers' sum to count keys, a multiple of LOOKUP_BURST, asked for in bursts.
	 * 0 for one that is not in.
	 */
	uint64_t (*find)(void *self, const struct lookup_key *keys, uint32_t count);
	/*
	 * Each returns how many it did. A key that is put in is looked for first,
	 * as is one that is taken out.
	 */
	uint32_t (*insert)(void *self, const struct lookup_key *keys, uint32_t count);
	uint32_t (*remove)(void *self, const struct lookup_key *keys, uint32_t count);
	void (*destroy)(void *self); /* NULL: it is another's */
};

#define LOOKUP_RECORD_BYTES 64 /* a hot record's */

/* Both for so many connections; self is NULL after a note that says why. */
struct lookup_table lookup_table_weir(uint32_t connections);

/* The same, each burst alone: its waits are waited for. */
struct lookup_table lookup_table_alone(const struct lookup_table *weir);

/* Its records: that of key number n at (n + 1) * LOOKUP_RECORD_BYTES, its tuple first. */
const uint8_t *lookup_table_records(const struct lookup_table *weir);

/* key_bytes: 12, or 16 with the zeros behind. */
struct lookup_table lookup_table_rte(uint32_t connections, uint32_t key_bytes, const uint8_t *records);

/* The same, and the record of each answer read. */
struct lookup_table lookup_table_reading(const struct lookup_table *rte);

#endif
