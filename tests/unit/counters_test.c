/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/counters.h"

#include <string.h>

#include <criterion/criterion.h>

Test(counters, each_has_a_name_and_a_sentence_of_its_own)
{
	for (enum counter a = 0; a < COUNTERS; a++) {
		cr_assert_not_null(counter_name(a));
		cr_assert_not_null(strchr(counter_sentence(a), ' '), "%s", counter_name(a));
		for (enum counter b = 0; b < a; b++) {
			cr_assert_str_neq(counter_name(a), counter_name(b));
			cr_assert_str_neq(counter_sentence(a), counter_sentence(b), "%s and %s",
					  counter_name(a), counter_name(b));
		}
	}
}

/* The balance frames_in = accepted + not mine + drops is summed by kind: a drop must be of that kind. */
Test(counters, a_drop_is_called_one)
{
	for (enum counter id = 0; id < COUNTERS; id++) {
		bool called = strncmp(counter_name(id), "drop_", 5) == 0;

		cr_assert_eq(called, counter_kind(id) == WEIR_COUNT_DROP, "%s", counter_name(id));
	}
	cr_assert_str_eq(counter_name(ACCEPTED), "frames_accepted");
	cr_assert_eq(counter_kind(ACCEPTED), WEIR_COUNT_STAT);
}

Test(counters, counting)
{
	struct counters counters = { 0 };

	count(&counters, COUNT_frames_in);
	count_add(&counters, COUNT_frames_in, 31);
	count_add(&counters, COUNT_bytes_in, 1ull << 40);
	for (enum counter id = 0; id < COUNTERS; id++) {
		uint64_t expected = id == COUNT_frames_in ? 32 : id == COUNT_bytes_in ? 1ull << 40 : 0;

		cr_assert_eq(count_get(&counters, id), expected, "%s", counter_name(id));
	}
}
