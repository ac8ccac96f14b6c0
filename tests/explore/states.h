/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * states.h - the states met so far: by their hash, from where and by which move they were first met, and
 * where a faultless world leads from them.
 *
 * States are numbered from 0, the first, in the order in which they were met; with breadth-first search a
 * state's chain of parents is one of the shortest ways to it. About 60 bytes each.
 */
#ifndef WEIR_TESTS_STATES_H
#define WEIR_TESTS_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "explore/canon.h"
#include "explore/moves.h"

#define STATE_NONE UINT32_MAX

void states_clear(void);
uint32_t states_count(void);
size_t states_bytes(void);

/* The state's number; *fresh: it was not known. */
uint32_t states_add(struct canon canon, uint32_t parent, struct move move, bool *fresh);

uint32_t states_parent(uint32_t state);
struct move states_move(uint32_t state);
unsigned states_depth(uint32_t state); /* moves from the root */
struct canon states_canon(uint32_t state);

/* Moves from the root to a state, at most max of them; returns how many. */
#define PATH_MAX_MOVES 512
unsigned states_path(uint32_t state, struct move moves[PATH_MAX_MOVES]);

/*
 * States are expanded in their order: first this is called, then once for each fair move that leads from it.
 */
void states_expand(uint32_t state);
void states_edge(uint32_t to);

/* Both ends are through in this state. */
void states_set_finished(uint32_t state);

/*
 * The first state that was expanded from which no fair way leads to one that is finished, or STATE_NONE. What
 * was not expanded is taken to be well.
 */
uint32_t states_stuck(void);

#endif
