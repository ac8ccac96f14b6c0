/* SPDX-License-Identifier: BSD-3-Clause */
#include "share.h"

#include <criterion/criterion.h>

Test(share, exact_ones_add_up)
{
	for (unsigned shards = 1; shards <= 64; shards++) {
		for (uint64_t n = 0; n < 200; n++) {
			uint64_t sum = 0;

			for (unsigned shard = 0; shard < shards; shard++)
				sum += share_exact(n, shard, shards);
			cr_assert_eq(sum, n, "%lu over %u", n, shards);
		}
	}
}

Test(share, limits_are_rounded_up_and_none_stays_none)
{
	cr_expect_eq(share_limit(0, 4), 0);
	cr_expect_eq(share_limit(1, 4), 1);
	cr_expect_eq(share_limit(4, 4), 1);
	cr_expect_eq(share_limit(5, 4), 2);
	cr_expect_eq(share_limit(UINT32_MAX, 1), UINT32_MAX);
}

/* Alone a shard has all, and no more than that. */
Test(share, chance_has_room)
{
	cr_expect_eq(share_chance(65536, 1), 65536);
	cr_expect_eq(share_chance(4, 2), 4);
	cr_expect_eq(share_chance(0, 2), 0);
	cr_expect_eq(share_chance(20000, 2), 10500);
	cr_expect_eq(share_chance(UINT32_MAX, 1), UINT32_MAX);
}
