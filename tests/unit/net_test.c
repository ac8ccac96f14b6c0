/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "net/net.h"
#include "support/payload_arena.h"

/* 10.0.0.1-10.0.0.3/24, gateway 10.0.0.254; and 192.0.2.1/24. */
#define OURS 0x0a000001u
#define PEER 0x0a000009u
#define GATEWAY 0x0a0000feu
#define OTHER 0x0a0000aau
#define SECOND 0xc0000201u

static struct net net;
static struct counters counters;
static const uint64_t now_ns = 5 * CLOCK_NS_PER_S;
static const struct eth_addr peer_mac = { { 2, 0, 0, 0, 0, 9 } };

static void start(void)
{
	struct weir_config config = { .mac = { 2, 0, 0, 0, 0, 1 },
				      .gateway = weir_ipv4(GATEWAY),
				      .ranges = { { weir_ipv4(OURS), weir_ipv4(OURS + 2), 24 },
						  { weir_ipv4(SECOND), weir_ipv4(SECOND), 24 } },
				      .ranges_count = 2 };

	net_init(&net, &config, (struct siphash_key){ 1, 2 }, &counters);
}

TestSuite(net, .init = start);

static verdict addresses(uint32_t src, uint32_t dst)
{
	return net_check_addresses(&net, &(struct ip_hdr){ .src = weir_ipv4(src), .dst = weir_ipv4(dst) });
}

static struct arp asks(uint32_t sender, uint32_t target)
{
	return (struct arp){ .op = ARP_REQUEST, .sender_mac = peer_mac, .sender = sender, .target = target };
}

static verdict arp_input(struct arp arp, bool *answered, struct arp *answer)
{
	return net_arp_input(&net, &arp, now_ns, answered, answer);
}

static verdict arp_verdict(struct arp arp)
{
	struct arp answer;
	bool answered;
	verdict v = arp_input(arp, &answered, &answer);

	cr_assert_not(answered);
	return v;
}

/* What is told of a tuple is what is told of its addresses. */
static void tuples_and_addresses_agree(const struct weir_range *ranges, unsigned count)
{
	static const uint32_t some[] = { 0,           1,          OURS - 1,    OURS,
					 OURS + 2,    OURS + 3,   PEER,        0x0a0000ff,
					 SECOND - 1,  SECOND,     SECOND + 1,  0xc00002ff,
					 0x7f000001u, 0x08080808, 0xe0000001u, 0xefffffff };
	struct weir_config config = { .gateway = weir_ipv4(GATEWAY), .ranges_count = count };
	unsigned n = sizeof(some) / sizeof(some[0]);

	memcpy(config.ranges, ranges, count * sizeof(ranges[0]));
	net_init(&net, &config, (struct siphash_key){ 1, 2 }, &counters);
	for (unsigned i = 0; i < n * n; i++) {
		struct tuple tuple = { some[i % n], some[i / n], 1, 2 };
		struct weir_address local = weir_ipv4(tuple.laddr), remote = weir_ipv4(tuple.raddr);

		cr_assert_eq(net_plain_tuple(&net, &tuple, NULL), net_plain_addresses(&net, remote, local),
			     "%08x from %08x", tuple.laddr, tuple.raddr);
		cr_assert(address_equal(net_tuple_hop(&net, &tuple, NULL), net_next_hop(&net, remote)),
			  "%08x", tuple.raddr);
	}
}

Test(net, a_tuple_goes_where_its_addresses_do)
{
	const struct weir_range ranges[] = {
		{ { 0x2001000200000000, 1 }, { 0x2001000200000000, 3 }, 64 },
		{ weir_ipv4(OURS), weir_ipv4(OURS + 2), 24 },
		{ weir_ipv4(SECOND), weir_ipv4(SECOND), 24 },
		{ weir_ipv4(OURS), weir_ipv4(OURS), 32 },
		{ weir_ipv4(OURS), weir_ipv4(OURS), 0 },
	};

	tuples_and_addresses_agree(ranges, 1);
	tuples_and_addresses_agree(ranges, 2);
	tuples_and_addresses_agree(ranges, 3);
	tuples_and_addresses_agree(ranges + 3, 1);
	tuples_and_addresses_agree(ranges + 4, 1);
}

Test(net, next_hops)
{
	struct weir_address near = weir_ipv4(PEER), far = weir_ipv4(0x08080808);

	cr_assert(address_equal(net_next_hop(&net, near), near));
	cr_assert(address_equal(net_next_hop(&net, far), weir_ipv4(GATEWAY)));
	net.gateways[0] = (struct weir_address){ 0, 0 };
	cr_assert(address_is_none(net_next_hop(&net, far)));
}

Test(net, whom_one_may_send_to)
{
	cr_assert(net_may_send(&net, weir_ipv4(PEER)));
	cr_assert(net_may_send(&net, weir_ipv4(0x08080808)));
	cr_assert_not(net_may_send(&net, weir_ipv4(0)));
	cr_assert_not(net_may_send(&net, weir_ipv4(0x0a0000ff)));
	cr_assert_not(net_may_send(&net, weir_ipv4(0xe0000001)));
	cr_assert_not(net_may_send(&net, weir_ipv4(0x7f000001)));
}

Test(net, addresses_of_packets)
{
	cr_assert_eq(addresses(PEER, OURS), ACCEPTED);
	cr_assert_eq(addresses(PEER, SECOND), ACCEPTED);
	cr_assert_eq(addresses(PEER, OTHER), COUNT_frames_not_mine);
	cr_assert_eq(addresses(PEER, 0x0a0000ff), COUNT_drop_ip_destination);
	cr_assert_eq(addresses(PEER, 0xffffffff), COUNT_drop_ip_destination);
	cr_assert_eq(addresses(PEER, 0xe0000001), COUNT_drop_ip_destination);
	cr_assert_eq(addresses(OURS, OURS), COUNT_drop_ip_source);
	cr_assert_eq(addresses(OURS + 1, OURS), COUNT_drop_ip_source);
	cr_assert_eq(addresses(0x0a0000ff, OURS), COUNT_drop_ip_source);
}

Test(net, who_asks_for_us_is_told)
{
	struct arp answer;
	bool answered;

	cr_assert_eq(arp_input(asks(PEER, OURS + 1), &answered, &answer), ACCEPTED);
	cr_assert(answered);
	cr_assert_eq(answer.op, ARP_REPLY);
	cr_assert_eq(answer.sender, OURS + 1);
	cr_assert_eq(answer.target, PEER);
	cr_assert(eth_equal(&answer.sender_mac, &net.mac));
	cr_assert(eth_equal(&answer.target_mac, &peer_mac));
	cr_assert_null(neigh_find(&net.neigh, weir_ipv4(PEER), now_ns), "asking makes no entry");
}

Test(net, a_probe_for_our_address_is_told_too)
{
	struct arp answer;
	bool answered;

	cr_assert_eq(arp_input(asks(0, OURS), &answered, &answer), ACCEPTED);
	cr_assert(answered);
}

Test(net, senders_that_nobody_can_have)
{
	struct arp group = asks(PEER, OURS), nobody = asks(PEER, OURS), reply = asks(0, OURS);

	group.sender_mac.bytes[0] |= 1;
	nobody.sender_mac = (struct eth_addr){ { 0 } };
	reply.op = ARP_REPLY;
	cr_assert_eq(arp_verdict(group), COUNT_drop_arp_sender);
	cr_assert_eq(arp_verdict(nobody), COUNT_drop_arp_sender);
	cr_assert_eq(arp_verdict(reply), COUNT_drop_arp_sender);
	cr_assert_eq(arp_verdict(asks(OURS, OURS)), COUNT_drop_arp_sender);
	cr_assert_eq(arp_verdict(asks(SECOND, OURS)), COUNT_drop_arp_sender);
	cr_assert_eq(arp_verdict(asks(0x0a0000ff, OURS)), COUNT_drop_arp_sender);
	cr_assert_eq(arp_verdict(asks(0xe0000001, OURS)), COUNT_drop_arp_sender);
	cr_assert_eq(arp_verdict(asks(0x7f000001, OURS)), COUNT_drop_arp_sender);
}

Test(net, what_concerns_others_or_was_not_asked)
{
	struct arp reply = asks(PEER, OURS);

	reply.op = ARP_REPLY;
	cr_assert_eq(arp_verdict(asks(PEER, OTHER)), COUNT_drop_arp_other);
	cr_assert_eq(arp_verdict(reply), COUNT_drop_arp_other);
	cr_assert_eq(arp_verdict(asks(PEER, PEER)), COUNT_frames_not_mine, "an announcement");
}

Test(net, an_answer_that_was_asked_for)
{
	struct arp reply = asks(PEER, OURS);
	struct eth_addr mac;

	reply.op = ARP_REPLY;
	neigh_hold(&net.neigh, weir_ipv4(PEER), payload_arena_copy("x", 1), now_ns);
	cr_assert_eq(arp_verdict(reply), ACCEPTED);
	payload frame = neigh_release(&net.neigh, &mac);

	cr_assert_neq(frame, 0);
	cr_assert(eth_equal(&mac, &peer_mac));
	payload_free(frame);
}

/*
 * A neighbour that is known is somewhere else, as an announcement or an answer has it:
 * it is asked where it is known to be.
 */
Test(net, a_claim_by_arp)
{
	const struct eth_addr forger = { { 2, 6, 6, 6, 6, 6 } };
	const uint64_t later_ns = now_ns + 10 * CLOCK_NS_PER_S;
	struct arp claim = asks(PEER, PEER), reply = asks(PEER, OURS), answer;
	struct net_request request;
	bool due;

	reply.op = ARP_REPLY;
	claim.sender_mac = forger;
	net_advance(&net, now_ns);
	neigh_ask(&net.neigh, weir_ipv4(PEER), now_ns);
	while (net_next_request(&net, &request))
		;
	cr_assert_eq(arp_verdict(reply), ACCEPTED);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(net_arp_input(&net, &claim, later_ns, &due, &answer), ACCEPTED);
		cr_assert(eth_equal(neigh_find(&net.neigh, weir_ipv4(PEER), later_ns), &peer_mac));
		claim.op = ARP_REPLY;
		claim.target = OURS;
	}
	cr_assert(net_next_request(&net, &request));
	cr_assert_eq(request.what, NET_SEND_ARP);
	cr_assert_eq(request.arp.target, PEER);
	cr_assert(eth_equal(&request.mac, &peer_mac));
	cr_assert_not(net_next_request(&net, &request));
	cr_assert_eq(net_arp_input(&net, &reply, later_ns, &due, &answer), ACCEPTED);
	cr_assert_eq(count_get(&counters, COUNT_neigh_claims_refused), 1);
}

/* What a neighbour asks shows that it reaches us, not that we reach it. */
Test(net, a_question_is_no_answer)
{
	struct arp question = asks(PEER, OURS), answer;
	struct net_request request;
	uint64_t t_ns = now_ns;
	bool due;

	net_advance(&net, t_ns);
	neigh_ask(&net.neigh, weir_ipv4(PEER), t_ns);
	while (net_next_request(&net, &request))
		;
	cr_assert_eq(net_arp_input(&net, &question, t_ns, &due, &answer), ACCEPTED);
	cr_assert(eth_equal(neigh_find(&net.neigh, weir_ipv4(PEER), t_ns), &peer_mac));
	net_advance(&net, t_ns += 6 * CLOCK_NS_PER_S);
	cr_assert_eq(net_arp_input(&net, &question, t_ns, &due, &answer), ACCEPTED);
	cr_assert(net_next_request(&net, &request));
	cr_assert_eq(request.arp.target, PEER);
	cr_assert(eth_equal(&request.mac, &peer_mac));
}

Test(net, what_is_sent_unasked)
{
	static const uint32_t firsts[] = { OURS, SECOND };
	struct net_request request;

	cr_assert_not(net_next_request(&net, &request), "nobody has said what time it is");
	cr_assert_eq(net_next_deadline(&net, now_ns), now_ns);
	net_advance(&net, now_ns);
	neigh_ask(&net.neigh, weir_ipv4(PEER), now_ns);
	cr_assert_eq(net_next_deadline(&net, now_ns), now_ns);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(net_next_request(&net, &request));
		cr_assert_eq(request.what, NET_SEND_ARP);
		cr_assert_eq(request.arp.sender, firsts[i]);
		cr_assert_eq(request.arp.target, firsts[i]);
		cr_assert(eth_equal(&request.mac, &ETH_BROADCAST));
	}
	cr_assert(net_next_request(&net, &request));
	cr_assert_eq(request.arp.sender, OURS);
	cr_assert_eq(request.arp.target, PEER);
	cr_assert(eth_equal(&request.mac, &ETH_BROADCAST));
	cr_assert_not(net_next_request(&net, &request));
	cr_assert_gt(net_next_deadline(&net, now_ns), now_ns);
	cr_assert_eq(net_ready(&net), 1);
}

Test(net, requests_speak_as_a_member_of_the_subnet)
{
	struct arp near = net_arp_request(&net, PEER), far = net_arp_request(&net, SECOND + 5);
	struct arp announcement = net_arp_request(&net, OURS + 2);

	cr_assert_eq(near.op, ARP_REQUEST);
	cr_assert_eq(near.sender, OURS);
	cr_assert_eq(near.target, PEER);
	cr_assert_eq(far.sender, SECOND);
	cr_assert(eth_equal(&far.sender_mac, &net.mac));
	cr_assert_eq(announcement.sender, OURS + 2);
	cr_assert_eq(announcement.target, OURS + 2);
}

Test(net, doubt_is_about_the_next_hop)
{
	static const struct eth_addr gateway_mac = { { 2, 0, 0, 0, 0, 254 } };
	struct neigh_request request;
	uint64_t later_ns = now_ns + 10 * CLOCK_NS_PER_S;

	neigh_hold(&net.neigh, net.gateways[0], payload_arena_copy("x", 1), now_ns);
	cr_assert(neigh_next_request(&net.neigh, &request));
	neigh_learn(&net.neigh, net.gateways[0], &gateway_mac, NEIGH_SOLICITED, now_ns);
	neigh_clear(&net.neigh);
	net_doubt(&net, weir_ipv4(0x08080808), later_ns);
	cr_assert(neigh_next_request(&net.neigh, &request));
	cr_assert(address_equal(request.address, net.gateways[0]));
	cr_assert(eth_equal(&request.mac, &gateway_mac));
}

static enum net_icmp icmp_input(struct icmp icmp, verdict *v)
{
	return net_icmp_input(&net, &icmp, now_ns, v);
}

Test(net, echo_has_a_limit)
{
	struct icmp echo = { .kind = ICMP_IS_ECHO };
	unsigned answered = 0;
	verdict v;

	while (answered < 10000 && icmp_input(echo, &v) == NET_ICMP_ECHO)
		answered++;
	cr_assert_geq(answered, 10);
	cr_assert_lt(answered, 10000);
	cr_assert_eq(v, COUNT_drop_icmp_limited);
	cr_assert_eq(net_icmp_input(&net, &echo, now_ns + CLOCK_NS_PER_S, &v), NET_ICMP_ECHO);
	cr_assert_eq(v, ACCEPTED);
}

Test(net, errors_are_for_our_own_segments)
{
	struct icmp icmp = { .kind = ICMP_IS_ERROR };
	verdict v;

	icmp.error.protocol = IP_PROTOCOL_TCP;
	icmp.error.pair.local = weir_ipv4(OURS);
	cr_assert_eq(icmp_input(icmp, &v), NET_ICMP_ERROR);
	cr_assert_eq(v, ACCEPTED);
	icmp.error.pair.local = weir_ipv4(OTHER);
	cr_assert_eq(icmp_input(icmp, &v), NET_ICMP_DROP);
	cr_assert_eq(v, COUNT_drop_icmp_no_connection);
	icmp.error.pair.local = weir_ipv4(OURS);
	icmp.error.protocol = 17;
	cr_assert_eq(icmp_input(icmp, &v), NET_ICMP_DROP);
	cr_assert_eq(v, COUNT_drop_icmp_no_connection);
}
