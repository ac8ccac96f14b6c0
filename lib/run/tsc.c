/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/tsc.h"

#include <time.h>

#include <rte_cycles.h>

#include "base/clock.h"
#include "weir.h"

#define FRACTION_BITS 32

/* A reading of both clocks is right to some 50 ns: 20 ms apart, the rate is to a few millionths. */
#define MEASURE_NS (20 * CLOCK_NS_PER_MS)
#define READINGS 8

/* The same for everybody; written before loops run, or with a value as good. */
static uint64_t hz, multiplier;

struct reading {
	uint64_t tsc, ns;
};

static uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * CLOCK_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* Both clocks at once: of several tries the one that took the least time in between. */
static struct reading read_both(void)
{
	struct reading best = { 0 };
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		uint64_t before = rte_rdtsc();
		uint64_t ns = read_clock(CLOCK_MONOTONIC);
		uint64_t after = rte_rdtsc();

		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = (struct reading){ .tsc = before + shortest / 2, .ns = ns };
	}
	return best;
}

static uint64_t measure(void)
{
	struct timespec nap = { .tv_nsec = MEASURE_NS };
	struct reading first = read_both(), second;

	nanosleep(&nap, NULL);
	second = read_both();
	/* A signal can end the nap at once. */
	if (second.ns - first.ns < MEASURE_NS / 2)
		return rte_get_tsc_hz();
	return (uint64_t)((unsigned __int128)(second.tsc - first.tsc) * CLOCK_NS_PER_S /
			  (second.ns - first.ns));
}

void tsc_calibrate(void)
{
	uint64_t measured = measure();

	__atomic_store_n(&hz, measured, __ATOMIC_RELAXED);
	__atomic_store_n(&multiplier, (CLOCK_NS_PER_S << FRACTION_BITS) / measured, __ATOMIC_RELAXED);
}

uint64_t tsc_hz(void)
{
	return __atomic_load_n(&hz, __ATOMIC_RELAXED);
}

uint64_t tsc_to_ns(uint64_t tsc)
{
	unsigned __int128 product = tsc;

	product *= __atomic_load_n(&multiplier, __ATOMIC_RELAXED);
	return (uint64_t)(product >> FRACTION_BITS);
}

uint64_t tsc_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t weir_now_ns(void)
{
	if (__atomic_load_n(&multiplier, __ATOMIC_RELAXED) == 0)
		tsc_calibrate();
	return tsc_to_ns(rte_rdtsc());
}
