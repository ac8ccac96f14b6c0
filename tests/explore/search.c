/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/search.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "explore/checks.h"

/* One state in so many is played again from the root. */
#define REPLAY_EVERY 8192

/* More than a world's snapshot takes. */
#define IMAGE_MAX (1u << 16)

/* How often clocks and bounds are looked at, in states. */
#define LOOK_EVERY 256

/*
 * The way to the state that is expanded: the states on it, and a snapshot of each. The next state to be
 * expanded has most of its way in common with this one, for they are in the order of their parents; so a
 * state costs the playing of two or three moves, and those that wait cost no memory but their number.
 */
static uint32_t way[PATH_MAX_MOVES + 1];
static uint8_t *images[PATH_MAX_MOVES + 1];
static unsigned way_length; /* states on it, the root first */

static sigjmp_buf assertion;

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ------------------------------------------------------------------------------------------- *
 * Snapshots
 * ------------------------------------------------------------------------------------------- */

static void save(unsigned depth)
{
	if (images[depth] == NULL)
		images[depth] = malloc(IMAGE_MAX);
	CHECK(images[depth] != NULL && world_bytes() <= IMAGE_MAX);
	world_save(images[depth]);
}

/* The world becomes that of this state; its snapshot is the last one of the way. */
static void go_to(uint32_t state)
{
	uint32_t behind[PATH_MAX_MOVES + 1];
	unsigned n = 0;
	unsigned depth = states_depth(state);

	for (; depth >= way_length || way[depth] != state; depth--, state = states_parent(state))
		behind[n++] = state;
	world_load(images[depth]);
	while (n > 0) {
		state = behind[--n];
		checks_replay(states_move(state));
		way[++depth] = state;
		save(depth);
	}
	way_length = depth + 1;
}

/* A snapshot must hold all there is: playing all moves again must come to the same state. */
static bool replays(uint32_t state)
{
	struct move path[PATH_MAX_MOVES];
	unsigned n = states_path(state, path);
	struct canon want = states_canon(state), got;

	world_load(images[0]);
	for (unsigned i = 0; i < n; i++)
		checks_replay(path[i]);
	got = canon_of_world();
	return got.a == want.a && got.b == want.b;
}

/* ------------------------------------------------------------------------------------------- *
 * The search
 * ------------------------------------------------------------------------------------------- */

/* What failed an assertion, if one fails. */
static struct found found;
static uint32_t layer_end; /* the first state of the next depth */

static void on_abort(int signal)
{
	(void)signal;
	siglongjmp(assertion, 1);
}

static void fault(const char *what, uint32_t state, bool has_move, struct move move)
{
	found.fault = what;
	found.state = state;
	found.has_move = has_move;
	found.move = move;
}

static void meet(uint32_t parent, struct move move)
{
	bool fresh;
	uint32_t state = states_add(canon_of_world(), parent, move, &fresh);

	if (parent != STATE_NONE && move_is_fair(move))
		states_edge(state);
	if (fresh && checks_finished())
		states_set_finished(state);
}

static void expand(uint32_t state)
{
	struct move moves[MOVES_MAX];

	go_to(state);
	states_expand(state);
	struct before before = checks_before();
	unsigned n = moves_list(moves);

	CHECK(n <= MOVES_MAX);
	for (unsigned i = 0; i < n && found.fault == NULL; i++) {
		if (i > 0)
			world_load(images[way_length - 1]);
		found.state = state;
		found.move = moves[i];
		struct made made = moves_make(moves[i]);

		found.moves++;
		found.crowded += made.crowded;
		found.again += made.again;
		if (made.again && move_is_fair(moves[i]))
			states_set_finished(state); /* nobody knows of a way from there */
		if (made.refused || made.crowded || made.again)
			continue;
		const char *wrong = checks_after(&before, &made);

		if (wrong != NULL)
			fault(wrong, state, true, moves[i]);
		else
			meet(state, moves[i]);
	}
}

static void progress(const struct scenario *scenario, double seconds)
{
	fprintf(stderr, "# %s: %.0f s, %" PRIu32 " states, %" PRIu32 " of them expanded, depth %u, %zu MiB\n",
		scenario->name, seconds, states_count(), found.expanded, found.depth, states_bytes() >> 20);
}

/* Whether a bound stops the search before this state. */
static const char *bounded(const struct bounds *bounds, double seconds)
{
	if (states_count() >= bounds->states)
		return "states";
	if (found.depth >= bounds->depth)
		return "depth";
	if (seconds >= bounds->seconds)
		return "seconds";
	return states_bytes() >= bounds->memory_bytes ? "memory" : NULL;
}

static void walk(const struct scenario *scenario, const struct bounds *bounds)
{
	double started = now_s(), told = started;

	for (uint32_t state = 0; state < states_count() && found.fault == NULL; state++) {
		if (state == layer_end) {
			found.depth++;
			layer_end = states_count();
		}
		if (state % LOOK_EVERY == 0 || found.depth >= bounds->depth) {
			double now = now_s();

			found.stopped = bounded(bounds, now - started);
			if (found.stopped != NULL)
				break;
			if (bounds->progress && now - told >= 10) {
				progress(scenario, now - started);
				told = now;
			}
		}
		if (state % REPLAY_EVERY == REPLAY_EVERY / 2 && !replays(state)) {
			fault("a snapshot is not complete: playing the moves again leads elsewhere", state,
			      false, (struct move){ 0 });
			break;
		}
		expand(state);
		found.expanded = state + 1;
	}
	found.seconds = now_s() - started;
}

struct found search(const struct scenario *scenario, bool is6, const struct bounds *bounds)
{
	struct sigaction action = { .sa_handler = on_abort, .sa_flags = SA_NODEFER };

	sigaction(SIGABRT, &action, NULL);
	found = (struct found){ .is6 = is6 };
	layer_end = 1;
	states_clear();
	world_create(scenario, is6);
	meet(STATE_NONE, (struct move){ 0 });
	save(0);
	way[0] = 0;
	way_length = 1;
	if (sigsetjmp(assertion, 0) == 0)
		walk(scenario, bounds);
	else
		fault("an assertion failed", found.state, true, found.move);
	found.states = states_count();
	if (found.fault == NULL) {
		uint32_t stuck = states_stuck();

		if (stuck != STATE_NONE)
			fault("a deadlock: no way leads to the end from here, though nothing more is lost",
			      stuck, false, (struct move){ 0 });
	}
	signal(SIGABRT, SIG_DFL);
	return found;
}
