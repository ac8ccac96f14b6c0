/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip.h - IP headers of both families: what of them is above asked for, whichever it is.
 *
 * Two steps, because between them somebody looks whether the destination is here: ip_parse() says whether
 * there is a header at all, ip_acceptable() whether a host should use the packet, and what it carries. ipv4.h
 * and ipv6.h do it for their family; which of the two it is one tells by its addresses.
 */
#ifndef WEIR_WIRE_IP_H
#define WEIR_WIRE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/counters.h"

enum ip_protocol {
	IP_HOP_BY_HOP = 0, /* of IPv6, and not a protocol but a header before one */
	IP_PROTOCOL_ICMP = 1,
	IP_PROTOCOL_TCP = 6,
	IP_PROTOCOL_ICMP6 = 58,
};

/*
 * What is wrong with an IPv6 packet that its sender should be told:
 * codes of parameter problem (RFC 4443 section 3.4).
 */
enum ip_problem {
	IP_PROBLEM_FIELD,       /* a field that makes no sense here */
	IP_PROBLEM_NEXT_HEADER, /* a header that nobody here knows */
	IP_PROBLEM_OPTION,      /* an option that nobody here knows, and that must not be passed over */
	IP_PROBLEM_NONE,
};

struct ip_hdr {
	struct weir_address src, dst; /* both of one family */
	uint16_t total_bytes;         /* of the packet; what follows in the frame is Ethernet's padding */
	uint16_t header_bytes;        /* options and extension headers included, from ip_acceptable() on */
	uint16_t fragment;            /* IPv4: flags and offset, as on the wire; IPv6: has it a header */
	uint16_t problem_at;          /* bytes into the packet, with a problem */
	uint8_t problem;              /* enum ip_problem */
	uint8_t protocol;             /* enum ip_protocol, or another; of IPv6 from ip_acceptable() on */
	uint8_t ttl;                  /* or hop limit */
	uint8_t tos;                  /* or traffic class: DSCP and ECN */
	bool router_alert;            /* IPv6: MLD's option (RFC 2711) is there; from ip_acceptable() on */
};

static inline bool ip_is6(const struct ip_hdr *ip)
{
	return !weir_is_ipv4(ip->src);
}

/*
 * packet: what follows the Ethernet header, `contiguous` bytes of `len` in all; type: its EtherType, one of
 * the two. verified: the header's checksum was found right by the port. Returns ACCEPTED, or drop_ip_short,
 * _version, _header_length, _total_length, _csum, _mapped.
 */
verdict ip_parse(const uint8_t *packet, uint32_t contiguous, uint32_t len, uint16_t type, bool verified,
		 struct ip_hdr *ip);

/*
 * For a packet that ip_parse() accepted. ACCEPTED, or drop_ip_fragment, _source, _source_route,
 * _option_length, _option, _extensions, _protocol (of a header that nobody knows; what is carried is not
 * looked at). ip->problem is what the sender should be told.
 */
verdict ip_acceptable(const uint8_t *packet, uint32_t contiguous, struct ip_hdr *ip);

/* Bytes of the header that ip_build() writes for these addresses. */
static inline unsigned ip_build_bytes(bool is6)
{
	return is6 ? 40 : 20;
}

/*
 * Writes a header with checksum 0, if it has one. header_bytes and fragment are not read.
 * flow_label: 20 bits, of IPv6.
 */
void ip_build(uint8_t *packet, const struct ip_hdr *ip, uint32_t flow_label);

#endif
