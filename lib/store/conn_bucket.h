/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_bucket.h - one bucket of the connection table: eight entries (conn_entry.h) in a cache line. Private
 * to the table's sources. Whatever asks for a mark's ways has the bucket's counts of strays for nothing.
 */
#ifndef WEIR_STORE_CONN_BUCKET_H
#define WEIR_STORE_CONN_BUCKET_H

#include "base/check.h"
#include "store/conn_entry.h"

#ifdef __SSE2__
#include "store/conn_match_sse2.h"
#define CONN_MATCH conn_match_sse2
#define CONN_WAYS_OF conn_ways_of_sse2
#else
#include "store/conn_match_c.h"
#define CONN_MATCH conn_match_c
#define CONN_WAYS_OF conn_ways_of_c
#endif

static inline struct conn_match conn_bucket_match(const uint64_t *bucket, uint32_t mark)
{
	return CONN_MATCH(bucket, mark);
}

/* The ways that hold this ref: one at most. */
static inline uint32_t conn_bucket_ways_of(const uint64_t *bucket, uint32_t r)
{
	return CONN_WAYS_OF(bucket, r);
}

/* The free ways. */
static inline uint32_t conn_bucket_room(const uint64_t *bucket)
{
	return conn_bucket_match(bucket, 0).ways;
}

static inline uint32_t conn_bucket_strays(const uint64_t *bucket, uint32_t tag)
{
	return conn_strays(conn_bucket_match(bucket, 0).strays, tag);
}

static inline void conn_bucket_set_strays(uint64_t *bucket, uint32_t tag, uint32_t count)
{
	uint64_t *entry = bucket + 4 * (tag & 1);

	for (unsigned i = 0; i < 4; i++)
		entry[i] = (entry[i] & ~CONN_STRAY_BIT) | (uint64_t)(count >> i & 1) << 63;
}

/* One more of this home's keys stands elsewhere. */
static inline void conn_bucket_stray_out(uint64_t *bucket, uint32_t tag)
{
	uint32_t count = conn_bucket_strays(bucket, tag);

	if (count < CONN_STRAYS_MAX)
		conn_bucket_set_strays(bucket, tag, count + 1);
}

/* One fewer. */
static inline void conn_bucket_stray_back(uint64_t *bucket, uint32_t tag)
{
	uint32_t count = conn_bucket_strays(bucket, tag);

	DCHECK(count > 0);
	if (count < CONN_STRAYS_MAX)
		conn_bucket_set_strays(bucket, tag, count - 1);
}

#endif
