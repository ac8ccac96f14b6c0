/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * witness.h - all that can be seen of shards, as one number after each call: two runs of one byte string that
 * differ in one have parted in that call.
 *
 * A number tells of everything up to its call: the segments and events that came out, what calls returned,
 * counters, states, the next deadline; and the records themselves, which are what later segments will be
 * judged by.
 */
#ifndef WEIR_TESTS_FUZZ_WITNESS_H
#define WEIR_TESTS_FUZZ_WITNESS_H

#include "fuzz/shard.h"

#define WITNESS_LOOKS (1u << 16) /* a run that is longer is told by its last one */

struct witness_look {
	uint64_t now_ns;
	uint64_t seen;
};

struct witness {
	struct witness_look looks[WITNESS_LOOKS];
	unsigned count;
	uint64_t seen;
};

/* From now on this one watches; NULL: nobody does, and what is below costs nothing. */
void witness_watch(struct witness *witness);
bool witness_watches(void);

/* Takes note of some bytes; so many of them as mean something. */
void witness_note(const void *bytes, size_t len);
void witness_note_number(int64_t number);
void witness_note_segment(const struct seg *seg, const struct seg_side *side);
void witness_note_event(const struct weir_event *event);

/* After a call. */
void witness_look(const struct shard *shard);

#endif
