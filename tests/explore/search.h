/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * search.h - breadth-first search over the states of one scenario.
 *
 * Breadth first, so that the way to a fault is a shortest one. The fastest way found to come back to a state
 * was neither to keep a snapshot of each (3 KB a state, and a million wait) nor to play all moves again, but
 * to keep those along one way: see search.c. Now and then all of a state's moves are played again to show
 * that snapshots are complete.
 */
#ifndef WEIR_TESTS_SEARCH_H
#define WEIR_TESTS_SEARCH_H

#include "explore/states.h"

struct bounds {
	uint32_t states;
	unsigned depth;
	double seconds;
	size_t memory_bytes;
	bool progress; /* a line on stderr every ten seconds */
};

struct found {
	const char *fault; /* NULL: none */
	uint32_t state;    /* where it is, */
	bool has_move;     /* or with which move from there it comes about */
	struct move move;
	uint32_t states, expanded;
	uint64_t moves;   /* made in all */
	uint64_t crowded; /* not made because the network was full */
	uint64_t again;   /* nor because a cookie came that has had its time, offers.h */
	unsigned depth;   /* moves from the root to the last state that was expanded */
	double seconds;
	bool is6;
	const char *stopped; /* by which bound; NULL: all there is was explored */
};

struct found search(const struct scenario *scenario, bool is6, const struct bounds *bounds);

#endif
