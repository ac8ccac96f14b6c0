/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bulk_bytes.h - a stream of known bytes: what its sender copies from, and how its receiver copies and
 * verifies them.
 *
 * The bytes are random and repeat after 64 KiB, as from an application's buffer; a receiver knows by its
 * place in the stream what each of them must be. Both sides of bulk's comparison use these functions.
 */
#ifndef WEIR_BENCH_BULK_BYTES_H
#define WEIR_BENCH_BULK_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BULK_PERIOD 65536u
/* Bytes that one call takes at most. */
#define BULK_PIECE_MAX 9000u

struct bulk_bytes {
	uint8_t pattern[BULK_PERIOD + BULK_PIECE_MAX]; /* its end is its beginning again */
	uint8_t inbox[BULK_PERIOD + BULK_PIECE_MAX];   /* where the receiver's copy goes */
};

void bulk_bytes_init(struct bulk_bytes *bytes);

/* Where the stream's bytes from `at` on stand. */
static inline const uint8_t *bulk_bytes_at(const struct bulk_bytes *bytes, uint64_t at)
{
	return bytes->pattern + at % BULK_PERIOD;
}

/* Copies what came for `at`, then compares the copy, every byte of it. */
static inline bool bulk_bytes_take(struct bulk_bytes *bytes, uint64_t at, const void *data, uint32_t len)
{
	uint8_t *copy = bytes->inbox + at % BULK_PERIOD;

	memcpy(copy, data, len);
	return memcmp(copy, bulk_bytes_at(bytes, at), len) == 0;
}

#endif
