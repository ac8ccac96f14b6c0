/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/guard.h"

#include "tcp/half_open.h"
#include "tcp/tcp_pvt.h"

#define LOOK_TICKS 256 /* about a quarter of a second */
#define CALM_LOOKS 8

/*
 * A flood's SYNs that are enough to know it by, however large the backlog:
 * a record costs several times as much as a cookie.
 */
#define SUDDEN 1024

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

static uint32_t missing(const struct guard *guard)
{
	return guard->syns > guard->completed ? guard->syns - guard->completed : 0;
}

static bool few_complete(const struct guard *guard)
{
	return guard->completed < guard->syns / 2;
}

bool guard_cookie_for_syn(struct tcp *tcp, struct listener *listener)
{
	struct guard *guard = &listener->guard;

	guard->syns++;
	if (guard->on || listener->defence.mode != WEIR_DEFENCE_AUTO)
		return guard->on;
	if (listener->half_opens >= (listener->defence.backlog + 1) / 2 ||
	    (missing(guard) >= SUDDEN && few_complete(guard)))
		enter(tcp, listener);
	return guard->on;
}

void guard_completed(struct listener *listener)
{
	listener->guard.completed++;
}

void guard_reset(struct tcp *tcp, struct listener *listener)
{
	/* Nobody has looked at them for long, perhaps. */
	listener->guard.syns = listener->guard.completed = 0;
	set(tcp, listener, listener->port != 0 && listener->defence.mode == WEIR_DEFENCE_ALWAYS);
}

/*
 * SYNs in the time of a calm that would bring the guard back:
 * they fill an eighth of the backlog within the timeout.
 */
static uint32_t returning(const struct listener *listener)
{
	uint64_t timeout = clock_ticks_from_ns(listener->defence.timeout_ns);

	return (uint32_t)((uint64_t)listener->defence.backlog * CALM_LOOKS * LOOK_TICKS / (8 * timeout));
}

/*
 * Nearly all: peers lose their way now and then, and a listener with little to do must not wait for a round
 * number. Counted over the whole calm, so that a slow flood does not look like one at each look by itself.
 */
static bool is_calm(const struct listener *listener)
{
	const struct guard *guard = &listener->guard;

	return missing(guard) <= guard->syns / 64 + returning(listener) + 1;
}

static void leave(struct tcp *tcp, struct listener *listener)
{
	set(tcp, listener, false);
	count(tcp->counters, COUNT_guard_left);
}

static void look(struct tcp *tcp, struct listener *listener)
{
	struct guard *guard = &listener->guard;

	if (!guard->on && listener->half_opens >= listener->defence.backlog / 8 + 1 && few_complete(guard)) {
		enter(tcp, listener);
	} else if (guard->on) {
		half_open_drain(tcp, listener, DRAIN_BUDGET);
		guard->calm = is_calm(listener) ? (uint8_t)(guard->calm + 1) : 0;
		if (guard->calm >= CALM_LOOKS && listener->half_opens < listener->defence.backlog / 4 + 1)
			leave(tcp, listener);
	}
	if (guard->calm == 0)
		guard->syns = guard->completed = 0;
}

/*
 * Ticks until the next look. One that seems to be further away than any has long been due:
 * nobody has called for weeks.
 */
static uint32_t until_look(const struct tcp *tcp)
{
	uint32_t left = tcp->guard_due - tcp->tick;

	return left <= LOOK_TICKS ? left : 0;
}

void guard_advance(struct tcp *tcp)
{
	if (until_look(tcp) > 0)
		return;
	tcp->guard_due = tcp->tick + LOOK_TICKS;
	for (unsigned i = 0; i < TCP_LISTENERS; i++)
		if (tcp->listeners[i].port != 0 && tcp->listeners[i].defence.mode == WEIR_DEFENCE_AUTO)
			look(tcp, &tcp->listeners[i]);
}

/* A listener that always answers by cookies has nothing to wait for. */
static bool is_watched(const struct listener *listener)
{
	return listener->guard.on && listener->defence.mode == WEIR_DEFENCE_AUTO;
}

uint32_t guard_next(const struct tcp *tcp)
{
	for (unsigned i = 0; i < TCP_LISTENERS && tcp->defending > 0; i++)
		if (is_watched(&tcp->listeners[i]))
			return until_look(tcp);
	return UINT32_MAX;
}
