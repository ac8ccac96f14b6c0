/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bytes_in.h - a fuzzer's byte string, taken from the front as the values that a program wants.
 *
 * Behind the end there are zeros: a short string is a short program, and every string is a valid one.
 */
#ifndef WEIR_TESTS_FUZZ_BYTES_IN_H
#define WEIR_TESTS_FUZZ_BYTES_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_in {
	const uint8_t *at, *end;
};

static inline size_t in_left(const struct bytes_in *in)
{
	return (size_t)(in->end - in->at);
}

static inline uint8_t in_u8(struct bytes_in *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline uint16_t in_u16(struct bytes_in *in)
{
	uint16_t high = in_u8(in);

	return (uint16_t)(high << 8 | in_u8(in));
}

static inline uint32_t in_u32(struct bytes_in *in)
{
	uint32_t high = in_u16(in);

	return high << 16 | in_u16(in);
}

/* -128..127 */
static inline uint32_t in_near(struct bytes_in *in)
{
	return (uint32_t)(int32_t)(int8_t)in_u8(in);
}

/* 0..bound-1, bound <= 256 */
static inline unsigned in_below(struct bytes_in *in, unsigned bound)
{
	return in_u8(in) % bound;
}

#endif
