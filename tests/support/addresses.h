/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addresses.h - addresses of either family by 32-bit numbers, for tests that have many.
 *
 * Of IPv4 it is the address. Of IPv6 the last eight bits are a host and those above a network, so that
 * whoever shares a /24 there shares a /64 here: with bits right before and right behind the 64th.
 */
#ifndef WEIR_TESTS_ADDRESSES_H
#define WEIR_TESTS_ADDRESSES_H

#include "base/tuple.h"

#define NUMBERED_PREFIX (0x20010db8ull << 32)
#define NUMBERED_HOST_SHIFT 56

static inline struct weir_address numbered_address(bool is6, uint32_t number)
{
	if (!is6)
		return weir_ipv4(number);
	return (struct weir_address){
		.hi = NUMBERED_PREFIX | number >> 8,
		.lo = (uint64_t)(number & 0xff) << NUMBERED_HOST_SHIFT | 1,
	};
}

static inline uint32_t numbered_number(struct weir_address a)
{
	return weir_is_ipv4(a) ? address_v4(a) : (uint32_t)(a.hi << 8 | a.lo >> NUMBERED_HOST_SHIFT);
}

/* The addresses of a tuple that is of such numbers. */
static inline struct pair numbered_pair(bool is6, const struct tuple *numbers)
{
	return (struct pair){ numbered_address(is6, numbers->laddr), numbered_address(is6, numbers->raddr) };
}

/* The tuple of a segment that arrives, as the parser has it: an IPv6 one has no name yet. */
static inline struct tuple arriving_tuple(const struct pair *pair, uint16_t lport, uint16_t rport)
{
	if (!weir_is_ipv4(pair->local))
		return (struct tuple){ .laddr = TUPLE_NAME_MARK, .lport = lport, .rport = rport };
	return (struct tuple){ address_v4(pair->local), address_v4(pair->remote), lport, rport };
}

#endif
