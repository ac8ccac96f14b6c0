/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>

#include "support/link.h"

#define S CLOCK_NS_PER_S

static struct link link;

static void start(unsigned probes)
{
	struct weir_config config = link_config();

	config.dad_probes = (uint8_t)probes;
	link_init(&link, &config);
}

/* All of a round's questions go out. */
static void ask(void)
{
	struct net_request request;

	link_pass(&link, 0);
	while (link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request))
		;
}

static verdict addresses(struct weir_address src, struct weir_address dst)
{
	return net_check_addresses(&link.net, &(struct ip_hdr){ .src = src, .dst = dst });
}

/* Our own question for that address, or somebody's: only the nonce tells. */
static verdict probed(struct weir_address target, bool has_nonce, uint64_t nonce, struct eth_addr mac)
{
	struct nd nd = {
		.type = ICMP6_NEIGHBOUR_SOLICITATION, .target = target, .has_nonce = has_nonce, .nonce = nonce
	};

	return link_input(&link, (struct weir_address){ 0 }, nd_solicited_node(target), &nd, mac);
}

static void is_question(const struct net_request *request, struct weir_address target)
{
	struct weir_address group = nd_solicited_node(target);
	struct eth_addr mac = nd_group_mac(group);

	cr_assert(address_is_none(request->nd.src));
	cr_assert(address_equal(request->nd.dst, group));
	cr_assert(eth_equal(&request->mac, &mac));
	cr_assert(eth_equal(&request->nd.mac, &mac));
	cr_assert(address_equal(request->nd.nd.target, target));
	cr_assert_not(request->nd.nd.has_mac);
	cr_assert(request->nd.nd.has_nonce);
}

/*
 * RFC 4862 section 5.4.2: the first of each range and the link-local one,
 * a second apart, and then a second more.
 */
Test(dad, questions_and_their_times)
{
	struct net_request request;

	start(2);
	mld_stop(&link.net.mld); /* whose reports come in between */
	cr_assert_eq(net_ready(&link.net), 0);
	cr_assert_not(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request),
		      "nobody has said what time it is");
	cr_assert_eq(net_next_deadline(&link.net, link.now_ns), link.now_ns);
	for (unsigned round = 0; round < 2; round++) {
		link_pass(&link, round * S);
		cr_assert_eq(net_next_deadline(&link.net, link.now_ns), link.now_ns);
		cr_assert(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request));
		is_question(&request, link_global(1));
		cr_assert(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request));
		is_question(&request, link_second(1));
		cr_assert(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request));
		is_question(&request, link_ours_local());
		cr_assert_not(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request));
		cr_assert_eq(net_next_deadline(&link.net, link.now_ns), link.now_ns + S);
		link_pass(&link, S - 1);
		cr_assert_not(net_next_request(&link.net, &request));
		link.now_ns -= S - 1;
	}
	link_pass(&link, S - 1);
	cr_assert_eq(net_ready(&link.net), 0);
	link_pass(&link, 1);
	cr_assert_eq(net_ready(&link.net), 1);
}

/* Their time begins when they have gone: a port may take nothing for a while. */
Test(dad, who_was_not_asked_has_not_agreed)
{
	start(1);
	for (unsigned i = 0; i < 5; i++)
		link_pass(&link, S);
	cr_assert_eq(net_ready(&link.net), 0);
	cr_assert_eq(net_next_deadline(&link.net, link.now_ns), link.now_ns, "they wait");
	ask();
	link_pass(&link, S - 1);
	cr_assert_eq(net_ready(&link.net), 0);
	link_pass(&link, 1);
	cr_assert_eq(net_ready(&link.net), 1);
}

Test(dad, none_is_wanted)
{
	struct net_request request;

	start(0);
	cr_assert_eq(net_ready(&link.net), 1, "at once");
	link_pass(&link, 0);
	cr_assert_eq(net_ready(&link.net), 1);
	cr_assert_eq(addresses(link_global(9), link_global(1)), ACCEPTED);
	cr_assert_not(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request));
}

Test(dad, without_ipv6_there_is_nothing_to_ask)
{
	struct weir_config config = link_config();
	struct net_request request;
	unsigned requests = 0;

	config.dad_probes = 3;
	config.ranges[0] = config.ranges[1];
	config.ranges_count = 1;
	link_init(&link, &config);
	cr_assert_eq(net_ready(&link.net), 1);
	link_pass(&link, 0);
	for (; net_next_request(&link.net, &request); requests++)
		cr_assert_eq(request.what, NET_SEND_ARP);
	cr_assert_eq(requests, 1, "the announcement of 10.0.0.1");
	cr_assert_eq(net_next_deadline(&link.net, link.now_ns), UINT64_MAX);
}

Test(dad, tentative_addresses_are_not_used)
{
	struct weir_address ours = link_global(1), peer = link_global(9);
	struct net_request request;

	start(1);
	link_pass(&link, 0);
	cr_assert_eq(addresses(peer, ours), COUNT_drop_ip_tentative);
	cr_assert_eq(addresses(peer, link_global(3)), COUNT_drop_ip_tentative,
		     "the others of its range neither");
	cr_assert_eq(addresses(peer, link_ours_local()), COUNT_drop_ip_tentative);
	cr_assert_eq(addresses(peer, nd_solicited_node(ours)), ACCEPTED, "neighbour discovery is heard");
	cr_assert_not(net_plain_addresses(&link.net, peer, ours));
	cr_assert_eq(addresses(weir_ipv4(0x0a000009), weir_ipv4(0x0a000001)), ACCEPTED);
	cr_assert(net_plain_addresses(&link.net, weir_ipv4(0x0a000009), weir_ipv4(0x0a000001)));
	cr_assert_eq(link_solicit(&link, 9, ours), COUNT_drop_ip_tentative, "RFC 4862 section 5.4.3");
	cr_assert_not(link.answer.due);
	neigh_ask(&link.net.neigh, peer, link.now_ns);
	while (net_next_request(&link.net, &request))
		cr_assert(request.what != NET_SEND_ND || address_is_none(request.nd.src),
			  "no question from such an address");
	link_pass(&link, S);
	cr_assert_eq(addresses(peer, ours), ACCEPTED);
	cr_assert(net_plain_addresses(&link.net, peer, ours));
	link_pass(&link, S);
	cr_assert(link_requested(&link, ICMP6_NEIGHBOUR_SOLICITATION, &request), "asked again in its time");
	cr_assert(address_equal(request.nd.nd.target, peer));
}

static void is_duplicate(void)
{
	struct net_request request;

	cr_assert_eq(net_ready(&link.net), -EADDRINUSE);
	for (unsigned i = 0; i < 10; i++) {
		cr_assert_not(link_requested(&link, ICMP6_NEIGHBOUR_ADVERTISEMENT, &request),
			      "nothing is announced");
		link_pass(&link, S);
		cr_assert_eq(net_ready(&link.net), -EADDRINUSE);
		cr_assert_eq(addresses(link_global(9), link_global(1)), COUNT_drop_ip_tentative);
		cr_assert_eq(link_solicit(&link, 9, link_global(2)), COUNT_drop_ip_tentative);
	}
}

/* RFC 4862 section 5.4.4 */
Test(dad, somebody_answers)
{
	start(1);
	link_pass(&link, 0);
	cr_assert_eq(link_advertise(&link, link_global(1), 9, ND_OVERRIDE), ACCEPTED);
	is_duplicate();
}

/* RFC 4862 section 5.4.3 */
Test(dad, somebody_wants_it_too)
{
	start(1);
	link_pass(&link, 0);
	cr_assert_eq(probed(link_second(1), false, 0, link_mac(9)), ACCEPTED);
	is_duplicate();
}

Test(dad, somebody_with_another_nonce_wants_it_too)
{
	start(1);
	link_pass(&link, 0);
	cr_assert_eq(probed(link_ours_local(), true, link.net.dad.nonce ^ 1, link_mac(9)), ACCEPTED);
	is_duplicate();
}

/* RFC 7527, and the plain way to know it. */
Test(dad, our_own_question_came_back)
{
	start(1);
	ask();
	cr_assert_eq(probed(link_global(1), true, link.net.dad.nonce, link_mac(9)), COUNT_drop_nd_own);
	cr_assert_eq(probed(link_global(1), false, 0, link.net.mac), COUNT_drop_nd_own);
	cr_assert_eq(net_ready(&link.net), 0);
	link_pass(&link, S);
	cr_assert_eq(net_ready(&link.net), 1);
}

Test(dad, nonces_differ)
{
	struct weir_config config = link_config();
	uint64_t nonce;

	config.dad_probes = 1;
	link_init(&link, &config);
	nonce = link.net.dad.nonce;
	config.mac[5]++;
	link_init(&link, &config);
	cr_assert_neq(link.net.dad.nonce, nonce, "two machines with one seed");
	cr_assert_eq(nonce >> ND_NONCE_BITS, 0);
}

Test(dad, others_addresses_are_none_of_it)
{
	start(1);
	ask();
	cr_assert_eq(probed(link_global(7), false, 0, link_mac(9)), COUNT_drop_nd_other);
	cr_assert_eq(link_advertise(&link, link_global(7), 9, ND_OVERRIDE), COUNT_frames_not_mine);
	link_pass(&link, S);
	cr_assert_eq(net_ready(&link.net), 1);
}

/* Too late: it is ours. Who asks is told, who says is counted. */
Test(dad, defended_afterwards)
{
	start(1);
	ask();
	link_pass(&link, S);
	cr_assert_eq(probed(link_global(1), false, 0, link_mac(9)), ACCEPTED);
	cr_assert(link.answer.due);
	cr_assert(address_equal(link.answer.nd.dst, nd_all_nodes()));
	cr_assert_eq(link_advertise(&link, link_global(1), 9, ND_OVERRIDE), COUNT_drop_nd_conflict);
	cr_assert_eq(net_ready(&link.net), 1);
}

Test(dad, announced_when_it_is_over)
{
	static const struct eth_addr all_nodes = { { 0x33, 0x33, 0, 0, 0, 1 } };
	const struct weir_address want[] = { link_global(1), link_second(1), link_ours_local() };
	struct net_request request;

	start(1);
	link_pass(&link, 0);
	cr_assert_not(link_requested(&link, ICMP6_NEIGHBOUR_ADVERTISEMENT, &request));
	link_pass(&link, S);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(link_requested(&link, ICMP6_NEIGHBOUR_ADVERTISEMENT, &request));
		cr_assert(address_equal(request.nd.nd.target, want[i]));
		cr_assert(address_equal(request.nd.src, want[i]));
		cr_assert(address_equal(request.nd.dst, nd_all_nodes()));
		cr_assert(eth_equal(&request.mac, &all_nodes));
		cr_assert_eq(request.nd.nd.flags, ND_OVERRIDE);
		cr_assert(request.nd.nd.has_mac && eth_equal(&request.nd.nd.mac, &link.net.mac));
	}
	cr_assert_not(link_requested(&link, ICMP6_NEIGHBOUR_ADVERTISEMENT, &request));
}
