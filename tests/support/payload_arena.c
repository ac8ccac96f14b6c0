/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/payload_arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "wire/csum.h"

struct block {
	struct block *next;
	uint8_t *bytes; /* the whole allocation */
	uint32_t front; /* bytes cut off */
	uint32_t len;   /* bytes that remain */
};

static uint64_t blocks_live;

static struct block *block_of(payload p)
{
	return (struct block *)(uintptr_t)p; // NOLINT(performance-no-int-to-ptr)
}

payload payload_arena_copy(const void *data, uint32_t len)
{
	struct block *block = malloc(sizeof(*block));

	CHECK(block != NULL);
	*block = (struct block){ .bytes = malloc(len), .len = len };
	CHECK(block->bytes != NULL || len == 0);
	if (len > 0)
		memcpy(block->bytes, data, len);
	blocks_live++;
	return (uintptr_t)block;
}

uint64_t payload_arena_live(void)
{
	return blocks_live;
}

void payload_free(payload p)
{
	struct block *block = block_of(p), *next;

	for (; block != NULL; block = next) {
		next = block->next;
		free(block->bytes);
		free(block);
		blocks_live--;
	}
}

uint32_t payload_bytes(payload p)
{
	uint32_t bytes = 0;

	for (struct block *block = block_of(p); block != NULL; block = block->next)
		bytes += block->len;
	return bytes;
}

uint32_t payload_buffers(payload p)
{
	uint32_t buffers = 0;

	for (struct block *block = block_of(p); block != NULL; block = block->next)
		buffers++;
	return buffers;
}

void payload_trim(payload p, uint32_t front, uint32_t back)
{
	struct block *block = block_of(p);

	CHECK(front + back < payload_bytes(p));
	uint32_t keep = payload_bytes(p) - front - back;

	for (; block != NULL; block = block->next) {
		uint32_t cut = front < block->len ? front : block->len;

		block->front += cut;
		block->len -= cut;
		front -= cut;
		if (block->len > keep)
			block->len = keep;
		keep -= block->len;
	}
}

void payload_append(payload head, payload tail)
{
	struct block *block = block_of(head);

	while (block->next != NULL)
		block = block->next;
	block->next = block_of(tail);
}

uint64_t payload_read(payload p, uint32_t offset, void *dst, uint32_t len)
{
	uint8_t *out = dst;
	uint64_t sum = 0;

	for (struct block *block = block_of(p); len > 0; block = block->next) {
		CHECK(block != NULL);
		if (offset >= block->len) {
			offset -= block->len;
			continue;
		}
		uint32_t part = block->len - offset < len ? block->len - offset : len;

		memcpy(out, block->bytes + block->front + offset, part);
		sum = csum_add(sum, csum_at(csum_bytes(out, part), (size_t)(out - (uint8_t *)dst)));
		out += part;
		len -= part;
		offset = 0;
	}
	return sum;
}
