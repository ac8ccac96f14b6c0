/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rng.h - splitmix64: a small generator for replays, simulations and spreading. Not a source of secrets:
 * those are drawn from the system once, at start, and stretched with siphash.h.
 */
#ifndef WEIR_BASE_RNG_H
#define WEIR_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_u64(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Uniform in 0..bound-1, by multiplication (bias under bound / 2^32); bound > 0. */
static inline uint32_t rng_below(struct rng *rng, uint32_t bound)
{
	return (uint32_t)((rng_u64(rng) >> 32) * bound >> 32);
}

#endif
