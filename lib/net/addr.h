/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addr.h - the core's own addresses: a few ranges, not a record for each address.
 */
#ifndef WEIR_NET_ADDR_H
#define WEIR_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct addr_range {
	struct weir_address first; /* ours: so many from here on, and one */
	uint64_t more;
	struct weir_address subnet, mask; /* on link: address & mask == subnet */
	uint32_t broadcast;               /* of an IPv4 subnet; 0: has none (RFC 3021) */
};

/*
 * The IPv4 range of a core that has one, in words of its own: what is asked for each frame. With none, or
 * several, what no host's address is in (240.0.0.0/4 is reserved).
 */
struct addr_sole4 {
	uint32_t first, more, subnet, mask, broadcast;
};

struct addrs {
	struct addr_sole4 sole4;
	struct addr_range ranges[WEIR_MAX_RANGES];
	unsigned count;
	uint64_t total4, total6;        /* addresses in all ranges of a family */
	struct weir_address link_local; /* ours beside the IPv6 ranges (RFC 4291 section 2.8), or none */
};

/*
 * ranges: as weir_config_check() lets them through: not empty, each within its subnet, none overlapping. mac:
 * what the link-local address is made of (RFC 4291 appendix A).
 */
void addrs_init(struct addrs *addrs, const struct weir_range *ranges, unsigned count, const uint8_t mac[6]);

static inline bool addr_range_has(const struct addr_range *range, struct weir_address address)
{
	return address.hi == range->first.hi && address.lo - range->first.lo <= range->more;
}

/* Whether it is one of ours. */
static inline bool addrs_local(const struct addrs *addrs, struct weir_address address)
{
	for (unsigned i = 0; i < addrs->count; i++)
		if (addr_range_has(&addrs->ranges[i], address))
			return true;
	return address_equal(address, addrs->link_local) && !address_is_none(address);
}

/*
 * The range on whose link it is; NULL: that of none.
 * No IPv6 subnet holds what stands for IPv4 (weir_config_check()).
 */
static inline const struct addr_range *addrs_range_near(const struct addrs *addrs,
							struct weir_address address)
{
	for (unsigned i = 0; i < addrs->count; i++)
		if (address_equal(address_and(address, addrs->ranges[i].mask), addrs->ranges[i].subnet))
			return &addrs->ranges[i];
	return NULL;
}

/* Whether a neighbour could have it: it lies in the subnet of a range, or on every link. */
static inline bool addrs_on_link(const struct addrs *addrs, struct weir_address address)
{
	return addrs_range_near(addrs, address) != NULL ||
	       (address_is_link_local(address) && addrs->total6 > 0);
}

/*
 * The limited broadcast or that of a subnet; not the subnet's own address, the obsolete one. IPv6 has none.
 */
static inline bool addrs_broadcast(const struct addrs *addrs, struct weir_address address)
{
	uint32_t v4 = address_v4(address);

	if (!weir_is_ipv4(address) || v4 == 0)
		return false;
	if (v4 == IPV4_BROADCAST)
		return true;
	for (unsigned i = 0; i < addrs->count; i++)
		if (v4 == addrs->ranges[i].broadcast)
			return true;
	return false;
}

/*
 * Whether one of ours is in that IPv6 group: all nodes of the link, or those who have an address with these
 * last 24 bits (RFC 4291 section 2.7.1).
 */
bool addrs_group(const struct addrs *addrs, struct weir_address group);

/*
 * The solicited-node group of an IPv6 address of ours: of the i-th, counted from the link-local one, which is
 * 0; i <= total6, and there are some. False: one before it has the same group.
 */
bool addrs_group_at(const struct addrs *addrs, unsigned i, struct weir_address *group);

/* Our addresses of that family, and the i-th of them, counted through the ranges; i < total. */
static inline uint64_t addrs_total(const struct addrs *addrs, bool ipv4)
{
	return ipv4 ? addrs->total4 : addrs->total6;
}
struct weir_address addrs_at(const struct addrs *addrs, bool ipv4, uint64_t i);

/* The n from the i-th on; behind the last comes the first again. */
void addrs_in_turn(const struct addrs *addrs, bool ipv4, uint64_t i, unsigned n, struct weir_address *out);

/*
 * The first address of the i-th range of a family;
 * behind those of IPv6 the link-local one; none: there are no more.
 */
struct weir_address addrs_first(const struct addrs *addrs, bool ipv4, unsigned i);

#endif
