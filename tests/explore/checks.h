/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checks.h - what must hold in every state, and between two. What applications hear is checked in readers.h,
 * that there is always a way to the end in states.h.
 */
#ifndef WEIR_TESTS_CHECKS_H
#define WEIR_TESTS_CHECKS_H

#include "explore/moves.h"

/* What the checks need to know of the world before a move. */
struct before {
	enum weir_state state[ENDS];
	bool waits[ENDS]; /* has a TIME-WAIT record */
	uint32_t steps;
};

struct before checks_before(void);

/*
 * NULL, or the first thing that is wrong with the world after a move.
 * Keeps what the checks themselves remember.
 */
const char *checks_after(const struct before *before, const struct made *made);

/* Makes a move that has been checked before. */
void checks_replay(struct move move);

/* Whether both ends are through: CLOSED, LISTEN or TIME-WAIT, and programs at their end. */
bool checks_finished(void);

#endif
