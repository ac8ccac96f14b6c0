/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * send_queue.h - the bytes that a connection was given to send, until they are acknowledged.
 *
 * It holds payload references, never frames: a frame that was sent is somebody else's, and a
 * retransmission is a new one. A connection without an extension can hold one registered static piece, by
 * number; everything else hangs on the extension as a list of pieces.
 */
#ifndef WEIR_TCP_SEND_QUEUE_H
#define WEIR_TCP_SEND_QUEUE_H

#include "tcp/tcp_pvt.h"

/* seg.piece of a segment whose bytes are static: this bit and the identifier. */
#define SEND_QUEUE_STATIC (1u << 31)

/*
 * Without an extension, whether its small piece has still to go out:
 * it goes whole, so what is in flight began it.
 */
static inline bool send_queue_piece_unsent(const struct tcb *tcb)
{
	return tcb->piece != 0 && tcb->flight == 0;
}

/* One beyond the last byte queued, FIN not counted. */
static inline uint32_t send_queue_end(const struct tcp *tcp, const struct tcb *tcb)
{
	if (tcb->flags & TCB_EXT)
		return tcb_ext(tcp, tcb)->queue_end;
	uint32_t sent_end = tcb->snd_nxt - !!(tcb->flags & TCB_FIN_SENT);

	return send_queue_piece_unsent(tcb) ? sent_end + tcp->statics[tcb->piece].len : sent_end;
}

/*
 * Appends a piece. The connection must have an extension. 0, -EAGAIN (send_buffers), -ENOMEM (no piece
 * left).
 */
int send_queue_append(struct tcp *tcp, struct tcb *tcb, const struct piece *piece);

/* Moves a static piece that was kept by number onto the fresh extension. */
void send_queue_adopt_static(struct tcp *tcp, struct tcb *tcb);

/* Frees what lies wholly before SND.UNA. */
void send_queue_acked(struct tcp *tcp, struct tcb *tcb);

/* Frees everything; for the end of a connection. */
void send_queue_clear(struct tcp *tcp, struct tcb *tcb);

/* Notes in a segment where its bytes, from sequence number seq on, are to be found. */
void send_queue_locate(struct tcp *tcp, const struct tcb *tcb, uint32_t seq, struct seg *seg);

/* The same for n segments of new text, one behind the other. */
void send_queue_locate_run(const struct tcp *tcp, struct tcb_ext *ext, struct seg *segs, unsigned n);

#endif
