/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addr.h - the core's own addresses: a few ranges, not a record for each address.
 */
#ifndef WEIR_NET_ADDR_H
#define WEIR_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "weir.h"
#include "wire/ip.h"

struct addr_range {
	uint32_t first, last;  /* ours */
	uint32_t subnet, mask; /* on link: address & mask == subnet */
	uint32_t broadcast;    /* of the subnet; 0: has none (RFC 3021) */
};

struct addrs {
	struct addr_range ranges[WEIR_MAX_RANGES];
	unsigned count;
	uint64_t total; /* addresses in all ranges */
};

/* ranges: as weir_config_check() lets them through: not empty, each within its subnet, none overlapping. */
void addrs_init(struct addrs *addrs, const struct weir_range *ranges, unsigned count);

/* Whether it is one of ours. */
static inline bool addrs_local(const struct addrs *addrs, uint32_t address)
{
	for (unsigned i = 0; i < addrs->count; i++)
		if (address - addrs->ranges[i].first <= addrs->ranges[i].last - addrs->ranges[i].first)
			return true;
	return false;
}

/* Whether a neighbour could have it: it lies in the subnet of a range. */
bool addrs_on_link(const struct addrs *addrs, uint32_t address);

/* The limited broadcast or that of a subnet; not the subnet's own address, the obsolete one. */
static inline bool addrs_broadcast(const struct addrs *addrs, uint32_t address)
{
	if (address == IP_BROADCAST)
		return true;
	for (unsigned i = 0; i < addrs->count; i++)
		if (address == addrs->ranges[i].broadcast && address != 0)
			return true;
	return false;
}

/* The i-th of our addresses, counted through the ranges; i < total. */
uint32_t addrs_at(const struct addrs *addrs, uint64_t i);

#endif
