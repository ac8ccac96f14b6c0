/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "support/frames.h"
#include "wire/build.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/parse.h"

/* All four steps over an exact copy of the first `contiguous` bytes. */
static verdict parse_split(const uint8_t *bytes, uint32_t contiguous, uint32_t total, struct seg *seg,
			   uint32_t *headers)
{
	uint8_t *copy = exact_copy(bytes, contiguous);
	struct frame frame = { .bytes = copy, .contiguous = contiguous, .total = total };
	struct seg_side side;
	uint64_t rest = 0;
	verdict v = parse_link(&frame);

	if (v == ACCEPTED)
		v = parse_ip(&frame);
	if (v == ACCEPTED)
		v = parse_accept(&frame);
	if (v == ACCEPTED) {
		uint32_t here = frame_contiguous(&frame);

		rest = csum_bytes(bytes + here, frame_end(&frame) - here);
		v = parse_tcp(&frame, rest, seg, &side, headers);
	}
	free(copy);
	return v;
}

static verdict parse(const uint8_t *bytes, uint32_t total, struct seg *seg)
{
	uint32_t headers;

	return parse_split(bytes, total, total, seg, &headers);
}

static struct seg data_segment(void)
{
	return (struct seg){
		.tuple = { .laddr = FRAMES_OURS, .raddr = FRAMES_PEER, .lport = 80, .rport = 1234 },
		.seq = 1,
		.ack = 2,
		.wnd = 3,
		.len = 33,
		.flags = SEG_ACK,
		.opts = SEG_OPT_TS,
		.ttl = 64,
	};
}

static void expect_same(const struct seg *got, const struct seg *want)
{
	cr_assert(tuple_equal(&got->tuple, &want->tuple));
	cr_assert_eq(got->seq, want->seq);
	cr_assert_eq(got->ack, want->ack);
	cr_assert_eq(got->wnd, want->wnd);
	cr_assert_eq(got->len, want->len);
	cr_assert_eq(got->flags, want->flags);
	cr_assert_eq(got->opts, want->opts);
	cr_assert_eq(got->mss, want->mss);
	cr_assert_eq(got->wscale, want->wscale);
	cr_assert_eq(got->tsval, want->tsval);
	cr_assert_eq(got->tsecr, want->tsecr);
	cr_assert_eq(got->ttl, want->ttl);
	cr_assert_eq(got->tos, want->tos);
	cr_assert_eq(got->payload, 0);
}

Test(parse, whatever_was_built_reads_back)
{
	struct rng rng = { 6 };

	for (unsigned round = 0; round < 5000; round++) {
		struct seg want = frames_random_seg(&rng), got;
		uint8_t frame[FRAMES_MAX];
		uint32_t len = frames_tcp(frame, &want), headers;

		cr_assert_eq(parse_split(frame, len, len, &got, &headers), ACCEPTED);
		expect_same(&got, &want);
		cr_assert_eq(headers, len - want.len);
	}
}

Test(parse, every_truncation_has_a_name)
{
	struct seg want = data_segment(), got;
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_tcp(frame, &want);

	for (uint32_t cut = 0; cut < len; cut++) {
		verdict v = cut < ETH_BYTES              ? COUNT_drop_eth_short :
			    cut < ETH_BYTES + IPV4_BYTES ? COUNT_drop_ip_short :
							   COUNT_drop_ip_total_length;

		cr_assert_eq(parse(frame, cut, &got), v, "%u bytes", cut);
	}
}

/* The IP header agrees with the cut, so that TCP is the one that has to notice. */
Test(parse, every_truncation_of_the_segment_itself)
{
	struct seg want = data_segment(), got;
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_tcp(frame, &want), start = ETH_BYTES + IPV4_BYTES;

	for (uint32_t cut = start; cut < len; cut++) {
		bytes_put16(frame + ETH_BYTES + 2, (uint16_t)(cut - ETH_BYTES));
		frames_mend_ip(frame);
		verdict v = cut < start + 20 ? COUNT_drop_tcp_short :
			    cut < start + 32 ? COUNT_drop_tcp_data_offset :
					       COUNT_drop_tcp_csum;

		cr_assert_eq(parse(frame, cut, &got), v, "%u bytes", cut);
	}
}

Test(parse, ethernet_padding_is_cut)
{
	struct seg want = data_segment(), got;
	uint8_t frame[FRAMES_MAX];

	want.len = 1;
	uint32_t len = frames_tcp(frame, &want);

	memset(frame + len, 0xa5, 60);
	for (uint32_t padding = 0; padding < 60; padding++) {
		cr_assert_eq(parse(frame, len + padding, &got), ACCEPTED, "%u bytes of padding", padding);
		cr_assert_eq(got.len, 1);
	}
}

Test(parse, payload_in_other_buffers)
{
	struct seg want = data_segment(), got;
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_tcp(frame, &want), headers = len - want.len, at;

	memset(frame + len, 0xa5, 7);
	for (uint32_t first = headers; first <= len; first++) {
		cr_assert_eq(parse_split(frame, first, len + 7, &got, &at), ACCEPTED, "split at %u", first);
		cr_assert_eq(at, headers);
		expect_same(&got, &want);
		frame[len - 1] ^= 1;
		cr_assert_eq(parse_split(frame, first, len + 7, &got, &at), COUNT_drop_tcp_csum);
		frame[len - 1] ^= 1;
	}
	for (uint32_t first = ETH_BYTES + IPV4_BYTES; first < headers; first++)
		cr_assert_eq(parse_split(frame, first, len + 7, &got, &at), COUNT_drop_tcp_short);
}

Test(parse, checksum_covers_the_addresses)
{
	struct seg want = data_segment(), got;
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_tcp(frame, &want);

	frame[ETH_BYTES + 19] ^= 1;
	frames_mend_ip(frame);
	cr_assert_eq(parse(frame, len, &got), COUNT_drop_tcp_csum);
}

Test(parse, options_of_ip_move_the_segment)
{
	struct seg want = data_segment(), got;
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_tcp(frame, &want), at;

	memmove(frame + ETH_BYTES + IPV4_BYTES + 4, frame + ETH_BYTES + IPV4_BYTES,
		len - ETH_BYTES - IPV4_BYTES);
	memset(frame + ETH_BYTES + IPV4_BYTES, 1, 4);
	frame[ETH_BYTES] = 0x46;
	bytes_put16(frame + ETH_BYTES + 2, (uint16_t)(len + 4 - ETH_BYTES));
	frames_mend(frame);
	cr_assert_eq(parse_split(frame, len + 4, len + 4, &got, &at), ACCEPTED);
	cr_assert_eq(at, len + 4 - want.len);
	expect_same(&got, &want);
}

Test(parse, what_a_host_refuses_comes_before_tcp)
{
	struct seg want = data_segment(), got;
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_tcp(frame, &want);

	bytes_put32(frame + ETH_BYTES + 12, 0x7f000001);
	frames_mend_ip(frame);
	cr_assert_eq(parse(frame, len, &got), COUNT_drop_ip_source);
}

/* One byte wrong anywhere, and the checksums mended: whatever it says, it stays within bounds. */
Test(parse, any_single_change_stays_within_bounds)
{
	struct rng rng = { 7 };
	unsigned accepted = 0;

	for (unsigned round = 0; round < 20000; round++) {
		struct seg want = frames_random_seg(&rng), got;
		uint8_t frame[FRAMES_MAX];

		want.len %= 16;
		uint32_t len = frames_tcp(frame, &want), at = rng_below(&rng, len - want.len);

		frame[at] = (uint8_t)rng_u64(&rng);
		if (bytes_get16(frame + ETH_BYTES + 2) == len - ETH_BYTES && frame[ETH_BYTES] == 0x45)
			frames_mend(frame);
		verdict v = parse(frame, len, &got);

		cr_assert(v == ACCEPTED || counter_kind(v) == WEIR_COUNT_DROP);
		accepted += v == ACCEPTED;
	}
	cr_assert_gt(accepted, 1000);
}
