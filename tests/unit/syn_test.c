/* SPDX-License-Identifier: BSD-3-Clause */
/* The SYNs of a flood: what is taken is read as parse.h reads it, and answered as build.h would. */
#include <criterion/criterion.h>

#include "support/frames.h"
#include "wire/build.h"
#include "wire/parse.h"
#include "wire/syn.h"

#define ALL (SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE)

/* A SYN by Linux, as its sender sees it: from us to the peer, so that the peer's side is under test. */
static struct seg random_syn(struct rng *rng)
{
	return (struct seg){
		.tuple = { .laddr = rng_below(rng, TUPLE_NAME_MARK),
			   .raddr = rng_below(rng, TUPLE_NAME_MARK),
			   .lport = (uint16_t)(1 + rng_below(rng, 65535)),
			   .rport = (uint16_t)(1 + rng_below(rng, 65535)) },
		.seq = (uint32_t)rng_u64(rng),
		.tsval = (uint32_t)rng_u64(rng),
		.wnd = (uint16_t)rng_u64(rng),
		.mss = (uint16_t)rng_u64(rng),
		.wscale = (uint8_t)rng_below(rng, 16),
		.flags = SEG_SYN,
		.opts = ALL,
		.ttl = (uint8_t)rng_u64(rng),
		.tos = (uint8_t)rng_u64(rng),
	};
}

static unsigned frame_of(uint8_t *frame, const struct seg *seg)
{
	unsigned len = build_headers(frame, seg, NULL, &frames_our_mac, &frames_peer_mac);

	build_csum(frame, seg);
	return len;
}

/* With checksums that are right, or that a port has found so. */
static bool add(struct syns *syns, const uint8_t *bytes, uint32_t len, bool verified)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);

	memcpy(exact, bytes, len); /* so that a byte too far is seen */
	bool taken = syns_add(syns, exact, len) && (verified || syns_csums_right(exact));

	free(exact);
	return taken;
}

Test(syn, is_read_as_it_was_meant)
{
	struct rng rng = { 21 };
	struct syns syns;

	for (unsigned round = 0; round < 5000; round++) {
		struct seg seg = random_syn(&rng);
		uint8_t frame[FRAMES_MAX] = { 0 };
		unsigned len = frame_of(frame, &seg), i = round % SYNS_MAX;

		if (i == 0)
			syns_init(&syns, &frames_our_mac);
		cr_assert_eq(len, SYN_BYTES);
		cr_assert(add(&syns, frame, len + round % 7, false));
		struct tuple theirs = seg.tuple,
			     ours = { theirs.raddr, theirs.laddr, theirs.rport, theirs.lport };

		cr_assert_eq(syns.addrs[i], tuple_addrs(&ours));
		cr_assert_eq(syns.ports[i], tuple_ports(&ours));
		cr_assert_eq(syns.numbers[i], (uint64_t)seg.seq << 32 | tuple_ports(&ours));
		cr_assert(syns.tsvals[i] == seg.tsval && syns.mss[i] == seg.mss);
		cr_assert_eq(syns.wscales[i], seg.wscale < 14 ? seg.wscale : 14);
	}
}

Test(syn, is_answered_as_by_the_long_way)
{
	struct rng rng = { 22 };

	for (unsigned round = 0; round < 5000; round++) {
		struct seg seg = random_syn(&rng);
		uint8_t frame[FRAMES_MAX], want[FRAMES_MAX];
		unsigned len = frame_of(frame, &seg);
		struct syns syns;
		struct syn_answer answer = { .mss = (uint16_t)rng_u64(&rng),
					     .wscale = (uint8_t)rng_below(&rng, 15),
					     .ttl = (uint8_t)rng_u64(&rng),
					     .tos = (uint8_t)rng_u64(&rng) };

		syns_init(&syns, &frames_our_mac);
		cr_assert(syns_add(&syns, frame, len) && syns_csums_right(frame));
		syns.iss[0] = (uint32_t)rng_u64(&rng);
		syns.our_tsvals[0] = (uint32_t)rng_u64(&rng);
		syns.wnds[0] = (uint16_t)rng_u64(&rng);
		syns_answer(&syns, 0, &answer, frame, &frames_our_mac);

		struct seg syn_ack = {
			.tuple = { seg.tuple.raddr, seg.tuple.laddr, seg.tuple.rport, seg.tuple.lport },
			.seq = syns.iss[0],
			.ack = seg.seq + 1,
			.tsval = syns.our_tsvals[0],
			.tsecr = seg.tsval,
			.wnd = syns.wnds[0],
			.mss = answer.mss,
			.wscale = answer.wscale,
			.flags = SEG_SYN | SEG_ACK,
			.opts = ALL,
			.ttl = answer.ttl,
			.tos = answer.tos,
		};

		cr_assert_eq(build_headers(want, &syn_ack, NULL, &frames_peer_mac, &frames_our_mac), len);
		build_csum(want, &syn_ack);
		cr_assert_arr_eq(frame, want, len);
	}
}

/* Any bit but the sender's own address may make it wrong, or something else. */
Test(syn, damage_is_seen)
{
	struct rng rng = { 23 };
	struct seg seg = random_syn(&rng);
	uint8_t frame[FRAMES_MAX];
	unsigned len = frame_of(frame, &seg);
	struct syns syns;

	syns_init(&syns, &frames_our_mac);
	for (unsigned bit = 0; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bool source = bit / 8 >= 6 && bit / 8 < 12 && bit != 6 * 8; /* that bit makes it a group */

		cr_assert_eq(add(&syns, frame, len, false), source, "bit %u", bit);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		syns.count = 0;
	}
	for (unsigned cut = 0; cut < len; cut++)
		cr_assert(!add(&syns, frame, cut, false));
	frame[24] ^= 1; /* IP's checksum, which the port has found right */
	cr_assert(add(&syns, frame, len, true));
}

/* Nothing else is taken, right as it may be. */
Test(syn, other_shapes_go_another_way)
{
	struct rng rng = { 24 };
	uint8_t frame[FRAMES_MAX];
	struct syns syns;

	syns_init(&syns, &frames_our_mac);
	for (unsigned i = 0; i < 16 * 256; i++) {
		struct seg seg = random_syn(&rng);

		seg.opts = i % 16;
		seg.flags = (uint8_t)(i / 16);
		cr_assert_eq(add(&syns, frame, frame_of(frame, &seg), false),
			     seg.opts == ALL && seg.flags == SEG_SYN);
		syns.count = 0;
	}
	struct seg seg = random_syn(&rng);

	seg.tuple.lport = 0;
	cr_assert(!add(&syns, frame, frame_of(frame, &seg), false));
	seg = random_syn(&rng);
	seg.tuple.rport = 0;
	cr_assert(!add(&syns, frame, frame_of(frame, &seg), false));
}
