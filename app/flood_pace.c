/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_pace.h"

#define PACKET 1000000000ull

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

unsigned flood_pace_due(struct flood_pace *pace, uint64_t pps, unsigned max, uint64_t now_ns)
{
	uint64_t passed_ns, most;

	if (pps != pace->pps)
		*pace = (struct flood_pace){ .pps = pps, .last_ns = now_ns };
	if (pps == OPTIONS_PPS_MAX)
		return max;
	passed_ns = least(now_ns - pace->last_ns, FLOOD_CATCH_UP_NS);
	pace->last_ns = now_ns;
	/* Slow floods never owe a whole packet in that time. */
	most = FLOOD_CATCH_UP_NS * pps < PACKET ? PACKET : FLOOD_CATCH_UP_NS * pps;
	pace->debt = least(pace->debt + passed_ns * pps, most);
	return (unsigned)least(pace->debt / PACKET, max);
}

void flood_pace_pay(struct flood_pace *pace, unsigned sent)
{
	if (pace->pps != OPTIONS_PPS_MAX)
		pace->debt -= sent * PACKET;
}
