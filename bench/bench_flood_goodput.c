/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_goodput: which share of legitimate connections succeeds, and how soon they are connected, while
 * SYNs with forged addresses arrive at a given rate too? With the defence off, by itself, and always on;
 * from no flood to that of the target, which is 14.88 Mpps or 90 % of what this server can answer,
 * whichever is less; and past what it can answer. Over IPv6 what it can answer, and the target's rate by
 * itself. Cases, to be named alone: ipv4, ipv6. goodput_stage.h says how one core can tell.
 */
#include <stdio.h>

#include "bench.h"
#include "goodput_stage.h"

#define NS_PER_MS 1e6
#define NS_PER_S 1e9

/* Few enough to take little of the core beside the flood: some 3 % of it. */
#define CLIENTS_PER_S 25000.0
#define MEASURED 100000 /* connections at each point */
#define WARM_UP_NS (100 * NS_PER_MS)

/* The server's capacity: what it answers while more arrives than it ever could. */
#define SATURATING_PER_S 200e6
#define CAPACITY_TURNS 9
#define CAPACITY_TURN_NS (25 * NS_PER_MS)

#define LINE_RATE_MPPS 14.88 /* of 10 Gbit/s */
#define TARGET_SHARE 0.9     /* of the capacity */
#define TARGET 0.9999
#define P99_TIMES_MOST 3.0
#define CALM_S_MOST 10.0
#define CALM_PATIENCE_NS (15 * NS_PER_S)
/* Past capacity goodput may fall in proportion; below half of that it has collapsed. */
#define COLLAPSE 0.5
/* With the defence off less must succeed at the target's rate, or this bench shows nothing. */
#define HARMED 0.9
#define TARGET_6 0.85 /* of IPv4's cookies */

#define POINTS_MAX 16

/* Mpps below the target's; and past capacity, as multiples of it. */
static const double below[] = { 0, 0.01, 0.03, 0.1, 0.3, 1, 3, 6, 10 };
static const double beyond[] = { 1.2, 1.5, 2 };

static const enum weir_defence_mode modes[] = { WEIR_DEFENCE_OFF, WEIR_DEFENCE_AUTO, WEIR_DEFENCE_ALWAYS };

struct rates {
	double mpps[POINTS_MAX];
	unsigned count, target; /* the target's index */
	double capacity_mpps;
};

struct point {
	enum weir_defence_mode mode;
	bool is6;
	double mpps, succeeded, p99_us, calm_s;
};

/* ---- what the server can do ---- */

static double capacity_turn(struct goodput_stage *stage)
{
	struct goodput_counts before, after;

	goodput_stage_counts(stage, &before);
	goodput_stage_run(stage, CAPACITY_TURN_NS);
	goodput_stage_counts(stage, &after);
	return (double)(after.cookies - before.cookies) / (after.now_ns - before.now_ns) * NS_PER_S / 1e6;
}

/* SYNs that are answered by cookies, Mpps; 0 after a note: there is no such figure. */
static double measure_capacity(bool is6)
{
	struct goodput_stage *stage = goodput_stage_create(WEIR_DEFENCE_ALWAYS, is6);
	double turns[CAPACITY_TURNS], capacity;

	if (stage == NULL)
		return 0;
	goodput_stage_clients(stage, CLIENTS_PER_S);
	goodput_stage_run(stage, WARM_UP_NS);
	goodput_stage_clients(stage, 0);
	goodput_stage_flood(stage, SATURATING_PER_S);
	goodput_stage_run(stage, CAPACITY_TURN_NS);
	for (unsigned i = 0; i < CAPACITY_TURNS; i++)
		turns[i] = capacity_turn(stage);
	if (!goodput_stage_destroy(stage))
		return 0;
	capacity = bench_median(turns, CAPACITY_TURNS);
	if (capacity == 0)
		bench_note("flood_goodput: the server answers by no cookie");
	return capacity;
}

static void choose_rates(struct rates *rates, double capacity_mpps)
{
	double share = TARGET_SHARE * capacity_mpps;
	double target = share < LINE_RATE_MPPS ? share : LINE_RATE_MPPS;

	*rates = (struct rates){ .capacity_mpps = capacity_mpps };
	for (unsigned i = 0; i < sizeof(below) / sizeof(below[0]) && below[i] < 0.8 * target; i++)
		rates->mpps[rates->count++] = below[i];
	rates->target = rates->count;
	rates->mpps[rates->count++] = target;
	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		rates->mpps[rates->count++] = beyond[i] * capacity_mpps;
}

/* ---- one point ---- */

static void note_point(const struct point *point, const struct goodput_counts *counts)
{
	bench_note(
		"flood_goodput: %s, %.2f Mpps: busy %.1f %%, %.2f %% of frames missed, %u half-open; %lu of "
		"%lu turns while others had the CPU, %lu cut, the longest %.0f us",
		weir_defence_name(point->mode), point->mpps, 100 * counts->busy_ns / counts->now_ns,
		100 * (double)counts->missed / (double)(counts->missed + counts->received + 1),
		counts->half_open_max, counts->interrupted, counts->turns, counts->cut, counts->longest_us);
}

static void tell_point(const struct point *point)
{
	const char *family = point->is6 ? "IPv6, " : "", *mode = weir_defence_name(point->mode);
	char which[64];

	snprintf(which, sizeof(which), "%s%s, %.2f Mpps", family, mode, point->mpps);
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = which,
		.value = point->succeeded,
		.unit = "of connections",
	});
	snprintf(which, sizeof(which), "%s%s, %.2f Mpps, p99 connect", family, mode, point->mpps);
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = which,
		.value = point->p99_us,
		.unit = "us",
	});
}

/* False after a note. */
static bool measure_point(struct point *point)
{
	struct goodput_stage *stage = goodput_stage_create(point->mode, point->is6);
	const struct goodput_result *result;
	struct percentiles connect;
	struct goodput_counts counts;

	if (stage == NULL)
		return false;
	goodput_stage_clients(stage, CLIENTS_PER_S);
	goodput_stage_run(stage, WARM_UP_NS);
	goodput_stage_flood(stage, point->mpps * 1e6);
	result = goodput_stage_measure(stage, MEASURED);
	goodput_stage_counts(stage, &counts);
	histogram_percentiles(&result->connect, &connect);
	point->succeeded = (double)result->succeeded / (double)result->attempted;
	point->p99_us = (double)connect.p99 / 1e3;
	goodput_stage_flood(stage, 0);
	if (point->mode == WEIR_DEFENCE_AUTO)
		point->calm_s = goodput_stage_calm(stage, CALM_PATIENCE_NS) / NS_PER_S;
	note_point(point, &counts);
	tell_point(point);
	return goodput_stage_destroy(stage);
}

static bool is_as_promised(const struct point *point, const struct rates *rates)
{
	double share = point->mpps > rates->capacity_mpps ? rates->capacity_mpps / point->mpps : 1;

	if (point->mode == WEIR_DEFENCE_OFF)
		return true;
	if (point->succeeded < COLLAPSE * share)
		bench_note("flood_goodput: %s, %.2f Mpps: goodput has collapsed",
			   weir_defence_name(point->mode), point->mpps);
	else if (point->calm_s > CALM_S_MOST)
		bench_note("flood_goodput: %.1f s after the flood the guard still answers by cookies",
			   point->calm_s);
	else
		return true;
	return false;
}

/* ---- all of them ---- */

static void tell_auto(const struct rates *rates, const struct point *points)
{
	const struct point *calm = &points[0], *target = &points[rates->target];
	double calm_s = 0;

	for (unsigned i = 0; i < rates->count; i++)
		calm_s = points[i].calm_s > calm_s ? points[i].calm_s : calm_s;
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = "auto, the target's rate",
		.headline = true,
		.value = target->succeeded,
		.unit = "of connections",
		.reference = "all",
		.reference_value = 1,
		.ratio = target->succeeded,
		.target = TARGET,
	});
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = "auto, the target's rate, p99 connect",
		.value = target->p99_us,
		.unit = "us",
		.reference = "without a flood",
		.reference_value = calm->p99_us,
		.ratio = calm->p99_us / target->p99_us,
		.target = 1 / P99_TIMES_MOST,
	});
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = "auto, cookies after the flood",
		.value = calm_s,
		.unit = "s",
		.reference = "at most",
		.reference_value = CALM_S_MOST,
		.ratio = calm_s > 0 ? CALM_S_MOST / calm_s : 0, /* 0: it never did */
		.target = 1,
	});
}

static bool measure_mode(enum weir_defence_mode mode, const struct rates *rates, struct point *points)
{
	/* With the defence off there is nothing to see past that. */
	unsigned count = mode == WEIR_DEFENCE_OFF ? rates->target + 1 : rates->count;
	bool well = true;

	for (unsigned i = 0; i < count; i++) {
		points[i] = (struct point){ .mode = mode, .mpps = rates->mpps[i] };
		well &= measure_point(&points[i]) && is_as_promised(&points[i], rates);
	}
	if (mode == WEIR_DEFENCE_OFF && points[rates->target].succeeded > HARMED) {
		bench_note("flood_goodput: the flood does no harm with the defence off: this shows nothing");
		well = false;
	}
	if (mode == WEIR_DEFENCE_AUTO)
		tell_auto(rates, points);
	return well;
}

/* Over IPv6, in the same run: what the server can answer, and who succeeds at the target's rate, by that. */
static bool measure_ipv6(double capacity4_mpps)
{
	double capacity = measure_capacity(true);
	struct point point = { .mode = WEIR_DEFENCE_AUTO, .is6 = true };
	struct rates rates;

	if (capacity == 0)
		return false;
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = "IPv6, cookies at most",
		.value = capacity,
		.unit = "Mpps",
		.reference = "over IPv4",
		.reference_value = capacity4_mpps,
		.ratio = capacity / capacity4_mpps,
		.target = TARGET_6,
	});
	choose_rates(&rates, capacity);
	point.mpps = rates.mpps[rates.target];
	if (!measure_point(&point) || !is_as_promised(&point, &rates))
		return false;
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = "IPv6, auto, the target's rate",
		.value = point.succeeded,
		.unit = "of connections",
		.reference = "all",
		.reference_value = 1,
		.ratio = point.succeeded,
		.target = TARGET,
	});
	return true;
}

int bench_flood_goodput(void)
{
	struct point points[POINTS_MAX];
	struct rates rates;
	double capacity = measure_capacity(false);
	bool well = true;

	if (capacity == 0)
		return -1;
	bench_row(&(struct bench_row){
		.bench = "flood_goodput",
		.which = "cookies at most",
		.value = capacity,
		.unit = "Mpps",
	});
	choose_rates(&rates, capacity);
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]) && bench_wants("ipv4"); i++)
		well &= measure_mode(modes[i], &rates, points);
	if (bench_wants("ipv6"))
		well &= measure_ipv6(capacity);
	return well ? 0 : -1;
}
