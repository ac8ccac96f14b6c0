/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/addr.h"

#include "base/check.h"
#include "wire/ip.h"

void addrs_init(struct addrs *addrs, const struct weir_range *ranges, unsigned count)
{
	CHECK(count <= WEIR_MAX_RANGES);
	*addrs = (struct addrs){ .count = count };
	for (unsigned i = 0; i < count; i++) {
		uint32_t mask = ranges[i].prefix_len == 0 ? 0 : UINT32_MAX << (32 - ranges[i].prefix_len);

		addrs->ranges[i] = (struct addr_range){
			.first = ranges[i].first,
			.last = ranges[i].last,
			.subnet = ranges[i].first & mask,
			.mask = mask,
			.broadcast = ranges[i].prefix_len <= 30 ? ranges[i].first | ~mask : 0,
		};
		addrs->total += (uint64_t)ranges[i].last - ranges[i].first + 1;
	}
}

bool addrs_on_link(const struct addrs *addrs, uint32_t address)
{
	for (unsigned i = 0; i < addrs->count; i++)
		if ((address & addrs->ranges[i].mask) == addrs->ranges[i].subnet)
			return true;
	return false;
}

uint32_t addrs_at(const struct addrs *addrs, uint64_t i)
{
	for (unsigned r = 0; r < addrs->count; r++) {
		uint64_t size = (uint64_t)addrs->ranges[r].last - addrs->ranges[r].first + 1;

		if (i < size)
			return addrs->ranges[r].first + (uint32_t)i;
		i -= size;
	}
	CHECK(!"an index beyond the ranges");
	return 0;
}
