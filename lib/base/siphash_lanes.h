/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * siphash_lanes.h - the vectors behind siphash_bulk.h, written once for every width.
 *
 * A source that is compiled for vectors of some width says how many messages these take (LANES) and
 * includes this; siphash_avx2.c and siphash_avx512.c do, and nobody else. It is made of the compilers'
 * vector types rather than of intrinsics: a + b is a vector's addition.
 *
 * A round is a chain of six steps of which each waits for the one before. One vector leaves most of the
 * processor idle, so four of them (WAYS) go through the rounds side by side: a pass takes 4 * LANES
 * messages, which for eight lanes is a burst of 32.
 *
 * A vector that would reach beyond the burst is moved back until it ends with it: what it shares with
 * the one before is computed twice, and comes out the same. Nothing is masked or copied; only fewer
 * messages than lanes go to the scalar variant.
 */
#ifndef WEIR_BASE_SIPHASH_LANES_H
#define WEIR_BASE_SIPHASH_LANES_H

#include <stdint.h>

#include "base/siphash_bulk.h"

#ifndef LANES
#define LANES 2 /* so that this compiles alone */
#endif

#define WAYS 4

typedef uint64_t lanes __attribute__((vector_size(8 * LANES)));

/* The same, and half as wide, where they stand in an array: aligned as its elements are. */
typedef uint64_t lanes_u64 __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef uint32_t lanes_u32 __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

struct lanes_state {
	lanes v0, v1, v2, v3;
};

/* Unrolled, or else what is indexed by the way cannot stay in registers. */
#define EACH_WAY(w) _Pragma("GCC unroll 4") for (unsigned w = 0; w < WAYS; w++)

static inline lanes lanes_rotl(lanes x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

/* Rotations by whole bytes are shuffles, too: an includer may have them so. */
#ifndef LANES_ROTL16
#define LANES_ROTL16(x) lanes_rotl(x, 16)
#define LANES_ROTL32(x) lanes_rotl(x, 32)
#endif

static inline void lanes_round(struct lanes_state *s)
{
	s->v0 += s->v1;
	s->v1 = lanes_rotl(s->v1, 13) ^ s->v0;
	s->v0 = LANES_ROTL32(s->v0);
	s->v2 += s->v3;
	s->v3 = LANES_ROTL16(s->v3) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = lanes_rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = lanes_rotl(s->v1, 17) ^ s->v2;
	s->v2 = LANES_ROTL32(s->v2);
}

/* Four vectors' worth of messages, and where in the burst each of the vectors begins. */
struct lanes_pass {
	struct lanes_state ways[WAYS];
	unsigned at[WAYS];
};

/* The pass over what follows message i, of n >= LANES. */
static inline struct lanes_pass lanes_start(struct siphash_key key, unsigned i, unsigned n)
{
	const struct siphash_state one = siphash_start(key);
	const lanes zero = { 0 };
	struct lanes_pass pass;

	EACH_WAY (w) {
		pass.ways[w] =
			(struct lanes_state){ zero + one.v0, zero + one.v1, zero + one.v2, zero + one.v3 };
		pass.at[w] = i + w * LANES < n - LANES ? i + w * LANES : n - LANES;
	}
	return pass;
}

static inline void lanes_rounds(struct lanes_pass *pass, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		EACH_WAY (w)
			lanes_round(&pass->ways[w]);
	}
}

static inline void lanes_word(struct lanes_pass *pass, const lanes word[WAYS], unsigned rounds)
{
	EACH_WAY (w)
		pass->ways[w].v3 ^= word[w];
	lanes_rounds(pass, rounds);
	EACH_WAY (w)
		pass->ways[w].v0 ^= word[w];
}

/* A word of 8 bytes of each message. */
static inline void lanes_word8(struct lanes_pass *pass, const uint64_t *words, unsigned rounds)
{
	lanes word[WAYS];

	EACH_WAY (w)
		word[w] = *(const lanes_u64 *)(words + pass->at[w]);
	lanes_word(pass, word, rounds);
}

/* The last word: 4 bytes of each message, and the length of all of it. */
static inline void lanes_word4(struct lanes_pass *pass, const uint32_t *words, uint64_t len, unsigned rounds)
{
	lanes word[WAYS];

	EACH_WAY (w)
		word[w] = __builtin_convertvector(*(const lanes_u32 *)(words + pass->at[w]), lanes) |
			  len << 56;
	lanes_word(pass, word, rounds);
}

/* The last word of what has no bytes left over: the length alone. */
static inline void lanes_len(struct lanes_pass *pass, uint64_t len, unsigned rounds)
{
	const lanes zero = { 0 };
	lanes word[WAYS];

	EACH_WAY (w)
		word[w] = zero + (len << 56);
	lanes_word(pass, word, rounds);
}

static inline void lanes_finish(struct lanes_pass *pass, unsigned rounds, uint64_t *out)
{
	EACH_WAY (w)
		pass->ways[w].v2 ^= 0xff;
	lanes_rounds(pass, rounds);
	EACH_WAY (w) {
		const struct lanes_state *s = &pass->ways[w];

		*(lanes_u64 *)(out + pass->at[w]) = s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
	}
}

static inline void lanes_12(struct siphash_key key, const uint64_t *a, const uint32_t *b, unsigned n,
			    uint64_t *out, unsigned rounds, unsigned last_rounds)
{
	for (unsigned i = 0; i < n; i += LANES * WAYS) {
		struct lanes_pass pass = lanes_start(key, i, n);

		lanes_word8(&pass, a, rounds);
		lanes_word4(&pass, b, 12, rounds);
		lanes_finish(&pass, last_rounds, out);
	}
}

static inline void lanes_hash13_12(struct siphash_key key, const uint64_t *a, const uint32_t *b, unsigned n,
				   uint64_t *out)
{
	if (n < LANES)
		siphash_scalar.hash13_12(key, a, b, n, out);
	else
		lanes_12(key, a, b, n, out, 1, 3);
}

static inline void lanes_prf24_12(struct siphash_key key, const uint64_t *a, const uint32_t *b, unsigned n,
				  uint64_t *out)
{
	if (n < LANES)
		siphash_scalar.prf24_12(key, a, b, n, out);
	else
		lanes_12(key, a, b, n, out, 2, 4);
}

static inline void lanes_20(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint32_t *c,
			    unsigned n, uint64_t *out)
{
	for (unsigned i = 0; i < n; i += LANES * WAYS) {
		struct lanes_pass pass = lanes_start(key, i, n);

		lanes_word8(&pass, a, 2);
		lanes_word8(&pass, b, 2);
		lanes_word4(&pass, c, 20, 2);
		lanes_finish(&pass, 4, out);
	}
}

static inline void lanes_prf24_20(struct siphash_key key, const uint64_t *a, const uint64_t *b,
				  const uint32_t *c, unsigned n, uint64_t *out)
{
	if (n < LANES)
		siphash_scalar.prf24_20(key, a, b, c, n, out);
	else
		lanes_20(key, a, b, c, n, out);
}

static inline void lanes_32(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint64_t *c,
			    const uint64_t *d, unsigned n, uint64_t *out, unsigned rounds,
			    unsigned last_rounds)
{
	for (unsigned i = 0; i < n; i += LANES * WAYS) {
		struct lanes_pass pass = lanes_start(key, i, n);

		lanes_word8(&pass, a, rounds);
		lanes_word8(&pass, b, rounds);
		lanes_word8(&pass, c, rounds);
		lanes_word8(&pass, d, rounds);
		lanes_len(&pass, 32, rounds);
		lanes_finish(&pass, last_rounds, out);
	}
}

static inline void lanes_hash13_32(struct siphash_key key, const uint64_t *a, const uint64_t *b,
				   const uint64_t *c, const uint64_t *d, unsigned n, uint64_t *out)
{
	if (n < LANES)
		siphash_scalar.hash13_32(key, a, b, c, d, n, out);
	else
		lanes_32(key, a, b, c, d, n, out, 1, 3);
}

static inline void lanes_prf24_32(struct siphash_key key, const uint64_t *a, const uint64_t *b,
				  const uint64_t *c, const uint64_t *d, unsigned n, uint64_t *out)
{
	if (n < LANES)
		siphash_scalar.prf24_32(key, a, b, c, d, n, out);
	else
		lanes_32(key, a, b, c, d, n, out, 2, 4);
}

#endif
