/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.h - which segments a connection sends now.
 *
 * Nothing is sent where it is decided: input, timers and the application's calls mark a connection
 * as dirty, and tcp_output() then makes one pass over those. So an ACK rides on the response, a FIN on
 * the last data, and a burst of segments for one connection is answered once (RFC 9293 MUST-58, MUST-59).
 */
#ifndef WEIR_TCP_OUTPUT_H
#define WEIR_TCP_OUTPUT_H

#include "tcp/tcp_pvt.h"

/* Room in the list for a connection that is not in it yet. */
static inline bool output_room(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->flags & TCB_DIRTY || ring_room(&tcp->dirty_ring) > 0;
}

/*
 * The sequence number for a segment without text: SND.NXT, or the window's right edge where that lies
 * before it. Beyond a closed window a probe or a FIN may be in flight; the peer takes no ACK, window or
 * RST from there.
 */
uint32_t output_empty_seq(const struct tcp *tcp, const struct tcb *tcb);

/* Everything but the payload, of a segment in a synchronized state that stands at seq; it acknowledges. */
void output_header(struct tcp *tcp, struct tcb *tcb, struct seg *seg, uint32_t seq);

/* Looks at the connection in the next tcp_output(). The caller has made sure of room. */
static inline void output_mark(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_DIRTY)
		return;
	DCHECK(ring_room(&tcp->dirty_ring) > 0);
	tcb->flags |= TCB_DIRTY;
	tcp->dirty[tcp->dirty_ring.tail++ & tcp->dirty_ring.mask] = tcb_slot(tcp, tcb);
}

/*
 * Whether an ACK or a window may let something go, or make it wait otherwise:
 * there is something in flight or queued.
 */
static inline bool output_waits(const struct tcb *tcb)
{
	return tcb->flags & TCB_EXT || tcb->flight != 0 || tcb->piece != 0 ||
	       (tcb->flags & (TCB_FIN_QUEUED | TCB_FIN_SENT)) == TCB_FIN_QUEUED;
}

/* As output_mark(), and an ACK is owed. */
static inline void output_ack_now(struct tcp *tcp, struct tcb *tcb)
{
	tcb->flags |= TCB_ACK_NOW;
	output_mark(tcp, tcb);
}

/* In-order data has come: an ACK for every second segment, or after a while (RFC 9293 3.8.6.3). */
static inline void output_ack_data(struct tcp *tcp, struct tcb *tcb)
{
	tcb->flags |= tcb->flags & TCB_ACK_DELAYED ? TCB_ACK_NOW : TCB_ACK_DELAYED;
	output_mark(tcp, tcb);
}

/* Sequence space has gone out: the retransmission timer runs (RFC 6298 rule 5.1). */
void output_start_timer(struct tcp *tcp, struct tcb *tcb);

/* The window to offer: never less than was offered, more only when it is worth a segment (MUST-39). */
uint32_t output_offer(const struct tcp *tcp, const struct tcb *tcb);

/*
 * Whether that is more than was offered by two of the connection's segments,
 * or half of its window if that is less.
 */
bool output_offer_grown(const struct tcp *tcp, const struct tcb *tcb);

/* Fires delayed ACKs that are due, as long as the dirty list has room. */
void output_delayed_acks(struct tcp *tcp);

#endif
