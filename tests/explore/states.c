/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/states.h"

#include <stdlib.h>
#include <string.h>

struct state {
	struct canon canon;
	uint32_t parent;
	uint32_t edges; /* where those to its fair successors begin; they end where the next state's do */
	struct move move;
	bool finished;
	uint16_t depth;
};

static struct state *states;
static uint32_t states_used, capacity;

/* By hash: its upper half, and below it the number + 1; 0: empty. */
static uint64_t *table;
static uint32_t table_size;

static uint32_t *edges;
static uint32_t edges_count, edges_capacity;
static uint32_t expanded; /* states below this have their edges */

static void *grow(void *array, size_t n, size_t each)
{
	array = realloc(array, n * each);
	CHECK(array != NULL);
	return array;
}

void states_clear(void)
{
	free(table);
	table_size = 1u << 16;
	table = calloc(table_size, sizeof(*table));
	CHECK(table != NULL);
	states_used = edges_count = expanded = 0;
}

uint32_t states_count(void)
{
	return states_used;
}

size_t states_bytes(void)
{
	return (size_t)capacity * sizeof(*states) + (size_t)table_size * sizeof(*table) +
	       (size_t)edges_capacity * sizeof(*edges);
}

static uint64_t entry_of(struct canon canon, uint32_t state)
{
	return canon.b >> 32 << 32 | (state + 1);
}

/* Where a hash stands, or would. Few of other states' have the same 32 bits beside their number. */
static uint64_t *place(struct canon canon)
{
	uint32_t i = (uint32_t)canon.a & (table_size - 1);

	for (; table[i] != 0; i = (i + 1) & (table_size - 1))
		if (table[i] >> 32 == canon.b >> 32 &&
		    memcmp(&states[(uint32_t)table[i] - 1].canon, &canon, sizeof(canon)) == 0)
			break;
	return &table[i];
}

static void grow_table(void)
{
	free(table);
	table_size *= 2;
	table = calloc(table_size, sizeof(*table));
	CHECK(table != NULL);
	for (uint32_t i = 0; i < states_used; i++)
		*place(states[i].canon) = entry_of(states[i].canon, i);
}

uint32_t states_add(struct canon canon, uint32_t parent, struct move move, bool *fresh)
{
	uint64_t *entry = place(canon);

	*fresh = *entry == 0;
	if (!*fresh)
		return (uint32_t)*entry - 1;
	if (states_used == capacity) {
		capacity = capacity == 0 ? 1u << 16 : capacity + capacity / 2;
		states = grow(states, capacity, sizeof(*states));
	}
	states[states_used] = (struct state){ .canon = canon, .parent = parent, .move = move };
	if (parent != STATE_NONE)
		states[states_used].depth = (uint16_t)(states[parent].depth + 1);
	*entry = entry_of(canon, states_used++);
	if (states_used > table_size / 3 * 2)
		grow_table();
	return states_used - 1;
}

uint32_t states_parent(uint32_t state)
{
	return states[state].parent;
}

struct move states_move(uint32_t state)
{
	return states[state].move;
}

unsigned states_depth(uint32_t state)
{
	return states[state].depth;
}

struct canon states_canon(uint32_t state)
{
	return states[state].canon;
}

unsigned states_path(uint32_t state, struct move moves[PATH_MAX_MOVES])
{
	unsigned n = states_depth(state);

	CHECK(n <= PATH_MAX_MOVES);
	for (unsigned i = n; i > 0; i--, state = states[state].parent)
		moves[i - 1] = states[state].move;
	return n;
}

/* ------------------------------------------------------------------------------------------- *
 * The graph of fair moves
 * ------------------------------------------------------------------------------------------- */

void states_expand(uint32_t state)
{
	states[state].edges = edges_count;
	expanded = state + 1;
}

void states_edge(uint32_t to)
{
	if (edges_count == edges_capacity) {
		edges_capacity = edges_capacity == 0 ? 1u << 16 : edges_capacity + edges_capacity / 2;
		edges = grow(edges, edges_capacity, sizeof(*edges));
	}
	edges[edges_count++] = to;
}

void states_set_finished(uint32_t state)
{
	states[state].finished = true;
}

/* One backward pass: most edges lead to later states, so few passes are needed. */
static bool spread(bool *good)
{
	uint32_t end = edges_count;
	bool changed = false;

	for (uint32_t s = expanded; s-- > 0;) {
		bool was = good[s];

		for (uint32_t e = states[s].edges; e < end && !good[s]; e++)
			good[s] = good[edges[e]];
		changed |= good[s] != was;
		end = states[s].edges;
	}
	return changed;
}

uint32_t states_stuck(void)
{
	bool *good = malloc(states_used * sizeof(*good));
	uint32_t stuck = STATE_NONE;

	CHECK(good != NULL);
	for (uint32_t s = 0; s < states_used; s++)
		good[s] = s >= expanded || states[s].finished;
	while (spread(good))
		continue;
	for (uint32_t s = 0; s < expanded && stuck == STATE_NONE; s++)
		if (!good[s])
			stuck = s;
	free(good);
	return stuck;
}
