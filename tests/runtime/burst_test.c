/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames over the wire in memory, and what happens when it is full. */
#include <criterion/criterion.h>

#include "nic/nic.h"
#include "support/eal.h"
#include "support/mbufs.h"

#define MS CLOCK_NS_PER_MS

static struct wire wire;
static struct port ends[2];
static struct burst bursts[2];
static struct rte_mempool *pool;
static struct why why;

static void setup(void)
{
	struct port_options options = { .queues = 1 };

	eal_start();
	pool = mbufs_pool(4095);
	cr_assert_eq(wire_create(&wire, ends, &options, SOCKET_ID_ANY, &why), 0, "%s", why.text);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(port_start(&ends[i], &pool, &why), 0, "%s", why.text);
		burst_init(&bursts[i], &ends[i], 0, NULL);
	}
}

/* Every test ends with this: all frames are back. (In a .fini of Criterion it could not fail.) */
static void close_wire(void)
{
	for (int i = 0; i < 2; i++)
		burst_drain(&bursts[i]);
	wire_drain(&wire);
	for (int i = 0; i < 2; i++)
		port_close(&ends[i]);
	wire_destroy(&wire);
	cr_expect_eq(pool_missing(pool), 0, "%u frames are missing", pool_missing(pool));
}

TestSuite(burst, .init = setup, .timeout = 60);

Test(burst, frames_cross_both_ways_in_order)
{
	struct rte_mbuf *frames[BURST_FRAMES];

	for (int from = 0; from < 2; from++) {
		for (uint8_t i = 0; i < 20; i++)
			frames[i] = mbufs_make(pool, i, 60);
		burst_tx(&bursts[from], frames, 20, 0);
		cr_expect_eq(burst_rx(&bursts[from], frames, BURST_FRAMES), 0, "not to the sender itself");
		cr_assert_eq(burst_rx(&bursts[!from], frames, BURST_FRAMES), 20);
		for (uint8_t i = 0; i < 20; i++)
			cr_expect_eq(mbufs_fill(frames[i]), i);
		rte_pktmbuf_free_bulk(frames, 20);
	}
	close_wire();
}

Test(burst, received_frames_carry_nothing_of_the_sender)
{
	struct rte_mbuf *frame = mbufs_make(pool, 1, 60);

	frame->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	frame->l2_len = 14;
	frame->packet_type = RTE_PTYPE_L4_TCP;
	frame->vlan_tci = 7;
	frame->port = ends[0].id;
	burst_tx(&bursts[0], &frame, 1, 0);
	cr_assert_eq(burst_rx(&bursts[1], &frame, 1), 1);
	cr_expect_eq(frame->ol_flags, 0);
	cr_expect_eq(frame->tx_offload, 0);
	cr_expect_eq(frame->packet_type, 0);
	cr_expect_eq(frame->vlan_tci, 0);
	cr_expect_eq(frame->port, ends[1].id);
	rte_pktmbuf_free(frame);
	close_wire();
}

/* An attached payload: losing the mark of it would free somebody else's buffer. */
Test(burst, attached_payloads_stay_attached)
{
	struct rte_mbuf *frame = mbufs_make(pool, 1, 60), *payload = mbufs_make(pool, 2, 500);
	struct rte_mbuf *reference = rte_pktmbuf_clone(payload, pool);

	rte_pktmbuf_chain(frame, reference);
	burst_tx(&bursts[0], &frame, 1, 0);
	cr_assert_eq(burst_rx(&bursts[1], &frame, 1), 1);
	cr_expect_eq(frame->nb_segs, 2);
	cr_expect_eq(frame->pkt_len, 560);
	cr_expect(RTE_MBUF_CLONED(frame->next));
	rte_pktmbuf_free(frame);
	cr_expect_eq(rte_mbuf_refcnt_read(payload), 1);

	frame = rte_pktmbuf_clone(payload, pool);
	burst_tx(&bursts[0], &frame, 1, 0);
	cr_assert_eq(burst_rx(&bursts[1], &frame, 1), 1);
	cr_expect(RTE_MBUF_CLONED(frame));
	rte_pktmbuf_free(frame);
	rte_pktmbuf_free(payload);
	close_wire();
}

Test(burst, chains_become_single_segments_for_drivers_without_gather)
{
	struct rte_mbuf *frame = mbufs_make(pool, 1, 60);

	rte_pktmbuf_chain(frame, mbufs_make(pool, 2, 500));
	bursts[0].linearize = true;
	burst_tx(&bursts[0], &frame, 1, 0);
	cr_assert_eq(burst_rx(&bursts[1], &frame, 1), 1);
	cr_expect_eq(frame->nb_segs, 1);
	cr_expect_eq(frame->data_len, 560);
	cr_expect_eq(*rte_pktmbuf_mtod_offset(frame, uint8_t *, 559), 2);
	rte_pktmbuf_free(frame);
	close_wire();
}

/* Fills the ring, and the backlog with `extra` frames; numbers them from 0. */
static void fill(unsigned extra)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	unsigned left = WIRE_FRAMES + extra;
	uint8_t number = 0;

	while (left > 0) {
		uint16_t n = (uint16_t)RTE_MIN(left, (unsigned)BURST_FRAMES);

		for (uint16_t i = 0; i < n; i++)
			frames[i] = mbufs_make(pool, number++, 60);
		cr_assert(burst_tx_ready(&bursts[0], 0));
		burst_tx(&bursts[0], frames, n, 0);
		left -= n;
	}
	cr_assert_eq(bursts[0].backlog_count, extra);
}

Test(burst, what_a_full_ring_did_not_take_goes_first)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	uint8_t expected = 0;
	unsigned received = 0;

	fill(10);
	cr_expect_not(burst_tx_ready(&bursts[0], 1 * MS));
	cr_assert_eq(burst_rx(&bursts[1], frames, 4), 4);
	rte_pktmbuf_free_bulk(frames, 4);
	expected += 4;
	cr_expect_not(burst_tx_ready(&bursts[0], 2 * MS));
	cr_expect_eq(bursts[0].backlog_count, 6);

	cr_assert_eq(burst_rx(&bursts[1], frames, BURST_FRAMES), BURST_FRAMES);
	rte_pktmbuf_free_bulk(frames, BURST_FRAMES);
	expected += BURST_FRAMES;
	cr_expect(burst_tx_ready(&bursts[0], 3 * MS));
	for (uint16_t n; (n = burst_rx(&bursts[1], frames, BURST_FRAMES)) > 0; received += n) {
		for (uint16_t i = 0; i < n; i++)
			cr_expect_eq(mbufs_fill(frames[i]), expected++);
		rte_pktmbuf_free_bulk(frames, n);
	}
	cr_expect_eq(received + 4 + BURST_FRAMES, WIRE_FRAMES + 10, "none is lost");
	cr_expect_eq(bursts[0].backlog_drops, 0);
	close_wire();
}

Test(burst, a_ring_that_stays_full_loses_the_backlog)
{
	struct rte_mbuf *frame;

	fill(10);
	cr_expect_not(burst_tx_ready(&bursts[0], 50 * MS));
	cr_expect_not(burst_tx_ready(&bursts[0], 99 * MS));
	cr_expect_eq(bursts[0].backlog_drops, 0);

	/* Progress starts the time again. */
	cr_assert_eq(burst_rx(&bursts[1], &frame, 1), 1);
	rte_pktmbuf_free(frame);
	cr_expect_not(burst_tx_ready(&bursts[0], 99 * MS));
	cr_expect_not(burst_tx_ready(&bursts[0], 198 * MS));
	cr_expect_eq(bursts[0].backlog_drops, 0);
	cr_expect(burst_tx_ready(&bursts[0], 199 * MS));
	cr_expect_eq(bursts[0].backlog_drops, 9);
	close_wire();
}
