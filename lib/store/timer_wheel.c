/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/timer_wheel.h"

#include <string.h>

#include "base/check.h"
#include "base/seq.h"

#define CHUNK_REFS 15

/* Filings that one call of advance looks at: for each that it may hand out, and besides. */
#define LOOKS_EACH 8
#define LOOKS_MIN 64

/* A cache line. The first chunk of a slot may be partly filled (wheel->fill), the others are full. */
struct timer_chunk {
	uint32_t next; /* SLOT_NONE: the last; also the free chunks' link */
	ref refs[CHUNK_REFS];
};

_Static_assert(sizeof(struct timer_chunk) == 64, "a chunk is a cache line");
_Static_assert(TIMER_WHEEL_NEAR == 128 && TIMER_WHEEL_FAR == 64,
	       "occupied[] has two words for near slots and one for far");
_Static_assert(TIMER_WHEEL_NEAR >= 1 << TIMER_WHEEL_FAR_SHIFT,
	       "a far slot that came up fits into the near ones");
_Static_assert(TIMER_WHEEL_SLOTS <= UINT8_MAX, "a filing is named by a byte");

/*
 * What a code means follows from the code and wheel->now alone, because a slot is empty when it comes
 * up and takes only what lies within one turn from then:
 *
 *     near code c, 1..128:    the tick in now + 1 .. now + 128 whose low 7 bits are c - 1
 *     far code c, 129..192:   the first tick of a block of 128, one of the 64 that start after now, by its number's low 6 bits
 *
 * While a tick is drained, now is the tick before it, so this holds also when draining stops halfway.
 */
#define FAR_FIRST (TIMER_WHEEL_NEAR + 1)
#define FAR_BLOCK (1u << TIMER_WHEEL_FAR_SHIFT)

static uint32_t ticks_to_next_block(uint32_t now)
{
	return (now | (FAR_BLOCK - 1)) + 1 - now;
}

static unsigned near_code(uint32_t tick)
{
	return 1 + tick % TIMER_WHEEL_NEAR;
}

static unsigned far_code(uint32_t tick)
{
	return FAR_FIRST + (tick >> TIMER_WHEEL_FAR_SHIFT) % TIMER_WHEEL_FAR;
}

/* The code for a filing that must come up within `ticks` >= 1. */
static unsigned code_for(uint32_t now, uint32_t ticks)
{
	uint32_t farthest = ticks_to_next_block(now) + (TIMER_WHEEL_FAR - 1) * FAR_BLOCK;

	if (ticks <= TIMER_WHEEL_NEAR)
		return near_code(now + ticks);
	return far_code(now + (ticks < farthest ? ticks : farthest));
}

/* In how many ticks a code comes up. */
static uint32_t ticks_to(uint32_t now, unsigned code)
{
	if (code < FAR_FIRST)
		return 1 + (code - 1 - (now + 1)) % TIMER_WHEEL_NEAR;
	uint32_t ticks = ticks_to_next_block(now);

	return ticks + (code - far_code(now + ticks)) % TIMER_WHEEL_FAR * FAR_BLOCK;
}

static uint8_t *filing_of(const struct timer_wheel *wheel, ref r)
{
	return (uint8_t *)ref_record(wheel->pools, r) + wheel->pools[ref_kind(r)].field;
}

void timer_wheel_init(struct timer_wheel *wheel, struct arena *arena, uint32_t records,
		      const struct ref_pool pools[REF_KINDS], uint32_t now)
{
	/* One partly filled chunk for each slot, besides those that are full. */
	uint64_t chunks = (2ull * records + CHUNK_REFS - 1) / CHUNK_REFS + TIMER_WHEEL_SLOTS;

	CHECK(chunks < SLOT_NONE);
	*wheel = (struct timer_wheel){ .now = now };
	slot_pool_init(&wheel->chunks, arena, (uint32_t)chunks, sizeof(struct timer_chunk));
	for (unsigned code = 0; code <= TIMER_WHEEL_SLOTS; code++)
		wheel->slots[code] = SLOT_NONE;
	for (unsigned kind = 0; kind < REF_KINDS; kind++)
		wheel->pools[kind] = pools[kind];
}

/* ------------------------------------------------------------------------------------------- *
 * Slots
 * ------------------------------------------------------------------------------------------- */

static struct timer_chunk *chunk_at(const struct timer_wheel *wheel, uint32_t chunk)
{
	return slot_pool_at(&wheel->chunks, chunk);
}

static uint64_t *occupied_word(struct timer_wheel *wheel, unsigned code)
{
	return &wheel->occupied[(code - 1) / 64];
}

static uint64_t occupied_bit(unsigned code)
{
	return 1ull << (code - 1) % 64;
}

/* False when a chunk is needed and none is free. */
static bool push(struct timer_wheel *wheel, unsigned code, ref r)
{
	if (wheel->slots[code] == SLOT_NONE || wheel->fill[code] == CHUNK_REFS) {
		uint32_t chunk = slot_pool_take(&wheel->chunks);

		if (chunk == SLOT_NONE)
			return false;
		chunk_at(wheel, chunk)->next = wheel->slots[code];
		wheel->slots[code] = chunk;
		wheel->fill[code] = 0;
		*occupied_word(wheel, code) |= occupied_bit(code);
	}
	chunk_at(wheel, wheel->slots[code])->refs[wheel->fill[code]++] = r;
	wheel->filings++;
	return true;
}

/* Takes up to max refs out of a slot, whatever their records say, and has their filing bytes fetched. */
static unsigned pop(struct timer_wheel *wheel, unsigned code, ref *refs, unsigned max)
{
	unsigned n = 0;

	while (n < max && wheel->slots[code] != SLOT_NONE) {
		uint32_t chunk = wheel->slots[code];
		struct timer_chunk *head = chunk_at(wheel, chunk);

		if (head->next != SLOT_NONE)
			__builtin_prefetch(chunk_at(wheel, head->next));
		while (n < max && wheel->fill[code] > 0) {
			refs[n] = head->refs[--wheel->fill[code]];
			__builtin_prefetch(filing_of(wheel, refs[n++]), 1);
		}
		if (wheel->fill[code] > 0)
			break;
		wheel->slots[code] = head->next;
		wheel->fill[code] = CHUNK_REFS;
		slot_pool_give(&wheel->chunks, chunk);
	}
	if (wheel->slots[code] == SLOT_NONE)
		*occupied_word(wheel, code) &= ~occupied_bit(code);
	wheel->filings -= n;
	return n;
}

/*
 * Keeps those of the refs that are filed under this code, each once, and clears their bytes: a
 * record that was filed elsewhere since names another slot, or none.
 */
static unsigned keep_current(const struct timer_wheel *wheel, unsigned code, ref *refs, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t *filing = filing_of(wheel, refs[i]);

		if (*filing != code)
			continue;
		*filing = 0;
		refs[kept++] = refs[i];
	}
	return kept;
}

/* ------------------------------------------------------------------------------------------- *
 * Clearing out
 * ------------------------------------------------------------------------------------------- */

/* The records of a full chunk, and the chunk behind it. */
static void prefetch_chunk(const struct timer_wheel *wheel, const struct timer_chunk *chunk)
{
	for (unsigned i = 0; i < CHUNK_REFS; i++)
		__builtin_prefetch(filing_of(wheel, chunk->refs[i]), 1);
	if (chunk->next != SLOT_NONE)
		__builtin_prefetch(chunk_at(wheel, chunk->next));
}

/* Rewrites a slot without its stale filings. Needs no free chunk: each that is refilled was emptied before. */
static void clear_slot(struct timer_wheel *wheel, unsigned code)
{
	uint32_t chunk = wheel->slots[code];
	unsigned n = wheel->fill[code];

	wheel->slots[code] = SLOT_NONE;
	while (chunk != SLOT_NONE) {
		ref refs[CHUNK_REFS];
		uint32_t next = chunk_at(wheel, chunk)->next;

		memcpy(refs, chunk_at(wheel, chunk)->refs, n * sizeof(refs[0]));
		slot_pool_give(&wheel->chunks, chunk);
		if (next != SLOT_NONE)
			prefetch_chunk(wheel, chunk_at(wheel, next));
		wheel->filings -= n;
		n = keep_current(wheel, code, refs, n);
		for (unsigned i = 0; i < n; i++)
			CHECK(push(wheel, code, refs[i]));
		chunk = next;
		n = CHUNK_REFS;
	}
	if (wheel->slots[code] == SLOT_NONE)
		*occupied_word(wheel, code) &= ~occupied_bit(code);
	/* The bytes were cleared so that a second filing of the same record would not be kept. */
	n = wheel->fill[code];
	for (chunk = wheel->slots[code]; chunk != SLOT_NONE; chunk = chunk_at(wheel, chunk)->next) {
		for (unsigned i = 0; i < n; i++)
			*filing_of(wheel, chunk_at(wheel, chunk)->refs[i]) = (uint8_t)code;
		n = CHUNK_REFS;
	}
}

/*
 * Frees a chunk at least, from where it left off the last time. Once around, what is left is one
 * filing for each record at most, which takes half the chunks that there are for full ones.
 */
static void clear_out(struct timer_wheel *wheel)
{
	for (unsigned i = 0; i < TIMER_WHEEL_SLOTS; i++) {
		wheel->clear_next = wheel->clear_next % TIMER_WHEEL_SLOTS + 1;
		clear_slot(wheel, wheel->clear_next);
		if (slot_pool_free(&wheel->chunks) > 0)
			break;
	}
	wheel->compactions++;
}

/* ------------------------------------------------------------------------------------------- *
 * Filing and coming up
 * ------------------------------------------------------------------------------------------- */

void timer_wheel_file(struct timer_wheel *wheel, ref r, uint32_t deadline)
{
	int32_t ahead = seq_diff(deadline, wheel->now);
	uint32_t ticks = ahead > 0 ? (uint32_t)ahead : 1;
	uint8_t *filing = filing_of(wheel, r);
	unsigned code;

	if (*filing != 0 && ticks_to(wheel->now, *filing) <= ticks)
		return;
	code = code_for(wheel->now, ticks);
	if (!push(wheel, code, r)) {
		clear_out(wheel);
		CHECK(push(wheel, code, r));
	}
	*filing = (uint8_t)code;
}

/* What one call of advance hands out, and how many filings it may still look at: stale ones are work too. */
struct batch {
	ref *due;
	unsigned n, max, looks;
};

/* Hands out what is filed under a code. True when the slot is empty. */
static bool drain(struct timer_wheel *wheel, unsigned code, struct batch *batch)
{
	while (batch->n < batch->max && batch->looks > 0 && wheel->slots[code] != SLOT_NONE) {
		unsigned room = batch->max - batch->n;
		ref *due = batch->due + batch->n;
		unsigned got = pop(wheel, code, due, room < batch->looks ? room : batch->looks);

		batch->looks -= got;
		batch->n += keep_current(wheel, code, due, got);
	}
	return wheel->slots[code] == SLOT_NONE;
}

unsigned timer_wheel_advance(struct timer_wheel *wheel, uint32_t now, ref *due, unsigned max)
{
	struct batch batch = { .due = due, .max = max, .looks = LOOKS_MIN + LOOKS_EACH * max };

	while (seq_lt(wheel->now, now)) {
		uint32_t ticks = timer_wheel_next(wheel), tick;

		if (ticks > now - wheel->now) {
			wheel->now = now;
			break;
		}
		tick = wheel->now + ticks;
		wheel->now = tick - 1;
		if (!drain(wheel, near_code(tick), &batch))
			break;
		if (tick % FAR_BLOCK == 0 && !drain(wheel, far_code(tick), &batch))
			break;
		wheel->now = tick;
	}
	return batch.n;
}

/* Steps from position `from` to the first bit that is set, around a ring of 128; some bit is. */
static uint32_t steps_near(const uint64_t words[2], unsigned from)
{
	unsigned word = from / 64, bit = from % 64;

	if (words[word] >> bit != 0)
		return (uint32_t)__builtin_ctzll(words[word] >> bit);
	if (words[word ^ 1] != 0)
		return 64 - bit + (uint32_t)__builtin_ctzll(words[word ^ 1]);
	return 128 - bit + (uint32_t)__builtin_ctzll(words[word]);
}

/* The same around a ring of 64. */
static uint32_t steps_far(uint64_t word, unsigned from)
{
	return (uint32_t)__builtin_ctzll(word >> from | word << (64 - from) % 64);
}

uint32_t timer_wheel_next(const struct timer_wheel *wheel)
{
	uint32_t near = UINT32_MAX, far = UINT32_MAX;

	if ((wheel->occupied[0] | wheel->occupied[1]) != 0)
		near = 1 + steps_near(wheel->occupied, near_code(wheel->now + 1) - 1);
	if (wheel->occupied[2] != 0) {
		far = ticks_to_next_block(wheel->now);
		far += steps_far(wheel->occupied[2], far_code(wheel->now + far) - FAR_FIRST) * FAR_BLOCK;
	}
	return near < far ? near : far;
}
