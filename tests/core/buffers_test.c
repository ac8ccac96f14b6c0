/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool that is too small: what is queued and what is unread leave frames their share,
 * and no buffer is lost on the way.
 */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/stand.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/tcp_hdr.h"

TestSuite(buffers, .init = stand_init);

#define MAX_BUFFERS 64u
#define HEADERS (ETH_BYTES + IPV4_BYTES + TCP_HDR_BYTES)
#define COPY_BYTES 5000u /* three buffers */
#define SMALL_POOL 255u
#define LEFT_MAX 120u
#define CONNECTIONS 8u

static uint8_t bytes[COPY_BYTES];
static struct weir_event events[2 * CONNECTIONS];

/* One connection alone can reach the bound of all. */
static void few_buffers(void)
{
	stand.config.max_buffers = MAX_BUFFERS;
	stand.config.max_send_buffers = 1024;
	stand.config.send_buffers = 1024;
	stand.config.receive_buffers = 255;
	stand_up();
}

static void give_data(struct seg *peer, uint32_t len)
{
	peer->flags = SEG_ACK;
	peer->len = (uint16_t)len;
	stand_give_seg(peer);
	peer->len = 0;
}

/* The peer acknowledges all that goes out, until nothing does. Returns how many bytes that were. */
static uint32_t acknowledge(struct seg *peer)
{
	uint32_t first = peer->ack, before = first - 1;
	struct rte_mbuf *m;

	while (peer->ack != before) {
		before = peer->ack;
		for (; (m = stand_take_mbuf()) != NULL; rte_pktmbuf_free(m))
			peer->ack += m->pkt_len - HEADERS;
		give_data(peer, 0);
	}
	return peer->ack - first;
}

static void end(weir_conn conn)
{
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	while (weir_events(stand.core, events, 1) == 1)
		weir_release(stand.core, events[0].conn, events[0].payload);
	stand_down();
}

Test(buffers, copies_are_refused_before_they_take_the_half_of_others)
{
	struct seg peer;

	few_buffers();
	weir_conn conn = stand_accept(&peer);

	for (unsigned i = 0; i < MAX_BUFFERS / 2 - 2; i++)
		cr_assert_eq(weir_send_copy(stand.core, conn, bytes, 1000), 0);
	unsigned in_pool = rte_mempool_avail_count(stand.pool);

	cr_expect_eq(weir_send_copy(stand.core, conn, bytes, COPY_BYTES), -ENOMEM,
		     "three, and there are two");
	cr_assert_eq(weir_send_copy(stand.core, conn, bytes, 1000), 0);
	cr_assert_eq(weir_send_copy(stand.core, conn, bytes, 1000), 0);
	cr_expect_eq(weir_send_copy(stand.core, conn, bytes, 1), -ENOMEM);
	cr_expect_eq(stand_count(COUNT_sends_refused), 2);
	cr_expect_eq(rte_mempool_avail_count(stand.pool), in_pool - 2);

	/* What arrives meanwhile has its own half. */
	give_data(&peer, 100);
	cr_expect_eq(stand_count(COUNT_drop_buffers), 0);
	peer.seq += 100;
	cr_expect_eq(acknowledge(&peer), MAX_BUFFERS / 2 * 1000);
	cr_expect_eq(weir_send_copy(stand.core, conn, bytes, COPY_BYTES), 0, "again, by itself");
	end(conn);
}

Test(buffers, an_own_buffer_is_refused_as_a_copy_is)
{
	struct seg peer;

	few_buffers();
	weir_conn conn = stand_accept(&peer);
	struct rte_mbuf *own = stand_frame(bytes, 10);

	for (unsigned i = 0; i < MAX_BUFFERS / 2; i++)
		cr_assert_eq(weir_send(stand.core, conn, stand_frame(bytes, 100)), 0);
	cr_expect_eq(weir_send(stand.core, conn, own), -ENOMEM);
	rte_pktmbuf_free(own);
	end(conn);
}

Test(buffers, unread_data_is_refused_before_it_takes_the_half_of_others)
{
	struct weir_info info;
	struct seg peer;

	few_buffers();
	weir_conn conn = stand_accept(&peer);

	cr_assert_eq(weir_send_copy(stand.core, conn, bytes, 1000), 0);
	for (unsigned i = 0; i < MAX_BUFFERS / 2; i++, peer.seq += 10)
		give_data(&peer, 10);
	cr_assert_eq(weir_events(stand.core, events, 1), 1);
	cr_assert_eq(events[0].buffers, MAX_BUFFERS / 2);

	/* Refused, but not what else its segment says. */
	for (struct rte_mbuf *m; (m = stand_take_mbuf()) != NULL; rte_pktmbuf_free(m))
		peer.ack += m->pkt_len - HEADERS;
	give_data(&peer, 10);
	cr_expect_eq(stand_count(COUNT_drop_buffers), 1);
	cr_assert_eq(weir_info(stand.core, conn, &info), 0);
	cr_expect_eq(info.unacked_bytes, 0);
	peer.seq += 10;
	give_data(&peer, 10);
	cr_expect_eq(stand_count(COUNT_drop_buffers), 2, "nor is it kept out of order");
	peer.seq -= 10;
	cr_expect_eq(weir_send_copy(stand.core, conn, bytes, COPY_BYTES), 0, "that has its own half");

	weir_release(stand.core, conn, events[0].payload);
	give_data(&peer, 10);
	cr_expect_eq(stand_count(COUNT_drop_buffers), 2, "again, by itself");
	cr_assert_eq(weir_events(stand.core, events, 1), 1);
	cr_expect_eq(events[0].bytes, 10);
	weir_release(stand.core, conn, events[0].payload);
	end(conn);
}

Test(buffers, a_connection_that_takes_no_more_says_so_before_bytes_are_copied)
{
	struct rte_mbuf *all[STAND_POOL];
	struct seg peer;

	stand.config.send_buffers = 1;
	stand_up();
	weir_conn conn = stand_accept(&peer);

	cr_assert_eq(weir_send_copy(stand.core, conn, bytes, 1000), 0);
	unsigned left = rte_mempool_avail_count(stand.pool);

	cr_assert_eq(rte_pktmbuf_alloc_bulk(stand.pool, all, left), 0);
	cr_expect_eq(weir_send_copy(stand.core, conn, bytes, 1000), -EAGAIN, "not for want of a buffer");
	rte_pktmbuf_free_bulk(all, left);
	end(conn);
}

/* Connections from the peer's ports 1234 and on. */
static void open_all(struct seg *peers, weir_conn *conns)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;

	conns[0] = stand_accept(&peers[0]);
	for (unsigned i = 1; i < CONNECTIONS; i++) {
		peers[i] = peers[0];
		peers[i].tuple.rport = (uint16_t)(1234 + i);
		peers[i].seq--;
		peers[i].flags = SEG_SYN;
		stand_give_seg(&peers[i]);
		peers[i].ack = stand_take_seg(frame, &headers).seq + 1;
		peers[i].seq++;
		give_data(&peers[i], 0);
		cr_assert_eq(weir_events(stand.core, events, 1), 1);
		conns[i] = events[0].conn;
	}
}

/* Whatever takes a buffer, with as many as there are; what events bring is kept. Returns how many. */
static unsigned do_everything(struct seg *peers, const weir_conn *conns, struct rte_mbuf **kept)
{
	struct seg stray = { .tuple = peers[0].tuple, .wnd = 1000, .ttl = 64 };
	uint8_t frame[FRAMES_MAX];
	unsigned n, count = 0;

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		give_data(&peers[i], 100);
		peers[i].seq += 200; /* and one behind a gap */
		give_data(&peers[i], 100);
		(void)weir_send_copy(stand.core, conns[i], bytes, i % 2 ? COPY_BYTES : 100);
		if (i % 3 == 0)
			(void)weir_shutdown(stand.core, conns[i]);
	}
	n = weir_events(stand.core, events, 2 * CONNECTIONS);
	for (unsigned i = 0; i < n; i++)
		if (events[i].what & WEIR_EV_DATA)
			kept[count++] = events[i].payload;
	stray.tuple.rport = 99;
	for (unsigned i = 0; i < 3; i++) {
		stray.tuple.lport = (uint16_t)(79 + i);
		stray.flags = (uint8_t[]){ SEG_ACK, SEG_SYN, SEG_FIN | SEG_ACK }[i];
		stand_give_seg(&stray);
	}
	stand_give(frame, frames_icmp(frame, ICMP_ECHO, 0, "ping", 4));
	stand_give_arp(&frames_our_mac, &(struct arp){ .op = ARP_REQUEST,
						       .sender_mac = frames_peer_mac,
						       .sender = FRAMES_PEER,
						       .target = FRAMES_OURS });
	(void)weir_abort(stand.core, conns[1]);
	stand_drain();
	/* Loss, and what it takes to mend it. */
	for (unsigned i = 0; i < 3; i++) {
		stand_pass(1000000000);
		stand_drain();
	}
	return count;
}

static void end_all(struct rte_mbuf **kept, unsigned count, const weir_conn *conns)
{
	unsigned n;

	weir_abort_all(stand.core);
	while ((n = weir_events(stand.core, events, 2 * CONNECTIONS)) > 0)
		for (unsigned i = 0; i < n; i++)
			weir_release(stand.core, events[i].conn, events[i].payload);
	for (unsigned i = 0; i < count; i++)
		weir_release(stand.core, conns[0], kept[i]); /* a stale handle: it only frees */
	stand_down();
}

/* At every allocation of all that takes buffers, the pool is empty once. */
Test(buffers, a_pool_that_is_empty_at_any_moment_loses_nothing)
{
	struct rte_mbuf *taken[SMALL_POOL], *kept[2 * CONNECTIONS];
	weir_conn conns[CONNECTIONS];
	struct seg peers[CONNECTIONS];
	uint64_t without = 1;

	stand.config.pool =
		rte_pktmbuf_pool_create("small", SMALL_POOL, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(stand.config.pool);
	stand.config.max_buffers = 4 * SMALL_POOL;
	for (unsigned left = 0; left <= LEFT_MAX; left++) {
		stand_up();
		open_all(peers, conns);
		stand_drain();
		unsigned n = rte_mempool_avail_count(stand.config.pool) - left;

		cr_assert_eq(rte_pktmbuf_alloc_bulk(stand.config.pool, taken, n), 0);
		unsigned count = do_everything(peers, conns, kept);

		without = stand_count(COUNT_tx_no_buffer);
		rte_pktmbuf_free_bulk(taken, n);
		end_all(kept, count, conns);
		cr_assert_eq(rte_mempool_avail_count(stand.config.pool), SMALL_POOL, "%u left", left);
	}
	cr_expect_eq(without, 0, "the last had enough of them: LEFT_MAX goes through all");
}
