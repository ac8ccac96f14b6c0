/* SPDX-License-Identifier: BSD-3-Clause */
/* Only in builds with the option `stages`, see base/stage.h. */
#include "base/stage.h"

#include <rte_cycles.h>

static _Thread_local struct {
	enum stage now;
	uint64_t since;
	uint64_t cycles[STAGES];
} stages;

void stage_enter(enum stage stage)
{
	uint64_t tsc = rte_rdtsc();

	stages.cycles[stages.now] += tsc - stages.since;
	stages.now = stage;
	stages.since = tsc;
}

uint64_t stage_cycles(enum stage stage)
{
	return stages.cycles[stage];
}

const char *stage_name(enum stage stage)
{
	static const char *const names[STAGES] = {
		[STAGE_OTHER] = "other",       [STAGE_RECEIVE] = "receive",         [STAGE_PARSE] = "parse",
		[STAGE_INPUT] = "input",       [STAGE_DISPOSE] = "dispose",         [STAGE_TIMERS] = "timers",
		[STAGE_OUTPUT] = "output",     [STAGE_APPLICATION] = "application", [STAGE_BUILD] = "build",
		[STAGE_TRANSMIT] = "transmit",
	};

	return names[stage];
}
