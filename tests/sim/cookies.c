/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookies - what a connection that a SYN cookie has made carries, beside an ordinary one, in TAP;
 * of both families.
 *
 * A transfer whose pace is the window's, and one that loss recovery decides: both take longer where window
 * scale or SACK is lost. With cookies, with timestamps and without, they take as long as without.
 */
#include <inttypes.h>
#include <stdio.h>

#include "sim/transfer.h"

/* A window scale of 2, which cookies keep exactly either way (tcp/cookie.c). */
#define RECEIVE_BUFFERS 160

static struct transfer_plan plan_of(bool is6, unsigned sender, bool no_timestamps, unsigned loss)
{
	return (struct transfer_plan){
		.faults = { .loss = loss, .delay_ns = 20 * CLOCK_NS_PER_MS },
		.seed = 11,
		.sender = sender,
		.is6 = is6,
		.no_timestamps = no_timestamps,
		.receive_buffers = RECEIVE_BUFFERS,
	};
}

static bool equal(uint64_t a, uint64_t b)
{
	return a <= b + b / 100 && b <= a + a / 100;
}

static bool kept(const struct transfer *t, const struct transfer_plan *plan)
{
	return t->info.sack && t->info.window_scaling && t->info.timestamps == !plan->no_timestamps;
}

/* The same with cookies and without; and without window scale. */
static unsigned windows(unsigned number, bool is6, unsigned sender, bool no_timestamps, const char *what)
{
	static struct transfer ordinary, cookie, narrow;
	struct transfer_plan plan = plan_of(is6, sender, no_timestamps, 0);

	transfer_run(&ordinary, &plan, "remembered");
	plan.cookies = true;
	transfer_run(&cookie, &plan, "by a cookie");
	plan.strip = SEG_OPT_WSCALE;
	transfer_run(&narrow, &plan, "by a cookie, without window scale");
	return transfer_report(number,
			       transfer_arrived(&ordinary) && transfer_arrived(&cookie) &&
				       kept(&cookie, &plan) && cookie.totals.v[COUNT_cookies_accepted] == 1 &&
				       ordinary.totals.v[COUNT_cookies_sent] == 0 &&
				       equal(cookie.took_ns, ordinary.took_ns) &&
				       narrow.took_ns > cookie.took_ns + cookie.took_ns / 10,
			       what, is6);
}

#define SEEDS 20

/* Over seeds: where frames are lost no two transfers are alike. */
static unsigned losses(unsigned number, bool is6, bool no_timestamps, const char *what)
{
	static struct transfer t;
	uint64_t ordinary_ns = 0, cookies_ns = 0;
	bool well = true;

	for (unsigned seed = 0; seed < SEEDS; seed++) {
		struct transfer_plan plan = plan_of(is6, 1, no_timestamps, 10);

		plan.seed = 100 + seed;
		transfer_run(&t, &plan, "1 % lost, remembered");
		well &= t.fault == NULL && t.received == TRANSFER_BYTES;
		ordinary_ns += t.took_ns;
		plan.cookies = true;
		transfer_run(&t, &plan, "1 % lost, by a cookie");
		well &= t.fault == NULL && t.received == TRANSFER_BYTES && kept(&t, &plan);
		cookies_ns += t.took_ns;
	}
	printf("# %u transfers took %" PRIu64 " ms remembered, %" PRIu64 " ms by cookies\n", SEEDS,
	       (uint64_t)(ordinary_ns / CLOCK_NS_PER_MS), (uint64_t)(cookies_ns / CLOCK_NS_PER_MS));
	return transfer_report(number, well && equal(cookies_ns, ordinary_ns), what, is6);
}

int main(void)
{
	unsigned failed = 0;

	printf("TAP version 13\n1..10\n");
	for (unsigned is6 = 0; is6 < 2; is6++) {
		unsigned before = 5 * is6;

		failed += windows(before + 1, is6, 1, false, "a cookie's connection sends as fast as any");
		failed += windows(before + 2, is6, 1, true, "without timestamps, too");
		failed += windows(before + 3, is6, 0, false, "and receives as fast");
		failed += losses(before + 4, is6, false, "it repairs losses as fast");
		failed += losses(before + 5, is6, true, "without timestamps, too");
	}
	return failed != 0;
}
