/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_timer.h>

#include "base/rng.h"
#include "bench.h"
#include "core/memory.h"
#include "timer_load.h"

/* Longer than the bench: none expires. */
#define DEADLINE_MIN_S 120
#define DEADLINE_MAX_S 240
/* Has no factor in common with the number of timers: a walk in steps of it meets each once. */
#define STRIDE 618033

struct timer_rte {
	struct memory memory;
	struct rte_timer *timers;
	struct rng rng;
	unsigned lcore;
	uint64_t nearest, spread; /* cycles */
	uint64_t failed, expired;
};

static void expired(struct rte_timer *timer, void *arg)
{
	struct timer_rte *load = arg;

	(void)timer;
	load->expired++;
}

/* It takes itself out of the list first: stop and reset in one. */
static void arm(struct timer_rte *load, uint32_t i, uint64_t ticks)
{
	if (rte_timer_reset(&load->timers[i], ticks, SINGLE, load->lcore, expired, load) != 0)
		load->failed++;
}

/* The last deadlines first: each finds its place at the head of the list. */
static void fill(struct timer_rte *load)
{
	uint32_t which = 0;

	for (uint32_t i = 0; i < TIMER_LOAD_TIMERS; i++)
		rte_timer_init(&load->timers[i]);
	for (uint32_t i = TIMER_LOAD_TIMERS; i > 0; i--) {
		arm(load, which, load->nearest + load->spread / TIMER_LOAD_TIMERS * i);
		which = (which + STRIDE) % TIMER_LOAD_TIMERS;
	}
}

struct timer_rte *timer_rte_create(void)
{
	struct timer_rte *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return NULL;
	if (rte_timer_subsystem_init() != 0 ||
	    memory_take(&load->memory, TIMER_LOAD_TIMERS * sizeof(struct rte_timer), -1, WEIR_PAGES_1G) !=
		    0) {
		bench_note("timer: no memory for rte_timer");
		free(load);
		return NULL;
	}
	load->timers = load->memory.base;
	load->lcore = rte_lcore_id();
	load->nearest = DEADLINE_MIN_S * rte_get_timer_hz();
	load->spread = (DEADLINE_MAX_S - DEADLINE_MIN_S) * rte_get_timer_hz();
	fill(load);
	return load;
}

void timer_rte_run(struct timer_rte *load, uint32_t count)
{
	uint32_t which[TIMER_LOAD_BURST];

	for (uint32_t done = 0; done < count; done += TIMER_LOAD_BURST) {
		for (unsigned i = 0; i < TIMER_LOAD_BURST; i++) {
			which[i] = rng_below(&load->rng, TIMER_LOAD_TIMERS);
			/* One of them is a line and a half. */
			__builtin_prefetch(&load->timers[which[i]], 1);
			__builtin_prefetch(&load->timers[which[i]].arg, 1);
		}
		for (unsigned i = 0; i < TIMER_LOAD_BURST; i++)
			arm(load, which[i], load->nearest + rng_u64(&load->rng) % load->spread);
	}
}

bool timer_rte_is_right(const struct timer_rte *load)
{
	uint32_t pending = 0;

	for (uint32_t i = 0; i < TIMER_LOAD_TIMERS; i++)
		pending += rte_timer_pending(&load->timers[i]) != 0;
	if (pending == TIMER_LOAD_TIMERS && load->failed == 0 && load->expired == 0)
		return true;
	bench_note("timer: %" PRIu32 " of rte_timer's are pending, %" PRIu64 " could not be armed", pending,
		   load->failed);
	return false;
}

/* They stand in a list of the lcore's, which nobody looks at any more. */
void timer_rte_destroy(struct timer_rte *load)
{
	rte_timer_subsystem_finalize();
	memory_give(&load->memory);
	free(load);
}
