/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/guard.h"

#include "tcp/half_open.h"
#include "tcp/tcp_pvt.h"

#define LOOK_TICKS 256 /* about a quarter of a second */
#define CALM_LOOKS 8

/* Half-open records of a past flood that one look forgets. */
#define DRAIN_BUDGET 4096

static void set(struct tcp *tcp, struct listener *listener, bool on)
{
	if (listener->guard.on == on)
		return;
	listener->guard.on = on;
	listener->guard.calm = 0;
	__atomic_store_n(&tcp->defending, on ? tcp->defending + 1 : tcp->defending - 1, __ATOMIC_RELAXED);
}

static void enter(struct tcp *tcp, struct listener *listener)
{
	set(tcp, listener, true);
	count(tcp->counters, COUNT_guard_entered);
}

bool guard_cookie_for_syn(struct tcp *tcp, struct listener *listener)
{
	listener->guard.syns++;
	if (!listener->guard.on && listener->defence.mode == WEIR_DEFENCE_AUTO &&
	    listener->half_opens >= (listener->defence.backlog + 1) / 2)
		enter(tcp, listener);
	return listener->guard.on;
}

void guard_completed(struct listener *listener)
{
	listener->guard.completed++;
}

void guard_reset(struct tcp *tcp, struct listener *listener)
{
	listener->guard.syns = listener->guard.completed = 0; /* nobody has looked at them for long, perhaps */
	set(tcp, listener, listener->port != 0 && listener->defence.mode == WEIR_DEFENCE_ALWAYS);
}

/*
 * Nearly all: peers lose their way now and then, some are half-way at any time, and a listener with little to do must not
 * wait for a round number.
 */
static bool is_calm(const struct listener *listener)
{
	const struct guard *guard = &listener->guard;
	uint32_t missing = guard->syns > guard->completed ? guard->syns - guard->completed : 0;

	return missing <= guard->syns / 64 + listener->defence.backlog / 128 + 1;
}

static bool is_flooded(const struct listener *listener)
{
	return listener->half_opens >= listener->defence.backlog / 8 + 1 &&
	       listener->guard.completed < listener->guard.syns / 2;
}

static void look(struct tcp *tcp, struct listener *listener)
{
	struct guard *guard = &listener->guard;

	if (!guard->on && is_flooded(listener)) {
		enter(tcp, listener);
	} else if (guard->on) {
		half_open_drain(tcp, listener, DRAIN_BUDGET);
		guard->calm = is_calm(listener) ? (uint8_t)(guard->calm + 1) : 0;
		if (guard->calm >= CALM_LOOKS && listener->half_opens < listener->defence.backlog / 4 + 1) {
			set(tcp, listener, false);
			count(tcp->counters, COUNT_guard_left);
		}
	}
	guard->syns = guard->completed = 0;
}

void guard_advance(struct tcp *tcp)
{
	if (seq_gt(tcp->guard_due, tcp->tick))
		return;
	tcp->guard_due = tcp->tick + LOOK_TICKS;
	for (unsigned i = 0; i < TCP_LISTENERS; i++)
		if (tcp->listeners[i].port != 0 && tcp->listeners[i].defence.mode == WEIR_DEFENCE_AUTO)
			look(tcp, &tcp->listeners[i]);
}

uint32_t guard_next(const struct tcp *tcp)
{
	if (tcp->defending == 0)
		return UINT32_MAX;
	return seq_gt(tcp->guard_due, tcp->tick) ? tcp->guard_due - tcp->tick : 0;
}
