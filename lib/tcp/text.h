/* SPDX-License-Identifier: BSD-3-Clause */
/* text.h - the first and seventh steps of RFC 9293 section 3.10.7.4: windows, and the segment's text. */
#ifndef WEIR_TCP_TEXT_H
#define WEIR_TCP_TEXT_H

#include "tcp/tcp_pvt.h"

/*
 * Table 6: whether any of the segment lies in the receive window. ACCEPTED, or the drop. What lies
 * outside is then cut off, and a FIN with it; true if anything lay beyond the right edge.
 */
verdict text_acceptable(const struct tcp *tcp, const struct tcb *tcb, const struct seg *seg);
bool text_trim(const struct tcb *tcb, struct seg *seg);

/* Takes the text in: to the application, or aside while bytes before it are missing. */
verdict text_input(struct tcp *tcp, struct tcb *tcb, struct seg *seg);

/* A segment's text, or a piece of it, takes its part of the receive window. */
static inline void text_window_used(struct tcb *tcb, uint32_t len)
{
	/* Whole units alone: the edge that was offered must not move to the left by parts of one. */
	uint32_t units = len >> tcb->rcv_wscale;

	tcb->rcv_wnd = units < tcb->rcv_wnd ? (uint16_t)(tcb->rcv_wnd - units) : 0;
}

/*
 * Hands in-order bytes to the application and moves RCV.NXT;
 * their buffers, and the window, are counted already.
 */
void text_hand_on(struct tcp *tcp, struct tcb *tcb, payload data, uint32_t len);

/* Both. */
void text_deliver(struct tcp *tcp, struct tcb *tcb, payload data, uint32_t len);

/* Why there is no buffer for text: this connection holds as many as it may, or all together do. */
static inline verdict text_refused(const struct tcp *tcp)
{
	return tcp->held_now == 0 ? COUNT_drop_buffers : COUNT_drop_receive_buffers;
}

/* The application gave `buffers` of its unread ones back: perhaps a window update is due. */
void text_released(struct tcp *tcp, struct tcb *tcb, uint32_t buffers);

#endif
