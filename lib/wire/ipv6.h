/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipv6.h - IPv6 headers (RFC 8200), by way of ip.h.
 *
 * Extension headers are read past, IPV6_EXTENSIONS_MAX of them at most, as long as all of them stand in the
 * contiguous bytes: hop-by-hop and destination options, whose own options say what a host that does not know
 * them does; a routing header that has been used up; and a fragment header that says "all of it" (RFC 6946).
 * What is left is a name of a drop. Packets that are built have none, but those of mld.h.
 */
#ifndef WEIR_WIRE_IPV6_H
#define WEIR_WIRE_IPV6_H

#include "base/tuple.h"
#include "wire/ip.h"

#define IPV6_BYTES 40
#define IPV6_EXTENSIONS_MAX 8 /* each kind once, and some twice: RFC 8200 section 4.1 recommends no more */

/* As ip.h has them. */
verdict ipv6_parse(const uint8_t *packet, uint32_t contiguous, uint32_t len, struct ip_hdr *ip);
verdict ipv6_acceptable(const uint8_t *packet, uint32_t contiguous, struct ip_hdr *ip);
void ipv6_build(uint8_t *packet, const struct ip_hdr *ip, uint32_t flow_label);

/*
 * What a packet carries behind its extension headers, whatever is wrong with those, and where: bytes of the
 * packet, of which none need be there. False: the headers do not end in the contiguous bytes.
 */
bool ipv6_carries(const uint8_t *packet, uint32_t contiguous, uint8_t *protocol, uint32_t *at);

/*
 * RFC 6437: a label for each connection, the same in all of its packets, and none that a third party could
 * tell: 20 bits of its name, which is secret, mixed with its ports.
 */
static inline uint32_t ipv6_flow_label(const struct tuple *tuple)
{
	uint64_t mixed =
		(tuple_addrs(tuple) ^ tuple_ports(tuple) * 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;
	uint32_t label = (uint32_t)(mixed >> 44);

	return label + (label == 0); /* 0 says that there is none */
}

#endif
