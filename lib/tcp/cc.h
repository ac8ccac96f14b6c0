/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc.h - congestion control: the only table of functions in this room.
 *
 * An algorithm sets cwnd and ssthresh of an extension; when to ask it is for recovery.c and timers.c, and
 * what to send for output.c. All amounts in bytes. Without an extension nothing is asked: one small segment
 * in flight is within any window.
 *
 * Another algorithm (CUBIC, RFC 9438) is another table; a connection's profile is where to choose one, and
 * what it has to remember goes into the extension's reserve. Each segment's time of sending is in sent.h.
 * What ECN tells (ecn.h) is asked of marked(), once in a window.
 *
 * Windows that are not used do not grow (RFC 5681 leaves that open; RFC 7661 has the reasons): a window that
 * has not been filled proves nothing about the path. Whether it was is noted when segments go out, not when
 * ACKs come in: those of a whole flight may come in one burst, and the last of them finds the network empty.
 *
 * A window that idles decays. RFC 5681 section 4.1 has it fall back to the restart window, min(IW, cwnd),
 * after an RTO without sending, since nothing clocks out what would then go at once. weir halves it for each
 * RTO instead, down to that window, and keeps three quarters of it in ssthresh (RFC 2861, as Linux does): a
 * kept-alive connection that thinks for a moment keeps most of what it knows, and one that rests for long is
 * as careful as RFC 5681 wants. An extension lives as long as there is something to halve, so that the
 * records of idle connections need no clock.
 */
#ifndef WEIR_TCP_CC_H
#define WEIR_TCP_CC_H

#include "tcp/tcb.h"

struct cc_ops {
	/* New data was acknowledged outside of a recovery, and it had been sent into a full window. */
	void (*acked)(struct tcb_ext *ext, uint32_t mss, uint32_t acked);
	/* Loss was inferred from duplicate ACKs: halve, RFC 5681 equation 4. */
	void (*lost)(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight);
	/*
	 * The peer echoes a mark: as for a loss, but a window of two segments halves, too (RFC 3168 6.1.2).
	 */
	void (*marked)(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight);
	/* The retransmission timer fired for the first time for this segment: RFC 5681 section 3.1. */
	void (*timed_out)(struct tcb_ext *ext, uint32_t mss, uint32_t in_flight);
	/* An RTO has gone by with nothing in flight, and cwnd is larger than the restart window. */
	void (*idle)(struct tcb_ext *ext, uint32_t restart);
};

extern const struct cc_ops cc_reno;

/* Segments have gone out: if the window is full now, what they acknowledge may widen it. */
static inline void cc_sent(struct tcb_ext *ext, uint32_t mss, uint32_t snd_nxt)
{
	if (ext->pipe + mss > ext->cwnd)
		ext->filled = snd_nxt;
}

#endif
