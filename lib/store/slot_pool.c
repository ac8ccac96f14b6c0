/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/slot_pool.h"

#include <stdalign.h>

#include "base/check.h"

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

uint32_t slot_pool_take_fresh(struct slot_pool *pool)
{
	if (pool->fresh == pool->capacity)
		return SLOT_NONE;
	pool->used++;
	return pool->fresh++;
}
