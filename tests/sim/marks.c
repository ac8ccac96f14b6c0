/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * marks - a bulk transfer over a network that marks and loses nothing (RFC 3168), in TAP; of both families.
 *
 * The same bytes go three times: with ECN over a clean network, with ECN over one that marks, and without ECN
 * over one that would mark. Marks must slow the sender down, and must not make it send anything twice.
 */
#include <inttypes.h>
#include <stdio.h>

#include "sim/transfer.h"

static void transfer(struct transfer *t, bool is6, unsigned marking, bool ecn, const char *name)
{
	const struct transfer_plan plan = {
		.faults = { .marking = marking, .delay_ns = 10 * CLOCK_NS_PER_MS },
		.seed = 7,
		.is6 = is6,
		.ecn = ecn,
		.receive_buffers = 255,
	};

	transfer_run(t, &plan, name);
	printf("# %" PRIu64 " marked, %" PRIu64 " times reduced\n", t->network.marked,
	       t->totals.v[COUNT_ecn_reductions]);
}

static unsigned transfers(unsigned before, bool is6)
{
	static struct transfer clean, marked, deaf;
	unsigned failed = 0;

	transfer(&clean, is6, 0, true, "no marks");
	transfer(&marked, is6, 10, true, "10 of 1000 marked");
	transfer(&deaf, is6, 10, false, "10 of 1000 would be marked, without ECN");
	failed += transfer_report(before + 1,
				  transfer_arrived(&clean) && clean.info.ecn &&
					  clean.totals.v[COUNT_ecn_reductions] == 0,
				  "without marks nothing is reduced", is6);
	failed += transfer_report(before + 2, transfer_arrived(&marked) && marked.info.ecn,
				  "with marks all arrives, and nothing goes twice", is6);
	failed += transfer_report(before + 3,
				  marked.network.marked > 0 &&
					  marked.totals.v[COUNT_ecn_marks_in] == marked.network.marked &&
					  marked.totals.v[COUNT_ecn_reductions] > 0 &&
					  marked.totals.v[COUNT_ecn_reductions] <= marked.network.marked,
				  "marks are counted, and reduce the window once each at most", is6);
	failed += transfer_report(before + 4,
				  marked.cwnd_bytes < clean.cwnd_bytes / 2 && marked.took_ns > clean.took_ns,
				  "marks slow the sender down", is6);
	failed += transfer_report(before + 5,
				  transfer_arrived(&deaf) && !deaf.info.ecn && deaf.network.marked == 0,
				  "without ECN nothing may be marked", is6);
	return failed;
}

int main(void)
{
	printf("TAP version 13\n1..10\n");
	unsigned failed = transfers(0, false) + transfers(5, true);

	return failed != 0;
}
