/* SPDX-License-Identifier: BSD-3-Clause */
/* weir's side: keys hashed in vectors under a secret key, and looked for by the stages of conn_lookup.h. */
#include <stdlib.h>

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "base/siphash_bulk.h"
#include "bench.h"
#include "lookup_table.h"
#include "store/conn_lookup.h"
#include "store/conn_table.h"

struct weir_side {
	struct conn_table table;
	struct siphash_key key;
	const struct siphash_bulk *bulk;
	struct ref_pool pools[REF_KINDS];
	void *buckets;
};

struct burst {
	const struct tuple *tuples[LOOKUP_BURST];
	uint64_t hashes[LOOKUP_BURST];
	struct conn_lookup lookup;
	ref refs[LOOKUP_BURST]; /* what was found */
};

/* Hashes, and asks for the buckets: the first stage. */
static void ask(const struct weir_side *side, struct burst *burst, const struct lookup_key *keys)
{
	uint64_t addrs[LOOKUP_BURST];
	uint32_t ports[LOOKUP_BURST];

	lookup_keys_fetch(keys);
	for (unsigned i = 0; i < LOOKUP_BURST; i++) {
		burst->tuples[i] = &keys[i].tuple;
		addrs[i] = tuple_addrs(&keys[i].tuple);
		ports[i] = tuple_ports(&keys[i].tuple);
	}
	side->bulk->hash13_12(side->key, addrs, ports, LOOKUP_BURST, burst->hashes);
	for (unsigned i = 0; i < LOOKUP_BURST; i++)
		conn_table_prefetch(&side->table, burst->hashes[i]);
}

static uint64_t sum_up(const struct burst *burst)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LOOKUP_BURST; i++)
		sum += ref_slot(burst->refs[i]);
	return sum;
}

static uint64_t end(const struct weir_side *side, struct burst *burst)
{
	conn_lookup_end(&burst->lookup, &side->table, burst->tuples, burst->refs);
	return sum_up(burst);
}

/* All stages of a burst, one after the other: as tcp_look_ahead() and tcp_input() do. */
static void look_for(const struct weir_side *side, struct burst *burst, const struct lookup_key *keys)
{
	ask(side, burst, keys);
	conn_table_find_bulk(&side->table, burst->hashes, burst->tuples, LOOKUP_BURST, burst->refs);
}

/* Bursts that are under way at once: one in each stage. */
#define UNDER_WAY 4

static uint64_t find(void *self, const struct lookup_key *keys, uint32_t count)
{
	const struct weir_side *side = self;
	struct burst bursts[UNDER_WAY];
	uint32_t n = count / LOOKUP_BURST;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n + UNDER_WAY - 1; i++) {
		struct burst *second = &bursts[(i - 1) % UNDER_WAY];

		if (i < n)
			ask(side, &bursts[i % UNDER_WAY], keys + i * LOOKUP_BURST);
		if (i >= 1 && i - 1 < n)
			conn_lookup_match(&second->lookup, &side->table, second->hashes, LOOKUP_BURST);
		if (i >= 2 && i - 2 < n)
			conn_lookup_rematch(&bursts[(i - 2) % UNDER_WAY].lookup, &side->table);
		if (i >= 3)
			sum += end(side, &bursts[(i - 3) % UNDER_WAY]);
	}
	return sum;
}

static uint64_t find_alone(void *self, const struct lookup_key *keys, uint32_t count)
{
	struct burst burst;
	uint64_t sum = 0;

	for (uint32_t at = 0; at < count; at += LOOKUP_BURST) {
		look_for(self, &burst, keys + at);
		sum += sum_up(&burst);
	}
	return sum;
}

static struct tuple *record_of(const struct weir_side *side, const struct lookup_key *key)
{
	return ref_record(side->pools, ref_make(REF_HOT, lookup_answer(&key->tuple)));
}

/* Those of the burst that were not found. */
static uint32_t insert_burst(struct weir_side *side, const struct burst *burst)
{
	uint32_t done = 0;

	for (unsigned i = 0; i < LOOKUP_BURST; i++) {
		ref r = ref_make(REF_HOT, lookup_answer(burst->tuples[i]));

		if (burst->refs[i] != REF_NONE)
			continue;
		*(struct tuple *)ref_record(side->pools, r) = *burst->tuples[i];
		done += conn_table_insert(&side->table, burst->hashes[i], r);
	}
	return done;
}

/* Those that were found. */
static uint32_t remove_burst(struct weir_side *side, const struct burst *burst)
{
	uint32_t done = 0;

	for (unsigned i = 0; i < LOOKUP_BURST; i++) {
		if (burst->refs[i] == REF_NONE)
			continue;
		conn_table_remove(&side->table, burst->hashes[i], burst->refs[i]);
		*(struct tuple *)ref_record(side->pools, burst->refs[i]) = (struct tuple){ 0 };
		done++;
	}
	return done;
}

static uint32_t insert(void *self, const struct lookup_key *keys, uint32_t count)
{
	struct weir_side *side = self;
	struct burst burst;
	uint32_t done = 0;

	for (uint32_t at = 0; at < count; at += LOOKUP_BURST) {
		/* As the pool that records are taken from does. */
		for (unsigned i = 0; i < LOOKUP_BURST; i++)
			__builtin_prefetch(record_of(side, &keys[at + i]), 1);
		look_for(side, &burst, keys + at);
		done += insert_burst(side, &burst);
	}
	return done;
}

static uint32_t take_out(void *self, const struct lookup_key *keys, uint32_t count)
{
	struct weir_side *side = self;
	struct burst burst;
	uint32_t done = 0;

	for (uint32_t at = 0; at < count; at += LOOKUP_BURST) {
		look_for(side, &burst, keys + at);
		done += remove_burst(side, &burst);
	}
	return done;
}

const uint8_t *lookup_table_records(const struct lookup_table *weir)
{
	const struct weir_side *side = weir->self;

	return side->pools[REF_HOT].base;
}

static void destroy(void *self)
{
	struct weir_side *side = self;

	rte_free(side->buckets);
	rte_free(side->pools[REF_HOT].base);
	free(side);
}

struct lookup_table lookup_table_weir(uint32_t connections)
{
	struct weir_side *side = calloc(1, sizeof(*side));
	struct arena arena = { 0 };
	size_t records = (size_t)(connections + 1) * LOOKUP_RECORD_BYTES;

	if (side == NULL)
		return (struct lookup_table){ 0 };
	side->bulk = siphash_bulk_choose();
	side->key = (struct siphash_key){ rte_rand(), rte_rand() };
	conn_table_init(&side->table, &arena, connections, side->pools);
	side->buckets = rte_zmalloc_socket(NULL, arena.used, ARENA_LINE, (int)rte_socket_id());
	side->pools[REF_HOT] = (struct ref_pool){
		.base = rte_zmalloc_socket(NULL, records, ARENA_LINE, (int)rte_socket_id()),
		.stride = LOOKUP_RECORD_BYTES,
	};
	arena = (struct arena){ .base = side->buckets };
	if (side->buckets == NULL || side->pools[REF_HOT].base == NULL) {
		bench_note("table_lookup: no memory for %u connections", connections);
		destroy(side);
		return (struct lookup_table){ 0 };
	}
	conn_table_init(&side->table, &arena, connections, side->pools);
	return (struct lookup_table){ side, find, insert, take_out, destroy };
}

struct lookup_table lookup_table_alone(const struct lookup_table *weir)
{
	return (struct lookup_table){ .self = weir->self, .find = find_alone };
}
