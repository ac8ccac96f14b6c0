/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_pace.h - how many packets of a flood are due now.
 *
 * pace.h knows when each connection is meant to be opened, however late it gets to it: that is what makes
 * latencies honest. Nobody waits for a flood's packets. So here time turns into debt, which is paid in bursts
 * that are never larger than what is owed; and what is older than FLOOD_CATCH_UP_NS is forgotten, lest a
 * port, or a CPU, that was busy for a while has to swallow all of it at once. Counted in 1e-9 packets: exact
 * at any rate, and no division but one per burst.
 *
 * Pure; time is an argument.
 */
#ifndef WEIR_APP_FLOOD_PACE_H
#define WEIR_APP_FLOOD_PACE_H

#include <stdint.h>

#include "options.h"

#define FLOOD_CATCH_UP_NS 100000000ull

struct flood_pace {
	uint64_t pps;     /* OPTIONS_PPS_MAX: all that there is room for */
	uint64_t last_ns; /* until when debt was counted */
	uint64_t debt;    /* 1e-9 packets; below 2^57 at the highest rate that there is, 1e9 */
};

/* How many, up to max, at pps, which may be another than last time: debts of an old rate are forgotten. */
unsigned flood_pace_due(struct flood_pace *pace, uint64_t pps, unsigned max, uint64_t now_ns);

/* So many of them were sent. */
void flood_pace_pay(struct flood_pace *pace, unsigned sent);

#endif
