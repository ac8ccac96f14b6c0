/* SPDX-License-Identifier: BSD-3-Clause */
#include "core_faults.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/counters.h"
#include "bench.h"
#include "weir.h"

/*
 * Reports of multicast listeners, to groups' addresses, have a place:
 * they come seconds late, and are for routers.
 */
static bool is_fault(unsigned id)
{
	switch (id) {
	case COUNT_retransmits:
	case COUNT_cookies_sent:
	case COUNT_time_wait_evicted:
	case COUNT_ports_exhausted:
		return true;
	case COUNT_drop_ip_destination:
		return false;
	}
	return weir_counter_kind(id) == WEIR_COUNT_DROP;
}

uint64_t core_faults(const struct weir_core *core)
{
	uint64_t values[COUNTERS], faults = 0;
	struct weir_stats stats;

	weir_stats(core, &stats);
	weir_counters(core, values, COUNTERS);
	for (unsigned id = 0; id < COUNTERS; id++)
		if (is_fault(id))
			faults += values[id];
	for (unsigned i = 0; i < WEIR_REASONS; i++)
		faults += stats.failed[i];
	return faults;
}

void core_faults_tell(const struct weir_core *core, const char *who)
{
	uint64_t values[COUNTERS];
	struct weir_stats stats;

	weir_stats(core, &stats);
	weir_counters(core, values, COUNTERS);
	for (unsigned id = 0; id < COUNTERS; id++)
		if (is_fault(id) && values[id] > 0)
			bench_note("%s: %" PRIu64 " %s", who, values[id], weir_counter_name(id));
	for (unsigned i = 0; i < WEIR_REASONS; i++)
		if (stats.failed[i] > 0)
			bench_note("%s: %" PRIu64 " connections failed: %s", who, stats.failed[i],
				   weir_reason_name((enum weir_reason)i));
}
