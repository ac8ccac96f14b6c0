/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text.h - figures for people: a line per second, and a summary at the end.
 */
#ifndef WEIR_APP_TEXT_H
#define WEIR_APP_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "figures.h"

/* "1,234,567", right-aligned in width. */
#define TEXT_NUMBER 32
const char *text_number(uint64_t value, char text[TEXT_NUMBER]);

/* "850 ns", "12.3 us", "4.56 ms", "1.20 s". */
const char *text_time(uint64_t ns, char text[TEXT_NUMBER]);

/* "  3/10 s", or "    3 s" of a run without an end: how a second's line begins. */
void text_clock(FILE *out, double t, double end);

/* What matters of one second, without the line's end. is_client: latencies are its to tell. */
void text_second(FILE *out, const struct figures *figures, double t, double end, bool is_client);

/* What a flood does to a server in that second: more of the line, or nothing while there is none. */
void text_flooded(FILE *out, const struct figures *figures);

/* The line of what was dropped, if anything was. */
void text_drops(FILE *out, const struct figures *figures);

/* All of a run; name: of the side, or NULL when there is only one. */
void text_summary(FILE *out, const struct figures *figures, const char *name, bool is_client);

#endif
