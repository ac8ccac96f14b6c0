/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/seq.h"

#include <criterion/criterion.h>

/* Around every place where 32-bit arithmetic could go wrong. */
static const uint32_t corners[] = { 0,          1,          2,          0x3fffffff, 0x40000000, 0x7ffffffe,
				    0x7fffffff, 0x80000000, 0x80000001, 0xbfffffff, 0xfffffffe, 0xffffffff };
static const uint32_t steps[] = { 1, 2, 1000, 0x3fffffff, 0x40000000, 0x7ffffffe, 0x7fffffff };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(seq, order_is_by_the_shorter_way_round)
{
	for (unsigned i = 0; i < COUNT(corners); i++) {
		for (unsigned j = 0; j < COUNT(steps); j++) {
			uint32_t a = corners[i], b = a + steps[j];

			cr_assert(seq_lt(a, b) && !seq_lt(b, a), "%x before %x", a, b);
			cr_assert(seq_le(a, b) && !seq_le(b, a), "%x before %x", a, b);
			cr_assert(seq_gt(b, a) && !seq_gt(a, b), "%x after %x", b, a);
			cr_assert(seq_ge(b, a) && !seq_ge(a, b), "%x after %x", b, a);
			cr_assert_eq(seq_diff(b, a), (int32_t)steps[j]);
			cr_assert_eq(seq_diff(a, b), -(int32_t)steps[j]);
			cr_assert_eq(seq_max(a, b), b);
			cr_assert_eq(seq_max(b, a), b);
		}
	}
}

Test(seq, equal)
{
	for (unsigned i = 0; i < COUNT(corners); i++) {
		uint32_t a = corners[i];

		cr_assert(!seq_lt(a, a) && !seq_gt(a, a) && seq_le(a, a) && seq_ge(a, a));
		cr_assert_eq(seq_diff(a, a), 0);
		cr_assert_eq(seq_max(a, a), a);
	}
}

Test(seq, within_is_half_open)
{
	for (unsigned i = 0; i < COUNT(corners); i++) {
		for (unsigned j = 0; j < COUNT(steps); j++) {
			uint32_t first = corners[i], len = steps[j];

			cr_assert(seq_within(first, first, len));
			cr_assert(seq_within(first + len - 1, first, len));
			cr_assert(!seq_within(first + len, first, len));
			cr_assert(!seq_within(first - 1, first, len));
			cr_assert(!seq_within(first, first, 0), "nothing is within an empty range");
		}
	}
}
