/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/parse.h"

#include "wire/csum.h"
#include "wire/tcp_hdr.h"
#include "wire/tcp_opt.h"

verdict parse_link(struct frame *frame)
{
	return eth_parse(frame->bytes, frame->contiguous, &frame->eth);
}

verdict parse_ip(struct frame *frame)
{
	return ip_parse(frame->bytes + ETH_BYTES, frame->contiguous - ETH_BYTES, frame->total - ETH_BYTES,
			frame->ip_verified, &frame->ip);
}

verdict parse_tcp(const struct frame *frame, uint64_t rest, struct seg *seg, uint32_t *headers)
{
	const struct ip_hdr *ip = &frame->ip;
	verdict v = ip_acceptable(frame->bytes + ETH_BYTES, ip);

	if (v != ACCEPTED)
		return v;
	uint32_t start = frame_l4_start(frame), len = frame_end(frame) - start;
	uint32_t contiguous = frame_contiguous(frame) - start;
	struct tcp_bytes segment = {
		.bytes = frame->bytes + start,
		.contiguous = contiguous,
		.len = len,
		.sum = csum_add(csum_pseudo(ip->src, ip->dst, IP_PROTOCOL_TCP, (uint16_t)len),
				csum_at(rest, contiguous)),
		.verified = frame->l4_verified,
	};

	*seg = (struct seg){
		.tuple = { .laddr = ip->dst, .raddr = ip->src },
		.ttl = ip->ttl,
		.tos = ip->tos,
	};
	v = tcp_hdr_parse(&segment, seg);
	if (v == ACCEPTED)
		*headers = start + tcp_hdr_bytes(segment.bytes);
	return v;
}

unsigned parse_sack(const struct frame *frame, struct sack *sack)
{
	const uint8_t *header = frame->bytes + frame_l4_start(frame);

	return tcp_opt_parse_sack(header + TCP_HDR_BYTES, tcp_hdr_bytes(header) - TCP_HDR_BYTES, sack);
}
