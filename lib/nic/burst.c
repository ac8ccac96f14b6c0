/* SPDX-License-Identifier: BSD-3-Clause */
#include "nic/burst.h"

#include <rte_branch_prediction.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/check.h"
#include "nic/capture.h"
#include "nic/port.h"
#include "weir.h"

/* Room for a burst of each direction in each of a few shards. */
#define CAPTURE_ROOM (16 * BURST_FRAMES)

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

void burst_init(struct burst *burst, const struct port *port, uint16_t queue, struct capture *capture)
{
	*burst = (struct burst){
		.port = port->id,
		.queue = queue,
		.by_pointer = port->by_pointer,
		.linearize = !port->multi_segment,
		.prepare = (port->offloads & WEIR_OFFLOAD_TX_CSUM) != 0,
		/*
		 * A wire's frames are recorded by the end that sends them; twice the same confuses
		 * readers.
		 */
		.rx_capture = port->both_ends ? NULL : capture,
		.tx_capture = capture,
	};
}

/*
 * What the sender's stack meant for the sender's port. How the data is attached (indirect, external)
 * must stay, or the mbuf would be freed wrongly.
 */
static void clear_metadata(struct rte_mbuf *const *frames, uint16_t n, uint16_t port)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = frames[i];

		m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
		m->tx_offload = 0;
		m->packet_type = 0;
		m->vlan_tci = 0;
		m->port = port;
	}
}

uint16_t burst_rx(struct burst *burst, struct rte_mbuf **frames, uint16_t max)
{
	uint16_t n = rte_eth_rx_burst(burst->port, burst->queue, frames, max);

	if (burst->by_pointer)
		clear_metadata(frames, n, burst->port);
	if (unlikely(burst->rx_capture != NULL) && n > 0)
		count(&burst->capture_drops, n - capture_frames(burst->rx_capture, burst->port, burst->queue,
								frames, n, CAPTURE_IN));
	return n;
}

/* Drivers without gather would send the first segment's length of each frame, or worse. */
static uint16_t linearize(struct burst *burst, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (rte_pktmbuf_linearize(frames[i]) == 0) {
			frames[kept++] = frames[i];
			continue;
		}
		rte_pktmbuf_free(frames[i]);
		count(&burst->backlog_drops, 1);
	}
	return kept;
}

/* rte_eth_tx_prepare() stops at a frame that the driver cannot send: that one goes, the rest is tried. */
static uint16_t prepare(struct burst *burst, struct rte_mbuf **frames, uint16_t n)
{
	uint16_t ready = rte_eth_tx_prepare(burst->port, burst->queue, frames, n);

	while (unlikely(ready < n)) {
		rte_pktmbuf_free(frames[ready]);
		count(&burst->backlog_drops, 1);
		n--;
		for (uint16_t i = ready; i < n; i++)
			frames[i] = frames[i + 1];
		ready += rte_eth_tx_prepare(burst->port, burst->queue, &frames[ready], n - ready);
	}
	return n;
}

bool burst_tx_ready(struct burst *burst, uint64_t now_ns)
{
	uint32_t left = burst->backlog_count;
	uint16_t sent;

	if (likely(left == 0))
		return true;
	sent = rte_eth_tx_burst(burst->port, burst->queue, burst->backlog, (uint16_t)left);
	left -= sent;
	for (uint32_t i = 0; i < left; i++)
		burst->backlog[i] = burst->backlog[i + sent];
	if (sent > 0)
		burst->stuck_ns = now_ns;
	if (left > 0 && now_ns - burst->stuck_ns >= BURST_STUCK_NS) {
		rte_pktmbuf_free_bulk(burst->backlog, left);
		count(&burst->backlog_drops, left);
		left = 0;
	}
	burst->backlog_count = left;
	return left == 0;
}

void burst_tx(struct burst *burst, struct rte_mbuf **frames, uint16_t n, uint64_t now_ns)
{
	uint16_t sent;

	DCHECK(n <= BURST_FRAMES && burst->backlog_count == 0);
	if (unlikely(burst->tx_capture != NULL) && n > 0)
		count(&burst->capture_drops, n - capture_frames(burst->tx_capture, burst->port, burst->queue,
								frames, n, CAPTURE_OUT));
	if (burst->linearize)
		n = linearize(burst, frames, n);
	if (burst->prepare)
		n = prepare(burst, frames, n);
	sent = rte_eth_tx_burst(burst->port, burst->queue, frames, n);
	if (likely(sent == n))
		return;
	for (uint16_t i = sent; i < n; i++)
		burst->backlog[i - sent] = frames[i];
	burst->backlog_count = n - sent;
	burst->stuck_ns = now_ns;
}

bool burst_held(struct burst *burst, uint64_t now_ns)
{
	if (likely(burst->tx_capture == NULL))
		return false;
	if (capture_room(burst->tx_capture) >= CAPTURE_ROOM) {
		burst->held_ns = 0;
		return false;
	}
	if (burst->held_ns == 0)
		burst->held_ns = now_ns;
	return now_ns - burst->held_ns < BURST_STUCK_NS;
}

void burst_drain(struct burst *burst)
{
	rte_pktmbuf_free_bulk(burst->backlog, burst->backlog_count);
	burst->backlog_count = 0;
}
