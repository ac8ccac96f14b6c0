/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/build.h"

#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp_opt.h"

#define IP_AT ETH_BYTES

unsigned build_headers(uint8_t *frame, const struct seg *seg, const struct pair *pair,
		       const struct eth_addr *dst, const struct eth_addr *src)
{
	bool is6 = tuple_is6(&seg->tuple);
	unsigned tcp_at = build_tcp_at(seg), tcp_bytes = tcp_hdr_build(frame + tcp_at, seg);

	eth_build(frame,
		  &(struct eth_hdr){ .dst = *dst, .src = *src, .type = is6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4 });
	ip_build(frame + IP_AT,
		 &(struct ip_hdr){
			 .src = tuple_local(&seg->tuple, pair),
			 .dst = tuple_remote(&seg->tuple, pair),
			 .total_bytes = (uint16_t)(tcp_at - IP_AT + tcp_bytes + seg->len),
			 .protocol = IP_PROTOCOL_TCP,
			 .ttl = seg->ttl,
			 .tos = seg->tos,
		 },
		 is6 ? ipv6_flow_label(&seg->tuple) : 0);
	return tcp_at + tcp_bytes;
}

void build_sack(uint8_t *frame, const struct seg *seg, const struct sack *sack)
{
	uint8_t *header = frame + build_tcp_at(seg);

	tcp_opt_build_sack(header + TCP_HDR_BYTES, tcp_hdr_bytes(header) - TCP_HDR_BYTES, seg, sack);
}

/* The addresses are in the frame by now. */
static uint64_t pseudo(const uint8_t *frame, const struct seg *seg, uint16_t len)
{
	const uint8_t *ip = frame + IP_AT;
	uint64_t addresses = tuple_is6(&seg->tuple) ? csum_bytes(ip + 8, 32) : csum_bytes(ip + 12, 8);

	return csum_add(addresses, (uint64_t)htobe16(IP_PROTOCOL_TCP) + htobe16(len));
}

void build_csum(uint8_t *frame, const struct seg *seg)
{
	const uint8_t *header = frame + build_tcp_at(seg);

	build_csum_of(frame, seg, csum_bytes(header + tcp_hdr_bytes(header), seg->len));
}

void build_csum_of(uint8_t *frame, const struct seg *seg, uint64_t payload_sum)
{
	uint8_t *header = frame + build_tcp_at(seg);
	unsigned header_bytes = tcp_hdr_bytes(header);
	uint64_t sum = pseudo(frame, seg, (uint16_t)(header_bytes + seg->len));

	if (!tuple_is6(&seg->tuple))
		ipv4_build_csum(frame + IP_AT);
	sum = csum_add(sum, csum_header(header, header_bytes));
	sum = csum_add(sum, payload_sum);
	csum_put(header + TCP_HDR_CSUM_AT, sum);
}

void build_csum_offload(uint8_t *frame, const struct seg *seg)
{
	uint8_t *header = frame + build_tcp_at(seg);
	uint16_t len = (uint16_t)(tcp_hdr_bytes(header) + seg->len);

	csum_put_partial(header + TCP_HDR_CSUM_AT, pseudo(frame, seg, len));
}
