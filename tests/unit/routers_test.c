/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/link.h"
#include "support/payload_arena.h"

#define S CLOCK_NS_PER_S
#define FAR ((struct weir_address){ 0x2606ull << 48, 0x1234 })

static struct link link;

static void start_as(const struct weir_config *config)
{
	link_init(&link, config);
	link_pass(&link, 0);
}

static void start(void)
{
	struct weir_config config = link_config();

	start_as(&config);
}

TestSuite(routers, .init = start);

static struct weir_address hop(void)
{
	return net_next_hop(&link.net, FAR);
}

static bool hop_is(unsigned n)
{
	return address_equal(hop(), link_local(n));
}

/* Routers 1 to 9 are there, but for those that are down. */
static unsigned down;

static bool router_is_there(struct weir_address target, unsigned *at)
{
	*at = (unsigned)target.lo;
	return address_is_link_local(target) && target.lo < 10 && !(down >> target.lo & 1);
}

/* Time, in which the next hop is sent to now and then, and routers answer for themselves. */
static void live(uint64_t ns)
{
	for (uint64_t end_ns = link.now_ns + ns; link.now_ns < end_ns;) {
		link_pass(&link, S / 10);
		if (net_ready(&link.net) == 1 && !address_is_none(hop()) &&
		    neigh_find(&link.net.neigh, hop(), link.now_ns) == NULL)
			neigh_ask(&link.net.neigh, hop(), link.now_ns);
		link_serve(&link, router_is_there);
	}
}

/* RFC 4861 section 6.3.7 */
Test(routers, asked_for_three_times)
{
	static const struct eth_addr all_routers = { { 0x33, 0x33, 0, 0, 0, 2 } };
	uint64_t begun = link.now_ns, at[8];
	struct net_request request;
	unsigned n = 0;

	while (link.now_ns < begun + 30 * S) {
		while (link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request)) {
			at[n++] = link.now_ns;
			cr_assert(address_equal(request.nd.src, link_ours_local()));
			cr_assert(address_equal(request.nd.dst, nd_all_routers()));
			cr_assert(eth_equal(&request.mac, &all_routers));
			cr_assert(request.nd.nd.has_mac);
		}
		link_pass(&link, S / 4);
	}
	cr_assert_eq(n, 3);
	cr_assert_eq(at[0], begun);
	cr_assert_eq(at[1], begun + 4 * S);
	cr_assert_eq(at[2], begun + 8 * S);
	cr_assert_eq(net_next_deadline(&link.net, link.now_ns), UINT64_MAX);
	cr_assert(address_is_none(hop()), "no route");
}

Test(routers, asked_for_until_one_answers)
{
	struct net_request request;

	cr_assert(link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request));
	cr_assert_eq(link_route(&link, 7, 0), ACCEPTED, "no default router");
	link_pass(&link, 4 * S);
	cr_assert(link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request));
	cr_assert_eq(link_route(&link, 7, 1800), ACCEPTED);
	link_pass(&link, 4 * S);
	cr_assert_not(link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request));
}

Test(routers, not_asked_for_before_our_addresses_are_ours)
{
	struct weir_config config = link_config();
	struct net_request request;

	config.dad_probes = 1;
	start_as(&config);
	cr_assert_not(link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request));
	link_pass(&link, S);
	cr_assert(link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request));
	link_init(&link, &config);
	link_pass(&link, 0);
	link_route(&link, 7, 1800);
	link_pass(&link, S);
	cr_assert_not(link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request), "one has spoken meanwhile");
}

Test(routers, one_that_advertises_itself_is_the_way_out)
{
	cr_assert(address_is_none(hop()));
	cr_assert_eq(link_route(&link, 7, 1800), ACCEPTED);
	cr_assert(hop_is(7));
	cr_assert(address_equal(net_next_hop(&link.net, link_global(77)), link_global(77)), "on link");
	cr_assert(address_is_none(net_next_hop(&link.net, weir_ipv4(0x08080808))), "of IPv6 alone");
	live(1799 * S);
	cr_assert(hop_is(7));
	live(2 * S);
	cr_assert(address_is_none(hop()), "RFC 4861 section 6.3.5");
}

Test(routers, a_lifetime_is_renewed_and_ends)
{
	link_route(&link, 7, 60);
	live(50 * S);
	link_pass(&link, 0);
	link.net.neigh.next_due_ns = UINT64_MAX; /* neighbours apart */
	cr_assert_leq(net_next_deadline(&link.net, link.now_ns), link.now_ns + 10 * S);
	link_route(&link, 7, 60);
	live(50 * S);
	cr_assert(hop_is(7));
	live(20 * S);
	cr_assert(address_is_none(hop()));
}

static void is_ignored(const struct weir_config *config, struct weir_address gateway)
{
	struct net_request request;

	start_as(config);
	cr_assert_not(link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request));
	cr_assert_eq(link_route(&link, 7, 1800), COUNT_drop_nd_router);
	cr_assert(address_equal(hop(), gateway));
	link_pass(&link, 60 * S);
	cr_assert(address_equal(hop(), gateway));
}

Test(routers, believed_only_where_none_is_configured)
{
	struct weir_config config = link_config();

	config.no_router_advertisements = true;
	is_ignored(&config, (struct weir_address){ 0 });
	config.no_router_advertisements = false;
	config.gateway6 = link_global(0xfe);
	is_ignored(&config, link_global(0xfe));
}

/* RFC 4861 sections 6.3.6 and 7.3.3 */
Test(routers, one_that_goes_silent_is_replaced)
{
	down = 0;
	link_route(&link, 1, 1800);
	link_route(&link, 2, 1800);
	live(100 * S);
	cr_assert(hop_is(1));
	down = 1u << 1;
	live(50 * S);
	cr_assert(hop_is(2), "it was asked, three times");
	down = 0;
	live(100 * S);
	cr_assert(hop_is(2), "who is in use stays");
	cr_assert_neq(link.net.neigh.gateways_failed, 0);
	link_route(&link, 1, 1800);
	live(S);
	cr_assert_eq(link.net.neigh.gateways_failed, 0);
	down = 1u << 2;
	live(50 * S);
	cr_assert(hop_is(1), "it said that it is back, and answered");
}

Test(routers, where_all_are_silent_each_is_tried)
{
	unsigned seen = 0;

	down = ~0u;
	for (unsigned n = 1; n <= 3; n++)
		link_route(&link, n, 1800);
	live(10 * S);
	for (unsigned i = 0; i < 30; i++) {
		live(S);
		cr_assert_not(address_is_none(hop()));
		seen |= 1u << hop().lo;
	}
	cr_assert_eq(seen, 7u << 1);
	down = ~(1u << 2);
	live(30 * S);
	cr_assert(hop_is(2));
}

/* RFC 4861 section 7.2.5: a router that is none any more. */
Test(routers, one_that_became_a_host)
{
	struct net_request request;

	link_route(&link, 7, 1800);
	while (net_next_request(&link.net, &request))
		;
	cr_assert_eq(link_advertise(&link, link_local(7), 7, ND_SOLICITED | ND_OVERRIDE), ACCEPTED);
	cr_assert(address_is_none(hop()));
}

/* Not asked: anybody could say so. */
Test(routers, one_that_is_said_to_be_a_host)
{
	link_route(&link, 7, 1800);
	live(5 * S);
	cr_assert_eq(link_advertise(&link, link_local(7), 7, ND_OVERRIDE), ACCEPTED);
	cr_assert_eq(link_advertise(&link, link_local(7), 66, ND_SOLICITED | ND_OVERRIDE), ACCEPTED);
	cr_assert(hop_is(7));
}

/* From another MAC address, whether it names it or not. */
Test(routers, who_is_known_is_asked_first)
{
	struct nd nd = { .type = ICMP6_ROUTER_ADVERTISEMENT };

	down = 0;
	link_route(&link, 7, 1800);
	live(5 * S);
	cr_assert_eq(link_input(&link, link_local(7), nd_all_nodes(), &nd, link_mac(66)),
		     COUNT_drop_nd_claim);
	nd.has_mac = true;
	nd.mac = link_mac(66);
	cr_assert_eq(link_input(&link, link_local(7), nd_all_nodes(), &nd, link_mac(66)),
		     COUNT_drop_nd_claim);
	live(5 * S);
	cr_assert(hop_is(7));
	cr_assert_geq(link_count(&link, COUNT_neigh_claims_refused), 1);
}

/* Ten thousand forged routers: the one in use stays, and the table is bounded. */
Test(routers, a_flood_of_them_changes_nothing)
{
	unsigned full = 0, limited = 0;

	down = 0;
	link_route(&link, 7, 1800);
	live(5 * S);
	for (unsigned i = 0; i < 10000; i++) {
		verdict v = link_route(&link, 1000 + i, 9000);

		full += v == COUNT_drop_nd_routers_full;
		limited += v == COUNT_drop_nd_limited;
		if (i % 100 == 0)
			live(S / 10);
		cr_assert(hop_is(7));
		cr_assert_leq(link.net.neigh.used, NEIGH_INCOMPLETE_MAX);
	}
	cr_assert_gt(full, 0);
	cr_assert_gt(limited, 9000);
	cr_assert_eq(link_route(&link, 7, 1800), ACCEPTED, "who is known has no limit");
	live(10 * S);
	cr_assert_eq(link_route(&link, 8, 1800), ACCEPTED, "the forged ones never answered, and give way");
	down = 1u << 7;
	live(60 * S);
	cr_assert(hop_is(8));
}

/*
 * RFC 4861 section 6.3.4 would have a prefix with L on link:
 * from then on who forged it would be asked for the peer.
 */
Test(routers, a_prefix_of_theirs_is_not_on_link)
{
	static const uint8_t bytes[] = { 134,  0,    0,    0,    64, 0, 0,  0,    0,    0,    0,    0,
					 0,    0,    0,    0,    3,  4, 64, 0xc0, 0xff, 0xff, 0xff, 0xff,
					 0xff, 0xff, 0xff, 0xff, 0,  0, 0,  0,    0x26, 6,    0,    0,
					 0,    0,    0,    0,    0,  0, 0,  0,    0,    0,    0,    0 };
	struct ip_hdr ip = { .src = link_local(66), .dst = nd_all_nodes(), .ttl = ND_HOP_LIMIT };
	struct eth_addr mac = link_mac(66);

	link_route(&link, 7, 1800);
	live(S);
	cr_assert_eq(net_nd_input(&link.net, &ip, bytes, sizeof(bytes), &mac, link.now_ns, &link.answer),
		     ACCEPTED);
	cr_assert(hop_is(7), "FAR is in it");
}

/* It answers: one packet with its MAC address, or a hundred, take nothing from it. */
Test(routers, one_that_is_said_to_have_ceased_stays_while_it_answers)
{
	static const uint16_t lifetimes[] = { 0, 1 };

	link_route(&link, 7, 1800);
	link_route(&link, 8, 1800);
	live(5 * S);
	cr_assert(hop_is(7));
	for (unsigned i = 0; i < 100; i++) {
		cr_assert_eq(link_route(&link, 7, lifetimes[i % 2]), ACCEPTED);
		cr_assert(hop_is(7));
		live(S / 5);
		cr_assert(hop_is(7));
	}
	live(1770 * S);
	cr_assert(hop_is(7));
	live(10 * S);
	cr_assert(address_is_none(hop()), "nor did they give it more");
}

/* RFC 4861 section 6.2.5: said by itself, and it has gone. */
Test(routers, one_that_ceased_gives_way)
{
	struct net_request request;
	struct eth_addr mac = link_mac(7);

	link_route(&link, 7, 1800);
	live(5 * S);
	down = 1u << 7;
	link_route(&link, 7, 0);
	cr_assert(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request));
	cr_assert(address_equal(request.nd.dst, link_local(7)));
	cr_assert(eth_equal(&request.mac, &mac));
	link_route(&link, 8, 1800);
	live(S);
	cr_assert(hop_is(7), "it has three seconds");
	live(3 * S);
	cr_assert(hop_is(8));
}

static unsigned solicitations(uint64_t ns)
{
	struct net_request request;
	unsigned n = 0;

	for (uint64_t end_ns = link.now_ns + ns; link.now_ns < end_ns;) {
		link_pass(&link, S / 10);
		while (link_requested(&link, ICMP6_ROUTER_SOLICITATION, &request))
			n++;
	}
	return n;
}

Test(routers, asked_for_again_when_the_last_has_gone)
{
	link_route(&link, 7, 60);
	live(50 * S);
	cr_assert_eq(solicitations(9 * S), 0);
	link_pass(&link, 2 * S);
	cr_assert(link.net.routers.solicitation_due, "in the round that saw it end");
	cr_assert_eq(solicitations(3 * S), 1, "its lifetime is over");
	cr_assert_eq(solicitations(4 * S), 1);
	cr_assert_eq(solicitations(60 * S), 1);
	link_route(&link, 7, 1800);
	cr_assert_eq(solicitations(30 * S), 3, "it did not answer");
}

/* However often: no more than one in four seconds. */
Test(routers, asked_for_no_more_often)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 100; i++) {
		link_route(&link, 1000 + i, 1);
		n += solicitations(S + S / 5);
	}
	cr_assert_gt(n, 10);
	cr_assert_leq(n, 1 + 120 / 4);
}

/* It was silent, and 30 forged newcomers a second have all places and the limit of new ones. */
Test(routers, newcomers_do_not_keep_it_out)
{
	const unsigned silent = 3 * 60, rounds = silent + 3 * 40;
	unsigned forged = 1000;

	link_route(&link, 7, 1800);
	live(5 * S);
	down = 1u << 7;
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < 10; i++)
			link_route(&link, forged++, 9000);
		if (round == silent) {
			cr_assert_not(hop_is(7), "its place is somebody's");
			down = 0;
		}
		if (round >= silent)
			cr_assert_eq(link_route(&link, 7, 1800), ACCEPTED, "round %u", round);
		live(S / 3);
		cr_assert(round < silent || hop_is(7), "round %u", round);
	}
}

/* Of its address alone nobody makes use: it is one of the newcomers then. */
Test(routers, comes_back_from_where_it_was)
{
	link_route(&link, 7, 10);
	live(9 * S);
	cr_assert(hop_is(7));
	live(700 * S); /* the neighbour is forgotten, too */
	for (unsigned i = 0; i < 100; i++)
		link_route(&link, 1000 + i, 9000);
	struct nd nd = { .type = ICMP6_ROUTER_ADVERTISEMENT, .lifetime_s = 1800 };

	cr_assert_eq(link_input(&link, link_local(7), nd_all_nodes(), &nd, link_mac(66)),
		     COUNT_drop_nd_limited);
	cr_assert_eq(link_route(&link, 7, 1800), ACCEPTED);
	live(S);
	cr_assert(hop_is(7));
}

/* It spoke while our addresses were tentative, and could not be asked: it is asked when they are ours. */
Test(routers, one_heard_too_early_is_asked_later)
{
	struct weir_config config = link_config();
	struct net_request request;

	config.dad_probes = 5;
	start_as(&config);
	link_route(&link, 7, 1800);
	for (unsigned i = 0; i < 50; i++) {
		cr_assert_neq(net_ready(&link.net), 1);
		link_route(&link, 1000 + i, 1800);
		live(S / 10);
		cr_assert_eq(link.net.neigh.gateways_failed, 0);
	}
	link_pass(&link, S);
	cr_assert_eq(net_ready(&link.net), 1);
	cr_assert(hop_is(7));
	cr_assert(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request));
	cr_assert(address_equal(request.nd.nd.target, link_local(7)));
}
