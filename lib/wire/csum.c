/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/csum.h"

#include <stdbool.h>

/* Less than this is summed up by words sooner than by a call of the vectors. */
#define WIDE_MIN 64

static uint64_t load64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Fewer than eight bytes, the missing ones taken as 0. */
static uint64_t load_tail(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;

	if (len & 4) {
		uint32_t word;

		memcpy(&word, p, sizeof(word));
		sum += word;
		p += 4;
	}
	if (len & 2) {
		uint16_t word;

		memcpy(&word, p, sizeof(word));
		sum += word;
		p += 2;
	}
	if (len & 1) {
		uint16_t word = 0;

		memcpy(&word, p, 1);
		sum += word;
	}
	return sum;
}

static uint64_t scalar_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t a = 0, b = 0, c = 0, d = 0; /* four chains of carries, so that none waits for another */

	for (; len >= 32; p += 32, len -= 32) {
		a = csum_add(a, load64(p));
		b = csum_add(b, load64(p + 8));
		c = csum_add(c, load64(p + 16));
		d = csum_add(d, load64(p + 24));
	}
	for (; len >= 8; p += 8, len -= 8)
		a = csum_add(a, load64(p));
	b = csum_add(b, load_tail(p, len));
	return csum_add(csum_add(a, b), csum_add(c, d));
}

static uint64_t scalar_copy(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return scalar_bytes(from, len);
}

const struct csum_wide csum_scalar = { .name = "scalar", .bytes = scalar_bytes, .copy = scalar_copy };

static bool any_machine(void)
{
	return true;
}

#ifdef WEIR_CSUM_AVX2
static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#endif

#ifdef WEIR_CSUM_AVX512
static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}
#endif

/* The widest first; the last runs anywhere. */
static const struct variant {
	const struct csum_wide *wide;
	bool (*runs_here)(void);
} variants[] = {
#ifdef WEIR_CSUM_AVX512
	{ &csum_avx512, has_avx512 },
#endif
#ifdef WEIR_CSUM_AVX2
	{ &csum_avx2, has_avx2 },
#endif
	{ &csum_scalar, any_machine },
};

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

const struct csum_wide *csum_wide_named(const char *name)
{
	for (unsigned i = 0; i < VARIANTS; i++) {
		if (strcmp(variants[i].wide->name, name) == 0 && variants[i].runs_here())
			return variants[i].wide;
	}
	return NULL;
}

static const struct csum_wide *chosen = &csum_scalar;

/* A sum has no object that could remember the choice for it. */
__attribute__((constructor)) static void choose(void)
{
	unsigned i = 0;

	__builtin_cpu_init();
	while (!variants[i].runs_here())
		i++;
	chosen = variants[i].wide;
}

uint64_t csum_bytes(const void *data, size_t len)
{
	return len < WIDE_MIN ? scalar_bytes(data, len) : chosen->bytes(data, len);
}

uint64_t csum_copy(void *to, const void *from, size_t len)
{
	return len < WIDE_MIN ? scalar_copy(to, from, len) : chosen->copy(to, from, len);
}
