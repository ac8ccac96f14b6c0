/* SPDX-License-Identifier: BSD-3-Clause */
#include "figures.h"

#include <criterion/criterion.h>
#include <string.h>

/* Counters of this test's own; the real ones belong to cores, and come and go. */
enum {
	EXPIRED,
	RECYCLED,
	DROPPED,
	HANDED,
	OTHER,
	COUNTERS,
};

static const char *const names[COUNTERS] = { "half_open_expired", "half_open_recycled", "drop_half_open_full",
					     "handed_over", "guard_entered" };

unsigned weir_counter_count(void)
{
	return COUNTERS;
}

const char *weir_counter_name(unsigned id)
{
	return names[id];
}

enum weir_counter_kind weir_counter_kind(unsigned id)
{
	return id == DROPPED ? WEIR_COUNT_DROP : WEIR_COUNT_STAT;
}

static struct sample now, since;
static struct figures figures;

static uint64_t count_of(const struct names *among, const char *name)
{
	for (unsigned i = 0; i < among->count; i++)
		if (strcmp(among->entries[i].name, name) == 0)
			return among->entries[i].count;
	return 0;
}

static void expect_sum(void)
{
	cr_expect_eq(figures.attempted, figures.closed + figures.failed + figures.open + figures.half_open,
		     "%lu are not %lu + %lu + %lu + %lu", figures.attempted, figures.closed, figures.failed,
		     figures.open, figures.half_open);
}

Test(figures, every_handshake_of_a_flood_has_a_place)
{
	now.now_ns = 1000000000;
	now.stats.opened_passive = 100;
	now.stats.closed = 90;
	now.stats.states[WEIR_ESTABLISHED] = 10;
	now.stats.states[WEIR_SYN_RECEIVED] = 4096;
	now.counters[EXPIRED] = 70;
	now.counters[RECYCLED] = 3000;
	now.counters[DROPPED] = 500000;
	now.counters[OTHER] = 1;
	figures_make(&now, &since, &figures);
	expect_sum();
	cr_expect_eq(figures.attempted, 100 + 4096 + 70 + 3000);
	cr_expect_eq(figures.failed, 3070);
	cr_expect_eq(count_of(&figures.failures, "half_open_expired"), 70);
	cr_expect_eq(count_of(&figures.failures, "half_open_recycled"), 3000);
	cr_expect_eq(figures.failures.count, 2);
	cr_expect_eq(count_of(&figures.drops, "half_open_full"), 500000);
	cr_expect_eq(figures.drops.count, 1);
}

/* In sum and by shards; and what found the other shard's ring full is a drop. */
Test(figures, frames_of_other_shards)
{
	now.counters[HANDED] = 12;
	now.handover_drops = 3;
	now.shards_count = 2;
	now.shards[1] = (struct sample_shard){ .port = "b", .queue = 1, .lcore = 4, .handed_over = 12 };
	figures_make(&now, &since, &figures);
	cr_expect_eq(figures.handed_over, 12);
	cr_expect_eq(count_of(&figures.drops, "handover_full"), 3);
	cr_assert_eq(figures.shards_count, 2);
	cr_expect_str_eq(figures.shards[1].port, "b");
	cr_expect_eq(figures.shards[1].handed_over, 12);
}

Test(figures, families_and_what_ipv6_takes)
{
	now.tally.families[TALLY_IPV4] = (struct tally_connections){ 3, 2, 1 };
	now.tally.families[TALLY_IPV6] = (struct tally_connections){ 30, 20, 10 };
	now.tally.holds[HOLD_NO_ROUTE] = 4;
	now.stats.bytes_pair = 32;
	figures_make(&now, &since, &figures);
	cr_expect_eq(figures.families[TALLY_IPV4].established, 2);
	cr_expect_eq(figures.families[TALLY_IPV6].attempted, 30);
	cr_expect_eq(count_of(&figures.held_back, "no_route"), 4);
	cr_expect_eq(figures.bytes_pair, 32);
}

Test(figures, a_connection_that_the_application_gave_up_counts_once)
{
	now.stats.attempted = 50;
	now.stats.closed = 40;
	now.stats.failed[WEIR_REASON_ABORTED] = 7;
	now.stats.failed[WEIR_REASON_TIMEOUT] = 3;
	now.tally.complaints[COMPLAINT_STATUS] = 2;
	now.tally.aborted = 4;
	figures_make(&now, &since, &figures);
	expect_sum();
	cr_expect_eq(figures.closed, 44);
	cr_expect_eq(count_of(&figures.failures, "status"), 2);
	cr_expect_eq(count_of(&figures.failures, "aborted"), 1);
	cr_expect_eq(count_of(&figures.failures, "timeout"), 3);
}

Test(figures, rates_are_of_the_time_between_two_samples)
{
	since.now_ns = 5000000000;
	since.stats.cookies_sent = 1000;
	since.stats.cookies_accepted = 10;
	since.stats.closed = 100;
	now.now_ns = 7000000000;
	now.stats.cookies_sent = 5000;
	now.stats.cookies_accepted = 40;
	now.stats.cookies_rejected = 3;
	now.stats.closed = 300;
	now.tally.defending = 1;
	figures_make(&now, &since, &figures);
	cr_expect_float_eq(figures.seconds, 2, 1e-9);
	cr_expect_float_eq(figures.cookies_sent_ps, 2000, 1e-9);
	cr_expect_float_eq(figures.cookies_accepted_ps, 15, 1e-9);
	cr_expect_float_eq(figures.cps, 100, 1e-9);
	cr_expect(figures.cookies_sent == 5000 && figures.cookies_accepted == 40 &&
			  figures.cookies_rejected == 3,
		  "counts are totals");
	cr_expect_eq(figures.defending, 1);
}
