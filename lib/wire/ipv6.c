/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/ipv6.h"

#include "wire/bytes.h"

#define VERSION 6
#define NEXT_HEADER_AT 6
#define FRAGMENT_BYTES 8
#define FRAGMENT_MASK 0xfff9 /* the offset, and more fragments */

enum {
	HEADER_HOP_BY_HOP = IP_HOP_BY_HOP,
	HEADER_ROUTING = 43,
	HEADER_FRAGMENT = 44,
	HEADER_NONE = 59,
	HEADER_DESTINATION = 60,
};

/*
 * Options: one byte of padding has no length; the two upper bits say what becomes
 * of the packet (section 4.2).
 */
#define OPTION_PAD1 0
#define OPTION_ROUTER_ALERT 5
#define OPTION_SKIP 0
#define OPTION_DISCARD 1

verdict ipv6_parse(const uint8_t *packet, uint32_t contiguous, uint32_t len, struct ip_hdr *ip)
{
	if (contiguous < IPV6_BYTES)
		return COUNT_drop_ip_short;
	uint32_t first = bytes_get32(packet), total = IPV6_BYTES + (uint32_t)bytes_get16(packet + 4);

	if (first >> 28 != VERSION)
		return COUNT_drop_ip_version;
	if (total > len || total > UINT16_MAX)
		return COUNT_drop_ip_total_length;
	ip->total_bytes = (uint16_t)total;
	ip->header_bytes = IPV6_BYTES;
	ip->fragment = 0;
	ip->router_alert = false;
	ip->protocol = packet[NEXT_HEADER_AT];
	ip->ttl = packet[7];
	ip->tos = (uint8_t)(first >> 20);
	ip->src = bytes_get_address(packet + 8);
	ip->dst = bytes_get_address(packet + 24);
	/* Everybody above takes such an address for one of IPv4. */
	return weir_is_ipv4(ip->src) || weir_is_ipv4(ip->dst) ? COUNT_drop_ip_mapped : ACCEPTED;
}

static verdict problem(struct ip_hdr *ip, enum ip_problem what, uint32_t at, verdict v)
{
	ip->problem = (uint8_t)what;
	ip->problem_at = (uint16_t)at;
	return v;
}

/* Of two bytes' value, which is 0: multicast listener discovery (RFC 2711 section 2.1). */
static bool is_router_alert(const uint8_t *option)
{
	return option[0] == OPTION_ROUTER_ALERT && option[1] == 2 && bytes_get16(option + 2) == 0;
}

static verdict check_options(const uint8_t *packet, uint32_t at, uint32_t end, struct ip_hdr *ip)
{
	while (at < end) {
		uint32_t len = 1;

		if (packet[at] != OPTION_PAD1) {
			if (end - at < 2 || 2u + packet[at + 1] > end - at)
				return problem(ip, IP_PROBLEM_FIELD, at, COUNT_drop_ip_option_length);
			len = 2u + packet[at + 1];
			if (packet[at] >> 6 == OPTION_DISCARD)
				return COUNT_drop_ip_option;
			if (packet[at] >> 6 != OPTION_SKIP)
				return problem(ip, IP_PROBLEM_OPTION, at, COUNT_drop_ip_option);
			ip->router_alert |= ip->protocol == HEADER_HOP_BY_HOP && is_router_alert(packet + at);
		}
		at += len;
	}
	return ACCEPTED;
}

/* One extension header, len bytes that start `at`. */
static verdict check_extension(const uint8_t *packet, uint32_t at, uint32_t len, struct ip_hdr *ip)
{
	switch (ip->protocol) {
	case HEADER_FRAGMENT:
		ip->fragment = 1;
		return bytes_get16(packet + at + 2) & FRAGMENT_MASK ? COUNT_drop_ip_fragment : ACCEPTED;
	case HEADER_ROUTING:
		/* Of any kind: we are its end, or nobody's way (RFC 5095, RFC 8200 section 4.4). */
		return packet[at + 3] == 0 ?
			       ACCEPTED :
			       problem(ip, IP_PROBLEM_FIELD, at + 2, COUNT_drop_ip_source_route);
	default:
		return check_options(packet, at + 2, at + len, ip);
	}
}

static bool is_extension(uint8_t protocol, bool first)
{
	return (protocol == HEADER_HOP_BY_HOP && first) || protocol == HEADER_ROUTING ||
	       protocol == HEADER_FRAGMENT || protocol == HEADER_DESTINATION;
}

/* Bytes of the extension header that starts `at`, of those that are here; 0: it does not end there. */
static uint32_t extension_bytes(const uint8_t *packet, uint32_t here, uint32_t at, uint8_t protocol)
{
	if (here < at + 8)
		return 0;
	uint32_t len = protocol == HEADER_FRAGMENT ? FRAGMENT_BYTES : 8 + packet[at + 1] * 8u;

	return len <= here - at ? len : 0;
}

bool ipv6_carries(const uint8_t *packet, uint32_t contiguous, uint8_t *protocol, uint32_t *at)
{
	*protocol = packet[NEXT_HEADER_AT];
	*at = IPV6_BYTES;
	for (unsigned i = 0; i <= IPV6_EXTENSIONS_MAX; i++) {
		if (!is_extension(*protocol, i == 0))
			return true;
		uint32_t len = extension_bytes(packet, contiguous, *at, *protocol);

		if (len == 0)
			return false;
		*protocol = packet[*at];
		*at += len;
	}
	return false;
}

verdict ipv6_acceptable(const uint8_t *packet, uint32_t contiguous, struct ip_hdr *ip)
{
	uint32_t at = IPV6_BYTES, next_at = NEXT_HEADER_AT, here = contiguous;

	if (here > ip->total_bytes)
		here = ip->total_bytes;
	for (unsigned i = 0; is_extension(ip->protocol, i == 0); i++) {
		if (i == IPV6_EXTENSIONS_MAX)
			return COUNT_drop_ip_extensions;
		uint32_t len = extension_bytes(packet, here, at, ip->protocol);

		if (len == 0)
			return COUNT_drop_ip_short;
		verdict v = check_extension(packet, at, len, ip);

		if (v != ACCEPTED)
			return v;
		next_at = at;
		ip->protocol = packet[at];
		at += len;
	}
	ip->header_bytes = (uint16_t)at;
	/*
	 * None at all says who looks for a duplicate of the address that he is going to have
	 * (RFC 4862 section 5.4.2).
	 */
	if (!address_is_host(ip->src) && !(address_is_none(ip->src) && ip->protocol == IP_PROTOCOL_ICMP6))
		return COUNT_drop_ip_source;
	if (ip->protocol == HEADER_NONE)
		return COUNT_drop_ip_protocol;
	if (ip->protocol != IP_PROTOCOL_TCP && ip->protocol != IP_PROTOCOL_ICMP6)
		return problem(ip, IP_PROBLEM_NEXT_HEADER, next_at, COUNT_drop_ip_protocol);
	return ACCEPTED;
}

void ipv6_build(uint8_t *packet, const struct ip_hdr *ip, uint32_t flow_label)
{
	bytes_put32(packet, (uint32_t)VERSION << 28 | (uint32_t)ip->tos << 20 | flow_label);
	bytes_put32(packet + 4,
		    (uint32_t)(ip->total_bytes - IPV6_BYTES) << 16 | (uint32_t)ip->protocol << 8 | ip->ttl);
	bytes_put_address(packet + 8, ip->src);
	bytes_put_address(packet + 24, ip->dst);
}
