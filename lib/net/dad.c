/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/dad.h"

#include "base/clock.h"

#define ROUND_NS CLOCK_NS_PER_S /* RFC 4862 section 5.1: RetransTimer, 1 s */

void dad_init(struct dad *dad, unsigned probes, unsigned addresses, uint64_t nonce)
{
	*dad = (struct dad){ .nonce = nonce,
			     .due_ns = UINT64_MAX,
			     .state = DAD_WAITING,
			     .probes = (uint8_t)probes,
			     .addresses = (uint8_t)addresses };
	if (probes == 0 || addresses == 0)
		dad->state = DAD_UNIQUE;
}

bool dad_advance(struct dad *dad, uint64_t now_ns)
{
	if (dad->state == DAD_WAITING) {
		dad->state = DAD_ASKING;
	} else if (dad_pending(dad)) {
		/*
		 * Neighbours have their second from when they were asked,
		 * and nobody has taken the question yet.
		 */
		dad->due_ns = now_ns + ROUND_NS;
		return false;
	} else if (now_ns < dad->due_ns || dad->state != DAD_ASKING) {
		return false;
	} else if (dad->round == dad->probes) {
		dad->state = DAD_UNIQUE;
		dad->due_ns = UINT64_MAX;
		return true;
	}
	dad->round++;
	dad->next = 0;
	dad->due_ns = now_ns + ROUND_NS;
	return false;
}

bool dad_next(struct dad *dad, unsigned *i)
{
	if (!dad_pending(dad))
		return false;
	*i = dad->next++;
	return true;
}

void dad_duplicate(struct dad *dad)
{
	dad->state = DAD_DUPLICATE;
	dad->due_ns = UINT64_MAX;
}
