/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * steering: what does it cost to know whose a connection is, beside DPDK's rte_softrss_be(); and to choose an
 * open's port so that it is this shard's, beside a shard that is alone?
 *
 * Hashes are of tuples drawn at random, no two alike in a row. An open's port is all of ports_expect() and
 * ports_next(): ports, hashes and initial numbers, 32 at a time, from 250 addresses to one peer. Nothing is
 * opened, so that the table is empty and in the cache.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_thash.h>

#include "base/rng.h"
#include "bench.h"
#include "core/memory.h"
#include "tcp/ports.h"
#include "wire/rss.h"

#define TUPLES 1024u
#define TURN_HASHES (1u << 20)
#define TURN_OPENS (1u << 19)
#define WORDS_4 3 /* that are hashed, of 32 bits */
#define WORDS_6 9
#define ADDRESSES 250u
#define LOCAL 0xc6120001u /* 198.18.0.1 */

struct hashes {
	struct tuple tuples[TUPLES];
	struct pair pairs[TUPLES];
	uint32_t words[TUPLES][WORDS_6];
	uint32_t key[RSS_KEY_MIN / 4]; /* as rte_softrss_be() takes it */
	struct rss *rss;
	void *memory;
};

static void put_address(struct weir_address address, bool is6, uint32_t *words)
{
	if (!is6) {
		words[0] = address_v4(address);
		return;
	}
	words[0] = (uint32_t)(address.hi >> 32);
	words[1] = (uint32_t)address.hi;
	words[2] = (uint32_t)(address.lo >> 32);
	words[3] = (uint32_t)address.lo;
}

static void draw(struct hashes *hashes, bool is6, struct rng *rng)
{
	for (unsigned i = 0; i < TUPLES; i++) {
		struct pair *pair = &hashes->pairs[i];
		unsigned n = is6 ? 4 : 1;

		pair->local = is6 ? (struct weir_address){ rng_u64(rng), rng_u64(rng) } :
				    weir_ipv4(rng_below(rng, TUPLE_NAME_MARK));
		pair->remote = is6 ? (struct weir_address){ rng_u64(rng), rng_u64(rng) } :
				     weir_ipv4(rng_below(rng, TUPLE_NAME_MARK));
		hashes->tuples[i] = tuple_make((struct siphash_key){ 1, 2 }, pair, (uint16_t)rng_u64(rng),
					       (uint16_t)rng_u64(rng));
		put_address(pair->remote, is6, &hashes->words[i][0]);
		put_address(pair->local, is6, &hashes->words[i][n]);
		hashes->words[i][2 * n] = (uint32_t)hashes->tuples[i].rport << 16 | hashes->tuples[i].lport;
	}
}

/* A key of period 16 bits, such as weir's own, or one drawn at random. */
static bool prepare(struct hashes *hashes, bool is6, bool own)
{
	struct rng rng = { 11 };
	uint8_t key[RSS_KEY_MIN];
	struct weir_rss config = { .shards = 2, .key = key, .key_bytes = RSS_KEY_MIN };
	struct arena count = { 0 }, arena = { 0 };

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = own ? (i % 2 == 0 ? 0x6d : 0x5a) : (uint8_t)rng_u64(&rng);
	memcpy(hashes->key, key, sizeof(key));
	for (unsigned i = 0; i < RSS_KEY_MIN / 4; i++)
		hashes->key[i] = rte_be_to_cpu_32(hashes->key[i]);
	rss_create(&count, &config, 1024, 65535);
	hashes->memory = aligned_alloc(ARENA_LINE, count.used);
	if (hashes->memory == NULL)
		return false;
	arena.base = memset(hashes->memory, 0, count.used);
	hashes->rss = rss_create(&arena, &config, 1024, 65535);
	draw(hashes, is6, &rng);
	return true;
}

static double weir_turn(const struct hashes *hashes, uint32_t *sum)
{
	uint64_t begin = bench_cycles();

	for (unsigned i = 0; i < TURN_HASHES; i++)
		*sum += rss_hash(hashes->rss, &hashes->tuples[i % TUPLES], &hashes->pairs[i % TUPLES]);
	return (double)(bench_cycles() - begin) / TURN_HASHES;
}

static double rte_turn(struct hashes *hashes, unsigned words, uint32_t *sum)
{
	uint64_t begin = bench_cycles();

	for (unsigned i = 0; i < TURN_HASHES; i++)
		*sum += rte_softrss_be(hashes->words[i % TUPLES], words, (const uint8_t *)hashes->key);
	return (double)(bench_cycles() - begin) / TURN_HASHES;
}

static int hash_case(const char *which, bool is6, bool own)
{
	double ours[BENCH_TURNS], theirs[BENCH_TURNS], ratio[BENCH_TURNS];
	static struct hashes hashes;
	uint32_t sum = 0, expected = 0;

	if (!prepare(&hashes, is6, own))
		return -1;
	for (unsigned i = 0; i < BENCH_TURNS; i++) {
		ours[i] = weir_turn(&hashes, &sum);
		theirs[i] = rte_turn(&hashes, is6 ? WORDS_6 : WORDS_4, &expected);
		ratio[i] = theirs[i] / ours[i];
	}
	free(hashes.memory);
	if (sum != expected) {
		bench_note("steering: %s: the hashes differ: no result", which);
		return -1;
	}
	bench_row(&(struct bench_row){ .bench = "steering",
				       .which = which,
				       .value = bench_median(ours, BENCH_TURNS),
				       .unit = "cycles",
				       .reference = "rte_softrss_be",
				       .reference_value = bench_median(theirs, BENCH_TURNS),
				       .ratio = bench_median(ratio, BENCH_TURNS) });
	return 0;
}

struct opener {
	struct tcp *tcp;
	struct memory memory;
	struct counters counters;
};

static bool opener_create(struct opener *opener, uint16_t shards)
{
	struct tcp_secrets secrets = { .ports = { 5, 6 }, .table = { 7, 8 }, .isn = { 9, 10 } };
	struct weir_config config;

	weir_config_default(&config);
	config.max_connections = 1024;
	config.ranges[0].first = config.ranges[0].last = weir_ipv4(LOCAL);
	config.ranges_count = 1;
	config.rss.shards = shards;
	if (memory_take(&opener->memory, tcp_footprint(&config), -1, WEIR_PAGES_1G) != 0) {
		bench_note("no memory: %s", strerror(errno));
		return false;
	}
	opener->tcp = tcp_create(opener->memory.base, &config, &secrets, &opener->counters, 1);
	return true;
}

/* Cycles of an open's port. */
static double open_turn(struct opener *opener)
{
	const struct weir_endpoint remote = { weir_ipv4(0x0a000001), 80 };
	struct weir_address locals[PORTS_EXPECTED];
	uint64_t begin = bench_cycles();

	for (unsigned i = 0; i < TURN_OPENS; i += PORTS_EXPECTED) {
		for (unsigned j = 0; j < PORTS_EXPECTED; j++)
			locals[j] = weir_ipv4(LOCAL + (i + j) % ADDRESSES);
		ports_expect(opener->tcp, locals, PORTS_EXPECTED, remote);
		while (ports_expected(opener->tcp))
			if (ports_next(opener->tcp) == NULL)
				return 0;
	}
	return (double)(bench_cycles() - begin) / TURN_OPENS;
}

static int open_case(void)
{
	double alone[BENCH_TURNS], steered[BENCH_TURNS], ratio[BENCH_TURNS];
	static struct opener one, two;
	int rc = -1;

	if (!opener_create(&one, 1))
		return -1;
	if (opener_create(&two, 2)) {
		for (unsigned i = 0; i < BENCH_TURNS; i++) {
			alone[i] = open_turn(&one);
			steered[i] = open_turn(&two);
			ratio[i] = alone[i] / steered[i];
		}
		bench_row(&(struct bench_row){ .bench = "steering",
					       .which = "an open's port, of two shards",
					       .headline = true,
					       .value = bench_median(steered, BENCH_TURNS),
					       .unit = "cycles",
					       .reference = "of one",
					       .reference_value = bench_median(alone, BENCH_TURNS),
					       .ratio = bench_median(ratio, BENCH_TURNS) });
		rc = 0;
		memory_give(&two.memory);
	}
	memory_give(&one.memory);
	return rc;
}

int bench_steering(void)
{
	int rc = open_case();

	if (rc == 0)
		rc = hash_case("hash, IPv4, own key", false, true);
	if (rc == 0)
		rc = hash_case("hash, IPv4, drawn key", false, false);
	if (rc == 0)
		rc = hash_case("hash, IPv6, own key", true, true);
	return rc == 0 ? hash_case("hash, IPv6, drawn key", true, false) : rc;
}
