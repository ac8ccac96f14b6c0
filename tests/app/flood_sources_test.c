/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_sources.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* One of each family: a network in the midst of hosts' addresses, and a target elsewhere. */
static const struct place {
	struct weir_address network, target;
} places[] = {
	{ { 0, 0xffff0a000000 }, { 0, 0xffffc6130001 } },
	{ { 0xfd10000000000000, 0 }, { 0x2001000200000000, 0x190001 } },
};

#define EACH(place) for (const struct place *place = places; place < places + 2; place++)

static struct flood_sources sources;

static struct weir_address from(struct weir_address address, int64_t offset)
{
	return ip_address(ip_number_of(address) + (ip_number)(__int128)offset);
}

static bool init(struct weir_address first, struct weir_address last, struct weir_address target,
		 uint64_t seed)
{
	struct weir_range range = { .first = first, .last = last };

	return flood_sources_init(&sources, &range, 1, target, seed);
}

/* Two rounds: each address once in each. */
static void expect_each_once(struct weir_address first, uint32_t count)
{
	uint8_t *seen = calloc(count, 1);

	cr_assert_not_null(seen);
	for (uint8_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < count; i++) {
			ip_number offset = ip_number_of(flood_sources_next(&sources)) - ip_number_of(first);

			cr_assert(offset < count, "%lx", (uint64_t)offset);
			cr_assert_eq(seen[offset], round, "%lx again", (uint64_t)offset);
			seen[offset]++;
		}
	}
	free(seen);
}

Test(flood_sources, all_of_a_range_each_once_in_a_round)
{
	static const uint32_t counts[] = { 1, 2, 3, 5, 254, 256, 257, 1000, 65535, 65536 };

	EACH(place)
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct weir_address first = from(place->network, 1);

		for (uint64_t seed = 0; seed < 5; seed++) {
			cr_assert(init(first, from(first, counts[i] - 1), place->target,
				       seed * 0x123456789abcdefull));
			cr_assert_eq(sources.total, counts[i]);
			expect_each_once(first, counts[i]);
		}
	}
}

/* Those of the target's family, and of it all. */
Test(flood_sources, several_ranges_are_one)
{
	EACH(place)
	{
		const struct weir_range ranges[] = {
			{ from(place->network, 1), from(place->network, 3), 8 },
			{ { 0, 0xffffc0000201 }, { 0, 0xffffc0000204 }, 24 },
			{ { 0xfd99000000000000, 1 }, { 0xfd99000000000000, 4 }, 64 },
		};
		unsigned seen[2] = { 0 };

		cr_assert(flood_sources_init(&sources, ranges, 3, place->target, 9));
		for (unsigned i = 0; i < 70; i++) {
			struct weir_address address = flood_sources_next(&sources);

			cr_assert(ip_same_family(address, place->target));
			cr_assert(flood_sources_contain(&sources, address));
			seen[!ip_range_has(&ranges[0], address)]++;
		}
		cr_expect_eq(seen[0], 30);
		cr_expect_eq(seen[1], 40);
	}
}

/* Not in order, and not every other one either: steps of +1 and -1 are as rare as others. */
Test(flood_sources, order_looks_random)
{
	EACH(place)
	{
		unsigned near = 0, same_parity = 0;
		ip_number last, address;

		cr_assert(init(place->network, from(place->network, 0xffffff), place->target, 3));
		last = ip_number_of(flood_sources_next(&sources));
		for (unsigned i = 0; i < 100000; i++, last = address) {
			address = ip_number_of(flood_sources_next(&sources));
			near += address - last + 256 <= 512;
			same_parity += ((address ^ last) & 1) == 0;
		}
		cr_expect_lt(near, 20, "%u of 100000 steps are short; 3 are by chance", near);
		cr_expect(same_parity > 49000 && same_parity < 51000, "%u", same_parity);
	}
}

/* Half of the values of each bit that hosts differ in, from the prefix to the last. */
Test(flood_sources, a_range_that_nobody_could_count_is_used_all_over)
{
	struct weir_range range = { { 0xfd10000000000000, 1 }, { 0xfd10ffffffffffff, UINT64_MAX }, 16 };
	unsigned ones[128] = { 0 };

	cr_assert(flood_sources_init(&sources, &range, 1, places[1].target, 5));
	for (unsigned i = 0; i < 50000; i++) {
		struct weir_address address = flood_sources_next(&sources);

		cr_assert(ip_range_has(&range, address));
		for (unsigned bit = 0; bit < 128; bit++)
			ones[bit] += ip_number_of(address) >> bit & 1;
	}
	for (unsigned bit = 0; bit < 112; bit++)
		cr_expect(ones[bit] > 25000 - 700 && ones[bit] < 25000 + 700, "bit %u: %u", bit, ones[bit]);
}

Test(flood_sources, nor_does_all_there_is_overflow)
{
	struct weir_range all[WEIR_MAX_RANGES];

	for (uint64_t i = 0; i < WEIR_MAX_RANGES; i++)
		all[i] =
			(struct weir_range){ { i << 60, 0 }, { i << 60 | (UINT64_MAX >> 4), UINT64_MAX }, 4 };
	cr_assert(flood_sources_init(&sources, all, WEIR_MAX_RANGES, places[1].target, 5));
	cr_expect_eq(sources.total, 17 * FLOOD_RANGE_ADDRESSES_MAX, "the target parts one of them");
	for (unsigned i = 0; i < 100000; i++) {
		struct weir_address address = flood_sources_next(&sources);

		cr_assert(address.hi != 0 && address.hi >> 56 != 0xff, "%lx:", address.hi);
	}
	for (unsigned i = 0; i < sources.count; i++) {
		const struct flood_range *range = &sources.ranges[i];

		cr_expect(range->first + range->step * (range->count - 1) <= range->last, "range %u", i);
	}
}

Test(flood_sources, what_no_host_has_is_left_out)
{
	struct weir_address target = places[0].target;

	cr_assert(init(weir_ipv4(0), weir_ipv4(UINT32_MAX), target, 1));
	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t address = (uint32_t)flood_sources_next(&sources).lo;

		cr_assert(address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 0xe, "%x", address);
	}
	cr_assert(init(weir_ipv4(0x7effffff), weir_ipv4(0x80000000), target, 1), "one on each side of 127/8");
	cr_assert_eq(sources.total, 2);
	EACH(place)
	{
		cr_assert(init(from(place->target, -2), from(place->target, 1), place->target, 1));
		cr_assert_eq(sources.total, 3);
		for (unsigned i = 0; i < 30; i++)
			cr_assert(ip_number_of(flood_sources_next(&sources)) != ip_number_of(place->target));
	}
}

Test(flood_sources, none_left)
{
	static const struct weir_address nobodys[][2] = {
		{ { 0, 0xffff7f000000 }, { 0, 0xffff7fffffff } },          /* 127/8 */
		{ { 0, 0xffff00000000 }, { 0, 0xffff00ffffff } },          /* 0/8 */
		{ { 0, 0xffffe0000000 }, { 0, 0xffffffffffff } },          /* 224.0.0.0 and above */
		{ { 0, 0 }, { 0, 0xfffeffffffff } },                       /* ::1 among them */
		{ { 0xff00000000000000, 0 }, { UINT64_MAX, UINT64_MAX } }, /* ff00::/8 */
	};

	for (unsigned i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++)
		EACH(place)
	cr_expect_not(init(nobodys[i][0], nobodys[i][1], place->target, 0), "%u", i);
	EACH(place)
	{
		cr_expect_not(init(place->target, place->target, place->target, 0));
		cr_expect(init(place->target, from(place->target, 1), place->target, 0));
	}
	cr_expect_not(init(places[0].network, places[0].network, places[1].target, 0), "of another family");
	cr_expect_not(init((struct weir_address){ 0, 1 }, (struct weir_address){ 0, UINT64_MAX },
			   places[0].target, 0),
		      "of another family, around all of IPv4");
}

Test(flood_sources, knows_its_own)
{
	EACH(place)
	{
		cr_assert(init(from(place->target, -1), from(place->target, 1), place->target, 0));
		cr_expect(flood_sources_contain(&sources, from(place->target, -1)));
		cr_expect(flood_sources_contain(&sources, from(place->target, 1)));
		cr_expect_not(flood_sources_contain(&sources, place->target));
		cr_expect_not(flood_sources_contain(&sources, from(place->target, -2)));
		cr_expect_not(flood_sources_contain(&sources, from(place->target, 2)));
	}
}
