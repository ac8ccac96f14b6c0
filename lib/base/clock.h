/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock.h - units of time. Nobody below run/ reads a clock: time is an argument.
 *
 *   now_ns   64 bits, monotonic, from the caller
 *   tick     2^20 ns, about 1.05 ms: timers, and the clock of the timestamps option
 *            (RFC 7323 section 5.4 wants 1 ms to 1 s); 32 bits, compared with seq.h
 *   us       2^10 ns, about 1.02 us: round-trip times and send times. Near enough to a
 *            microsecond for an estimator, and a shift instead of a division.
 */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_US_SHIFT 10
#define CLOCK_TICK_SHIFT 20

#define CLOCK_NS_PER_S 1000000000ull
#define CLOCK_NS_PER_MS 1000000ull

static inline uint32_t clock_tick(uint64_t now_ns)
{
	return (uint32_t)(now_ns >> CLOCK_TICK_SHIFT);
}

static inline uint32_t clock_us(uint64_t now_ns)
{
	return (uint32_t)(now_ns >> CLOCK_US_SHIFT);
}

/* A duration in ticks, rounded up: a timer never fires before its time. */
static inline uint32_t clock_ticks_from_ns(uint64_t ns)
{
	return (uint32_t)((ns + (1ull << CLOCK_TICK_SHIFT) - 1) >> CLOCK_TICK_SHIFT);
}

static inline uint32_t clock_ticks_from_us(uint64_t us)
{
	return clock_ticks_from_ns(us << CLOCK_US_SHIFT);
}

/* A round trip that was measured in ticks. */
static inline uint32_t clock_us_from_ticks(uint32_t ticks)
{
	return ticks << (CLOCK_TICK_SHIFT - CLOCK_US_SHIFT);
}

static inline uint64_t clock_ns_from_ticks(uint32_t ticks)
{
	return (uint64_t)ticks << CLOCK_TICK_SHIFT;
}

#endif
