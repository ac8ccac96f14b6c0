/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/seq.h"
#include "bench.h"
#include "core/memory.h"
#include "store/timer_wheel.h"
#include "timer_load.h"

#define ARMINGS_PER_S 1000000u
#define DEADLINE_MIN_NS (200 * CLOCK_NS_PER_MS)
#define DEADLINE_MAX_NS (1200 * CLOCK_NS_PER_MS)
/* Taken from the wheel at once, as tcp/timers.c does. */
#define DUE_BATCH 64

/* A connection's, as far as timers go. */
struct record {
	uint32_t fired;
	uint32_t deadline;
	uint8_t wheel;
	uint8_t rest[64 - 9];
};

struct timer_weir {
	struct memory memory;
	struct timer_wheel wheel;
	struct record *records;
	struct rng rng;
	uint64_t now_ns;
	uint32_t tick, nearest, spread; /* ticks */
	uint64_t armed, refiled, expired;
};

_Static_assert(sizeof(struct record) == 64, "a cache line");

static void carve(struct timer_weir *load, struct arena *arena)
{
	load->records = arena_take(arena, TIMER_LOAD_TIMERS * sizeof(struct record));
	struct ref_pool pools[REF_KINDS] = {
		[REF_HOT] = { .base = load->records,
			      .stride = sizeof(struct record),
			      .field = offsetof(struct record, wheel) },
	};

	timer_wheel_init(&load->wheel, arena, TIMER_LOAD_TIMERS, pools, load->tick);
}

/* As tcb_arm() does. */
static void arm(struct timer_weir *load, uint32_t i)
{
	uint32_t ticks = load->nearest + rng_below(&load->rng, load->spread);

	load->armed++;
	load->records[i].deadline = load->tick + ticks + 1;
	timer_wheel_file(&load->wheel, ref_make(REF_HOT, i), load->records[i].deadline);
}

struct timer_weir *timer_weir_create(void)
{
	struct timer_weir *load = calloc(1, sizeof(*load));
	struct arena arena = { .base = NULL };

	if (load == NULL)
		return NULL;
	load->nearest = clock_ticks_from_ns(DEADLINE_MIN_NS);
	load->spread = clock_ticks_from_ns(DEADLINE_MAX_NS - DEADLINE_MIN_NS);
	carve(load, &arena);
	if (memory_take(&load->memory, arena.used, -1, WEIR_PAGES_1G) != 0) {
		bench_note("timer: no memory");
		free(load);
		return NULL;
	}
	arena = (struct arena){ .base = load->memory.base };
	carve(load, &arena);
	for (uint32_t i = 0; i < TIMER_LOAD_TIMERS; i++)
		arm(load, i);
	return load;
}

/* As tcp/timers.c does with what comes up. */
static void come_up(struct timer_weir *load, ref r)
{
	struct record *record = &load->records[ref_slot(r)];

	if (seq_gt(record->deadline, load->tick)) {
		load->refiled++;
		timer_wheel_file(&load->wheel, r, record->deadline);
		return;
	}
	load->expired++;
	record->fired++;
	arm(load, ref_slot(r));
}

static void advance(struct timer_weir *load)
{
	ref due[DUE_BATCH];
	unsigned n;

	load->tick = clock_tick(load->now_ns);
	do {
		n = timer_wheel_advance(&load->wheel, load->tick, due, DUE_BATCH);
		for (unsigned i = 0; i < n; i++)
			come_up(load, due[i]);
	} while (n == DUE_BATCH);
}

void timer_weir_run(struct timer_weir *load, uint32_t count)
{
	uint32_t which[TIMER_LOAD_BURST];

	for (uint32_t done = 0; done < count; done += TIMER_LOAD_BURST) {
		for (unsigned i = 0; i < TIMER_LOAD_BURST; i++) {
			which[i] = rng_below(&load->rng, TIMER_LOAD_TIMERS);
			__builtin_prefetch(&load->records[which[i]], 1);
		}
		for (unsigned i = 0; i < TIMER_LOAD_BURST; i++)
			arm(load, which[i]);
		load->now_ns += TIMER_LOAD_BURST * CLOCK_NS_PER_S / ARMINGS_PER_S;
		advance(load);
	}
}

void timer_weir_counts(const struct timer_weir *load, struct timer_load_counts *counts)
{
	*counts = (struct timer_load_counts){ load->armed, load->refiled, load->expired };
}

bool timer_weir_is_right(const struct timer_weir *load)
{
	uint64_t fired = 0;

	for (uint32_t i = 0; i < TIMER_LOAD_TIMERS; i++) {
		const struct record *record = &load->records[i];

		fired += record->fired;
		if (record->wheel != 0 && seq_gt(record->deadline, load->wheel.now))
			continue;
		bench_note("timer: number %" PRIu32 " is late, or nowhere", i);
		return false;
	}
	if (load->wheel.now == load->tick && fired == load->expired && load->wheel.no_room == 0)
		return true;
	bench_note("timer: the wheel is behind, or timers went astray");
	return false;
}

void timer_weir_destroy(struct timer_weir *load)
{
	memory_give(&load->memory);
	free(load);
}
