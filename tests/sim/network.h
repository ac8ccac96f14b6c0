/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * network.h - a network in virtual time that loses, doubles, overtakes, delays,
 * corrupts and marks frames, by seed.
 *
 * Frames are bytes on the heap, exactly as long as they are, so that sanitizers see a parser's first step
 * too far. What happens to them follows from the seed alone: the same seed replays exactly.
 */
#ifndef WEIR_TESTS_SIM_NETWORK_H
#define WEIR_TESTS_SIM_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

/* Per mille of frames, but for the delays. */
struct network_faults {
	unsigned loss, duplication, reordering, corruption;
	unsigned marking;   /* of those that may be marked: CE instead of ECT (RFC 3168) */
	uint64_t delay_ns;  /* one way */
	uint64_t jitter_ns; /* up to this much more, for frames that are reordered */
};

struct network_frame {
	uint64_t due_ns;
	uint64_t order; /* of sending: frames due at the same time keep it */
	uint8_t *bytes;
	uint32_t len;
	unsigned to; /* which end */
};

struct network {
	struct network_faults faults;
	struct rng rng;
	struct network_frame *heap; /* the earliest first */
	unsigned count, capacity;
	uint64_t sent, lost, doubled, reordered, corrupted, marked;
};

void network_init(struct network *network, const struct network_faults *faults, uint64_t seed);
void network_free(struct network *network);

/* Takes a copy of the frame on its way to an end. */
void network_send(struct network *network, unsigned to, const uint8_t *bytes, uint32_t len, uint64_t now_ns);

/* When the next frame arrives, or UINT64_MAX. */
uint64_t network_next(const struct network *network);

/* Takes the earliest frame off; its bytes are the caller's to free. */
struct network_frame network_take(struct network *network);

#endif
