/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rng.h"

#include <criterion/criterion.h>

/* The published first outputs of splitmix64 for this seed. */
Test(rng, known_outputs)
{
	const uint64_t expected[] = { 6457827717110365317ull, 3203168211198807973ull, 9817491932198370423ull,
				      4593380528125082431ull, 16408922859458223821ull };
	struct rng rng = { 1234567 };

	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(rng_u64(&rng), expected[i], "output %u", i);
}

Test(rng, below_reaches_all_and_no_more)
{
	struct rng rng = { 7 };

	for (uint32_t bound = 1; bound < 40; bound++) {
		uint64_t seen = 0;

		for (unsigned i = 0; i < 4000; i++) {
			uint32_t value = rng_below(&rng, bound);

			cr_assert_lt(value, bound);
			seen |= 1ull << value;
		}
		cr_assert_eq(seen, (1ull << bound) - 1, "bound %u", bound);
	}
	for (unsigned i = 0; i < 4000; i++)
		cr_assert_lt(rng_below(&rng, UINT32_MAX), UINT32_MAX);
}

/* Chi-squared over 100 cells, 99 degrees of freedom: beyond 170 less than once in 10^5; the seed is fixed. */
Test(rng, below_is_even)
{
	const unsigned cells = 100, draws = 64000;
	unsigned hits[100] = { 0 };
	struct rng rng = { 99 };
	double chi = 0;

	for (unsigned i = 0; i < draws; i++)
		hits[rng_below(&rng, cells)]++;
	for (unsigned i = 0; i < cells; i++) {
		double off = hits[i] - (double)draws / cells;

		chi += off * off / ((double)draws / cells);
	}
	cr_assert_lt(chi, 170.0);
}
