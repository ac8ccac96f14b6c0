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

/* A slot, or SLOT_NONE when all are taken. Its first four bytes are undefined, the rest as it was left. */
uint32_t slot_pool_take(struct slot_pool *pool);

/* Gives a slot back; overwrites its first four bytes. */
void slot_pool_give(struct slot_pool *pool, uint32_t slot);

static inline void *slot_pool_at(const struct slot_pool *pool, uint32_t slot)
{
	return pool->base + (uint64_t)slot * pool->stride;
}

static inline uint32_t slot_pool_free(const struct slot_pool *pool)
{
	return pool->capacity - pool->used;
}

#endif
