/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/conn_lookup.h"

#include "base/check.h"
#include "store/conn_bucket.h"
#include "store/conn_place.h"

static uint32_t other_bucket(const struct conn_table *table, uint64_t hash)
{
	struct conn_place at = conn_place_of(table, hash);

	return conn_other_bucket(table, at.home, at.tag);
}

/* The first of the marked ways of a bucket is key i's candidate. */
static inline void take(struct conn_lookup *lookup, const struct conn_table *table, unsigned i,
			const uint64_t *bucket, unsigned ways)
{
	lookup->refs[i] = (ref)bucket[__builtin_ctz(ways)];
	lookup->records[i] = ref_record(table->pools, lookup->refs[i]);
	__builtin_prefetch(lookup->records[i]);
}

void conn_lookup_match(struct conn_lookup *lookup, const struct conn_table *table, const uint64_t *hashes,
		       unsigned n)
{
	uint64_t again = 0;

	CHECK(n <= CONN_TABLE_BULK_MAX);
	lookup->hashes = hashes;
	lookup->n = n;
	for (unsigned i = 0; i < n; i++) {
		struct conn_place at = conn_place_of(table, hashes[i]);
		const uint64_t *bucket = table->buckets[at.home];
		struct conn_match match = conn_bucket_match(bucket, at.tag);

		lookup->refs[i] = REF_NONE;
		if (match.ways != 0) {
			take(lookup, table, i, bucket, match.ways);
		} else if (conn_strays(match.strays, at.tag) != 0) {
			again |= 1ull << i;
			__builtin_prefetch(table->buckets[other_bucket(table, hashes[i])]);
		}
	}
	lookup->again = again;
}

void conn_lookup_rematch(struct conn_lookup *lookup, const struct conn_table *table)
{
	for (uint64_t left = lookup->again; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		const uint64_t *bucket = table->buckets[other_bucket(table, lookup->hashes[i])];
		uint32_t mark = conn_place_of(table, lookup->hashes[i]).tag | CONN_AWAY;
		unsigned ways = conn_bucket_match(bucket, mark).ways;

		if (ways != 0)
			take(lookup, table, i, bucket, ways);
	}
}

void conn_lookup_end(const struct conn_lookup *lookup, const struct conn_table *table,
		     const struct tuple *const *tuples, ref *refs)
{
	for (unsigned i = 0, n = lookup->n; i < n; i++) {
		ref r = lookup->refs[i];

		/* A tag that another key shares, about 2^-27 of lookups: the long way round. */
		if (r != REF_NONE && !tuple_equal(lookup->records[i], tuples[i]))
			r = conn_table_find(table, lookup->hashes[i], tuples[i]);
		refs[i] = r;
	}
}
