/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timer_wheel.h - which records to look at, and when. Arming a timer is a store.
 *
 * A record holds its deadline itself. The wheel holds at most one current filing of it, a 4-byte ref in
 * an array, and the record names the slot of that filing in one byte (at the pools' `field`), 0 for not
 * filed. Moving a deadline later, or disarming it, touches the record
 * alone: when its filing comes up, the owner sees that the time has not come and files it anew.
 * Moving a deadline to before its filing files again and leaves the old filing behind, stale: the
 * byte names another slot, so it is skipped when it comes up.
 *
 * Two levels: 128 slots of one tick and 64 of 128 ticks, about 8.6 s in all. What lies further is
 * filed at the far end and comes up early. Slots are chunks of refs, not linked lists of records: a
 * linked walk over a million cold records cost 400 to 460 cycles each when tried, an array that is
 * prefetched about 30.
 *
 * Bound: there are chunks for twice as many filings as records may be filed. While less than a quarter of
 * them is free, each chunk that is taken pays for checking eight others for stale filings. So no call ever
 * passes over all records, and chunks do not run out.
 * Who arms more timers at once than that has some of them late, and loses none: a record that finds no room
 * says so in its byte, and a sweep through the pools, TIMER_WHEEL_SWEEP records a tick, comes upon it.
 * A filing belongs to a pool slot: it survives the record's being freed and reused.
 * One thread owns a wheel. Time is in ticks (clock.h) and wraps.
 */
#ifndef WEIR_STORE_TIMER_WHEEL_H
#define WEIR_STORE_TIMER_WHEEL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/ref.h"
#include "base/seq.h"
#include "store/slot_pool.h"

#define TIMER_WHEEL_NEAR 128 /* slots of one tick; 1..128 */
#define TIMER_WHEEL_FAR 64   /* slots of 128 ticks; 129..192 */
#define TIMER_WHEEL_FAR_SHIFT 7
#define TIMER_WHEEL_SLOTS (TIMER_WHEEL_NEAR + TIMER_WHEEL_FAR)
#define TIMER_WHEEL_NAMES (TIMER_WHEEL_SLOTS + 1)
#define TIMER_WHEEL_LATE (TIMER_WHEEL_NAMES + 1) /* in the byte of a record that found no room */
#define TIMER_WHEEL_SWEEP 4096 /* some 25 us of reading, and a second for four million records */

struct timer_chain {
	uint32_t chunk; /* the first, or SLOT_NONE */
	uint32_t fill;  /* refs in that one; the others are full */
};

struct timer_wheel {
	uint32_t now;         /* every filing before or at this tick has come up */
	uint32_t filings;     /* stale ones included */
	uint64_t compactions; /* turns around the wheel that were made to clear out stale filings */
	uint64_t no_room;     /* times that a record found no room */
	/* Private. */
	struct slot_pool chunks; /* a cache line each: refs, and the next one's number */
	struct timer_chain slots[TIMER_WHEEL_SLOTS + 1]; /* by number, from 1 */
	uint64_t occupied[TIMER_WHEEL_SLOTS / 64];       /* bit slot - 1: it holds something */
	uint8_t names[TIMER_WHEEL_SLOTS + 1];  /* what a record that is filed in a slot has in its byte */
	uint8_t slot_of[TIMER_WHEEL_LATE + 1]; /* and back; 0: it is in none */
	uint32_t due[TIMER_WHEEL_NAMES + 1]; /* by name: the tick with which a slot that holds any comes up */
	uint8_t spare;                       /* the name that no slot has */
	unsigned clearing;                   /* the slot that is being cleared of stale filings, */
	struct timer_chain unchecked;        /* and its filings that may be stale */
	struct ref_pool pools[REF_KINDS];    /* field: offset of the filing byte in a record */
	uint32_t room, filed;                /* records that may be filed at once, and those that are */
	uint32_t late;                       /* records that wait for the sweep */
	uint32_t late_end[REF_KINDS];        /* no slot from this one on has ever done so */
	ref swept;                           /* the one that the sweep has come to, */
	uint32_t sweep_left;                 /* and how many it may look at in this tick */
};

/* records: how many may be filed at once, over all pools; more are late. */
void timer_wheel_init(struct timer_wheel *wheel, struct arena *arena, uint32_t records,
		      const struct ref_pool pools[REF_KINDS], uint32_t now);

/* The rarer half of timer_wheel_file(). filing: the record's byte. */
void timer_wheel_file_anew(struct timer_wheel *wheel, ref r, uint8_t *filing, uint32_t deadline);

/* The same as below, for who has the record at hand. filing: its byte. */
static inline void timer_wheel_file_at(struct timer_wheel *wheel, ref r, uint8_t *filing, uint32_t deadline)
{
	if (wheel->slot_of[*filing] == 0 || seq_lt(deadline, wheel->due[*filing]))
		timer_wheel_file_anew(wheel, r, filing, deadline);
}

/*
 * To be called after a deadline was set: makes sure that r comes up no later than at `deadline`,
 * or at the far end. Cheap when it is filed early enough already. A deadline in the past comes up
 * with the next tick.
 */
static inline void timer_wheel_file(struct timer_wheel *wheel, ref r, uint32_t deadline)
{
	uint8_t *filing = (uint8_t *)ref_record(wheel->pools, r) + wheel->pools[ref_kind(r)].field;

	timer_wheel_file_at(wheel, r, filing, deadline);
}

/*
 * Moves towards tick `now` and writes up to max refs whose filings came up, prefetching their records. Their
 * bytes are 0 now: the owner looks at the deadline and fires, files again or forgets. Less than max means
 * that `now` was reached, and the sweep's share of this tick; or that much of what was looked at was stale:
 * then wheel->now is still before `now`, and the next call goes on. Work is bounded by max in either case.
 */
unsigned timer_wheel_advance(struct timer_wheel *wheel, uint32_t now, ref *due, unsigned max);

/*
 * Ticks from wheel->now until the next slot that holds anything, or the next part of a sweep;
 * UINT32_MAX: never.
 */
uint32_t timer_wheel_next(const struct timer_wheel *wheel);

#endif
