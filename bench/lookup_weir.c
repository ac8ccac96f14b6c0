/* SPDX-License-Identifier: BSD-3-Clause */
/* weir's side: as tcp_look_ahead() and tcp_input() find the records of a burst. */
#include <stdlib.h>

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "base/siphash_bulk.h"
#include "bench.h"
#include "lookup_table.h"
#include "store/conn_table.h"

struct weir_side {
	struct conn_table table;
	struct siphash_key key;
	const struct siphash_bulk *bulk;
	struct ref_pool pools[REF_KINDS];
	void *buckets;
};

static uint64_t find_burst(const struct weir_side *side, const struct lookup_key *keys)
{
	const struct tuple *tuples[LOOKUP_BURST];
	uint64_t addrs[LOOKUP_BURST], hashes[LOOKUP_BURST], sum = 0;
	uint32_t ports[LOOKUP_BURST];
	ref refs[LOOKUP_BURST];

	for (unsigned i = 0; i < LOOKUP_BURST; i++) {
		tuples[i] = &keys[i].tuple;
		addrs[i] = tuple_addrs(tuples[i]);
		ports[i] = tuple_ports(tuples[i]);
	}
	side->bulk->hash13_12(side->key, addrs, ports, LOOKUP_BURST, hashes);
	for (unsigned i = 0; i < LOOKUP_BURST; i++)
		conn_table_prefetch(&side->table, hashes[i]);
	conn_table_find_bulk(&side->table, hashes, tuples, LOOKUP_BURST, refs);
	for (unsigned i = 0; i < LOOKUP_BURST; i++)
		sum += ref_slot(refs[i]);
	return sum;
}

static uint64_t find(void *self, const struct lookup_key *keys, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i += LOOKUP_BURST)
		sum += find_burst(self, &keys[i]);
	return sum;
}

static uint32_t insert(void *self, const struct lookup_key *keys, uint32_t count)
{
	struct weir_side *side = self;
	uint32_t done = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t hash = tuple_hash(side->key, &keys[i].tuple);
		ref r = ref_make(REF_HOT, lookup_answer(&keys[i].tuple));

		if (conn_table_find(&side->table, hash, &keys[i].tuple) != REF_NONE)
			continue;
		*(struct tuple *)ref_record(side->pools, r) = keys[i].tuple;
		done += conn_table_insert(&side->table, hash, r);
	}
	return done;
}

static uint32_t take_out(void *self, const struct lookup_key *keys, uint32_t count)
{
	struct weir_side *side = self;
	uint32_t done = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t hash = tuple_hash(side->key, &keys[i].tuple);
		ref r = conn_table_find(&side->table, hash, &keys[i].tuple);

		if (r == REF_NONE)
			continue;
		conn_table_remove(&side->table, hash, r);
		*(struct tuple *)ref_record(side->pools, r) = (struct tuple){ 0 };
		done++;
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
	return (struct lookup_table){ side, find, find, insert, take_out, destroy };
}
