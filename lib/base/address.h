/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * address.h - IP addresses of both families, as weir.h has them:
 * what kind of address it is, and what it is not.
 */
#ifndef WEIR_BASE_ADDRESS_H
#define WEIR_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

#define IPV4_BROADCAST 0xffffffffu

/* The IPv4 address that it is; of an IPv6 one the last 32 bits. */
static inline uint32_t address_v4(struct weir_address a)
{
	return (uint32_t)a.lo;
}

static inline bool address_equal(struct weir_address a, struct weir_address b)
{
	return ((a.hi ^ b.hi) | (a.lo ^ b.lo)) == 0;
}

/* None: all zero. */
static inline bool address_is_none(struct weir_address a)
{
	return (a.hi | a.lo) == 0;
}

/* As numbers. */
static inline bool address_above(struct weir_address a, struct weir_address b)
{
	return a.hi != b.hi ? a.hi > b.hi : a.lo > b.lo;
}

static inline struct weir_address address_and(struct weir_address a, struct weir_address b)
{
	return (struct weir_address){ a.hi & b.hi, a.lo & b.lo };
}

/* With len ones in front: of an IPv6 address. An IPv4 one has 96 bits before its own. */
static inline struct weir_address address_mask(unsigned len)
{
	return (struct weir_address){
		.hi = len == 0  ? 0 :
		      len >= 64 ? UINT64_MAX :
				  UINT64_MAX << (64 - len),
		.lo = len <= 64 ? 0 : UINT64_MAX << (128 - len),
	};
}

/* The mask of a prefix of so many bits of the address's own family. */
static inline struct weir_address address_prefix_mask(struct weir_address a, unsigned len)
{
	return address_mask(weir_is_ipv4(a) ? 96 + len : len);
}

static inline unsigned address_bits(struct weir_address a)
{
	return weir_is_ipv4(a) ? 32 : 128;
}

static inline bool address_is_multicast(struct weir_address a)
{
	return weir_is_ipv4(a) ? address_v4(a) >> 28 == 0xe : a.hi >> 56 == 0xff;
}

/* fe80::/10 (RFC 4291 section 2.5.6). */
static inline bool address_is_link_local(struct weir_address a)
{
	return a.hi >> 54 == 0xfe80 >> 6;
}

/*
 * What nobody may send from, nor be sent to as one host: "this network", loopback, multicast, what is
 * reserved above that, and the limited broadcast (RFC 1122 section 3.2.1.3, RFC 6890 section 2.2.2). Directed
 * broadcasts need the netmask, which net/ knows.
 */
static inline bool address_v4_is_host(uint32_t address)
{
	return address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 0xe;
}

/*
 * The same of either family: of IPv6 ::/127, which are none and loopback,
 * and ff00::/8 (RFC 4291 section 2.4).
 */
static inline bool address_is_host(struct weir_address a)
{
	return weir_is_ipv4(a) ? address_v4_is_host(address_v4(a)) :
				 (a.hi | a.lo >> 1) != 0 && a.hi >> 56 != 0xff;
}

#endif
