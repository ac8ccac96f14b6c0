/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * payload_blocks.h - base/payload.h over a few small blocks in one struct,
 * so that a snapshot of a world holds its payloads too.
 *
 * A reference is a block's number plus one. The lowest free block is taken, and a block that is not in use is
 * all zero: worlds with equal contents are equal. Which struct is worked on is a global, because
 * base/payload.h has no room for it; the explorer has one thread.
 */
#ifndef WEIR_TESTS_PAYLOAD_BLOCKS_H
#define WEIR_TESTS_PAYLOAD_BLOCKS_H

#include <stdint.h>

#include "base/payload.h"

#define BLOCKS 32
#define BLOCK_BYTES 8 /* more than any scenario writes in one direction */

struct block {
	uint8_t used; /* 1: taken */
	uint8_t next; /* of a chain, as a reference; 0: the last */
	uint8_t front, len;
	uint8_t bytes[BLOCK_BYTES];
};

struct blocks {
	struct block blocks[BLOCKS];
};

/* Those that payload.h's functions work on. */
void payload_blocks_use(struct blocks *blocks);

payload payload_blocks_copy(const uint8_t *data, uint32_t len);

/* How many are taken. */
unsigned payload_blocks_live(const struct blocks *blocks);

#endif
