/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Four messages to a vector. AVX2 has no rotation:
 * two of the five are a shuffle instead of two shifts and an OR.
 */
#include <immintrin.h>

#define LANES 4
#define LANES_ROTL16(x) ((lanes)_mm256_shuffle_epi8((__m256i)(x), rotl16_bytes()))
#define LANES_ROTL32(x) ((lanes)_mm256_shuffle_epi32((__m256i)(x), 0xb1)) /* 1, 0, 3, 2 */

/* Where each byte of a vector comes from. */
static inline __m256i rotl16_bytes(void)
{
	return _mm256_setr_epi8(6, 7, 0, 1, 2, 3, 4, 5, 14, 15, 8, 9, 10, 11, 12, 13, /* two words */
				6, 7, 0, 1, 2, 3, 4, 5, 14, 15, 8, 9, 10, 11, 12, 13);
}

#include "base/siphash_lanes.h"

const struct siphash_bulk siphash_avx2 = {
	.name = "avx2",
	.hash13_12 = lanes_hash13_12,
	.prf24_12 = lanes_prf24_12,
	.prf24_20 = lanes_prf24_20,
	.hash13_32 = lanes_hash13_32,
	.prf24_32 = lanes_prf24_32,
};
