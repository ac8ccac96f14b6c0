/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/siphash_bulk.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define MOST 64 /* the largest burst */
#define ROUNDS 5
#define CANARY 0x5ca1ab1e0ddba11ull

static const char *const names[] = { "scalar", "avx2", "avx512" };

#define NAMES (sizeof(names) / sizeof(names[0]))

/* A burst in blocks that end where it ends, so that a sanitizer sees a word read or written beyond. */
struct burst {
	struct siphash_key key;
	unsigned n;
	uint64_t *a, *b, *d, *e, *out;
	uint32_t *c;
};

static void *block(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	cr_assert_not_null(p);
	return p;
}

static struct burst burst_of(unsigned n, struct rng *rng)
{
	struct burst burst = {
		.key = { rng_u64(rng), rng_u64(rng) },
		.n = n,
		.a = block(n * 8),
		.b = block(n * 8),
		.c = block(n * 4),
		.d = block(n * 8),
		.e = block(n * 8),
		.out = block((n + 1) * 8),
	};

	for (unsigned i = 0; i < n; i++) {
		burst.a[i] = rng_u64(rng);
		burst.b[i] = rng_u64(rng);
		burst.c[i] = (uint32_t)rng_u64(rng);
		burst.d[i] = rng_u64(rng);
		burst.e[i] = rng_u64(rng);
	}
	burst.out[n] = CANARY;
	return burst;
}

static void burst_free(struct burst *burst)
{
	free(burst->a);
	free(burst->b);
	free(burst->c);
	free(burst->d);
	free(burst->e);
	free(burst->out);
}

static void check_hash13_12(const struct siphash_bulk *bulk, const struct burst *burst)
{
	bulk->hash13_12(burst->key, burst->a, burst->c, burst->n, burst->out);
	for (unsigned i = 0; i < burst->n; i++)
		cr_assert_eq(burst->out[i], siphash13_12(burst->key, burst->a[i], burst->c[i]),
			     "%s, hash13_12, %u of %u", bulk->name, i, burst->n);
	cr_assert_eq(burst->out[burst->n], CANARY);
}

static void check_prf24_12(const struct siphash_bulk *bulk, const struct burst *burst)
{
	bulk->prf24_12(burst->key, burst->a, burst->c, burst->n, burst->out);
	for (unsigned i = 0; i < burst->n; i++)
		cr_assert_eq(burst->out[i], siphash24_12(burst->key, burst->a[i], burst->c[i]),
			     "%s, prf24_12, %u of %u", bulk->name, i, burst->n);
	cr_assert_eq(burst->out[burst->n], CANARY);
}

static void check_prf24_20(const struct siphash_bulk *bulk, const struct burst *burst)
{
	bulk->prf24_20(burst->key, burst->a, burst->b, burst->c, burst->n, burst->out);
	for (unsigned i = 0; i < burst->n; i++)
		cr_assert_eq(burst->out[i], siphash24_20(burst->key, burst->a[i], burst->b[i], burst->c[i]),
			     "%s, prf24_20, %u of %u", bulk->name, i, burst->n);
	cr_assert_eq(burst->out[burst->n], CANARY);
}

static void check_hash13_32(const struct siphash_bulk *bulk, const struct burst *burst)
{
	bulk->hash13_32(burst->key, burst->a, burst->b, burst->d, burst->e, burst->n, burst->out);
	for (unsigned i = 0; i < burst->n; i++)
		cr_assert_eq(burst->out[i],
			     siphash13_32(burst->key, burst->a[i], burst->b[i], burst->d[i], burst->e[i]),
			     "%s, hash13_32, %u of %u", bulk->name, i, burst->n);
	cr_assert_eq(burst->out[burst->n], CANARY);
}

static void check_prf24_32(const struct siphash_bulk *bulk, const struct burst *burst)
{
	bulk->prf24_32(burst->key, burst->a, burst->b, burst->d, burst->e, burst->n, burst->out);
	for (unsigned i = 0; i < burst->n; i++)
		cr_assert_eq(burst->out[i],
			     siphash24_32(burst->key, burst->a[i], burst->b[i], burst->d[i], burst->e[i]),
			     "%s, prf24_32, %u of %u", bulk->name, i, burst->n);
	cr_assert_eq(burst->out[burst->n], CANARY);
}

/* Sizes with and without a tail, and bursts larger than any that are promised. */
Test(siphash_bulk, each_variant_equals_one_by_one)
{
	struct rng rng = { 3 };

	for (unsigned n = 0; n <= 2 * MOST; n++) {
		for (unsigned i = 0; i < NAMES * ROUNDS; i++) {
			const struct siphash_bulk *bulk = siphash_bulk_named(names[i % NAMES]);
			struct burst burst;

			if (!bulk)
				continue;
			burst = burst_of(n, &rng);
			check_hash13_12(bulk, &burst);
			check_prf24_12(bulk, &burst);
			check_prf24_20(bulk, &burst);
			check_hash13_32(bulk, &burst);
			check_prf24_32(bulk, &burst);
			burst_free(&burst);
		}
	}
}

/*
 * The words in the order of the message's bytes, each little-endian: the standard's SipHash of those bytes.
 */
Test(siphash_bulk, words_are_the_bytes_of_the_standard)
{
	struct rng rng = { 5 };

	for (unsigned round = 0; round < 10000; round++) {
		struct siphash_key key = { rng_u64(&rng), rng_u64(&rng) };
		uint64_t a = rng_u64(&rng), b = rng_u64(&rng);
		uint32_t c = (uint32_t)rng_u64(&rng);
		uint64_t words[4] = { a, b, rng_u64(&rng), rng_u64(&rng) };
		uint8_t twelve[12], twenty[20];

		memcpy(twelve, &a, 8);
		memcpy(twelve + 8, &c, 4);
		cr_assert_eq(siphash24_12(key, a, c), siphash24_bytes(key, twelve, 12));
		memcpy(twenty, &a, 8);
		memcpy(twenty + 8, &b, 8);
		memcpy(twenty + 16, &c, 4);
		cr_assert_eq(siphash24_20(key, a, b, c), siphash24_bytes(key, twenty, 20));
		cr_assert_eq(siphash24_32(key, a, b, words[2], words[3]), siphash24_bytes(key, words, 32));
	}
}

#ifdef __x86_64__
static bool processor_has(const char *name)
{
	if (strcmp(name, "avx512") == 0)
		return __builtin_cpu_supports("avx512f");
	return strcmp(name, "avx2") != 0 || __builtin_cpu_supports("avx2");
}
#else
static bool processor_has(const char *name)
{
	return strcmp(name, "scalar") == 0;
}
#endif

/* names[] goes from narrow to wide. */
Test(siphash_bulk, the_choice_is_the_widest_that_the_processor_has)
{
	const char *widest = NULL;

	for (unsigned i = 0; i < NAMES; i++) {
		const struct siphash_bulk *bulk = siphash_bulk_named(names[i]);

		cr_assert_eq(bulk != NULL, processor_has(names[i]), "%s", names[i]);
		if (bulk) {
			cr_assert_str_eq(bulk->name, names[i]);
			widest = names[i];
		}
	}
	cr_assert_str_eq(siphash_bulk_choose()->name, widest);
	cr_assert_null(siphash_bulk_named("sse9"));
}
