/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain_pvt.h - what all ways of plain.h do alike: Ethernet, and IPv6's header.
 * plain.c and plain_avx512.c include it, and nobody else.
 */
#ifndef WEIR_WIRE_PLAIN_PVT_H
#define WEIR_WIRE_PLAIN_PVT_H

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/plain.h"
#include "wire/tcp_hdr.h"
#include "wire/tcp_opt.h"

#define IP_AT ETH_BYTES
#define LEAST (IP_AT + IPV4_BYTES + TCP_HDR_BYTES)

/* Ethernet's type, IP's version and, of IPv4, the header length. */
#define TYPE_MASK 0xffffff00u
#define TYPE_PLAIN 0x08004500u
#define TYPE_MASK_6 0xfffff000u
#define TYPE_PLAIN_6 0x86dd6000u

static inline bool is_to_us(const uint8_t *frame, const struct eth_addr *us)
{
	return eth_equal((const struct eth_addr *)frame, us) && !(frame[6] & 1);
}

static inline uint32_t type_of(const uint8_t *frame)
{
	return bytes_get32(frame + 12);
}

/* The bytes that a complete IPv6 packet has for TCP, of len that there are; 0: it is none, or not plain. */
static inline uint32_t ipv6_tcp_bytes(const uint8_t *ip, uint32_t len)
{
	uint32_t tcp_bytes = bytes_get16(ip + 4);

	if (len < IPV6_BYTES + TCP_HDR_BYTES || ip[6] != IP_PROTOCOL_TCP || tcp_bytes > len - IPV6_BYTES ||
	    tcp_bytes < TCP_HDR_BYTES)
		return 0;
	return tcp_bytes;
}

static inline uint8_t ipv6_tos(const uint8_t *ip)
{
	return (uint8_t)(bytes_get16(ip) >> 4);
}

/* False: no pair of IPv6 addresses to us. */
static inline bool get_pair(const uint8_t *ip, struct pair *pair)
{
	pair->remote = bytes_get_address(ip + 8);
	pair->local = bytes_get_address(ip + 24);
	return !weir_is_ipv4(pair->remote) && !weir_is_ipv4(pair->local);
}

static inline uint64_t sum_pair(const struct pair *pair)
{
	return csum_add(csum_address(pair->local), csum_address(pair->remote));
}

/* Of the pseudo header, what beside the addresses is in it. */
static inline uint64_t sum_rest(uint32_t tcp_bytes)
{
	return (uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16((uint16_t)tcp_bytes);
}

static inline void put_eth(uint8_t *frame, const struct eth_addr *dst, const struct eth_addr *src,
			   uint16_t type)
{
	memcpy(frame, dst->bytes, sizeof(dst->bytes));
	memcpy(frame + 6, src->bytes, sizeof(src->bytes));
	bytes_put16(frame + 12, type);
}

static inline void put_ipv6(uint8_t *ip, const struct seg *seg, const struct pair *pair, uint32_t tcp_bytes)
{
	bytes_put32(ip, 0x60000000u | (uint32_t)seg->tos << 20 | ipv6_flow_label(&seg->tuple));
	bytes_put32(ip + 4, tcp_bytes << 16 | (uint32_t)IP_PROTOCOL_TCP << 8 | seg->ttl);
	bytes_put_address(ip + 8, pair->local);
	bytes_put_address(ip + 24, pair->remote);
}

#endif
