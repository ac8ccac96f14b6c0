/* SPDX-License-Identifier: BSD-3-Clause */
/* When the groups that our addresses are in are reported, and how often: net/mld.c, by way of net/net.h. */
#include <criterion/criterion.h>

#include "support/link.h"
#include "wire/bytes.h"

#define S CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

static struct link link;
static const struct weir_address all;

static void start_with(struct weir_config *config)
{
	config->no_router_advertisements = true;
	link_init(&link, config);
	link_pass(&link, 0);
}

/* Two addresses of the same group among them: 2001:db8::1 and fd99::1. */
static void start(void)
{
	struct weir_config config = link_config();

	start_with(&config);
}

#define FIRST 0x1000

/* With so many addresses of IPv6, none of which is in the link-local one's group. */
static void start_range(uint64_t addresses)
{
	struct weir_config config = link_config();

	config.ranges[0] = (struct weir_range){ link_global(FIRST), link_global(FIRST + addresses - 1), 64 };
	config.ranges_count = 1;
	start_with(&config);
}

/* Takes the next report; false: none. Other requests on the way are passed over. */
static bool reported(struct mld_report *report)
{
	struct net_request request;
	struct eth_addr mac;

	while (net_next_request(&link.net, &request)) {
		if (request.what != NET_SEND_MLD)
			continue;
		*report = request.mld;
		mac = nd_group_mac(mld_destination(report));
		cr_assert(eth_equal(&request.mac, &mac));
		return true;
	}
	return false;
}

static bool silent(void)
{
	struct mld_report report;

	return !reported(&report);
}

static unsigned reports(unsigned *groups)
{
	struct mld_report report;
	unsigned n = 0;

	for (*groups = 0; reported(&report); n++)
		*groups += report.count;
	return n;
}

/* One report of all groups of start(). */
static void expect_all(struct weir_address src, enum mld_record record)
{
	const struct weir_address groups[] = { nd_solicited_node(link_ours_local()),
					       nd_solicited_node(link_global(2)),
					       nd_solicited_node(link_global(3)) };
	struct mld_report report;

	cr_assert(reported(&report));
	cr_assert(address_equal(report.src, src));
	cr_assert_eq(report.version, MLD_VERSION_2);
	cr_assert_eq(report.record, record);
	cr_assert_eq(report.count, 3, "2001:db8::1, fd99::1 and fe80::ff:fe00:1 share one");
	for (unsigned i = 0; i < 3; i++)
		cr_assert(address_equal(report.groups[i], groups[i]));
	cr_assert(silent());
}

/* Lets all unasked rounds go by. */
static void settle(void)
{
	unsigned groups;

	for (unsigned i = 0; i < 10; i++, link_pass(&link, S))
		reports(&groups);
}

static verdict ask(enum mld_version version, struct weir_address group, uint16_t code)
{
	uint8_t message[28] = { ICMP6_LISTENER_QUERY };
	uint32_t len = version == MLD_VERSION_1 ? 24 : 28;
	struct ip_hdr ip = {
		.src = link_local(0xfe), .dst = nd_all_nodes(), .ttl = MLD_HOP_LIMIT, .router_alert = true
	};

	bytes_put16(message + 4, code);
	bytes_put_address(message + 8, group);
	return net_mld_input(&link.net, &ip, message, len, len, link.now_ns);
}

/* Until there is something to do; returns how long that was. */
static uint64_t wait(void)
{
	uint64_t ns = net_next_deadline(&link.net, link.now_ns) - link.now_ns;

	link_pass(&link, ns);
	return ns;
}

/* RFC 3810 section 6.1: at once and again within a second. */
Test(groups, reported_twice_at_start)
{
	uint64_t again_ns;

	start();
	cr_assert_eq(net_next_deadline(&link.net, link.now_ns), link.now_ns);
	expect_all(link_ours_local(), MLD_TO_EXCLUDE);
	again_ns = wait();
	cr_assert(again_ns > 0 && again_ns <= S);
	expect_all(link_ours_local(), MLD_TO_EXCLUDE);
	link_pass(&link, 300 * S);
	cr_assert(silent());
}

/*
 * RFC 4862 section 5.4.2, RFC 3590 section 4: before the first question, from nobody;
 * and again when there is somebody.
 */
Test(groups, reported_before_and_after_duplicates_are_looked_for)
{
	struct weir_config config = link_config();
	struct net_request request;

	config.dad_probes = 1;
	start_with(&config);
	cr_assert(net_next_request(&link.net, &request));
	cr_assert_eq(request.what, NET_SEND_MLD, "first of all");
	cr_assert(address_is_none(request.mld.src));
	cr_assert(net_next_request(&link.net, &request));
	cr_assert_eq(request.what, NET_SEND_ND);
	cr_assert_eq(request.nd.nd.type, ICMP6_NEIGHBOUR_SOLICITATION);
	cr_assert(silent());
	link_pass(&link, S - 1);
	expect_all(all, MLD_TO_EXCLUDE);
	link_pass(&link, 1);
	cr_assert_eq(net_ready(&link.net), 1);
	link_pass(&link, MLD_BATCH_NS);
	expect_all(link_ours_local(), MLD_TO_EXCLUDE);
	link_pass(&link, S);
	expect_all(link_ours_local(), MLD_TO_EXCLUDE);
	link_pass(&link, S);
	cr_assert(silent());
}

Test(groups, those_of_duplicates_are_not_reported)
{
	struct weir_config config = link_config();

	config.dad_probes = 2;
	start_with(&config);
	expect_all(all, MLD_TO_EXCLUDE);
	cr_assert_eq(link_advertise(&link, link_global(1), 9, ND_OVERRIDE), ACCEPTED);
	cr_assert_eq(ask(MLD_VERSION_2, all, 0), COUNT_drop_mld_other);
	for (unsigned i = 0; i < 10; i++) {
		link_pass(&link, S);
		cr_assert(silent());
	}
	cr_assert_eq(net_next_deadline(&link.net, link.now_ns), UINT64_MAX);
}

Test(groups, without_ipv6_there_are_none)
{
	struct weir_config config = link_config();

	config.ranges[0] = config.ranges[1];
	config.ranges_count = 1;
	start_with(&config);
	cr_assert(silent());
	cr_assert_eq(net_next_deadline(&link.net, link.now_ns), UINT64_MAX);
}

/*
 * RFC 3810 section 6.2: after a random part of the time that it gives, which is all used over many questions.
 */
Test(groups, a_general_query_is_answered_in_its_time)
{
	uint64_t least_ns = UINT64_MAX, most_ns = 0;

	start();
	settle();
	for (unsigned i = 0; i < 100; i++) {
		uint64_t ns;

		cr_assert_eq(ask(MLD_VERSION_2, all, 10000), ACCEPTED);
		cr_assert(silent());
		ns = wait();
		least_ns = ns < least_ns ? ns : least_ns;
		most_ns = ns > most_ns ? ns : most_ns;
		expect_all(link_ours_local(), MLD_IS_EXCLUDE);
		link_pass(&link, S);
		cr_assert(silent(), "once");
	}
	cr_assert(most_ns <= 10 * S && most_ns > 9 * S, "%lu", most_ns);
	cr_assert_lt(least_ns, S);
}

Test(groups, delays_are_a_machines_own)
{
	struct weir_config config = link_config();
	uint64_t ns[2];

	for (unsigned i = 0; i < 2; i++) {
		config.mac[5] = (uint8_t)(7 + i);
		start_with(&config);
		settle();
		ask(MLD_VERSION_2, all, 0xffff);
		ns[i] = wait();
	}
	cr_assert_neq(ns[0], ns[1]);
}

static void expect_one(struct weir_address group)
{
	struct mld_report report;

	cr_assert(reported(&report));
	cr_assert_eq(report.count, 1);
	cr_assert_eq(report.record, MLD_IS_EXCLUDE);
	cr_assert(address_equal(report.groups[0], group));
	cr_assert(silent());
}

Test(groups, a_query_for_one_is_answered_for_it)
{
	struct weir_address group = nd_solicited_node(link_global(2));

	start();
	settle();
	cr_assert_eq(ask(MLD_VERSION_2, group, 1000), ACCEPTED);
	cr_assert_leq(wait(), S);
	expect_one(group);
	/* The same again while it waits is one question; the sooner time counts. */
	link_pass(&link, S);
	cr_assert_eq(ask(MLD_VERSION_2, group, 0xffff), ACCEPTED);
	cr_assert_eq(ask(MLD_VERSION_2, group, 1), ACCEPTED);
	cr_assert_leq(wait(), MS);
	expect_one(group);
	link_pass(&link, 10000 * S);
	cr_assert(silent());
}

/* One timer for all: what is due together is told together, no later than any of them. */
Test(groups, queries_together_are_answered_for_all)
{
	start();
	settle();
	cr_assert_eq(ask(MLD_VERSION_2, nd_solicited_node(link_global(2)), 5000), ACCEPTED);
	cr_assert_eq(ask(MLD_VERSION_2, nd_solicited_node(link_global(3)), 1000), ACCEPTED);
	cr_assert_leq(wait(), S);
	expect_all(link_ours_local(), MLD_IS_EXCLUDE);
	cr_assert_eq(ask(MLD_VERSION_2, all, 1000), ACCEPTED);
	cr_assert_eq(ask(MLD_VERSION_2, nd_solicited_node(link_global(3)), 5000), ACCEPTED);
	cr_assert_leq(wait(), S);
	expect_all(link_ours_local(), MLD_IS_EXCLUDE);
	link_pass(&link, 10 * S);
	cr_assert(silent());
}

/* RFC 3810 section 6: all nodes is never reported; nor is what we are not in. */
Test(groups, queries_for_others)
{
	start();
	settle();
	cr_assert_eq(ask(MLD_VERSION_2, nd_all_nodes(), 0), COUNT_drop_mld_other);
	cr_assert_eq(ask(MLD_VERSION_2, nd_solicited_node(link_global(4)), 0), COUNT_drop_mld_other);
	cr_assert_eq(ask(MLD_VERSION_1, link_global(1), 0), COUNT_drop_mld_other);
	link_pass(&link, S);
	cr_assert(silent());
}

static void expect_version_1(void)
{
	const struct weir_address groups[] = { nd_solicited_node(link_ours_local()),
					       nd_solicited_node(link_global(2)),
					       nd_solicited_node(link_global(3)) };

	for (unsigned i = 0; i < 3; i++) {
		struct mld_report report;

		cr_assert(reported(&report));
		cr_assert_eq(report.version, MLD_VERSION_1);
		cr_assert_eq(report.count, 1);
		cr_assert(address_equal(report.groups[0], groups[i]));
		cr_assert(address_equal(report.src, link_ours_local()));
	}
	cr_assert(silent());
}

/* RFC 3810 sections 8.2.1 and 9.12: 260 s after the last query of version 1 it is over. */
Test(groups, a_querier_of_version_1_is_answered_so)
{
	start();
	settle();
	cr_assert_eq(ask(MLD_VERSION_1, all, 1000), ACCEPTED);
	link_pass(&link, S);
	expect_version_1();
	link_pass(&link, 258 * S);
	cr_assert_eq(ask(MLD_VERSION_2, all, 0), ACCEPTED);
	link_pass(&link, 0);
	expect_version_1();
	cr_assert_eq(ask(MLD_VERSION_1, nd_solicited_node(link_global(9)), 0), COUNT_drop_mld_other);
	link_pass(&link, S);
	cr_assert_eq(ask(MLD_VERSION_2, all, 0), ACCEPTED);
	link_pass(&link, 0);
	expect_all(link_ours_local(), MLD_IS_EXCLUDE);
}

/* What does not fit one report goes into several, and groups beyond the bound into none. */
Test(groups, of_a_large_range)
{
	unsigned groups;

	start_range(MLD_GROUPS_MAX - 1);
	cr_assert_eq(reports(&groups), 1);
	cr_assert_eq(groups, MLD_GROUPS_MAX);
	start_range(MLD_GROUPS_MAX);
	cr_assert_eq(reports(&groups), 2);
	cr_assert_eq(groups, MLD_GROUPS_MAX + 1);
	start_range(MLD_ADDRESSES_MAX - 1);
	cr_assert_eq(reports(&groups), 17);
	cr_assert_eq(groups, MLD_ADDRESSES_MAX);
	cr_assert_eq(link_count(&link, COUNT_mld_unreported), 0);
	start_range(1000000);
	cr_assert_eq(reports(&groups), 17);
	cr_assert_eq(groups, MLD_ADDRESSES_MAX);
	cr_assert_eq(link_count(&link, COUNT_mld_unreported), 1000001 - MLD_ADDRESSES_MAX);
}

/* RFC 4291 section 2.7.1: last 24 bits, of ranges that share some of them. */
Test(groups, each_once)
{
	struct weir_config config = link_config();
	unsigned groups;

	config.ranges[0].last = link_global(10);
	config.ranges[2] = (struct weir_range){ link_second(0x1000008), link_second(0x100000c), 64 };
	start_with(&config);
	cr_assert_eq(reports(&groups), 1);
	cr_assert_eq(groups, 10 + 2, "...:1 to :c, of which fe80::ff:fe00:1 has one");
}

#define WINDOWS 60 /* more than a round of version 1 takes */

/* Whatever is asked, so often as it can be: 20 reports in 200 ms, and all groups get their turn. */
Test(groups, questions_have_a_limit)
{
	unsigned in_window[WINDOWS] = { 0 }, sent = 0;
	bool seen[MLD_ADDRESSES_MAX] = { false };
	uint64_t begin_ns;

	start_range(MLD_ADDRESSES_MAX - 1);
	settle();
	begin_ns = link.now_ns;
	for (; link.now_ns - begin_ns < WINDOWS * MLD_BATCH_NS; link_pass(&link, MS)) {
		struct mld_report report;

		cr_assert_eq(ask(MLD_VERSION_1, all, 0), ACCEPTED);
		cr_assert_eq(ask(MLD_VERSION_2, nd_solicited_node(link_global(FIRST)), 0), ACCEPTED);
		while (reported(&report)) {
			in_window[(link.now_ns - begin_ns) / MLD_BATCH_NS]++;
			seen[report.groups[0].lo % MLD_ADDRESSES_MAX] = true;
			sent++;
		}
	}
	for (unsigned i = 0; i < WINDOWS; i++)
		cr_assert_leq(in_window[i], 2 * MLD_BATCH, "at %u", i); /* windows that begin in between */
	cr_assert_leq(sent, WINDOWS * MLD_BATCH);
	cr_assert_gt(sent, WINDOWS * MLD_BATCH * 8 / 10);
	for (unsigned i = 0; i < MLD_ADDRESSES_MAX - 1; i++)
		cr_assert(seen[i], "group %u", i);
}

/* Every deadline is met by something, and nothing comes before one. */
Test(groups, deadlines_are_met_and_not_missed)
{
	unsigned groups, rounds = 0;

	start_range(MLD_ADDRESSES_MAX - 1);
	settle();
	ask(MLD_VERSION_1, all, 1000);
	for (unsigned sent = 0; sent < MLD_ADDRESSES_MAX; rounds++) {
		uint64_t next = net_next_deadline(&link.net, link.now_ns);
		unsigned now;

		cr_assert_gt(next, link.now_ns);
		link_pass(&link, next - link.now_ns - 1);
		cr_assert(silent());
		link_pass(&link, 1);
		now = reports(&groups);
		cr_assert_eq(now, groups);
		cr_assert_gt(now, 0);
		sent += now;
	}
	cr_assert_eq(rounds, (MLD_ADDRESSES_MAX + MLD_BATCH - 1) / MLD_BATCH);
}
