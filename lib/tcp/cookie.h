/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookie.h - SYN cookies: what a SYN said is kept by the peer,
 * in the number of our SYN-ACK, and nothing here.
 *
 * cookie.c begins with what is kept in which bits, and what it takes to forge one.
 */
#ifndef WEIR_TCP_COOKIE_H
#define WEIR_TCP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/siphash.h"
#include "base/siphash_bulk.h"
#include "wire/seg.h"
#include "wire/syn.h"
#include "weir.h"

struct tcp;

/* What cookies are made with: one of a kind for each core, or shared by a fleet. */
struct cookie_secret {
	struct siphash_key master; /* of the epochs' keys */
	struct siphash_key ts;     /* of the timestamps' offsets */
	uint64_t shift_ns;         /* the fleet's time less ours */
	struct {
		uint64_t number;
		struct siphash_key key;
	} epochs[2]; /* by parity: the keys that were derived last */
};

struct cookies {
	const struct siphash_bulk *bulk;
	struct cookie_secret secret, before;
	uint64_t before_until_ns; /* `before` is accepted until then; 0: there is none */
	uint64_t live_until_ns;   /* none that we have sent lives longer */
	bool fleet;               /* others send some, too */
};

/* What one brings back. */
struct cookie {
	unsigned flags; /* HALF_TS, HALF_SACK, HALF_WSCALE, HALF_ECN */
	uint16_t mss;
	uint8_t snd_wscale;
	uint32_t ts_offset;   /* for the connection: its timestamps go on from the cookie's */
	uint32_t first, last; /* with HALF_TS: it was sent between these two ticks of ours */
};

/* secrets: the core's own, random. */
void cookie_init(struct tcp *tcp, const struct siphash_key secrets[2]);

/* Turns 1 <= n <= TCP_BURST_MAX SYNs of a burst into SYN-ACKs; places: where they stand in segs and sides. */
void cookie_answer(struct tcp *tcp, struct seg *segs, const struct seg_side *sides, const uint8_t *places,
		   unsigned n);

/*
 * The cookies of SYNs that say MSS, SACK, timestamps and window scale, all of them: fills iss and our_tsvals.
 */
void cookie_make(struct tcp *tcp, struct syns *syns);

/* So many have been sent, and may come back. */
void cookie_sent(struct tcp *tcp, unsigned n);

/* Whether there can be any: looking costs two hashes. */
bool cookie_may_come(const struct tcp *tcp);

/* Opens the cookie of an ACK, the segment under way; false: it has none that lives, or a forged one. */
bool cookie_open(struct tcp *tcp, const struct seg *seg, struct cookie *cookie);

/*
 * Whether a segment that brings none may follow one that is still under way: it echoes a time at which a
 * cookie could have been made, under an offset that others cannot see. Without timestamps nothing tells.
 */
bool cookie_may_precede(const struct tcp *tcp, const struct seg *seg);

#endif
