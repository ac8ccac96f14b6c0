/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/link.h"
#include "support/payload_arena.h"

#define S CLOCK_NS_PER_S
#define PEER 9

static struct link link;

/* Ready, and with nothing left to say. */
static void start(void)
{
	struct weir_config config = link_config();
	struct net_request request;

	config.no_router_advertisements = true;
	link_init(&link, &config);
	for (unsigned i = 0; i < 2; i++) {
		link_pass(&link, i * S);
		while (net_next_request(&link.net, &request))
			;
	}
}

TestSuite(discovery, .init = start);

static void hold(struct weir_address to)
{
	neigh_hold(&link.net.neigh, to, payload_arena_copy("frame", 5), link.now_ns);
}

static unsigned released(struct eth_addr *mac)
{
	unsigned n = 0;

	for (payload frame; (frame = neigh_release(&link.net.neigh, mac)) != 0; n++)
		payload_free(frame);
	return n;
}

static bool is_at(struct weir_address address, unsigned at)
{
	const struct eth_addr *found = neigh_find(&link.net.neigh, address, link.now_ns);
	struct eth_addr mac = link_mac(at);

	return found != NULL && eth_equal(found, &mac);
}

/* The next request is a solicitation for that neighbour. */
static struct nd_out asked(struct weir_address target)
{
	struct net_request request;

	cr_assert(net_next_request(&link.net, &request));
	cr_assert_eq(request.what, NET_SEND_ND);
	cr_assert_eq(request.nd.nd.type, ICMP6_NEIGHBOUR_SOLICITATION);
	cr_assert(address_equal(request.nd.nd.target, target));
	cr_assert(eth_equal(&request.mac, &request.nd.mac));
	cr_assert(request.nd.nd.has_mac && eth_equal(&request.nd.nd.mac, &link.net.mac));
	return request.nd;
}

static void resolve(struct weir_address address, unsigned at)
{
	neigh_ask(&link.net.neigh, address, link.now_ns);
	asked(address);
	cr_assert_eq(link_advertise(&link, address, at, ND_SOLICITED | ND_OVERRIDE), ACCEPTED);
}

/* RFC 4861 section 7.2.2 */
Test(discovery, a_neighbour_is_asked_and_answers)
{
	const struct weir_address peer = link_global(PEER), group = nd_solicited_node(peer);
	struct eth_addr mac = nd_group_mac(group), peer_mac = link_mac(PEER);
	struct nd_out out;

	hold(peer);
	out = asked(peer);
	cr_assert(address_equal(out.src, link_global(1)));
	cr_assert(address_equal(out.dst, group));
	cr_assert(eth_equal(&out.mac, &mac));
	cr_assert_eq(link_advertise(&link, peer, PEER, ND_SOLICITED | ND_OVERRIDE), ACCEPTED);
	cr_assert(link.answer.about_us);
	cr_assert_not(link.answer.due);
	cr_assert_eq(released(&mac), 1);
	cr_assert(eth_equal(&mac, &peer_mac));
	cr_assert(is_at(peer, PEER));
}

Test(discovery, asked_from_an_address_of_its_own_subnet)
{
	neigh_ask(&link.net.neigh, link_second(5), link.now_ns);
	cr_assert(address_equal(asked(link_second(5)).src, link_second(1)));
	neigh_ask(&link.net.neigh, link_local(5), link.now_ns);
	cr_assert(address_equal(asked(link_local(5)).src, link_ours_local()));
}

/* RFC 4861 section 7.3.3: the one who had it, alone. */
Test(discovery, asked_again_by_unicast)
{
	const struct weir_address peer = link_global(PEER);
	struct eth_addr peer_mac = link_mac(PEER);
	struct nd_out out;

	resolve(peer, PEER);
	link_pass(&link, 31 * S);
	cr_assert(is_at(peer, PEER));
	link_pass(&link, 6 * S);
	out = asked(peer);
	cr_assert(address_equal(out.dst, peer));
	cr_assert(eth_equal(&out.mac, &peer_mac));
	/* To such a question the answer may leave its address out (section 7.2.4). */
	struct nd bare = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT, .flags = ND_SOLICITED, .target = peer };

	cr_assert_eq(link_input(&link, peer, link_global(1), &bare, link_mac(PEER + 1)), ACCEPTED);
	link_pass(&link, S + S / 10);
	asked(peer); /* it was not he who answered */
	cr_assert_eq(link_input(&link, peer, link_global(1), &bare, link_mac(PEER)), ACCEPTED);
	link_pass(&link, S + S / 10);
	struct net_request request;

	cr_assert_not(net_next_request(&link.net, &request));
}

static void is_told(struct weir_address target, struct weir_address dst, struct eth_addr mac, uint8_t flags)
{
	const struct nd_out *out = &link.answer.nd;

	cr_assert(link.answer.due);
	cr_assert(link.answer.about_us);
	cr_assert_eq(out->nd.type, ICMP6_NEIGHBOUR_ADVERTISEMENT);
	cr_assert_eq(out->nd.flags, flags);
	cr_assert(address_equal(out->nd.target, target));
	cr_assert(address_equal(out->src, target));
	cr_assert(address_equal(out->dst, dst));
	cr_assert(eth_equal(&out->mac, &mac));
	cr_assert(out->nd.has_mac && eth_equal(&out->nd.mac, &link.net.mac));
}

/* RFC 4861 section 7.2.4 */
Test(discovery, who_asks_for_us_is_told)
{
	const struct weir_address ours[] = { link_global(1), link_global(3), link_second(1),
					     link_ours_local() };

	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(link_solicit(&link, PEER, ours[i]), ACCEPTED);
		is_told(ours[i], link_global(PEER), link_mac(PEER), ND_SOLICITED | ND_OVERRIDE);
	}
	cr_assert_eq(link.net.neigh.used, 0, "asking makes no entry");
}

Test(discovery, who_asks_without_saying_where_he_is_is_told_there)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION, .target = link_global(2) };

	cr_assert_eq(link_input(&link, link_global(PEER), link_global(2), &nd, link_mac(PEER)), ACCEPTED);
	is_told(link_global(2), link_global(PEER), link_mac(PEER), ND_SOLICITED | ND_OVERRIDE);
}

Test(discovery, who_has_no_address_is_told_with_all)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION, .target = link_global(2) };
	struct weir_address none = { 0 };

	cr_assert_eq(link_input(&link, none, nd_solicited_node(link_global(2)), &nd, link_mac(PEER)),
		     ACCEPTED);
	is_told(link_global(2), nd_all_nodes(), nd_group_mac(nd_all_nodes()), ND_OVERRIDE);
}

Test(discovery, what_concerns_others)
{
	struct nd rs = { .type = ICMP6_ROUTER_SOLICITATION };

	cr_assert_eq(link_solicit(&link, PEER, link_global(4)), COUNT_drop_nd_other);
	cr_assert_not(link.answer.about_us);
	cr_assert_not(link.answer.due);
	cr_assert_eq(link_input(&link, link_local(PEER), nd_all_routers(), &rs, link_mac(PEER)),
		     COUNT_drop_nd_other);
	cr_assert_not(link.answer.about_us);
	cr_assert_eq(link_advertise(&link, link_global(PEER), PEER, ND_OVERRIDE), COUNT_frames_not_mine);
	cr_assert_not(link.answer.about_us);
	cr_assert_eq(link_advertise(&link, link_global(PEER), PEER, ND_SOLICITED), COUNT_drop_nd_unasked);
	cr_assert(link.answer.about_us, "sent to us");
	cr_assert_eq(link.net.neigh.used, 0);
}

Test(discovery, what_cannot_be_read)
{
	struct ip_hdr ip = { .src = link_global(PEER), .dst = link_global(1), .ttl = 255 };
	uint8_t bytes[8] = { ICMP6_NEIGHBOUR_SOLICITATION };
	struct eth_addr mac = link_mac(PEER);

	cr_assert_eq(net_nd_input(&link.net, &ip, bytes, 8, &mac, link.now_ns, &link.answer),
		     COUNT_drop_nd_malformed);
	cr_assert(link.answer.about_us);
	cr_assert_not(link.answer.due);
}

Test(discovery, from_nowhere)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION, .target = link_global(1) };

	cr_assert_eq(link_input(&link, link_global(PEER), link_global(1), &nd, (struct eth_addr){ { 0 } }),
		     COUNT_drop_nd_mac);
	cr_assert_eq(link_input(&link, link_global(PEER), link_global(1), &nd, ETH_BROADCAST),
		     COUNT_drop_nd_mac);
}

Test(discovery, our_own_come_back)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION, .target = link_global(1) };

	cr_assert_eq(link_input(&link, link_global(2), link_global(1), &nd, link.net.mac), COUNT_drop_nd_own);
	nd.type = ICMP6_NEIGHBOUR_ADVERTISEMENT;
	cr_assert_eq(link_input(&link, link_global(1), nd_all_nodes(), &nd, link.net.mac), COUNT_drop_nd_own);
}

/* As Linux's end of a TAP interface has it. */
Test(discovery, a_neighbour_with_our_mac)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION, .target = link_global(1) };

	cr_assert_eq(link_input(&link, link_global(PEER), link_global(1), &nd, link.net.mac), ACCEPTED);
	cr_assert(link.answer.due);
	cr_assert(eth_equal(&link.answer.nd.mac, &link.net.mac));
}

Test(discovery, somebody_else_has_ours)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION, .target = link_global(1) };

	cr_assert_eq(link_advertise(&link, link_global(2), PEER, ND_OVERRIDE), COUNT_drop_nd_conflict);
	cr_assert(link.answer.about_us);
	cr_assert_eq(link_input(&link, link_global(2), link_global(1), &nd, link_mac(PEER)),
		     COUNT_drop_nd_conflict);
	cr_assert_not(link.answer.due);
}

/* RFC 4861 section 7.2.3, but for the entry that it would make. */
Test(discovery, a_question_tells_where_a_known_neighbour_is)
{
	hold(link_global(PEER));
	asked(link_global(PEER));
	cr_assert_eq(link_solicit(&link, PEER, link_global(1)), ACCEPTED);
	struct eth_addr mac;

	cr_assert_eq(released(&mac), 1);
	cr_assert(is_at(link_global(PEER), PEER));
	link_pass(&link, 6 * S);
	asked(link_global(PEER)); /* it was no answer: STALE, not REACHABLE */
}

/* The attacks. */

#define VICTIM 7
#define FORGER 66

static bool victim_is_there(struct weir_address target, unsigned *at)
{
	*at = VICTIM;
	return address_equal(target, link_global(VICTIM));
}

/*
 * Solicitations and advertisements say that the neighbour is at the forger's;
 * it is not, and answers for itself.
 */
Test(discovery, a_neighbour_in_use_stays_where_it_is)
{
	const struct weir_address victim = link_global(VICTIM);
	static const uint8_t flags[] = { ND_OVERRIDE, ND_OVERRIDE | ND_SOLICITED, ND_SOLICITED, 0,
					 ND_OVERRIDE | ND_FROM_ROUTER };
	struct nd asks = { .type = ICMP6_NEIGHBOUR_SOLICITATION,
			   .target = link_global(1),
			   .has_mac = true,
			   .mac = link_mac(FORGER) };
	unsigned questions = 0;

	resolve(victim, VICTIM);
	for (unsigned i = 0; i < 20000; i++) {
		link_pass(&link, S / 200);
		cr_assert_eq(link_advertise(&link, victim, FORGER, flags[i % 5]), ACCEPTED);
		if (i % 3 == 0)
			cr_assert_eq(link_input(&link, victim, link_global(1), &asks, link_mac(FORGER)),
				     ACCEPTED);
		cr_assert(is_at(victim, VICTIM), "frame %u", i);
		questions += link_serve(&link, victim_is_there);
		cr_assert(is_at(victim, VICTIM), "frame %u", i);
	}
	cr_assert_gt(link_count(&link, COUNT_neigh_claims_refused), 50);
	cr_assert_leq(questions, 101, "one a second at most, in 100 s");
	cr_assert_eq(link_count(&link, COUNT_tx_no_neighbour), 0);
}

/* As many addresses of the /64 are sent to, one after the other, and each asks for us, too. */
Test(discovery, a_scan_leaves_neighbours_alone)
{
	const struct weir_address victim = link_global(VICTIM);

	resolve(victim, VICTIM);
	for (uint64_t i = 0; i < 100000; i++) {
		struct weir_address scanned = link_global(0x10000 + i * 0x10001);
		struct nd asks = { .type = ICMP6_NEIGHBOUR_SOLICITATION,
				   .target = link_global(1),
				   .has_mac = true,
				   .mac = link_mac(FORGER) };

		link_pass(&link, S / 1000);
		link_input(&link, scanned, link_global(1), &asks, link_mac(FORGER));
		cr_assert(link.answer.due);
		hold(scanned);
		link_serve(&link, victim_is_there);
		cr_assert_leq(link.net.neigh.incomplete, NEIGH_INCOMPLETE_MAX);
		cr_assert_leq(link.net.neigh.used, NEIGH_INCOMPLETE_MAX + 1);
		cr_assert(is_at(victim, VICTIM), "address %lu", (unsigned long)i);
	}
	cr_assert_leq(payload_arena_live(), NEIGH_HELD_MAX);
	cr_assert_gt(link_count(&link, COUNT_tx_no_neighbour), 90000);
	neigh_clear(&link.net.neigh);
	cr_assert_eq(payload_arena_live(), 0);
}
