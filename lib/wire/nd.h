/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nd.h - the messages of IPv6 neighbour discovery (RFC 4861): bytes to values and back.
 * What they mean is net/'s business.
 *
 * nd_parse() makes the checks of RFC 4861 sections 6.1 and 7.1, all but that of the ICMPv6 checksum, which
 * the caller has found right. Options that nobody here knows are passed over. Redirects are parsed no
 * further: a host may ignore them, one that is forged takes a connection away, and weir's routers are few
 * enough to be right.
 *
 * A wire address ::ffff:a.b.c.d would be taken for an IPv4 one by everybody above:
 * it is dropped as impossible.
 */
#ifndef WEIR_WIRE_ND_H
#define WEIR_WIRE_ND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/counters.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ip.h"

#define ND_HOP_LIMIT 255
#define ND_NONCE_BITS 48

/* Flags of a neighbour advertisement, as on the wire. */
enum nd_flag {
	ND_FROM_ROUTER = 0x80,
	ND_SOLICITED = 0x40,
	ND_OVERRIDE = 0x20,
};

struct nd {
	uint8_t type;               /* enum icmp6_type: 133 to 136 */
	uint8_t flags;              /* of an advertisement: enum nd_flag */
	struct weir_address target; /* of a solicitation or an advertisement: whom it is about */
	/* Options. */
	bool has_mac, has_nonce;
	struct eth_addr mac; /* the sender's; of an advertisement the target's */
	uint64_t nonce;      /* ND_NONCE_BITS of it (RFC 7527) */
	/* Of a router advertisement, of which nothing else is used. */
	uint16_t lifetime_s; /* as default router; 0: it is none */
};

/* A message of ours, with all that its frame says beside it. Its hop limit is ND_HOP_LIMIT. */
struct nd_out {
	struct weir_address src, dst;
	struct eth_addr mac; /* to be sent to */
	struct nd nd;
};

/* The longest of nd_build(): a solicitation with both options. */
#define ND_BYTES_MAX (24 + 2 * 8)

static inline bool nd_is_type(uint8_t type)
{
	return type >= ICMP6_ROUTER_SOLICITATION && type <= ICMP6_REDIRECT;
}

/*
 * message: an ICMPv6 message with nd_is_type(), all len bytes of it. ip: the header before it, of which
 * addresses, hop limit and fragment are read. ACCEPTED, or drop_nd_hop_limit, _malformed, _address, _mac,
 * _redirect; or drop_ip_fragment.
 */
verdict nd_parse(const struct ip_hdr *ip, const uint8_t *message, uint32_t len, struct nd *nd);

/* Writes a message with checksum 0, and returns how many bytes. Redirects are not built. */
uint32_t nd_build(uint8_t message[ND_BYTES_MAX], const struct nd *nd);

/* ff02::1 and ff02::2 */
static inline struct weir_address nd_all_nodes(void)
{
	return (struct weir_address){ 0xff02ull << 48, 1 };
}

static inline struct weir_address nd_all_routers(void)
{
	return (struct weir_address){ 0xff02ull << 48, 2 };
}

/* ff02::1:ffxx:xxxx, whose members have an address that ends so (RFC 4291 section 2.7.1). */
static inline struct weir_address nd_solicited_node(struct weir_address address)
{
	return (struct weir_address){ 0xff02ull << 48, 0x1ff000000ull | (address.lo & 0xffffff) };
}

/* 33:33 and the group's last four bytes (RFC 2464 section 7). */
static inline struct eth_addr nd_group_mac(struct weir_address group)
{
	return (struct eth_addr){ { 0x33, 0x33, (uint8_t)(group.lo >> 24), (uint8_t)(group.lo >> 16),
				    (uint8_t)(group.lo >> 8), (uint8_t)group.lo } };
}

#endif
