/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * siphash_bulk.h - the keyed hashes of a burst, several messages at once.
 *
 * One SipHash is a chain in which each step waits for the one before; the messages of a burst do not wait
 * for each other. So each lane of a vector takes a message of its own, and what comes out equals
 * siphash.h to the bit: the scalar variant is the reference, and serves machines without wide vectors.
 *
 * Inputs are arrays by word, not messages one after the other: a lane then loads its word without a
 * shuffle, and what a whole burst shares need not be repeated. The words are little-endian, in the order in
 * which the message has them; its length is added inside.
 *
 * Any n, 0 too; neither inputs nor outputs are touched beyond n, and out is none of the inputs. One key for
 * the burst. Nothing fails, and any thread may call: a variant is constant.
 */
#ifndef WEIR_BASE_SIPHASH_BULK_H
#define WEIR_BASE_SIPHASH_BULK_H

#include <stdint.h>

#include "base/siphash.h"

struct siphash_bulk {
	const char *name; /* "scalar", "avx2", "avx512" */
	/* SipHash-1-3 of 12 bytes, for the table's hashes: out[i] = siphash13_12(key, a[i], b[i]). */
	void (*hash13_12)(struct siphash_key key, const uint64_t *a, const uint32_t *b, unsigned n,
			  uint64_t *out);
	/* SipHash-2-4 of 12 bytes, for what is seen from outside: out[i] = siphash24_12(key, a[i], b[i]). */
	void (*prf24_12)(struct siphash_key key, const uint64_t *a, const uint32_t *b, unsigned n,
			 uint64_t *out);
	/* SipHash-2-4 of 20 bytes: out[i] = siphash24_20(key, a[i], b[i], c[i]). */
	void (*prf24_20)(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint32_t *c,
			 unsigned n, uint64_t *out);
	/*
	 * SipHash-1-3 of 32 bytes, for the names of IPv6 pairs:
	 * out[i] = siphash13_32(key, a[i], b[i], c[i], d[i]).
	 */
	void (*hash13_32)(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint64_t *c,
			  const uint64_t *d, unsigned n, uint64_t *out);
	/* SipHash-2-4 of 32 bytes: out[i] = siphash24_32(key, a[i], b[i], c[i], d[i]). */
	void (*prf24_32)(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint64_t *c,
			 const uint64_t *d, unsigned n, uint64_t *out);
};

extern const struct siphash_bulk siphash_scalar;

/* Of builds for x86-64. To be had by the two functions below, which know whether the processor runs them. */
extern const struct siphash_bulk siphash_avx2, siphash_avx512;

/* The widest that this machine has. To be called once, at start: asks the processor. */
const struct siphash_bulk *siphash_bulk_choose(void);

/*
 * The variant of that name; NULL where the build, the processor or its system has none.
 * For tests and benches.
 */
const struct siphash_bulk *siphash_bulk_named(const char *name);

#endif
