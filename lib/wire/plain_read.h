/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain_read.h - how a plain frame is read, written once for every way to sum up a short segment.
 *
 * A source that has such a way includes this behind it: plain_sum(), csum_bytes() of TCP_HDR_BYTES to PLAIN_SHORT_MAX bytes.
 * plain.c and plain_avx512.c do, and nobody else. In place, because a call for each segment would cost what the vectors save.
 */
#ifndef WEIR_WIRE_PLAIN_READ_H
#define WEIR_WIRE_PLAIN_READ_H

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/plain.h"
#include "wire/tcp_hdr.h"
#include "wire/tcp_opt.h"

#ifndef PLAIN_SHORT_MAX /* so that this compiles alone */
#define PLAIN_SHORT_MAX 0
#define plain_sum csum_bytes
#endif

#define IP_AT ETH_BYTES
#define LEAST (IP_AT + IPV4_BYTES + TCP_HDR_BYTES)

/* Ethernet's type, IP's version and, of IPv4, the header length; then, in its first eight bytes, whether it is a fragment. */
#define TYPE_MASK 0xffffff00u
#define TYPE_PLAIN 0x08004500u
#define FRAGMENT_MASK 0x3fffu
#define TYPE_MASK_6 0xfffff000u
#define TYPE_PLAIN_6 0x86dd6000u

/* What an IP header says that TCP asks for. */
struct packet {
	const uint8_t *tcp;
	uint32_t tcp_at, tcp_bytes;
	uint64_t sum;   /* of the addresses */
	uint64_t tuple; /* tuple_addrs() */
	uint8_t ttl, tos;
};

/* Whether a sum that is not 0 folds to CSUM_RIGHT: folding keeps the remainder, and compilers turn this into one multiplication. */
static inline bool is_right(uint64_t sum)
{
	return sum % CSUM_RIGHT == 0;
}

static inline bool read_ipv4(const uint8_t *ip, uint32_t len, unsigned verified, struct packet *packet)
{
	uint64_t first = bytes_get64(ip), second = bytes_get64(ip + 8);
	uint32_t ip_bytes = (uint16_t)(first >> 32), dst = bytes_get32(ip + 16);

	if (first & FRAGMENT_MASK || (uint8_t)(second >> 48) != IP_PROTOCOL_TCP || ip_bytes > len ||
	    ip_bytes < IPV4_BYTES + TCP_HDR_BYTES)
		return false;
	if (!(verified & PLAIN_IP_VERIFIED) && !is_right(csum_add(csum_add(first, second), dst)))
		return false;
	packet->tcp = ip + IPV4_BYTES;
	packet->tcp_at = IP_AT + IPV4_BYTES;
	packet->tcp_bytes = ip_bytes - IPV4_BYTES;
	memcpy(&packet->sum, ip + 12, sizeof(packet->sum));
	packet->tuple = second << 32 | dst;
	packet->ttl = (uint8_t)(second >> 56);
	packet->tos = (uint8_t)(first >> 48);
	/* What is above is a name to all who see the tuple, and there is no pair here. */
	return dst < TUPLE_NAME_MARK;
}

static inline bool read_ipv6(const uint8_t *ip, uint32_t len, struct pair *pair, struct packet *packet)
{
	uint32_t tcp_bytes = bytes_get16(ip + 4);

	if (len < IPV6_BYTES + TCP_HDR_BYTES || ip[6] != IP_PROTOCOL_TCP || tcp_bytes > len - IPV6_BYTES ||
	    tcp_bytes < TCP_HDR_BYTES)
		return false;
	pair->remote = bytes_get_address(ip + 8);
	pair->local = bytes_get_address(ip + 24);
	packet->tcp = ip + IPV6_BYTES;
	packet->tcp_at = IP_AT + IPV6_BYTES;
	packet->tcp_bytes = tcp_bytes;
	packet->sum = csum_add(csum_address(pair->remote), csum_address(pair->local));
	packet->tuple = TUPLE_NAME_MARK;
	packet->ttl = ip[7];
	packet->tos = (uint8_t)(bytes_get16(ip) >> 4);
	return !weir_is_ipv4(pair->remote) && !weir_is_ipv4(pair->local);
}

static inline bool csum_right(const struct packet *packet)
{
	uint32_t len = packet->tcp_bytes;
	uint64_t sum = len <= PLAIN_SHORT_MAX ? plain_sum(packet->tcp, len) : csum_bytes(packet->tcp, len);
	uint64_t rest = (uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16((uint16_t)len);

	return is_right(csum_add(csum_add(sum, packet->sum), rest));
}

static inline bool read_tcp(const struct packet *packet, unsigned verified, struct seg *seg,
			    uint32_t *headers)
{
	const uint8_t *tcp = packet->tcp;
	uint32_t header_bytes = tcp_hdr_bytes(tcp), ports = bytes_get32(tcp);

	if (header_bytes < TCP_HDR_BYTES || header_bytes > packet->tcp_bytes)
		return false;
	if (!(verified & PLAIN_TCP_VERIFIED) && !csum_right(packet))
		return false;
	if (ports >> 16 == 0 || (ports & 0xffff) == 0)
		return false;
	*headers = packet->tcp_at + header_bytes;
	*seg = (struct seg){
		.tuple = { .laddr = (uint32_t)packet->tuple,
			   .raddr = (uint32_t)(packet->tuple >> 32),
			   .lport = (uint16_t)ports,
			   .rport = (uint16_t)(ports >> 16) },
		.seq = bytes_get32(tcp + 4),
		.ack = bytes_get32(tcp + 8),
		.wnd = bytes_get16(tcp + 14),
		.len = (uint16_t)(packet->tcp_bytes - header_bytes),
		.flags = tcp[13],
		.ttl = packet->ttl,
		.tos = packet->tos,
	};
	return tcp_opt_parse_plain(tcp + TCP_HDR_BYTES, header_bytes - TCP_HDR_BYTES, seg);
}

static inline bool read_frame(const uint8_t *frame, uint32_t len, unsigned verified,
			      const struct eth_addr *dst, struct seg *seg, struct pair *pair,
			      uint32_t *headers)
{
	struct packet packet;

	if (len < LEAST || !eth_equal((const struct eth_addr *)frame, dst) || frame[6] & 1)
		return false;
	uint32_t type = bytes_get32(frame + 12);

	/* One copy of the rest for each family, so that places in the frame are constants. */
	if ((type & TYPE_MASK) == TYPE_PLAIN)
		return read_ipv4(frame + IP_AT, len - IP_AT, verified, &packet) &&
		       read_tcp(&packet, verified, seg, headers);
	return (type & TYPE_MASK_6) == TYPE_PLAIN_6 && read_ipv6(frame + IP_AT, len - IP_AT, pair, &packet) &&
	       read_tcp(&packet, verified, seg, headers);
}

#endif
