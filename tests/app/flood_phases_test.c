/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_phases.h"

#include <criterion/criterion.h>

#define S 1000000000ull

static void expect_phase(const struct options *options, uint64_t t_ns, const char *name, bool flooded,
			 enum weir_defence_mode defence)
{
	const struct flood_phase *phase = flood_phase_at(options, t_ns);

	cr_expect_str_eq(phase->name, name, "at %lu ns", t_ns);
	cr_expect_eq(phase->flooded, flooded, "at %lu ns", t_ns);
	cr_expect_eq(phase->defence, defence, "at %lu ns", t_ns);
}

Test(flood_phases, a_third_each)
{
	struct options options = { .command = COMMAND_DEMO, .flood_pps = 1, .duration_ns = 15 * S };

	expect_phase(&options, 0, "calm", false, WEIR_DEFENCE_AUTO);
	expect_phase(&options, 5 * S - 1, "calm", false, WEIR_DEFENCE_AUTO);
	expect_phase(&options, 5 * S, "off", true, WEIR_DEFENCE_OFF);
	expect_phase(&options, 10 * S - 1, "off", true, WEIR_DEFENCE_OFF);
	expect_phase(&options, 10 * S, "auto", true, WEIR_DEFENCE_AUTO);
	expect_phase(&options, 16 * S, "auto", true, WEIR_DEFENCE_AUTO);
	options.duration_ns = 2;
	expect_phase(&options, 0, "calm", false, WEIR_DEFENCE_AUTO);
}

Test(flood_phases, the_one_that_was_asked_for)
{
	static const char *const names[] = { "auto", "always", "off" };

	for (unsigned mode = 0; mode < 3; mode++) {
		struct options options = { .command = COMMAND_DEMO,
					   .flood_pps = 1,
					   .duration_ns = 15 * S,
					   .defence_given = true,
					   .defence = (enum weir_defence_mode)mode };

		expect_phase(&options, 0, names[mode], true, (enum weir_defence_mode)mode);
		expect_phase(&options, 14 * S, names[mode], true, (enum weir_defence_mode)mode);
	}
}
