/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * records.h - hot records and their extensions: taken, found by handle, ended, given back.
 */
#ifndef WEIR_TCP_RECORDS_H
#define WEIR_TCP_RECORDS_H

#include "tcp/tcp_pvt.h"

/* What records begin with; behind profiles_init(). */
void records_init(struct tcp *tcp);

/*
 * A fresh record in state CLOSED for this tuple, and for this pair if that is of IPv6, not yet in the table.
 * NULL when all are taken. Its slot's generation and timer filing are kept.
 */
struct tcb *tcb_take(struct tcp *tcp, const struct tuple *tuple, const struct pair *pair);

/* From now on it behaves so. Its timer is the caller's business. */
void tcb_use_profile(struct tcp *tcp, struct tcb *tcb, uint8_t profile);

/* The record of a handle, or NULL if that connection is over. */
static inline struct tcb *tcb_find(const struct tcp *tcp, weir_conn conn)
{
	if (conn.index >= tcp->hot.fresh)
		return NULL;
	struct tcb *tcb = tcb_at(tcp, conn.index);

	return tcb->generation == conn.generation && tcb->tuple.rport != 0 ? tcb : NULL;
}

/* Gives the record and all that hangs on it back. It must be out of the table. */
void tcb_give(struct tcp *tcp, struct tcb *tcb);

/*
 * The end of a connection, from any state: event, counts, table, record. The event ring must have room
 * (event_room()). Sends nothing.
 */
void tcb_end(struct tcp *tcp, struct tcb *tcb, enum weir_reason reason);

/* As tcb_end() after a proper teardown, but the table's entry becomes that of the TIME-WAIT record. */
void tcb_end_in_time_wait(struct tcp *tcp, struct tcb *tcb, ref time_wait);

/* Makes sure of an extension; false when the pool is empty. */
bool tcb_extend(struct tcp *tcp, struct tcb *tcb);

/* Gives the extension back; nothing may be queued or in flight. */
void tcb_shrink(struct tcp *tcp, struct tcb *tcb);

/* Timers. `ticks` from now; rounded so that nothing fires early. */
static inline void tcb_arm(struct tcp *tcp, struct tcb *tcb, enum tcb_timer timer, uint32_t ticks)
{
	/* The present tick has partly gone: one more, or it would fire early. */
	tcb->deadline = tcp->tick + ticks + 1;
	tcb->timer = timer & 7;
	tcb->still = false;
	timer_wheel_file_at(&tcp->wheel, ref_make(REF_HOT, tcb_slot(tcp, tcb)), &tcb->wheel, tcb->deadline);
}

/* Whether nothing is awaited. */
static inline bool tcb_at_rest(const struct tcb *tcb)
{
	return tcb->timer == TIMER_NONE || tcb->timer == TIMER_KEEPALIVE;
}

/* Nothing is awaited: no timer, unless silence itself is watched (RFC 9293 3.8.4). */
static inline void tcb_rest(struct tcp *tcp, struct tcb *tcb)
{
	uint32_t keep_idle = tcp->profiles[tcb->profile].keep_idle;

	tcb->timer = TIMER_NONE;
	tcb->retries = 0;
	if (keep_idle != 0)
		tcb_arm(tcp, tcb, TIMER_KEEPALIVE, keep_idle);
}

#endif
