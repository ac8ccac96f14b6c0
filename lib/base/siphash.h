/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * siphash.h - SipHash (Aumasson and Bernstein), the keyed pseudo-random function behind table
 * hashes, ISNs, timestamp offsets and ports.
 *
 * SipHash-2-4 where its value can be seen from outside (ISN, offsets, ports); SipHash-1-3 for
 * table positions, which never leave the machine. Inputs here are whole 64-bit words, so that the
 * compiler unrolls everything; the length byte of the standard is kept and siphash24_bytes() gives
 * the standard's own test vectors.
 */
#ifndef WEIR_BASE_SIPHASH_H
#define WEIR_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct siphash_key {
	uint64_t k0, k1;
};

struct siphash_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t siphash_rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void siphash_round(struct siphash_state *s)
{
	s->v0 += s->v1;
	s->v1 = siphash_rotl(s->v1, 13) ^ s->v0;
	s->v0 = siphash_rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = siphash_rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = siphash_rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = siphash_rotl(s->v1, 17) ^ s->v2;
	s->v2 = siphash_rotl(s->v2, 32);
}

static inline struct siphash_state siphash_start(struct siphash_key key)
{
	return (struct siphash_state){
		.v0 = key.k0 ^ 0x736f6d6570736575ull,
		.v1 = key.k1 ^ 0x646f72616e646f6dull,
		.v2 = key.k0 ^ 0x6c7967656e657261ull,
		.v3 = key.k1 ^ 0x7465646279746573ull,
	};
}

static inline void siphash_word(struct siphash_state *s, uint64_t word, unsigned rounds)
{
	s->v3 ^= word;
	for (unsigned i = 0; i < rounds; i++)
		siphash_round(s);
	s->v0 ^= word;
}

static inline uint64_t siphash_finish(struct siphash_state *s, unsigned rounds)
{
	s->v2 ^= 0xff;
	for (unsigned i = 0; i < rounds; i++)
		siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* SipHash-2-4 of 16 bytes, given as two little-endian words. */
static inline uint64_t siphash24_2(struct siphash_key key, uint64_t a, uint64_t b)
{
	struct siphash_state s = siphash_start(key);

	siphash_word(&s, a, 2);
	siphash_word(&s, b, 2);
	siphash_word(&s, 16ull << 56, 2);
	return siphash_finish(&s, 4);
}

/*
 * SipHash-1-3 of 12 bytes: 8 in a, 4 in b. The length shares the last word with the tail, so a
 * 4-tuple costs two words and five rounds.
 */
static inline uint64_t siphash13_12(struct siphash_key key, uint64_t a, uint32_t b)
{
	struct siphash_state s = siphash_start(key);

	siphash_word(&s, a, 1);
	siphash_word(&s, 12ull << 56 | b, 1);
	return siphash_finish(&s, 3);
}

static inline uint64_t siphash_32(struct siphash_key key, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				  unsigned each, unsigned last)
{
	struct siphash_state s = siphash_start(key);

	siphash_word(&s, a, each);
	siphash_word(&s, b, each);
	siphash_word(&s, c, each);
	siphash_word(&s, d, each);
	siphash_word(&s, 32ull << 56, each);
	return siphash_finish(&s, last);
}

/* SipHash-1-3 and SipHash-2-4 of 32 bytes, given as four little-endian words. */
static inline uint64_t siphash13_32(struct siphash_key key, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return siphash_32(key, a, b, c, d, 1, 3);
}

static inline uint64_t siphash24_32(struct siphash_key key, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return siphash_32(key, a, b, c, d, 2, 4);
}

/* SipHash-2-4 of 12 bytes: 8 in a, 4 in b. */
static inline uint64_t siphash24_12(struct siphash_key key, uint64_t a, uint32_t b)
{
	struct siphash_state s = siphash_start(key);

	siphash_word(&s, a, 2);
	siphash_word(&s, 12ull << 56 | b, 2);
	return siphash_finish(&s, 4);
}

/* SipHash-2-4 of 20 bytes: 8 in a, 8 in b, 4 in c. */
static inline uint64_t siphash24_20(struct siphash_key key, uint64_t a, uint64_t b, uint32_t c)
{
	struct siphash_state s = siphash_start(key);

	siphash_word(&s, a, 2);
	siphash_word(&s, b, 2);
	siphash_word(&s, 20ull << 56 | c, 2);
	return siphash_finish(&s, 4);
}

/* SipHash-2-4 of any bytes; for keys and set-up, not for the packet path. */
static inline uint64_t siphash24_bytes(struct siphash_key key, const void *data, size_t len)
{
	const uint8_t *p = data;
	struct siphash_state s = siphash_start(key);
	uint64_t word, last = (uint64_t)len << 56;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		siphash_word(&s, word, 2);
	}
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)p[i] << (8 * i);
	siphash_word(&s, last, 2);
	return siphash_finish(&s, 4);
}

#endif
