/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "base/limit.h"

static unsigned take_all(struct limit *limit, uint64_t now_ns)
{
	unsigned n = 0;

	while (limit_take(limit, now_ns))
		n++;
	return n;
}

Test(limit, a_burst_and_then_the_rate)
{
	struct limit limit;
	uint64_t now_ns = 5 * CLOCK_NS_PER_S;

	limit_init(&limit, 1000, 100);
	cr_assert_eq(take_all(&limit, now_ns), 100);
	cr_assert_eq(take_all(&limit, now_ns + CLOCK_NS_PER_MS - 1), 0);
	cr_assert_eq(take_all(&limit, now_ns + CLOCK_NS_PER_MS), 1);
	cr_assert_eq(take_all(&limit, now_ns + 11 * CLOCK_NS_PER_MS), 10);
}

Test(limit, a_long_rest_fills_the_bucket_once)
{
	struct limit limit;

	limit_init(&limit, 1000, 100);
	cr_assert_eq(take_all(&limit, CLOCK_NS_PER_S), 100);
	cr_assert_eq(take_all(&limit, 3600 * CLOCK_NS_PER_S), 100);
}
