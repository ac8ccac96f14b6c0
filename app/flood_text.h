/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_text.h - a flood for people: what `weir flood` tells, and the seconds of a demo that is flooded.
 */
#ifndef WEIR_APP_FLOOD_TEXT_H
#define WEIR_APP_FLOOD_TEXT_H

#include <stdio.h>

#include "figures.h"
#include "flood_figures.h"
#include "flood_phases.h"
#include "options.h"

/* One second of a flood. t, end: as text_second() has them. */
void flood_text_second(FILE *out, const struct flood_figures *flood, double t, double end);

/* All of it; figures: of the shard it came from. */
void flood_text_summary(FILE *out, const struct flood_figures *flood, const struct figures *figures);

/* What begins, before the first line of a phase. */
void flood_text_phase(FILE *out, const struct options *options, const struct flood_phase *phase);

/* One second of a demo: how the client fares, and what the server does about the flood. */
void flood_text_demo(FILE *out, const struct flood_figures *flood, const struct figures *client,
		     const struct figures *server, double t, double end);

#endif
