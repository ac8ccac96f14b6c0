/* SPDX-License-Identifier: BSD-3-Clause */
#include "pace.h"

#include <math.h>

static void place(struct pace *pace)
{
	double index = (double)pace->index, at_ns;

	/* A double holds times of up to 2^53 ns, 104 days, exactly. */
	if (index < pace->ramp_count)
		at_ns = sqrt(2 * index * pace->period_ns * pace->ramp_ns);
	else
		at_ns = index * pace->period_ns + pace->ramp_ns / 2;
	/* Rounded, so that 30 thirds of a second are 10 s and not a nanosecond less. */
	pace->next_ns = (uint64_t)(at_ns + 0.5);
	if (pace->next_ns >= pace->end_ns)
		pace->next_ns = UINT64_MAX;
}

void pace_init(struct pace *pace, uint64_t rate, uint64_t ramp_ns, uint64_t end_ns, unsigned shard,
	       unsigned shards)
{
	*pace = (struct pace){
		.period_ns = 1e9 / (double)rate,
		.ramp_ns = (double)ramp_ns,
		.ramp_count = (double)rate * (double)ramp_ns / 2e9,
		.index = shard,
		.step = shards,
		.end_ns = end_ns,
	};
	place(pace);
}

void pace_advance(struct pace *pace)
{
	pace->index += pace->step;
	place(pace);
}

uint64_t pace_ramped(uint64_t target, uint64_t ramp_ns, uint64_t now_ns)
{
	if (now_ns >= ramp_ns)
		return target;
	/* At least one from the start: a ramp that opens nothing at first would only look broken. */
	return 1 + (uint64_t)((double)(target - 1) * ((double)now_ns / (double)ramp_ns));
}
