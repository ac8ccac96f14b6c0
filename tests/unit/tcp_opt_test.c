/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "support/frames.h"
#include "wire/tcp_opt.h"

static verdict parse(const void *options, unsigned bytes, struct seg *seg)
{
	uint8_t *copy = exact_copy(options, bytes);
	verdict v = tcp_opt_parse(copy, bytes, seg);

	free(copy);
	return v;
}

static verdict parse_on(uint8_t flags, const void *options, unsigned bytes, struct seg *seg)
{
	*seg = (struct seg){ .flags = flags };
	return parse(options, bytes, seg);
}

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

Test(tcp_opt, none)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_SYN, "", 0, &seg), ACCEPTED);
	cr_assert_eq(seg.opts, 0);
}

Test(tcp_opt, a_syn_as_linux_sends_it)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_SYN,
			      BYTES(2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7), &seg),
		     ACCEPTED);
	cr_assert_eq(seg.opts, SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE);
	cr_assert_eq(seg.mss, 1460);
	cr_assert_eq(seg.wscale, 7);
	cr_assert_eq(seg.tsval, 0x01020304);
	cr_assert_eq(seg.tsecr, 0);
}

Test(tcp_opt, timestamps_at_every_alignment)
{
	for (unsigned nops = 0; nops <= 8; nops++) {
		uint8_t options[20] = { 0 };
		struct seg seg;

		memset(options, 1, nops);
		memcpy(options + nops, BYTES(8, 10, 0xde, 0xad, 0xbe, 0xef, 9, 8, 7, 6));
		cr_assert_eq(parse_on(SEG_ACK, options, nops + 10, &seg), ACCEPTED);
		cr_assert_eq(seg.opts, SEG_OPT_TS, "%u NOPs", nops);
		cr_assert_eq(seg.tsval, 0xdeadbeef);
		cr_assert_eq(seg.tsecr, 0x09080706);
	}
}

Test(tcp_opt, what_a_handshake_settles_stands_on_syns_alone)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_ACK, BYTES(2, 4, 5, 0xb4, 3, 3, 7, 4, 2), &seg), ACCEPTED);
	cr_assert_eq(seg.opts, 0);
	cr_assert_eq(seg.mss, 0);
	cr_assert_eq(parse_on(SEG_SYN | SEG_ACK, BYTES(2, 4, 5, 0xb4, 3, 3, 7, 4, 2), &seg), ACCEPTED);
	cr_assert_eq(seg.opts, SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK);
}

Test(tcp_opt, window_scale_is_capped)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_SYN, BYTES(3, 3, 14), &seg), ACCEPTED);
	cr_assert_eq(seg.wscale, 14);
	cr_assert_eq(parse_on(SEG_SYN, BYTES(3, 3, 15), &seg), ACCEPTED);
	cr_assert_eq(seg.wscale, 14);
	cr_assert_eq(parse_on(SEG_SYN, BYTES(3, 3, 255), &seg), ACCEPTED);
	cr_assert_eq(seg.wscale, 14);
}

Test(tcp_opt, sack_blocks_are_noted)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_ACK, BYTES(1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2), &seg), ACCEPTED);
	cr_assert_eq(seg.opts, SEG_OPT_SACK);
	cr_assert_eq(parse_on(SEG_ACK, BYTES(5, 2, 5, 9, 0, 0, 0, 1, 0, 0, 0), &seg), ACCEPTED);
	cr_assert_eq(seg.opts, 0, "no block is no SACK, nor is a part of one");
}

Test(tcp_opt, unknown_ones_are_skipped_by_length)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_SYN, BYTES(254, 6, 2, 4, 3, 3, 2, 4, 1, 0, 253, 2, 28, 4, 0, 0), &seg),
		     ACCEPTED);
	cr_assert_eq(seg.opts, SEG_OPT_MSS);
	cr_assert_eq(seg.mss, 256);
}

Test(tcp_opt, known_kinds_with_a_foreign_length_are_skipped)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_SYN, BYTES(2, 3, 9, 3, 2, 4, 3, 0, 8, 9, 0, 0, 0, 0, 0, 0, 0), &seg),
		     ACCEPTED);
	cr_assert_eq(seg.opts, 0);
}

Test(tcp_opt, nothing_counts_after_the_end)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_SYN, BYTES(0, 2, 4, 5, 0xb4, 2, 0, 0), &seg), ACCEPTED);
	cr_assert_eq(seg.opts, 0);
}

Test(tcp_opt, impossible_lengths)
{
	struct seg seg;

	cr_assert_eq(parse_on(SEG_ACK, BYTES(8, 0, 0, 0), &seg), COUNT_drop_tcp_option_length);
	cr_assert_eq(parse_on(SEG_ACK, BYTES(8, 1, 0, 0), &seg), COUNT_drop_tcp_option_length);
	cr_assert_eq(parse_on(SEG_ACK, BYTES(8, 10, 0, 0), &seg), COUNT_drop_tcp_option_length);
	cr_assert_eq(parse_on(SEG_ACK, BYTES(77, 255, 0, 0), &seg), COUNT_drop_tcp_option_length);
	cr_assert_eq(parse_on(SEG_ACK, BYTES(77, 5, 0, 0), &seg), COUNT_drop_tcp_option_length);
	cr_assert_eq(parse_on(SEG_ACK, BYTES(1, 1, 1, 8), &seg), COUNT_drop_tcp_option_length);
	cr_assert_eq(parse_on(SEG_SYN, BYTES(2, 4, 5, 0xb4, 3), &seg), COUNT_drop_tcp_option_length);
}

Test(tcp_opt, any_bytes_stay_within_bounds)
{
	struct rng rng = { 4 };

	for (unsigned round = 0; round < 20000; round++) {
		uint8_t options[TCP_OPT_BYTES_MAX];
		unsigned bytes = rng_below(&rng, TCP_OPT_BYTES_MAX + 1);
		struct seg seg;

		/* Small numbers are kinds and lengths more often than not. */
		for (unsigned i = 0; i < bytes; i++)
			options[i] = (uint8_t)rng_below(&rng, rng_below(&rng, 4) ? 12 : 256);
		verdict v = parse_on(SEG_SYN, options, bytes, &seg);

		cr_assert(v == ACCEPTED || v == COUNT_drop_tcp_option_length);
		cr_assert_leq(seg.wscale, 14);
	}
}

/* Built into a buffer of exactly what tcp_opt_bytes() says, and read back. */
Test(tcp_opt, built_ones_read_back)
{
	struct rng rng = { 5 };

	for (unsigned round = 0; round < 2000; round++) {
		struct seg seg = frames_random_seg(&rng), back = { .flags = seg.flags };
		unsigned bytes = tcp_opt_bytes(&seg);
		uint8_t *options = malloc(bytes + (bytes == 0));

		cr_assert_eq(bytes % 4, 0);
		tcp_opt_build(options, &seg);
		cr_assert_eq(tcp_opt_parse(options, bytes, &back), ACCEPTED);
		cr_assert_eq(back.opts, seg.opts);
		cr_assert_eq(back.mss, seg.mss);
		cr_assert_eq(back.wscale, seg.wscale);
		cr_assert_eq(back.tsval, seg.tsval);
		cr_assert_eq(back.tsecr, seg.tsecr);
		free(options);
	}
}

Test(tcp_opt, layout_is_everybodys)
{
	struct seg syn = { .flags = SEG_SYN,
			   .opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE,
			   .mss = 1460,
			   .wscale = 7,
			   .tsval = 0x01020304 };
	struct seg ack = { .flags = SEG_ACK, .opts = SEG_OPT_TS, .tsval = 1, .tsecr = 2 };
	struct seg bare = { .flags = SEG_SYN, .opts = SEG_OPT_MSS | SEG_OPT_SACK_OK, .mss = 536 };
	static const uint8_t syn_bytes[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7 };
	static const uint8_t ack_bytes[] = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 };
	static const uint8_t bare_bytes[] = { 2, 4, 2, 24, 1, 1, 4, 2 };
	uint8_t options[TCP_OPT_BYTES_MAX];

	cr_assert_eq(tcp_opt_bytes(&syn), sizeof(syn_bytes));
	tcp_opt_build(options, &syn);
	cr_assert_arr_eq(options, syn_bytes, sizeof(syn_bytes));
	cr_assert_eq(tcp_opt_bytes(&ack), sizeof(ack_bytes));
	tcp_opt_build(options, &ack);
	cr_assert_arr_eq(options, ack_bytes, sizeof(ack_bytes));
	cr_assert_eq(tcp_opt_bytes(&bare), sizeof(bare_bytes));
	tcp_opt_build(options, &bare);
	cr_assert_arr_eq(options, bare_bytes, sizeof(bare_bytes));
}

/* Each kind that is known, behind any number of NOPs (RFC 9293 MUST-64). */
Test(tcp_opt, every_kind_at_every_alignment)
{
	static const uint8_t mss[] = { 2, 4, 0x05, 0xb4 }, scale[] = { 3, 3, 7 }, sack_ok[] = { 4, 2 };
	static const uint8_t ts[] = { 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t sack[] = { 5, 10, 0, 0, 0, 1, 0, 0, 0, 2 };
	static const struct {
		const uint8_t *bytes;
		unsigned len, opt;
	} kinds[] = {
		{ mss, sizeof(mss), SEG_OPT_MSS },
		{ scale, sizeof(scale), SEG_OPT_WSCALE },
		{ sack_ok, sizeof(sack_ok), SEG_OPT_SACK_OK },
		{ ts, sizeof(ts), SEG_OPT_TS },
		{ sack, sizeof(sack), SEG_OPT_SACK },
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned nops = 0; nops <= 5; nops++) {
			uint8_t options[TCP_OPT_BYTES_MAX];
			struct seg seg;

			memset(options, 1, nops);
			memcpy(options + nops, kinds[i].bytes, kinds[i].len);
			cr_assert_eq(parse_on(SEG_SYN, options, nops + kinds[i].len, &seg), ACCEPTED);
			cr_assert_eq(seg.opts, kinds[i].opt, "kind %u behind %u NOPs", kinds[i].bytes[0],
				     nops);
		}
	}
}

/*
 * RFC 9293 MUST-5: whatever its flags, a segment may carry any option; what says nothing there is read past.
 */
Test(tcp_opt, any_segment_may_carry_any_option)
{
	struct seg seg;

	for (unsigned flags = 0; flags < 256; flags++) {
		uint8_t syn_alone = flags & SEG_SYN ? SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK : 0;

		cr_assert_eq(parse_on((uint8_t)flags,
				      BYTES(2, 4, 0x05, 0xb4, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 99, 0, 0, 0, 0,
					    1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 254, 4, 9, 9),
				      &seg),
			     ACCEPTED, "flags %#x", flags);
		cr_assert_eq(seg.opts, SEG_OPT_TS | SEG_OPT_SACK | syn_alone, "flags %#x", flags);
		cr_assert_eq(seg.tsval, 99);
	}
}

/*
 * All that can be built, into bytes that are not zero: options with a length of their own and NOPs fill
 * the header to its end. So there is no end of list, and no padding behind one that could be anything but
 * zeros (RFC 9293 MUST-68, MUST-69).
 */
Test(tcp_opt, built_ones_fill_the_header_to_its_end)
{
	static const uint8_t lengths[] = { [2] = 4, [3] = 3, [4] = 2, [8] = 10 };

	for (unsigned opts = 0; opts < 32; opts++) {
		struct seg seg = { .opts = (uint8_t)opts, .mss = 1460, .wscale = 7, .tsval = 1, .sacks = 1 };
		struct sack sack = { .blocks = { { 1, 2 } } };
		uint8_t options[TCP_OPT_BYTES_MAX + 4];
		unsigned bytes = tcp_opt_bytes(&seg), at = 0;

		memset(options, 0xee, sizeof(options));
		tcp_opt_build(options, &seg);
		if (opts & SEG_OPT_SACK)
			tcp_opt_build_sack(options, bytes, &seg, &sack);
		while (at < bytes) {
			uint8_t kind = options[at];

			cr_assert(kind == 1 || kind == 5 || (kind < sizeof(lengths) && lengths[kind] != 0),
				  "options %#x: kind %u at %u", opts, kind, at);
			if (kind > 1)
				cr_assert_eq(options[at + 1], kind == 5 ? 10 : lengths[kind]);
			at += kind == 1 ? 1 : options[at + 1];
		}
		cr_assert_eq(at, bytes, "options %#x", opts);
		cr_assert_eq(options[bytes], 0xee);
	}
}
