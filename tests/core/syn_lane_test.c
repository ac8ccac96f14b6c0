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
		.tuple = { FRAMES_PEER, FRAMES_OURS, (uint16_t)(1000 + i), 80 },
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

static struct rte_mbuf *frame_of(const struct seg *seg)
{
	uint8_t bytes[FRAMES_MAX];
	unsigned len = build_headers(bytes, seg, NULL, &frames_our_mac, &frames_peer_mac);

	build_csum(bytes, seg);
	return stand_frame(bytes, len);
}

/* A frame that somebody else holds, too, must not be written over: it is read segment by segment. */
Test(syn_lane, answers_are_those_of_the_long_way)
{
	up();
	for (uint32_t i = 0; i < 2000; i++) {
		uint8_t shortly[FRAMES_MAX], at_length[FRAMES_MAX];
		struct seg seg = syn(i);
		struct rte_mbuf *m = frame_of(&seg);

		stand_give_mbuf(m);
		uint32_t len = stand_take(shortly);

		m = frame_of(&seg);
		rte_mbuf_refcnt_update(m, 1);
		stand_give_mbuf(m);
		cr_assert_eq(stand_take(at_length), len);
		cr_assert_eq(len, 74);
		cr_assert_arr_eq(shortly, at_length, len, "SYN %u", i);
		rte_pktmbuf_free(m);
	}
	cr_assert_eq(stand_count(COUNT_cookies_sent), 4000);
	cr_assert_eq(stand_count(COUNT_syn_in), 4000);
	cr_assert_eq(stand_count(COUNT_syn_ack_out), 4000);
	stand_down();
}

/* Its order among the rest of a burst may change, nothing else: every frame is counted once, under its own name. */
Test(syn_lane, a_mixed_burst)
{
	struct rte_mbuf *frames[CORE_BURST];
	struct seg odd;
	unsigned n = 0;

	up();
	odd = syn(2000);
	odd.tuple.rport = 81; /* a RST is not sent back the way that its cause came, but to whom ARP says */
	stand_give_mbuf(frame_of(&odd));
	stand_meet_peer();
	cr_assert_eq(stand_drain(), 1);
	odd.tuple.rport = 80;
	stand_give_mbuf(frame_of(&odd)); /* from now on ACKs may bring cookies */
	cr_assert_eq(stand_drain(), 1);
	for (; n < CORE_BURST - 4; n++) {
		struct seg seg = syn(n);

		frames[n] = frame_of(&seg);
	}
	odd = syn(n);
	odd.tuple.rport = 81; /* nobody listens */
	frames[n++] = frame_of(&odd);
	odd = syn(n);
	odd.tuple.laddr = 0x7f000001; /* nobody may send from there */
	frames[n++] = frame_of(&odd);
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
Test(syn_lane, a_record_goes_first)
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
