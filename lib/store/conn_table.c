/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/conn_table.h"

#include "base/check.h"
#include "store/conn_bucket.h"
#include "store/conn_lookup.h"
#include "store/conn_place.h"

void conn_table_init(struct conn_table *table, struct arena *arena, uint32_t max_entries,
		     const struct ref_pool pools[REF_KINDS])
{
	/*
	 * Six of eight ways, and four buckets more: with a handful of buckets chance alone can give more than
	 * eight keys the same one for home and other.
	 */
	uint32_t bucket_count = max_entries / 6 + 4;

	*table = (struct conn_table){ .bucket_count = bucket_count };
	table->buckets = arena_take(arena, (size_t)bucket_count * sizeof(*table->buckets));
	for (unsigned kind = 0; kind < REF_KINDS; kind++)
		table->pools[kind] = pools[kind];
}

/* ------------------------------------------------------------------------------------------- *
 * Finding
 * ------------------------------------------------------------------------------------------- */

/* The first of the marked ways whose record has the tuple. */
static ref first_equal(const struct conn_table *table, const uint64_t *bucket, unsigned ways,
		       const struct tuple *tuple)
{
	for (; ways != 0; ways &= ways - 1) {
		ref r = (ref)bucket[__builtin_ctz(ways)];

		if (tuple_equal(ref_record(table->pools, r), tuple))
			return r;
	}
	return REF_NONE;
}

ref conn_table_find(const struct conn_table *table, uint64_t hash, const struct tuple *tuple)
{
	struct conn_place at = conn_place_of(table, hash);
	const uint64_t *bucket = table->buckets[at.home];
	struct conn_match found = conn_bucket_match(bucket, at.tag);
	ref r = first_equal(table, bucket, found.ways, tuple);

	if (r != REF_NONE || conn_strays(found.strays, at.tag) == 0)
		return r;
	bucket = table->buckets[conn_other_bucket(table, at.home, at.tag)];
	return first_equal(table, bucket, conn_bucket_match(bucket, at.tag | CONN_AWAY).ways, tuple);
}

void conn_table_find_bulk(const struct conn_table *table, const uint64_t *hashes,
			  const struct tuple *const *tuples, unsigned n, ref *refs)
{
	struct conn_lookup lookup;

	conn_lookup_match(&lookup, table, hashes, n);
	conn_lookup_rematch(&lookup, table);
	conn_lookup_end(&lookup, table, tuples, refs);
}

uint64_t conn_table_absent_bulk(const struct conn_table *table, const uint64_t *hashes, unsigned n)
{
	struct conn_lookup lookup;
	uint64_t absent = 0;

	conn_lookup_match(&lookup, table, hashes, n);
	conn_lookup_rematch(&lookup, table);
	for (unsigned i = 0; i < n; i++)
		absent |= (uint64_t)(lookup.refs[i] == REF_NONE) << i;
	return absent;
}

/* ------------------------------------------------------------------------------------------- *
 * Changing
 * ------------------------------------------------------------------------------------------- */

static void put(struct conn_table *table, uint32_t bucket, uint32_t mark, ref r)
{
	uint64_t *entries = table->buckets[bucket];
	unsigned ways = conn_bucket_room(entries);

	CHECK(ways != 0);
	entries[__builtin_ctz(ways)] |= (uint64_t)mark << 32 | r;
}

static bool has_room(const struct conn_table *table, uint32_t bucket)
{
	return conn_bucket_room(table->buckets[bucket]) != 0;
}

/* Moves an entry to its other bucket, which has room. */
static void move(struct conn_table *table, uint32_t from, unsigned way, uint32_t to)
{
	uint64_t *entry = &table->buckets[from][way];
	uint32_t mark = conn_entry_mark(*entry);
	ref r = (ref)*entry;

	*entry &= CONN_STRAY_BIT;
	put(table, to, mark ^ CONN_AWAY, r);
	if (mark & CONN_AWAY)
		conn_bucket_stray_back(table->buckets[to], mark & CONN_TAG_MASK);
	else
		conn_bucket_stray_out(table->buckets[from], mark & CONN_TAG_MASK);
}

static uint32_t other_of(const struct conn_table *table, uint32_t bucket, unsigned way)
{
	uint32_t tag = conn_entry_mark(table->buckets[bucket][way]) & CONN_TAG_MASK;

	return conn_other_bucket(table, bucket, tag);
}

static void prefetch_other(const struct conn_table *table, uint32_t bucket, unsigned way)
{
	__builtin_prefetch(table->buckets[other_of(table, bucket, way)]);
}

/*
 * Room by moving others, searched breadth first: nothing is moved before a way to a free place
 * is known, so failing leaves no trace. At a load of 0.75 under a third of buckets are full, so
 * that the 16 entries of the two roots nearly always suffice; the bound of 256 nodes looks at over 2000.
 */
#define SEARCH_NODES 256
/* Buckets that are asked for at once: nearly always one of the first three has room. */
#define LOOK_AHEAD 3

struct search_node {
	uint32_t bucket;
	uint16_t parent; /* the node whose entry `way` could move here; a root is its own */
	uint8_t way;
};

/*
 * Moves the entry `way` of node i to a bucket that has room, then its parent's to the place it left, and
 * so on.
 */
static uint32_t shift(struct conn_table *table, const struct search_node *nodes, unsigned i, unsigned way,
		      uint32_t to)
{
	for (;;) {
		const struct search_node *node = &nodes[i];

		move(table, node->bucket, way, to);
		if (node->parent == i)
			return node->bucket;
		to = node->bucket;
		way = node->way;
		i = node->parent;
	}
}

/* Makes room in one of two full buckets; returns which one, or UINT32_MAX. */
static uint32_t make_room(struct conn_table *table, uint32_t home, uint32_t other)
{
	struct search_node nodes[SEARCH_NODES];
	unsigned count = 2;

	nodes[0] = (struct search_node){ home, 0, 0 };
	nodes[1] = (struct search_node){ other, 1, 0 };
	for (unsigned i = 0; i < count; i++) {
		uint32_t bucket = nodes[i].bucket;

		for (unsigned way = 0; way < LOOK_AHEAD; way++)
			prefetch_other(table, bucket, way);
		for (unsigned way = 0; way < CONN_WAYS; way++) {
			uint32_t to = other_of(table, bucket, way);

			if (way + LOOK_AHEAD < CONN_WAYS)
				prefetch_other(table, bucket, way + LOOK_AHEAD);
			/*
			 * The first free place found is the nearest, so that no bucket is twice on its
			 * way.
			 */
			if (has_room(table, to))
				return shift(table, nodes, i, way, to);
			if (count < SEARCH_NODES)
				nodes[count++] = (struct search_node){ to, (uint16_t)i, (uint8_t)way };
		}
	}
	return UINT32_MAX;
}

/*
 * Sends one entry that stands away from home in this full bucket back to its home, if that has room by
 * now. True when it did, and there is a free place here. Without this, entries that once strayed stay so, and
 * take the places of others: after some turns of churn at a load of 0.75 a fifth of all stood away
 * instead of a twentieth. A bucket that was full stays so until something is removed: while a table only
 * grows there is nothing to look for.
 */
static bool send_home(struct conn_table *table, uint32_t bucket)
{
	const uint64_t *entries = table->buckets[bucket];

	for (unsigned way = 0; way < CONN_WAYS && table->vacated > 0; way++) {
		uint32_t home;

		if (!(conn_entry_mark(entries[way]) & CONN_AWAY))
			continue;
		home = other_of(table, bucket, way);
		if (has_room(table, home)) {
			move(table, bucket, way, home);
			return true;
		}
		table->vacated--;
	}
	return false;
}

void conn_table_expect_bulk(const struct conn_table *table, const uint64_t *hashes, unsigned n)
{
	uint32_t full[CONN_TABLE_BULK_MAX][2]; /* home buckets, and the others of their keys */
	unsigned count = 0;

	CHECK(n <= CONN_TABLE_BULK_MAX);
	/* At four entries a bucket one in twenty is full: fewer are not worth looking for. */
	if (table->entries < 4 * table->bucket_count)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct conn_place at = conn_place_of(table, hashes[i]);
		struct conn_match free = conn_bucket_match(table->buckets[at.home], 0);
		uint32_t other = conn_other_bucket(table, at.home, at.tag);

		if (free.ways != 0 && conn_strays(free.strays, at.tag) == 0)
			continue;
		__builtin_prefetch(table->buckets[other]);
		full[count][0] = at.home;
		full[count][1] = other;
		count += free.ways == 0;
	}
	for (unsigned i = 0; i < count; i++)
		if (!has_room(table, full[i][1]))
			for (unsigned way = 0; way < LOOK_AHEAD; way++)
				prefetch_other(table, full[i][0], way);
}

/* The bucket to put a key in, with room made there, or UINT32_MAX. */
static uint32_t bucket_for(struct conn_table *table, struct conn_place at)
{
	uint32_t other;

	if (has_room(table, at.home) || send_home(table, at.home))
		return at.home;
	other = conn_other_bucket(table, at.home, at.tag);
	if (has_room(table, other) || send_home(table, other))
		return other;
	return make_room(table, at.home, other);
}

bool conn_table_insert(struct conn_table *table, uint64_t hash, ref r)
{
	struct conn_place at = conn_place_of(table, hash);
	uint32_t bucket = bucket_for(table, at);

	DCHECK(r != REF_NONE);
	if (bucket == UINT32_MAX)
		return false;
	put(table, bucket, bucket == at.home ? at.tag : at.tag | CONN_AWAY, r);
	if (bucket != at.home)
		conn_bucket_stray_out(table->buckets[at.home], at.tag);
	table->entries++;
	table->changes++;
	return true;
}

/* Takes r out of its other bucket, if it does not stand at home. */
static void remove_stray(struct conn_table *table, struct conn_place at, ref r)
{
	uint64_t *bucket = table->buckets[conn_other_bucket(table, at.home, at.tag)];
	uint32_t ways = conn_bucket_ways_of(bucket, r);

	CHECK(ways != 0);
	bucket[__builtin_ctz(ways)] &= CONN_STRAY_BIT;
	conn_bucket_stray_back(table->buckets[at.home], at.tag);
}

void conn_table_remove(struct conn_table *table, uint64_t hash, ref r)
{
	struct conn_place at = conn_place_of(table, hash);
	uint64_t *home = table->buckets[at.home];
	uint32_t ways = conn_bucket_ways_of(home, r);

	if (ways != 0)
		home[__builtin_ctz(ways)] &= CONN_STRAY_BIT;
	else
		remove_stray(table, at, r);
	table->entries--;
	table->vacated++;
	table->changes++;
}

void conn_table_remove_bulk(struct conn_table *table, const uint64_t *hashes, const ref *refs, unsigned n)
{
	uint8_t strays[CONN_TABLE_BULK_MAX];
	uint64_t nowhere = 0;
	unsigned count = 0;

	CHECK(n <= CONN_TABLE_BULK_MAX);
	/* Removed at home, or noted down: which of them it will be cannot be foreseen. */
	for (unsigned i = 0; i < n; i++) {
		uint64_t *home = table->buckets[conn_table_home(table, hashes[i])];
		uint32_t ways = conn_bucket_ways_of(home, refs[i]);
		uint64_t *entry = ways != 0 ? &home[__builtin_ctz(ways)] : &nowhere;

		*entry &= CONN_STRAY_BIT;
		strays[count] = (uint8_t)i;
		count += ways == 0;
	}
	for (unsigned k = 0; k < count; k++) {
		struct conn_place at = conn_place_of(table, hashes[strays[k]]);

		__builtin_prefetch(table->buckets[conn_other_bucket(table, at.home, at.tag)]);
	}
	for (unsigned k = 0; k < count; k++)
		remove_stray(table, conn_place_of(table, hashes[strays[k]]), refs[strays[k]]);
	table->entries -= n;
	table->vacated += n;
	table->changes += n;
}

/* The entry of r, which must be there. */
static uint64_t *entry_of(struct conn_table *table, struct conn_place at, ref r)
{
	uint64_t *bucket = table->buckets[at.home];
	uint32_t ways = conn_bucket_ways_of(bucket, r);

	if (ways == 0) {
		bucket = table->buckets[conn_other_bucket(table, at.home, at.tag)];
		ways = conn_bucket_ways_of(bucket, r);
	}
	CHECK(ways != 0);
	return &bucket[__builtin_ctz(ways)];
}

void conn_table_replace(struct conn_table *table, uint64_t hash, ref from, ref to)
{
	uint64_t *entry = entry_of(table, conn_place_of(table, hash), from);

	DCHECK(to != REF_NONE);
	*entry = (*entry & ~(uint64_t)UINT32_MAX) | to;
	table->changes++;
}
