/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/siphash_bulk.h"

#include <stdbool.h>
#include <string.h>

static void scalar_hash13_12(struct siphash_key key, const uint64_t *a, const uint32_t *b, unsigned n,
			     uint64_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = siphash13_12(key, a[i], b[i]);
}

static void scalar_prf24_12(struct siphash_key key, const uint64_t *a, const uint32_t *b, unsigned n,
			    uint64_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = siphash24_12(key, a[i], b[i]);
}

static void scalar_prf24_20(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint32_t *c,
			    unsigned n, uint64_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = siphash24_20(key, a[i], b[i], c[i]);
}

static void scalar_hash13_32(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint64_t *c,
			     const uint64_t *d, unsigned n, uint64_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = siphash13_32(key, a[i], b[i], c[i], d[i]);
}

static void scalar_prf24_32(struct siphash_key key, const uint64_t *a, const uint64_t *b, const uint64_t *c,
			    const uint64_t *d, unsigned n, uint64_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = siphash24_32(key, a[i], b[i], c[i], d[i]);
}

const struct siphash_bulk siphash_scalar = {
	.name = "scalar",
	.hash13_12 = scalar_hash13_12,
	.prf24_12 = scalar_prf24_12,
	.prf24_20 = scalar_prf24_20,
	.hash13_32 = scalar_hash13_32,
	.prf24_32 = scalar_prf24_32,
};

static bool any_machine(void)
{
	return true;
}

/* The compiler's question is about both the processor and the system, which must save the wide registers. */
#ifdef WEIR_SIPHASH_AVX2
static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#endif

#ifdef WEIR_SIPHASH_AVX512
static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}
#endif

/* The widest first; the last runs anywhere. */
static const struct variant {
	const struct siphash_bulk *bulk;
	bool (*runs_here)(void);
} variants[] = {
#ifdef WEIR_SIPHASH_AVX512
	{ &siphash_avx512, has_avx512 },
#endif
#ifdef WEIR_SIPHASH_AVX2
	{ &siphash_avx2, has_avx2 },
#endif
	{ &siphash_scalar, any_machine },
};

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

const struct siphash_bulk *siphash_bulk_choose(void)
{
	unsigned i = 0;

	while (!variants[i].runs_here())
		i++;
	return variants[i].bulk;
}

const struct siphash_bulk *siphash_bulk_named(const char *name)
{
	for (unsigned i = 0; i < VARIANTS; i++) {
		if (strcmp(variants[i].bulk->name, name) == 0 && variants[i].runs_here())
			return variants[i].bulk;
	}
	return NULL;
}
