/* SPDX-License-Identifier: BSD-3-Clause */
/* rss_keys.h - keys and tables for receive side scaling, good ones and bad, and shards made of them. */
#ifndef WEIR_TESTS_RSS_KEYS_H
#define WEIR_TESTS_RSS_KEYS_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "wire/rss.h"

/* The key of Microsoft's RSS verification suite, which many drivers have as their default. */
static const uint8_t rss_key_microsoft[RSS_KEY_MIN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static inline void rss_key_random(struct rng *rng, uint8_t key[WEIR_RSS_KEY_MAX])
{
	for (unsigned i = 0; i < WEIR_RSS_KEY_MAX; i++)
		key[i] = (uint8_t)rng_u64(rng);
}

/* Few ones, or few places that have any: ports do not reach every entry, or only by their upper bits. */
static inline void rss_key_poor(struct rng *rng, uint8_t key[WEIR_RSS_KEY_MAX])
{
	uint64_t kind = rng_u64(rng) % 4;

	memset(key, 0, WEIR_RSS_KEY_MAX);
	for (unsigned n = rng_below(rng, 12); n > 0; n--)
		key[rng_below(rng, RSS_KEY_MIN)] |= (uint8_t)(1u << rng_below(rng, 8));
	if (kind == 0) /* the ports of IPv4 alone */
		for (unsigned i = 0; i < 6; i++)
			key[10 + i] = (uint8_t)(rng_u64(rng) & rng_u64(rng));
	if (kind == 1) /* with a short period */
		memset(key, (int)rng_below(rng, 256), WEIR_RSS_KEY_MAX);
	if (kind == 2) /* those of IPv6 alone */
		for (unsigned i = 0; i < 6; i++)
			key[34 + i] = (uint8_t)rng_u64(rng);
}

/* In memory of its own, which rss_free() frees. */
static inline struct rss *rss_make(const struct weir_rss *config, uint16_t first, uint16_t last)
{
	struct arena count = { 0 }, arena = { 0 };

	cr_assert_null(rss_create(&count, config, first, last));
	cr_assert_gt(count.used, 0);
	arena.base = aligned_alloc(ARENA_LINE, count.used);
	memset(arena.base, 0, count.used);
	struct rss *rss = rss_create(&arena, config, first, last);

	cr_assert_not_null(rss);
	cr_assert_eq(arena.used, count.used);
	cr_assert_eq((void *)rss, arena.base);
	return rss;
}

static inline void rss_free(struct rss *rss)
{
	free(rss);
}

#endif
