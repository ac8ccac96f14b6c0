/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood_pace.h"

#include <criterion/criterion.h>

#define S 1000000000ull
#define MS 1000000ull

static struct flood_pace pace;

static unsigned send(uint64_t pps, unsigned max, uint64_t now_ns)
{
	unsigned n = flood_pace_due(&pace, pps, max, now_ns);

	flood_pace_pay(&pace, n);
	return n;
}

/* So many in a second of steps of step_ns, in bursts of 32 at most, and never one too early. */
static void expect_second(uint64_t pps, uint64_t step_ns)
{
	uint64_t sent = 0, start_ns = 12345 * S;

	pace = (struct flood_pace){ 0 };
	for (uint64_t t = 0; t <= S; t += step_ns) {
		unsigned n;

		while ((n = send(pps, 32, start_ns + t)) > 0)
			sent += n;
		cr_assert_leq((double)sent, (double)pps * (double)t / 1e9 + 1e-6, "%lu/s, early at %lu ns",
			      pps, t);
	}
	/* All but what the last step has yet to bring. */
	cr_expect_geq(sent + pps * step_ns / S + 1, pps, "%lu/s in steps of %lu ns: %lu", pps, step_ns, sent);
}

Test(flood_pace, as_many_as_asked_and_none_too_early)
{
	static const uint64_t rates[] = { 2, 3, 11, 999, 10000, 1000000, 14880952 };

	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		expect_second(rates[i], 777);
		expect_second(rates[i], 1 * MS);
		expect_second(rates[i], 99 * MS);
	}
	expect_second(1000000000, 1 * MS);
}

Test(flood_pace, a_busy_port_is_caught_up_with_but_not_for_long)
{
	unsigned n, sent = 0;

	pace = (struct flood_pace){ 0 };
	cr_assert_eq(send(1000000, 32, 1 * S), 0, "nothing is owed yet");
	while ((n = send(1000000, 32, 1 * S + 50 * MS)) > 0)
		sent += n;
	cr_expect_eq(sent, 50000);
	for (sent = 0; (n = send(1000000, 32, 11 * S)) > 0;)
		sent += n;
	cr_expect_eq(sent, 100000, "100 ms' worth, after 10 s");
	/* Looked at while the port took nothing, too. */
	for (uint64_t t = 0; t < 10 * S; t += 10 * MS)
		flood_pace_due(&pace, 1000000, 32, 11 * S + t);
	for (sent = 0; (n = send(1000000, 32, 21 * S)) > 0;)
		sent += n;
	cr_expect_eq(sent, 100000);
}

Test(flood_pace, rates_change)
{
	pace = (struct flood_pace){ 0 };
	cr_expect_eq(send(0, 32, 1 * S), 0);
	cr_expect_eq(send(0, 32, 2 * S), 0);
	cr_expect_eq(send(1000, 32, 3 * S), 0, "no debt of the time without");
	cr_expect_eq(send(1000, 32, 3 * S + 5 * MS), 5);
	cr_expect_eq(send(OPTIONS_PPS_MAX, 32, 3 * S + 5 * MS), 32);
	cr_expect_eq(send(OPTIONS_PPS_MAX, 32, 3 * S + 5 * MS), 32);
	cr_expect_eq(send(1000, 32, 4 * S), 0);
	cr_expect_eq(send(1000, 32, 4 * S + 1 * MS), 1);
	cr_expect_eq(send(0, 32, 5 * S), 0);
}
