/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_place.h - where a key stands in the connection table. Private to its sources.
 *
 * With n buckets:
 *
 *     home  = hash[63:32] * n / 2^32
 *     tag   = hash[29:0], 0 made 1
 *     other = (tag * n / 2^30 - home) mod n
 *
 * The sum of the two is a function of the tag, so each follows from the other and the tag, and an entry
 * can be moved without its record being read. Both halves of the hash are uniform already, so
 * nothing is mixed again. For one key in n the two are the same bucket: it then stands at home
 * or nowhere.
 */
#ifndef WEIR_STORE_CONN_PLACE_H
#define WEIR_STORE_CONN_PLACE_H

#include "store/conn_entry.h"
#include "store/conn_table.h"

struct conn_place {
	uint32_t home, tag;
};

static inline struct conn_place conn_place_of(const struct conn_table *table, uint64_t hash)
{
	uint32_t tag = (uint32_t)hash & CONN_TAG_MASK;

	return (struct conn_place){
		.home = conn_table_home(table, hash),
		.tag = tag + (tag == 0),
	};
}

static inline uint32_t conn_other_bucket(const struct conn_table *table, uint32_t bucket, uint32_t tag)
{
	uint32_t sum = (uint32_t)((uint64_t)tag * table->bucket_count >> CONN_TAG_BITS);

	return sum >= bucket ? sum - bucket : sum + (table->bucket_count - bucket);
}

#endif
