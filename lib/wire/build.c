/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/build.h"

#include "wire/csum.h"
#include "wire/tcp_opt.h"

#define IP_AT ETH_BYTES
#define TCP_AT (ETH_BYTES + IP_BYTES)

unsigned build_headers(uint8_t *frame, const struct seg *seg, const struct eth_addr *dst,
		       const struct eth_addr *src)
{
	unsigned tcp_bytes = tcp_hdr_build(frame + TCP_AT, seg);

	eth_build(frame, &(struct eth_hdr){ .dst = *dst, .src = *src, .type = ETH_TYPE_IPV4 });
	ip_build(frame + IP_AT, &(struct ip_hdr){
					.src = seg->tuple.laddr,
					.dst = seg->tuple.raddr,
					.total_bytes = (uint16_t)(IP_BYTES + tcp_bytes + seg->len),
					.protocol = IP_PROTOCOL_TCP,
					.ttl = seg->ttl,
					.tos = seg->tos,
				});
	return TCP_AT + tcp_bytes;
}

void build_sack(uint8_t *frame, const struct seg *seg, const struct sack *sack)
{
	uint8_t *header = frame + TCP_AT;

	tcp_opt_build_sack(header + TCP_HDR_BYTES, tcp_hdr_bytes(header) - TCP_HDR_BYTES, seg, sack);
}

/* Header and payload of the segment that stands in the frame. */
static uint16_t segment_bytes(const uint8_t *frame, const struct seg *seg)
{
	return (uint16_t)(tcp_hdr_bytes(frame + TCP_AT) + seg->len);
}

static uint64_t pseudo(const struct seg *seg, uint16_t len)
{
	return csum_pseudo(seg->tuple.laddr, seg->tuple.raddr, IP_PROTOCOL_TCP, len);
}

void build_csum(uint8_t *frame, const struct seg *seg)
{
	unsigned header_bytes = tcp_hdr_bytes(frame + TCP_AT);
	uint64_t sum = pseudo(seg, (uint16_t)(header_bytes + seg->len));

	ip_build_csum(frame + IP_AT);
	sum = csum_add(sum, csum_header(frame + TCP_AT, header_bytes));
	sum = csum_add(sum, csum_bytes(frame + TCP_AT + header_bytes, seg->len));
	csum_put(frame + TCP_AT + TCP_HDR_CSUM_AT, sum);
}

void build_csum_offload(uint8_t *frame, const struct seg *seg)
{
	csum_put_partial(frame + TCP_AT + TCP_HDR_CSUM_AT, pseudo(seg, segment_bytes(frame, seg)));
}
