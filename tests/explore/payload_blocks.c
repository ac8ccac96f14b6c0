/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/payload_blocks.h"

#include <string.h>

#include "base/check.h"
#include "wire/csum.h"

static struct blocks *in_use;

void payload_blocks_use(struct blocks *blocks)
{
	in_use = blocks;
}

static struct block *block_of(payload p)
{
	CHECK(p <= BLOCKS && in_use->blocks[p - 1].used);
	return &in_use->blocks[p - 1];
}

payload payload_blocks_copy(const uint8_t *data, uint32_t len)
{
	CHECK(len > 0 && len <= BLOCK_BYTES);
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (in_use->blocks[i].used)
			continue;
		in_use->blocks[i] = (struct block){ .used = 1, .len = (uint8_t)len };
		memcpy(in_use->blocks[i].bytes, data, len);
		return i + 1;
	}
	CHECK(!"more payloads than blocks: a leak, or BLOCKS is too small");
}

unsigned payload_blocks_live(const struct blocks *blocks)
{
	unsigned live = 0;

	for (unsigned i = 0; i < BLOCKS; i++)
		live += blocks->blocks[i].used;
	return live;
}

void payload_free(payload p)
{
	while (p != 0) {
		struct block *block = block_of(p);

		p = block->next;
		*block = (struct block){ 0 };
	}
}

uint32_t payload_bytes(payload p)
{
	uint32_t bytes = 0;

	for (; p != 0; p = block_of(p)->next)
		bytes += block_of(p)->len;
	return bytes;
}

uint32_t payload_buffers(payload p)
{
	uint32_t buffers = 0;

	for (; p != 0; p = block_of(p)->next)
		buffers++;
	return buffers;
}

void payload_trim(payload p, uint32_t front, uint32_t back)
{
	CHECK(front + back < payload_bytes(p));
	uint32_t keep = payload_bytes(p) - front - back;

	for (; p != 0; p = block_of(p)->next) {
		struct block *block = block_of(p);
		uint32_t cut = front < block->len ? front : block->len;

		block->front = (uint8_t)(block->front + cut);
		block->len = (uint8_t)(block->len - cut);
		front -= cut;
		if (block->len > keep)
			block->len = (uint8_t)keep;
		keep -= block->len;
	}
}

void payload_append(payload head, payload tail)
{
	while (block_of(head)->next != 0)
		head = block_of(head)->next;
	block_of(head)->next = (uint8_t)tail;
}

uint64_t payload_read(payload p, uint32_t offset, void *dst, uint32_t len)
{
	uint8_t *out = dst;

	for (; len > 0; p = block_of(p)->next) {
		const struct block *block = block_of(p);

		for (uint32_t i = 0; i < block->len && len > 0; i++) {
			if (offset > 0) {
				offset--;
				continue;
			}
			*out++ = block->bytes[block->front + i];
			len--;
		}
	}
	return csum_bytes(dst, (size_t)(out - (uint8_t *)dst));
}
