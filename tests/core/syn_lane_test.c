/* SPDX-License-Identifier: BSD-3-Clause */
/* A SYN's short way in a flood: nobody outside can tell it from the long one. */
#include <criterion/criterion.h>

#include <rte_mbuf.h>

#include "core/core.h"
#include "support/stand.h"
#include "wire/build.h"

TestSuite(syn_lane, .init = stand_init);

static int listener;

static void up(void)
{
	stand.config.defence.mode = WEIR_DEFENCE_ALWAYS;
	stand_up();
	listener = weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 1);
	cr_assert_geq(listener, 0);
}

static struct seg syn(uint32_t i)
{
	return (struct seg){
		.tuple = { .lport = 80, .rport = (uint16_t)(1000 + i) },
		.seq = 77 * i,
		.tsval = 5000 + i,
		.wnd = 64240,
		.mss = (uint16_t)(i * 37),
		.wscale = (uint8_t)(i % 15),
		.flags = SEG_SYN,
		.opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE,
		.ttl = 64,
	};
}

/* From an address of that family, of which `seg` has the ports alone. */
static struct rte_mbuf *frame_from(struct weir_address remote, const struct seg *seg)
{
	struct pair pair = { frames_pair(!weir_is_ipv4(remote)).local, remote };
	uint8_t bytes[FRAMES_MAX];

	return stand_frame(bytes, frames_tcp_between(bytes, &pair, seg));
}

static struct rte_mbuf *frame_of(const struct seg *seg)
{
	return frame_from(frames_pair(stand.is6).remote, seg);
}

/* A frame that somebody else holds, too, must not be written over: it is read segment by segment. */
STAND_BOTH(syn_lane, answers_are_those_of_the_long_way)
{
	struct rng rng = { 27 };

	up();
	for (uint32_t i = 0; i < 2000; i++) {
		uint8_t shortly[FRAMES_MAX], at_length[FRAMES_MAX];
		struct seg seg = syn(i);

		seg.seq = frames_any_word(&rng);
		seg.tsval = frames_any_word(&rng);
		seg.wnd = (uint16_t)frames_any_word(&rng);
		struct rte_mbuf *m = frame_of(&seg);

		stand_give_mbuf(m);
		uint32_t len = stand_take(shortly);

		m = frame_of(&seg);
		rte_mbuf_refcnt_update(m, 1);
		stand_give_mbuf(m);
		cr_assert_eq(stand_take(at_length), len);
		cr_assert_eq(len, stand.is6 ? 94 : 74);
		cr_assert_arr_eq(shortly, at_length, len, "SYN %u", i);
		rte_pktmbuf_free(m);
	}
	cr_assert_eq(stand_count(COUNT_cookies_sent), 4000);
	cr_assert_eq(stand_count(COUNT_syn_in), 4000);
	cr_assert_eq(stand_count(COUNT_syn_ack_out), 4000);
	stand_down();
}

/*
 * Or else what is above compares the long way with itself:
 * who comes by the lane is answered before all others.
 */
STAND_BOTH(syn_lane, is_taken)
{
	struct seg odd = syn(1), seg = syn(2);
	struct rte_mbuf *frames[2];

	up();
	odd.opts = SEG_OPT_MSS;
	frames[0] = frame_of(&odd);
	frames[1] = frame_of(&seg);
	cr_assert_eq(weir_input(stand.core, frames, 2, stand.now_ns, NULL), 2);
	cr_assert_eq(weir_output(stand.core, frames, 2), 2);
	cr_assert_eq(frames[0]->pkt_len, stand.is6 ? 94 : 74);
	cr_assert_lt(frames[1]->pkt_len, frames[0]->pkt_len);
	rte_pktmbuf_free_bulk(frames, 2);
	stand_down();
}

/*
 * Its order among the rest of a burst may change, nothing else:
 * every frame is counted once, under its own name.
 */
STAND_BOTH(syn_lane, a_mixed_burst)
{
	const struct weir_address loopback = { 0, 1 }; /* nobody may send from there */
	struct rte_mbuf *frames[CORE_BURST];
	struct seg odd;
	unsigned n = 0;

	up();
	odd = syn(2000);
	odd.tuple.lport = 81; /* a RST is not sent back the way that its cause came, but to whom ARP says */
	stand_give_mbuf(frame_of(&odd));
	stand_meet_peer();
	cr_assert_eq(stand_drain(), 1);
	odd.tuple.lport = 80;
	stand_give_mbuf(frame_of(&odd)); /* from now on ACKs may bring cookies */
	cr_assert_eq(stand_drain(), 1);
	for (; n < CORE_BURST - 4; n++) {
		struct seg seg = syn(n);

		frames[n] = frame_of(&seg);
	}
	odd = syn(n);
	odd.tuple.lport = 81; /* nobody listens */
	frames[n++] = frame_of(&odd);
	odd = syn(n);
	frames[n++] = frame_from(stand.is6 ? loopback : weir_ipv4(0x7f000001), &odd);
	odd = syn(n);
	odd.opts = SEG_OPT_MSS;
	frames[n++] = frame_of(&odd);
	odd = syn(n);
	odd.flags = SEG_ACK;
	odd.opts = 0;
	frames[n++] = frame_of(&odd);
	struct rte_mbuf *swap = frames[0];

	frames[0] = frames[n - 4];
	frames[n - 4] = swap;
	cr_assert_eq(weir_input(stand.core, frames, n, stand.now_ns, NULL), n);
	cr_assert_eq(stand_count(COUNT_cookies_sent), 1 + CORE_BURST - 3);
	cr_assert_eq(stand_count(COUNT_drop_closed_port), 2);
	cr_assert_eq(stand_count(COUNT_drop_ip_source), 1);
	cr_assert_eq(stand_count(COUNT_cookies_rejected), 1);
	cr_assert_geq(stand_drain(), CORE_BURST - 3);
	stand_down();
}

/* A connection's own SYN, come late, finds its record. */
STAND_BOTH(syn_lane, a_record_goes_first)
{
	struct seg peer, seg;
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;

	up();
	seg = syn(1);
	stand_give_mbuf(frame_of(&seg));
	peer = stand_take_seg(frame, &headers);
	seg.flags = SEG_ACK;
	seg.opts = SEG_OPT_TS;
	seg.seq++;
	seg.ack = peer.seq + 1;
	seg.tsecr = peer.tsval;
	stand_give_mbuf(frame_of(&seg));
	cr_assert_eq(stand_count(COUNT_cookies_accepted), 1);
	seg = syn(1);
	stand_give_mbuf(frame_of(&seg));
	cr_assert_eq(stand_count(COUNT_cookies_sent), 1);
	cr_assert_eq(stand_count(COUNT_drop_syn_synchronized), 1);
	stand_drain();
	struct weir_event event;

	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	weir_abort_all(stand.core);
	stand_drain();
	while (weir_events(stand.core, &event, 1) == 1)
		;
	stand_down();
}

/*
 * An attacker takes turns with families: each has a way of its own through the lane,
 * before what does not go by it.
 */
Test(syn_lane, both_families_in_a_burst)
{
	const struct weir_address ours[] = { weir_ipv4(FRAMES_OURS), FRAMES_IPV6(1) };
	struct rte_mbuf *frames[CORE_BURST];
	struct seg seg = syn(0);
	unsigned of_6 = 0, n = 0;

	for (unsigned i = 0; i < 2; i++)
		stand.config.ranges[i] = (struct weir_range){ ours[i], ours[i], i == 0 ? 24 : 64 };
	stand.config.ranges_count = 2;
	stand.config.gateway6 = (struct weir_address)FRAMES_IPV6(0xfe);
	stand.config.dad_probes = 0;
	stand.is6 = true;
	up();
	seg.opts = SEG_OPT_MSS;
	for (; n < CORE_BURST; n++) {
		frames[n] = frame_from(frames_pair(n % 3 == 1).remote, &seg);
		of_6 += n % 3 == 1;
		seg = syn(n + 1);
	}
	cr_assert_eq(weir_input(stand.core, frames, n, stand.now_ns, NULL), n);
	cr_assert_eq(stand_count(COUNT_cookies_sent), n);
	cr_assert_eq(weir_output(stand.core, frames, n), n);
	for (unsigned i = 0; i < n - 1; i++)
		cr_assert_eq(frames[i]->pkt_len, i < n - 1 - of_6 ? 74 : 94);
	cr_assert_lt(frames[n - 1]->pkt_len, 74);
	rte_pktmbuf_free_bulk(frames, n);
	stand_down();
}
