/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_figures.h"

#include <math.h>

void flood_figures_make(const struct flood_counts *now, const struct flood_counts *since, double seconds,
			struct flood_figures *figures)
{
	figures->counts = *now;
	figures->seconds = seconds;
	figures->pps = seconds > 0 ? (double)(now->sent - since->sent) / seconds : 0;
	figures->answers_ps =
		seconds > 0 ? (double)(flood_counts_answers(now) - flood_counts_answers(since)) / seconds : 0;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

json_t *flood_json(const struct flood_figures *f)
{
	const struct flood_counts *counts = &f->counts;
	uint64_t back = flood_counts_answers(counts);
	json_t *object = json_pack("{s:s, s:f, s:f, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:{s:o, s:o}}", "kind",
				   f->kind, "seconds", round(f->seconds * 1000) / 1000, "pps", round(f->pps),
				   "packets_tx", number(counts->sent), "packets_rx", number(back), "answers",
				   "syn_ack", number(counts->syn_acks), "rst", number(counts->resets),
				   "other", number(counts->others), "no_buffer", number(counts->no_buffer),
				   "mbufs", "taken", number(counts->mbufs_taken), "returned",
				   number(counts->mbufs_returned));

	if (f->phase != NULL)
		json_object_set_new(object, "phase", json_string(f->phase));
	return object;
}
