/* SPDX-License-Identifier: BSD-3-Clause */
#include "histogram.h"

#include <string.h>

uint64_t histogram_value(unsigned bucket)
{
	unsigned row = bucket >> HISTOGRAM_SUB_BITS, shift;
	uint64_t low;

	if (row == 0)
		return bucket;
	shift = row - 1;
	low = (uint64_t)(bucket - (shift << HISTOGRAM_SUB_BITS)) << shift;
	return low + ((1ull << shift) >> 1);
}

void histogram_add(struct histogram *sum, const struct histogram *h)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum->buckets[i] += __atomic_load_n(&h->buckets[i], __ATOMIC_RELAXED);
}

void histogram_until(struct histogram *earlier, const struct histogram *later)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		earlier->buckets[i] = later->buckets[i] - earlier->buckets[i];
}

uint64_t histogram_count(const struct histogram *h)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += h->buckets[i];
	return count;
}

/* The rank of a percentile given in thousandths: the smallest value that so many do not exceed. */
static uint64_t rank_of(uint64_t count, unsigned permille)
{
	/* Divided first: count * permille could overflow only beyond 10^16, but this never does. */
	return count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
}

void histogram_percentiles(const struct histogram *h, struct percentiles *out)
{
	static const unsigned permille[] = { 500, 900, 990, 999, 1000 };
	uint64_t *const results[] = { &out->p50, &out->p90, &out->p99, &out->p999, &out->max };
	uint64_t seen = 0;
	unsigned next = 0;

	memset(out, 0, sizeof(*out));
	out->count = histogram_count(h);
	if (out->count == 0)
		return;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		while (next < 5 && seen >= rank_of(out->count, permille[next]))
			*results[next++] = histogram_value(i);
	}
}
