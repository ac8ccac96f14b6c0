/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slot_pool.h - records of one size, by slot number, taken and given back in constant time.
 *
 * Free slots form a stack through their own first four bytes, so the last one freed, still
 * in cache, is the next one taken, and slots that were never used are never touched. The rest of a free
 * record stays as it was left: generations and timer filings live on in it. One thread owns a pool.
 */
#ifndef WEIR_STORE_SLOT_POOL_H
#define WEIR_STORE_SLOT_POOL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"

#define SLOT_NONE UINT32_MAX

struct slot_pool {
	uint8_t *base;
	uint32_t stride;   /* bytes; at least 4 */
	uint32_t capacity; /* slots */
	uint32_t used;     /* slots taken now */
	uint32_t fresh;    /* slots below this have been taken at least once */
	uint32_t top;      /* the free slot to take next, or SLOT_NONE */
};

void slot_pool_init(struct slot_pool *pool, struct arena *arena, uint32_t capacity, uint32_t stride);

static inline void *slot_pool_at(const struct slot_pool *pool, uint32_t slot)
{
	return pool->base + (uint64_t)slot * pool->stride;
}

/*
 * The link of a free slot is written and read atomically (relaxed) only because other threads scan pools:
 * they may read the first four bytes of a record at any time, and find them torn from the rest.
 */
static inline uint32_t *slot_pool_link(const struct slot_pool *pool, uint32_t slot)
{
	return slot_pool_at(pool, slot);
}

/* The rarer half of slot_pool_take(): no slot that was used before is free. */
uint32_t slot_pool_take_fresh(struct slot_pool *pool);

/* A slot, or SLOT_NONE when all are taken. Its first four bytes are undefined, the rest as it was left. */
static inline uint32_t slot_pool_take(struct slot_pool *pool)
{
	uint32_t slot = pool->top;

	if (slot == SLOT_NONE)
		return slot_pool_take_fresh(pool);
	pool->used++;
	pool->top = __atomic_load_n(slot_pool_link(pool, slot), __ATOMIC_RELAXED);
	/* After many were freed at once the stack is cold: the next take waits for the next link. */
	if (pool->top != SLOT_NONE)
		__builtin_prefetch(slot_pool_link(pool, pool->top), 1);
	return slot;
}

/* Gives a slot back; overwrites its first four bytes. */
static inline void slot_pool_give(struct slot_pool *pool, uint32_t slot)
{
	DCHECK(slot < pool->fresh && pool->used > 0);
	__atomic_store_n(slot_pool_link(pool, slot), pool->top, __ATOMIC_RELAXED);
	pool->top = slot;
	pool->used--;
}

static inline uint32_t slot_pool_free(const struct slot_pool *pool)
{
	return pool->capacity - pool->used;
}

#endif
