/* SPDX-License-Identifier: BSD-3-Clause */
/* ack.h - the fifth step of RFC 9293 section 3.10.7.4: what a segment's ACK field says. */
#ifndef WEIR_TCP_ACK_H
#define WEIR_TCP_ACK_H

#include "tcp/tcp_pvt.h"

/*
 * For synchronized states. ACCEPTED: the segment may go on to its text; otherwise the drop. Afterwards
 * ack_fin_acked() tells whether our FIN has been acknowledged.
 */
verdict ack_input(struct tcp *tcp, struct tcb *tcb, const struct seg *seg);

static inline bool ack_fin_acked(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->flags & TCB_FIN_SENT && tcb_snd_una(tcp, tcb) == tcb->snd_nxt;
}

/* Takes the peer's window from a segment that is not older than the last one used. */
static inline void ack_window(struct tcb *tcb, uint16_t wnd)
{
	tcb->snd_wnd = wnd;
	if (wnd > tcb->snd_wnd_max)
		tcb->snd_wnd_max = wnd;
}

#endif
