/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * events.h - what the application has yet to hear: at most one entry for each connection.
 *
 * The ring keeps events in the order of their first cause; what happens to a connection meanwhile is
 * merged into its entry. While an entry is pending it holds the application's word, and the tcb the
 * entry's place.
 */
#ifndef WEIR_TCP_EVENTS_H
#define WEIR_TCP_EVENTS_H

#include "tcp/tcp_pvt.h"

static inline struct weir_event *event_at(const struct tcp *tcp, uint32_t index)
{
	return &tcp->events[index & tcp->events_ring.mask];
}

/* A connection's first cause since the application heard of it last: an entry of its own. */
struct weir_event *event_begin(struct tcp *tcp, struct tcb *tcb);

/* Adds WEIR_EV_ bits to the connection's event. The caller has made sure of room for one entry. */
static inline struct weir_event *event_raise(struct tcp *tcp, struct tcb *tcb, unsigned what)
{
	struct weir_event *event = tcb->flags & TCB_EVENT ? event_at(tcp, tcb->event) : event_begin(tcp, tcb);

	event->what |= (uint16_t)what;
	return event;
}

/*
 * Tells the application that `reason` may end the connection. It is advice: without room for an event, or
 * where the application wants none of it (RFC 9293 SHLD-20), nothing happens.
 */
void event_warn(struct tcp *tcp, struct tcb *tcb, enum weir_reason reason);

/* Hands in-order payload to the application with its event. */
void event_data(struct tcp *tcp, struct tcb *tcb, payload data, uint32_t bytes);

/* Whether raising an event would have room. */
static inline bool event_room(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->flags & TCB_EVENT || ring_room(&tcp->events_ring) > 0;
}

/* Whether data has come that the application has not taken yet. */
bool event_unread(const struct tcp *tcp, const struct tcb *tcb);

uint32_t event_word(const struct tcp *tcp, const struct tcb *tcb);
void event_set_word(struct tcp *tcp, struct tcb *tcb, uint32_t word);

#endif
