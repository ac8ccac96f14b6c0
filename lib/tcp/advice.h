/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * advice.h - what this layer tells the one below: a peer does not answer, so its next hop may be dead (RFC
 * 9293 section 3.8.3, MUST-20; RFC 1122 section 3.3.1.4).
 *
 * Given when a segment has been sent again R1 times, and taken by tcp_advice(). A few peers wait in a ring;
 * when that is full more are forgotten: many peers have one next hop, and it need not be doubted twice.
 * Half-open records give none: that a SYN-ACK goes unanswered is the everyday work of a flood with forged
 * addresses.
 */
#ifndef WEIR_TCP_ADVICE_H
#define WEIR_TCP_ADVICE_H

#include "tcp/tcp_pvt.h"

void advice_init(struct tcp *tcp);

/* Doubts the way to this connection's peer. */
void advice_give(struct tcp *tcp, const struct tcb *tcb);

#endif
