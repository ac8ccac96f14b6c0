/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/ipv4.h"

#include "wire/bytes.h"
#include "wire/csum.h"

#define VERSION 4
#define FRAGMENT_MASK 0x3fff /* more fragments, and the offset */
#define CSUM_AT 10

enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_LSRR = 131, /* loose source and record route */
	OPTION_SSRR = 137, /* strict */
};

verdict ipv4_parse(const uint8_t *packet, uint32_t contiguous, uint32_t len, bool verified, struct ip_hdr *ip)
{
	if (contiguous < IPV4_BYTES)
		return COUNT_drop_ip_short;
	if (packet[0] >> 4 != VERSION)
		return COUNT_drop_ip_version;
	ip->header_bytes = (uint16_t)((packet[0] & 15) * 4);
	ip->total_bytes = bytes_get16(packet + 2);
	if (ip->header_bytes < IPV4_BYTES)
		return COUNT_drop_ip_header_length;
	if (ip->total_bytes < IPV4_BYTES || ip->total_bytes > len)
		return COUNT_drop_ip_total_length;
	if (ip->header_bytes > ip->total_bytes)
		return COUNT_drop_ip_header_length;
	if (ip->header_bytes > contiguous)
		return COUNT_drop_ip_short;
	if (!verified && csum_fold(csum_header(packet, ip->header_bytes)) != CSUM_RIGHT)
		return COUNT_drop_ip_csum;
	ip->tos = packet[1];
	ip->fragment = bytes_get16(packet + 6);
	ip->ttl = packet[8];
	ip->protocol = packet[9];
	ip->src = weir_ipv4(bytes_get32(packet + 12));
	ip->dst = weir_ipv4(bytes_get32(packet + 16));
	return ACCEPTED;
}

static verdict check_options(const uint8_t *option, unsigned left)
{
	while (left > 0 && option[0] != OPTION_END) {
		unsigned len = 1;

		if (option[0] != OPTION_NOP) {
			len = left >= 2 ? option[1] : 0;
			if (len < 2 || len > left)
				return COUNT_drop_ip_option_length;
		}
		/*
		 * RFC 9293 MUST-51 to 53 ask for an API that nobody has; hosts refuse source routes by
		 * default.
		 */
		if (option[0] == OPTION_LSRR || option[0] == OPTION_SSRR)
			return COUNT_drop_ip_source_route;
		option += len;
		left -= len;
	}
	return ACCEPTED;
}

verdict ipv4_acceptable(const uint8_t *packet, const struct ip_hdr *ip)
{
	if (ip->fragment & FRAGMENT_MASK)
		return COUNT_drop_ip_fragment;
	if (!address_is_host(ip->src))
		return COUNT_drop_ip_source;
	return check_options(packet + IPV4_BYTES, ip->header_bytes - IPV4_BYTES);
}

void ipv4_build(uint8_t *packet, const struct ip_hdr *ip)
{
	/* In the words that the checksum will read: a load that spans two fresh stores waits for both. */
	bytes_put32(packet, (uint32_t)(VERSION << 4 | IPV4_BYTES / 4) << 24 | (uint32_t)ip->tos << 16 |
				    ip->total_bytes);
	bytes_put32(packet + 4, IPV4_DONT_FRAGMENT);
	bytes_put32(packet + 8, (uint32_t)ip->ttl << 24 | (uint32_t)ip->protocol << 16); /* checksum 0 */
	bytes_put32(packet + 12, address_v4(ip->src));
	bytes_put32(packet + 16, address_v4(ip->dst));
}

void ipv4_build_csum(uint8_t *packet)
{
	csum_put(packet + CSUM_AT, csum_header(packet, IPV4_BYTES));
}
