/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flood sends, read by weir's own parsers, and its checksums added up from all of its bytes. */
#include "flood_frame.h"

#include <criterion/criterion.h>
#include <string.h>

#include "wire/csum.h"
#include "wire/parse.h"

#define PACKETS 50000u
#define TARGET 0xc6130001u /* 198.19.0.1 */
#define PORT 8080

static const struct weir_range sources = { .first = 0x0a010000, .last = 0x0a01ffff, .prefix_len = 16 };
static const struct eth_addr station = { { 2, 0, 0, 0, 0, 7 } }, ours = { { 2, 0, 0, 0, 0, 9 } };

/* flags, options and length as flood_frame.h promises them. */
static const struct expected {
	uint8_t flags, opts, plain_len, len;
} expected[FLOOD_MIX] = {
	[FLOOD_SYN] = { SEG_SYN, SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE, 54, 74 },
	[FLOOD_ACK] = { SEG_ACK, SEG_OPT_TS, 54, 66 },
	[FLOOD_SYNACK] = { SEG_SYN | SEG_ACK, SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE, 54,
			   74 },
	[FLOOD_RST] = { SEG_RST, 0, 54, 54 },
	[FLOOD_FIN] = { SEG_FIN, SEG_OPT_TS, 54, 66 },
	[FLOOD_NULL] = { 0, 0, 54, 54 },
	[FLOOD_XMAS] = { SEG_FIN | SEG_PSH | SEG_URG, 0, 54, 54 },
};

static struct flood_frames frames;
static uint8_t frame[FLOOD_FRAME_BYTES];

static void begin(enum flood_kind kind, bool plain, uint64_t seed)
{
	struct flood_plan plan = {
		.kind = kind,
		.plain = plain,
		.target = { .address = TARGET, .port = PORT },
		.sources = &sources,
		.sources_count = 1,
		.seed = seed,
	};

	cr_assert(flood_frames_init(&frames, &plan));
	flood_frames_aim(&frames, station.bytes, ours.bytes);
	memset(frame, 0xa5, sizeof(frame));
}

/* Both checksums, by the function that knows nothing of templates. */
static void expect_checksums(unsigned len, const struct seg *seg)
{
	uint16_t tcp_len = (uint16_t)(len - ETH_BYTES - IP_BYTES);
	uint64_t sum = csum_pseudo(seg->tuple.laddr, seg->tuple.raddr, IP_PROTOCOL_TCP, tcp_len);

	cr_assert_eq(csum_fold(csum_bytes(frame + ETH_BYTES, IP_BYTES)), CSUM_RIGHT);
	sum = csum_add(sum, csum_bytes(frame + ETH_BYTES + IP_BYTES, tcp_len));
	cr_assert_eq(csum_fold(sum), CSUM_RIGHT);
}

/* The next frame, as its receiver reads it: laddr is the target. */
static struct seg next(unsigned *len)
{
	struct frame in = { .bytes = frame };
	struct seg seg;
	uint32_t headers;

	*len = flood_frames_write(&frames, frame);
	cr_assert_leq(*len, FLOOD_FRAME_BYTES);
	in.contiguous = in.total = *len;
	cr_assert_eq(parse_link(&in), ACCEPTED);
	cr_assert(eth_equal(&in.eth.dst, &station) && eth_equal(&in.eth.src, &ours));
	cr_assert_eq(parse_ip(&in), ACCEPTED);
	cr_assert_eq(in.ip.total_bytes, *len - ETH_BYTES);
	cr_assert_eq(in.ip.dst, TARGET);
	cr_assert_eq(parse_tcp(&in, 0, &seg, &headers), ACCEPTED);
	cr_assert_eq(headers, *len);
	return seg;
}

static void expect_kind(const struct seg *seg, unsigned len, enum flood_kind kind, bool plain)
{
	const struct expected *e = &expected[kind];

	cr_assert_eq(seg->flags, e->flags);
	cr_assert_eq(len, plain ? e->plain_len : e->len);
	cr_assert_eq(seg->opts, plain ? 0 : e->opts);
	if (seg->opts & SEG_OPT_MSS)
		cr_assert(seg->mss == 1460 && seg->wscale == 7);
	if (!(seg->flags & SEG_ACK))
		cr_assert_eq(seg->ack | seg->tsecr, 0);
	cr_assert_eq(seg->tuple.lport, PORT);
	cr_assert_geq(seg->tuple.rport, 1024);
	cr_assert(seg->tuple.raddr >= sources.first && seg->tuple.raddr <= sources.last);
}

Test(flood_frame, every_kind_is_what_it_says)
{
	for (unsigned kind = 0; kind < FLOOD_MIX; kind++) {
		for (unsigned plain = 0; plain < 2; plain++) {
			begin((enum flood_kind)kind, plain, 100 + kind);
			for (unsigned i = 0; i < PACKETS; i++) {
				unsigned len;
				struct seg seg = next(&len);

				expect_kind(&seg, len, (enum flood_kind)kind, plain);
				expect_checksums(len, &seg);
			}
		}
	}
}

Test(flood_frame, a_mix_has_all_in_turn)
{
	begin(FLOOD_MIX, false, 1);
	for (unsigned i = 0; i < 7 * 100; i++) {
		unsigned len;
		struct seg seg = next(&len);

		expect_kind(&seg, len, (enum flood_kind)(i % FLOOD_MIX), false);
		expect_checksums(len, &seg);
	}
}

/* Half of the values of a bit, give or take six standard deviations of PACKETS coins. */
static void expect_fair(const unsigned *ones, unsigned bits, const char *what)
{
	for (unsigned bit = 0; bit < bits; bit++)
		cr_expect(ones[bit] > PACKETS / 2 - 700 && ones[bit] < PACKETS / 2 + 700, "%s, bit %u: %u",
			  what, bit, ones[bit]);
}

Test(flood_frame, numbers_are_random)
{
	unsigned seq[32] = { 0 }, ack[32] = { 0 }, tsval[32] = { 0 }, tsecr[32] = { 0 };
	unsigned low_ports = 0, len;

	begin(FLOOD_SYNACK, false, 77);
	for (unsigned i = 0; i < PACKETS; i++) {
		struct seg seg = next(&len);

		for (unsigned bit = 0; bit < 32; bit++) {
			seq[bit] += seg.seq >> bit & 1;
			ack[bit] += seg.ack >> bit & 1;
			tsval[bit] += seg.tsval >> bit & 1;
			tsecr[bit] += seg.tsecr >> bit & 1;
		}
		low_ports += seg.tuple.rport < 1024 + 64512 / 2;
	}
	expect_fair(seq, 32, "sequence number");
	expect_fair(ack, 32, "acknowledgment number");
	expect_fair(tsval, 32, "TSval");
	expect_fair(tsecr, 32, "TSecr");
	expect_fair(&low_ports, 1, "source port");
}

Test(flood_frame, a_seed_replays)
{
	uint8_t first[100][FLOOD_FRAME_BYTES];
	unsigned differ = 0;

	begin(FLOOD_SYN, false, 5);
	for (unsigned i = 0; i < 100; i++)
		flood_frames_write(&frames, first[i]);
	begin(FLOOD_SYN, false, 5);
	for (unsigned i = 0; i < 100; i++) {
		flood_frames_write(&frames, frame);
		cr_assert_eq(memcmp(frame, first[i], sizeof(frame)), 0);
	}
	begin(FLOOD_SYN, false, 6);
	for (unsigned i = 0; i < 100; i++) {
		flood_frames_write(&frames, frame);
		differ += memcmp(frame, first[i], sizeof(frame)) != 0;
	}
	cr_expect_eq(differ, 100);
}
