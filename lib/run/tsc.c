/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/tsc.h"

#include <time.h>

#include <rte_cycles.h>

#include "base/clock.h"
#include "weir.h"

#define FRACTION_BITS 32

/* The same for everybody, written with the same value by whoever comes first. */
static uint64_t multiplier;

void tsc_calibrate(void)
{
	__atomic_store_n(&multiplier, (CLOCK_NS_PER_S << FRACTION_BITS) / rte_get_tsc_hz(), __ATOMIC_RELAXED);
}

uint64_t tsc_to_ns(uint64_t tsc)
{
	unsigned __int128 product = tsc;

	product *= __atomic_load_n(&multiplier, __ATOMIC_RELAXED);
	return (uint64_t)(product >> FRACTION_BITS);
}

uint64_t tsc_wall_ns(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return (uint64_t)wall.tv_sec * CLOCK_NS_PER_S + (uint64_t)wall.tv_nsec;
}

uint64_t weir_now_ns(void)
{
	if (__atomic_load_n(&multiplier, __ATOMIC_RELAXED) == 0)
		tsc_calibrate();
	return tsc_to_ns(rte_rdtsc());
}
