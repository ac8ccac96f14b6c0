/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tuple.h - what names a connection, seen from this side.
 *
 * Host order. Every record that stands in the connection table starts with its tuple; a record
 * with both ports 0 is free and equals no segment (port 0 is dropped by the parser).
 *
 * Both families have the same twelve bytes, so that what is above need not ask which it is. For IPv6 the two
 * address words are a name of the pair of addresses: 60 bits of a keyed hash of them, below four bits that no
 * host's IPv4 address begins with (240.0.0.0/4 is reserved). The addresses themselves stand in a line at the
 * record's side, and are compared when a record is found: that two pairs share a name is as good as
 * impossible, but nobody has to rely on it.
 */
#ifndef WEIR_BASE_TUPLE_H
#define WEIR_BASE_TUPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/siphash.h"

struct tuple {
	uint32_t laddr; /* local, or with raddr the name of a pair */
	uint32_t raddr; /* remote */
	uint16_t lport;
	uint16_t rport;
};

_Static_assert(sizeof(struct tuple) == 12, "a tuple is three words");

/* The addresses that a name stands for. Not looked at beside an IPv4 tuple. */
struct pair {
	struct weir_address local, remote;
};

_Static_assert(sizeof(struct pair) == 32, "half a cache line");

#define TUPLE_NAME_MARK 0xf0000000u

/* Whether it is of IPv6. */
static inline bool tuple_is6(const struct tuple *t)
{
	return t->laddr >= TUPLE_NAME_MARK;
}

static inline bool pair_equal(const struct pair *a, const struct pair *b)
{
	return address_equal(a->local, b->local) && address_equal(a->remote, b->remote);
}

/* What tuple_addrs() gives for a pair, by the hash of it. */
static inline uint64_t tuple_name(uint64_t hash)
{
	return hash << 32 | TUPLE_NAME_MARK | hash >> 32;
}

/* The tuple of two addresses of one family. The key is the shard's: names mean nothing anywhere else. */
static inline struct tuple tuple_make(struct siphash_key key, const struct pair *pair, uint16_t lport,
				      uint16_t rport)
{
	if (weir_is_ipv4(pair->local))
		return (struct tuple){ address_v4(pair->local), address_v4(pair->remote), lport, rport };
	uint64_t name = tuple_name(
		siphash13_32(key, pair->local.hi, pair->local.lo, pair->remote.hi, pair->remote.lo));

	return (struct tuple){ (uint32_t)name, (uint32_t)(name >> 32), lport, rport };
}

/* Its addresses, with those that its name stands for. */
static inline struct weir_address tuple_local(const struct tuple *t, const struct pair *pair)
{
	return tuple_is6(t) ? pair->local : weir_ipv4(t->laddr);
}

static inline struct weir_address tuple_remote(const struct tuple *t, const struct pair *pair)
{
	return tuple_is6(t) ? pair->remote : weir_ipv4(t->raddr);
}

static inline uint64_t tuple_addrs(const struct tuple *t)
{
	return (uint64_t)t->raddr << 32 | t->laddr;
}

static inline uint32_t tuple_ports(const struct tuple *t)
{
	return (uint32_t)t->rport << 16 | t->lport;
}

static inline bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return ((tuple_addrs(a) ^ tuple_addrs(b)) | (tuple_ports(a) ^ tuple_ports(b))) == 0;
}

/*
 * The table's hash. Keyed and not linear: with CRC32 or Toeplitz, tuples that collide under
 * one key collide under all, so a peer could prepare them.
 */
static inline uint64_t tuple_hash(struct siphash_key key, const struct tuple *t)
{
	return siphash13_12(key, tuple_addrs(t), tuple_ports(t));
}

#endif
