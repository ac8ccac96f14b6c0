/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/csum.h"

static uint64_t load64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Fewer than eight bytes, the missing ones taken as 0. */
static uint64_t load_tail(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;

	if (len & 4) {
		uint32_t word;

		memcpy(&word, p, sizeof(word));
		sum += word;
		p += 4;
	}
	if (len & 2) {
		uint16_t word;

		memcpy(&word, p, sizeof(word));
		sum += word;
		p += 2;
	}
	if (len & 1) {
		uint16_t word = 0;

		memcpy(&word, p, 1);
		sum += word;
	}
	return sum;
}

uint64_t csum_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t a = 0, b = 0, c = 0, d = 0; /* four chains of carries, so that none waits for another */

	for (; len >= 32; p += 32, len -= 32) {
		a = csum_add(a, load64(p));
		b = csum_add(b, load64(p + 8));
		c = csum_add(c, load64(p + 16));
		d = csum_add(d, load64(p + 24));
	}
	for (; len >= 8; p += 8, len -= 8)
		a = csum_add(a, load64(p));
	b = csum_add(b, load_tail(p, len));
	return csum_add(csum_add(a, b), csum_add(c, d));
}
