/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ways.h - the short ways of TCP and of plain frames against the steps that they stand for.
 *
 * lib/tcp/ is compiled twice, the second time with WEIR_LONG_WAYS (base/short_ways.h) and into a library of
 * its own, so that both are in one process and neither knows the other. A byte string is a program
 * (programs.h); it runs once in each copy, and every look of the two witnesses must be the same. What the
 * copies do differently:
 *
 *   short                                            long
 *   bursts of segments, looked up together           one segment at a time, looked up alone
 *   hashes, names and ISNs of a burst in vectors     each when it is asked for, scalar
 *   goes_on() passes over the first steps            every step of RFC 9293 section 3.10.7.4
 *   send_small(), rtt_is_near()                      send_new(), the arithmetic
 *   runs of text, in and out (tcp/run.h)             each segment by itself
 *   opens that are expected                          computed when they come
 *   plain frames read and built in one go            parse.h and build.h
 */
#ifndef WEIR_TESTS_FUZZ_WAYS_H
#define WEIR_TESTS_FUZZ_WAYS_H

#include <stddef.h>
#include <stdint.h>

enum ways_program {
	WAYS_SESSION,
	WAYS_PAIR,
	WAYS_FRAMES,
	WAYS_PROGRAMS,
};

struct witness;

/* Runs a program in one of the copies; what was seen stands until the next run of that copy. */
const struct witness *ways_short(enum ways_program program, const uint8_t *data, size_t size);
const struct witness *ways_long(enum ways_program program, const uint8_t *data, size_t size);

/* In both; ends the process where they part. Returns how often both were looked at. */
unsigned ways_compare(enum ways_program program, const uint8_t *data, size_t size);

#endif
