/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard.h - when a listener answers by cookies (WEIR_DEFENCE_AUTO).
 *
 * It begins at once when half the backlog is in use, or when a thousand SYNs more came since the last look
 * than connections were made, and half as many; and at the next look when an eighth is in use, and fewer than
 * half of the last SYNs became connections. It ends after CALM_LOOKS looks in a row, some two seconds, in
 * which nearly all SYNs became connections: a flood that goes on is noticed by its SYNs, whether they are
 * remembered or not, and one that would begin it again, however slow, does not let it end. What is left of
 * the flood in the backlog goes meanwhile, so that the listener does not begin anew at once.
 */
#ifndef WEIR_TCP_GUARD_H
#define WEIR_TCP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct tcp;
struct listener;

struct guard {
	uint32_t syns, completed; /* since the last look, or since the calm began */
	uint8_t calm;             /* looks in a row */
	bool on;
};

/* A new SYN, that no record knows: is it to be answered by a cookie? */
bool guard_cookie_for_syn(struct tcp *tcp, struct listener *listener);

/* A handshake of this listener is complete. */
void guard_completed(struct listener *listener);

/* The listener's defence has changed. */
void guard_reset(struct tcp *tcp, struct listener *listener);

/* Looks at the listeners when it is time. */
void guard_advance(struct tcp *tcp);

/* Ticks until guard_advance() has something to do; UINT32_MAX: nothing. */
uint32_t guard_next(const struct tcp *tcp);

#endif
