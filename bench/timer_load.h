/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timer_load.h - a million timers, armed anew in random order while all of them are armed: in weir's wheel,
 * and in DPDK's rte_timer.
 *
 * weir's side is what TCP does. A deadline is stored in a record of 64 bytes; what comes up early is filed
 * again, and what is due has its record touched and armed anew, so that a million stay armed. Its time is
 * virtual: a million armings in each second, and deadlines 200 to 1200 ms away, as retransmission timers are:
 * about as many again expire. rte_timer's time is the machine's. It does nothing but rte_timer_reset(), and
 * no timer comes to its end.
 *
 * Both work in bursts that have their records prefetched, on pages of the same kind. One thread.
 */
#ifndef WEIR_BENCH_TIMER_LOAD_H
#define WEIR_BENCH_TIMER_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#define TIMER_LOAD_TIMERS 1000000u
#define TIMER_LOAD_BURST 32

struct timer_load_counts {
	uint64_t armed;   /* so often, those that had expired included */
	uint64_t refiled; /* came up early */
	uint64_t expired; /* came up in time */
};

struct timer_weir;
struct timer_rte;

/* With all timers armed. NULL after a note. */
struct timer_weir *timer_weir_create(void);
struct timer_rte *timer_rte_create(void);

/* Arms `count` timers anew; the wheel besides those that expire meanwhile. */
void timer_weir_run(struct timer_weir *load, uint32_t count);
void timer_rte_run(struct timer_rte *load, uint32_t count);

void timer_weir_counts(const struct timer_weir *load, struct timer_load_counts *counts);

/* Whether each timer is armed, none is late, and none came too early. False after a note. */
bool timer_weir_is_right(const struct timer_weir *load);
bool timer_rte_is_right(const struct timer_rte *load);

void timer_weir_destroy(struct timer_weir *load);
void timer_rte_destroy(struct timer_rte *load);

#endif
