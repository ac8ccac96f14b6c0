/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.h - what a run tells, and to whom: lines for people on standard output or, with --json,
 * JSON lines there and people's lines on standard error.
 */
#ifndef WEIR_APP_OUTPUT_H
#define WEIR_APP_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "figures.h"
#include "flood_figures.h"
#include "flood_phases.h"
#include "layout.h"
#include "options.h"

#define OUTPUT_SIDES_MAX 2

struct output_side {
	const char *name; /* "client", "server" */
	bool is_client;
	const struct figures *figures;
	const struct flood_figures *flood; /* from its shards; NULL: none */
};

struct output {
	const struct options *options;
	FILE *people;
	bool json;
	bool broken;        /* standard output takes no more; */
	int why;            /* and errno's reason. EPIPE: nobody reads it any more, which is no fault */
	uint32_t defending; /* ports that answered by cookies a second ago, */
	double defending_since[OPTIONS_LISTEN_MAX]; /* and since when, seconds since ready */
};

void output_init(struct output *output, const struct options *options);

void output_ready(struct output *output, const struct layout *layout);

/* One line for people. */
void output_notice(struct output *output, const char *line);

/* A demo that is flooded goes into its next phase. */
void output_phase(struct output *output, const struct flood_phase *phase);

/* t: seconds since ready. */
void output_second(struct output *output, const struct output_side *sides, unsigned count, double t);

void output_summary(struct output *output, const struct output_side *sides, unsigned count, double t);

#endif
