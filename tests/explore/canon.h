/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * canon.h - when are two worlds the same state? When nothing that they can do from here on tells them apart.
 *
 * Records are encoded whole, as they lie in memory,
 * with those fields replaced that do not matter as they are:
 *
 *   sequence numbers   relative to where their stream began; with cookies, by which stream that is (offers.h)
 *   deadlines          in steps from now; of timers that run
 *   timestamps         by rank among those of their sender: "now" is 0, the next older 1, ...
 *   challenge ACKs     whether this half second has had its one
 *   addresses          whether records are called what they should be, tuple and pair
 *   lists              by their contents, in order; which slots they occupy is left out
 *   left out           generations, filings in the wheel, the words of applications; and, because RTOs here
 *                      are constant and windows larger than what is ever written: round-trip times, times
 *                      of sending, congestion windows, echoed timestamps
 *
 * A field that this does not know is taken as it is: one added to a record makes more states, not fewer.
 * Of the encoding 128 bits of SipHash are kept. Two states of a hundred million that should differ and do not
 * are met with a probability of 10^-23.
 */
#ifndef WEIR_TESTS_CANON_H
#define WEIR_TESTS_CANON_H

#include <stdint.h>

struct canon {
	uint64_t a, b;
};

/* Of the world as it stands. */
struct canon canon_of_world(void);

#endif
