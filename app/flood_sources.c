/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_sources.h"

/* What hosts may have. */
static const struct {
	uint32_t first, last;
} hosts[] = {
	{ 0x01000000, 0x7effffff },
	{ 0x80000000, 0xdfffffff },
};

static void add(struct flood_sources *sources, uint32_t first, uint32_t last)
{
	if (first > last)
		return;
	sources->ranges[sources->count].first = first;
	sources->ranges[sources->count++].last = last;
	sources->total += (uint64_t)last - first + 1;
}

static void add_without(struct flood_sources *sources, uint32_t first, uint32_t last, uint32_t target)
{
	if (target < first || target > last) {
		add(sources, first, last);
		return;
	}
	/* A host's address is neither the first nor the last of all: no wrap. */
	add(sources, first, target - 1);
	add(sources, target + 1, last);
}

bool flood_sources_init(struct flood_sources *sources, const struct weir_range *ranges, unsigned count,
			uint32_t target, uint64_t seed)
{
	unsigned bits = 0;

	*sources = (struct flood_sources){ 0 };
	for (unsigned i = 0; i < count; i++) {
		for (unsigned h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++)
			add_without(sources,
				    ranges[i].first > hosts[h].first ? ranges[i].first : hosts[h].first,
				    ranges[i].last < hosts[h].last ? ranges[i].last : hosts[h].last, target);
	}
	while (1ull << bits < sources->total)
		bits++;
	sources->mask = (1ull << bits) - 1;
	sources->fold = bits / 2 + 1;
	sources->add = seed | 1;
	sources->state = seed >> 32 & sources->mask;
	return sources->total > 0;
}

bool flood_sources_contain(const struct flood_sources *sources, uint32_t address)
{
	for (unsigned i = 0; i < sources->count; i++)
		if (address >= sources->ranges[i].first && address <= sources->ranges[i].last)
			return true;
	return false;
}
