/* SPDX-License-Identifier: BSD-3-Clause */
/* conn_match_c.h - comparing a bucket's marks in plain C, for machines that have nothing better. */
#ifndef WEIR_STORE_CONN_MATCH_C_H
#define WEIR_STORE_CONN_MATCH_C_H

#include "store/conn_entry.h"

static inline struct conn_match conn_match_c(const uint64_t *bucket, uint32_t mark)
{
	struct conn_match found = { 0, 0 };

	for (unsigned i = 0; i < CONN_WAYS; i++) {
		found.ways |= (uint32_t)(conn_entry_mark(bucket[i]) == mark) << i;
		found.strays |= (uint32_t)(bucket[i] >> 63) << i;
	}
	return found;
}

static inline uint32_t conn_ways_of_c(const uint64_t *bucket, uint32_t r)
{
	uint32_t ways = 0;

	for (unsigned i = 0; i < CONN_WAYS; i++)
		ways |= (uint32_t)((uint32_t)bucket[i] == r) << i;
	return ways;
}

#endif
