/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recovery.h - when a segment is taken for lost, and what follows.
 *
 * With SACK: three segments beyond it have arrived (RFC 6675, without rules 3 and 4 of its NextSeg()), or a
 * partial ACK ends before it. Without: three duplicate ACKs, then one for each
 * partial ACK (RFC 6582, NewReno). Either way a time-out takes everything for lost (RFC 6298). What is
 * lost is marked in sent.h and goes out again before anything new, as `pipe` allows; congestion control
 * is asked once for each recovery.
 */
#ifndef WEIR_TCP_RECOVERY_H
#define WEIR_TCP_RECOVERY_H

#include "tcp/tcp_pvt.h"

/* New data was acknowledged: `acked` bytes of `in_flight`, whole segments of it `segments`. */
void recovery_acked(struct tcp *tcp, struct tcb *tcb, uint32_t acked, uint32_t segments);

/* A duplicate ACK by RFC 5681 section 2, or one that brought news of what the peer holds. */
void recovery_duplicate(struct tcp *tcp, struct tcb *tcb, bool duplicate, const struct seg *seg);

/* The retransmission timer fired. */
void recovery_timed_out(struct tcp *tcp, struct tcb *tcb);

/* Bytes in the network: `pipe`, less what duplicate ACKs show to have left it. */
uint32_t recovery_in_flight(const struct tcb *tcb, const struct tcb_ext *ext);

#endif
