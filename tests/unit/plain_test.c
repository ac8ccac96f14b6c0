/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way and the long one: what both take they take alike,
 * and the short one takes nothing that is wrong.
 */
#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/frames.h"
#include "wire/build.h"
#include "wire/csum.h"
#include "wire/parse.h"
#include "wire/plain.h"

/* The long way, for a frame in one piece. */
static verdict parse_long(const uint8_t *bytes, uint32_t len, unsigned verified, struct seg *seg,
			  struct seg_side *side, uint32_t *headers)
{
	struct frame frame = {
		.bytes = bytes,
		.contiguous = len,
		.total = len,
		.ip_verified = verified & PLAIN_IP_VERIFIED,
		.l4_verified = verified & PLAIN_TCP_VERIFIED,
	};
	verdict v = parse_link(&frame);

	if (v == ACCEPTED)
		v = parse_ip(&frame);
	if (v == ACCEPTED)
		v = parse_accept(&frame);
	if (v == ACCEPTED && frame.ip.protocol != IP_PROTOCOL_TCP)
		v = COUNT_drop_ip_protocol;
	return v == ACCEPTED ? parse_tcp(&frame, 0, seg, side, headers) : v;
}

static unsigned build_between(uint8_t *frame, struct rng *rng, const struct seg *seg, const struct pair *pair)
{
	unsigned headers = build_headers(frame, seg, pair, &frames_our_mac, &frames_peer_mac);

	for (uint32_t i = 0; i < seg->len; i++)
		frame[headers + i] = (uint8_t)rng_u64(rng);
	build_csum(frame, seg);
	return headers + seg->len;
}

static unsigned build(uint8_t *frame, struct rng *rng, const struct seg *seg)
{
	struct pair pair = frames_pair(true);

	return build_between(frame, rng, seg, &pair);
}

/* Of the short ways the one that is looked at. */
static const struct plain_way *way;

static void take_way(const char *name)
{
	way = plain_way_named(name);
	if (way == NULL)
		cr_skip("no such processor");
}

/* A test of each way. */
#define TEST_WAYS(name)                \
	static void name(void);        \
	Test(plain, name)              \
	{                              \
		take_way("scalar");    \
		name();                \
	}                              \
	Test(plain, name##_in_vectors) \
	{                              \
		take_way("avx512");    \
		name();                \
	}                              \
	static void name(void)

/* Of either family, without blocks. */
static struct seg random_seg(struct rng *rng)
{
	struct seg seg = frames_random_seg(rng);

	seg.opts &= (uint8_t)~SEG_OPT_SACK;
	seg.sacks = 0;
	if (rng_below(rng, 2) == 0) {
		seg.tuple.laddr = TUPLE_NAME_MARK | (uint32_t)rng_u64(rng);
		seg.tuple.raddr = (uint32_t)rng_u64(rng);
	}
	return seg;
}

/*
 * A copy that ends where no memory is, so that a byte too far is seen: by vectors, too, whose masked loads no
 * sanitizer watches. Until the next one.
 */
static const uint8_t *at_the_end(const uint8_t *bytes, uint32_t len)
{
	static uint8_t *end;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (end == NULL) {
		uint8_t *base =
			mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert(base != MAP_FAILED && mprotect(base + page, page, PROT_NONE) == 0);
		end = base + page;
	}
	cr_assert_leq(len, page);
	return memcpy(end - len, bytes, len);
}

/* Whether it was plain; if so, that both say the same. */
static bool agree_verified(const uint8_t *bytes, uint32_t len, unsigned verified)
{
	const uint8_t *exact = at_the_end(bytes, len);
	struct seg shortly, at_length;
	struct seg_side side;
	struct pair pair;
	uint32_t long_headers;

	unsigned headers = way->parse(exact, len, verified, &frames_our_mac, &shortly, &pair);
	verdict v = parse_long(exact, len, verified, &at_length, &side, &long_headers);

	/* Whose address the source may be is looked at behind the short way, net/net.h. */
	if (headers == 0 || v == COUNT_drop_ip_source)
		return false;
	cr_assert_eq(v, ACCEPTED, "%s", counter_name(v));
	cr_assert_eq(headers, long_headers);
	cr_assert(memcmp(&shortly, &at_length, sizeof(shortly)) == 0);
	cr_assert(!tuple_is6(&shortly.tuple) || pair_equal(&pair, &side.pair));
	return true;
}

static bool agree(const uint8_t *bytes, uint32_t len)
{
	return agree_verified(bytes, len, 0);
}

TEST_WAYS(what_both_take_they_take_alike)
{
	struct rng rng = { 11 };
	unsigned plain = 0;

	for (unsigned round = 0; round < 20000; round++) {
		uint8_t frame[FRAMES_MAX];
		struct seg seg = random_seg(&rng);

		plain += agree(frame, build(frame, &rng, &seg));
	}
	cr_assert_gt(plain, 2000);
}

static const struct kind {
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

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* One of them, and of either family. */
static struct seg seg_of_kind(struct rng *rng, const struct kind *kind)
{
	struct seg seg = random_seg(rng);

	seg.flags = kind->flags;
	seg.opts = kind->opts;
	seg.len = kind->len;
	seg.mss = (uint16_t)rng_u64(rng);
	seg.wscale = (uint8_t)rng_below(rng, 15);
	return seg;
}

/* The three layouts, with and without padding behind the packet, and the most that a frame may be. */
TEST_WAYS(nearly_every_frame_is)
{
	struct rng rng = { 12 };

	for (unsigned i = 0; i < 16 * KINDS; i++) {
		uint8_t frame[FRAMES_MAX] = { 0 };
		struct seg seg = seg_of_kind(&rng, &kinds[i % KINDS]);
		unsigned len = build(frame, &rng, &seg);

		cr_assert(agree(frame, len), "kind %u", i);
		cr_assert(agree(frame, len + 6), "kind %u, with padding", i);
		cr_assert(!agree(frame, len - 1), "kind %u, cut short", i);
	}
}

/* The last bytes of a segment stand in a word of their own, and longer ones are summed up elsewhere. */
TEST_WAYS(of_any_length)
{
	static uint8_t frame[FRAMES_MAX];
	struct rng rng = { 13 };

	for (unsigned len = 0; len < 600; len++) {
		static const struct kind kind = { SEG_ACK, SEG_OPT_TS, 0 };
		struct seg seg = seg_of_kind(&rng, &kind);

		seg.len = (uint16_t)(len / 2);
		unsigned end = build(frame, &rng, &seg);

		cr_assert(agree(frame, end), "%u bytes", seg.len);
		frame[end - 1] ^= 1; /* of the payload, or of an option */
		cr_assert_not(agree(frame, end), "%u bytes", seg.len);
	}
}

TEST_WAYS(what_is_built_shortly_is_what_is_built_at_length)
{
	struct rng rng = { 15 };

	for (unsigned round = 0; round < 5000; round++) {
		struct seg seg = random_seg(&rng);
		struct pair pair = frames_any_pair(&rng);
		uint8_t at_length[FRAMES_MAX], shortly[FRAMES_MAX];

		frames_make_hostile(&rng, &seg);
		unsigned len = build_between(at_length, &rng, &seg, &pair), headers = plain_headers(&seg);

		cr_assert_eq(headers + seg.len, len);
		uint64_t sum = csum_copy(shortly + headers, at_length + headers, seg.len);

		cr_assert_eq(way->build(shortly, &seg, &pair, &frames_our_mac, &frames_peer_mac, sum),
			     headers);
		cr_assert_eq(memcmp(shortly, at_length, len), 0, "round %u", round);
	}
}

/*
 * 240.0.0.0/4 as a destination would make an IPv4 tuple pass for the name of two
 * addresses that this frame has not.
 */
TEST_WAYS(no_ipv4_address_is_taken_for_a_name)
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

/* Any byte but those of the Ethernet source may make it wrong, or something else: then it is not plain. */
TEST_WAYS(damage_is_seen)
{
	struct rng rng = { 13 };
	struct seg seg = frames_random_seg(&rng), got;
	struct pair pair;
	uint8_t frame[FRAMES_MAX];

	seg.flags = SEG_SYN;
	seg.opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE;
	seg.len = 20;
	seg.sacks = 0;
	unsigned len = build(frame, &rng, &seg);

	for (unsigned bit = 0; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bool source = bit / 8 >= 6 && bit / 8 < 12 && bit != 6 * 8; /* that bit makes it a group */

		cr_assert_eq(way->parse(frame, len, 0, &frames_our_mac, &got, &pair) != 0, source, "bit %u",
			     bit);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned cut = 0; cut < len; cut++)
		cr_assert_eq(way->parse(frame, cut, 0, &frames_our_mac, &got, &pair), 0);
}

/* Where checksums say nothing, whatever makes a frame another one is seen by its shape. */
TEST_WAYS(no_bit_is_read_otherwise)
{
	struct rng rng = { 16 };

	for (unsigned i = 0; i < 4 * KINDS; i++) {
		uint8_t frame[FRAMES_MAX] = { 0 };
		struct seg seg = seg_of_kind(&rng, &kinds[i % KINDS]);
		unsigned len = build(frame, &rng, &seg), plain = 0;

		for (unsigned bit = 0; bit < plain_headers(&seg) * 8; bit++) {
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			plain += agree_verified(frame, len, PLAIN_IP_VERIFIED | PLAIN_TCP_VERIFIED);
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		cr_assert_gt(plain, 100); /* numbers, timestamps, ports: any will do */
	}
}

/* A port that found one checksum right has said nothing about the other. */
TEST_WAYS(each_checksum_is_verified_for_itself)
{
	struct rng rng = { 18 };
	struct seg seg = { .tuple = { FRAMES_OURS, FRAMES_PEER, 80, 40000 }, .flags = SEG_ACK, .ttl = 64 };
	uint8_t frame[FRAMES_MAX];
	unsigned len = build(frame, &rng, &seg);

	frame[ETH_BYTES + 10] ^= 1; /* IP's */
	cr_assert(agree_verified(frame, len, PLAIN_IP_VERIFIED));
	cr_assert_not(agree_verified(frame, len, PLAIN_TCP_VERIFIED));
	frame[ETH_BYTES + 10] ^= 1;
	frame[build_tcp_at(&seg) + TCP_HDR_CSUM_AT] ^= 1;
	cr_assert(agree_verified(frame, len, PLAIN_TCP_VERIFIED));
	cr_assert_not(agree_verified(frame, len, PLAIN_IP_VERIFIED));
}

TEST_WAYS(nobody_has_port_zero)
{
	struct rng rng = { 17 };

	for (unsigned i = 0; i < 16; i++) {
		uint8_t frame[FRAMES_MAX];
		struct seg seg = seg_of_kind(&rng, &kinds[1]);

		*(i & 1 ? &seg.tuple.lport : &seg.tuple.rport) = 0;
		cr_assert_not(agree(frame, build(frame, &rng, &seg)));
	}
}
