/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/rss.h"

#include <string.h>

#include "wire/bytes.h"

#define PORT_BITS 16
#define TABLE_BITS_MAX 11
#define DEFAULT_ENTRIES 128 /* as most NICs have */

_Static_assert(WEIR_RSS_TABLE_MAX == 1 << TABLE_BITS_MAX, "a basis has room for all of the hash's low bits");

/*
 * 0x6d5a, again and again. A period of 16 bits has both directions of a connection hash alike, as all that
 * the two swap lies a multiple of that apart; and any odd number of ones in it lets ports reach every entry,
 * for then its 16 rotations are independent.
 */
static const uint8_t own_key[RSS_KEY_MIN] = {
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
};

/* Where things stand among the bytes that are hashed. */
static unsigned local_at(bool is6)
{
	return is6 ? 16 : 4;
}

static unsigned rport_at(bool is6)
{
	return 2 * local_at(is6);
}

static unsigned lport_at(bool is6)
{
	return rport_at(is6) + 2;
}

/* All that a byte's bits add: the 39 bits of the key that begin where it stands. */
static uint64_t key_window(const uint8_t *key, unsigned byte)
{
	return ((uint64_t)bytes_get32(key + byte) << 8 | key[byte + 4]) >> 1;
}

/* What the bit of that weight in a byte adds. */
static uint32_t bit_adds(uint64_t window, unsigned bit)
{
	return (uint32_t)(window >> bit);
}

/* Which places look alike; returns of how many kinds they are. */
static unsigned find_places(const uint8_t *key, uint8_t *place)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < RSS_INPUT_MAX; i++) {
		unsigned j = 0;

		while (key_window(key, j) != key_window(key, i))
			j++;
		place[i] = j < i ? place[j] : (uint8_t)kinds++;
	}
	return kinds;
}

static void fill_bytes(const uint8_t *key, const uint8_t *place, uint32_t (*bytes)[256])
{
	for (unsigned i = 0; i < RSS_INPUT_MAX; i++) {
		uint64_t window = key_window(key, i);
		uint32_t *sums = bytes[place[i]];

		for (unsigned value = 1; value < 256; value++) {
			unsigned bit = (unsigned)__builtin_ctz(value);

			sums[value] = sums[value & (value - 1)] ^ bit_adds(window, bit);
		}
	}
}

/*
 * What the bits of a local port span, by elimination over GF(2): sums of what they add to the hash's low
 * bits, each with another leading bit, and the ports that make them; and ports that add nothing.
 */
struct span {
	uint16_t sums[TABLE_BITS_MAX]; /* by leading bit, 0: none has it */
	uint16_t ports[TABLE_BITS_MAX];
	uint16_t kernel[PORT_BITS];
	unsigned kernel_bits;
	unsigned block_bits; /* the lowest bits of a port that span all that there is */
};

/* What is left of a hash when all that ports can add has been taken off, and by which port. */
static uint16_t reduce(const struct span *span, uint32_t hash, uint16_t *port)
{
	*port = 0;
	for (unsigned bit = TABLE_BITS_MAX; bit-- > 0;) {
		if (!(hash >> bit & 1) || span->sums[bit] == 0)
			continue;
		hash ^= span->sums[bit];
		*port ^= span->ports[bit];
	}
	return (uint16_t)hash;
}

static uint16_t rest_of(const struct span *span, uint32_t hash)
{
	uint16_t port;

	return reduce(span, hash, &port);
}

/* From the lowest bit of the port on, so that blocks are small. Only the kernel within a block is kept. */
static struct span span_of(const uint8_t *key, uint16_t mask, bool is6)
{
	struct span span = { .kernel_bits = 0 };
	unsigned kernel_bits = 0;

	for (unsigned bit = 0; bit < PORT_BITS; bit++) {
		uint32_t adds = bit_adds(key_window(key, lport_at(is6) + 1 - bit / 8), bit % 8) & mask;
		uint16_t port, rest = reduce(&span, adds, &port);

		port ^= (uint16_t)(1u << bit);
		if (rest == 0) {
			span.kernel[kernel_bits++] = port;
			continue;
		}
		unsigned leading = 31 - (unsigned)__builtin_clz(rest);

		span.sums[leading] = rest;
		span.ports[leading] = port;
		span.block_bits = bit + 1;
		span.kernel_bits = kernel_bits;
	}
	return span;
}

/* Sorts this shard's entries by what ports cannot change of them. */
static void fill_members(const struct span *span, const struct rss *rss, struct rss_members *reached,
			 uint16_t *members)
{
	unsigned entries = rss->mask + 1u, end = 0;

	for (unsigned i = 0; i < entries; i++)
		reached[rest_of(span, i)].count += rss->table[i] == rss->shard;
	for (unsigned i = 0; i < entries; i++) {
		end += reached[i].count;
		reached[i].first = (uint16_t)end;
	}
	for (unsigned i = 0; i < entries; i++)
		if (rss->table[i] == rss->shard)
			members[--reached[rest_of(span, i)].first] = (uint16_t)i;
	for (unsigned i = 0; i < entries; i++)
		reached[i] = reached[rest_of(span, i)];
}

static void fill_ports(const struct span *span, unsigned entries, uint16_t *class_port, uint16_t *kernel_port)
{
	for (unsigned i = 0; i < entries; i++)
		reduce(span, i, &class_port[i]);
	for (unsigned i = 1; i < 1u << span->kernel_bits; i++)
		kernel_port[i] = kernel_port[i & (i - 1)] ^ span->kernel[__builtin_ctz(i)];
}

/* rss: with its table; NULL where the arena only counts. */
static void ports_create(struct arena *arena, struct rss *rss, const struct span *span, unsigned entries,
			 bool is6)
{
	struct rss_members *reached = arena_take(arena, entries * sizeof(*reached));
	uint16_t *members = arena_take(arena, entries * sizeof(*members));
	uint16_t *class_port = arena_take(arena, entries * sizeof(*class_port));
	uint16_t *kernel_port = arena_take(arena, sizeof(*kernel_port) << span->kernel_bits);

	if (rss == NULL)
		return;
	fill_members(span, rss, reached, members);
	fill_ports(span, entries, class_port, kernel_port);
	rss->ports[is6] = (struct rss_ports){
		.reached = reached,
		.members = members,
		.class_port = class_port,
		.kernel_port = kernel_port,
		.kernel_bits = (uint8_t)span->kernel_bits,
		.block_bits = (uint8_t)span->block_bits,
		.first_block = (uint16_t)(rss->port_first >> span->block_bits),
		.blocks = (uint32_t)(rss->port_last >> span->block_bits) -
			  (rss->port_first >> span->block_bits) + 1,
	};
}

static void fill_table(const struct weir_rss *config, unsigned entries, uint8_t *table)
{
	for (unsigned i = 0; i < entries; i++)
		table[i] = (uint8_t)(config->table != NULL ? config->table[i] : i % config->shards);
}

struct rss *rss_create(struct arena *arena, const struct weir_rss *config, uint16_t port_first,
		       uint16_t port_last)
{
	if (config->shards <= 1)
		return NULL;
	const uint8_t *key = config->key != NULL ? config->key : own_key;
	unsigned entries = config->table != NULL ? config->table_size : DEFAULT_ENTRIES;
	uint8_t place[RSS_INPUT_MAX];
	unsigned kinds = find_places(key, place);
	struct rss *rss = arena_take(arena, sizeof(*rss));
	uint32_t(*bytes)[256] = arena_take(arena, kinds * sizeof(*bytes));
	uint8_t *table = arena_take(arena, entries);

	if (rss != NULL) {
		*rss = (struct rss){
			.shard = config->shard,
			.mask = (uint16_t)(entries - 1),
			.port_first = port_first,
			.port_last = port_last,
		};
		memcpy(rss->place, place, sizeof(place));
		fill_bytes(key, place, bytes);
		fill_table(config, entries, table);
		rss->bytes = (const uint32_t(*)[256])bytes;
		rss->table = table;
	}
	for (unsigned is6 = 0; is6 < 2; is6++) {
		struct span span = span_of(key, (uint16_t)(entries - 1), is6);

		ports_create(arena, rss, &span, entries, is6);
	}
	return rss;
}

/* So many of a value's bytes, of which the last stands there. */
static uint32_t hash_bytes(const struct rss *rss, unsigned last, uint64_t value, unsigned n)
{
	uint32_t hash = 0;

	for (; n > 0; n--, last--, value >>= 8)
		hash ^= rss->bytes[rss->place[last]][value & 0xff];
	return hash;
}

static uint32_t hash_address(const struct rss *rss, unsigned at, struct weir_address address)
{
	if (weir_is_ipv4(address))
		return hash_bytes(rss, at + 3, address_v4(address), 4);
	return hash_bytes(rss, at + 7, address.hi, 8) ^ hash_bytes(rss, at + 15, address.lo, 8);
}

uint32_t rss_hash_remote(const struct rss *rss, struct weir_endpoint remote)
{
	bool is6 = !weir_is_ipv4(remote.address);

	return hash_address(rss, 0, remote.address) ^ hash_bytes(rss, rport_at(is6) + 1, remote.port, 2);
}

uint32_t rss_hash_local(const struct rss *rss, struct weir_address local)
{
	return hash_address(rss, local_at(!weir_is_ipv4(local)), local);
}

uint32_t rss_hash_port(const struct rss *rss, bool is6, uint16_t lport)
{
	return hash_bytes(rss, lport_at(is6) + 1, lport, 2);
}

uint32_t rss_hash(const struct rss *rss, const struct tuple *tuple, const struct pair *pair)
{
	struct weir_endpoint remote = { tuple_remote(tuple, pair), tuple->rport };

	return rss_hash_remote(rss, remote) ^ rss_hash_local(rss, tuple_local(tuple, pair)) ^
	       rss_hash_port(rss, tuple_is6(tuple), tuple->lport);
}

uint16_t rss_ports_at(const struct rss *rss, bool is6, uint32_t hash, uint32_t k)
{
	const struct rss_ports *ports = &rss->ports[is6];
	uint32_t rest = k / ports->blocks;
	uint32_t kernel = rest & ((1u << ports->kernel_bits) - 1);
	uint16_t block = (uint16_t)((ports->first_block + k % ports->blocks) << ports->block_bits);
	const uint16_t *members = &ports->members[ports->reached[hash & rss->mask].first];
	uint32_t class = members[rest >> ports->kernel_bits] ^ hash ^ rss_hash_port(rss, is6, block);

	return block ^ ports->class_port[class & rss->mask] ^ ports->kernel_port[kernel];
}
