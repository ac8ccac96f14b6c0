/* SPDX-License-Identifier: BSD-3-Clause */
#include "core_round_trip.h"

#include <stdint.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_launch.h>

#include "bench.h"

/* Of several trips each, so that reading the clock is a small part of one. */
#define SAMPLES 1001
#define TRIPS 16
#define ROUND_TRIPS ((uint64_t)SAMPLES * TRIPS)

/*
 * Even: the caller's turn; odd: the other's.
 * Nothing else is in its line, nor in the next, which may be fetched with it.
 */
static struct {
	uint64_t ball;
} __rte_aligned(2 * RTE_CACHE_LINE_SIZE) court;

/* No rte_pause(): what it takes would be part of the trip. */
static void await(uint64_t value)
{
	while (__atomic_load_n(&court.ball, __ATOMIC_ACQUIRE) != value)
		;
}

static int return_balls(void *arg)
{
	(void)arg;
	for (uint64_t trip = 0; trip < ROUND_TRIPS; trip++) {
		await(2 * trip + 1);
		__atomic_store_n(&court.ball, 2 * trip + 2, __ATOMIC_RELEASE);
	}
	return 0;
}

double core_round_trip(unsigned other)
{
	static double samples[SAMPLES];
	uint64_t trip = 0;

	court.ball = 0;
	if (rte_eal_remote_launch(return_balls, NULL, other) != 0) {
		bench_note("lcore %u does not start", other);
		return 0;
	}
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t begin = rte_rdtsc();

		for (unsigned k = 0; k < TRIPS; k++, trip++) {
			__atomic_store_n(&court.ball, 2 * trip + 1, __ATOMIC_RELEASE);
			await(2 * trip + 2);
		}
		samples[i] = (double)(rte_rdtsc() - begin) / TRIPS;
	}
	rte_eal_wait_lcore(other);
	return bench_median(samples, SAMPLES);
}
