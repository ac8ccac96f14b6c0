/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/conn_table.h"

#include "base/check.h"
#include "store/conn_bucket.h"

/*
 * Where a key stands, with n buckets:
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
struct place {
	uint32_t home, tag;
};

static struct place place_of(const struct conn_table *table, uint64_t hash)
{
	uint32_t tag = (uint32_t)hash & CONN_TAG_MASK;

	return (struct place){
		.home = conn_table_home(table, hash),
		.tag = tag + (tag == 0),
	};
}

static uint32_t other_bucket(const struct conn_table *table, uint32_t bucket, uint32_t tag)
{
	uint32_t sum = (uint32_t)((uint64_t)tag * table->bucket_count >> CONN_TAG_BITS);

	return sum >= bucket ? sum - bucket : sum + (table->bucket_count - bucket);
}

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
	struct place at = place_of(table, hash);
	const uint64_t *bucket = table->buckets[at.home];
	struct conn_match found = conn_bucket_match(bucket, at.tag);
	ref r = first_equal(table, bucket, found.ways, tuple);

	if (r != REF_NONE || conn_strays(found.strays, at.tag) == 0)
		return r;
	bucket = table->buckets[other_bucket(table, at.home, at.tag)];
	return first_equal(table, bucket, conn_bucket_match(bucket, at.tag | CONN_AWAY).ways, tuple);
}

static ref candidate(const struct conn_table *table, const uint64_t *bucket, unsigned ways)
{
	ref r = (ref)bucket[__builtin_ctz(ways)];

	__builtin_prefetch(ref_record(table->pools, r));
	return r;
}

/* A lookup whose home bucket held no candidate, but is missing some of its keys. */
struct second_look {
	uint32_t bucket;
	uint32_t mark;
	unsigned i;
};

/* For each key the first entry that has its mark, or REF_NONE. */
static void candidates(const struct conn_table *table, const uint64_t *hashes, unsigned n, ref *refs)
{
	struct second_look again[CONN_TABLE_BULK_MAX];
	struct place at[CONN_TABLE_BULK_MAX];
	unsigned agains = 0;

	CHECK(n <= CONN_TABLE_BULK_MAX);
	for (unsigned i = 0; i < n; i++) {
		at[i] = place_of(table, hashes[i]);
		__builtin_prefetch(table->buckets[at[i].home]);
	}
	for (unsigned i = 0; i < n; i++) {
		const uint64_t *bucket = table->buckets[at[i].home];
		struct conn_match found = conn_bucket_match(bucket, at[i].tag);

		refs[i] = REF_NONE;
		if (found.ways != 0) {
			refs[i] = candidate(table, bucket, found.ways);
		} else if (conn_strays(found.strays, at[i].tag) != 0) {
			uint32_t other = other_bucket(table, at[i].home, at[i].tag);

			__builtin_prefetch(table->buckets[other]);
			again[agains++] = (struct second_look){ other, at[i].tag | CONN_AWAY, i };
		}
	}
	for (unsigned k = 0; k < agains; k++) {
		const uint64_t *bucket = table->buckets[again[k].bucket];
		unsigned ways = conn_bucket_match(bucket, again[k].mark).ways;

		if (ways != 0)
			refs[again[k].i] = candidate(table, bucket, ways);
	}
}

void conn_table_find_bulk(const struct conn_table *table, const uint64_t *hashes,
			  const struct tuple *const *tuples, unsigned n, ref *refs)
{
	candidates(table, hashes, n, refs);
	for (unsigned i = 0; i < n; i++) {
		/* A tag that another key shares, about 2^-27 of lookups: the long way round. */
		if (refs[i] != REF_NONE && !tuple_equal(ref_record(table->pools, refs[i]), tuples[i]))
			refs[i] = conn_table_find(table, hashes[i], tuples[i]);
	}
}

uint64_t conn_table_absent_bulk(const struct conn_table *table, const uint64_t *hashes, unsigned n)
{
	ref refs[CONN_TABLE_BULK_MAX];
	uint64_t absent = 0;

	candidates(table, hashes, n, refs);
	for (unsigned i = 0; i < n; i++)
		absent |= (uint64_t)(refs[i] == REF_NONE) << i;
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

/*
 * Room by moving others, searched breadth first: nothing is moved before a way to a free place
 * is known, so failing leaves no trace. At a load of 0.75 under a third of buckets are full, so
 * that the 16 entries of the two roots nearly always suffice; the bound of 256 nodes looks at over 2000.
 */
#define SEARCH_NODES 256

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
	struct search_node nodes[SEARCH_NODES] = { { home, 0, 0 }, { other, 1, 0 } };
	unsigned count = 2;

	for (unsigned i = 0; i < count; i++) {
		const uint64_t *entries = table->buckets[nodes[i].bucket];
		uint32_t to[CONN_WAYS];

		for (unsigned way = 0; way < CONN_WAYS; way++) {
			uint32_t tag = conn_entry_mark(entries[way]) & CONN_TAG_MASK;

			to[way] = other_bucket(table, nodes[i].bucket, tag);
			__builtin_prefetch(table->buckets[to[way]]);
		}
		for (unsigned way = 0; way < CONN_WAYS; way++) {
			/*
			 * The first free place found is the nearest, so that no bucket is twice on its
			 * way.
			 */
			if (has_room(table, to[way]))
				return shift(table, nodes, i, way, to[way]);
			if (count < SEARCH_NODES)
				nodes[count++] = (struct search_node){ to[way], (uint16_t)i, (uint8_t)way };
		}
	}
	return UINT32_MAX;
}

/*
 * Sends one entry that stands away from home in this full bucket back to its home, if that has room by
 * now. True when it did, and there is a free place here. Without this, entries that once strayed stay so, and
 * take the places of others: after some turns of churn at a load of 0.75 a fifth of all stood away
 * instead of a twentieth.
 */
static bool send_home(struct conn_table *table, uint32_t bucket)
{
	const uint64_t *entries = table->buckets[bucket];

	for (unsigned way = 0; way < CONN_WAYS; way++) {
		uint32_t mark = conn_entry_mark(entries[way]), home;

		if (!(mark & CONN_AWAY))
			continue;
		home = other_bucket(table, bucket, mark & CONN_TAG_MASK);
		if (has_room(table, home)) {
			move(table, bucket, way, home);
			return true;
		}
	}
	return false;
}

/* The bucket to put a key in, with room made there, or UINT32_MAX. */
static uint32_t bucket_for(struct conn_table *table, struct place at)
{
	uint32_t other;

	if (has_room(table, at.home) || send_home(table, at.home))
		return at.home;
	other = other_bucket(table, at.home, at.tag);
	if (has_room(table, other) || send_home(table, other))
		return other;
	return make_room(table, at.home, other);
}

bool conn_table_insert(struct conn_table *table, uint64_t hash, ref r)
{
	struct place at = place_of(table, hash);
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
static void remove_stray(struct conn_table *table, struct place at, ref r)
{
	uint64_t *bucket = table->buckets[other_bucket(table, at.home, at.tag)];
	uint32_t ways = conn_bucket_ways_of(bucket, r);

	CHECK(ways != 0);
	bucket[__builtin_ctz(ways)] &= CONN_STRAY_BIT;
	conn_bucket_stray_back(table->buckets[at.home], at.tag);
}

void conn_table_remove(struct conn_table *table, uint64_t hash, ref r)
{
	struct place at = place_of(table, hash);
	uint64_t *home = table->buckets[at.home];
	uint32_t ways = conn_bucket_ways_of(home, r);

	if (ways != 0)
		home[__builtin_ctz(ways)] &= CONN_STRAY_BIT;
	else
		remove_stray(table, at, r);
	table->entries--;
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
		struct place at = place_of(table, hashes[strays[k]]);

		__builtin_prefetch(table->buckets[other_bucket(table, at.home, at.tag)]);
	}
	for (unsigned k = 0; k < count; k++)
		remove_stray(table, place_of(table, hashes[strays[k]]), refs[strays[k]]);
	table->entries -= n;
	table->changes += n;
}

/* The entry of r, which must be there. */
static uint64_t *entry_of(struct conn_table *table, struct place at, ref r)
{
	uint64_t *bucket = table->buckets[at.home];
	uint32_t ways = conn_bucket_ways_of(bucket, r);

	if (ways == 0) {
		bucket = table->buckets[other_bucket(table, at.home, at.tag)];
		ways = conn_bucket_ways_of(bucket, r);
	}
	CHECK(ways != 0);
	return &bucket[__builtin_ctz(ways)];
}

void conn_table_replace(struct conn_table *table, uint64_t hash, ref from, ref to)
{
	uint64_t *entry = entry_of(table, place_of(table, hash), from);

	DCHECK(to != REF_NONE);
	*entry = (*entry & ~(uint64_t)UINT32_MAX) | to;
	table->changes++;
}
