/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench.h - what the benches of weir-bench share.
 *
 * A bench answers one question with ratios: what weir takes, beside what a reference takes for the same
 * work in the same run on the same core, in turns, so that whatever the machine does meanwhile meets
 * both. What is told is the median of the turns.
 */
#ifndef WEIR_BENCH_BENCH_H
#define WEIR_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

/* Turns of each side; odd, so that there is one in the middle. */
#define BENCH_TURNS 7

/* One line of output. */
struct bench_row {
	const char *bench; /* its name */
	const char *which; /* the case within it */
	bool headline;     /* the one row of a bench that it is known by */
	double value;
	const char *unit;
	const char *reference; /* what it is compared with; NULL: nothing, then no ratio */
	double reference_value;
	double ratio;                  /* times better than the reference */
	double target;                 /* 0: none */
	double core_round_trip_cycles; /* where two cores take part; 0: one does */
};

void bench_row(const struct bench_row *row);

/* A remark for people, on standard error. */
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Cycles of the time-stamp counter that the calling thread has had a CPU for. What others take of a busy
 * machine is left out; a resolution of microseconds.
 */
uint64_t bench_cycles(void);

/*
 * Whether a bench shall measure this case of its own: those are named on the command line, NAME:CASE, by who
 * wants to see one alone; without a name all are.
 */
bool bench_wants(const char *which);

/* The middle one; sorts the values. */
double bench_median(double *values, unsigned count);

/* Each returns 0, or -1 after a note that says why there is no result. */
int bench_conn_rate(void);
int bench_conn_rate_pair(void);
int bench_memory(void);
int bench_scale(void);
int bench_syn_cookie(void);
int bench_flood_goodput(void);
int bench_hand_over(void);
int bench_bulk(void);
int bench_latency(void);
int bench_table_lookup(void);
int bench_telemetry(void);
int bench_steering(void);
int bench_timer(void);
int bench_time_wait_expiry(void);

#endif
