/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * limit.h - a token bucket: at most `per_second` answers, `burst` of them at once. per_second 0: no limit.
 */
#ifndef WEIR_BASE_LIMIT_H
#define WEIR_BASE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct limit {
	uint64_t cost_ns;  /* of one answer */
	uint64_t burst_ns; /* of a full bucket */
	/* When the bucket would have been empty: it holds now - empty_ns, at most burst_ns. */
	uint64_t empty_ns;
};

static inline void limit_init(struct limit *limit, uint32_t per_second, uint32_t burst)
{
	*limit = (struct limit){ .cost_ns = per_second != 0 ? CLOCK_NS_PER_S / per_second : 0 };
	limit->burst_ns = burst * limit->cost_ns;
}

/* Takes one if there is one. */
static inline bool limit_take(struct limit *limit, uint64_t now_ns)
{
	if (now_ns > limit->burst_ns && limit->empty_ns < now_ns - limit->burst_ns)
		limit->empty_ns = now_ns - limit->burst_ns;
	if (limit->empty_ns + limit->cost_ns > now_ns)
		return false;
	limit->empty_ns += limit->cost_ns;
	return true;
}

#endif
