/* SPDX-License-Identifier: BSD-3-Clause */
/* The SYNs of a flood: what is taken is read as parse.h reads it, and answered as build.h would. */
#include <criterion/criterion.h>

#include "support/frames.h"
#include "wire/build.h"
#include "wire/parse.h"
#include "wire/syn.h"

#define ALL (SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE)

/* A test of each family, from one source. */
#define BOTH(NAME)                  \
	static void NAME(bool is6); \
	Test(syn, NAME##_ipv4)      \
	{                           \
		NAME(false);        \
	}                           \
	Test(syn, NAME##_ipv6)      \
	{                           \
		NAME(true);         \
	}                           \
	static void NAME(bool is6)

/* A SYN by Linux, as its sender sees it: from us to the peer, so that the peer's side is under test. */
static struct seg random_syn(struct rng *rng, bool is6, struct pair *pair)
{
	const struct siphash_key key = { 1, 2 };

	*pair = (struct pair){ weir_ipv4(frames_any_word(rng) % TUPLE_NAME_MARK),
			       weir_ipv4(frames_any_word(rng) % TUPLE_NAME_MARK) };
	if (is6)
		*pair = frames_any_pair(rng);
	struct seg seg = { .wscale = (uint8_t)rng_below(rng, 16), .flags = SEG_SYN, .opts = ALL };

	frames_make_hostile(rng, &seg);
	seg.tuple = tuple_make(key, pair, seg.tuple.lport, seg.tuple.rport);
	seg.ack = 0;
	seg.tsecr = 0;
	return seg;
}

static unsigned frame_of(uint8_t *frame, const struct seg *seg, const struct pair *pair)
{
	unsigned len = build_headers(frame, seg, pair, &frames_our_mac, &frames_peer_mac);

	build_csum(frame, seg);
	return len;
}

/* The tuple as the one who is asked has it. */
static struct tuple turned(const struct seg *seg, const struct pair *pair)
{
	const struct siphash_key key = { 3, 4 };

	return tuple_make(key, &(struct pair){ pair->remote, pair->local }, seg->tuple.rport,
			  seg->tuple.lport);
}

/* With checksums that are right, or that a port has found so. */
static bool add(struct syns *syns, const uint8_t *bytes, uint32_t len, bool verified)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);

	memcpy(exact, bytes, len); /* so that a byte too far is seen */
	bool taken = syns_add(syns, exact, len) && (verified || syns_csums_right(syns, exact));

	free(exact);
	return taken;
}

BOTH(is_read_as_it_was_meant)
{
	struct rng rng = { 21 };
	struct pair pair, first_pair;
	struct seg first = random_syn(&rng, is6, &first_pair);
	struct syns syns;

	for (unsigned round = 0; round < 5000; round++) {
		struct seg seg = random_syn(&rng, is6, &pair);
		uint8_t frame[FRAMES_MAX] = { 0 };
		unsigned i = round % SYNS_MAX;

		if (i == 0)
			syns_init(&syns, &frames_our_mac, is6);
		pair.remote = first_pair.remote;
		seg.tuple = tuple_make((struct siphash_key){ 0 }, &pair, seg.tuple.lport, first.tuple.rport);
		unsigned len = frame_of(frame, &seg, &pair);

		cr_assert_eq(len, syns_bytes(&syns));
		cr_assert(add(&syns, frame, len + round % 7, false));
		struct tuple ours = turned(&seg, &pair);

		if (!is6)
			cr_assert_eq(syns.addrs[i], tuple_addrs(&ours));
		cr_assert(address_equal(syns_local(&syns), pair.remote));
		cr_assert(address_equal(syns_remote(&syns, i), pair.local));
		cr_assert_eq(syns_lport(&syns), seg.tuple.rport);
		cr_assert_eq(syns.ports[i], tuple_ports(&ours));
		cr_assert_eq(syns.numbers[i], (uint64_t)seg.seq << 32 | tuple_ports(&ours));
		cr_assert_eq(syns.mss[i], seg.mss);
		cr_assert_eq(syns.wscales[i], seg.wscale < 14 ? seg.wscale : 14);
	}
}

BOTH(is_answered_as_by_the_long_way)
{
	struct rng rng = { 22 };

	for (unsigned round = 0; round < 5000; round++) {
		struct pair pair;
		struct seg seg = random_syn(&rng, is6, &pair);
		uint8_t frame[FRAMES_MAX], want[FRAMES_MAX];
		unsigned len = frame_of(frame, &seg, &pair);
		struct syn_template template;
		struct syns syns;
		struct syn_answer answer = { .mss = (uint16_t)frames_any_word(&rng),
					     .wscale = (uint8_t)rng_below(&rng, 15),
					     .ttl = (uint8_t)frames_any_word(&rng),
					     .tos = (uint8_t)frames_any_word(&rng) };
		struct seg syn_ack = {
			.tuple = turned(&seg, &pair),
			.seq = frames_any_word(&rng),
			.ack = seg.seq + 1,
			.tsval = frames_any_word(&rng),
			.tsecr = seg.tsval,
			.wnd = (uint16_t)frames_any_word(&rng),
			.mss = answer.mss,
			.wscale = answer.wscale,
			.flags = SEG_SYN | SEG_ACK,
			.opts = ALL,
			.ttl = answer.ttl,
			.tos = answer.tos,
		};

		syns_init(&syns, &frames_our_mac, is6);
		cr_assert(syns_add(&syns, frame, len) && syns_csums_right(&syns, frame));
		syns.addrs[0] = tuple_addrs(&syn_ack.tuple);
		syns.iss[0] = syn_ack.seq;
		syns.our_tsvals[0] = syn_ack.tsval;
		syns.wnds[0] = syn_ack.wnd;
		syns_template(&syns, &answer, &frames_our_mac, &template);
		syns_answer(&syns, 0, &template, frame);

		const struct pair back = { pair.remote, pair.local };

		cr_assert_eq(build_headers(want, &syn_ack, &back, &frames_peer_mac, &frames_our_mac), len);
		build_csum(want, &syn_ack);
		cr_assert_arr_eq(frame, want, len);
	}
}

/* What the answers of a burst have in common is asked for once. */
BOTH(all_are_for_one_place)
{
	struct rng rng = { 25 };
	struct pair pair, other;
	struct seg seg = random_syn(&rng, is6, &pair);
	uint8_t frame[FRAMES_MAX];
	struct syns syns;

	syns_init(&syns, &frames_our_mac, is6);
	cr_assert(add(&syns, frame, frame_of(frame, &seg, &pair), false));
	cr_assert(add(&syns, frame, frame_of(frame, &seg, &pair), false));
	seg.tuple.rport ^= 1;
	cr_assert(!add(&syns, frame, frame_of(frame, &seg, &pair), false));
	seg.tuple.rport ^= 1;
	for (unsigned bit = 0; bit < address_bits(pair.remote); bit++) {
		other = pair;
		if (bit < 64)
			other.remote.lo ^= 1ull << bit;
		else
			other.remote.hi ^= 1ull << (bit - 64);
		struct seg to_other = seg;

		to_other.tuple =
			tuple_make((struct siphash_key){ 0 }, &other, seg.tuple.lport, seg.tuple.rport);
		if (tuple_is6(&to_other.tuple) != is6 ||
		    (!is6 && address_v4(other.remote) >= TUPLE_NAME_MARK))
			continue;
		cr_assert(!add(&syns, frame, frame_of(frame, &to_other, &other), false), "bit %u", bit);
	}
	cr_assert_eq(syns.count, 2);
}

/* Any bit but the sender's own address may make it wrong, or something else. */
BOTH(damage_is_seen)
{
	struct rng rng = { 23 };
	struct pair pair;
	struct seg seg = random_syn(&rng, is6, &pair);
	uint8_t frame[FRAMES_MAX];
	unsigned len = frame_of(frame, &seg, &pair);
	struct syns syns;

	syns_init(&syns, &frames_our_mac, is6);
	for (unsigned bit = 0; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bool source = bit / 8 >= 6 && bit / 8 < 12 && bit != 6 * 8; /* that bit makes it a group */

		/* Nobody checks a flow label, a traffic class or a hop limit. */
		bool unchecked = is6 && (bit / 8 == 16 || bit / 8 == 17 || bit / 8 == 21 || bit / 8 == 15 ||
					 (bit / 8 == 14 && bit % 8 < 4));

		cr_assert_eq(add(&syns, frame, len, false), source || unchecked, "bit %u", bit);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		syns.count = 0;
	}
	for (unsigned cut = 0; cut < len; cut++)
		cr_assert(!add(&syns, frame, cut, false));
	frame[len - SYN_BYTES + 24] ^= 1; /* IP's checksum or a TSval, which the port has found right */
	cr_assert(add(&syns, frame, len, true));
}

/* Nothing else is taken, right as it may be. */
BOTH(other_shapes_go_another_way)
{
	struct rng rng = { 24 };
	struct pair pair;
	uint8_t frame[FRAMES_MAX];
	struct syns syns;

	syns_init(&syns, &frames_our_mac, is6);
	for (unsigned i = 0; i < 16 * 256; i++) {
		struct seg seg = random_syn(&rng, is6, &pair);

		seg.opts = i % 16;
		seg.flags = (uint8_t)(i / 16);
		cr_assert_eq(add(&syns, frame, frame_of(frame, &seg, &pair), false),
			     seg.opts == ALL && seg.flags == SEG_SYN);
		syns.count = 0;
	}
	struct seg seg = random_syn(&rng, is6, &pair);

	seg.tuple.lport = 0;
	cr_assert(!add(&syns, frame, frame_of(frame, &seg, &pair), false));
	seg = random_syn(&rng, is6, &pair);
	seg.tuple.rport = 0;
	cr_assert(!add(&syns, frame, frame_of(frame, &seg, &pair), false));
	seg = random_syn(&rng, !is6, &pair);
	cr_assert(!add(&syns, frame, frame_of(frame, &seg, &pair), false));
}

/* To all above it would be the IPv4 address (RFC 4291 section 2.5.5.2). */
Test(syn, a_mapped_address_is_none_of_ipv6)
{
	struct rng rng = { 26 };
	struct pair pair;
	struct seg seg = random_syn(&rng, true, &pair);
	uint8_t frame[FRAMES_MAX];
	struct syns syns;

	syns_init(&syns, &frames_our_mac, true);
	for (unsigned i = 0; i < 2; i++) {
		struct pair mapped = pair;

		*(i == 0 ? &mapped.local : &mapped.remote) = weir_ipv4(FRAMES_OURS);
		cr_assert(!add(&syns, frame, frame_of(frame, &seg, &mapped), false));
	}
	cr_assert(add(&syns, frame, frame_of(frame, &seg, &pair), false));
}
