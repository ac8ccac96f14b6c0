/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <criterion/criterion.h>

#define TICK_NS (1ull << 20)

Test(clock, units)
{
	cr_assert_eq(clock_tick(TICK_NS - 1), 0);
	cr_assert_eq(clock_tick(TICK_NS), 1);
	cr_assert_eq(clock_us(1023), 0);
	cr_assert_eq(clock_us(1024), 1);
	cr_assert_eq(clock_ns_from_ticks(1), TICK_NS);
	cr_assert_eq(clock_ns_from_ticks(UINT32_MAX), UINT32_MAX * TICK_NS, "no 32-bit overflow on the way");
}

Test(clock, wraps)
{
	uint64_t tick_turn = TICK_NS << 32, us_turn = 1024ull << 32;

	cr_assert_eq(clock_tick(tick_turn - 1), UINT32_MAX);
	cr_assert_eq(clock_tick(tick_turn), 0);
	cr_assert_eq(clock_us(us_turn - 1), UINT32_MAX);
	cr_assert_eq(clock_us(us_turn + 5 * 1024), 5);
}

Test(clock, durations_are_rounded_up)
{
	cr_assert_eq(clock_ticks_from_ns(0), 0);
	cr_assert_eq(clock_ticks_from_ns(1), 1);
	cr_assert_eq(clock_ticks_from_ns(TICK_NS), 1);
	cr_assert_eq(clock_ticks_from_ns(TICK_NS + 1), 2);
	cr_assert_eq(clock_ticks_from_us(1), 1);
	cr_assert_eq(clock_ticks_from_us(1024), 1);
	cr_assert_eq(clock_ticks_from_us(1025), 2);
}

/* Whatever the phase of the clock, a timer set for a duration does not fire before it has passed. */
Test(clock, never_before_its_time)
{
	const uint64_t durations[] = { 1,
				       1000,
				       TICK_NS - 1,
				       TICK_NS,
				       40 * CLOCK_NS_PER_MS,
				       200 * CLOCK_NS_PER_MS,
				       60 * CLOCK_NS_PER_S,
				       3600 * CLOCK_NS_PER_S };

	for (unsigned i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		uint64_t armed = clock_ns_from_ticks(clock_ticks_from_ns(durations[i]));

		cr_assert(armed >= durations[i] && armed < durations[i] + TICK_NS);
	}
}
