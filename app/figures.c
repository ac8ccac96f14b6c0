/* SPDX-License-Identifier: BSD-3-Clause */
#include "figures.h"

#include <string.h>

static const char *const complaint_names[COMPLAINTS] = {
	[COMPLAINT_STATUS] = "status",       [COMPLAINT_LENGTH] = "length",
	[COMPLAINT_MISMATCH] = "mismatch",   [COMPLAINT_MALFORMED] = "malformed",
	[COMPLAINT_CUT_SHORT] = "cut_short", [COMPLAINT_NO_ROOM] = "no_room",
};

static const char *const hold_names[HOLDS] = {
	[HOLD_NO_PORT] = "no_port",
	[HOLD_NO_MEMORY] = "no_memory",
	[HOLD_OUTPUT] = "output_full",
	[HOLD_NO_ROUTE] = "no_route",
};

/* Counters of handshakes that had a record and came to nothing, which the stack has no reason for. */
static const char *const half_open_ends[] = { "half_open_expired", "half_open_recycled" };

/* Only what happened: most of the many reasons never do. */
static void name(struct names *names, const char *text, uint64_t count)
{
	if (count > 0 && names->count < NAMED_MAX)
		names->entries[names->count++] = (struct named){ .name = text, .count = count };
}

uint64_t names_sum(const struct names *names)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < names->count; i++)
		sum += names->entries[i].count;
	return sum;
}

/* By name, because counters come and go while weir grows. */
uint64_t figures_counter(const uint64_t *counters, const char *wanted)
{
	unsigned n = weir_counter_count();

	for (unsigned i = 0; i < n && i < SAMPLE_COUNTERS_MAX; i++)
		if (strcmp(weir_counter_name(i), wanted) == 0)
			return counters[i];
	return 0;
}

/* a - b, or 0: the two may have been read in the wrong order by a thread that runs beside. */
static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The stack knows that the application aborted a connection, the application knows why. */
static void make_failures(const struct sample *now, struct figures *f)
{
	const struct tally *tally = &now->tally;
	uint64_t explained = tally->aborted;

	for (unsigned i = 0; i < COMPLAINTS; i++) {
		name(&f->failures, complaint_names[i], tally->complaints[i]);
		explained += tally->complaints[i];
	}
	for (unsigned i = 0; i < WEIR_REASONS; i++) {
		uint64_t count = now->stats.failed[i];

		if (i == WEIR_REASON_ABORTED)
			count = less(count, explained);
		if (i != WEIR_REASON_NONE)
			name(&f->failures, weir_reason_name((enum weir_reason)i), count);
	}
	for (unsigned i = 0; i < sizeof(half_open_ends) / sizeof(half_open_ends[0]); i++)
		name(&f->failures, half_open_ends[i], figures_counter(now->counters, half_open_ends[i]));
	f->failed = names_sum(&f->failures);
}

static void make_connections(const struct sample *now, struct figures *f)
{
	const uint64_t *states = now->stats.states;

	memcpy(f->states, states, sizeof(f->states));
	f->half_open = states[WEIR_SYN_SENT] + states[WEIR_SYN_RECEIVED];
	f->open = states[WEIR_ESTABLISHED] + states[WEIR_FIN_WAIT_1] + states[WEIR_FIN_WAIT_2] +
		  states[WEIR_CLOSE_WAIT] + states[WEIR_CLOSING] + states[WEIR_LAST_ACK];
	f->time_wait = states[WEIR_TIME_WAIT];
	/* An end by RST that was asked for (--close rst) is as good as a close. */
	f->closed = now->stats.closed + now->tally.aborted;
	f->established = now->stats.opened_active + now->stats.opened_passive;
	/* Of peers' attempts, those count that got a record and did not take themselves back. */
	f->attempted = now->stats.attempted + now->stats.opened_passive + states[WEIR_SYN_RECEIVED];
	for (unsigned i = 0; i < sizeof(half_open_ends) / sizeof(half_open_ends[0]); i++)
		f->attempted += figures_counter(now->counters, half_open_ends[i]);
}

static void make_drops(const struct sample *now, struct figures *f)
{
	unsigned n = weir_counter_count();

	for (unsigned i = 0; i < n && i < SAMPLE_COUNTERS_MAX; i++) {
		const char *text = weir_counter_name(i);

		if (weir_counter_kind(i) == WEIR_COUNT_DROP)
			name(&f->drops, strncmp(text, "drop_", 5) == 0 ? text + 5 : text, now->counters[i]);
	}
	name(&f->drops, "rx_kept", now->rx_kept_drops);
	name(&f->drops, "tx_backlog", now->tx_backlog_drops);
	name(&f->drops, "capture", now->capture_drops);
	name(&f->drops, "handover_full", now->handover_drops);
	for (unsigned i = 0; i < HOLDS; i++)
		name(&f->held_back, hold_names[i], now->tally.holds[i]);
}

static void make_rates(const struct sample *now, struct sample *since, struct figures *f)
{
	uint64_t packets = now->stats.frames_in + now->stats.frames_out;
	uint64_t packets_since = since->stats.frames_in + since->stats.frames_out;
	uint64_t closed_since = since->stats.closed + since->tally.aborted;

	f->seconds = (double)less(now->now_ns, since->now_ns) / 1e9;
	if (f->seconds > 0) {
		f->cps = (double)less(f->closed, closed_since) / f->seconds;
		f->rps = (double)less(f->requests, since->tally.requests) / f->seconds;
		f->cookies_sent_ps = (double)less(f->cookies_sent, since->stats.cookies_sent) / f->seconds;
		f->cookies_accepted_ps =
			(double)less(f->cookies_accepted, since->stats.cookies_accepted) / f->seconds;
	}
	if (packets > packets_since)
		f->cycles_per_packet = (double)less(now->busy_cycles, since->busy_cycles) /
				       (double)(packets - packets_since);
	for (unsigned i = 0; i < LATENCIES; i++) {
		histogram_until(&since->tally.latency[i], &now->tally.latency[i]);
		histogram_percentiles(&since->tally.latency[i], &f->latency[i]);
	}
}

void figures_make(const struct sample *now, struct sample *since, struct figures *f)
{
	const struct weir_stats *stats = &now->stats;

	*f = (struct figures){
		.requests = now->tally.requests,
		.rejected = now->tally.rejected,
		.bytes_rx = stats->bytes_in,
		.bytes_tx = stats->bytes_out,
		.packets_rx = stats->frames_in,
		.packets_tx = stats->frames_out,
		.retransmits = stats->retransmits,
		.cookies_sent = stats->cookies_sent,
		.cookies_accepted = stats->cookies_accepted,
		.cookies_rejected = stats->cookies_rejected,
		.defending = now->tally.defending,
		.bytes_hot = stats->bytes_hot,
		.bytes_half_open = stats->bytes_half_open,
		.bytes_time_wait = stats->bytes_time_wait,
		.bytes_extension = stats->bytes_extension,
		.bytes_pair = stats->bytes_pair,
		.memory_bytes = stats->memory_bytes,
		.hugepage_bytes = now->hugepage_bytes,
		.mbufs_taken = stats->mbufs_taken,
		.mbufs_returned = stats->mbufs_returned,
		.handed_over = figures_counter(now->counters, "handed_over"),
		.shards_count = now->shards_count,
		.targets_tried = now->tally.targets_tried,
		.targets_answered = now->tally.targets_answered,
		.targets_resolved = now->tally.targets_resolved,
	};
	memcpy(f->shards, now->shards, sizeof(f->shards));
	memcpy(f->families, now->tally.families, sizeof(f->families));
	make_failures(now, f);
	make_connections(now, f);
	make_drops(now, f);
	make_rates(now, since, f);
}
