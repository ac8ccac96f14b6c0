/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * share.h - which part of a command's work, and of its room, is one shard's.
 *
 * What a shard does by itself is divided exactly: opens, a flood's packets. What peers bring comes to shards
 * by a hash of theirs and ours, as good as by chance; there each has room for more than its share, so that
 * the command has room for what was asked. Limits are divided, rounded up. Pure.
 */
#ifndef WEIR_APP_SHARE_H
#define WEIR_APP_SHARE_H

#include <stdint.h>

struct share {
	unsigned shard, shards; /* this one among those of its side */
	uint32_t connections;   /* that it has room for */
	uint32_t targets;       /* of --connect those that its port has a way to, a bit each */
};

/* TIME-WAIT records that all shards of a side have together, at most. */
#define SHARE_TIME_WAIT_MAX (16u << 20)

/* Of n, the shard's; the shares of all add up to n. */
static inline uint64_t share_exact(uint64_t n, unsigned shard, unsigned shards)
{
	return (n + shards - 1 - shard) / shards;
}

/* Of a limit, the shard's: 0, which is none, and never less than one otherwise. */
static inline uint32_t share_limit(uint32_t n, unsigned shards)
{
	return n == 0 ? 0 : (n - 1) / shards + 1;
}

/*
 * Of n that fall to shards by chance: five standard deviations above the mean, sqrt(n / shards) each at most,
 * which one run in a million exceeds; never more than n.
 */
uint32_t share_chance(uint32_t n, unsigned shards);

#endif
