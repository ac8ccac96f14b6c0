/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tsc.h - the one place where time comes from: the time stamp counter, in nanoseconds.
 *
 * ns = tsc * multiplier >> 32, by one multiplication of 128 bits. It starts nowhere in particular (at the
 * machine's start, usually) and has one multiplier for the process, so it cannot run backwards between
 * two readings of a counter that does not, and an invariant TSC is the same on every lcore.
 *
 * The rate is measured against the kernel's clock: what rte_get_tsc_hz() tells is rounded to 10 MHz where the
 * processor does not state it (most virtual machines), which is wrong by a millisecond or two each second.
 */
#ifndef WEIR_RUN_TSC_H
#define WEIR_RUN_TSC_H

#include <stdint.h>

/* Measures the counter's rate; takes 20 ms. Before the others; again is harmless. EAL must be up. */
void tsc_calibrate(void);

/* Cycles a second. */
uint64_t tsc_hz(void);

uint64_t tsc_to_ns(uint64_t tsc);

/* Nanoseconds since 1970: for time stamps that people see, never for intervals. */
uint64_t tsc_wall_ns(void);

#endif
