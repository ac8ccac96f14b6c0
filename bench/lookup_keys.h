/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lookup_keys.h - the connections of a table's bench: numbered tuples, and lists of them in random order.
 *
 * A server's side: one local address and port, clients that have an address each and any port.
 */
#ifndef WEIR_BENCH_LOOKUP_KEYS_H
#define WEIR_BENCH_LOOKUP_KEYS_H

#include <stdint.h>

#include "base/tuple.h"

/* A tuple with zeros behind it: 12 bytes of key, or 16. */
struct lookup_key {
	struct tuple tuple;
	uint32_t padding;
};

_Static_assert(sizeof(struct lookup_key) == 16, "two words");

/* As many as a burst of the receive path has. */
#define LOOKUP_BURST 32

/* Has the keys of a burst to come fetched, as whoever parsed their frames has them in the cache. */
static inline void lookup_keys_fetch(const struct lookup_key *keys)
{
	for (unsigned i = 0; i < LOOKUP_BURST; i += 4)
		__builtin_prefetch(&keys[4 * LOOKUP_BURST + i]);
}

/*
 * The key of a number below 2^28, 0 included; no two are the same.
 */
struct lookup_key lookup_key(uint32_t number);

/* What stands for an answer: the number of the key that has this tuple, plus one. */
uint32_t lookup_answer(const struct tuple *tuple);

/*
 * count keys drawn from numbers first..first+range-1; returns the sum of their answers. As a list read from
 * front to back it costs the processor no wait.
 */
uint64_t lookup_keys_draw(struct lookup_key *keys, uint32_t count, uint32_t first, uint32_t range);

#endif
