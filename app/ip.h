/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip.h - IP addresses of either family as numbers, to be compared and counted through.
 *
 * weir.h has an address as two words; as one number of 128 bits it needs no case for each family: IPv4's
 * addresses are those from ::ffff:0.0.0.0 on. Prefix lengths count in the family's own bits. Host order.
 */
#ifndef WEIR_APP_IP_H
#define WEIR_APP_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

__extension__ typedef unsigned __int128 ip_number;

static inline ip_number ip_number_of(struct weir_address address)
{
	return (ip_number)address.hi << 64 | address.lo;
}

static inline struct weir_address ip_address(ip_number number)
{
	return (struct weir_address){ .hi = (uint64_t)(number >> 64), .lo = (uint64_t)number };
}

static inline bool ip_is_none(struct weir_address address)
{
	return (address.hi | address.lo) == 0;
}

static inline bool ip_same_family(struct weir_address a, struct weir_address b)
{
	return weir_is_ipv4(a) == weir_is_ipv4(b);
}

/* 0.0.0.0 or ::, which are no host's. */
static inline bool ip_is_any(struct weir_address address)
{
	return ip_is_none(address) || (weir_is_ipv4(address) && (uint32_t)address.lo == 0);
}

/* fe80::/10 */
static inline bool ip_is_link_local(struct weir_address address)
{
	return address.hi >> 54 == 0xfe80 >> 6;
}

/* 32 or 128. */
static inline unsigned ip_bits(struct weir_address address)
{
	return weir_is_ipv4(address) ? 32 : 128;
}

/* The bits in which hosts of a network differ: those behind a prefix of 0..ip_bits(). */
static inline ip_number ip_host_mask(struct weir_address address, unsigned prefix_len)
{
	unsigned host_bits = ip_bits(address) - prefix_len;

	return host_bits == 128 ? ~(ip_number)0 : ((ip_number)1 << host_bits) - 1;
}

/* Are a and b in one network of prefix_len bits of a's family? */
static inline bool ip_same_network(struct weir_address a, struct weir_address b, unsigned prefix_len)
{
	return ip_same_family(a, b) &&
	       ((ip_number_of(a) ^ ip_number_of(b)) & ~ip_host_mask(a, prefix_len)) == 0;
}

static inline bool ip_range_has(const struct weir_range *range, struct weir_address address)
{
	ip_number number = ip_number_of(address);

	return number >= ip_number_of(range->first) && number <= ip_number_of(range->last);
}

/* Is the range's network the address's own? */
static inline bool ip_on_link(const struct weir_range *range, struct weir_address address)
{
	return ip_same_network(range->first, address, range->prefix_len);
}

#endif
