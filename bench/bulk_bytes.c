/* SPDX-License-Identifier: BSD-3-Clause */
#include "bulk_bytes.h"

#include "base/rng.h"

void bulk_bytes_init(struct bulk_bytes *bytes)
{
	struct rng rng = { 1 };

	for (uint32_t i = 0; i < BULK_PERIOD; i++)
		bytes->pattern[i] = (uint8_t)rng_u64(&rng);
	memcpy(bytes->pattern + BULK_PERIOD, bytes->pattern, BULK_PIECE_MAX);
}
