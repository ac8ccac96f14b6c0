/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/reading.h"

/* Whose words, first and last, tell whether a burst ended meanwhile. */
_Static_assert(COUNT_frames_in == 0, "weir_counters() copies from the first on");

static void fence(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static bool try_once(struct reading *reading, const struct weir_core *core)
{
	uint64_t before, after;

	weir_counters(core, &before, 1);
	fence();
	weir_counters(core, reading->counters, COUNTERS);
	weir_stats(core, &reading->stats);
	fence();
	weir_counters(core, &after, 1);
	return before == after;
}

void reading_take(struct reading *reading, const struct weir_core *core)
{
	reading->settled = false;
	for (unsigned i = 0; i < READING_TRIES && !reading->settled; i++)
		reading->settled = try_once(reading, core);
}

const char *reading_figure_name(unsigned figure)
{
#define READING_NAME(name) #name,
	static const char *const names[FIGURES] = { READING_FIGURES(READING_NAME) };
#undef READING_NAME

	return names[figure];
}

static uint64_t drops(const struct reading *reading)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < COUNTERS; i++)
		if (counter_kind((enum counter)i) == WEIR_COUNT_DROP)
			sum += reading->counters[i];
	return sum;
}

static void figure_states(const uint64_t *states, uint64_t *f)
{
	f[FIGURE_state_listen] = states[WEIR_LISTEN];
	f[FIGURE_state_syn_sent] = states[WEIR_SYN_SENT];
	f[FIGURE_state_syn_received] = states[WEIR_SYN_RECEIVED];
	f[FIGURE_state_established] = states[WEIR_ESTABLISHED];
	f[FIGURE_state_fin_wait_1] = states[WEIR_FIN_WAIT_1];
	f[FIGURE_state_fin_wait_2] = states[WEIR_FIN_WAIT_2];
	f[FIGURE_state_close_wait] = states[WEIR_CLOSE_WAIT];
	f[FIGURE_state_closing] = states[WEIR_CLOSING];
	f[FIGURE_state_last_ack] = states[WEIR_LAST_ACK];
	f[FIGURE_half_open] = states[WEIR_SYN_SENT] + states[WEIR_SYN_RECEIVED];
	f[FIGURE_time_wait] = states[WEIR_TIME_WAIT];
	for (unsigned i = WEIR_ESTABLISHED; i < WEIR_TIME_WAIT; i++)
		f[FIGURE_open] += states[i];
}

static void figure_failures(const struct reading *reading, uint64_t *f)
{
	const uint64_t *failed = reading->stats.failed;

	f[FIGURE_failed_reset] = failed[WEIR_REASON_RESET];
	f[FIGURE_failed_refused] = failed[WEIR_REASON_REFUSED];
	f[FIGURE_failed_timeout] = failed[WEIR_REASON_TIMEOUT];
	f[FIGURE_failed_unreachable] = failed[WEIR_REASON_UNREACHABLE];
	f[FIGURE_failed_aborted] = failed[WEIR_REASON_ABORTED];
	f[FIGURE_failed_shutdown] = failed[WEIR_REASON_SHUTDOWN];
	f[FIGURE_failed_half_open] =
		reading->counters[COUNT_half_open_expired] + reading->counters[COUNT_half_open_recycled];
	for (unsigned i = FIGURE_failed_reset; i <= FIGURE_failed_half_open; i++)
		f[FIGURE_failed] += f[i];
}

static void figure_traffic(const struct reading *reading, uint64_t *f)
{
	const uint64_t *counters = reading->counters;

	f[FIGURE_packets_rx] = counters[COUNT_frames_in];
	f[FIGURE_packets_tx] = counters[COUNT_frames_out];
	f[FIGURE_packets_accepted] = counters[COUNT_frames_accepted];
	f[FIGURE_packets_not_mine] = counters[COUNT_frames_not_mine];
	f[FIGURE_handed_over] = counters[COUNT_handed_over];
	f[FIGURE_handed_in] = counters[COUNT_handed_in];
	f[FIGURE_drops] = drops(reading);
	f[FIGURE_bytes_rx] = counters[COUNT_bytes_in];
	f[FIGURE_bytes_tx] = counters[COUNT_bytes_out];
	f[FIGURE_retransmits] = counters[COUNT_retransmits];
	f[FIGURE_cookies_sent] = counters[COUNT_cookies_sent];
	f[FIGURE_cookies_accepted] = counters[COUNT_cookies_accepted];
	f[FIGURE_cookies_rejected] = counters[COUNT_cookies_rejected];
	f[FIGURE_mbufs_taken] = counters[COUNT_mbufs_taken];
	f[FIGURE_mbufs_returned] = counters[COUNT_mbufs_returned];
}

void reading_figures(const struct reading *reading, uint64_t figures[FIGURES])
{
	const uint64_t *counters = reading->counters;

	for (unsigned i = 0; i < FIGURES; i++)
		figures[i] = 0;
	figure_states(reading->stats.states, figures);
	figure_failures(reading, figures);
	figure_traffic(reading, figures);
	figures[FIGURE_listeners_defending] = reading->stats.listeners_defending;
	figures[FIGURE_memory_bytes] = reading->stats.memory_bytes;
	figures[FIGURE_closed] = counters[COUNT_closed];
	figures[FIGURE_established] = counters[COUNT_opened_active] + counters[COUNT_opened_passive];
	/* Of peers' attempts those count that got a record and did not take themselves back. */
	figures[FIGURE_attempted] = counters[COUNT_attempted] + counters[COUNT_opened_passive] +
				    reading->stats.states[WEIR_SYN_RECEIVED] +
				    figures[FIGURE_failed_half_open];
}
