/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/paws.h"

/*
 * A unit is 2^24 ticks, 4.9 hours: a sweep. 118 of them are 24.03 days,
 * and one more tells that they have gone by.
 */
#define UNIT_SHIFT 24
#define UNIT (1u << UNIT_SHIFT)
#define UNITS 119

/* Records in one round. */
#define SWEEP_BUDGET 32

/* 24 bits that depend on all 32. */
static uint32_t trace_of(uint32_t ts_recent)
{
	return ts_recent * 2654435761u >> (32 - UNIT_SHIFT);
}

static bool stands_still(const struct tcb *tcb)
{
	return tcb->still && tcb->timer == TIMER_NONE &&
	       (tcb->deadline & (UNIT - 1)) == trace_of(tcb->ts_recent);
}

static uint8_t units(const struct tcp *tcp, const struct tcb *tcb)
{
	return (uint8_t)((tcp->tick >> UNIT_SHIFT) - (tcb->deadline >> UNIT_SHIFT));
}

bool paws_outdated(const struct tcp *tcp, const struct tcb *tcb)
{
	return stands_still(tcb) && units(tcp, tcb) >= UNITS;
}

static void look_at(const struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->tuple.rport == 0 || !(tcb->flags & TCB_TS) || tcb->timer != TIMER_NONE)
		return;
	if (!stands_still(tcb)) {
		tcb->still = true;
		tcb->deadline = (tcp->tick & ~(UNIT - 1)) | trace_of(tcb->ts_recent);
	} else if (units(tcp, tcb) > UNITS) {
		tcb->deadline += UNIT; /* or it would come round after 52 days */
	}
}

void paws_sweep(struct tcp *tcp)
{
	for (unsigned i = 0; i < SWEEP_BUDGET && tcp->paws_cursor < tcp->hot.fresh; i++)
		look_at(tcp, tcb_at(tcp, tcp->paws_cursor++));
	if (tcp->paws_cursor < tcp->hot.fresh)
		return;
	tcp->paws_cursor = 0;
	tcp->paws_due = (tcp->tick | (UNIT - 1)) + 1;
}
