/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/timer_wheel.h"

#include <string.h>

#include "base/check.h"
#include "base/seq.h"

#define CHUNK_REFS 15

/* Filings that one call of advance looks at: for each that it may hand out, and besides. */
#define LOOKS_EACH 8
#define LOOKS_MIN 64

/*
 * Clearing out starts when less than a quarter of the chunks is free, and looks at CLEAR_CHUNKS chunks
 * for each that is taken. So it has been once around the wheel by the time that an eighth of them was
 * taken; what it leaves behind is a filing for each record, half of the chunks, and those of the
 * meantime: it cannot fall behind.
 */
#define CLEAR_BELOW 4
#define CLEAR_CHUNKS 8

/* A cache line. The first chunk of a chain may be partly filled, the others are full. */
struct timer_chunk {
	uint32_t next; /* SLOT_NONE: the last; also the free chunks' link */
	ref refs[CHUNK_REFS];
};

_Static_assert(sizeof(struct timer_chunk) == 64, "a chunk is a cache line");
_Static_assert(TIMER_WHEEL_NEAR == 128 && TIMER_WHEEL_FAR == 64,
	       "occupied[]: two words for near, one for far");
_Static_assert(TIMER_WHEEL_NEAR >= 1 << TIMER_WHEEL_FAR_SHIFT, "a far slot that came up fits into the near");
_Static_assert(TIMER_WHEEL_LATE <= UINT8_MAX, "a filing is named by a byte");

/*
 * What a slot means follows from its number and wheel->now alone, because a slot is empty when it has
 * come up and takes only what lies within one turn from then:
 *
 *     near slot s, 1..128:    the tick in now + 1 .. now + 128 whose low 7 bits are s - 1
 *     far slot s, 129..192:   the first tick of a block of 128, of the 64 blocks that start after now
 *                             the one whose number has the low 6 bits s - 129
 *
 * While a tick is drained, now is the tick before it, so this holds also when draining stops halfway.
 */
#define FAR_FIRST (TIMER_WHEEL_NEAR + 1)
#define FAR_BLOCK (1u << TIMER_WHEEL_FAR_SHIFT)

static uint32_t ticks_to_next_block(uint32_t now)
{
	return (now | (FAR_BLOCK - 1)) + 1 - now;
}

static unsigned near_slot(uint32_t tick)
{
	return 1 + tick % TIMER_WHEEL_NEAR;
}

static unsigned far_slot(uint32_t tick)
{
	return FAR_FIRST + (tick >> TIMER_WHEEL_FAR_SHIFT) % TIMER_WHEEL_FAR;
}

/* The slot for a filing that must come up within `ticks` >= 1. */
static unsigned slot_for(uint32_t now, uint32_t ticks)
{
	uint32_t farthest = ticks_to_next_block(now) + (TIMER_WHEEL_FAR - 1) * FAR_BLOCK;

	if (ticks <= TIMER_WHEEL_NEAR)
		return near_slot(now + ticks);
	return far_slot(now + (ticks < farthest ? ticks : farthest));
}

/* In how many ticks a slot comes up. */
static uint32_t ticks_to(uint32_t now, unsigned slot)
{
	if (slot < FAR_FIRST)
		return 1 + (slot - 1 - (now + 1)) % TIMER_WHEEL_NEAR;
	uint32_t ticks = ticks_to_next_block(now);

	return ticks + (slot - far_slot(now + ticks)) % TIMER_WHEEL_FAR * FAR_BLOCK;
}

static uint8_t *filing_of(const struct timer_wheel *wheel, ref r)
{
	return (uint8_t *)ref_record(wheel->pools, r) + wheel->pools[ref_kind(r)].field;
}

void timer_wheel_init(struct timer_wheel *wheel, struct arena *arena, uint32_t records,
		      const struct ref_pool pools[REF_KINDS], uint32_t now)
{
	/*
	 * One partly filled chunk for each slot, and two for the one that is cleared, besides those that
	 * are full.
	 */
	uint64_t chunks = (2ull * records + CHUNK_REFS - 1) / CHUNK_REFS + TIMER_WHEEL_SLOTS + 1;

	CHECK(chunks < SLOT_NONE);
	*wheel = (struct timer_wheel){
		.now = now,
		.unchecked.chunk = SLOT_NONE,
		.clearing = TIMER_WHEEL_SLOTS,
		.spare = TIMER_WHEEL_NAMES,
		.room = records,
		.swept = ref_make(REF_HOT, 0),
	};
	slot_pool_init(&wheel->chunks, arena, (uint32_t)chunks, sizeof(struct timer_chunk));
	for (unsigned slot = 0; slot <= TIMER_WHEEL_SLOTS; slot++) {
		wheel->slots[slot].chunk = SLOT_NONE;
		wheel->names[slot] = (uint8_t)slot;
		wheel->slot_of[slot] = (uint8_t)slot;
	}
	for (unsigned kind = 0; kind < REF_KINDS; kind++)
		wheel->pools[kind] = pools[kind];
}

/* ------------------------------------------------------------------------------------------- *
 * Chains and slots
 * ------------------------------------------------------------------------------------------- */

static struct timer_chunk *chunk_at(const struct timer_wheel *wheel, uint32_t chunk)
{
	return slot_pool_at(&wheel->chunks, chunk);
}

static bool needs_chunk(const struct timer_chain *chain)
{
	return chain->chunk == SLOT_NONE || chain->fill == CHUNK_REFS;
}

/* Needs a free chunk if needs_chunk(). */
static void push(struct timer_wheel *wheel, unsigned slot, ref r)
{
	struct timer_chain *chain = &wheel->slots[slot];

	if (needs_chunk(chain)) {
		uint32_t chunk = slot_pool_take(&wheel->chunks);

		CHECK(chunk != SLOT_NONE);
		chunk_at(wheel, chunk)->next = chain->chunk;
		*chain = (struct timer_chain){ .chunk = chunk };
		wheel->occupied[(slot - 1) / 64] |= 1ull << (slot - 1) % 64;
	}
	chunk_at(wheel, chain->chunk)->refs[chain->fill++] = r;
	wheel->filings++;
}

/* Takes up to max refs off a chain, whatever their records say, and has their filing bytes fetched. */
static unsigned pop(struct timer_wheel *wheel, struct timer_chain *chain, ref *refs, unsigned max)
{
	unsigned n = 0;

	while (n < max && chain->chunk != SLOT_NONE) {
		uint32_t chunk = chain->chunk;
		struct timer_chunk *first = chunk_at(wheel, chunk);

		if (first->next != SLOT_NONE)
			__builtin_prefetch(chunk_at(wheel, first->next));
		while (n < max && chain->fill > 0) {
			refs[n] = first->refs[--chain->fill];
			__builtin_prefetch(filing_of(wheel, refs[n++]), 1);
		}
		if (chain->fill > 0)
			break;
		*chain = (struct timer_chain){ .chunk = first->next, .fill = CHUNK_REFS };
		slot_pool_give(&wheel->chunks, chunk);
	}
	wheel->filings -= n;
	return n;
}

/* The chain to take a slot's filings from, or NULL when it has none; then it is marked so. */
static struct timer_chain *chain_of(struct timer_wheel *wheel, unsigned slot)
{
	if (wheel->slots[slot].chunk != SLOT_NONE)
		return &wheel->slots[slot];
	if (wheel->clearing == slot && wheel->unchecked.chunk != SLOT_NONE)
		return &wheel->unchecked;
	wheel->occupied[(slot - 1) / 64] &= ~(1ull << (slot - 1) % 64);
	return NULL;
}

/* ------------------------------------------------------------------------------------------- *
 * Clearing out
 *
 * One slot after the other gets the spare name, and its filings become unchecked. Those whose records still
 * bear the old name are filed once more, under the new one; all others are stale, or second
 * filings of one that was kept. When none is unchecked, no record bears the old name, and that is the spare
 * one. The slot is in use all the while: slot_of[] knows it by either name.
 * ------------------------------------------------------------------------------------------- */

static void clear_next_slot(struct timer_wheel *wheel)
{
	unsigned slot = wheel->clearing % TIMER_WHEEL_SLOTS + 1;
	uint8_t name = wheel->names[slot];

	wheel->clearing = slot;
	wheel->unchecked = wheel->slots[slot];
	wheel->slots[slot].chunk = SLOT_NONE;
	wheel->names[slot] = wheel->spare;
	wheel->slot_of[wheel->spare] = (uint8_t)slot;
	wheel->due[wheel->spare] = wheel->due[name];
	wheel->spare = name;
	wheel->compactions += slot == TIMER_WHEEL_SLOTS;
}

/* The records of a full chunk, and the chunk behind it. */
static void prefetch_chunk(const struct timer_wheel *wheel, const struct timer_chunk *chunk)
{
	for (unsigned i = 0; i < CHUNK_REFS; i++)
		__builtin_prefetch(filing_of(wheel, chunk->refs[i]), 1);
	if (chunk->next != SLOT_NONE)
		__builtin_prefetch(chunk_at(wheel, chunk->next));
}

/* Checks one chunk. The chunk that filing again may need is the one that was just given back. */
static void clear_chunk(struct timer_wheel *wheel)
{
	uint8_t old_name = wheel->spare, name = wheel->names[wheel->clearing];
	uint32_t chunk = wheel->unchecked.chunk, next = chunk_at(wheel, chunk)->next;
	unsigned n = wheel->unchecked.fill;
	ref refs[CHUNK_REFS];

	memcpy(refs, chunk_at(wheel, chunk)->refs, n * sizeof(refs[0]));
	wheel->unchecked = (struct timer_chain){ .chunk = next, .fill = CHUNK_REFS };
	wheel->filings -= n;
	slot_pool_give(&wheel->chunks, chunk);
	if (next != SLOT_NONE)
		prefetch_chunk(wheel, chunk_at(wheel, next));
	for (unsigned i = 0; i < n; i++) {
		uint8_t *filing = filing_of(wheel, refs[i]);

		if (*filing != old_name)
			continue;
		*filing = name;
		push(wheel, wheel->clearing, refs[i]);
	}
	chain_of(wheel, wheel->clearing);
}

/* Before a chunk is taken. */
static void make_room(struct timer_wheel *wheel)
{
	uint32_t capacity = wheel->chunks.capacity;
	uint32_t steps = slot_pool_free(&wheel->chunks) < capacity / CLEAR_BELOW ? CLEAR_CHUNKS : 0;

	for (uint32_t i = 0; i < steps || slot_pool_free(&wheel->chunks) == 0; i++) {
		CHECK(i < 4 * capacity);
		if (wheel->unchecked.chunk == SLOT_NONE)
			clear_next_slot(wheel);
		if (wheel->unchecked.chunk != SLOT_NONE)
			clear_chunk(wheel);
	}
}

/* ------------------------------------------------------------------------------------------- *
 * Filing and coming up
 * ------------------------------------------------------------------------------------------- */

/* Room for the first current filing of a record; otherwise it is left to the sweep. */
static bool claim_room(struct timer_wheel *wheel, ref r, uint8_t *filing)
{
	bool is_late = *filing == TIMER_WHEEL_LATE;
	uint32_t *end = &wheel->late_end[ref_kind(r)];

	if (wheel->filed < wheel->room) {
		wheel->filed++;
		wheel->late -= is_late;
		return true;
	}
	if (!is_late) {
		*filing = TIMER_WHEEL_LATE;
		wheel->late++;
		wheel->no_room++;
		*end = ref_slot(r) < *end ? *end : ref_slot(r) + 1;
	}
	return false;
}

void timer_wheel_file_anew(struct timer_wheel *wheel, ref r, uint8_t *filing, uint32_t deadline)
{
	int32_t ahead = seq_diff(deadline, wheel->now);
	uint32_t ticks = ahead > 0 ? (uint32_t)ahead : 1;
	unsigned slot = wheel->slot_of[*filing];

	/* In it already, and the deadline lies in the past. */
	if (slot != 0 ? wheel->due[*filing] - wheel->now <= ticks : !claim_room(wheel, r, filing))
		return;
	slot = slot_for(wheel->now, ticks);
	if (needs_chunk(&wheel->slots[slot]))
		make_room(wheel);
	push(wheel, slot, r);
	*filing = wheel->names[slot];
	wheel->due[*filing] = wheel->now + ticks_to(wheel->now, slot);
}

/*
 * Keeps those of the refs that are filed in this slot, each once, and clears their bytes: a
 * record that was filed elsewhere since names another slot, or none.
 */
static unsigned keep_current(struct timer_wheel *wheel, unsigned slot, ref *refs, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t *filing = filing_of(wheel, refs[i]);

		if (wheel->slot_of[*filing] != slot)
			continue;
		*filing = 0;
		refs[kept++] = refs[i];
	}
	wheel->filed -= kept;
	return kept;
}

/* What one call of advance hands out, and how many filings it may still look at: stale ones are work too. */
struct batch {
	ref *due;
	unsigned n, max, looks;
};

/* Hands out what is filed in a slot. True when the slot is empty. */
static bool drain(struct timer_wheel *wheel, unsigned slot, struct batch *batch)
{
	struct timer_chain *chain = chain_of(wheel, slot);

	while (chain != NULL && batch->n < batch->max && batch->looks > 0) {
		unsigned room = batch->max - batch->n;
		ref *due = batch->due + batch->n;
		unsigned got = pop(wheel, chain, due, room < batch->looks ? room : batch->looks);

		batch->looks -= got;
		batch->n += keep_current(wheel, slot, due, got);
		chain = chain_of(wheel, slot);
	}
	return chain == NULL;
}

/* The slot after this one, through all that have ever been late, and round again. There are some. */
static ref next_to_sweep(const struct timer_wheel *wheel, ref r)
{
	uint32_t kind = ref_kind(r), slot = ref_slot(r) + 1;

	while (slot >= wheel->late_end[kind]) {
		kind = kind % (REF_KINDS - 1) + 1;
		slot = 0;
	}
	return ref_make((enum ref_kind)kind, slot);
}

/* Hands out records that found no room. */
static void sweep(struct timer_wheel *wheel, struct batch *batch)
{
	for (; wheel->late > 0 && wheel->sweep_left > 0 && batch->n < batch->max; wheel->sweep_left--) {
		ref r = wheel->swept = next_to_sweep(wheel, wheel->swept);
		uint8_t *filing = filing_of(wheel, r);

		if (*filing != TIMER_WHEEL_LATE)
			continue;
		*filing = 0;
		wheel->late--;
		batch->due[batch->n++] = r;
	}
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

/* Ticks to the next slot that holds anything. */
static uint32_t next_filled(const struct timer_wheel *wheel)
{
	uint32_t near = UINT32_MAX, far = UINT32_MAX;

	if ((wheel->occupied[0] | wheel->occupied[1]) != 0)
		near = 1 + steps_near(wheel->occupied, near_slot(wheel->now + 1) - 1);
	if (wheel->occupied[2] != 0) {
		far = ticks_to_next_block(wheel->now);
		far += steps_far(wheel->occupied[2], far_slot(wheel->now + far) - FAR_FIRST) * FAR_BLOCK;
	}
	return near < far ? near : far;
}

unsigned timer_wheel_advance(struct timer_wheel *wheel, uint32_t now, ref *due, unsigned max)
{
	struct batch batch = { .due = due, .max = max, .looks = LOOKS_MIN + LOOKS_EACH * max };

	if (seq_lt(wheel->now, now))
		wheel->sweep_left = TIMER_WHEEL_SWEEP;
	while (seq_lt(wheel->now, now)) {
		uint32_t ticks = next_filled(wheel), tick;

		if (ticks > now - wheel->now) {
			wheel->now = now;
			break;
		}
		tick = wheel->now + ticks;
		wheel->now = tick - 1;
		if (!drain(wheel, near_slot(tick), &batch))
			break;
		if (tick % FAR_BLOCK == 0 && !drain(wheel, far_slot(tick), &batch))
			break;
		wheel->now = tick;
	}
	sweep(wheel, &batch);
	return batch.n;
}

uint32_t timer_wheel_next(const struct timer_wheel *wheel)
{
	return wheel->late > 0 ? 1 : next_filled(wheel);
}
