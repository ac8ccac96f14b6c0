/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/tcp_hdr.h"

/* A segment with timestamps and four bytes of payload, 36 bytes; the pseudo header's sum is left at 0. */
#define BYTES 36

static const struct seg sent = {
	.tuple = { .lport = 1000, .rport = 80 },
	.seq = 0xfffffff0,
	.ack = 77,
	.wnd = 512,
	.len = 4,
	.flags = SEG_ACK | SEG_PSH,
	.opts = SEG_OPT_TS,
	.tsval = 5,
	.tsecr = 6,
};

static void mend(uint8_t *segment, uint32_t len)
{
	bytes_put16(segment + TCP_HDR_CSUM_AT, 0);
	csum_put(segment + TCP_HDR_CSUM_AT, csum_bytes(segment, len));
}

static void good(uint8_t segment[BYTES])
{
	unsigned header = tcp_hdr_build(segment, &sent);

	cr_assert_eq(header, 32);
	memcpy(segment + header, "data", 4);
	mend(segment, BYTES);
}

static verdict judge_part(const uint8_t *segment, uint32_t contiguous, uint32_t len, struct seg *seg)
{
	uint8_t *copy = exact_copy(segment, contiguous);
	struct tcp_bytes bytes = { .bytes = copy, .contiguous = contiguous, .len = len };

	*seg = (struct seg){ .flags = 0 };
	verdict v = tcp_hdr_parse(&bytes, seg);

	free(copy);
	return v;
}

static verdict judge(const uint8_t *segment, uint32_t len)
{
	struct seg seg;

	return judge_part(segment, len, len, &seg);
}

static verdict judge_flags(unsigned flags)
{
	uint8_t segment[BYTES];

	good(segment);
	segment[13] = (uint8_t)flags;
	mend(segment, BYTES);
	return judge(segment, BYTES);
}

Test(tcp_hdr, fields_and_the_other_side_of_the_tuple)
{
	uint8_t segment[BYTES];
	struct seg seg;

	good(segment);
	cr_assert_eq(judge_part(segment, BYTES, BYTES, &seg), ACCEPTED);
	cr_assert_eq(seg.tuple.rport, sent.tuple.lport);
	cr_assert_eq(seg.tuple.lport, sent.tuple.rport);
	cr_assert_eq(seg.seq, sent.seq);
	cr_assert_eq(seg.ack, sent.ack);
	cr_assert_eq(seg.wnd, sent.wnd);
	cr_assert_eq(seg.len, sent.len);
	cr_assert_eq(seg.flags, sent.flags);
	cr_assert_eq(seg.opts, sent.opts);
	cr_assert_eq(seg.tsval, sent.tsval);
	cr_assert_eq(seg.tsecr, sent.tsecr);
}

Test(tcp_hdr, every_truncation)
{
	uint8_t segment[BYTES];

	good(segment);
	for (uint32_t len = 0; len < BYTES; len++) {
		verdict want = len < 20 ? COUNT_drop_tcp_short :
			       len < 32 ? COUNT_drop_tcp_data_offset :
					  COUNT_drop_tcp_csum;

		cr_assert_eq(judge(segment, len), want, "%u bytes", len);
	}
}

Test(tcp_hdr, header_beyond_the_contiguous_bytes)
{
	uint8_t segment[BYTES];
	struct seg seg;

	good(segment);
	for (uint32_t contiguous = 0; contiguous < 32; contiguous++)
		cr_assert_eq(judge_part(segment, contiguous, BYTES, &seg), COUNT_drop_tcp_short);
}

Test(tcp_hdr, data_offset)
{
	uint8_t segment[BYTES];

	for (unsigned words = 0; words < 16; words++) {
		good(segment);
		segment[12] = (uint8_t)(words << 4);
		mend(segment, BYTES);
		if (words < 5 || words > 9)
			cr_assert_eq(judge(segment, BYTES), COUNT_drop_tcp_data_offset, "%u words", words);
	}
}

Test(tcp_hdr, checksum)
{
	for (unsigned bit = 0; bit < BYTES * 8; bit++) {
		uint8_t segment[BYTES];

		if (bit / 8 == 12)
			continue; /* the data offset is looked at before */
		good(segment);
		segment[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_eq(judge(segment, BYTES), COUNT_drop_tcp_csum, "bit %u", bit);
	}
}

/* In UDP a checksum of 0 means that there is none; in TCP it is a wrong one (RFC 9293 MUST-3). */
Test(tcp_hdr, checksum_of_zero)
{
	uint8_t segment[BYTES];

	good(segment);
	cr_assert_neq(bytes_get16(segment + TCP_HDR_CSUM_AT), 0);
	bytes_put16(segment + TCP_HDR_CSUM_AT, 0);
	cr_assert_eq(judge(segment, BYTES), COUNT_drop_tcp_csum);
}

/* Built into bytes that are not zero; nobody here has urgent data to send (RFC 9293 SHLD-13). */
Test(tcp_hdr, urgent_pointer_is_zero)
{
	uint8_t header[TCP_HDR_BYTES_MAX];

	memset(header, 0xee, sizeof(header));
	tcp_hdr_build(header, &sent);
	cr_assert_eq(bytes_get16(header + 18), 0);
	cr_assert_eq(header[12] & 0x0f, 0, "and what is reserved");
}

Test(tcp_hdr, a_port_that_verified_it_is_believed)
{
	uint8_t segment[BYTES];
	struct seg seg = { .flags = 0 };

	good(segment);
	segment[35] ^= 1;
	cr_assert_eq(tcp_hdr_parse(
			     &(struct tcp_bytes){
				     .bytes = segment, .contiguous = BYTES, .len = BYTES, .verified = true },
			     &seg),
		     ACCEPTED);
}

Test(tcp_hdr, port_zero)
{
	uint8_t segment[BYTES];

	for (unsigned at = 0; at < 4; at += 2) {
		good(segment);
		bytes_put16(segment + at, 0);
		mend(segment, BYTES);
		cr_assert_eq(judge(segment, BYTES), COUNT_drop_tcp_port_zero);
	}
}

/* What they make of a segment is for section 3.10.7 to say, state by state. */
Test(tcp_hdr, any_flags)
{
	for (unsigned flags = 0; flags < 256; flags++)
		cr_assert_eq(judge_flags(flags), ACCEPTED, "flags %02x", flags);
}

Test(tcp_hdr, option_length)
{
	uint8_t segment[BYTES];

	good(segment);
	segment[23] = 0;
	mend(segment, BYTES);
	cr_assert_eq(judge(segment, BYTES), COUNT_drop_tcp_option_length);
}
