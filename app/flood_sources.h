/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_sources.h - the addresses that a flood seems to come from: all of some ranges, each once in a round,
 * in an order that looks random.
 *
 * Counting up would fall into a hash table's buckets one by one and let a receiver's caches hit; drawing at
 * random repeats some addresses while it leaves others out. So a linear congruential generator of full period
 * (Hull and Dobell: a - 1 a multiple of 4, c odd) walks 0..2^k-1, and what is beyond the last address is
 * passed over: less than half. Its low bits have short periods; a shift folded onto itself, which is a
 * permutation too, hides that.
 *
 * IPv6's ranges may have more addresses than anybody could count to. Of such a range 2^58 are used, at an odd
 * distance from each other, so that they lie all over it and differ in their first bits as in their last.
 *
 * Ranges lose what no host has (RFC 1122 section 3.2.1.3: 0/8, 127/8, multicast and above; RFC 4291: ::/64,
 * multicast), and the target itself, at the start: receivers would drop such packets before they cost
 * anything. Pure; host order.
 */
#ifndef WEIR_APP_FLOOD_SOURCES_H
#define WEIR_APP_FLOOD_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "ip.h"
#include "weir.h"

/*
 * Each range falls apart into two at most, below and above 127/8, and one of them once more, at the target.
 */
#define FLOOD_RANGES_MAX (2 * WEIR_MAX_RANGES + 1)

/* Of all ranges together they fit 64 bits. */
#define FLOOD_RANGE_ADDRESSES_MAX (1ull << 58)

struct flood_range {
	ip_number first, last;
	ip_number step; /* from one address to the next */
	uint64_t count;
};

struct flood_sources {
	uint64_t state, add, mask;
	unsigned fold;
	unsigned count;
	uint64_t total; /* addresses */
	struct flood_range ranges[FLOOD_RANGES_MAX];
};

/*
 * count: up to WEIR_MAX_RANGES that do not overlap.
 * Those of the target's family are used; false if no address is left.
 */
bool flood_sources_init(struct flood_sources *sources, const struct weir_range *ranges, unsigned count,
			struct weir_address target, uint64_t seed);

bool flood_sources_contain(const struct flood_sources *sources, struct weir_address address);

static inline struct weir_address flood_sources_at(const struct flood_sources *sources, uint64_t index)
{
	const struct flood_range *range = sources->ranges;

	for (; index >= range->count; range++)
		index -= range->count;
	return ip_address(range->first + range->step * index);
}

static inline struct weir_address flood_sources_next(struct flood_sources *sources)
{
	uint64_t index;

	do {
		sources->state = (sources->state * 0x5851f42d4c957f2dull + sources->add) & sources->mask;
		index = sources->state ^ sources->state >> sources->fold;
	} while (index >= sources->total);
	return flood_sources_at(sources, index);
}

#endif
