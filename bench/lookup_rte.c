/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's side: rte_hash with no flags, which is its fastest when one thread reads and writes; no locks, no
 * epochs. Its own hash (CRC32 where the processor has it), and room for a third more keys, as weir's table
 * has.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_lcore.h>

#include "bench.h"
#include "lookup_table.h"

#define LARGE 100000u

struct rte_side {
	struct rte_hash *hash;
	const uint8_t *records;
	bool large; /* more than caches hold */
};

static uint64_t find_burst(const struct rte_side *side, const struct lookup_key *keys, void **answers)
{
	const void *burst[LOOKUP_BURST];
	uint64_t hits;

	lookup_keys_fetch(keys);
	for (unsigned i = 0; i < LOOKUP_BURST; i++)
		burst[i] = &keys[i];
	rte_hash_lookup_bulk_data(side->hash, burst, LOOKUP_BURST, &hits, answers);
	return hits;
}

static uint64_t find(void *self, const struct lookup_key *keys, uint32_t count)
{
	void *answers[LOOKUP_BURST] = { NULL };
	uint64_t sum = 0;

	for (uint32_t at = 0; at < count; at += LOOKUP_BURST) {
		uint64_t hits = find_burst(self, &keys[at], answers);

		for (unsigned i = 0; i < LOOKUP_BURST; i++)
			sum += hits >> i & 1 ? (uintptr_t)answers[i] : 0;
	}
	return sum;
}

static uint64_t find_and_read(void *self, const struct lookup_key *keys, uint32_t count)
{
	const struct rte_side *side = self;
	void *answers[LOOKUP_BURST] = { NULL };
	const void *records[LOOKUP_BURST];
	uint64_t sum = 0;

	for (uint32_t at = 0; at < count; at += LOOKUP_BURST) {
		uint64_t hits = find_burst(side, &keys[at], answers);
		unsigned n = 0;

		for (; hits != 0; hits &= hits - 1) {
			records[n] = side->records +
				     (uintptr_t)answers[__builtin_ctzll(hits)] * LOOKUP_RECORD_BYTES;
			__builtin_prefetch(records[n++]);
		}
		for (unsigned i = 0; i < n; i++)
			sum += lookup_answer(records[i]);
	}
	return sum;
}

/*
 * Has what a burst of changes will read fetched, by looking for its keys:
 * by far the faster way in a large table.
 */
static void look_ahead(const struct rte_side *side, const struct lookup_key *keys, uint32_t i)
{
	void *answers[LOOKUP_BURST];

	if (side->large && i % LOOKUP_BURST == 0)
		find_burst(side, &keys[i], answers);
}

static uint32_t insert(void *self, const struct lookup_key *keys, uint32_t count)
{
	const struct rte_side *side = self;
	uint32_t done = 0;

	for (uint32_t i = 0; i < count; i++) {
		look_ahead(side, keys, i);
		hash_sig_t hash = rte_hash_hash(side->hash, &keys[i]);
		void *answer = (void *)(uintptr_t)lookup_answer(&keys[i].tuple);

		done += rte_hash_add_key_with_hash_data(side->hash, &keys[i], hash, answer) == 0;
	}
	return done;
}

static uint32_t take_out(void *self, const struct lookup_key *keys, uint32_t count)
{
	const struct rte_side *side = self;
	uint32_t done = 0;

	for (uint32_t i = 0; i < count; i++) {
		look_ahead(side, keys, i);
		done += rte_hash_del_key_with_hash(side->hash, &keys[i],
						   rte_hash_hash(side->hash, &keys[i])) >= 0;
	}
	return done;
}

static void destroy(void *self)
{
	struct rte_side *side = self;

	rte_hash_free(side->hash);
	free(side);
}

struct lookup_table lookup_table_rte(uint32_t connections, uint32_t key_bytes, const uint8_t *records)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters parameters = {
		.name = name,
		.entries = connections + connections / 3,
		.key_len = key_bytes,
		.socket_id = (int)rte_socket_id(),
	};
	struct rte_side *side = malloc(sizeof(*side));

	if (side == NULL)
		return (struct lookup_table){ 0 };
	snprintf(name, sizeof(name), "table_lookup_%" PRIu32, key_bytes);
	*side = (struct rte_side){ rte_hash_create(&parameters), records, connections > LARGE };
	if (side->hash != NULL)
		return (struct lookup_table){ side, find, insert, take_out, destroy };
	bench_note("table_lookup: no rte_hash for %" PRIu32 " connections: %s", connections,
		   rte_strerror(rte_errno));
	free(side);
	return (struct lookup_table){ 0 };
}

struct lookup_table lookup_table_reading(const struct lookup_table *rte)
{
	return (struct lookup_table){ .self = rte->self, .find = find_and_read };
}
