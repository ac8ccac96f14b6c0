/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN-ACKs that are cookies: in the frames of their SYNs, or beside them; never longer;
 * and limits of other answers.
 */
#include <criterion/criterion.h>

#include "core/core.h"
#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/ipv4.h"
#include "wire/parse.h"
#include "wire/tcp_hdr.h"

#define IP ETH_BYTES
#define TCP (ETH_BYTES + IPV4_BYTES)
#define FRAME_MIN 60
#define SECOND_NS 1000000000ull

TestSuite(turned, .init = stand_init);

static struct seg syn_from(uint16_t rport)
{
	return (struct seg){
		.tuple = { .laddr = FRAMES_OURS, .raddr = FRAMES_PEER, .lport = 80, .rport = rport },
		.seq = 0x12345678,
		.wnd = 65535,
		.flags = SEG_SYN,
		.ttl = 64,
	};
}

/* What Linux says, which has a way of its own through the core; an MSS alone; and nothing. */
static void ask_for(struct seg *syn, unsigned kind)
{
	syn->mss = 1400;
	syn->tsval = 700;
	syn->wscale = 7;
	syn->opts = kind == 0 ? SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE :
		    kind == 1 ? SEG_OPT_MSS :
				0;
}

#define KINDS 3

static void stand_with_cookies(void)
{
	stand.config.defence.mode = WEIR_DEFENCE_ALWAYS;
	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 7), 0);
}

/* The next frame out answers this SYN, and goes back to where it came from. */
static struct seg expect_syn_ack(const struct seg *syn)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	struct seg got = stand_take_seg(frame, &headers);

	cr_assert_arr_eq(frame, frames_peer_mac.bytes, 6);
	cr_assert_arr_eq(frame + 6, frames_our_mac.bytes, 6);
	cr_assert_eq(got.flags, SEG_SYN | SEG_ACK);
	cr_assert_eq(got.ack, syn->seq + 1, "no byte of text is acknowledged");
	cr_assert_eq(got.len, 0);
	cr_assert(got.tuple.lport == syn->tuple.rport && got.tuple.rport == syn->tuple.lport);
	cr_assert(got.tuple.laddr == syn->tuple.raddr && got.tuple.raddr == syn->tuple.laddr);
	return got;
}

/* What a SYN-ACK says is good for a connection. */
static void completes(const struct seg *syn, const struct seg *syn_ack)
{
	struct seg ack = *syn;
	struct weir_event event;

	ack.seq++;
	ack.ack = syn_ack->seq + 1;
	ack.flags = SEG_ACK;
	ack.opts = syn_ack->opts & SEG_OPT_TS;
	ack.tsecr = syn_ack->tsval;
	ack.len = 0;
	stand_give_seg(&ack);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.what, WEIR_EV_OPENED);
	cr_assert_eq(weir_abort(stand.core, event.conn), 0);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	stand_drain();
}

/* ------------------------------------------------------------------------------------------- *
 * Whose buffer it is
 * ------------------------------------------------------------------------------------------- */

Test(turned, the_syns_own_buffer_goes_back)
{
	static const uint16_t lens[] = { 0, 1, 500, 1400 };

	stand_with_cookies();
	for (unsigned i = 0; i < 4 * KINDS; i++) {
		struct seg syn = syn_from((uint16_t)(1 + i));
		uint8_t frame[FRAMES_MAX] = { 0 };

		ask_for(&syn, i / 4);
		syn.len = lens[i % 4];
		uint32_t len = frames_tcp(frame, &syn);
		struct rte_mbuf *m = stand_frame(frame, len < FRAME_MIN ? FRAME_MIN : len), *out;

		m->ol_flags = RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_TX_TCP_CKSUM;
		stand_give_mbuf(m);
		uint64_t taken = stand_count(COUNT_mbufs_taken);

		cr_assert_eq(weir_output(stand.core, &out, 1), 1);
		cr_assert_eq(out, m);
		cr_assert(out->ol_flags == 0 && out->nb_segs == 1 && out->pkt_len == out->data_len);
		cr_assert_eq(stand_count(COUNT_mbufs_taken), taken, "nothing was allocated");
		rte_pktmbuf_free(out);
		stand_give(frame, len);
		struct seg syn_ack = expect_syn_ack(&syn);

		completes(&syn, &syn_ack);
	}
	stand_down();
}

/*
 * In pieces, read by somebody else, or without room:
 * the answer stands in another buffer, and the SYN is as it was.
 */
Test(turned, a_buffer_that_is_not_ours_to_write)
{
	uint8_t frame[FRAMES_MAX];
	struct seg syn = syn_from(1);

	stand_with_cookies();
	for (unsigned i = 0; i < 2 * KINDS; i++) {
		uint16_t text = i & 1 ? 300 : 0;

		ask_for(&syn, i / 2);
		syn.len = text;
		uint32_t len = frames_tcp(frame, &syn);

		if (text > 0) {
			stand_give_mbuf(stand_chain(frame, len, 100, 70));
			expect_syn_ack(&syn);
		}
		struct rte_mbuf *shared = stand_frame(frame, len);

		rte_mbuf_refcnt_update(shared, 1);
		stand_give_mbuf(shared);
		struct seg syn_ack = expect_syn_ack(&syn);

		cr_assert_arr_eq(rte_pktmbuf_mtod(shared, uint8_t *), frame, len);
		rte_pktmbuf_free(shared);
		completes(&syn, &syn_ack);

		struct rte_mbuf *original = stand_frame(frame, len);
		struct rte_mbuf *clone = rte_pktmbuf_clone(original, stand.pool);

		stand_give_mbuf(clone);
		expect_syn_ack(&syn);
		cr_assert_arr_eq(rte_pktmbuf_mtod(original, uint8_t *), frame, len);
		clone = rte_pktmbuf_clone(original, stand.pool);
		stand_give_mbuf(original); /* which the clone still reads */
		expect_syn_ack(&syn);
		cr_assert_arr_eq(rte_pktmbuf_mtod(clone, uint8_t *), frame, len);
		rte_pktmbuf_free(clone);
	}
	stand_down();
}

/* However little room there is behind the SYN, what is written stays within the buffer. */
Test(turned, a_buffer_without_room)
{
	uint8_t frame[FRAMES_MAX];
	struct seg syn = syn_from(1);

	stand_with_cookies();
	for (uint16_t room = 0; room <= 24; room += 2) {
		for (unsigned kind = 0; kind < KINDS; kind++) {
			ask_for(&syn, kind);
			uint32_t len = frames_tcp(frame, &syn);
			struct rte_mbuf *m = rte_pktmbuf_alloc(stand.pool), *out;

			m->data_off = (uint16_t)(m->buf_len - len - room);
			memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
			stand_give_mbuf(m);
			cr_assert_eq(weir_output(stand.core, &out, 1), 1);
			cr_assert_leq(out->data_off + out->data_len, out->buf_len);
			rte_pktmbuf_free(out);
		}
	}
	stand_down();
}

/* Where there is no other buffer, the SYN has not come: its peer asks again. */
Test(turned, no_other_buffer)
{
	static struct rte_mbuf *all[STAND_POOL];
	uint8_t frame[FRAMES_MAX];
	struct seg syn = syn_from(1);

	ask_for(&syn, 0);
	uint32_t len = frames_tcp(frame, &syn);

	stand_with_cookies();
	struct rte_mbuf *shared = stand_frame(frame, len);
	unsigned n = rte_mempool_avail_count(stand.pool);

	rte_mbuf_refcnt_update(shared, 1);
	cr_assert_eq(rte_pktmbuf_alloc_bulk(stand.pool, all, n), 0);
	stand_give_mbuf(shared);
	cr_assert_eq(stand_take(frame), 0);
	cr_assert_eq(stand_count(COUNT_tx_no_buffer), 1);
	rte_pktmbuf_free_bulk(all, n);
	rte_pktmbuf_free(shared);
	stand_give_seg(&syn);
	expect_syn_ack(&syn);
	stand_down();
}

/* ------------------------------------------------------------------------------------------- *
 * Bursts
 * ------------------------------------------------------------------------------------------- */

/* A burst of SYNs, every fourth of them something else. */
static void mixed_burst(struct rte_mbuf *frames[64], uint16_t first)
{
	uint8_t frame[FRAMES_MAX];

	for (uint16_t i = 0; i < 64; i++) {
		struct seg seg = syn_from((uint16_t)(first + i));

		ask_for(&seg, 1);
		seg.len = i % 3 == 0 ? 100 : 0;
		if (i % 4 == 1) {
			seg.flags = SEG_RST;
			seg.opts = 0;
		}
		uint32_t len = frames_tcp(frame, &seg);

		if (i % 8 == 3)
			frame[TCP + TCP_HDR_CSUM_AT] ^= 1;
		frames[i] = i % 16 == 6 ? stand_chain(frame, len, 54 + 4, 10) : stand_frame(frame, len);
	}
}

static bool is_answered(unsigned i)
{
	return i % 4 != 1 && i % 8 != 3;
}

/* Handed out as they came in, a few at a time; none twice, none lost. */
static void expect_bursts(uint16_t first, unsigned bursts)
{
	struct rte_mbuf *out[3];
	unsigned i = 0, n;

	do {
		n = weir_output(stand.core, out, 3);
		for (unsigned k = 0; k < n; k++, i++) {
			while (!is_answered(i % 64))
				i++;
			cr_assert_eq(bytes_get16(rte_pktmbuf_mtod(out[k], uint8_t *) + TCP + 2), first + i);
			rte_pktmbuf_free(out[k]);
		}
	} while (n == 3);
	while (i < 64 * bursts && !is_answered(i % 64))
		i++;
	cr_assert_eq(i, 64 * bursts);
}

Test(turned, a_mixed_burst_is_answered_in_its_order)
{
	struct rte_mbuf *frames[64];

	stand_with_cookies();
	for (uint16_t first = 1; first < 1000; first += 64) {
		mixed_burst(frames, first);
		cr_assert_eq(weir_input(stand.core, frames, 64, stand.now_ns, NULL), 64);
		expect_bursts(first, 1);
		cr_assert_null(stand_take_mbuf());
	}
	stand_down();
}

/* What nobody takes holds back what comes: a bound, and no loss. */
Test(turned, those_that_wait_hold_back_input)
{
	struct rte_mbuf *frames[16][64];
	unsigned taken = 0;

	stand_with_cookies();
	for (uint16_t i = 0; i < 16; i++) {
		mixed_burst(frames[i], (uint16_t)(1 + 64 * i));
		if (weir_input(stand.core, frames[i], 64, stand.now_ns, NULL) == 0)
			rte_pktmbuf_free_bulk(frames[i], 64);
		else
			taken++;
	}
	cr_assert(taken >= 4 && taken < 16, "%u", taken);
	expect_bursts(1, taken);
	cr_assert_null(stand_take_mbuf());
	mixed_burst(frames[0], 5000);
	cr_assert_eq(weir_input(stand.core, frames[0], 64, stand.now_ns, NULL), 64);
	expect_bursts(5000, 1);
	stand_down();
}

/* The end of a core frees what waits. */
Test(turned, a_core_that_ends_frees_them)
{
	struct rte_mbuf *frames[64];

	stand_with_cookies();
	mixed_burst(frames, 1);
	cr_assert_eq(weir_input(stand.core, frames, 64, stand.now_ns, NULL), 64);
	weir_core_destroy(stand.core);
	cr_assert_eq(rte_mempool_avail_count(stand.pool), STAND_POOL);
}

/* ------------------------------------------------------------------------------------------- *
 * No more than was asked
 * ------------------------------------------------------------------------------------------- */

/* A SYN with these bytes of options, in a frame of the least size at least. */
static uint32_t syn_with(uint8_t frame[FRAMES_MAX], uint16_t rport, const uint8_t *options, unsigned bytes)
{
	struct seg syn = syn_from(rport);
	unsigned padded = (bytes + 3) & ~3u;

	uint32_t len = frames_tcp(frame, &syn);

	memset(frame + len, 0, FRAMES_MAX - len);
	memcpy(frame + len, options, bytes);
	frame[TCP + 12] = (uint8_t)((TCP_HDR_BYTES + padded) / 4 << 4);
	bytes_put16(frame + IP + 2, (uint16_t)(IPV4_BYTES + TCP_HDR_BYTES + padded));
	frames_mend(frame);
	len += padded;
	return len < FRAME_MIN ? FRAME_MIN : len;
}

/* The next answer is no longer than what it answers; returns what it says. */
static struct seg no_longer(const uint8_t *options, unsigned bytes)
{
	static uint16_t rport;
	uint8_t frame[FRAMES_MAX];
	uint32_t len = syn_with(frame, ++rport, options, bytes);
	struct rte_mbuf *out;

	stand_give(frame, len);
	cr_assert_eq(weir_output(stand.core, &out, 1), 1, "%u bytes of options", bytes);
	uint32_t answer = out->pkt_len;

	cr_assert_leq(answer, len, "%u bytes answer %u, of which %u are options", answer, len, bytes);
	struct frame parsed = { .bytes = rte_pktmbuf_mtod(out, uint8_t *),
				.contiguous = answer,
				.total = answer };
	struct seg_side side;
	struct seg seg;
	uint32_t headers;

	cr_assert_eq(parse_link(&parsed), ACCEPTED);
	cr_assert_eq(parse_ip(&parsed), ACCEPTED);
	cr_assert_eq(parse_accept(&parsed), ACCEPTED);
	cr_assert_eq(parse_tcp(&parsed, 0, &seg, &side, &headers), ACCEPTED);
	cr_assert_eq(seg.flags, SEG_SYN | SEG_ACK);
	rte_pktmbuf_free(out);
	return seg;
}

static unsigned put(uint8_t *at, const char *bytes, unsigned n)
{
	memcpy(at, bytes, n);
	return n;
}

/* Each set of options in each order of two, with no byte too many, so that the SYN is as short as can be. */
static void tight_syns(bool timestamps)
{
	static const struct {
		const char *bytes;
		unsigned len, opt;
	} all[4] = { { "\2\4\5\264", 4, SEG_OPT_MSS },
		     { "\4\2", 2, SEG_OPT_SACK_OK },
		     { "\10\12\0\0\2\274\0\0\0\0", 10, SEG_OPT_TS },
		     { "\3\3\7", 3, SEG_OPT_WSCALE } };

	for (unsigned set = 0; set < 16; set++) {
		for (unsigned backwards = 0; backwards < 2; backwards++) {
			uint8_t options[40];
			unsigned bytes = 0, asked = 0;

			for (unsigned i = 0; i < 4; i++) {
				unsigned k = backwards ? 3 - i : i;

				if (!(set >> k & 1))
					continue;
				bytes += put(options + bytes, all[k].bytes, all[k].len);
				asked |= all[k].opt;
			}
			if (!timestamps)
				asked &= ~(unsigned)SEG_OPT_TS;
			struct seg seg = no_longer(options, bytes);

			/* An MSS that was not asked for takes the place of one option that was. */
			cr_assert(seg.opts & SEG_OPT_MSS);
			unsigned left_out = asked & ~(unsigned)seg.opts;

			cr_assert_eq(left_out & (left_out - 1), 0, "set %u: %#x left out", set, left_out);
			cr_assert(left_out == 0 || !(set & 1), "set %u: %#x left out", set, left_out);
			cr_assert_eq(seg.opts & ~(asked | SEG_OPT_MSS), 0);
		}
	}
}

/* As systems and scanners pad them. */
static void real_syns(void)
{
	static const struct {
		const char *bytes;
		unsigned len;
	} real[] = {
		{ "\2\4\5\264\4\2\10\12\0\0\2\274\0\0\0\0\1\3\3\7", 20 },         /* Linux */
		{ "\2\4\5\264\1\1\4\2\1\3\3\7", 12 },                             /* without timestamps */
		{ "\2\4\5\264\1\3\3\10\1\1\4\2", 12 },                            /* Windows */
		{ "\2\4\5\264\1\3\3\6\1\1\10\12\0\0\2\274\0\0\0\0\4\2\0\0", 24 }, /* macOS */
		{ "\2\4\5\264\1\3\3\6\4\2\10\12\0\0\2\274\0\0\0\0", 20 },         /* FreeBSD */
		{ "\2\4\5\264\1\1\4\2\1\3\3\6\1\1\10\12\0\0\2\274\0\0\0\0", 24 }, /* OpenBSD */
		{ "\2\4\5\264", 4 },                                              /* scanners */
		{ "", 0 },
		{ "\1\1\1\1", 4 },
		{ "\0\0\0\0", 4 },
		{ "\36\14\0\201\0\0\0\0\0\0\0\1", 12 },               /* multipath TCP */
		{ "\42\2\1\1", 4 },                                   /* Fast Open's request */
		{ "\23\22\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1", 20 }, /* a signature */
		{ "\3\3\7", 3 },
		{ "\1\1\10\12\0\0\2\274\0\0\0\0", 12 },
	};

	for (unsigned i = 0; i < sizeof(real) / sizeof(real[0]); i++)
		no_longer((const uint8_t *)real[i].bytes, real[i].len);
}

Test(turned, a_cookie_is_never_longer_than_its_syn)
{
	stand_with_cookies();
	tight_syns(true);
	real_syns();
	stand_down();
}

/* Nor what a record answers; with timestamps or without. */
Test(turned, nor_is_any_other_syn_ack)
{
	struct seg peer;

	stand.config.no_timestamps = true;
	stand.config.defence.mode = WEIR_DEFENCE_OFF;
	stand_up();
	weir_conn conn = stand_accept(&peer);

	tight_syns(false);
	real_syns();
	cr_assert_eq(stand_count(COUNT_cookies_sent), 0);
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	stand_pass(SECOND_NS + SECOND_NS / 8);
	for (unsigned len, longest = ETH_BYTES + IPV4_BYTES + TCP_HDR_BYTES + 12, i = 0;; i++) {
		uint8_t frame[FRAMES_MAX];

		len = stand_take(frame);
		cr_assert_leq(len, longest, "again");
		if (len == 0) {
			cr_assert_gt(i, 30);
			break;
		}
	}
	cr_assert_eq(weir_events(stand.core, &(struct weir_event){ 0 }, 1), 1);
	stand_down();
}

/* ------------------------------------------------------------------------------------------- *
 * What is not answered, or not always
 * ------------------------------------------------------------------------------------------- */

/* A SYN-ACK to a group of stations would be many. */
Test(turned, nothing_is_sent_to_many)
{
	uint8_t frame[FRAMES_MAX];
	struct seg syn = syn_from(1);
	uint32_t len = frames_tcp(frame, &syn);

	stand_with_cookies();
	frame[6] |= 1; /* from a group address */
	stand_give(frame, len);
	memset(frame + 6, 0xff, 6);
	stand_give(frame, len);
	cr_assert_eq(stand_count(COUNT_drop_eth_source), 2);
	memcpy(frame + 6, frames_peer_mac.bytes, 6);
	memset(frame, 0xff, 6); /* to all, for one */
	stand_give(frame, len);
	cr_assert_eq(stand_count(COUNT_drop_ip_destination), 1);
	cr_assert_eq(stand_take(frame), 0);
	cr_assert_eq(stand_count(COUNT_cookies_sent), 0);
	stand_down();
}

/*
 * RSTs to a closed port, and for ACKs that belong to nothing, have one limit;
 * a tenth of a second's worth goes at once.
 */
Test(turned, resets_are_limited)
{
	struct seg peer;

	stand.config.resets_per_s = 100;
	stand_up();
	weir_conn conn = stand_accept(&peer);
	struct seg seg = syn_from(5);

	seg.flags = SEG_ACK;
	for (unsigned i = 0; i < 1000; i++) {
		seg.tuple.lport = i & 1 ? 80 : 81;
		stand_give_seg(&seg);
	}
	cr_assert_eq(stand_drain(), 11);
	cr_assert_eq(stand_count(COUNT_resets_out), 11);
	cr_assert_eq(stand_count(COUNT_resets_limited), 1000 - 11);
	for (unsigned i = 0; i < 100; i++) {
		stand_pass(SECOND_NS / 100);
		for (unsigned k = 0; k < 5; k++)
			stand_give_seg(&seg);
		cr_assert_eq(stand_drain(), 1, "hundredth %u", i);
	}
	stand_pass(100 * SECOND_NS);
	stand_drain();
	for (unsigned i = 0; i < 100; i++)
		stand_give_seg(&seg);
	cr_assert_eq(stand_count(COUNT_resets_out), 11 + 100 + 11, "no more is saved up");
	/* A connection's own RST is no such answer. */
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	cr_assert_eq(stand_count(COUNT_resets_out), 11 + 100 + 11 + 1);
	cr_assert_eq(weir_events(stand.core, &(struct weir_event){ 0 }, 1), 1);
	stand_down();
}

/* A RST is never answered, whatever else it says and wherever it goes (RFC 9293 3.10.7.1). */
Test(turned, no_reset_for_a_reset)
{
	stand_with_cookies();
	for (unsigned flags = 0; flags < 64; flags++) {
		struct seg seg = syn_from(9);

		seg.flags = (uint8_t)(flags | SEG_RST);
		seg.tuple.lport = flags & 1 ? 80 : 81;
		stand_give_seg(&seg);
		seg.tuple.lport ^= 1;
		stand_give_seg(&seg);
	}
	cr_assert_eq(stand_drain(), 0);
	cr_assert_eq(stand_count(COUNT_resets_out), 0);
	stand_down();
}
