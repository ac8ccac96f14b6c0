/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_sources.h"

/* What hosts may have. */
static const struct {
	struct weir_address first, last;
} hosts[] = {
	{ { 0, 0xffff01000000 }, { 0, 0xffff7effffff } },
	{ { 0, 0xffff80000000 }, { 0, 0xffffdfffffff } },
	{ { 1, 0 }, { 0xfeffffffffffffff, UINT64_MAX } },
};

static void add(struct flood_sources *sources, ip_number first, ip_number last)
{
	struct flood_range *range = &sources->ranges[sources->count];
	ip_number more = last - first; /* addresses, but for one: all of them could be too many */

	if (first > last)
		return;
	*range = (struct flood_range){ .first = first, .last = last, .step = 1 };
	if (more >= FLOOD_RANGE_ADDRESSES_MAX) {
		range->step = (more / FLOOD_RANGE_ADDRESSES_MAX - 1) | 1;
		range->count = FLOOD_RANGE_ADDRESSES_MAX;
	} else {
		range->count = (uint64_t)more + 1;
	}
	sources->count++;
	sources->total += range->count;
}

static void add_without(struct flood_sources *sources, ip_number first, ip_number last, ip_number target)
{
	if (target < first || target > last) {
		add(sources, first, last);
		return;
	}
	/* A host's address is neither the first nor the last of all: no wrap. */
	add(sources, first, target - 1);
	add(sources, target + 1, last);
}

static ip_number greater(struct weir_address a, struct weir_address b)
{
	return ip_number_of(a) > ip_number_of(b) ? ip_number_of(a) : ip_number_of(b);
}

static ip_number lesser(struct weir_address a, struct weir_address b)
{
	return ip_number_of(a) < ip_number_of(b) ? ip_number_of(a) : ip_number_of(b);
}

bool flood_sources_init(struct flood_sources *sources, const struct weir_range *ranges, unsigned count,
			struct weir_address target, uint64_t seed)
{
	unsigned bits = 0;

	*sources = (struct flood_sources){ 0 };
	for (unsigned i = 0; i < count; i++) {
		if (!ip_same_family(ranges[i].first, target))
			continue;
		for (unsigned h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++)
			if (ip_same_family(hosts[h].first, target))
				add_without(sources, greater(ranges[i].first, hosts[h].first),
					    lesser(ranges[i].last, hosts[h].last), ip_number_of(target));
	}
	while (1ull << bits < sources->total)
		bits++;
	sources->mask = (1ull << bits) - 1;
	sources->fold = bits / 2 + 1;
	sources->add = seed | 1;
	sources->state = seed >> 32 & sources->mask;
	return sources->total > 0;
}

bool flood_sources_contain(const struct flood_sources *sources, struct weir_address address)
{
	ip_number number = ip_number_of(address);

	for (unsigned i = 0; i < sources->count; i++)
		if (number >= sources->ranges[i].first && number <= sources->ranges[i].last)
			return true;
	return false;
}
