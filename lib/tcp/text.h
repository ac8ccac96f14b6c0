/* SPDX-License-Identifier: BSD-3-Clause */
/* text.h - the first and seventh steps of RFC 9293 section 3.10.7.4: windows, and the segment's text. */
#ifndef WEIR_TCP_TEXT_H
#define WEIR_TCP_TEXT_H

#include "tcp/tcp_pvt.h"

/*
 * Table 6: whether any of the segment lies in the receive window. ACCEPTED, or the drop. What lies outside is then cut off, and
 * a FIN with it.
 */
verdict text_acceptable(const struct tcp *tcp, const struct tcb *tcb, const struct seg *seg);
void text_trim(struct tcp *tcp, struct tcb *tcb, struct seg *seg);

/* Hands the text to the application and moves RCV.NXT. Only in-order text is kept. */
verdict text_input(struct tcp *tcp, struct tcb *tcb, struct seg *seg);

/* The application gave `buffers` of its unread ones back: perhaps a window update is due. */
void text_released(struct tcp *tcp, struct tcb *tcb, uint32_t buffers);

#endif
