/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rss.h - whose a connection is among the shards of a port: the Toeplitz hash of NICs (receive side scaling),
 * and which local ports make one of an open this shard's own.
 *
 * The hash is of a segment as it arrives: the remote address, the local one, the remote port, the local one,
 * in network order; each bit that is set adds (by exclusive or) the 32 bits of the key that begin where it
 * stands. The table says whose its low bits are.
 *
 * So hash(segment) = hash(remote) ^ hash(local address) ^ hash(local port), each part a few looks into tables
 * of 256 words, one for each byte's place; places before which the key looks alike share one. A key that
 * comes again every 16 bits has two, 2 KiB. One drawn at random has twelve for IPv4, 12 KiB; for IPv6 24
 * more, but who talks from few networks to few reads little of those.
 *
 * And the ports that lead to an entry of the table are an affine space, of which each block of so many ports
 * has equally many: the k-th is found in constant time, whatever the key. No port is two shards', each is
 * somebody's.
 *
 * Nothing here changes once it is made; any thread may read it. Host order.
 */
#ifndef WEIR_WIRE_RSS_H
#define WEIR_WIRE_RSS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/tuple.h"
#include "weir.h"

#define RSS_INPUT_MAX 36                /* bytes: two addresses of IPv6 and two ports */
#define RSS_KEY_MIN (RSS_INPUT_MAX + 4) /* the last bit's 32 end here, but for one that nobody reads */

/* The entries of the table that are this shard's and that some port leads to, given the rest of the hash. */
struct rss_members {
	uint16_t first, count;
};

/* How local ports lead to entries, in one family. */
struct rss_ports {
	const struct rss_members *reached; /* by the low bits of the rest of the hash */
	const uint16_t *members;           /* entries, those that are reached together in a row */
	const uint16_t *class_port;  /* of a block's first ports, one that adds these low bits to the hash */
	const uint16_t *kernel_port; /* 2^kernel_bits that add nothing */
	uint8_t kernel_bits;
	uint8_t block_bits; /* ports of a block: as few as have all classes that there are */
	uint16_t first_block;
	uint32_t blocks; /* that hold some port of the range */
};

struct rss {
	uint16_t shard; /* this one */
	uint16_t mask;  /* of the hash's low bits */
	uint16_t port_first, port_last;
	uint8_t place[RSS_INPUT_MAX]; /* of each byte, its table */
	const uint32_t (*bytes)[256];
	const uint8_t *table;      /* the shard of each entry */
	struct rss_ports ports[2]; /* of IPv4, of IPv6 */
};

/*
 * Of a configuration that has been checked; key and table are copied. NULL if the shard is alone, and takes
 * nothing then; or if the arena only counts. The range is that of local ports for opens.
 */
struct rss *rss_create(struct arena *arena, const struct weir_rss *config, uint16_t port_first,
		       uint16_t port_last);

/* The hash of a segment that arrives; and its parts, whose exclusive or it is. The pair: of an IPv6 tuple. */
uint32_t rss_hash(const struct rss *rss, const struct tuple *tuple, const struct pair *pair);
uint32_t rss_hash_remote(const struct rss *rss, struct weir_endpoint remote);
uint32_t rss_hash_local(const struct rss *rss, struct weir_address local);
uint32_t rss_hash_port(const struct rss *rss, bool is6, uint16_t lport);

/* Whose it is. */
static inline unsigned rss_shard(const struct rss *rss, uint32_t hash)
{
	return rss->table[hash & rss->mask];
}

/*
 * The ports that make a connection this shard's, given rss_hash_remote() ^ rss_hash_local(): how many, and
 * the k-th, k below that. Each comes once. Of the first and the last block of the range those outside it are
 * among them, too: never three in a row, unless it has no more than two blocks.
 */
static inline uint32_t rss_ports_count(const struct rss *rss, bool is6, uint32_t hash)
{
	const struct rss_ports *ports = &rss->ports[is6];

	return ports->blocks * ports->reached[hash & rss->mask].count << ports->kernel_bits;
}

uint16_t rss_ports_at(const struct rss *rss, bool is6, uint32_t hash, uint32_t k);

#endif
