/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.h - the frames beside TCP's: answers to ARP, neighbour solicitations and ICMP echo, requests and
 * announcements of our own, and segments that had to wait for a neighbour.
 *
 * Answers are written into the frame that asked, which is the core's, and wait in a small queue for the
 * next weir_output(). Full: the answer is not given, and replies_full counts it; whoever asked asks again.
 */
#ifndef WEIR_CORE_CONTROL_H
#define WEIR_CORE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/counters.h"
#include "base/limit.h"
#include "wire/parse.h"

#define CONTROL_QUEUE 64 /* a power of two */

struct weir_core;

struct control {
	struct rte_mbuf *queue[CONTROL_QUEUE];
	uint32_t head, tail; /* free-running */
	struct limit problems;
};

void control_init(struct control *control);

/*
 * Takes in an ARP packet. *m becomes NULL if the frame was kept to carry the answer. *about_us: it asks
 * for one of our addresses, tells us something, or cannot be read.
 */
verdict control_arp(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame, bool *about_us);

/* The same for an ICMP message that came to one of our addresses, or to a group that they are in. */
verdict control_icmp(struct weir_core *core, struct rte_mbuf **m, const struct frame *frame, bool *about_us);

/*
 * A packet to one of our addresses that IPv6 wants to be answered by a parameter problem (RFC 4443 section
 * 3.4), unless it is one of those that never are, or there were too many.
 */
void control_problem(struct weir_core *core, const struct rte_mbuf *m, const struct frame *frame);

/* Up to max frames that are due, ready to be sent and still on the core's counters. */
unsigned control_output(struct weir_core *core, struct rte_mbuf **frames, unsigned max);

/* Whether control_output() has something now. */
bool control_pending(const struct weir_core *core);

/* Frees what waits. */
void control_clear(struct weir_core *core);

#endif
