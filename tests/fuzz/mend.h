/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mend.h - right checksums for a frame of any bytes, so that those who check them let it through.
 */
#ifndef WEIR_TESTS_FUZZ_MEND_H
#define WEIR_TESTS_FUZZ_MEND_H

#include <stdint.h>

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp_hdr.h"

/* What TCP or ICMP has: `len` bytes, of a packet with this header. */
static inline void mend_carried(uint8_t *carried, uint32_t len, const struct ip_hdr *ip)
{
	bool tcp = ip->protocol == IP_PROTOCOL_TCP;
	bool icmp = ip->protocol == (ip_is6(ip) ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP);
	uint8_t *at = carried + (tcp ? TCP_HDR_CSUM_AT : 2);

	if ((!tcp || len < TCP_HDR_BYTES) && (!icmp || len < ICMP_BYTES))
		return;
	bytes_put16(at, 0);
	uint64_t sum = csum_bytes(carried, len);

	if (tcp || ip_is6(ip))
		sum = csum_add(csum_pseudo(ip->src, ip->dst, ip->protocol, (uint16_t)len), sum);
	csum_put(at, sum);
}

static inline void mend_ipv4(uint8_t *packet, uint32_t len)
{
	uint32_t header = (packet[0] & 15) * 4u, total = bytes_get16(packet + 2);
	const struct ip_hdr ip = { .src = weir_ipv4(bytes_get32(packet + 12)),
				   .dst = weir_ipv4(bytes_get32(packet + 16)),
				   .protocol = packet[9] };

	if (header < IPV4_BYTES || total < header || total > len)
		return;
	bytes_put16(packet + 10, 0);
	csum_put(packet + 10, csum_bytes(packet, header));
	mend_carried(packet + header, total - header, &ip);
}

/* Where the lengths in the headers make sense, and IPv6's headers can be read past. */
static inline void mend(uint8_t *frame, uint32_t len)
{
	uint8_t *packet = frame + ETH_BYTES;
	struct ip_hdr ip;

	if (len < ETH_BYTES + IPV4_BYTES)
		return;
	if (packet[0] >> 4 != 6)
		mend_ipv4(packet, len - ETH_BYTES);
	else if (ipv6_parse(packet, len - ETH_BYTES, len - ETH_BYTES, &ip) == ACCEPTED &&
		 ipv6_acceptable(packet, len - ETH_BYTES, &ip) == ACCEPTED)
		mend_carried(packet + ip.header_bytes, (uint32_t)(ip.total_bytes - ip.header_bytes), &ip);
}

#endif
