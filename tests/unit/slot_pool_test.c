/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/slot_pool.h"

#include <criterion/criterion.h>

#include "base/rng.h"
#include "support/test_arena.h"

static struct slot_pool pool_of(uint32_t capacity, uint32_t stride)
{
	struct arena counted = { 0 }, arena;
	struct slot_pool pool;

	slot_pool_init(&pool, &counted, capacity, stride);
	cr_assert_null(pool.base);
	cr_assert_geq(counted.used, (size_t)capacity * stride);
	arena = test_arena_for(&counted);
	slot_pool_init(&pool, &arena, capacity, stride);
	cr_assert_eq(arena.used, counted.used, "counting and carving agree");
	return pool;
}

Test(slot_pool, gives_each_slot_once_and_then_none)
{
	struct slot_pool pool = pool_of(5, 12);

	for (uint32_t i = 0; i < 5; i++) {
		cr_assert_eq(slot_pool_free(&pool), 5 - i);
		cr_assert_eq(slot_pool_take(&pool), i, "fresh slots come in order");
	}
	cr_assert_eq(slot_pool_take(&pool), SLOT_NONE);
	cr_assert_eq(slot_pool_take(&pool), SLOT_NONE);
	cr_assert_eq(pool.used, 5);
	slot_pool_give(&pool, 3);
	cr_assert_eq(slot_pool_take(&pool), 3);
	cr_assert_eq(slot_pool_take(&pool), SLOT_NONE);
	free(pool.base);
}

Test(slot_pool, last_freed_is_next_taken)
{
	struct slot_pool pool = pool_of(8, 64);

	for (unsigned i = 0; i < 6; i++)
		slot_pool_take(&pool);
	slot_pool_give(&pool, 1);
	slot_pool_give(&pool, 4);
	slot_pool_give(&pool, 0);
	cr_assert_eq(slot_pool_take(&pool), 0);
	cr_assert_eq(slot_pool_take(&pool), 4);
	cr_assert_eq(slot_pool_take(&pool), 1);
	cr_assert_eq(slot_pool_take(&pool), 6, "then those that were never used");
	cr_assert_eq(pool.fresh, 7);
	free(pool.base);
}

Test(slot_pool, never_touches_what_was_never_taken)
{
	struct slot_pool pool = pool_of(4, 16);

	memset(slot_pool_at(&pool, 2), 0xa5, 32);
	slot_pool_give(&pool, slot_pool_take(&pool));
	slot_pool_take(&pool);
	slot_pool_take(&pool);
	for (unsigned i = 0; i < 32; i++)
		cr_assert_eq(((uint8_t *)slot_pool_at(&pool, 2))[i], 0xa5);
	free(pool.base);
}

Test(slot_pool, a_free_record_keeps_all_but_its_first_word)
{
	struct slot_pool pool = pool_of(3, 20);
	uint32_t slot = slot_pool_take(&pool);
	uint8_t *record = slot_pool_at(&pool, slot);

	memset(record, 0x5a, 20);
	slot_pool_take(&pool);
	slot_pool_give(&pool, slot);
	cr_assert_eq(slot_pool_take(&pool), slot);
	for (unsigned i = 4; i < 20; i++)
		cr_assert_eq(record[i], 0x5a, "byte %u", i);
	free(pool.base);
}

Test(slot_pool, an_empty_pool_has_none)
{
	struct slot_pool pool;
	struct arena arena = { 0 };

	slot_pool_init(&pool, &arena, 0, 64);
	cr_assert_eq(slot_pool_take(&pool), SLOT_NONE);
	cr_assert_eq(slot_pool_free(&pool), 0);
}

/* Against a list of who has what: no slot twice, and each record is its owner's alone. */
Test(slot_pool, random_takes_and_gives)
{
	enum {
		CAPACITY = 97
	};
	struct slot_pool pool = pool_of(CAPACITY, 8);
	uint32_t owner[CAPACITY] = { 0 }, held = 0, ticket = 0;
	struct rng rng = { 3 };

	for (unsigned step = 0; step < 200000; step++) {
		uint32_t slot;

		if (rng_below(&rng, 2) == 0) {
			slot = slot_pool_take(&pool);
			cr_assert_eq(slot == SLOT_NONE, held == CAPACITY);
			if (slot == SLOT_NONE)
				continue;
			cr_assert_eq(owner[slot], 0, "slot %u is taken already", slot);
			owner[slot] = ++ticket;
			memcpy((uint8_t *)slot_pool_at(&pool, slot), &ticket, 4);
			memcpy((uint8_t *)slot_pool_at(&pool, slot) + 4, &ticket, 4);
			held++;
		} else {
			slot = rng_below(&rng, CAPACITY);
			if (owner[slot] == 0)
				continue;
			cr_assert_eq(memcmp(slot_pool_at(&pool, slot), &owner[slot], 4), 0);
			cr_assert_eq(memcmp((uint8_t *)slot_pool_at(&pool, slot) + 4, &owner[slot], 4), 0);
			slot_pool_give(&pool, slot);
			owner[slot] = 0;
			held--;
		}
		cr_assert_eq(pool.used, held);
	}
	free(pool.base);
}
