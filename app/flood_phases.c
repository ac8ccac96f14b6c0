/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_phases.h"

#define PHASES 3

/* No connection may be worse off for what was before: the defence is on when it is not needed, too. */
static const struct flood_phase in_turn[PHASES] = {
	{ .name = "calm", .flooded = false, .defence = WEIR_DEFENCE_AUTO },
	{ .name = "off", .flooded = true, .defence = WEIR_DEFENCE_OFF },
	{ .name = "auto", .flooded = true, .defence = WEIR_DEFENCE_AUTO },
};

static const struct flood_phase alone[] = {
	[WEIR_DEFENCE_AUTO] = { .name = "auto", .flooded = true, .defence = WEIR_DEFENCE_AUTO },
	[WEIR_DEFENCE_ALWAYS] = { .name = "always", .flooded = true, .defence = WEIR_DEFENCE_ALWAYS },
	[WEIR_DEFENCE_OFF] = { .name = "off", .flooded = true, .defence = WEIR_DEFENCE_OFF },
};

const struct flood_phase *flood_phase_at(const struct options *options, uint64_t t_ns)
{
	uint64_t length_ns = options->duration_ns / PHASES, number;

	if (options->defence_given)
		return &alone[options->defence];
	number = length_ns > 0 ? t_ns / length_ns : 0;
	return &in_turn[number < PHASES ? number : PHASES - 1];
}
