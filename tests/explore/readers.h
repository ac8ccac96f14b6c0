/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * readers.h - the applications as they take events: what they hear must be what the other side's application
 * has written, in order and whole, and connections must end for a reason.
 */
#ifndef WEIR_TESTS_READERS_H
#define WEIR_TESTS_READERS_H

#include "explore/world.h"

/* Takes all pending events of an end. NULL, or what is wrong with them. */
const char *readers_take(unsigned end);

/* What an end adds to its tick for TSval. */
uint32_t readers_ts_offset(unsigned end, const struct tuple *tuple);

/*
 * Which of the other end's incarnations this end's synchronized record belongs to: 0, the latest; 1, the one
 * before, and so on; STREAMS: one that the other end has offered by a cookie; -1: none that it can be.
 */
int readers_peer_age(unsigned end, const struct view *view);

#endif
