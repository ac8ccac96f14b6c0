/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/plain.h"

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp_hdr.h"
#include "wire/tcp_opt.h"

#define IP_AT ETH_BYTES
#define LEAST (IP_AT + IPV4_BYTES + TCP_HDR_BYTES)
#define LEAST_6 (IP_AT + IPV6_BYTES + TCP_HDR_BYTES)

/* Ethernet's type, IP's version and, of IPv4, the header length; then, around the TTL, fragment and protocol. */
#define TYPE_MASK 0xffffff00u
#define TYPE_PLAIN 0x08004500u
#define FRAGMENT_MASK 0x3fff00ffu
#define FRAGMENT_PLAIN 0x00000006u
#define TYPE_MASK_6 0xfffff000u
#define TYPE_PLAIN_6 0x86dd6000u

/* What an IP header says that TCP asks for. */
struct packet {
	uint32_t tcp_at, tcp_bytes;
	uint64_t addresses; /* their sum */
	uint32_t laddr, raddr;
	uint8_t ttl, tos;
};

static inline bool read_ipv4(const uint8_t *frame, uint32_t len, unsigned verified, struct packet *packet)
{
	const uint8_t *ip = frame + IP_AT;
	uint32_t ip_bytes = bytes_get16(ip + 2);

	if ((bytes_get32(ip + 6) & FRAGMENT_MASK) != FRAGMENT_PLAIN || ip_bytes > len - ETH_BYTES ||
	    ip_bytes < IPV4_BYTES + TCP_HDR_BYTES)
		return false;
	if (!(verified & PLAIN_IP_VERIFIED) && csum_fold(csum_header(ip, IPV4_BYTES)) != CSUM_RIGHT)
		return false;
	memcpy(&packet->addresses, ip + 12, sizeof(packet->addresses));
	packet->tcp_at = IP_AT + IPV4_BYTES;
	packet->tcp_bytes = ip_bytes - IPV4_BYTES;
	packet->laddr = bytes_get32(ip + 16);
	packet->raddr = bytes_get32(ip + 12);
	packet->ttl = ip[8];
	packet->tos = ip[1];
	/* What is above is a name to all who see the tuple, and there is no pair here. */
	return packet->laddr < TUPLE_NAME_MARK;
}

static inline bool read_ipv6(const uint8_t *frame, uint32_t len, struct pair *pair, struct packet *packet)
{
	const uint8_t *ip = frame + IP_AT;
	uint32_t tcp_bytes = bytes_get16(ip + 4);

	if (len < LEAST_6 || ip[6] != IP_PROTOCOL_TCP || tcp_bytes > len - ETH_BYTES - IPV6_BYTES ||
	    tcp_bytes < TCP_HDR_BYTES)
		return false;
	pair->remote = bytes_get_address(ip + 8);
	pair->local = bytes_get_address(ip + 24);
	packet->addresses = csum_add(csum_address(pair->remote), csum_address(pair->local));
	packet->tcp_at = IP_AT + IPV6_BYTES;
	packet->tcp_bytes = tcp_bytes;
	packet->laddr = TUPLE_NAME_MARK;
	packet->raddr = 0;
	packet->ttl = ip[7];
	packet->tos = (uint8_t)(bytes_get16(ip) >> 4);
	return !weir_is_ipv4(pair->remote) && !weir_is_ipv4(pair->local);
}

static inline bool read_packet(const uint8_t *frame, uint32_t len, unsigned verified, struct pair *pair,
			       struct packet *packet)
{
	uint32_t type = bytes_get32(frame + 12);

	if ((type & TYPE_MASK) == TYPE_PLAIN)
		return read_ipv4(frame, len, verified, packet);
	return (type & TYPE_MASK_6) == TYPE_PLAIN_6 && read_ipv6(frame, len, pair, packet);
}

static bool csum_right(const uint8_t *frame, const struct packet *packet)
{
	uint64_t sum = csum_add(csum_bytes(frame + packet->tcp_at, packet->tcp_bytes), packet->addresses);
	uint64_t rest = (uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16((uint16_t)packet->tcp_bytes);

	return csum_fold(csum_add(sum, rest)) == CSUM_RIGHT;
}

bool plain_parse(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
		 struct seg *seg, struct pair *pair, uint32_t *headers)
{
	struct packet packet;

	if (len < LEAST || !eth_equal((const struct eth_addr *)frame, dst) || frame[6] & 1 ||
	    !read_packet(frame, len, verified, pair, &packet))
		return false;
	const uint8_t *tcp = frame + packet.tcp_at;
	uint32_t header_bytes = tcp_hdr_bytes(tcp), ports = bytes_get32(tcp);

	if (header_bytes < TCP_HDR_BYTES || header_bytes > packet.tcp_bytes)
		return false;
	if (!(verified & PLAIN_TCP_VERIFIED) && !csum_right(frame, &packet))
		return false;
	if (ports >> 16 == 0 || (ports & 0xffff) == 0)
		return false;
	*headers = packet.tcp_at + header_bytes;
	*seg = (struct seg){
		.tuple = { .laddr = packet.laddr,
			   .raddr = packet.raddr,
			   .lport = (uint16_t)ports,
			   .rport = (uint16_t)(ports >> 16) },
		.seq = bytes_get32(tcp + 4),
		.ack = bytes_get32(tcp + 8),
		.wnd = bytes_get16(tcp + 14),
		.len = (uint16_t)(packet.tcp_bytes - header_bytes),
		.flags = tcp[13],
		.ttl = packet.ttl,
		.tos = packet.tos,
	};
	return tcp_opt_parse_plain(tcp + TCP_HDR_BYTES, header_bytes - TCP_HDR_BYTES, seg);
}

/* A word whose lower half is the checksum of itself and of `sum`. */
static inline void put_csum(uint8_t *at, uint32_t upper, uint64_t sum)
{
	uint32_t word_be = htobe32(upper << 16);
	uint16_t csum = (uint16_t)~csum_fold(sum + word_be);

	memcpy(at, &word_be, sizeof(uint16_t));
	memcpy(at + sizeof(uint16_t), &csum, sizeof(csum));
}

/* Both return the sum of the addresses, of which no dozen leaves 64 bits. */
static inline uint64_t put_ipv4(uint8_t *ip, const struct seg *seg, uint32_t tcp_bytes)
{
	uint64_t addresses =
		csum_put_word(ip + 12, seg->tuple.laddr) + csum_put_word(ip + 16, seg->tuple.raddr);
	uint64_t sum = csum_put_word(ip, 0x45000000u | (uint32_t)seg->tos << 16 | (IPV4_BYTES + tcp_bytes)) +
		       csum_put_word(ip + 4, IPV4_DONT_FRAGMENT);

	put_csum(ip + 8, (uint32_t)seg->ttl << 8 | IP_PROTOCOL_TCP, sum + addresses);
	return addresses;
}

static uint64_t put_ipv6(uint8_t *ip, const struct seg *seg, const struct pair *pair, uint32_t tcp_bytes)
{
	uint64_t sum = csum_add(csum_address(pair->local), csum_address(pair->remote));

	csum_put_word(ip, 0x60000000u | (uint32_t)seg->tos << 20 | ipv6_flow_label(&seg->tuple));
	csum_put_word(ip + 4, tcp_bytes << 16 | (uint32_t)IP_PROTOCOL_TCP << 8 | seg->ttl);
	bytes_put_address(ip + 8, pair->local);
	bytes_put_address(ip + 24, pair->remote);
	return csum_fold(sum);
}

static inline uint32_t tcp_at(const struct seg *seg)
{
	return IP_AT + (tuple_is6(&seg->tuple) ? IPV6_BYTES : IPV4_BYTES);
}

unsigned plain_headers(const struct seg *seg)
{
	return tcp_at(seg) + TCP_HDR_BYTES + tcp_opt_bytes(seg);
}

unsigned plain_build(uint8_t *frame, const struct seg *seg, const struct pair *pair,
		     const struct eth_addr *dst, const struct eth_addr *src, uint64_t payload_sum)
{
	bool is6 = tuple_is6(&seg->tuple);
	uint32_t header_bytes = TCP_HDR_BYTES + tcp_opt_bytes(seg), tcp_bytes = header_bytes + seg->len;
	uint8_t *ip = frame + IP_AT, *tcp = frame + tcp_at(seg);
	uint64_t sum = (uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16((uint16_t)tcp_bytes);

	eth_build(frame,
		  &(struct eth_hdr){ .dst = *dst, .src = *src, .type = is6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4 });
	sum += is6 ? put_ipv6(ip, seg, pair, tcp_bytes) : put_ipv4(ip, seg, tcp_bytes);
	sum += csum_put_word(tcp, (uint32_t)seg->tuple.lport << 16 | seg->tuple.rport);
	sum += csum_put_word(tcp + 4, seg->seq);
	sum += csum_put_word(tcp + 8, seg->ack);
	sum += csum_put_word(tcp + 12, header_bytes / 4 << 28 | (uint32_t)seg->flags << 16 | seg->wnd);
	sum += tcp_opt_build(tcp + TCP_HDR_BYTES, seg);
	sum += csum_fold(payload_sum);
	/* The urgent pointer is 0: weir sends no urgent data. */
	uint32_t csum = (uint16_t)~csum_fold(sum);

	memcpy(tcp + TCP_HDR_CSUM_AT, &csum, sizeof(csum));
	return tcp_at(seg) + header_bytes;
}
