/* SPDX-License-Identifier: BSD-3-Clause */
/* conn_match_sse2.h - comparing a bucket's marks with SSE2, which every x86-64 has. */
#ifndef WEIR_STORE_CONN_MATCH_SSE2_H
#define WEIR_STORE_CONN_MATCH_SSE2_H

#include <emmintrin.h>

#include "store/conn_entry.h"

/* The high words of four entries. */
static inline __m128i conn_high_words(const uint64_t *entries)
{
	__m128 low = _mm_load_ps((const float *)entries);
	__m128 high = _mm_load_ps((const float *)(entries + 2));

	return _mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
}

/* The low words of four entries: their refs. */
static inline __m128i conn_low_words(const uint64_t *entries)
{
	__m128 low = _mm_load_ps((const float *)entries);
	__m128 high = _mm_load_ps((const float *)(entries + 2));

	return _mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0)));
}

static inline uint32_t conn_signs(__m128i words)
{
	return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(words));
}

static inline struct conn_match conn_match_sse2(const uint64_t *bucket, uint32_t mark)
{
	const __m128i wanted = _mm_set1_epi32((int)mark);
	const __m128i mask = _mm_set1_epi32((int)CONN_MARK_MASK);
	__m128i first = conn_high_words(bucket), second = conn_high_words(bucket + 4);
	__m128i first_equal = _mm_cmpeq_epi32(_mm_and_si128(first, mask), wanted);
	__m128i second_equal = _mm_cmpeq_epi32(_mm_and_si128(second, mask), wanted);

	return (struct conn_match){
		.ways = conn_signs(first_equal) | conn_signs(second_equal) << 4,
		.strays = conn_signs(first) | conn_signs(second) << 4,
	};
}

static inline uint32_t conn_ways_of_sse2(const uint64_t *bucket, uint32_t r)
{
	const __m128i wanted = _mm_set1_epi32((int)r);

	return conn_signs(_mm_cmpeq_epi32(conn_low_words(bucket), wanted)) |
	       conn_signs(_mm_cmpeq_epi32(conn_low_words(bucket + 4), wanted)) << 4;
}

#endif
