/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tuple.h - what names a connection, seen from this side.
 *
 * Host order. Every record that stands in the connection table starts with its tuple; a record
 * with both ports 0 is free and equals no segment (port 0 is dropped by the parser).
 * For IPv6 the two address words will hold a keyed hash of the addresses, which stand in a side
 * line, so that this stays twelve bytes.
 */
#ifndef WEIR_BASE_TUPLE_H
#define WEIR_BASE_TUPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/siphash.h"

struct tuple {
	uint32_t laddr; /* local */
	uint32_t raddr; /* remote */
	uint16_t lport;
	uint16_t rport;
};

_Static_assert(sizeof(struct tuple) == 12, "a tuple is three words");

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
