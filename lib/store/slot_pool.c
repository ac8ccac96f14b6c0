/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/slot_pool.h"

#include <stdalign.h>

#include "base/check.h"

/*
 * The link of a free slot is written and read atomically (relaxed) only because other threads scan pools:
 * they may read the first four bytes of a record at any time, and find them torn from the rest.
 */
static uint32_t *link_of(const struct slot_pool *pool, uint32_t slot)
{
	return slot_pool_at(pool, slot);
}

void slot_pool_init(struct slot_pool *pool, struct arena *arena, uint32_t capacity, uint32_t stride)
{
	CHECK(stride >= sizeof(uint32_t) && stride % alignof(uint32_t) == 0 && capacity < SLOT_NONE);
	*pool = (struct slot_pool){
		.base = arena_take(arena, (size_t)capacity * stride),
		.stride = stride,
		.capacity = capacity,
		.top = SLOT_NONE,
	};
}

uint32_t slot_pool_take(struct slot_pool *pool)
{
	uint32_t slot = pool->top;

	if (slot == SLOT_NONE) {
		if (pool->fresh == pool->capacity)
			return SLOT_NONE;
		pool->used++;
		return pool->fresh++;
	}
	pool->used++;
	pool->top = __atomic_load_n(link_of(pool, slot), __ATOMIC_RELAXED);
	/* After many were freed at once the stack is cold: the next take waits for the next link. */
	if (pool->top != SLOT_NONE)
		__builtin_prefetch(link_of(pool, pool->top), 1);
	return slot;
}

void slot_pool_give(struct slot_pool *pool, uint32_t slot)
{
	DCHECK(slot < pool->fresh && pool->used > 0);
	__atomic_store_n(link_of(pool, slot), pool->top, __ATOMIC_RELAXED);
	pool->top = slot;
	pool->used--;
}
