/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/timer_wheel.h"

#include <criterion/criterion.h>

#include "base/rng.h"
#include "base/seq.h"
#include "support/test_arena.h"

/*
 * An owner of timers as tcp/ is one: records in two pools, each with a deadline that may be armed, and
 * a byte that is the wheel's. What comes up is fired if its time has come, else filed again or
 * forgotten. The model is the deadlines themselves: all are looked at after each advance.
 */
struct record {
	uint32_t deadline;
	bool armed;
	uint8_t filing;
	uint32_t fired_at, fired;
};

struct owner {
	struct timer_wheel wheel;
	struct arena arena;
	struct ref_pool pools[REF_KINDS];
	struct record *records; /* the first half HOT, the others HALF_OPEN */
	uint32_t count;
	uint32_t now;
	uint64_t come_up, armings;
};

/* With room for so many of its records to be filed at once. */
static struct owner owner_with_room(uint32_t count, uint32_t room, uint32_t now)
{
	struct owner o = { .count = count, .now = now, .records = calloc(count, sizeof(*o.records)) };
	struct ref_pool pool = { .base = o.records,
				 .stride = sizeof(struct record),
				 .field = offsetof(struct record, filing) };
	struct arena counted = { 0 };

	o.pools[REF_HOT] = pool;
	pool.base = o.records + count / 2;
	o.pools[REF_HALF_OPEN] = pool;
	timer_wheel_init(&o.wheel, &counted, room, o.pools, now);
	o.arena = test_arena_for(&counted);
	timer_wheel_init(&o.wheel, &o.arena, room, o.pools, now);
	return o;
}

static struct owner owner_new(uint32_t count, uint32_t now)
{
	return owner_with_room(count, count, now);
}

static void owner_free(struct owner *o)
{
	free(o->records);
	free(o->arena.base);
}

static ref ref_of(const struct owner *o, uint32_t i)
{
	return i < o->count / 2 ? ref_make(REF_HOT, i) : ref_make(REF_HALF_OPEN, i - o->count / 2);
}

static void arm(struct owner *o, uint32_t i, uint32_t deadline)
{
	o->records[i].deadline = deadline;
	o->records[i].armed = true;
	o->armings++;
	timer_wheel_file(&o->wheel, ref_of(o, i), deadline);
}

/* Moves time to `now`, `max` at a time, and checks that whatever was due has fired, and at `now`. */
static void advance(struct owner *o, uint32_t now, unsigned max)
{
	ref due[64];
	unsigned n;

	o->now = now;
	do {
		n = timer_wheel_advance(&o->wheel, now, due, max);
		cr_assert_leq(n, max);
		for (unsigned i = 0; i < n; i++) {
			struct record *record = ref_record(o->pools, due[i]);

			o->come_up++;
			cr_assert_eq(record->filing, 0);
			if (!record->armed)
				continue;
			if (seq_le(record->deadline, now)) {
				record->armed = false;
				record->fired_at = now;
				record->fired++;
			} else {
				timer_wheel_file(&o->wheel, due[i], record->deadline);
			}
		}
	} while (n == max || o->wheel.now != now);
}

static void check_none_late(const struct owner *o, uint64_t seed)
{
	for (uint32_t i = 0; i < o->count; i++)
		cr_assert(!o->records[i].armed || seq_gt(o->records[i].deadline, o->wheel.now),
			  "record %u is late by %d ticks, seed %lu", i,
			  seq_diff(o->wheel.now, o->records[i].deadline), seed);
}

/* The bits that timer_wheel_next() reads are those of the slots that hold anything. */
static void check_occupied(const struct timer_wheel *wheel)
{
	for (unsigned slot = 1; slot <= TIMER_WHEEL_SLOTS; slot++) {
		bool marked = wheel->occupied[(slot - 1) / 64] >> (slot - 1) % 64 & 1;
		bool holds = wheel->slots[slot].chunk != SLOT_NONE;

		if (wheel->clearing == slot && wheel->unchecked.chunk != SLOT_NONE)
			holds = true;
		cr_assert_eq(marked, holds, "slot %u", slot);
	}
}

/* To the tick, wherever the wheel stands when it is armed: each distance from each phase of a block. */
Test(timer_wheel, fires_on_its_tick)
{
	for (uint32_t phase = 0; phase < 128; phase += 9) {
		for (uint32_t ticks = 1; ticks < 600; ticks++) {
			struct owner o = owner_new(2, phase);

			arm(&o, 0, phase + ticks);
			for (uint32_t t = 1; t < ticks; t++)
				advance(&o, phase + t, 4);
			cr_assert_eq(o.records[0].fired, 0, "phase %u, %u ticks: early", phase, ticks);
			advance(&o, phase + ticks, 4);
			cr_assert_eq(o.records[0].fired, 1, "phase %u, %u ticks: late", phase, ticks);
			owner_free(&o);
		}
	}
}

Test(timer_wheel, beyond_the_far_end_and_across_the_wrap)
{
	const uint32_t starts[] = {
		0, 8191, UINT32_MAX - 100000, UINT32_MAX - 127, UINT32_MAX, 0x7fffffff - 5000
	};
	const uint32_t distances[] = { 8000, 8191, 8192, 8193, 8319, 8320, 8321, 20000, 180000 };

	for (unsigned s = 0; s < 6; s++) {
		for (unsigned d = 0; d < 9; d++) {
			struct owner o = owner_new(2, starts[s]);
			uint32_t deadline = starts[s] + distances[d];

			arm(&o, 1, deadline);
			for (uint32_t t = starts[s] + 100; seq_lt(t, deadline); t += 100)
				advance(&o, t, 1);
			advance(&o, deadline - 1, 1);
			cr_assert_eq(o.records[1].fired, 0);
			advance(&o, deadline, 1);
			cr_assert_eq(o.records[1].fired, 1);
			cr_assert_lt(o.come_up, 3 + distances[d] / 8000,
				     "filed again more often than needed");
			owner_free(&o);
		}
	}
}

Test(timer_wheel, a_deadline_in_the_past_comes_up_with_the_next_tick)
{
	struct owner o = owner_new(4, 1000);

	arm(&o, 0, 1000);
	arm(&o, 1, 3);
	arm(&o, 1, 2);
	cr_assert_eq(o.wheel.filings, 2, "it is filed for the next tick already");
	cr_assert_eq(timer_wheel_next(&o.wheel), 1);
	advance(&o, 1000, 8);
	cr_assert_eq(o.records[0].fired + o.records[1].fired, 0, "time did not move");
	advance(&o, 1001, 8);
	cr_assert_eq(o.records[0].fired + o.records[1].fired, 2);
	owner_free(&o);
}

/* Arming later, again and again, or disarming, is a store and no filing. */
Test(timer_wheel, later_costs_no_filing)
{
	struct owner o = owner_new(2, 0);

	arm(&o, 0, 190);
	for (uint32_t t = 1; t < 100; t++) {
		advance(&o, t, 8);
		arm(&o, 0, t + 190);
	}
	cr_assert_eq(o.wheel.filings, 1);
	o.records[0].armed = false;
	advance(&o, 1000, 8);
	cr_assert_eq(o.wheel.filings, 0);
	cr_assert_eq(o.records[0].fired, 0);
	owner_free(&o);
}

/* Arming earlier files again; the older filing is skipped, wherever it stands. */
Test(timer_wheel, earlier_files_again_and_comes_up_once)
{
	struct owner o = owner_new(2, 50);

	arm(&o, 0, 50 + 3000);
	arm(&o, 0, 50 + 120);
	arm(&o, 0, 50 + 40);
	arm(&o, 0, 50 + 40);
	cr_assert_eq(o.wheel.filings, 3);
	advance(&o, 90, 8);
	cr_assert_eq(o.records[0].fired, 1);
	advance(&o, 9000, 8);
	cr_assert_eq(o.come_up, 1);
	cr_assert_eq(o.wheel.filings, 0);
	owner_free(&o);
}

/* A filing in a slot where a stale one of the same record still stands: handed out once. */
Test(timer_wheel, twice_in_one_slot_comes_up_once)
{
	struct owner o = owner_new(2, 0);

	arm(&o, 0, 100);
	arm(&o, 0, 10);
	advance(&o, 10, 8);
	arm(&o, 0, 100);
	cr_assert_eq(o.wheel.filings, 2);
	advance(&o, 100, 8);
	cr_assert_eq(o.come_up, 2);
	cr_assert_eq(o.records[0].fired, 2);
	owner_free(&o);
}

Test(timer_wheel, next_tells_the_first_slot_in_use)
{
	struct owner o = owner_new(8, 77);

	cr_assert_eq(timer_wheel_next(&o.wheel), UINT32_MAX);
	arm(&o, 0, 77 + 5000);
	uint32_t far = timer_wheel_next(&o.wheel);
	cr_assert(far <= 5000 && far > 5000 - 128, "%u", far);
	for (uint32_t ticks = 128; ticks > 0; ticks--) {
		arm(&o, 1, 77 + ticks);
		cr_assert_eq(timer_wheel_next(&o.wheel), ticks);
	}
	advance(&o, 77 + 128, 8);
	cr_assert_eq(timer_wheel_next(&o.wheel), far - 128, "stale filings of record 1 are gone");
	owner_free(&o);
}

/*
 * A far slot comes up with the first tick of its block, whichever of the 64 it is and wherever the wheel
 * stands.
 */
Test(timer_wheel, next_around_the_far_slots)
{
	for (uint32_t now = 0; now < 2 * 8192; now += 61) {
		struct owner o = owner_new(2, now);

		for (uint32_t deadline = now + 8100; seq_gt(deadline, now + 128); deadline -= 97) {
			arm(&o, 0, deadline);
			cr_assert_eq(timer_wheel_next(&o.wheel), (deadline & ~127u) - now, "%u from %u",
				     deadline, now);
		}
		owner_free(&o);
	}
}

/* Ten thousand in one tick, taken a few at a time: each once, and later ticks wait for it. */
Test(timer_wheel, resumes_where_it_left_off)
{
	enum {
		COUNT = 10000
	};
	struct owner o = owner_new(COUNT, 126);
	ref due[7];
	unsigned n, calls = 0;

	for (uint32_t i = 0; i < COUNT; i++)
		arm(&o, i, i % 2 ? 300 : 128);
	while ((n = timer_wheel_advance(&o.wheel, 128, due, 7)) == 7) {
		calls++;
		for (unsigned i = 0; i < n; i++)
			((struct record *)ref_record(o.pools, due[i]))->fired++;
	}
	for (unsigned i = 0; i < n; i++)
		((struct record *)ref_record(o.pools, due[i]))->fired++;
	cr_assert_eq(calls, COUNT / 2 / 7);
	cr_assert_eq(o.wheel.now, 128);
	for (uint32_t i = 0; i < COUNT; i++)
		cr_assert_eq(o.records[i].fired, i % 2 == 0, "record %u", i);
	owner_free(&o);
}

/* A slot of stale filings alone must not hold up a call for long: it goes on with the next. */
Test(timer_wheel, bounded_work_on_stale_filings)
{
	enum {
		COUNT = 5000
	};
	struct owner o = owner_new(COUNT, 0);
	ref due[4];
	unsigned calls = 0;

	for (uint32_t i = 0; i < COUNT; i++)
		arm(&o, i, 100);
	for (uint32_t i = 0; i < COUNT; i++)
		arm(&o, i, 10);
	advance(&o, 10, 64);
	while (o.wheel.now != 100) {
		uint32_t before = o.wheel.filings;

		cr_assert_eq(timer_wheel_advance(&o.wheel, 100, due, 4), 0);
		cr_assert_leq(before - o.wheel.filings, 200);
		calls++;
	}
	cr_assert_geq(calls, COUNT / 200);
	owner_free(&o);
}

/* After an idle hour the first advance is as cheap as any: what was filed comes up early or on time. */
Test(timer_wheel, big_jumps)
{
	struct owner o = owner_new(40, UINT32_MAX - 50000);

	for (uint32_t jump = 1; jump < 100000000; jump = jump * 3 + 1) {
		for (uint32_t i = 0; i < 40; i++)
			arm(&o, i, o.now + 1 + i * 400);
		advance(&o, o.now + jump, 3);
		check_none_late(&o, jump);
	}
	owner_free(&o);
}

/*
 * Many records re-armed to every slot in turn, downwards: ten times more filings than there are chunks
 * for. Stale ones are cleared out a few chunks at a time, never all at once.
 */
Test(timer_wheel, clears_out_stale_filings_bit_by_bit)
{
	enum {
		COUNT = 2000
	};
	struct owner o = owner_new(COUNT, 1234);
	uint64_t before = 0;

	for (uint32_t ticks = 8100; ticks > 40; ticks -= 20) {
		for (uint32_t i = 0; i < COUNT; i++) {
			arm(&o, i, o.now + ticks + i % 20);
			cr_assert_leq(before, o.wheel.filings + 8 * 15, "one call cleared out too much");
			before = o.wheel.filings;
		}
		check_occupied(&o.wheel);
	}
	cr_assert_gt(o.wheel.compactions, 3);
	cr_assert_gt(slot_pool_free(&o.wheel.chunks), 0);
	for (uint32_t t = 1; t <= 80; t++) {
		advance(&o, 1234 + t, 5);
		check_none_late(&o, 0);
	}
	for (uint32_t i = 0; i < COUNT; i++)
		cr_assert_eq(o.records[i].fired_at, 1234 + 60 + i % 20);
	owner_free(&o);
}

/*
 * Filed in one far slot again and again, with something short in between: kept there once when it is
 * cleared.
 */
Test(timer_wheel, clears_out_second_filings_in_one_slot)
{
	enum {
		AGAIN = 10,
		COUNT = 2000
	};
	struct owner o = owner_new(COUNT, 0);

	for (uint32_t t = 1; t <= 30; t++) {
		for (uint32_t i = 0; i < AGAIN; i++)
			arm(&o, i, 8000);
		for (uint32_t i = 0; i < AGAIN; i++)
			arm(&o, i, t);
		advance(&o, t, 16);
	}
	for (uint32_t i = 0; i < AGAIN; i++)
		arm(&o, i, 8000);
	cr_assert_eq(o.wheel.filings, AGAIN * 31);
	for (uint32_t ticks = 7800; ticks > 0; ticks -= 20)
		for (uint32_t i = AGAIN; i < COUNT; i++)
			arm(&o, i, o.now + ticks);
	cr_assert_gt(o.wheel.compactions, 2);
	advance(&o, 7900, 16);
	cr_assert_eq(o.wheel.filings, AGAIN);
	advance(&o, 8000, 16);
	for (uint32_t i = 0; i < COUNT; i++)
		cr_assert_eq(o.records[i].fired, i < AGAIN ? 31 : 1);
	owner_free(&o);
}

static uint32_t random_distance(struct rng *rng)
{
	switch (rng_below(rng, 5)) {
	case 0:
		return rng_below(rng, 130);
	case 1:
		return rng_below(rng, 400);
	case 2:
		return rng_below(rng, 9000);
	case 3:
		return rng_below(rng, 100000);
	default:
		return 30 + rng_below(rng, 20);
	}
}

static uint32_t random_jump(struct rng *rng)
{
	uint32_t dice = rng_below(rng, 1000);

	if (dice < 800)
		return rng_below(rng, 3);
	return rng_below(rng, dice < 990 ? 100 : dice < 998 ? 9000 : 1000000);
}

/*
 * Arming, re-arming, disarming, freeing and reusing at random, while time moves; `busy` changes between
 * two moves.
 */
static void random_run(uint64_t seed, uint32_t count, uint32_t moves, uint32_t busy)
{
	struct rng rng = { seed };
	struct owner o = owner_new(count, (uint32_t)rng_u64(&rng));
	uint64_t filed_max = (2ull * count / 15 + 1 + TIMER_WHEEL_SLOTS) * 15;

	for (uint32_t move = 0; move < moves; move++) {
		for (uint32_t n = rng_below(&rng, busy); n > 0; n--) {
			uint32_t i = rng_below(&rng, count);
			struct record *record = &o.records[i];

			if (rng_below(&rng, 8) == 0) {
				record->armed = false;
			} else if (rng_below(&rng, 8) == 0) {
				/* Freed and reused: everything changes but the byte. */
				uint8_t filing = record->filing;

				memset(record, 0, sizeof(*record));
				record->filing = filing;
			} else {
				arm(&o, i, o.now + 1 + random_distance(&rng));
			}
		}
		cr_assert_leq(o.wheel.filings, filed_max);
		uint32_t next = timer_wheel_next(&o.wheel), jump = random_jump(&rng);
		uint64_t come_up = o.come_up;

		check_occupied(&o.wheel);
		advance(&o, o.now + jump, 1 + rng_below(&rng, 20));
		check_none_late(&o, seed);
		cr_assert(come_up == o.come_up || next <= jump, "came up before timer_wheel_next() said");
	}
	for (uint32_t i = 0; i < count; i++)
		o.records[i].armed = false;
	advance(&o, o.now + 10000, 64);
	cr_assert_eq(o.wheel.filings, 0);
	cr_assert_eq(timer_wheel_next(&o.wheel), UINT32_MAX);
	cr_assert_eq(slot_pool_free(&o.wheel.chunks), o.wheel.chunks.capacity, "every chunk is back");
	owner_free(&o);
}

Test(timer_wheel, random_against_the_deadlines)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		random_run(seed, 50 + 30 * (uint32_t)seed, 1500, 60);
}

/* Two records and no more: what is rare with many happens often. */
Test(timer_wheel, random_with_few_records)
{
	for (uint64_t seed = 1; seed <= 100; seed++)
		random_run(seed, 2, 500, 6);
}

/* Much re-arming between two ticks, so that chunks run out all the time. */
Test(timer_wheel, random_with_stale_filings_cleared_out)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		random_run(seed, 30, 120, 20000);
}

/* How many have not fired. */
static uint32_t armed(const struct owner *o)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->count; i++)
		n += o->records[i].armed;
	return n;
}

/*
 * A tenth of the records are on time, and the sweep, which takes three ticks for all, comes upon the others.
 */
Test(timer_wheel, beyond_its_room_timers_are_late_and_none_is_lost)
{
	const uint32_t count = 3 * TIMER_WHEEL_SWEEP, room = count / 10, start = UINT32_MAX - 50;
	struct owner o = owner_with_room(count, room, start);

	for (uint32_t i = 0; i < count; i++)
		arm(&o, i, start + 100);
	cr_assert_eq(o.wheel.filed, room);
	cr_assert_eq(o.wheel.no_room, count - room);
	cr_assert_eq(timer_wheel_next(&o.wheel), 1, "the sweep goes on");
	for (uint32_t t = 1; t < 100; t++)
		advance(&o, start + t, 64);
	cr_assert_eq(armed(&o), count, "none is early");
	for (uint32_t t = 100; t < 104; t++)
		advance(&o, start + t, 64);
	cr_assert_eq(armed(&o), 0, "none is later than a sweep takes");
	cr_assert_eq(o.wheel.filed, 0);
	cr_assert_eq(o.wheel.late, 0);
	cr_assert_eq(timer_wheel_next(&o.wheel), UINT32_MAX);
	arm(&o, count - 1, start + 200);
	advance(&o, start + 200, 64);
	cr_assert_eq(o.records[count - 1].fired_at, start + 200, "there is room again");
	owner_free(&o);
}

/* One that is late and armed anew finds the room that there is by now; of another pool, and alone. */
Test(timer_wheel, a_late_record_takes_room_that_became_free)
{
	struct owner o = owner_with_room(4, 1, 0);

	arm(&o, 0, 10);
	arm(&o, 3, 5000);
	cr_assert_eq(o.records[3].filing, TIMER_WHEEL_LATE);
	arm(&o, 3, 4000);
	cr_assert_eq(o.wheel.late, 1, "it is late once");
	cr_assert_eq(o.wheel.no_room, 1);
	o.records[0].armed = false;
	for (uint32_t t = 1; t <= 10; t++)
		advance(&o, t, 4);
	arm(&o, 3, 20);
	cr_assert_eq(o.wheel.late, 0);
	cr_assert_eq(o.wheel.filed, 1);
	advance(&o, 20, 4);
	cr_assert_eq(o.records[3].fired_at, 20);
	owner_free(&o);
}
