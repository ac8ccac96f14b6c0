/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/plain.h"

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ip.h"
#include "wire/tcp_hdr.h"
#include "wire/tcp_opt.h"

#define IP_AT ETH_BYTES
#define TCP_AT (ETH_BYTES + IP_BYTES)
#define OPTIONS_AT (TCP_AT + TCP_HDR_BYTES)
#define LEAST OPTIONS_AT

/* Ethernet's type, IP's version and header length; then, around the TTL, fragment and protocol. */
#define TYPE_MASK 0xffffff00u
#define TYPE_PLAIN 0x08004500u
#define FRAGMENT_MASK 0x3fff00ffu
#define FRAGMENT_PLAIN 0x00000006u

/* IP's header and all of TCP. */
static bool csums_right(const uint8_t *frame, uint32_t tcp_bytes)
{
	const uint8_t *ip = frame + IP_AT;
	uint64_t addresses, sum;

	memcpy(&addresses, ip + 12, sizeof(addresses));
	if (csum_fold(csum_header(ip, IP_BYTES)) != CSUM_RIGHT)
		return false;
	sum = csum_add(csum_bytes(frame + TCP_AT, tcp_bytes), addresses);
	return csum_fold(csum_add(sum, (uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16((uint16_t)tcp_bytes))) ==
	       CSUM_RIGHT;
}

bool plain_parse(const uint8_t *frame, uint32_t len, bool verified, const struct eth_addr *dst,
		 struct seg *seg, uint32_t *headers)
{
	if (len < LEAST || !eth_equal((const struct eth_addr *)frame, dst) || frame[6] & 1)
		return false;
	if ((bytes_get32(frame + 12) & TYPE_MASK) != TYPE_PLAIN ||
	    (bytes_get32(frame + IP_AT + 6) & FRAGMENT_MASK) != FRAGMENT_PLAIN)
		return false;
	uint32_t ip_bytes = bytes_get16(frame + IP_AT + 2), header_bytes = tcp_hdr_bytes(frame + TCP_AT);
	uint32_t tcp_bytes = ip_bytes - IP_BYTES;

	if (ip_bytes > len - ETH_BYTES || ip_bytes < IP_BYTES + TCP_HDR_BYTES ||
	    header_bytes < TCP_HDR_BYTES || header_bytes > tcp_bytes)
		return false;
	if (!verified && !csums_right(frame, tcp_bytes))
		return false;
	uint32_t ports = bytes_get32(frame + TCP_AT);

	if (ports >> 16 == 0 || (ports & 0xffff) == 0)
		return false;
	*headers = TCP_AT + header_bytes;
	*seg = (struct seg){
		.tuple = { .laddr = bytes_get32(frame + IP_AT + 16),
			   .raddr = bytes_get32(frame + IP_AT + 12),
			   .lport = (uint16_t)ports,
			   .rport = (uint16_t)(ports >> 16) },
		.seq = bytes_get32(frame + TCP_AT + 4),
		.ack = bytes_get32(frame + TCP_AT + 8),
		.wnd = bytes_get16(frame + TCP_AT + 14),
		.len = (uint16_t)(tcp_bytes - header_bytes),
		.flags = frame[TCP_AT + 13],
		.ttl = frame[IP_AT + 8],
		.tos = frame[IP_AT + 1],
	};
	return tcp_opt_parse_plain(frame + OPTIONS_AT, header_bytes - TCP_HDR_BYTES, seg);
}

/* Writes a word, and returns what it adds to a sum. */
static inline uint64_t put(uint8_t *at, uint32_t word)
{
	uint32_t word_be = htobe32(word);

	memcpy(at, &word_be, sizeof(word_be));
	return word_be;
}

/* A word whose lower half is the checksum of itself and of `sum`. */
static inline void put_csum(uint8_t *at, uint32_t upper, uint64_t sum)
{
	uint32_t word_be = htobe32(upper << 16);
	uint16_t csum = (uint16_t)~csum_fold(sum + word_be);

	memcpy(at, &word_be, sizeof(uint16_t));
	memcpy(at + sizeof(uint16_t), &csum, sizeof(csum));
}

static uint64_t put_ip(uint8_t *ip, const struct seg *seg, uint32_t tcp_bytes)
{
	uint64_t addresses = put(ip + 12, seg->tuple.laddr) + put(ip + 16, seg->tuple.raddr);
	uint64_t sum = put(ip, 0x45000000u | (uint32_t)seg->tos << 16 | (IP_BYTES + tcp_bytes)) +
		       put(ip + 4, IP_DONT_FRAGMENT);

	put_csum(ip + 8, (uint32_t)seg->ttl << 8 | IP_PROTOCOL_TCP, sum + addresses);
	return addresses;
}

unsigned plain_build(uint8_t *frame, const struct seg *seg, const struct eth_addr *dst,
		     const struct eth_addr *src)
{
	uint8_t *tcp = frame + TCP_AT;
	uint32_t tcp_bytes = TCP_HDR_BYTES + tcp_opt_bytes(seg);
	uint64_t sum = put_ip(frame + IP_AT, seg, tcp_bytes) + htobe16(IP_PROTOCOL_TCP) +
		       htobe16((uint16_t)tcp_bytes);

	eth_build(frame, &(struct eth_hdr){ .dst = *dst, .src = *src, .type = ETH_TYPE_IPV4 });
	sum += put(tcp, (uint32_t)seg->tuple.lport << 16 | seg->tuple.rport);
	sum += put(tcp + 4, seg->seq);
	sum += put(tcp + 8, seg->ack);
	sum += put(tcp + 12, tcp_bytes / 4 << 28 | (uint32_t)seg->flags << 16 | seg->wnd);
	sum += tcp_opt_build(frame + OPTIONS_AT, seg);
	/* The urgent pointer is 0: weir sends no urgent data. */
	uint32_t csum = (uint16_t)~csum_fold(sum);

	memcpy(tcp + TCP_HDR_CSUM_AT, &csum, sizeof(csum));
	return TCP_AT + tcp_bytes;
}
