/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * seq.h - sequence numbers: arithmetic modulo 2^32 (RFC 9293 section 3.4).
 *
 * The only place where sequence numbers, timestamps and ticks are compared. Two values compare
 * rightly while they are less than 2^31 apart, which windows of at most 2^30 bytes (RFC 7323
 * section 2.3) and deadlines of less than 24 days keep.
 */
#ifndef WEIR_BASE_SEQ_H
#define WEIR_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far b lies before a; negative when it lies after. */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) <= 0;
}

static inline bool seq_gt(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) > 0;
}

static inline bool seq_ge(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) >= 0;
}

/* first <= s < first + len, the half-open range that the RFC's window tests use. */
static inline bool seq_within(uint32_t s, uint32_t first, uint32_t len)
{
	return s - first < len;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b : a;
}

#endif
