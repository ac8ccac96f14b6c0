/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recovery.h - when a segment is taken for lost, and what follows.
 *
 * Once the peer has told by blocks what it holds, RFC 6675 governs: three segments beyond a lost one have
 * arrived, or more bytes than two fill. Before that, and without SACK, RFC 6582 (NewReno): three duplicate
 * ACKs, then one loss for each partial ACK. Fewer do where so few segments are in flight that three cannot
 * come (RFC 5827, early retransmit), unless a D-SACK has told that the path reorders. Either way a time-out
 * takes everything for lost (RFC 6298). What is lost is marked in sent.h and goes out again before anything
 * new, as `pipe` allows; congestion control is asked once for each recovery.
 *
 * Time-based recovery (RACK-TLP, RFC 8985) would stand beside recovery_duplicate(), from the same marks; its
 * probe is one more kind of tcb_timer.
 */
#ifndef WEIR_TCP_RECOVERY_H
#define WEIR_TCP_RECOVERY_H

#include "tcp/tcp_pvt.h"

/*
 * New data was acknowledged: `acked` bytes, whole segments of it `segments`. echo: and that a segment was
 * marked, so that the window must not grow (RFC 3168 section 6.1.2).
 */
void recovery_acked(struct tcp *tcp, struct tcb *tcb, uint32_t acked, uint32_t segments, bool echo);

/* A duplicate ACK by RFC 5681 section 2, or one that brought news of what the peer holds. */
void recovery_duplicate(struct tcp *tcp, struct tcb *tcb, bool duplicate, const struct seg *seg);

/*
 * Nothing is lost and nothing new may go: what else would keep the ACKs coming (RFC 6675, NextSeg() rules 3
 * and 4)? True: it is marked lost now.
 */
bool recovery_last_resort(struct tcp *tcp, struct tcb *tcb);

/* The retransmission timer fired. */
void recovery_timed_out(struct tcp *tcp, struct tcb *tcb);

/*
 * The path has become too narrow for what is in flight (path_mtu.h): segments larger than the MSS are lost,
 * and not to congestion. Duplicate ACKs that smaller ones behind them cause begin no recovery.
 */
void recovery_path_narrowed(struct tcp *tcp, struct tcb *tcb);

/*
 * An RTO has gone by with nothing in flight. True: the window has nothing more to lose by idling, and the
 * extension may go.
 */
bool recovery_idle(struct tcp *tcp, struct tcb *tcb);

/* Bytes in the network: `pipe`, less what duplicate ACKs show to have left it. */
uint32_t recovery_in_flight(const struct tcb *tcb, const struct tcb_ext *ext);

#endif
