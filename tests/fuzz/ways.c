/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/ways.h"

#include "fuzz/fault.h"
#include "fuzz/witness.h"

unsigned ways_compare(enum ways_program program, const uint8_t *data, size_t size)
{
	TELL("== by the short ways\n");
	const struct witness *short_way = ways_short(program, data, size);

	TELL("== by the long ways\n");
	const struct witness *long_way = ways_long(program, data, size);

	for (unsigned i = 0; i < short_way->count && i < long_way->count; i++)
		HOLDS(short_way->looks[i].seen == long_way->looks[i].seen,
		      "short and long ways part at look %u, %.6f s; FUZZ_TRACE tells both", i,
		      (double)short_way->looks[i].now_ns / 1e9);
	HOLDS(short_way->count == long_way->count && short_way->seen == long_way->seen,
	      "short and long ways part after %u looks, or %u", short_way->count, long_way->count);
	return short_way->count;
}
