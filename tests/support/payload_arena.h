/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * payload_arena.h - base/payload.h over plain heap blocks, for tests, simulations and fuzzers.
 *
 * A block is exactly as large as its bytes, so that sanitizers see the first one beyond.
 */
#ifndef WEIR_TESTS_PAYLOAD_ARENA_H
#define WEIR_TESTS_PAYLOAD_ARENA_H

#include "base/payload.h"

/* A buffer holding a copy of len bytes. */
payload payload_arena_copy(const void *data, uint32_t len);

/* Buffers that were made and not freed. */
uint64_t payload_arena_live(void);

#endif
