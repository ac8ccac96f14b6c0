/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc.h - congestion control: the only table of functions in this room.
 *
 * An algorithm sets cwnd and ssthresh of an extension; when to ask it is for ack.c and timers.c, and what
 * to send for output.c. All amounts in bytes. Without an extension nothing is asked: one small
 * segment in flight is within any window.
 */
#ifndef WEIR_TCP_CC_H
#define WEIR_TCP_CC_H

#include "tcp/tcb.h"

struct cc_ops {
	/* New data was acknowledged outside of a recovery; `in_flight` as it was before. */
	void (*acked)(struct tcb_ext *ext, uint32_t mss, uint32_t acked, uint32_t in_flight);
	/* Loss was inferred from duplicate ACKs: halve, RFC 5681 equation 4. */
	void (*lost)(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight);
	/* The retransmission timer fired for the first time for this segment: RFC 5681 section 3.1. */
	void (*timed_out)(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight);
};

extern const struct cc_ops cc_reno;

#endif
