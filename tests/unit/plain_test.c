/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way and the long one: what both take they take alike, and the short one takes nothing that is wrong. */
#include <criterion/criterion.h>

#include "support/frames.h"
#include "wire/build.h"
#include "wire/csum.h"
#include "wire/parse.h"
#include "wire/plain.h"

/* The long way, for a frame in one piece. */
static verdict parse_long(const uint8_t *bytes, uint32_t len, struct seg *seg, uint32_t *headers)
{
	struct frame frame = { .bytes = bytes, .contiguous = len, .total = len };
	struct seg_side side;
	verdict v = parse_link(&frame);

	if (v == ACCEPTED)
		v = parse_ip(&frame);
	if (v == ACCEPTED)
		v = parse_accept(&frame);
	return v == ACCEPTED ? parse_tcp(&frame, 0, seg, &side, headers) : v;
}

static unsigned build(uint8_t *frame, struct rng *rng, const struct seg *seg)
{
	unsigned headers = build_headers(frame, seg, NULL, &frames_our_mac, &frames_peer_mac);

	for (uint32_t i = 0; i < seg->len; i++)
		frame[headers + i] = (uint8_t)rng_u64(rng);
	build_csum(frame, seg);
	return headers + seg->len;
}

/* Of the short ways the one that is looked at. */
static plain_parse_fn way = plain_parse;

/* Whether it was plain; if so, that both say the same. */
static bool agree(const uint8_t *bytes, uint32_t len)
{
	uint8_t *exact = malloc(len);
	struct seg shortly, at_length;
	struct pair pair;
	uint32_t short_headers, long_headers;

	memcpy(exact, bytes, len); /* so that a byte too far is seen */
	bool plain = way(exact, len, false, &frames_our_mac, &shortly, &pair, &short_headers);
	verdict v = parse_long(exact, len, &at_length, &long_headers);

	free(exact);
	if (!plain)
		return false;
	cr_assert_eq(v, ACCEPTED, "%s", counter_name(v));
	cr_assert_eq(short_headers, long_headers);
	cr_assert(memcmp(&shortly, &at_length, sizeof(shortly)) == 0);
	return true;
}

Test(plain, what_both_take_they_take_alike)
{
	struct rng rng = { 11 };
	unsigned plain = 0;

	for (unsigned round = 0; round < 20000; round++) {
		uint8_t frame[FRAMES_MAX];
		struct seg seg = frames_random_seg(&rng);

		seg.opts &= (uint8_t)~SEG_OPT_SACK;
		seg.sacks = 0;
		plain += agree(frame, build(frame, &rng, &seg));
	}
	cr_assert_gt(plain, 2000);
}

/* The three layouts, with and without padding behind the packet, and the most that a frame may be. */
Test(plain, nearly_every_frame_is)
{
	struct rng rng = { 12 };
	static const struct {
		uint8_t flags, opts;
		uint16_t len;
	} kinds[] = {
		{ SEG_ACK, 0, 0 },
		{ SEG_ACK, SEG_OPT_TS, 0 },
		{ SEG_ACK | SEG_PSH, SEG_OPT_TS, 1448 },
		{ SEG_ACK | SEG_FIN, 0, 1 },
		{ SEG_RST, 0, 0 },
		{ SEG_SYN, SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE, 0 },
		{ SEG_SYN | SEG_ACK, SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE, 0 },
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint8_t frame[FRAMES_MAX] = { 0 };
		struct seg seg = frames_random_seg(&rng);

		seg.flags = kinds[i].flags;
		seg.opts = kinds[i].opts;
		seg.len = kinds[i].len;
		seg.sacks = 0;
		unsigned len = build(frame, &rng, &seg);

		cr_assert(agree(frame, len), "kind %u", i);
		cr_assert(agree(frame, len + 6), "kind %u, with padding", i);
		cr_assert(!agree(frame, len - 1), "kind %u, cut short", i);
	}
}

/* Any byte but those of the Ethernet source may make it wrong, or something else: then it is not plain. */
/* 240.0.0.0/4 as a destination would make an IPv4 tuple pass for the name of two addresses that this frame has not. */
/* The last bytes of a segment stand in a word of their own, and longer ones are summed up elsewhere. */
static void of_any_length(plain_parse_fn short_way)
{
	static uint8_t frame[FRAMES_MAX];
	struct rng rng = { 13 };
	struct seg seg = frames_random_seg(&rng);

	way = short_way;
	seg.flags = SEG_ACK;
	seg.opts = SEG_OPT_TS;
	seg.sacks = 0;
	for (seg.len = 0; seg.len < 300; seg.len++) {
		unsigned len = build(frame, &rng, &seg);

		cr_assert(agree(frame, len), "%u bytes", seg.len);
		frame[len - 1] ^= 1; /* of the payload, or of an option */
		cr_assert_not(agree(frame, len), "%u bytes", seg.len);
	}
}

Test(plain, of_any_length)
{
	of_any_length(plain_parse_named("scalar"));
}

Test(plain, of_any_length_in_vectors)
{
	if (plain_parse_named("avx512") == NULL)
		cr_skip("no such processor");
	of_any_length(plain_parse_named("avx512"));
}

Test(plain, what_is_built_shortly_is_what_is_built_at_length)
{
	struct rng rng = { 15 };

	for (unsigned round = 0; round < 5000; round++) {
		struct seg seg = frames_random_seg(&rng);
		uint8_t at_length[FRAMES_MAX], shortly[FRAMES_MAX];

		seg.opts &= (uint8_t)~SEG_OPT_SACK;
		seg.sacks = 0;
		unsigned len = build(at_length, &rng, &seg), headers = plain_headers(&seg);

		cr_assert_eq(headers + seg.len, len);
		uint64_t sum = csum_copy(shortly + headers, at_length + headers, seg.len);

		cr_assert_eq(plain_build(shortly, &seg, NULL, &frames_our_mac, &frames_peer_mac, sum),
			     headers);
		cr_assert_eq(memcmp(shortly, at_length, len), 0, "round %u", round);
	}
}

Test(plain, no_ipv4_address_is_taken_for_a_name)
{
	static const struct {
		uint32_t dst;
		bool plain;
	} cases[] = {
		{ FRAMES_OURS, true }, { 0xefffffff, true }, { 0xf0000000, false }, { UINT32_MAX, false }
	};
	struct rng rng = { 14 };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t frame[FRAMES_MAX];
		struct seg seg = { .tuple = { FRAMES_PEER, cases[i].dst, 40000, 80 },
				   .flags = SEG_ACK,
				   .ttl = 64 };

		cr_assert_eq(agree(frame, build(frame, &rng, &seg)), cases[i].plain, "to %#x", cases[i].dst);
	}
}

Test(plain, damage_is_seen)
{
	struct rng rng = { 13 };
	struct seg seg = frames_random_seg(&rng), got;
	struct pair pair;
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;

	seg.flags = SEG_SYN;
	seg.opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE;
	seg.len = 20;
	seg.sacks = 0;
	unsigned len = build(frame, &rng, &seg);

	for (unsigned bit = 0; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bool source = bit / 8 >= 6 && bit / 8 < 12 && bit != 6 * 8; /* that bit makes it a group */

		cr_assert_eq(plain_parse(frame, len, false, &frames_our_mac, &got, &pair, &headers), source,
			     "bit %u", bit);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned cut = 0; cut < len; cut++)
		cr_assert(!plain_parse(frame, cut, false, &frames_our_mac, &got, &pair, &headers));
}
