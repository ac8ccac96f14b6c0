/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fsm.h - the eleven states and the transitions between them (RFC 9293 section 3.3.2, figure 5).
 *
 * States change through tcb_set_state() alone. SYN-RECEIVED records of listeners and TIME-WAIT
 * records are no tcbs; half_open.c and time_wait.c count theirs with fsm_count().
 */
#ifndef WEIR_TCP_FSM_H
#define WEIR_TCP_FSM_H

#include "tcp/tcp_pvt.h"

/* Whether figure 5, the text of section 3.10 or an abort allows this step. */
bool fsm_legal(enum weir_state from, enum weir_state to);

/* One more (1) or one less (-1) connection in a state. */
static inline void fsm_count(struct tcp *tcp, enum weir_state state, int change)
{
	__atomic_store_n(&tcp->states[state], tcp->states[state] + (uint64_t)(int64_t)change,
			 __ATOMIC_RELAXED);
}

/* Checks the transition (a fault of weir's own otherwise) and keeps the counts of states. */
static inline void tcb_set_state(struct tcp *tcp, struct tcb *tcb, enum weir_state to)
{
	enum weir_state from = (enum weir_state)tcb->state;

	DCHECK(fsm_legal(from, to));
	if (from != WEIR_CLOSED)
		fsm_count(tcp, from, -1);
	if (to != WEIR_CLOSED)
		fsm_count(tcp, to, 1);
	tcb->state = to & 15;
}

/* States in which both sides have agreed on sequence numbers. */
static inline bool fsm_synchronized(enum weir_state state)
{
	return state >= WEIR_ESTABLISHED;
}

#endif
