/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * burst.h - frames in and out of one queue of a port, by one lcore.
 *
 * Receiving gives frames that are the receiver's in every respect: on ports that pass pointers, what the
 * sender wrote into the mbuf for its own port (offload flags, lengths, packet type, port) is cleared.
 *
 * Sending has a bound. What the transmit ring did not take is kept, at most one burst of it, and
 * offered first next time; meanwhile burst_tx_ready() says no, and whoever makes frames waits. A ring that
 * took nothing for BURST_STUCK_NS (a link that is down, a peer that is gone) has the backlog
 * dropped and counted, so that time goes on: TCP mends it, or times out.
 *
 * A capture sees each frame once: when it was received, or when it is first handed to the port.
 */
#ifndef WEIR_NIC_BURST_H
#define WEIR_NIC_BURST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct capture;
struct port;
struct rte_mbuf;

/* As many as drivers with vectors like, and as the prefetching stages behind want at least. */
#define BURST_FRAMES 32

/* Longer than a driver ever needs to free its descriptors, shorter than any retransmission timeout. */
#define BURST_STUCK_NS (100 * CLOCK_NS_PER_MS)

struct burst {
	uint16_t port, queue;                    /* of ethdev */
	bool by_pointer;                         /* clear what the sender left */
	bool linearize;                          /* the driver sends single segments only */
	bool prepare;                            /* the driver computes checksums */
	struct capture *rx_capture, *tx_capture; /* NULL: off */

	uint32_t backlog_count;
	uint64_t stuck_ns; /* since when the ring took nothing of the backlog */
	uint64_t held_ns;  /* since when the capture holds receiving back; 0: it does not */
	struct rte_mbuf *backlog[BURST_FRAMES];

	/* Written by the lcore with relaxed stores, read by anyone. */
	uint64_t backlog_drops; /* frames given up because the ring stayed full, or that the driver refuses */
	uint64_t capture_drops; /* frames that are missing in the capture */
};

/* capture: NULL for none. */
void burst_init(struct burst *burst, const struct port *port, uint16_t queue, struct capture *capture);

/* Up to max received frames; they are the caller's. */
uint16_t burst_rx(struct burst *burst, struct rte_mbuf **frames, uint16_t max);

/*
 * Offers the backlog again. True if nothing of it is left, so that burst_tx() may be called; now_ns:
 * monotonic.
 */
bool burst_tx_ready(struct burst *burst, uint64_t now_ns);

/* Sends n frames, at most BURST_FRAMES, or keeps them as the backlog. They are not the caller's any more. */
void burst_tx(struct burst *burst, struct rte_mbuf **frames, uint16_t n, uint64_t now_ns);

/*
 * True while the capture is too full for another round, for BURST_STUCK_NS at most: then frames pass it
 * by, and are counted. A capture is for looking closely, so that it slows down before it loses.
 */
bool burst_held(struct burst *burst, uint64_t now_ns);

/* Frees the backlog. */
void burst_drain(struct burst *burst);

#endif
