/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/rss.h"

#include <criterion/criterion.h>

#include "support/addresses.h"
#include "support/rss_keys.h"
#include "wire/bytes.h"

/* The tuple of a segment with these ends. */
static struct tuple tuple_of(const struct pair *pair, uint16_t lport, uint16_t rport)
{
	return tuple_make((struct siphash_key){ 1, 2 }, pair, lport, rport);
}

static uint32_t hash_of(const struct rss *rss, struct weir_endpoint remote, struct weir_endpoint local)
{
	struct pair pair = { local.address, remote.address };
	struct tuple tuple = tuple_of(&pair, local.port, remote.port);

	return rss_hash(rss, &tuple, &pair);
}

/* By the definition, bit by bit. */
static uint32_t slow_hash(const uint8_t *key, struct weir_endpoint remote, struct weir_endpoint local)
{
	uint8_t input[RSS_INPUT_MAX];
	unsigned n = 0;
	uint32_t hash = 0;

	if (weir_is_ipv4(remote.address)) {
		bytes_put32(&input[0], address_v4(remote.address));
		bytes_put32(&input[4], address_v4(local.address));
		n = 8;
	} else {
		bytes_put_address(&input[0], remote.address);
		bytes_put_address(&input[16], local.address);
		n = 32;
	}
	bytes_put16(&input[n], remote.port);
	bytes_put16(&input[n + 2], local.port);
	for (unsigned i = 0; i < 8 * (n + 4); i++) {
		if (!(input[i / 8] >> (7 - i % 8) & 1))
			continue;
		for (unsigned j = 0; j < 32; j++)
			hash ^= (uint32_t)(key[(i + j) / 8] >> (7 - (i + j) % 8) & 1) << (31 - j);
	}
	return hash;
}

/* Of IPv4 one that may be a host's: those above stand for names. */
static struct weir_endpoint random_end(struct rng *rng, bool is6)
{
	struct weir_endpoint end = { .port = (uint16_t)rng_u64(rng) };

	end.address = is6 ? (struct weir_address){ rng_u64(rng), rng_u64(rng) } :
			    weir_ipv4(rng_below(rng, TUPLE_NAME_MARK));
	return end;
}

static struct weir_endpoint ipv4_end(unsigned a, unsigned b, unsigned c, unsigned d, uint16_t port)
{
	return (struct weir_endpoint){ weir_ipv4(a << 24 | b << 16 | c << 8 | d), port };
}

static struct weir_endpoint ipv6_end(uint64_t hi, uint64_t lo, uint16_t port)
{
	return (struct weir_endpoint){ { hi, lo }, port };
}

/* Microsoft's RSS verification suite: TCP over both families. */
Test(rss, verification_suite)
{
	const struct {
		struct weir_endpoint to, from;
		uint32_t hash;
	} vectors[] = {
		{ ipv4_end(161, 142, 100, 80, 1766), ipv4_end(66, 9, 149, 187, 2794), 0x51ccc178 },
		{ ipv4_end(65, 69, 140, 83, 4739), ipv4_end(199, 92, 111, 2, 14230), 0xc626b0ea },
		{ ipv4_end(12, 22, 207, 184, 38024), ipv4_end(24, 19, 198, 95, 12898), 0x5c2b394a },
		{ ipv4_end(209, 142, 163, 6, 2217), ipv4_end(38, 27, 205, 30, 48228), 0xafc7327f },
		{ ipv4_end(202, 188, 127, 2, 1303), ipv4_end(153, 39, 163, 191, 44251), 0x10e828a2 },
		{ ipv6_end(0x3ffe250102000003, 1, 1766), ipv6_end(0x3ffe250102001fff, 7, 2794), 0x40207d3d },
		{ ipv6_end(0xff02000000000000, 1, 4739),
		  ipv6_end(0x3ffe050100080000, 0x026097fffe40efab, 14230), 0xdde51bbf },
		{ ipv6_end(0xfe80000000000000, 0x0200f8fffe2167cf, 38024),
		  ipv6_end(0x3ffe190045450003, 0x0200f8fffe2167cf, 44251), 0x02d1feef },
	};
	struct weir_rss config = { .shards = 2, .key = rss_key_microsoft, .key_bytes = RSS_KEY_MIN };
	struct rss *rss = rss_make(&config, 1, 65535);

	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		cr_assert_eq(hash_of(rss, vectors[i].from, vectors[i].to), vectors[i].hash, "vector %u", i);
	rss_free(rss);
}

Test(rss, equals_the_definition_under_any_key)
{
	struct rng rng = { 71 };
	uint8_t key[WEIR_RSS_KEY_MAX];

	for (unsigned i = 0; i < 400; i++) {
		struct weir_rss config = { .shards = 2, .key = key, .key_bytes = WEIR_RSS_KEY_MAX };

		if (i % 4 == 0)
			rss_key_poor(&rng, key);
		else
			rss_key_random(&rng, key);
		struct rss *rss = rss_make(&config, 1, 65535);

		for (unsigned j = 0; j < 50; j++) {
			struct weir_endpoint remote = random_end(&rng, j % 2),
					     local = random_end(&rng, j % 2);
			uint32_t hash = hash_of(rss, remote, local);

			cr_assert_eq(hash, slow_hash(key, remote, local));
			cr_assert_eq(hash, rss_hash_remote(rss, remote) ^ rss_hash_local(rss, local.address) ^
						   rss_hash_port(rss, j % 2, local.port));
		}
		rss_free(rss);
	}
}

/* Both directions alike, unlike with other keys; and ports reach every entry. */
Test(rss, own_key_is_symmetric_and_reaches_all)
{
	struct weir_rss config = { .shard = 1, .shards = 2 };
	struct weir_rss other = { .shards = 2, .key = rss_key_microsoft, .key_bytes = RSS_KEY_MIN };
	struct rss *rss = rss_make(&config, 1, 65535), *microsoft = rss_make(&other, 1, 65535);
	struct rng rng = { 72 };
	unsigned alike = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct weir_endpoint a = random_end(&rng, i % 2), b = random_end(&rng, i % 2);

		cr_assert_eq(hash_of(rss, a, b), hash_of(rss, b, a));
		alike += hash_of(microsoft, a, b) == hash_of(microsoft, b, a);
	}
	cr_assert_eq(alike, 0);
	for (unsigned is6 = 0; is6 < 2; is6++) {
		cr_assert_eq(rss->ports[is6].block_bits - rss->ports[is6].kernel_bits, 7);
		for (uint32_t hash = 0; hash < 128; hash++)
			cr_assert_eq(rss->ports[is6].reached[hash].count, 64);
	}
	rss_free(rss);
	rss_free(microsoft);
}

/* Two tables of bytes for the key that comes again every 16 bits; a table is not kept twice. */
Test(rss, what_looks_alike_is_kept_once)
{
	struct arena own = { 0 }, microsoft = { 0 };
	struct weir_rss config = { .shards = 2 };

	rss_create(&own, &config, 1, 65535);
	config.key = rss_key_microsoft;
	config.key_bytes = RSS_KEY_MIN;
	rss_create(&microsoft, &config, 1, 65535);
	cr_assert_leq(own.used, 2 * 1024 + 4096);
	cr_assert_geq(microsoft.used - own.used, 30 * 1024);
}

Test(rss, alone_there_is_none)
{
	uint8_t memory[64];
	struct arena arena = { .base = memory };

	for (uint16_t shards = 0; shards < 2; shards++) {
		cr_assert_null(rss_create(&arena, &(struct weir_rss){ .shards = shards }, 1, 65535));
		cr_assert_eq(arena.used, 0);
	}
}

Test(rss, table_says_whose_and_is_copied_with_the_key)
{
	uint8_t key[WEIR_RSS_KEY_MAX];
	uint16_t table[8] = { 4, 0, 2, 2, 1, 3, 0, 4 };
	struct weir_rss config = {
		.shards = 5, .key = key, .key_bytes = WEIR_RSS_KEY_MAX, .table = table, .table_size = 8
	};
	struct rng rng = { 73 };
	struct weir_endpoint a = random_end(&rng, false), b = random_end(&rng, false);

	rss_key_random(&rng, key);
	uint32_t hash = slow_hash(key, a, b);
	struct rss *rss = rss_make(&config, 1, 65535);

	memset(key, 0, sizeof(key));
	for (uint32_t i = 0; i < 32; i++)
		cr_assert_eq(rss_shard(rss, 0xabcdef00 | i), table[i % 8]);
	memset(table, 0, sizeof(table));
	cr_assert_eq(rss_shard(rss, 2), 2);
	cr_assert_eq(hash_of(rss, a, b), hash);
	rss_free(rss);
	rss = rss_make(&(struct weir_rss){ .shards = 3 }, 1, 65535);
	for (uint32_t i = 0; i < 256; i++)
		cr_assert_eq(rss_shard(rss, i), i % 128 % 3);
	rss_free(rss);
}

/* A configuration of all shards of a port, and the range that each opens from. */
struct port {
	uint8_t key[WEIR_RSS_KEY_MAX];
	uint16_t table[WEIR_RSS_TABLE_MAX];
	struct weir_rss rss;
	uint16_t first, last;
};

static void draw_port(struct rng *rng, struct port *port)
{
	static const uint16_t counts[] = { 2, 3, 4, 7, 64 };
	uint16_t entries = (uint16_t)(2u << rng_below(rng, 11)), shards = counts[rng_below(rng, 5)];

	port->rss = (struct weir_rss){
		.shards = shards,
		.key = port->key,
		.key_bytes = WEIR_RSS_KEY_MAX,
		.table = port->table,
		.table_size = entries,
	};
	for (unsigned i = 0; i < entries; i++)
		port->table[i] = (uint16_t)(rng_below(rng, 4) == 0 ? rng_below(rng, shards) : i % shards);
	switch (rng_below(rng, 4)) {
	case 0:
		rss_key_random(rng, port->key);
		break;
	case 1:
		port->rss.key = NULL;
		break;
	case 2:
		port->rss.key = rss_key_microsoft;
		break;
	case 3:
		rss_key_poor(rng, port->key);
	}
	uint16_t a = (uint16_t)rng_u64(rng), b = (uint16_t)rng_u64(rng);

	port->first = a < b ? a : b;
	port->last = a < b ? b : a;
}

/* Marks the ports that this shard has for an open, and holds each to be its own. */
static void mark_ports(const struct port *port, uint16_t shard, struct weir_address local,
		       struct weir_endpoint remote, uint8_t *owner)
{
	struct weir_rss config = port->rss;
	bool is6 = !weir_is_ipv4(local);

	config.shard = shard;
	struct rss *rss = rss_make(&config, port->first, port->last);
	uint32_t hash = rss_hash_remote(rss, remote) ^ rss_hash_local(rss, local);
	uint32_t count = rss_ports_count(rss, is6, hash), block = 1u << rss->ports[is6].block_bits;
	unsigned outside = 0;

	for (uint32_t k = 0; k < count; k++) {
		uint16_t lport = rss_ports_at(rss, is6, hash, k);
		bool inside = lport >= port->first && lport <= port->last;

		cr_assert_eq(rss_shard(rss, hash_of(rss, remote, (struct weir_endpoint){ local, lport })),
			     shard);
		cr_assert_eq(owner[lport], 0, "port %u is twice somebody's", lport);
		owner[lport] = (uint8_t)(shard + 1);
		cr_assert(inside || lport / block == port->first / block ||
			  lport / block == port->last / block);
		outside = inside ? 0 : outside + 1;
		cr_assert(outside <= 2 || rss->ports[is6].blocks <= 2);
	}
	rss_free(rss);
}

/*
 * Whatever key and table, every port of the range is exactly one shard's, for any addresses: none is wasted,
 * and none is chosen twice.
 */
Test(rss, every_port_is_exactly_one_shards)
{
	static struct port port;
	static uint8_t owner[65536];
	struct rng rng = { 74 };

	for (unsigned i = 0; i < 250; i++) {
		struct weir_endpoint remote = random_end(&rng, i % 2), local = random_end(&rng, i % 2);

		draw_port(&rng, &port);
		if (i < 20) {
			port.first = 0;
			port.last = 65535;
		}
		memset(owner, 0, sizeof(owner));
		for (uint16_t shard = 0; shard < port.rss.shards; shard++)
			mark_ports(&port, shard, local.address, remote, owner);
		for (unsigned lport = port.first; lport <= port.last; lport++)
			cr_assert_neq(owner[lport], 0, "%u: port %u is nobody's", i, lport);
	}
}

/* How much of the range ports reach is the key's doing, and not always all: the poor keys above are poor. */
Test(rss, ports_may_reach_one_entry_alone)
{
	uint8_t key[RSS_KEY_MIN] = { [0] = 0xff };
	struct weir_rss config = { .shards = 4, .key = key, .key_bytes = RSS_KEY_MIN };
	struct weir_endpoint remote = ipv4_end(10, 0, 0, 9, 80), local = ipv4_end(10, 0, 0, 1, 0);
	unsigned owners = 0;

	for (config.shard = 0; config.shard < 4; config.shard++) {
		struct rss *rss = rss_make(&config, 5000, 5999);
		uint32_t hash = rss_hash_remote(rss, remote) ^ rss_hash_local(rss, local.address);
		uint32_t count = rss_ports_count(rss, false, hash);

		cr_assert(count == 0 || count == 1000);
		owners += count != 0;
		cr_assert(count == 0 || rss_ports_at(rss, false, hash, 7) == 5007);
		rss_free(rss);
	}
	cr_assert_eq(owners, 1);
}
