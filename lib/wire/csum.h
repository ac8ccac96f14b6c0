/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.h - the internet checksum (RFC 1071): the ones' complement sum of 16-bit words.
 *
 * A running sum is 64 bits wide and counts modulo 2^64 - 1, of which 2^16 - 1 is a divisor: eight
 * bytes cost one addition with end-around carry, and it is folded to 16 bits once, at the end. Words are
 * read as they stand in memory; the sum does not depend on byte order (RFC 1071 section 2 (B)), so a
 * folded sum is stored by memcpy, without a swap.
 *
 * Sums of parts add up: csum_add(csum_bytes(a), csum_at(csum_bytes(b), offset of b)).
 */
#ifndef WEIR_WIRE_CSUM_H
#define WEIR_WIRE_CSUM_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "weir.h"

/* What a sum over bytes that include their own right checksum folds to. */
#define CSUM_RIGHT 0xffff

static inline uint64_t csum_add(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;

	return sum + (sum < a);
}

/* The sum of len bytes, as if the first stood at an even offset. */
uint64_t csum_bytes(const void *data, size_t len);

/* The same, and copies them: they are read once for both. */
uint64_t csum_copy(void *to, const void *from, size_t len);

/*
 * Both are done in the widest vectors that the processor has, found out before main(). Sums of different
 * variants may differ, but are the same once folded.
 */
struct csum_wide {
	const char *name;
	uint64_t (*bytes)(const void *data, size_t len);
	uint64_t (*copy)(void *to, const void *from, size_t len);
};

extern const struct csum_wide csum_scalar, csum_avx2, csum_avx512;

/* "scalar", "avx2" or "avx512"; NULL if there is none, or it does not run here. */
const struct csum_wide *csum_wide_named(const char *name);

/* The same for a header: len is a multiple of 4, and small. */
static inline uint64_t csum_header(const uint8_t *header, unsigned len)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < len; i += 4) {
		uint32_t word;

		memcpy(&word, header + i, sizeof(word));
		sum += word; /* at most 15 of them: no carry out of 64 bits */
	}
	return sum;
}

/* The sum of bytes as csum_bytes() gives it, moved to where they stand: odd offsets swap the lanes. */
static inline uint64_t csum_at(uint64_t sum, size_t offset)
{
	return offset & 1 ? sum << 8 | sum >> 56 : sum;
}

/*
 * To 16 bits, not complemented. 0 only if every byte was 0. Turned by half its width and added, a word has in
 * its upper half the sum of both halves, with what the lower one carries over.
 */
static inline uint16_t csum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/*
 * Whether a sum that is not 0 folds to CSUM_RIGHT:
 * folding keeps the remainder, and compilers turn this into one multiplication.
 */
static inline bool csum_is_right(uint64_t sum)
{
	return sum % CSUM_RIGHT == 0;
}

/* Stores a sum at its field: complemented, or as it is for a port that does the rest. */
static inline void csum_put(uint8_t *field, uint64_t sum)
{
	uint16_t value = (uint16_t)~csum_fold(sum);

	memcpy(field, &value, sizeof(value));
}

static inline void csum_put_partial(uint8_t *field, uint64_t sum)
{
	uint16_t value = csum_fold(sum);

	memcpy(field, &value, sizeof(value));
}

/* Writes a word in network order, and returns what it adds to a sum. */
static inline uint64_t csum_put_word(uint8_t *at, uint32_t word)
{
	uint32_t word_be = htobe32(word);

	memcpy(at, &word_be, sizeof(word_be));
	return word_be;
}

static inline uint64_t csum_address(struct weir_address address)
{
	return csum_add(htobe64(address.hi), htobe64(address.lo));
}

/*
 * The pseudo headers of RFC 9293 section 3.1 and RFC 8200 section 8.1; len_bytes of header and payload
 * together. One serves both: the ones before a mapped IPv4 address add up to zero.
 */
static inline uint64_t csum_pseudo(struct weir_address src, struct weir_address dst, uint8_t protocol,
				   uint16_t len_bytes)
{
	return csum_add(csum_add(csum_address(src), csum_address(dst)),
			(uint64_t)htobe16(protocol) + htobe16(len_bytes));
}

#endif
