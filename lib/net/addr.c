/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/addr.h"

#include "base/check.h"

static struct addr_range range_of(const struct weir_range *range)
{
	struct weir_address mask = address_prefix_mask(range->first, range->prefix_len);
	bool has_broadcast = weir_is_ipv4(range->first) && range->prefix_len <= 30;

	return (struct addr_range){
		.first = range->first,
		.more = range->last.lo - range->first.lo,
		.subnet = address_and(range->first, mask),
		.mask = mask,
		.broadcast = has_broadcast ? address_v4(range->first) | ~(uint32_t)mask.lo : 0,
	};
}

/*
 * fe80::/64, and the MAC address with ff:fe in its middle and its universal bit turned (RFC 4291 appendix A).
 */
static struct weir_address link_local_of(const uint8_t mac[6])
{
	const uint8_t bytes[16] = { 0xfe,       0x80,   0,      0,    0,    0,      0,      0,
				    mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };

	return weir_ipv6(bytes);
}

static struct addr_sole4 sole4_of(const struct addrs *addrs)
{
	const struct addr_range *sole = NULL;
	unsigned found = 0;

	for (unsigned i = 0; i < addrs->count; i++) {
		if (!weir_is_ipv4(addrs->ranges[i].first))
			continue;
		sole = &addrs->ranges[i];
		found++;
	}
	if (found != 1)
		return (struct addr_sole4){ .first = IPV4_BROADCAST,
					    .subnet = IPV4_BROADCAST,
					    .mask = UINT32_MAX };
	return (struct addr_sole4){
		.first = address_v4(sole->first),
		.more = (uint32_t)sole->more,
		.subnet = address_v4(sole->subnet),
		.mask = address_v4(sole->mask),
		.broadcast = sole->broadcast,
	};
}

void addrs_init(struct addrs *addrs, const struct weir_range *ranges, unsigned count, const uint8_t mac[6])
{
	CHECK(count <= WEIR_MAX_RANGES);
	*addrs = (struct addrs){ .count = count };
	for (unsigned i = 0; i < count; i++) {
		addrs->ranges[i] = range_of(&ranges[i]);
		*(weir_is_ipv4(ranges[i].first) ? &addrs->total4 : &addrs->total6) +=
			addrs->ranges[i].more + 1;
	}
	addrs->sole4 = sole4_of(addrs);
	if (addrs->total6 > 0)
		addrs->link_local = link_local_of(mac);
}

#define ALL_NODES_HI 0xff02000000000000ull
#define SOLICITED_LO 0x00000001ff000000ull
#define SOLICITED_BITS 0xffffffull

/* Whether an address of the range ends so. */
static bool range_ends_in(const struct addr_range *range, uint64_t end)
{
	return !weir_is_ipv4(range->first) && ((end - range->first.lo) & SOLICITED_BITS) <= range->more;
}

bool addrs_group(const struct addrs *addrs, struct weir_address group)
{
	uint64_t end = group.lo & SOLICITED_BITS;

	if (group.hi != ALL_NODES_HI || addrs->total6 == 0)
		return false;
	if (group.lo == 1)
		return true;
	if ((group.lo & ~SOLICITED_BITS) != SOLICITED_LO)
		return false;
	for (unsigned i = 0; i < addrs->count; i++)
		if (range_ends_in(&addrs->ranges[i], end))
			return true;
	return (addrs->link_local.lo & SOLICITED_BITS) == end;
}

bool addrs_group_at(const struct addrs *addrs, unsigned i, struct weir_address *group)
{
	struct weir_address address = i == 0 ? addrs->link_local : addrs_at(addrs, false, i - 1);
	uint64_t end = address.lo & SOLICITED_BITS;
	const struct addr_range *range = addrs->ranges;

	*group = (struct weir_address){ ALL_NODES_HI, SOLICITED_LO | end };
	if (i == 0)
		return true;
	for (; !addr_range_has(range, address); range++)
		if (range_ends_in(range, end))
			return false;
	return address.lo - range->first.lo <= SOLICITED_BITS &&
	       (addrs->link_local.lo & SOLICITED_BITS) != end;
}

/* The range of the i-th address; *i becomes its place there. */
static const struct addr_range *range_at(const struct addrs *addrs, bool ipv4, uint64_t *i)
{
	const struct addr_range *range = addrs->ranges;

	CHECK(*i < addrs_total(addrs, ipv4));
	for (; weir_is_ipv4(range->first) != ipv4 || *i > range->more; range++)
		if (weir_is_ipv4(range->first) == ipv4)
			*i -= range->more + 1;
	return range;
}

struct weir_address addrs_at(const struct addrs *addrs, bool ipv4, uint64_t i)
{
	const struct addr_range *range = range_at(addrs, ipv4, &i);

	return (struct weir_address){ range->first.hi, range->first.lo + i };
}

void addrs_in_turn(const struct addrs *addrs, bool ipv4, uint64_t i, unsigned n, struct weir_address *out)
{
	while (n > 0) {
		uint64_t at = i;
		const struct addr_range *range = range_at(addrs, ipv4, &at);
		unsigned here = range->more - at < n ? (unsigned)(range->more - at) + 1 : n;

		for (unsigned k = 0; k < here; k++)
			out[k] = (struct weir_address){ range->first.hi, range->first.lo + at + k };
		i = i + here < addrs_total(addrs, ipv4) ? i + here : 0;
		out += here;
		n -= here;
	}
}

struct weir_address addrs_first(const struct addrs *addrs, bool ipv4, unsigned i)
{
	for (unsigned r = 0; r < addrs->count; r++)
		if (weir_is_ipv4(addrs->ranges[r].first) == ipv4 && i-- == 0)
			return addrs->ranges[r].first;
	return !ipv4 && i == 0 ? addrs->link_local : (struct weir_address){ 0 };
}
