/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena.h - hands out one block of memory piece by piece, at start and never again.
 *
 * Everything of a shard lies in one block, so that its size is known before it is taken, it comes
 * from one NUMA node, and a simulator can snapshot a shard by copying it. Run the same carving
 * code over a NULL block first to learn the size: arena_take() then returns NULL and counts.
 * Memory is expected zeroed, and is not touched here: pages that nobody uses stay unused.
 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_LINE 64

struct arena {
	uint8_t *base; /* NULL: only count; aligned to ARENA_LINE */
	size_t used;   /* bytes */
};

/* Each piece starts on a cache line of its own. */
static inline void *arena_take(struct arena *arena, size_t bytes)
{
	void *piece = arena->base ? arena->base + arena->used : NULL;

	arena->used += (bytes + ARENA_LINE - 1) & ~(size_t)(ARENA_LINE - 1);
	return piece;
}

#endif
