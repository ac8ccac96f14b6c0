/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * histogram.h - a log-linear histogram of durations, with a bounded relative error.
 *
 * Each power of two is cut into 128 equal buckets, so that a bucket is at most 1/128 of its
 * values wide; a percentile answers with the middle of its bucket and is off by at most
 * 1/256 = 0.4 %. Values below 128 ns are exact. Recording is a shift and an addition. Averages were
 * rejected because they hide what matters, and sorted samples because they grow.
 *
 * Threads: one writer. Others may read, merge and take differences at any time: they see whole
 * counts, each at most a burst old.
 */
#ifndef WEIR_APP_HISTOGRAM_H
#define WEIR_APP_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 7
/* 2^37 ns are 137 s, beyond the 100 s of any timeout; what is longer counts as the longest. */
#define HISTOGRAM_MAX_BITS 37
#define HISTOGRAM_MAX_NS ((1ull << HISTOGRAM_MAX_BITS) - 1)
/* Values below 2^SUB_BITS take one row of buckets; so does each power of two from there on. */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t ns)
{
	unsigned shift;

	if (ns > HISTOGRAM_MAX_NS)
		ns = HISTOGRAM_MAX_NS;
	if (ns < 1u << HISTOGRAM_SUB_BITS)
		return (unsigned)ns;
	shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
	/* The leading bit of ns >> shift adds the row that the first values took. */
	return (shift << HISTOGRAM_SUB_BITS) + (unsigned)(ns >> shift);
}

static inline void histogram_record(struct histogram *h, uint64_t ns)
{
	uint64_t *bucket = &h->buckets[histogram_bucket(ns)];

	__atomic_store_n(bucket, *bucket + 1, __ATOMIC_RELAXED);
}

/* The middle of a bucket, ns. */
uint64_t histogram_value(unsigned bucket);

/* sum += h; h may have a writer, sum must not. */
void histogram_add(struct histogram *sum, const struct histogram *h);

/* What was recorded between two copies of a histogram: earlier becomes later - earlier. */
void histogram_until(struct histogram *earlier, const struct histogram *later);

uint64_t histogram_count(const struct histogram *h);

/* What a run says about a latency, ns. All 0 when nothing was recorded. */
struct percentiles {
	uint64_t count;
	uint64_t p50, p90, p99, p999, max;
};

void histogram_percentiles(const struct histogram *h, struct percentiles *out);

#endif
