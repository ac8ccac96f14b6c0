/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_table.h - from a 4-tuple to a record: half-open, hot or TIME-WAIT, in one table.
 *
 * Buckets are cache lines of eight 8-byte entries. An entry holds the record's ref and 30 bits of tag; the
 * tuple itself stands in the record (at offset 0, struct tuple), so a hit reads two lines and a
 * miss one. Each key has two buckets: its home, from the hash, and another, from home and tag
 * alone, so that entries can be moved without their records being read. Inserts prefer home, and send
 * home a stranger that stands there in the way; when both buckets are full, entries are moved to
 * their other ones. The home bucket counts how many of its keys stand elsewhere: while it counts none, a
 * miss is known after one line.
 *
 * Any number of buckets; no resizing. One thread owns a table and is the only one to touch it;
 * others scan pools. Rejected: single-choice buckets (5 % of inserts failed at a load of 0.75),
 * linear hashes (their collisions can be prepared), pointers (8 bytes more, and no snapshots).
 */
#ifndef WEIR_STORE_CONN_TABLE_H
#define WEIR_STORE_CONN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ref.h"
#include "base/tuple.h"

struct conn_table {
	uint64_t (*buckets)[8];
	uint32_t bucket_count;
	uint32_t entries;
	/* Grows with every insert, removal and replacement: tells whether a bulk answer is still fresh. */
	uint64_t changes;
	/*
	 * Removals, less the full homes that inserts have since looked at in the hope to send an entry there.
	 */
	uint64_t vacated;
	/* Where records stand, to compare tuples. Their tuple is at offset 0; field is unused. */
	struct ref_pool pools[REF_KINDS];
};

/* Takes buckets for max_entries at a load of at most 0.75. */
void conn_table_init(struct conn_table *table, struct arena *arena, uint32_t max_entries,
		     const struct ref_pool pools[REF_KINDS]);

/* The number of a key's home bucket. */
static inline uint32_t conn_table_home(const struct conn_table *table, uint64_t hash)
{
	return (uint32_t)((hash >> 32) * table->bucket_count >> 32);
}

/*
 * Has the home bucket fetched, for the stage that computes the hashes: memory then works while the next
 * hash is computed, and not only once all of them are there.
 */
static inline void conn_table_prefetch(const struct conn_table *table, uint64_t hash)
{
	__builtin_prefetch(table->buckets[conn_table_home(table, hash)]);
}

/* The record of a tuple, or REF_NONE (0). hash: tuple_hash() under the key of this table's owner. */
ref conn_table_find(const struct conn_table *table, uint64_t hash, const struct tuple *tuple);

#define CONN_TABLE_BULK_MAX 64

/*
 * The same for a burst of n <= CONN_TABLE_BULK_MAX: the stages of conn_lookup.h in a row, for whoever has
 * nothing else to do between them. The home buckets should have been prefetched. Answers hold until
 * table->changes moves.
 */
void conn_table_find_bulk(const struct conn_table *table, const uint64_t *hashes,
			  const struct tuple *const *tuples, unsigned n, ref *refs);

/*
 * Of a burst of keys, those that are certainly not in the table: bit i for hashes[i]. No record is looked at;
 * a key whose tag another one shares may be missing here. The home buckets should have been prefetched.
 */
uint64_t conn_table_absent_bulk(const struct conn_table *table, const uint64_t *hashes, unsigned n);

/*
 * A burst of n <= CONN_TABLE_BULK_MAX keys is likely to be inserted next: has fetched what that will look at
 * beside the home buckets, which should have been prefetched. Nothing is done in a table that is less than
 * half full.
 */
void conn_table_expect_bulk(const struct conn_table *table, const uint64_t *hashes, unsigned n);

/* The tuple must not be in the table. False when there is no room: the table is as it was. */
bool conn_table_insert(struct conn_table *table, uint64_t hash, ref r);

/* The entry must be there. */
void conn_table_remove(struct conn_table *table, uint64_t hash, ref r);

/*
 * The same for n <= CONN_TABLE_BULK_MAX of them: refs[i] of hashes[i].
 * The home buckets should have been prefetched.
 */
void conn_table_remove_bulk(struct conn_table *table, const uint64_t *hashes, const ref *refs, unsigned n);

/* Puts another record in the place of one with the same tuple. Cannot fail. */
void conn_table_replace(struct conn_table *table, uint64_t hash, ref from, ref to);

#endif
