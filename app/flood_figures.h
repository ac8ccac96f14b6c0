/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_figures.h - what is told about a flood, as plain numbers: what it has sent, and what came back.
 */
#ifndef WEIR_APP_FLOOD_FIGURES_H
#define WEIR_APP_FLOOD_FIGURES_H

#include <jansson.h>

#include "flood_counts.h"

struct flood_figures {
	const char *kind;    /* "syn" */
	const char *phase;   /* of demo: "calm", "off", "auto", "always"; else NULL */
	double seconds, pps; /* sent per second, in these seconds */
	double answers_ps;
	struct flood_counts counts;
};

/* Of the time from `since` to `now`, so many seconds. */
void flood_figures_make(const struct flood_counts *now, const struct flood_counts *since, double seconds,
			struct flood_figures *figures);

/* The object called `flood`; as json.h has it. */
json_t *flood_json(const struct flood_figures *figures);

#endif
