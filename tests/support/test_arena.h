/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_arena.h - memory for what is carved from an arena: a zeroed block of exactly the size that was
 * counted, so that sanitizers see the first byte beyond it.
 */
#ifndef WEIR_TESTS_TEST_ARENA_H
#define WEIR_TESTS_TEST_ARENA_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"

/* counted: an arena that was carved from NULL. Returns one with memory; free its base. */
static inline struct arena test_arena_for(const struct arena *counted)
{
	struct arena arena = { .base = aligned_alloc(ARENA_LINE, counted->used) };

	CHECK(arena.base != NULL);
	memset(arena.base, 0, counted->used);
	return arena;
}

#endif
