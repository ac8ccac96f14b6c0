/* SPDX-License-Identifier: BSD-3-Clause */
#include "histogram.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

static struct histogram h, other;

/* 1/256 by construction; what the header promises to people is 1 %. */
static void expect_close(uint64_t value, uint64_t got)
{
	uint64_t error = value > got ? value - got : got - value;

	cr_assert_leq(error * 256, value, "%lu came back as %lu", value, got);
}

Test(histogram, every_value_comes_back_within_its_error)
{
	for (uint64_t ns = 0; ns < 100000; ns++)
		expect_close(ns, histogram_value(histogram_bucket(ns)));
	for (unsigned bit = 7; bit < HISTOGRAM_MAX_BITS; bit++) {
		uint64_t edge = 1ull << bit;

		expect_close(edge - 1, histogram_value(histogram_bucket(edge - 1)));
		expect_close(edge, histogram_value(histogram_bucket(edge)));
		expect_close(edge + edge / 3, histogram_value(histogram_bucket(edge + edge / 3)));
	}
}

Test(histogram, buckets_are_in_order_and_within_bounds)
{
	unsigned last = 0;

	for (uint64_t ns = 0; ns < HISTOGRAM_MAX_NS; ns += 1 + ns / 1000) {
		unsigned bucket = histogram_bucket(ns);

		cr_assert(bucket == last || bucket == last + 1, "%lu ns in %u after %u", ns, bucket, last);
		last = bucket;
	}
	cr_expect_eq(histogram_bucket(HISTOGRAM_MAX_NS), HISTOGRAM_BUCKETS - 1);
	cr_expect_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1, "beyond the longest: the longest");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

Test(histogram, percentiles_against_sorted_samples)
{
	enum {
		N = 10007
	};
	static uint64_t samples[N];
	struct rng rng = { .state = 1 };
	struct percentiles p;

	for (unsigned i = 0; i < N; i++) {
		/* From nanoseconds to minutes. */
		samples[i] = rng_u64(&rng) >> (27 + rng_u64(&rng) % 37);
		histogram_record(&h, samples[i]);
	}
	qsort(samples, N, sizeof(samples[0]), compare);
	histogram_percentiles(&h, &p);
	cr_expect_eq(p.count, N);
	expect_close(samples[5003], p.p50);
	expect_close(samples[9006], p.p90);
	expect_close(samples[9906], p.p99);
	expect_close(samples[9996], p.p999);
	expect_close(samples[N - 1], p.max);
}

Test(histogram, one_sample_is_all_percentiles)
{
	struct percentiles p;

	histogram_percentiles(&h, &p);
	cr_expect(p.count == 0 && p.p50 == 0 && p.max == 0);
	histogram_record(&h, 100);
	histogram_percentiles(&h, &p);
	cr_expect(p.count == 1 && p.p50 == 100 && p.p90 == 100 && p.p99 == 100 && p.p999 == 100 &&
		  p.max == 100);
}

Test(histogram, sums_and_differences)
{
	static struct histogram sum;
	struct percentiles p;

	histogram_record(&h, 50);
	histogram_record(&other, 60);
	histogram_record(&other, 70);
	histogram_add(&sum, &h);
	histogram_add(&sum, &other);
	histogram_percentiles(&sum, &p);
	cr_expect(p.count == 3 && p.p50 == 60 && p.max == 70);
	histogram_until(&h, &sum);
	histogram_percentiles(&h, &p);
	cr_expect(p.count == 2 && p.p50 == 60 && p.max == 70);
}
