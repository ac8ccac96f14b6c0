/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reassembly.h - data and a FIN that came before their turn (RFC 9293 SHLD-31).
 *
 * Pieces hang on the extension in order of their sequence numbers and do not overlap: what was
 * received first is kept. They count among the buffers that a connection may hold, all but one, so that the
 * byte that everything waits for always finds room.
 */
#ifndef WEIR_TCP_REASSEMBLY_H
#define WEIR_TCP_REASSEMBLY_H

#include "tcp/tcp_pvt.h"

/*
 * Keeps the text of a segment within the window that begins after RCV.NXT, and remembers its FIN.
 * ACCEPTED, or why it could not be kept: the peer will send it again.
 */
verdict reassembly_keep(struct tcp *tcp, struct tcb *tcb, struct seg *seg);

/* RCV.NXT has moved: hands on what follows it now. */
void reassembly_deliver(struct tcp *tcp, struct tcb *tcb);

/* Whether a FIN that was remembered is due now. */
bool reassembly_fin_due(const struct tcp *tcp, const struct tcb *tcb);

/* Whether anything waits for a gap to close. */
bool reassembly_waiting(const struct tcp *tcp, const struct tcb *tcb);

/* Frees everything; for the end of a connection, or of what the peer sends. */
void reassembly_clear(struct tcp *tcp, struct tcb *tcb);

/* Segment text that had been received before: to be told once, as D-SACK (RFC 2883). */
void reassembly_duplicate(struct tcp *tcp, struct tcb *tcb, uint32_t left, uint32_t right);

/* The blocks to tell now, `most` at most: a duplicate first, then the latest news. Returns how many. */
unsigned reassembly_blocks(const struct tcp *tcp, struct tcb *tcb, struct sack *sack, unsigned most);

#endif
