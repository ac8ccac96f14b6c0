/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * short_ways.h - whether what is nearly always so is asked for first,
 * or taken from what was computed for a whole burst.
 *
 * A short way stands beside steps that would come to the same: whoever leaves it out is slower, and nothing
 * else. That can be shown only by leaving it out, so each asks for SHORT_WAYS first, which is a constant. It
 * is false in the one copy of TCP that tests/fuzz/ways.h holds against the other.
 */
#ifndef WEIR_BASE_SHORT_WAYS_H
#define WEIR_BASE_SHORT_WAYS_H

#include <stdbool.h>

#ifdef WEIR_LONG_WAYS
#define SHORT_WAYS false
#else
#define SHORT_WAYS true
#endif

#endif
