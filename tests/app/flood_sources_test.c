/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_sources.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define TARGET 0xc6130001u

static struct flood_sources sources;

static bool init(uint32_t first, uint32_t last, uint64_t seed)
{
	struct weir_range range = { .first = first, .last = last };

	return flood_sources_init(&sources, &range, 1, TARGET, seed);
}

/* Two rounds: each address once in each. */
static void expect_each_once(uint32_t first, uint32_t count)
{
	uint8_t *seen = calloc(count, 1);

	cr_assert_not_null(seen);
	for (uint8_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < count; i++) {
			uint32_t address = flood_sources_next(&sources);

			cr_assert(address - first < count, "%x", address);
			cr_assert_eq(seen[address - first], round, "%x again", address);
			seen[address - first]++;
		}
	}
	free(seen);
}

Test(flood_sources, all_of_a_range_each_once_in_a_round)
{
	static const uint32_t counts[] = { 1, 2, 3, 5, 254, 256, 257, 1000, 65535, 65536 };

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (uint64_t seed = 0; seed < 5; seed++) {
			cr_assert(init(0x0a000001, 0x0a000001 + counts[i] - 1, seed * 0x123456789abcdefull));
			cr_assert_eq(sources.total, counts[i]);
			expect_each_once(0x0a000001, counts[i]);
		}
	}
}

Test(flood_sources, several_ranges_are_one)
{
	static const struct weir_range ranges[] = { { .first = 0x0a000001, .last = 0x0a000003 },
						    { .first = 0xc0000201, .last = 0xc0000204 } };
	unsigned seen[2] = { 0 };

	cr_assert(flood_sources_init(&sources, ranges, 2, TARGET, 9));
	for (unsigned i = 0; i < 70; i++) {
		uint32_t address = flood_sources_next(&sources);

		cr_assert((address >= 0x0a000001 && address <= 0x0a000003) ||
			  (address >= 0xc0000201 && address <= 0xc0000204));
		seen[address >= 0xc0000201]++;
	}
	cr_expect_eq(seen[0], 30);
	cr_expect_eq(seen[1], 40);
}

/* Not in order, and not every other one either: steps of +1 and -1 are as rare as others. */
Test(flood_sources, order_looks_random)
{
	unsigned near = 0, same_parity = 0;
	uint32_t last, address;

	cr_assert(init(0x0a000000, 0x0affffff, 3));
	last = flood_sources_next(&sources);
	for (unsigned i = 0; i < 100000; i++, last = address) {
		address = flood_sources_next(&sources);
		near += address - last + 256 <= 512;
		same_parity += ((address ^ last) & 1) == 0;
	}
	cr_expect_lt(near, 20, "%u of 100000 steps are short; 3 are by chance", near);
	cr_expect(same_parity > 49000 && same_parity < 51000, "%u", same_parity);
}

Test(flood_sources, what_no_host_has_is_left_out)
{
	uint32_t address;

	cr_assert(init(0, UINT32_MAX, 1));
	for (unsigned i = 0; i < 1000000; i++) {
		address = flood_sources_next(&sources);
		cr_assert(address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 0xe, "%x", address);
	}
	cr_assert(init(0x7effffff, 0x80000000, 1), "one on each side of 127/8");
	cr_assert_eq(sources.total, 2);
	cr_assert(init(TARGET - 2, TARGET + 1, 1));
	cr_assert_eq(sources.total, 3);
	for (unsigned i = 0; i < 30; i++)
		cr_assert_neq(flood_sources_next(&sources), TARGET);
}

Test(flood_sources, none_left)
{
	cr_expect_not(init(TARGET, TARGET, 0));
	cr_expect_not(init(0x7f000000, 0x7fffffff, 0));
	cr_expect_not(init(0, 0x00ffffff, 0));
	cr_expect_not(init(0xe0000000, UINT32_MAX, 0));
	cr_expect(init(TARGET, TARGET + 1, 0));
}

Test(flood_sources, knows_its_own)
{
	cr_assert(init(TARGET - 1, TARGET + 1, 0));
	cr_expect(flood_sources_contain(&sources, TARGET - 1));
	cr_expect(flood_sources_contain(&sources, TARGET + 1));
	cr_expect_not(flood_sources_contain(&sources, TARGET));
	cr_expect_not(flood_sources_contain(&sources, TARGET - 2));
	cr_expect_not(flood_sources_contain(&sources, TARGET + 2));
}
