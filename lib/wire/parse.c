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
			frame->eth.type, frame->ip_verified, &frame->ip);
}

verdict parse_accept(struct frame *frame)
{
	return ip_acceptable(frame->bytes + ETH_BYTES, frame->contiguous - ETH_BYTES, &frame->ip);
}

/* From this side. */
static void take_addresses(const struct ip_hdr *ip, struct seg *seg, struct seg_side *side)
{
	if (!ip_is6(ip)) {
		seg->tuple.laddr = address_v4(ip->dst);
		seg->tuple.raddr = address_v4(ip->src);
		return;
	}
	seg->tuple.laddr = TUPLE_NAME_MARK;
	side->pair = (struct pair){ .local = ip->dst, .remote = ip->src };
}

verdict parse_tcp(const struct frame *frame, uint64_t rest, struct seg *seg, struct seg_side *side,
		  uint32_t *headers)
{
	const struct ip_hdr *ip = &frame->ip;
	uint32_t start = frame_l4_start(frame), len = frame_end(frame) - start;
	uint32_t contiguous = frame_contiguous(frame) - start;
	const uint8_t *header = frame->bytes + start;
	struct tcp_bytes segment = {
		.bytes = header,
		.contiguous = contiguous,
		.len = len,
		.sum = csum_add(csum_pseudo(ip->src, ip->dst, IP_PROTOCOL_TCP, (uint16_t)len),
				csum_at(rest, contiguous)),
		.verified = frame->l4_verified,
	};

	*seg = (struct seg){ .ttl = ip->ttl, .tos = ip->tos };
	take_addresses(ip, seg, side);
	verdict v = tcp_hdr_parse(&segment, seg);

	if (v != ACCEPTED)
		return v;
	*headers = start + tcp_hdr_bytes(header);
	if (seg->opts & SEG_OPT_SACK)
		seg->sacks = (uint8_t)tcp_opt_parse_sack(header + TCP_HDR_BYTES,
							 tcp_hdr_bytes(header) - TCP_HDR_BYTES, &side->sack);
	return ACCEPTED;
}
