/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * figures.h - what is told about one side of a run (demo has two, the others one), as plain numbers.
 *
 * A sample is what the cores and the applications have counted up to one moment; figures are made
 * from two samples: counts from the later one, rates and latencies from the time between them.
 * docs/cli.md says what each figure means.
 *
 * A sample is large (the histograms): keep it off the stack. Pure.
 */
#ifndef WEIR_APP_FIGURES_H
#define WEIR_APP_FIGURES_H

#include <stdint.h>

#include "flood_counts.h"
#include "histogram.h"
#include "tally.h"
#include "weir.h"

#define SAMPLE_COUNTERS_MAX 256
#define SAMPLE_SHARDS_MAX 64

/* What shows whether all queues carry traffic. */
struct sample_shard {
	const char *port;
	unsigned queue;
	int lcore;
	uint64_t frames_in, frames_out, established, handed_over;
};

struct sample {
	uint64_t now_ns;
	struct weir_stats stats; /* summed over the shards */
	uint64_t hugepage_bytes; /* the same */
	uint64_t counters[SAMPLE_COUNTERS_MAX];
	uint64_t busy_cycles;
	uint64_t rx_kept_drops, tx_backlog_drops, capture_drops, handover_drops;
	struct sample_shard shards[SAMPLE_SHARDS_MAX];
	unsigned shards_count;
	struct tally tally; /* summed; latencies in `tally.latency` */
	struct flood_counts flood;
};

struct named {
	const char *name;
	uint64_t count;
};

#define NAMED_MAX (SAMPLE_COUNTERS_MAX + 8)

struct names {
	unsigned count;
	struct named entries[NAMED_MAX];
};

struct figures {
	double seconds; /* between the samples */

	/* attempted = closed + failed + open + half_open, at any time. */
	uint64_t attempted, established, closed, failed, open, half_open, time_wait;
	struct tally_connections families[TALLY_FAMILIES]; /* of clients: they add up to attempted, ... */
	uint64_t requests, rejected;
	double cps, rps;
	uint64_t bytes_rx, bytes_tx, packets_rx, packets_tx, retransmits;
	struct percentiles latency[LATENCIES];
	struct names failures; /* they add up to `failed` */
	struct names drops;
	struct names held_back;
	uint64_t cookies_sent, cookies_accepted, cookies_rejected;
	double cookies_sent_ps, cookies_accepted_ps; /* per second */
	uint32_t defending;                          /* as in the tally */
	uint64_t states[WEIR_STATES];
	double cycles_per_packet;
	double bytes_hot, bytes_half_open, bytes_time_wait, bytes_extension, bytes_pair;
	uint64_t memory_bytes, hugepage_bytes;
	uint64_t mbufs_taken, mbufs_returned;
	/* As in the tally. */
	uint32_t targets_tried, targets_answered, targets_resolved;
	uint64_t handed_over; /* frames that came by another queue than their shard's */
	struct sample_shard shards[SAMPLE_SHARDS_MAX];
	unsigned shards_count;
};

/*
 * since: an earlier sample of the same side; its histograms are used up. Counts come from `now` alone.
 */
void figures_make(const struct sample *now, struct sample *since, struct figures *figures);

/* Of all counters of a core, or their sums, the one of that name; 0: there is none. */
uint64_t figures_counter(const uint64_t *counters, const char *name);

uint64_t names_sum(const struct names *names);

#endif
