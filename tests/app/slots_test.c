/* SPDX-License-Identifier: BSD-3-Clause */
#include "slots.h"

#include <criterion/criterion.h>

static struct slots slots;

static void init(void)
{
	cr_assert_eq(slots_init(&slots, 4), 0);
}

static void fini(void)
{
	slots_fini(&slots);
}

TestSuite(slots, .init = init, .fini = fini);

Test(slots, each_number_once_and_then_none)
{
	bool seen[4] = { false };

	for (int i = 0; i < 4; i++) {
		uint32_t slot = slots_take(&slots);

		cr_assert_lt(slot, 4u);
		cr_assert(!seen[slot], "%u twice", slot);
		seen[slot] = true;
	}
	cr_expect_eq(slots_take(&slots), SLOTS_NONE);
	slots_give(&slots, 2);
	cr_expect_eq(slots_take(&slots), 2u);
	cr_expect_eq(slots_take(&slots), SLOTS_NONE);
}

Test(slots, last_given_back_is_next)
{
	uint32_t a = slots_take(&slots), b = slots_take(&slots);

	slots_give(&slots, a);
	slots_give(&slots, b);
	cr_expect_eq(slots_take(&slots), b);
	cr_expect_eq(slots_take(&slots), a);
}

Test(slots, line_in_order_and_once)
{
	cr_expect_eq(slots_next(&slots), SLOTS_NONE);
	slots_wait(&slots, 3);
	slots_wait(&slots, 0);
	slots_wait(&slots, 3);
	slots_wait(&slots, 1);
	cr_expect_eq(slots.waiting, 3u);
	cr_expect_eq(slots_next(&slots), 3u);
	slots_wait(&slots, 3);
	cr_expect_eq(slots_next(&slots), 0u);
	cr_expect_eq(slots_next(&slots), 1u);
	cr_expect_eq(slots_next(&slots), 3u, "behind those that waited longer");
	cr_expect_eq(slots_next(&slots), SLOTS_NONE);
	cr_expect_eq(slots.waiting, 0u);
}
