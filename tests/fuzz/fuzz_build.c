/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_build - what build.h writes, parse.h reads back equal: any segment that a sender can make of either
 * family, with its options, blocks and payload, whole or in two buffers, and refused if any one byte of it
 * has changed.
 */
#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "support/addresses.h"
#include "support/exact.h"
#include "wire/build.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/parse.h"
#include "wire/tcp_opt.h"

static const struct eth_addr our_mac = { { 2, 0, 0, 0, 0, 1 } }, peer_mac = { { 2, 0, 0, 0, 0, 2 } };

static uint32_t host(uint32_t address)
{
	return address_v4_is_host(address) ? address : 0x0a000001;
}

/* Its tuple is of numbers until the family is known, by a bit that no option has. */
#define IPV6 0x80

static void take_options(struct bytes_in *in, unsigned opts, struct seg *seg, struct sack *sack)
{
	if (opts & SEG_OPT_TS) {
		seg->tsval = in_u32(in);
		seg->tsecr = in_u32(in);
	}
	if (seg->flags & SEG_SYN) {
		seg->opts = (uint8_t)(opts & (SEG_OPT_TS | SEG_OPT_SACK_OK | SEG_OPT_MSS | SEG_OPT_WSCALE));
		seg->mss = opts & SEG_OPT_MSS ? in_u16(in) : 0;
		seg->wscale = opts & SEG_OPT_WSCALE ? (uint8_t)in_below(in, TCP_OPT_WSCALE_MAX + 1) : 0;
		return;
	}
	seg->opts = (uint8_t)(opts & (SEG_OPT_TS | SEG_OPT_SACK));
	if (seg->opts & SEG_OPT_SACK) {
		seg->sacks = (uint8_t)(1 + in_below(in, seg->opts & SEG_OPT_TS ? 3 : 4));
		for (unsigned i = 0; i < seg->sacks; i++)
			sack->blocks[i] = (struct sack_block){ in_u32(in), in_u32(in) };
	}
}

static struct seg take_segment(struct bytes_in *in, struct seg_side *side)
{
	struct seg seg = {
		.tuple = { .laddr = host(in_u32(in)),
			   .raddr = host(in_u32(in)),
			   .lport = in_u16(in) | 1,
			   .rport = in_u16(in) | 1 },
		.seq = in_u32(in),
		.ack = in_u32(in),
		.wnd = in_u16(in),
		.flags = in_u8(in),
		.ttl = in_u8(in),
		.tos = in_u8(in),
	};
	unsigned opts = in_u8(in);

	side->pair = numbered_pair(opts & IPV6, &seg.tuple);
	seg.tuple = tuple_make((struct siphash_key){ 1, 2 }, &side->pair, seg.tuple.lport, seg.tuple.rport);
	take_options(in, opts, &seg, &side->sack);
	return seg;
}

/* Reads a frame whose first `here` bytes are contiguous. */
static verdict parse(const uint8_t *bytes, uint32_t len, uint32_t here, bool verified, struct seg *seg,
		     struct seg_side *side, uint32_t *headers)
{
	uint8_t *first = exact_copy(bytes, here);
	struct frame frame = { .bytes = first, .contiguous = here, .total = len, .l4_verified = verified };
	verdict v = parse_link(&frame);

	if (v == ACCEPTED)
		v = parse_ip(&frame);
	if (v == ACCEPTED)
		v = parse_accept(&frame);
	if (v == ACCEPTED)
		v = parse_tcp(&frame, csum_bytes(bytes + here, len - here), seg, side, headers);
	free(first);
	return v;
}

static bool same_addresses(const struct seg *sent, const struct seg_side *sent_side, const struct seg *got,
			   const struct seg_side *got_side)
{
	return address_equal(tuple_local(&got->tuple, &got_side->pair),
			     tuple_remote(&sent->tuple, &sent_side->pair)) &&
	       address_equal(tuple_remote(&got->tuple, &got_side->pair),
			     tuple_local(&sent->tuple, &sent_side->pair));
}

static bool same_segment(const struct seg *sent, const struct seg *got)
{
	return got->tuple.lport == sent->tuple.rport && got->tuple.rport == sent->tuple.lport &&
	       got->seq == sent->seq && got->ack == sent->ack && got->tsval == sent->tsval &&
	       got->tsecr == sent->tsecr && got->wnd == sent->wnd && got->len == sent->len &&
	       got->mss == sent->mss && got->flags == sent->flags && got->opts == sent->opts &&
	       got->wscale == sent->wscale && got->ttl == sent->ttl && got->tos == sent->tos &&
	       got->sacks == sent->sacks;
}

static void read_back(const uint8_t *frame, unsigned headers, const struct seg *seg,
		      const struct seg_side *side, uint32_t here, bool verified)
{
	struct seg got;
	struct seg_side got_side;
	uint32_t got_headers;
	verdict v = parse(frame, headers + seg->len, here, verified, &got, &got_side, &got_headers);

	HOLDS(v == ACCEPTED, "%s", counter_name(v));
	HOLDS(got_headers == headers, "%u for %u", got_headers, headers);
	HOLDS(same_segment(seg, &got), "flags %#x options %#x", seg->flags, seg->opts);
	HOLDS(same_addresses(seg, side, &got, &got_side), "addresses");
	HOLDS(memcmp(side->sack.blocks, got_side.sack.blocks, seg->sacks * sizeof(struct sack_block)) == 0,
	      "blocks");
}

/*
 * One damaged byte, but for Ethernet's own, is always found: the ones' complement sum sees to it. IPv6's has
 * not all of the header in it: not what routers change, and what is carried may be cut into something else
 * that is right.
 */
static void damage(uint8_t *frame, unsigned headers, const struct seg *seg, struct bytes_in *in)
{
	struct seg got;
	struct seg_side got_side;
	uint32_t got_headers, len = headers + seg->len;
	uint32_t at = ETH_BYTES + in_u16(in) % (len - ETH_BYTES);
	uint8_t change = in_u8(in);

	if (change == 0 || (tuple_is6(&seg->tuple) && at < ETH_BYTES + 8))
		return;
	frame[at] ^= change;
	verdict v = parse(frame, len, len, false, &got, &got_side, &got_headers);

	HOLDS(v != ACCEPTED, "byte %u", at);
	frame[at] ^= change;
}

/* The whole frame but its checksums; returns the bytes of headers. */
static unsigned build(uint8_t *frame, const struct seg *seg, const struct seg_side *side, const uint8_t *text)
{
	unsigned headers = build_headers(frame, seg, &side->pair, &peer_mac, &our_mac);

	HOLDS(headers <= BUILD_HEADERS_MAX, "%u", headers);
	if (seg->len > 0)
		memcpy(frame + headers, text, seg->len);
	if (seg->opts & SEG_OPT_SACK)
		build_sack(frame, seg, &side->sack);
	return headers;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_in in = { data, data + size };
	struct seg_side side = { 0 };
	struct seg seg = take_segment(&in, &side);
	uint8_t places[4] = { in_u8(&in), in_u8(&in), in_u8(&in), in_u8(&in) };
	struct bytes_in damages = { places, places + 3 };

	seg.len = (uint16_t)(in_left(&in) < 2000 ? in_left(&in) : 2000);
	uint8_t *frame = malloc(BUILD_HEADERS_MAX + seg.len);
	unsigned headers = build(frame, &seg, &side, in.at);
	uint32_t len = headers + seg.len;

	build_csum(frame, &seg);
	read_back(frame, headers, &seg, &side, len, false);
	read_back(frame, headers, &seg, &side, headers + (seg.len > 0 ? places[3] % seg.len : 0), false);
	damage(frame, headers, &seg, &damages);

	build(frame, &seg, &side, in.at);
	build_csum_offload(frame, &seg);
	if (!tuple_is6(&seg.tuple))
		ipv4_build_csum(frame + ETH_BYTES); /* as the port does */
	read_back(frame, headers, &seg, &side, len, true);
	free(frame);
	return 0;
}
