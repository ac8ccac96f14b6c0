/* SPDX-License-Identifier: BSD-3-Clause */
#include "share.h"

#include <math.h>

uint32_t share_chance(uint32_t n, unsigned shards)
{
	uint32_t mean = share_limit(n, shards), room = (uint32_t)ceil(5 * sqrt(mean));

	return n - mean < room ? n : mean + room;
}
