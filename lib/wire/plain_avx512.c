/* SPDX-License-Identifier: BSD-3-Clause */
/* A short segment in two vectors whose masks end with it: no loop, and no branch that hangs on its length. */
#include <immintrin.h>
#include <stdint.h>

#define PLAIN_SHORT_MAX 128

static inline __m512i halves(__m512i words)
{
	return _mm512_add_epi64(_mm512_and_si512(words, _mm512_set1_epi64(UINT32_MAX)),
				_mm512_srli_epi64(words, 32));
}

static inline uint64_t plain_sum(const uint8_t *p, uint32_t len)
{
	uint32_t more = len > 64 ? len - 64 : 0;
	__m512i first = _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, len), p);
	__m512i second = _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, more), p + 64);

	return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(halves(first), halves(second)));
}

#include "wire/plain_read.h"

bool plain_parse_avx512(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
			struct seg *seg, struct pair *pair, uint32_t *headers)
{
	return read_frame(frame, len, verified, dst, seg, pair, headers);
}
