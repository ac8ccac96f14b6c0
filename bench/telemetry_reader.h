/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * telemetry_reader.h - a process that asks DPDK's telemetry socket a thousand times a second for the
 * figures of all shards and each one's part, and holds every answer against what it must be
 * (support/telemetry.h).
 *
 * It is a process of its own, as any client is, and has a CPU of its own.
 */
#ifndef WEIR_BENCH_TELEMETRY_READER_H
#define WEIR_BENCH_TELEMETRY_READER_H

#include <stdint.h>
#include <sys/types.h>

#define TELEMETRY_READER_HZ 1000

struct telemetry_reader {
	pid_t pid;
	int wire; /* orders there, reports back */
};

/* What it did between begin and end. */
struct telemetry_report {
	uint64_t answers, unsettled;
	uint64_t late;  /* answers that came after the next question was due */
	char wrong[96]; /* the first answer that was not right, and why; empty: none */
};

/* Asks the socket at `path` from this CPU. 0, or -1 after a note. */
int telemetry_reader_start(struct telemetry_reader *reader, unsigned cpu, const char *path);

/* From now on it asks; and then no more, and tells. -1 after a note: it is gone. */
int telemetry_reader_begin(struct telemetry_reader *reader);
int telemetry_reader_end(struct telemetry_reader *reader, struct telemetry_report *report);

void telemetry_reader_stop(struct telemetry_reader *reader);

/* The process: what weir-bench is when it was started with such a specification. Its exit status. */
int telemetry_reader_main(const char *spec);

#endif
