/* SPDX-License-Identifier: BSD-3-Clause */
/* Several shards on one port: whichever queue a frame comes in by, its connection has it. */
#include <criterion/criterion.h>

#include <errno.h>

#include "core/core.h"
#include "support/frames.h"
#include "support/shards.h"
#include "wire/bytes.h"
#include "wire/icmp.h"
#include "wire/nd.h"

#define EACH 20
#define MS 1000000ull
#define S (1000 * MS)

TestSuite(handover, .init = shards_init);

static const uint8_t symmetric[40] = {
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
};

/* Microsoft's, of the verification suite. */
static const uint8_t another[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static uint64_t handed_over(void)
{
	return shards_count(0, COUNT_handed_over) + shards_count(1, COUNT_handed_over);
}

/* Every connection of both families has lived its life, and nobody had to repeat or to reset anything. */
static void expect_all_well(void)
{
	unsigned all = shards_wire.shards * EACH;

	for (unsigned station = 0; station < 2; station++) {
		cr_assert_eq(shards_wire.opened[station], 2 * all);
		cr_assert_eq(shards_wire.closed[station], 2 * all);
		cr_assert_eq(shards_count(station, COUNT_resets_out), 0);
		cr_assert_eq(shards_count(station, COUNT_retransmits), 0);
		cr_assert_eq(shards_count(station, COUNT_handover_lost), 0);
	}
	cr_assert_eq(shards_wire.failed, 0);
	cr_assert_eq(handed_over() + shards_count(0, COUNT_handover_copies) +
			     shards_count(1, COUNT_handover_copies),
		     shards_count(0, COUNT_handed_in) + shards_count(1, COUNT_handed_in));
}

/* How many frames were handed over; of which shard never any, that one is idle. */
static uint64_t all_is_well(unsigned shards, enum weir_rss_habit habit, shards_steer steer)
{
	uint64_t n;

	shards_up(shards, habit, steer);
	shards_run(EACH, false);
	shards_run(EACH, true);
	expect_all_well();
	for (unsigned i = 0; i < 2 * shards; i++) {
		struct weir_stats stats;

		weir_stats(shards_wire.stations[i / shards].cores[i % shards], &stats);
		cr_assert_gt(stats.closed, 0, "shard %u has its share", i);
	}
	n = handed_over();
	shards_down();
	return n;
}

Test(handover, two_that_are_joined_queue_by_queue_hand_over_nothing)
{
	cr_assert_eq(all_is_well(2, WEIR_RSS_ANY, shards_straight), 0);
}

Test(handover, so_do_four)
{
	cr_assert_eq(all_is_well(4, WEIR_RSS_ANY, shards_straight), 0);
}

Test(handover, every_frame_by_the_wrong_queue)
{
	/* SYN, SYN-ACK, what is sent and its echo, FIN, FIN, ACK. */
	cr_assert_eq(all_is_well(2, WEIR_RSS_ANY, shards_crossed), 2 * 2 * EACH * 7);
}

/* Whoever gets a frame first takes its tag off; the shard that it is handed to finds that in the mbuf. */
Test(handover, every_frame_of_a_vlan_by_the_wrong_queue)
{
	for (unsigned station = 0; station < 2; station++)
		shards_wire.stations[station].config.vlan = 7;
	cr_assert_eq(all_is_well(2, WEIR_RSS_ANY, shards_crossed), 2 * 2 * EACH * 7);
}

/* Its headers are put back, and all of its buffers go with it. */
Test(handover, every_frame_in_two_buffers_by_the_wrong_queue)
{
	shards_wire.split = 5;
	cr_assert_eq(all_is_well(2, WEIR_RSS_ANY, shards_crossed), 2 * 2 * EACH * 7);
}

Test(handover, frames_by_any_queue)
{
	cr_assert_gt(all_is_well(3, WEIR_RSS_ANY, shards_sprayed), 3 * EACH);
}

Test(handover, all_by_the_first_queue)
{
	cr_assert_gt(all_is_well(4, WEIR_RSS_ANY, shards_first), 4 * EACH);
}

Test(handover, a_nic_whose_key_is_known)
{
	shards_wire.nic_key = another;
	for (unsigned station = 0; station < 2; station++) {
		shards_wire.stations[station].config.rss.key = another;
		shards_wire.stations[station].config.rss.key_bytes = sizeof(another);
	}
	cr_assert_eq(all_is_well(2, WEIR_RSS_TOEPLITZ, shards_by_rss), 0);
}

/* Servers take what comes where it comes; what clients asked for comes to the wrong ones. */
Test(handover, a_nic_that_has_another_key)
{
	shards_wire.nic_key = another;
	shards_wire.stations[0].config.rss.key = symmetric;
	shards_wire.stations[0].config.rss.key_bytes = sizeof(symmetric);
	cr_assert_gt(all_is_well(2, WEIR_RSS_TOEPLITZ, shards_by_rss), EACH);
}

Test(handover, a_nic_that_keeps_each_flow_together_as_it_likes)
{
	uint64_t n = all_is_well(3, WEIR_RSS_FLOW, shards_by_flow);

	cr_assert_gt(n, EACH);
}

Test(handover, servers_behind_such_a_nic_hand_over_nothing)
{
	shards_up(3, WEIR_RSS_FLOW, shards_by_flow);
	shards_run(EACH, false);
	cr_assert_eq(shards_count(1, COUNT_handed_over), 0);
	cr_assert_gt(shards_count(0, COUNT_handed_over), EACH);
	shards_down();
}

Test(handover, answers_that_follow_the_queue_of_the_question)
{
	cr_assert_eq(all_is_well(2, WEIR_RSS_FLOW, shards_straight), 0);
}

/* Cookies are one shard's: a SYN and the ACK that brings its cookie meet. */
Test(handover, cookies)
{
	struct weir_config *server = &shards_wire.stations[1].config;

	server->defence.mode = WEIR_DEFENCE_ALWAYS;
	shards_up(3, WEIR_RSS_ANY, shards_sprayed);
	shards_run(EACH, false);
	shards_run(EACH, true);
	expect_all_well();
	cr_assert_eq(shards_count(1, COUNT_cookies_accepted), 2 * 3 * EACH);
	cr_assert_eq(shards_count(1, COUNT_drop_cookie), 0);
	cr_assert_gt(handed_over(), 3 * EACH);
	shards_down();
}

/* Frames in are those of the wire, however often they were handed over. */
Test(handover, a_frame_is_counted_once)
{
	uint64_t sent, received, copies;

	shards_up(2, WEIR_RSS_ANY, shards_crossed);
	shards_run(EACH, false);
	sent = shards_count(0, COUNT_frames_out);
	received = shards_count(1, COUNT_frames_in);
	copies = shards_count(1, COUNT_handover_copies);
	cr_assert_eq(received, sent + copies);
	shards_down();
}

/* A segment for station 1, where nobody listens on that port. */
static struct rte_mbuf *stray(uint16_t rport, uint8_t flags)
{
	const struct pair pair = { weir_ipv4(0x0a000011u), weir_ipv4(0x0a000001u) };
	struct seg seg = { .tuple = { .lport = 99, .rport = rport }, .flags = flags, .ttl = 64 };
	struct rte_mbuf *m = rte_pktmbuf_alloc(shards_wire.pool);
	uint8_t bytes[FRAMES_MAX];
	uint32_t len = frames_tcp_between(bytes, &pair, &seg);

	memcpy(bytes, shards_wire.stations[1].config.mac, 6);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

/* Who does not take what is to be handed over is given no more, and nothing is lost. */
Test(handover, it_waits_for_its_caller)
{
	struct shards_station *server = &shards_wire.stations[1];
	struct rte_mbuf *frames[32];
	uint16_t shards[32];
	unsigned given = 0, taken = 0, n;

	shards_up(2, WEIR_RSS_ANY, shards_straight);
	shards_turn(0);
	for (; given == taken; given++) {
		struct rte_mbuf *m = stray((uint16_t)(1000 + given), SEG_RST);

		n = weir_input(server->cores[0], &m, 1, shards_wire.now_ns, NULL);
		taken += n;
		if (n == 0)
			rte_pktmbuf_free(m);
		cr_assert_lt(given, 10 * HANDOVER_FRAMES);
	}
	uint64_t waiting = shards_count(1, COUNT_handed_over);

	cr_assert_gt(waiting, HANDOVER_FRAMES / 2);
	for (uint64_t got = 0; got < waiting; got += n) {
		n = weir_hand_over(server->cores[0], frames, shards, 32);
		cr_assert_gt(n, 0);
		rte_pktmbuf_free_bulk(frames, n);
	}
	cr_assert_eq(weir_hand_over(server->cores[0], frames, shards, 32), 0);
	shards_down();
}

/* A segment for nobody is answered by the shard that it was handed to, and goes no further. */
Test(handover, what_was_handed_over_goes_no_further)
{
	shards_up(2, WEIR_RSS_ANY, shards_crossed);
	for (unsigned i = 0; i < 2; i++)
		weir_unlisten(shards_wire.stations[1].cores[i], 0);
	shards_run(EACH, false);
	cr_assert_eq(shards_wire.reasons[WEIR_REASON_REFUSED], 2 * EACH);
	cr_assert_eq(shards_count(1, COUNT_resets_out), 2 * EACH);
	shards_down();
}

/* Nor does it where two shards reckon with different keys: whoever was given it last says so. */
Test(handover, not_even_by_mistake)
{
	uint64_t before;

	shards_up(2, WEIR_RSS_ANY, shards_straight);
	shards_turn(0);
	before = shards_count(1, COUNT_handed_in);
	for (unsigned i = 0; i < 40; i++) {
		struct rte_mbuf *m = stray((uint16_t)(1000 + i / 2), SEG_SYN);

		cr_assert_eq(weir_input_handed(shards_wire.stations[1].cores[i % 2], &m, 1,
					       shards_wire.now_ns),
			     1);
	}
	cr_assert_eq(shards_count(1, COUNT_handed_in) - before, 40);
	cr_assert_eq(shards_count(1, COUNT_drop_closed_port), 40);
	cr_assert_eq(shards_count(1, COUNT_handed_over), 0);
	for (unsigned i = 0; i < 100; i++)
		shards_turn(10 * MS);
	shards_down();
}

/* Where what is for a listener stays where it lands, nothing can be opened from its port. */
Test(handover, no_open_from_a_port_that_is_listened_on)
{
	struct weir_endpoint any = { 0 }, remote = { weir_ipv4(0x0a000011u), 80 };
	struct weir_config *client = &shards_wire.stations[0].config;
	weir_conn conn;

	client->port_first = 5000;
	client->port_last = 5127; /* one for each entry of the table */
	shards_up(2, WEIR_RSS_FLOW, shards_straight);
	struct weir_core *core = shards_wire.stations[0].cores[0];

	cr_assert_eq(weir_connect(core, any, remote, 0, &conn), 0);
	for (uint16_t port = 5000; port <= 5127; port++)
		cr_assert_geq(weir_listen(core, (struct weir_endpoint){ .port = port }, 0), 0);
	cr_assert_eq(weir_connect(core, any, remote, 0, &conn), -EADDRNOTAVAIL);
	for (any.port = 5000; any.port <= 5127; any.port++)
		cr_assert_eq(weir_connect(core, any, remote, 0, &conn), -EADDRNOTAVAIL);
	weir_abort_all(core);
	shards_turn(0);
	shards_down();
}

/*
 * All frames come in by one queue, in buffers of one pool, and nobody reads: what all shards hold together
 * leaves that pool half of its buffers, which ACKs and SYNs come in.
 */
Test(handover, what_others_leave_unread_does_not_take_a_pool)
{
	struct weir_config *server = &shards_wire.stations[1].config;
	struct weir_endpoint any = { 0 }, remote = { weir_ipv4(0x0a000011u), 80 };
	uint64_t most = 0;
	weir_conn conn;

	server->max_buffers = 1000;
	shards_wire.deaf = true;
	shards_wire.flow = 60000;
	shards_up(4, WEIR_RSS_ANY, shards_first);
	for (unsigned i = 0; i < 80; i++)
		cr_assert_eq(weir_connect(shards_wire.stations[0].cores[i % 4], any, remote, 0, &conn), 0);
	for (unsigned i = 0; i < 300; i++) {
		shards_turn(MS);
		uint64_t held = shards_count(1, COUNT_mbufs_taken) - shards_count(1, COUNT_mbufs_returned);

		most = held > most ? held : most;
	}
	cr_assert_gt(most, 500, "%lu", most);
	cr_assert_lt(most, 1000 + 4 * CORE_BURST, "%lu: each shard looks once a burst", most);
	for (unsigned i = 0; i < 8; i++)
		weir_abort_all(shards_wire.stations[i / 4].cores[i % 4]);
	shards_wire.deaf = false;
	for (unsigned i = 0; i < 100; i++)
		shards_turn(MS);
	shards_down();
}
