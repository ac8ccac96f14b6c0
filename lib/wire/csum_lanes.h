/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum_lanes.h - the vectors behind csum.h's long sums, written once for every width.
 *
 * A source that is compiled for vectors of some width says how many 64-bit words these take (LANES) and
 * includes this; csum_avx2.c and csum_avx512.c do, and nobody else. Vector types of the compilers, as in
 * base/siphash_lanes.h.
 *
 * No vector knows a carry, so each word is added as its two halves: 2^32 is 1 modulo 2^16 - 1, and a lane has
 * room for 2^31 words. Two sums side by side, so that none waits for an addition.
 */
#ifndef WEIR_WIRE_CSUM_LANES_H
#define WEIR_WIRE_CSUM_LANES_H

#include "wire/csum.h"

#ifndef LANES
#define LANES 2 /* so that this compiles alone */
#endif

typedef uint64_t lanes __attribute__((vector_size(8 * LANES)));
/* The same where they stand in memory: anywhere. */
typedef uint64_t lanes_bytes __attribute__((vector_size(8 * LANES), aligned(1), may_alias));

static inline lanes lanes_halves(lanes word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

static inline uint64_t lanes_total(lanes sums)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < LANES; i++)
		total += sums[i];
	return total;
}

/* The vector that begins at byte n has ones in its last n bytes, and zeros before. */
static const uint8_t lanes_masks[2 * sizeof(lanes)] = { [sizeof(lanes)... 2 * sizeof(lanes) - 1] = 0xff };

/*
 * The sum of the last `rest` bytes of a vector, as if the first of them stood at an even offset. So what does
 * not fill a vector is taken by one that ends with it, and begins within what was summed up before.
 */
static inline uint64_t lanes_rest(lanes last, size_t rest)
{
	return csum_at(lanes_total(lanes_halves(last & *(const lanes_bytes *)(lanes_masks + rest))), rest);
}

static inline uint64_t lanes_csum(const void *data, size_t len)
{
	const uint8_t *p = data, *end = p + len;
	lanes a = { 0 }, b = { 0 };

	if (len < sizeof(lanes))
		return csum_scalar.bytes(data, len);
	for (; len >= 2 * sizeof(lanes); p += 2 * sizeof(lanes), len -= 2 * sizeof(lanes)) {
		a += lanes_halves(*(const lanes_bytes *)p);
		b += lanes_halves(*(const lanes_bytes *)(p + sizeof(lanes)));
	}
	if (len >= sizeof(lanes)) {
		a += lanes_halves(*(const lanes_bytes *)p);
		len -= sizeof(lanes);
	}
	return csum_add(lanes_total(a + b), lanes_rest(*(const lanes_bytes *)(end - sizeof(lanes)), len));
}

static inline uint64_t lanes_copy(void *to, const void *from, size_t len)
{
	const uint8_t *p = from, *end = p + len;
	uint8_t *q = to, *q_end = q + len;
	lanes a = { 0 }, b = { 0 };

	if (len < sizeof(lanes))
		return csum_scalar.copy(to, from, len);
	for (; len >= 2 * sizeof(lanes); p += 2 * sizeof(lanes), len -= 2 * sizeof(lanes)) {
		lanes first = *(const lanes_bytes *)p, second = *(const lanes_bytes *)(p + sizeof(lanes));

		*(lanes_bytes *)q = first;
		*(lanes_bytes *)(q + sizeof(lanes)) = second;
		q += 2 * sizeof(lanes);
		a += lanes_halves(first);
		b += lanes_halves(second);
	}
	if (len >= sizeof(lanes)) {
		*(lanes_bytes *)q = *(const lanes_bytes *)p;
		a += lanes_halves(*(const lanes_bytes *)p);
		len -= sizeof(lanes);
	}
	lanes last = *(const lanes_bytes *)(end - sizeof(lanes));

	*(lanes_bytes *)(q_end - sizeof(lanes)) = last;
	return csum_add(lanes_total(a + b), lanes_rest(last, len));
}

#endif
