/* SPDX-License-Identifier: BSD-3-Clause */
#include "pace.h"

#include <criterion/criterion.h>

#define S 1000000000ull

static uint64_t count_until_end(struct pace *pace)
{
	uint64_t count = 0, last_ns = 0;

	for (; pace->next_ns != UINT64_MAX; pace_advance(pace)) {
		cr_assert_geq(pace->next_ns, last_ns, "never backwards");
		last_ns = pace->next_ns;
		count++;
	}
	return count;
}

Test(pace, as_many_as_rate_times_duration)
{
	static const uint64_t rates[] = { 1, 3, 7, 201, 1000, 5000, 99991, 1000000 };

	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct pace pace;

		pace_init(&pace, rates[i], 0, 3 * S, 0, 1);
		cr_expect_eq(count_until_end(&pace), 3 * rates[i], "%lu a second", rates[i]);
	}
}

Test(pace, even_times)
{
	struct pace pace;

	pace_init(&pace, 4, 0, UINT64_MAX, 0, 1);
	cr_expect_eq(pace.next_ns, 0);
	pace_advance(&pace);
	cr_expect_eq(pace.next_ns, S / 4);
	cr_expect(!pace_due(&pace, S / 4 - 1));
	cr_expect(pace_due(&pace, S / 4));
	for (int i = 1; i < 4 * 86400; i++)
		pace_advance(&pace);
	cr_expect_eq(pace.next_ns, 86400 * S, "and a day later still");
}

Test(pace, shards_share_one_sequence)
{
	struct pace whole, shards[3];

	pace_init(&whole, 1000, S, 5 * S, 0, 1);
	for (unsigned i = 0; i < 3; i++)
		pace_init(&shards[i], 1000, S, 5 * S, i, 3);
	for (unsigned i = 0; whole.next_ns != UINT64_MAX; i++) {
		cr_assert_eq(shards[i % 3].next_ns, whole.next_ns, "connection %u", i);
		pace_advance(&shards[i % 3]);
		pace_advance(&whole);
	}
	for (unsigned i = 0; i < 3; i++)
		cr_expect_eq(shards[i].next_ns, UINT64_MAX);
}

Test(pace, ramp_rises_evenly)
{
	struct pace pace;
	uint64_t first_half = 0, second_half = 0, after = 0;

	pace_init(&pace, 1000, 2 * S, 3 * S, 0, 1);
	for (; pace.next_ns != UINT64_MAX; pace_advance(&pace)) {
		if (pace.next_ns < S)
			first_half++;
		else if (pace.next_ns < 2 * S)
			second_half++;
		else
			after++;
	}
	/* 1000/s over 2 s make 1000 in all, a quarter of them in the first half. */
	cr_expect_eq(first_half, 250);
	cr_expect_eq(second_half, 750);
	cr_expect_eq(after, 1000);
}

Test(pace, ramp_of_things_at_once)
{
	cr_expect_eq(pace_ramped(100, 0, 0), 100, "no ramp");
	cr_expect_eq(pace_ramped(101, S, 0), 1, "one at once");
	cr_expect_eq(pace_ramped(101, S, S / 2), 51);
	cr_expect_eq(pace_ramped(101, S, S), 101);
	cr_expect_eq(pace_ramped(1, S, S / 2), 1);
}
