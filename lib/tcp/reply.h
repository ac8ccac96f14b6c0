/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reply.h - answers that no hot record sends: RSTs, SYN-ACKs of half-open records, ACKs of TIME-WAIT.
 *
 * They wait in a ring of whole segments for the next tcp_output(). tcp_input() makes sure of room for
 * one each; elsewhere a full ring withholds the answer, and counts it: peers ask again.
 */
#ifndef WEIR_TCP_REPLY_H
#define WEIR_TCP_REPLY_H

#include "tcp/tcp_pvt.h"

/*
 * A zeroed segment of this tuple to fill in, or NULL when the ring is full (counted).
 * pair: looked at beside an IPv6 tuple.
 */
struct seg *reply_new(struct tcp *tcp, const struct tuple *tuple, const struct pair *pair);

/*
 * The same for a bare ACK, which tells of the present state alone. What answers one segment right behind
 * another of its tuple is the ACK that waits already: a burst is answered once (RFC 9293 MUST-58).
 */
struct seg *reply_ack_once(struct tcp *tcp, const struct tuple *tuple, const struct pair *pair);

/*
 * RFC 9293 section 3.10.7.1: the RST that answers a segment which belongs to nothing.
 * To be called for segments without RST only: a RST is never answered.
 */
void reply_reset_to(struct tcp *tcp, const struct seg *seg);

/* <SEQ=seq><CTL=RST,ACK>: this connection is over on our side. */
void reply_reset(struct tcp *tcp, const struct tcb *tcb);

/*
 * RFC 9293 3.8.4: an empty segment from before SND.NXT, which the peer must answer because it cannot use it.
 */
void reply_keep_alive(struct tcp *tcp, struct tcb *tcb);

/* The present half second (2^9 ticks), modulo 256: what the limit of challenge ACKs is kept by. */
static inline uint8_t reply_half_second(const struct tcp *tcp)
{
	return (uint8_t)(tcp->tick >> 9);
}

/*
 * Asks the peer of a synchronized connection to prove itself by an ACK of the present state (RFC
 * 5961). At most two a second for each connection: a limit over all would tell an attacker about
 * others' connections (CVE-2016-5696).
 */
void reply_challenge(struct tcp *tcp, struct tcb *tcb);

#endif
