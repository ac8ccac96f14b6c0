/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_parse - a received frame, all bytes of it hostile:
 * Ethernet, IP of either family, extension headers, TCP, options, SACK blocks.
 *
 * The frame stands in two heap blocks as a chain of buffers would, each exactly as long as its bytes. Most
 * byte strings would die of a wrong checksum, so that one bit of the first byte mends both.
 *
 * What the lane of a flood takes for a SYN (wire/syn.h) is read alike by parse.h.
 */
#include <string.h>

#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "fuzz/mend.h"
#include "support/exact.h"
#include "wire/parse.h"
#include "wire/syn.h"
#include "wire/tcp_opt.h"

#define FRAME_MAX 9014

enum {
	MEND = 1 << 0,
	IP_VERIFIED = 1 << 1,
	L4_VERIFIED = 1 << 2,
	SPLIT = 1 << 3, /* a byte says how much of the frame is contiguous */
};

/* What tcp/ relies on. */
static void check_segment(const struct frame *frame, const struct seg *seg, const struct pair *pair,
			  uint32_t headers)
{
	HOLDS(headers <= frame_contiguous(frame), "headers end at %u", headers);
	HOLDS(headers + seg->len == frame_end(frame), "%u + %u bytes", headers, seg->len);
	HOLDS(seg->tuple.lport != 0 && seg->tuple.rport != 0, "port 0");
	HOLDS(seg->wscale <= TCP_OPT_WSCALE_MAX, "shift %u", seg->wscale);
	HOLDS(seg->flags & SEG_SYN || !(seg->opts & (SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK)),
	      "a SYN's options %#x", seg->opts);
	HOLDS(tuple_is6(&seg->tuple) == ip_is6(&frame->ip), "%#x", seg->tuple.laddr);
	HOLDS(address_is_host(tuple_remote(&seg->tuple, pair)), "from %#x", seg->tuple.raddr);
	HOLDS(address_equal(tuple_remote(&seg->tuple, pair), frame->ip.src) &&
		      address_equal(tuple_local(&seg->tuple, pair), frame->ip.dst),
	      "other addresses");
}

/* Whether its sender may be told reads no byte that is not there; where the trouble is, is in the packet. */
static void look_at_problem(const struct frame *frame)
{
	const struct ip_hdr *ip = &frame->ip;

	if (!ip_is6(ip) || ip->problem == IP_PROBLEM_NONE)
		return;
	HOLDS(ip->problem_at < ip->total_bytes, "a problem at %u of %u", ip->problem_at, ip->total_bytes);
	icmp6_error_allowed(ip, frame->bytes + ETH_BYTES, frame_contiguous(frame) - ETH_BYTES, false);
}

static bool accept(struct frame *frame)
{
	if (parse_link(frame) != ACCEPTED ||
	    (frame->eth.type != ETH_TYPE_IPV4 && frame->eth.type != ETH_TYPE_IPV6) ||
	    parse_ip(frame) != ACCEPTED)
		return false;
	/* Whoever parses looks whether it is its own: no IPv4 tuple then passes for a name (base/tuple.h). */
	if (!address_is_host(frame->ip.dst))
		return false;
	if (parse_accept(frame) == ACCEPTED)
		return true;
	look_at_problem(frame);
	return false;
}

/* Whether the lane takes a frame that is for whomever it says. */
static bool lane_takes(const uint8_t *bytes, uint32_t len, bool is6, struct syns *syns)
{
	struct eth_addr dst;

	if (len < sizeof(dst))
		return false;
	memcpy(&dst, bytes, sizeof(dst));
	syns_init(syns, &dst, is6);
	return syns_add(syns, bytes, len) && syns_csums_right(syns, bytes) &&
	       address_is_host(syns_local(syns)) && address_is_host(syns_remote(syns, 0));
}

static void check_lane(const uint8_t *bytes, uint32_t len, bool is6)
{
	struct frame frame = { .bytes = bytes, .contiguous = len, .total = len };
	struct seg_side side;
	struct syns syns;
	struct seg seg;
	uint32_t headers;

	if (!lane_takes(bytes, len, is6, &syns))
		return;
	HOLDS(accept(&frame) && frame.ip.protocol == IP_PROTOCOL_TCP && ip_is6(&frame.ip) == is6,
	      "the lane took it");
	HOLDS(parse_tcp(&frame, 0, &seg, &side, &headers) == ACCEPTED, "the lane took it");
	HOLDS(seg.flags == SEG_SYN && seg.len == 0 && seg.mss == syns.mss[0] &&
		      seg.wscale == syns.wscales[0] && seg.seq == syns.numbers[0] >> 32 &&
		      tuple_ports(&seg.tuple) == syns.ports[0],
	      "flags %#x, %u bytes, MSS %u", seg.flags, seg.len, seg.mss);
	HOLDS(address_equal(frame.ip.dst, syns_local(&syns)) &&
		      address_equal(frame.ip.src, syns_remote(&syns, 0)),
	      "other addresses");
}

static void parse(struct frame *frame, const uint8_t *whole)
{
	const struct pair untouched = { weir_ipv4(1), weir_ipv4(2) };
	struct seg_side side = { .pair = untouched };
	struct seg seg;
	uint32_t headers;

	if (!accept(frame) || frame->ip.protocol != IP_PROTOCOL_TCP)
		return;
	uint32_t here = frame_contiguous(frame);
	uint64_t rest = csum_bytes(whole + here, frame_end(frame) - here);

	if (parse_tcp(frame, rest, &seg, &side, &headers) != ACCEPTED)
		return;
	check_segment(frame, &seg, &side.pair, headers);
	HOLDS(seg.sacks <= SACK_BLOCKS_MAX, "%u blocks", seg.sacks);
	HOLDS(ip_is6(&frame->ip) || pair_equal(&side.pair, &untouched), "a pair of IPv4");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_in in = { data, data + size };
	unsigned how = in_u8(&in);
	uint8_t part = how & SPLIT ? in_u8(&in) : UINT8_MAX;
	uint32_t total = (uint32_t)in_left(&in);

	if (total > FRAME_MAX)
		return 0;
	uint8_t *whole = exact_copy(in.at, total);

	if (how & MEND)
		mend(whole, total);
	uint32_t here = how & SPLIT && part < total ? part : total;
	uint8_t *first = exact_copy(whole, here);

	check_lane(first, here, false);
	check_lane(first, here, true);
	parse(&(struct frame){ .bytes = first,
			       .contiguous = here,
			       .total = total,
			       .ip_verified = how & IP_VERIFIED,
			       .l4_verified = how & L4_VERIFIED },
	      whole);
	free(first);
	free(whole);
	return 0;
}
