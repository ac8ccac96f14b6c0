/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flood sends, read by weir's own parsers, and its checksums added up from all of its bytes. */
#include "flood_frame.h"

#include <criterion/criterion.h>
#include <string.h>

#include "wire/csum.h"
#include "wire/parse.h"
#include "wire/tcp_hdr.h"

#define PACKETS 20000u
#define PORT 8080

/* The two families, and what is different about them. */
static const struct world {
	struct weir_address target;
	struct weir_range sources;
	unsigned ip_bytes;
	uint16_t type, mss;
} worlds[] = {
	{ { 0, 0xffffc6130001 }, { { 0, 0xffff0a010000 }, { 0, 0xffff0a01ffff }, 16 }, 20, 0x0800, 1460 },
	{ { 0x2001000200000000, 0x190001 },
	  { { 0xfd10000000000000, 1 }, { 0xfd10ffffffffffff, UINT64_MAX }, 16 },
	  40,
	  0x86dd,
	  1440 },
};
static const struct eth_addr station = { { 2, 0, 0, 0, 0, 7 } }, ours = { { 2, 0, 0, 0, 0, 9 } };

#define EACH(w) for (const struct world *w = worlds; w < worlds + 2; w++)

#define SYN_OPTS (SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE)

/* Flags and options as flood_frame.h promises them, and how long the latter are. */
static const struct expected {
	uint8_t flags, opts, opts_len;
} expected[FLOOD_MIX] = {
	[FLOOD_SYN] = { SEG_SYN, SYN_OPTS, 20 },
	[FLOOD_ACK] = { SEG_ACK, SEG_OPT_TS, 12 },
	[FLOOD_SYNACK] = { SEG_SYN | SEG_ACK, SYN_OPTS, 20 },
	[FLOOD_RST] = { SEG_RST, 0, 0 },
	[FLOOD_FIN] = { SEG_FIN, SEG_OPT_TS, 12 },
	[FLOOD_NULL] = { 0, 0, 0 },
	[FLOOD_XMAS] = { SEG_FIN | SEG_PSH | SEG_URG, 0, 0 },
};

static const struct world *world;
static struct flood_frames frames;
static uint8_t frame[FLOOD_FRAME_BYTES];

static void begin(const struct world *w, enum flood_kind kind, bool plain, uint16_t vlan, uint64_t seed)
{
	struct flood_plan plan = {
		.kind = kind,
		.plain = plain,
		.vlan = vlan,
		.target = { .address = w->target, .port = PORT },
		.sources = &w->sources,
		.sources_count = 1,
		.seed = seed,
	};

	world = w;
	cr_assert(flood_frames_init(&frames, &plan));
	flood_frames_aim(&frames, station.bytes, ours.bytes);
	memset(frame, 0xa5, sizeof(frame));
}

/* Both checksums, by the function that knows nothing of templates. */
static void expect_checksums(const struct frame *in)
{
	const uint8_t *ip = frame + ETH_BYTES;
	uint16_t tcp_len = (uint16_t)(in->ip.total_bytes - world->ip_bytes);
	uint64_t sum = csum_pseudo(in->ip.src, in->ip.dst, IP_PROTOCOL_TCP, tcp_len);

	if (weir_is_ipv4(world->target))
		cr_assert_eq(csum_fold(csum_bytes(ip, world->ip_bytes)), CSUM_RIGHT);
	sum = csum_add(sum, csum_bytes(ip + world->ip_bytes, tcp_len));
	cr_assert_eq(csum_fold(sum), CSUM_RIGHT);
}

struct sent {
	struct seg seg; /* as its receiver reads it */
	unsigned opts_len;
	uint32_t flow_label;
};

/* The next frame. */
static struct sent next(void)
{
	struct frame in = { .bytes = frame };
	struct seg_side side;
	struct sent sent;
	uint32_t headers;
	unsigned len = flood_frames_write(&frames, frame);

	cr_assert_leq(len, FLOOD_FRAME_BYTES);
	in.contiguous = in.total = len;
	cr_assert_eq(parse_link(&in), ACCEPTED);
	cr_assert(eth_equal(&in.eth.dst, &station) && eth_equal(&in.eth.src, &ours));
	cr_assert_eq(in.eth.type, world->type);
	cr_assert_eq(parse_ip(&in), ACCEPTED);
	cr_assert_eq(in.ip.total_bytes, len - ETH_BYTES);
	cr_assert(in.ip.dst.hi == world->target.hi && in.ip.dst.lo == world->target.lo);
	cr_assert(ip_range_has(&world->sources, in.ip.src));
	cr_assert_eq(parse_accept(&in), ACCEPTED);
	cr_assert_eq(parse_tcp(&in, 0, &sent.seg, &side, &headers), ACCEPTED);
	cr_assert_eq(headers, len);
	expect_checksums(&in);
	sent.opts_len = len - ETH_BYTES - world->ip_bytes - TCP_HDR_BYTES;
	sent.flow_label = (frame[15] & 0x0fu) << 16 | (unsigned)frame[16] << 8 | frame[17];
	return sent;
}

static void expect_kind(const struct sent *sent, enum flood_kind kind, bool plain)
{
	const struct expected *e = &expected[kind];
	const struct seg *seg = &sent->seg;

	cr_assert_eq(seg->flags, e->flags);
	cr_assert_eq(sent->opts_len, plain ? 0 : e->opts_len);
	cr_assert_eq(seg->opts, plain ? 0 : e->opts);
	if (seg->opts & SEG_OPT_MSS)
		cr_assert(seg->mss == world->mss && seg->wscale == 7);
	if (!(seg->flags & SEG_ACK))
		cr_assert_eq(seg->ack | seg->tsecr, 0);
	cr_assert_eq(seg->tuple.lport, PORT);
	cr_assert_geq(seg->tuple.rport, 1024);
}

Test(flood_frame, every_kind_is_what_it_says)
{
	EACH(w)
	for (unsigned kind = 0; kind < FLOOD_MIX; kind++) {
		for (unsigned plain = 0; plain < 2; plain++) {
			begin(w, (enum flood_kind)kind, plain, 0, 100 + kind);
			for (unsigned i = 0; i < PACKETS; i++) {
				struct sent sent = next();

				expect_kind(&sent, (enum flood_kind)kind, plain);
			}
		}
	}
}

/* Sums of the largest words: their carries come round. */
Test(flood_frame, checksums_carry)
{
	static const struct weir_address highest[] = { { 0, 0xffffdfffffff },
						       { 0xfeffffffffffffff, UINT64_MAX } };
	struct world full;

	EACH(w)
	for (unsigned kind = 0; kind < FLOOD_MIX; kind++) {
		full = *w;
		full.sources = (struct weir_range){ highest[w - worlds], highest[w - worlds], 4 };
		begin(&full, (enum flood_kind)kind, false, 0, 3);
		for (unsigned i = 0; i < 100; i++)
			next();
	}
}

Test(flood_frame, a_mix_has_all_in_turn)
{
	EACH(w)
	{
		begin(w, FLOOD_MIX, false, 0, 1);
		for (unsigned i = 0; i < 7 * 100; i++) {
			struct sent sent = next();

			expect_kind(&sent, (enum flood_kind)(i % FLOOD_MIX), false);
		}
	}
}

/* The same frame, four bytes longer: 802.1Q's type and the number stand before what was there. */
Test(flood_frame, a_vlan_is_a_tag_and_nothing_else)
{
	static const uint8_t tag[] = { 0x81, 0x00, 0x0a, 0xbc };
	uint8_t plain[FLOOD_FRAME_BYTES];
	unsigned len;

	EACH(w)
	for (unsigned kind = 0; kind < FLOOD_MIX; kind++) {
		begin(w, (enum flood_kind)kind, false, 0, 9);
		len = flood_frames_write(&frames, plain);
		begin(w, (enum flood_kind)kind, false, 0xabc, 9);
		cr_assert_eq(flood_frames_write(&frames, frame), len + 4);
		cr_expect_eq(memcmp(frame, plain, 12), 0);
		cr_expect_eq(memcmp(frame + 12, tag, 4), 0);
		cr_expect_eq(memcmp(frame + 16, plain + 12, len - 12), 0);
	}
}

/* Half of the values of a bit, give or take six standard deviations of PACKETS coins: 71 each. */
static void expect_fair(const unsigned *ones, unsigned bits, const char *what)
{
	for (unsigned bit = 0; bit < bits; bit++)
		cr_expect(ones[bit] > PACKETS / 2 - 425 && ones[bit] < PACKETS / 2 + 425, "%s, bit %u: %u",
			  what, bit, ones[bit]);
}

Test(flood_frame, numbers_are_random)
{
	unsigned seq[32] = { 0 }, ack[32] = { 0 }, tsval[32] = { 0 }, tsecr[32] = { 0 };
	unsigned labels[20] = { 0 }, low_ports = 0;

	begin(&worlds[1], FLOOD_SYNACK, false, 0, 77);
	for (unsigned i = 0; i < PACKETS; i++) {
		struct sent sent = next();
		struct seg seg = sent.seg;

		for (unsigned bit = 0; bit < 20; bit++)
			labels[bit] += sent.flow_label >> bit & 1;
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
	expect_fair(labels, 20, "flow label");
}

Test(flood_frame, a_seed_replays)
{
	uint8_t first[100][FLOOD_FRAME_BYTES];

	EACH(w)
	{
		unsigned differ = 0;

		begin(w, FLOOD_SYN, false, 0, 5);
		for (unsigned i = 0; i < 100; i++)
			flood_frames_write(&frames, first[i]);
		begin(w, FLOOD_SYN, false, 0, 5);
		for (unsigned i = 0; i < 100; i++) {
			flood_frames_write(&frames, frame);
			cr_assert_eq(memcmp(frame, first[i], sizeof(frame)), 0);
		}
		begin(w, FLOOD_SYN, false, 0, 6);
		for (unsigned i = 0; i < 100; i++) {
			flood_frames_write(&frames, frame);
			differ += memcmp(frame, first[i], sizeof(frame)) != 0;
		}
		cr_expect_eq(differ, 100);
	}
}
