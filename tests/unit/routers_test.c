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
		if (!address_is_none(hop()) && neigh_find(&link.net.neigh, hop(), link.now_ns) == NULL)
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

Test(routers, a_lifetime_is_renewed_and_ended)
{
	link_route(&link, 7, 60);
	live(50 * S);
	link_pass(&link, 0);
	link.net.neigh.next_due_ns = UINT64_MAX; /* neighbours apart */
	cr_assert_leq(net_next_deadline(&link.net, link.now_ns), link.now_ns + 10 * S);
	link_route(&link, 7, 60);
	live(50 * S);
	cr_assert(hop_is(7));
	cr_assert_eq(link_route(&link, 7, 0), ACCEPTED);
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

/* Prefixes, MTU, hop limit. */

static verdict says(unsigned n, struct nd nd)
{
	nd.type = ICMP6_ROUTER_ADVERTISEMENT;
	return link_input(&link, link_local(n), nd_all_nodes(), &nd, link_mac(n));
}

static struct nd prefix_of(uint64_t hi, uint8_t len, uint32_t valid_s, bool on_link)
{
	return (struct nd){ .lifetime_s = 1800,
			    .prefixes_count = 1,
			    .prefixes = { { { hi, 0 }, valid_s, len, on_link } } };
}

static bool on_link(uint64_t hi)
{
	struct weir_address address = { hi, 99 };

	return address_equal(net_next_hop(&link.net, address), address);
}

Test(routers, prefixes_on_link)
{
	cr_assert_not(on_link(0x20011111ull << 32));
	cr_assert_eq(says(7, prefix_of(0x20011111ull << 32, 64, 600, true)), ACCEPTED);
	cr_assert(on_link(0x20011111ull << 32));
	cr_assert_not(on_link((0x20011111ull << 32) + 1));
	link_pass(&link, 599 * S);
	cr_assert(on_link(0x20011111ull << 32));
	link_pass(&link, S);
	cr_assert_not(on_link(0x20011111ull << 32), "its time is over");

	says(7, prefix_of(0x20011111ull << 32, 64, UINT32_MAX, true));
	link_pass(&link, (UINT32_MAX + 1ull) * S);
	cr_assert(on_link(0x20011111ull << 32), "for ever");
	says(7, prefix_of(0x20011111ull << 32, 64, 0, true));
	link_pass(&link, 1);
	cr_assert_not(on_link(0x20011111ull << 32), "taken back");
}

Test(routers, prefixes_that_are_not_believed)
{
	says(7, prefix_of(0x20011111ull << 32, 64, 600, false));
	cr_assert_not(on_link(0x20011111ull << 32), "it does not say so");
	says(7, prefix_of(0, 0, 600, true));
	says(7, prefix_of(0x20011111ull << 32, 63, 600, true));
	cr_assert_not(on_link(0x20011111ull << 32), "the world");
	says(7, prefix_of(0xff02ull << 48, 64, 600, true));
	says(7, prefix_of(0xfe80ull << 48, 64, 600, true));
	cr_assert_eq(link.net.routers.prefixes_count, 0);
}

Test(routers, prefixes_are_bounded)
{
	for (uint64_t i = 0; i < 3 * ROUTERS_PREFIXES_MAX; i++)
		says(7, prefix_of(0x20011111ull << 32 | i, 64, 600, true));
	cr_assert_eq(link.net.routers.prefixes_count, ROUTERS_PREFIXES_MAX);
	cr_assert(on_link(0x20011111ull << 32), "the first stay");
	says(7, prefix_of(0x20011111ull << 32, 64, 1200, true));
	link_pass(&link, 700 * S);
	cr_assert_eq(link.net.routers.prefixes_count, 1);
	cr_assert(on_link(0x20011111ull << 32));
}

Test(routers, mtu_and_hop_limit)
{
	cr_assert_eq(net_link_mtu(&link.net), 0);
	says(7, (struct nd){ .lifetime_s = 1800, .mtu = 1279 });
	says(7, (struct nd){ .lifetime_s = 1800, .mtu = 1501 });
	cr_assert_eq(net_link_mtu(&link.net), 0, "neither least nor ours");
	says(7, (struct nd){ .lifetime_s = 1800, .mtu = 1280, .hop_limit = 32 });
	cr_assert_eq(net_link_mtu(&link.net), 1280);
	cr_assert_eq(net_link_hop_limit(&link.net), 32);
	says(7, (struct nd){ .lifetime_s = 1800, .mtu = 1500 });
	cr_assert_eq(net_link_mtu(&link.net), 1500);
	cr_assert_eq(net_link_hop_limit(&link.net), 32, "unspecified is no change");
}
