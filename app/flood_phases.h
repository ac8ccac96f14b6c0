/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_phases.h - what demo's flood does when: one third of the time each without a flood, with the flood
 * and no defence, and with the defence that is the default; or, where --syn-defence says so, the flood and
 * that one all the time. Pure.
 */
#ifndef WEIR_APP_FLOOD_PHASES_H
#define WEIR_APP_FLOOD_PHASES_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct flood_phase {
	const char *name; /* "calm", "off", "auto", "always" */
	bool flooded;
	enum weir_defence_mode defence; /* the server's */
};

/* Of demo with a flood, t_ns after its start; once the time is over, the last. Static storage. */
const struct flood_phase *flood_phase_at(const struct options *options, uint64_t t_ns);

#endif
