/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only IPv6 has: extension headers and what is answered to them, discovery,
 * tentative addresses, flow labels.
 */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ipv6.h"
#include "wire/mld.h"
#include "wire/parse.h"
#include "wire/tcp_hdr.h"

#define IP ETH_BYTES
#define L4 (ETH_BYTES + IPV6_BYTES)
#define S 1000000000ull

enum {
	HEADER_ROUTING = 43,
	HEADER_FRAGMENT = 44,
	HEADER_DESTINATION = 60,
	PROTOCOL_UDP = 17,
};

static void init(void)
{
	stand_init();
	stand_family(true);
}

TestSuite(ipv6_core, .init = init);

static const struct weir_address peer = FRAMES_IPV6(2), ours = FRAMES_IPV6(1);
static const struct weir_address all_nodes = { 0xff02ull << 48, 1 }, none;
static const struct weir_address all_mld_routers = { 0xff02ull << 48, 0x16 };

static struct weir_address link_local(void)
{
	return (struct weir_address){ 0xfe80ull << 48, 0xfffe000001 };
}

/* A packet from the peer. */
static uint32_t packet(uint8_t *frame, uint8_t protocol, const void *carried, uint32_t len)
{
	struct pair pair = frames_pair(true);
	struct ip_hdr ip = { .protocol = protocol, .ttl = 64 };

	return frames_ip(frame, &pair, &ip, carried, len);
}

/* One with an option that nobody knows, and that says to be told of it if it is so. */
static uint32_t unknown_option(uint8_t *frame)
{
	static const uint8_t header[8 + 20] = { IP_PROTOCOL_TCP, 0, 0x9e, 0, 1, 0, 1, 0 };

	return packet(frame, HEADER_DESTINATION, header, sizeof(header));
}

static void move_to(uint8_t *frame, struct weir_address src, struct weir_address dst)
{
	bytes_put_address(frame + IP + 8, src);
	bytes_put_address(frame + IP + 24, dst);
}

/* The next frame, an ICMPv6 message of ours, with its checksum looked at. Where it stands in `bytes`. */
static const uint8_t *take_message(uint8_t bytes[FRAMES_MAX], struct frame *frame, uint32_t *len)
{
	uint32_t n = stand_take(bytes);

	cr_assert_gt(n, L4, "a message was to be sent");
	*frame = (struct frame){ .bytes = bytes, .contiguous = n, .total = n };
	cr_assert_eq(parse_link(frame), ACCEPTED);
	cr_assert_eq(parse_ip(frame), ACCEPTED);
	cr_assert_eq(parse_accept(frame), ACCEPTED);
	cr_assert_eq(frame->ip.protocol, IP_PROTOCOL_ICMP6);
	uint32_t at = frame_l4_start(frame);

	*len = frame_end(frame) - at;
	cr_assert_eq(csum_fold(csum_add(csum_pseudo(frame->ip.src, frame->ip.dst, IP_PROTOCOL_ICMP6,
						    (uint16_t)*len),
					csum_bytes(bytes + at, *len))),
		     CSUM_RIGHT);
	return bytes + at;
}

static void expect_problem(const uint8_t *sent, uint32_t sent_len, uint8_t code, uint32_t at,
			   enum counter drop)
{
	uint64_t before = stand_count(drop);
	uint8_t bytes[FRAMES_MAX];
	struct frame frame;
	uint32_t len;

	stand_give(sent, sent_len);
	cr_assert_eq(stand_count(drop), before + 1);
	const uint8_t *message = take_message(bytes, &frame, &len);

	cr_assert(address_equal(frame.ip.src, ours) && address_equal(frame.ip.dst, peer));
	cr_assert(eth_equal(&frame.eth.dst, &frames_peer_mac));
	cr_assert_eq(frame.ip.ttl, stand.config.ttl);
	cr_assert_eq(message[0], ICMP6_PARAMETER_PROBLEM);
	cr_assert_eq(message[1], code);
	cr_assert_eq(bytes_get32(message + 4), at);
	cr_assert_arr_eq(message + ICMP_BYTES, sent + IP, len - ICMP_BYTES);
	cr_assert_eq(len - ICMP_BYTES, sent_len - IP < 1232 ? sent_len - IP : 1232,
		     "as much as the least MTU lets");
	cr_assert_eq(stand_drain(), 0);
}

/* RFC 8200 sections 4, 4.2 and 4.4; RFC 4443 section 3.4. */
Test(ipv6_core, problems_are_told_to_their_sender)
{
	static const uint8_t route[8] = { IP_PROTOCOL_TCP, 0, 0, 1 };
	static const uint8_t beyond[8] = { IP_PROTOCOL_TCP, 0, 0x1e, 9 };
	static const uint8_t data[1400];
	uint8_t frame[FRAMES_MAX];
	uint32_t len;

	stand_up();
	len = packet(frame, PROTOCOL_UDP, data, 8);
	expect_problem(frame, len, 1, 6, COUNT_drop_ip_protocol);
	len = packet(frame, PROTOCOL_UDP, data, sizeof(data));
	expect_problem(frame, len, 1, 6, COUNT_drop_ip_protocol);
	len = packet(frame, HEADER_ROUTING, route, sizeof(route));
	expect_problem(frame, len, 0, IPV6_BYTES + 2, COUNT_drop_ip_source_route);
	len = packet(frame, HEADER_DESTINATION, beyond, sizeof(beyond));
	expect_problem(frame, len, 0, IPV6_BYTES + 2, COUNT_drop_ip_option_length);
	len = unknown_option(frame);
	expect_problem(frame, len, 2, IPV6_BYTES + 2, COUNT_drop_ip_option);
	cr_assert_eq(stand_count(COUNT_icmp_problems_out), 5);
	stand_down();
}

/* RFC 4443 section 2.4 (f) */
Test(ipv6_core, problems_are_limited)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len = unknown_option(frame);
	unsigned first = 0;

	stand_up();
	for (unsigned i = 0; i < 1000; i++)
		stand_give(frame, len);
	first = stand_drain();
	cr_assert(first >= 1 && first <= 100, "%u at once", first);
	cr_assert_eq(stand_count(COUNT_icmp_problems_limited), 1000 - first);
	for (unsigned ms = 0; ms < 1000; ms++) {
		stand_pass(S / 1000);
		stand_give(frame, len);
	}
	unsigned second = (unsigned)stand_count(COUNT_icmp_problems_out) - first;

	cr_assert(second >= 50 && second <= 200, "%u in a second", second);
	stand_down();
}

static void expect_silence(const uint8_t *frame, uint32_t len, enum counter drop)
{
	uint64_t before = stand_count(drop);

	stand_give(frame, len);
	cr_expect_eq(stand_count(drop), before + 1, "%s", counter_name(drop));
	cr_expect_eq(stand_drain(), 0, "something was answered");
	cr_expect_eq(stand_count(COUNT_syn_in), 0);
}

/*
 * RFC 4443 section 2.4 (e): from nobody, from many, to many by IPv6 or by Ethernet,
 * and of what wants silence itself.
 */
Test(ipv6_core, problems_that_are_not_told)
{
	static const struct weir_address loopback = { 0, 1 };
	uint8_t frame[FRAMES_MAX];
	uint32_t len = unknown_option(frame);

	stand_up();
	move_to(frame, none, ours);
	expect_silence(frame, len, COUNT_drop_ip_option);
	move_to(frame, all_nodes, ours);
	expect_silence(frame, len, COUNT_drop_ip_option);
	move_to(frame, loopback, ours);
	expect_silence(frame, len, COUNT_drop_ip_option);
	move_to(frame, peer, all_nodes);
	expect_silence(frame, len, COUNT_drop_ip_option);
	move_to(frame, peer, ours);
	frame[L4 + 2] = 0x5e; /* an option that says to drop the packet, and no more */
	expect_silence(frame, len, COUNT_drop_ip_option);
	frame[L4 + 2] = 0x9e;
	frame[0] |= 1;
	expect_silence(frame, len, COUNT_drop_ip_destination);
	stand_down();
}

/*
 * An error about an error could be answered for ever:
 * there is none about what it quotes, nor about an unknown one.
 */
Test(ipv6_core, errors_are_not_answered)
{
	struct pair pair = frames_pair(true);
	uint8_t frame[FRAMES_MAX], quote[64] = { 0 };

	stand_up();
	for (unsigned type = 0; type < 128; type++) {
		uint32_t len = frames_icmp_between(frame, &pair, (uint8_t)type, 0, quote, sizeof(quote));

		stand_give(frame, len);
	}
	cr_assert_eq(stand_drain(), 0);
	cr_assert_eq(stand_count(COUNT_drop_icmp_malformed), 4,
		     "those that are known; their quotes are none");
	cr_assert_eq(stand_count(COUNT_drop_icmp_type), 124);
	stand_down();
}

/* RFC 8200 sections 4.5 and 4.8; RFC 6946: a fragment that is all of its packet is one like any other. */
Test(ipv6_core, fragments_are_dropped_unless_they_are_whole)
{
	uint8_t frame[FRAMES_MAX], carried[8 + TCP_HDR_BYTES] = { IP_PROTOCOL_TCP };
	struct pair pair = frames_pair(true);
	struct seg seg = { .tuple = { .lport = 81, .rport = 1000 }, .flags = SEG_RST, .ttl = 64 };
	uint32_t len;

	frames_tcp_between(frame, &pair, &seg);
	memcpy(carried + 8, frame + L4, TCP_HDR_BYTES);
	stand_up();
	len = packet(frame, HEADER_FRAGMENT, carried, sizeof(carried));
	expect_silence(frame, len, COUNT_drop_closed_rst);
	frame[L4 + 3] = 1; /* more follow */
	expect_silence(frame, len, COUNT_drop_ip_fragment);
	frame[L4 + 3] = 8; /* an offset */
	expect_silence(frame, len, COUNT_drop_ip_fragment);
	stand_down();
}

static void expect_echo(const uint8_t *frame, uint32_t len, const char *data)
{
	uint8_t bytes[FRAMES_MAX];
	struct frame got;
	uint32_t n;

	stand_give(frame, len);
	const uint8_t *message = take_message(bytes, &got, &n);

	cr_assert(address_equal(got.ip.src, ours) && address_equal(got.ip.dst, peer));
	cr_assert_eq(got.ip.header_bytes, IPV6_BYTES, "without what the request had");
	cr_assert_eq(message[0], ICMP6_ECHO_REPLY);
	cr_assert_eq(n, ICMP_BYTES + strlen(data));
	cr_assert_arr_eq(message + ICMP_BYTES, data, strlen(data));
}

/*
 * RFC 4443 section 4.2: from the address that was asked, with all that came. Not to a group:
 * that would make one ping many.
 */
Test(ipv6_core, echo)
{
	static const uint8_t padding[8] = { IP_PROTOCOL_ICMP6, 0, 1, 4 };
	struct pair pair = frames_pair(true), group = { all_nodes, peer };
	uint8_t frame[FRAMES_MAX], carried[32];
	uint32_t len;

	stand_up();
	len = frames_icmp_between(frame, &pair, ICMP6_ECHO, 0, "anybody there", 13);
	expect_echo(frame, len, "anybody there");
	memcpy(carried, padding, sizeof(padding));
	memcpy(carried + sizeof(padding), frame + L4, ICMP_BYTES + 13);
	len = packet(frame, HEADER_DESTINATION, carried, sizeof(padding) + ICMP_BYTES + 13);
	expect_echo(frame, len, "anybody there");
	len = frames_icmp_between(frame, &group, ICMP6_ECHO, 0, "anybody there", 13);
	expect_silence(frame, len, COUNT_drop_ip_destination);
	stand_down();
}

/* RFC 9293 MUST-57 and MUST-63 */
Test(ipv6_core, tcp_from_or_to_many_is_ignored)
{
	static const struct weir_address loopback = { 0, 1 };
	const struct weir_address nobody[] = { none, loopback, all_nodes, ours, link_local() };
	struct seg syn = {
		.tuple = { .lport = 80, .rport = 1234 }, .flags = SEG_SYN, .wnd = 65535, .ttl = 64
	};
	struct pair pair = frames_pair(true);
	uint8_t frame[FRAMES_MAX];
	uint32_t len;

	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		pair.remote = nobody[i];
		len = frames_tcp_between(frame, &pair, &syn);
		expect_silence(frame, len, COUNT_drop_ip_source);
	}
	pair = (struct pair){ nd_all_nodes(), peer };
	len = frames_tcp_between(frame, &pair, &syn);
	expect_silence(frame, len, COUNT_drop_ip_destination);
	struct eth_addr mac = nd_group_mac(nd_all_nodes());

	memcpy(frame, mac.bytes, sizeof(mac.bytes));
	expect_silence(frame, len, COUNT_drop_ip_destination);
	pair = (struct pair){ nd_solicited_node(ours), peer };
	len = frames_tcp_between(frame, &pair, &syn);
	expect_silence(frame, len, COUNT_drop_ip_destination);
	/* To us alone by its IP address, and to many by Ethernet's. */
	pair = frames_pair(true);
	len = frames_tcp_between(frame, &pair, &syn);
	frame[0] |= 1;
	expect_silence(frame, len, COUNT_drop_ip_destination);
	stand_down();
}

/* Whoever shares the port is in these groups as we are, and has other protocols. */
Test(ipv6_core, what_groups_are_sent_goes_back)
{
	const struct weir_address groups[] = { all_nodes, nd_solicited_node(ours) };
	static const uint8_t protocols[] = { PROTOCOL_UDP, IP_PROTOCOL_TCP, 132 };
	static const uint8_t data[64];
	uint8_t frame[FRAMES_MAX];

	stand_up();
	for (unsigned i = 0; i < 2 * sizeof(protocols); i++) {
		struct pair pair = { .local = groups[i % 2], .remote = peer };
		struct ip_hdr ip = { .protocol = protocols[i / 2], .ttl = 64 };

		cr_expect_eq(stand_offer(frame, frames_ip(frame, &pair, &ip, data, sizeof(data))),
			     WEIR_NOT_MINE, "protocol %u", ip.protocol);
		cr_expect_eq(stand_offer(frame, frames_icmp_between(frame, &pair, ICMP6_ECHO, 0, data, 8)),
			     WEIR_NOT_MINE, "ping");
		cr_expect_eq(stand_offer(frame, frames_icmp_between(frame, &pair, 131, 0, data, 24)),
			     WEIR_NOT_MINE, "a report of a listener");
		pair.local = ours;
		cr_expect_eq(stand_offer(frame, frames_ip(frame, &pair, &ip, data, sizeof(data))),
			     WEIR_TAKEN);
	}
	stand_drain();
	stand_down();
}

/* ::ffff:10.0.0.1 stands for an IPv4 address inside, and comes from no wire. */
Test(ipv6_core, mapped_addresses_are_dropped)
{
	struct seg syn = {
		.tuple = { .lport = 80, .rport = 1234 }, .flags = SEG_SYN, .wnd = 65535, .ttl = 64
	};
	struct pair pair = frames_pair(true);
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_tcp_between(frame, &pair, &syn);

	stand.config.ranges[1] = (struct weir_range){ weir_ipv4(FRAMES_OURS), weir_ipv4(FRAMES_OURS), 24 };
	stand.config.ranges_count = 2;
	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	move_to(frame, weir_ipv4(FRAMES_PEER), ours);
	expect_silence(frame, len, COUNT_drop_ip_mapped);
	move_to(frame, peer, weir_ipv4(FRAMES_OURS));
	expect_silence(frame, len, COUNT_drop_ip_mapped);
	move_to(frame, weir_ipv4(FRAMES_PEER), weir_ipv4(FRAMES_OURS));
	expect_silence(frame, len, COUNT_drop_ip_mapped);
	stand_down();
}

static struct nd_out solicitation(struct weir_address src, bool has_mac)
{
	return (struct nd_out){ .src = src,
				.dst = nd_solicited_node(ours),
				.mac = nd_group_mac(nd_solicited_node(ours)),
				.nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION,
					.target = ours,
					.has_mac = has_mac,
					.mac = frames_peer_mac } };
}

static struct nd take_nd(struct frame *frame)
{
	uint8_t bytes[FRAMES_MAX];
	uint32_t len;
	const uint8_t *message = take_message(bytes, frame, &len);
	struct nd nd;

	cr_assert_eq(frame->ip.ttl, ND_HOP_LIMIT);
	cr_assert_eq(nd_parse(&frame->ip, message, len, &nd), ACCEPTED);
	return nd;
}

/* RFC 4861 sections 7.2.3 and 7.2.4, in frames. */
Test(ipv6_core, solicitations_are_answered)
{
	struct nd_out ask = solicitation(peer, true);
	struct eth_addr all = nd_group_mac(nd_all_nodes());
	struct frame frame;
	struct nd nd;

	stand_up();
	stand_give_nd(&ask);
	nd = take_nd(&frame);
	cr_assert_eq(nd.type, ICMP6_NEIGHBOUR_ADVERTISEMENT);
	cr_assert_eq(nd.flags, ND_SOLICITED | ND_OVERRIDE);
	cr_assert(address_equal(nd.target, ours) && eth_equal(&nd.mac, &frames_our_mac));
	cr_assert(address_equal(frame.ip.src, ours) && address_equal(frame.ip.dst, peer));
	cr_assert(eth_equal(&frame.eth.dst, &frames_peer_mac));
	/* Who looks whether he may have it has no address yet. */
	ask = solicitation(none, false);
	stand_give_nd(&ask);
	nd = take_nd(&frame);
	cr_assert_eq(nd.flags, ND_OVERRIDE);
	cr_assert(address_equal(frame.ip.dst, nd_all_nodes()) && eth_equal(&frame.eth.dst, &all));
	stand_down();
}

/*
 * Who has no address asks without the option that the answer has:
 * it is longer than the question, and its buffer may not be.
 */
Test(ipv6_core, an_answer_needs_more_room_than_its_question)
{
	struct rte_mempool *tight = rte_pktmbuf_pool_create("tight", 1, 0, 0, RTE_PKTMBUF_HEADROOM + 80, 0);
	struct nd_out ask = solicitation(none, false);
	struct pair pair = { .local = ask.dst, .remote = none };
	struct ip_hdr ip = { .protocol = IP_PROTOCOL_ICMP6, .ttl = ND_HOP_LIMIT };
	uint8_t frame[FRAMES_MAX], message[ND_BYTES_MAX];
	uint32_t len = nd_build(message, &ask.nd);

	stand_up();
	cr_assert_not_null(tight);
	icmp6_build_csum(message, len, ask.src, ask.dst);
	len = frames_ip(frame, &pair, &ip, message, len);
	struct rte_mbuf *m = rte_pktmbuf_alloc(tight);

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	stand_give_mbuf(m);
	m = stand_take_mbuf();
	cr_assert_not_null(m);
	cr_assert_gt(m->pkt_len, len);
	cr_assert_leq(m->data_off + m->data_len, m->buf_len, "beyond its buffer");
	rte_pktmbuf_free(m);
	cr_assert_eq(rte_mempool_avail_count(tight), 1);
	rte_mempool_free(tight);
	stand_down();
}

/* RFC 4861 sections 7.1.1 and 8.1 */
Test(ipv6_core, discovery_from_elsewhere_is_ignored)
{
	struct pair pair = { .local = ours, .remote = peer };
	struct ip_hdr ip = { .protocol = IP_PROTOCOL_ICMP6, .ttl = ND_HOP_LIMIT - 1 };
	uint8_t frame[FRAMES_MAX], message[ND_BYTES_MAX];
	struct nd_out ask = solicitation(peer, true);
	uint32_t len = nd_build(message, &ask.nd);

	icmp6_build_csum(message, len, peer, ours);
	stand_up();
	expect_silence(frame, frames_ip(frame, &pair, &ip, message, len), COUNT_drop_nd_hop_limit);
	ip.ttl = ND_HOP_LIMIT;
	message[len - 1] ^= 1;
	expect_silence(frame, frames_ip(frame, &pair, &ip, message, len), COUNT_drop_icmp_csum);
	message[0] = ICMP6_REDIRECT;
	bytes_put16(message + 2, 0);
	icmp6_build_csum(message, len, peer, ours);
	expect_silence(frame, frames_ip(frame, &pair, &ip, message, len), COUNT_drop_nd_redirect);
	stand_down();
}

/* RFC 6980: not even one that is all of its packet. */
Test(ipv6_core, discovery_is_never_fragmented)
{
	uint8_t frame[FRAMES_MAX], carried[8 + ND_BYTES_MAX] = { IP_PROTOCOL_ICMP6 };
	struct nd_out ask = solicitation(peer, true);
	struct pair pair = frames_pair(true);
	struct ip_hdr ip = { .protocol = HEADER_FRAGMENT, .ttl = ND_HOP_LIMIT };
	uint32_t len = nd_build(carried + 8, &ask.nd);

	icmp6_build_csum(carried + 8, len, peer, ours);
	stand_up();
	expect_silence(frame, frames_ip(frame, &pair, &ip, carried, 8 + len), COUNT_drop_ip_fragment);
	ip.protocol = IP_PROTOCOL_ICMP6;
	stand_give(frame, frames_ip(frame, &pair, &ip, carried + 8, len));
	cr_assert_eq(stand_drain(), 1, "without that header it is one like any other");
	stand_down();
}

static void give_syn(void)
{
	struct seg syn = {
		.tuple = { .lport = 80, .rport = 1234 }, .flags = SEG_SYN, .wnd = 65535, .ttl = 64
	};

	stand_give_seg(&syn);
}

/*
 * Takes a report of the group that both addresses are in,
 * as routers and switches read it (RFC 3810 section 5.2).
 */
static void expect_report(struct weir_address src, enum mld_record record)
{
	uint8_t bytes[FRAMES_MAX];
	struct eth_addr mac = nd_group_mac(all_mld_routers);
	struct frame frame;
	uint32_t len;
	const uint8_t *message = take_message(bytes, &frame, &len);

	cr_assert(frame.ip.router_alert);
	cr_assert_eq(frame.ip.ttl, 1);
	cr_assert(address_equal(frame.ip.src, src));
	cr_assert(address_equal(frame.ip.dst, all_mld_routers));
	cr_assert(eth_equal(&frame.eth.dst, &mac));
	cr_assert_eq(len, 8 + 20);
	cr_assert_eq(message[0], ICMP6_LISTENER_REPORT_2);
	cr_assert_eq(bytes_get16(message + 6), 1);
	cr_assert_eq(message[8], record);
	cr_assert(address_equal(bytes_get_address(message + 12), nd_solicited_node(ours)));
	cr_assert(address_equal(nd_solicited_node(link_local()), nd_solicited_node(ours)));
}

/*
 * Takes the questions for both addresses: from nobody, and each for its own group, which is reported before.
 */
static void expect_questions(void)
{
	const struct weir_address asked[] = { ours, link_local() };

	expect_report(none, MLD_TO_EXCLUDE);
	for (unsigned i = 0; i < 2; i++) {
		struct frame frame;
		struct nd nd = take_nd(&frame);

		cr_assert_eq(nd.type, ICMP6_NEIGHBOUR_SOLICITATION);
		cr_assert(address_equal(nd.target, asked[i]));
		cr_assert(address_is_none(frame.ip.src) && !nd.has_mac);
		cr_assert(address_equal(frame.ip.dst, nd_solicited_node(asked[i])));
	}
	cr_assert_eq(stand_drain(), 0);
}

/* RFC 4862 section 5.4: nobody speaks to or from an address while it is asked for. */
Test(ipv6_core, tentative_addresses_are_not_there)
{
	const struct weir_endpoint any = { 0 }, remote = { peer, 80 };
	uint8_t frame[FRAMES_MAX];
	uint8_t mac[6];
	uint32_t headers;
	weir_conn conn;

	stand.config.dad_probes = 2;
	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		expect_questions();
		cr_assert_eq(weir_ready(stand.core), 0);
		cr_assert_eq(weir_connect(stand.core, any, remote, 0, &conn), -EAGAIN);
		cr_assert_eq(weir_neighbour(stand.core, peer, mac), -EAGAIN, "and is not asked yet");
		give_syn();
		cr_assert_eq(stand_count(COUNT_drop_ip_tentative), i + 1);
		cr_assert_eq(stand_drain(), 0);
		stand_pass(S);
	}
	cr_assert_eq(weir_ready(stand.core), 1);
	expect_report(link_local(), MLD_TO_EXCLUDE);
	cr_assert_eq(stand_drain(), 2, "the announcements");
	give_syn();
	stand_meet_peer();
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN | SEG_ACK);
	stand_pass(200 * S);
	stand_down();
}

/* RFC 4862 sections 5.4.4 and 5.4.5: it is somebody else's, who says so from it, and it stays so. */
Test(ipv6_core, duplicates_are_not_used)
{
	struct nd_out theirs = { .src = ours,
				 .dst = nd_all_nodes(),
				 .mac = nd_group_mac(nd_all_nodes()),
				 .nd = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
					 .flags = ND_OVERRIDE,
					 .target = ours,
					 .has_mac = true,
					 .mac = frames_peer_mac } };
	const struct weir_endpoint any = { 0 }, remote = { peer, 80 };
	weir_conn conn;

	stand.config.dad_probes = 1;
	stand_up();
	expect_questions();
	stand_give_nd(&theirs);
	cr_assert_eq(weir_ready(stand.core), -EADDRINUSE);
	stand_pass(10 * S);
	cr_assert_eq(weir_ready(stand.core), -EADDRINUSE);
	cr_assert_eq(weir_connect(stand.core, any, remote, 0, &conn), -EADDRNOTAVAIL);
	give_syn();
	cr_assert_eq(stand_count(COUNT_drop_ip_tentative), 1);
	cr_assert_eq(stand_drain(), 0);
	stand_down();
}

/* Of what comes from our own address only discovery is listened to: afterwards it is noted as a conflict. */
Test(ipv6_core, nothing_else_from_our_own_address)
{
	struct pair pair = { .local = ours, .remote = ours };
	struct ip_hdr ip = { .protocol = IP_PROTOCOL_ICMP6, .ttl = ND_HOP_LIMIT };
	uint8_t frame[FRAMES_MAX], ping[ICMP_BYTES] = { ICMP6_ECHO };
	struct nd_out ask = solicitation(ours, true);

	stand_up();
	stand_give_nd(&ask);
	cr_assert_eq(stand_count(COUNT_drop_nd_conflict), 1);
	icmp6_build_csum(ping, sizeof(ping), ours, ours);
	expect_silence(frame, frames_ip(frame, &pair, &ip, ping, sizeof(ping)), COUNT_drop_ip_source);
	stand_down();
}

/*
 * A general query of version 2 from a router, to be answered within a second;
 * alert: the option 5, or another.
 */
static uint32_t general_query(uint8_t *frame, uint8_t alert, uint8_t hop_limit)
{
	struct pair pair = { .local = all_nodes, .remote = { 0xfe80ull << 48, 0xfe } };
	struct ip_hdr ip = { .protocol = IP_HOP_BY_HOP, .ttl = hop_limit };
	uint8_t carried[8 + 28] = { IP_PROTOCOL_ICMP6, 0, alert, 2, 0, 0, 1, 0, ICMP6_LISTENER_QUERY };
	struct eth_addr mac = nd_group_mac(all_nodes);
	uint32_t len;

	bytes_put16(carried + 8 + 4, 1000);
	icmp6_build_csum(carried + 8, 28, pair.remote, pair.local);
	len = frames_ip(frame, &pair, &ip, carried, sizeof(carried));
	memcpy(frame, mac.bytes, sizeof(mac.bytes));
	return len;
}

/* RFC 3810 section 6.2: within the time that it gives. Who shares the port may have groups, too. */
Test(ipv6_core, queries_are_answered)
{
	uint8_t frame[FRAMES_MAX];
	uint64_t asked_ns, deadline_ns;

	stand_up();
	asked_ns = stand.now_ns;
	stand_give(frame, general_query(frame, 5, 1));
	cr_assert_eq(stand_count(COUNT_frames_accepted), 1);
	cr_assert_eq(stand_drain(), 0);
	deadline_ns = weir_next_deadline(stand.core);
	cr_assert(deadline_ns > asked_ns && deadline_ns <= asked_ns + S);
	stand_pass(deadline_ns - asked_ns);
	expect_report(link_local(), MLD_IS_EXCLUDE);
	cr_assert_eq(stand_drain(), 0);
	cr_assert_eq(stand_offer(frame, general_query(frame, 5, 1)), WEIR_NOT_MINE);
	stand_pass(S);
	expect_report(link_local(), MLD_IS_EXCLUDE);
	stand_down();
}

Test(ipv6_core, queries_from_elsewhere_are_not)
{
	uint8_t frame[FRAMES_MAX];

	stand_up();
	expect_silence(frame, general_query(frame, 5, 2), COUNT_drop_mld_link);
	expect_silence(frame, general_query(frame, 6, 1), COUNT_drop_mld_link);
	stand_pass(S);
	cr_assert_eq(stand_drain(), 0);
	stand_down();
}

/* Reports and the rest are between others and their routers. */
Test(ipv6_core, reports_of_others_are_nothing_to_us)
{
	static const uint8_t types[] = { ICMP6_LISTENER_REPORT, ICMP6_LISTENER_DONE,
					 ICMP6_LISTENER_REPORT_2 };
	struct pair pair = { .local = nd_solicited_node(ours), .remote = { 0xfe80ull << 48, 9 } };
	struct ip_hdr ip = { .protocol = IP_PROTOCOL_ICMP6, .ttl = 1 };
	uint8_t frame[FRAMES_MAX];

	stand_up();
	for (unsigned i = 0; i < sizeof(types); i++) {
		uint8_t message[24] = { types[i] };

		icmp6_build_csum(message, sizeof(message), pair.remote, pair.local);
		stand_give(frame, frames_ip(frame, &pair, &ip, message, sizeof(message)));
		cr_assert_eq(stand_count(COUNT_drop_icmp_type), i + 1);
	}
	cr_assert_eq(stand_drain(), 0);
	stand_down();
}

static uint32_t label_of(const uint8_t *frame)
{
	return bytes_get32(frame + IP) & 0xfffff;
}

static uint32_t label_of_syn_ack(uint16_t port)
{
	struct seg syn = {
		.tuple = { .lport = 80, .rport = port }, .flags = SEG_SYN, .wnd = 65535, .ttl = 64
	};
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;

	stand_give_seg(&syn);
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN | SEG_ACK);
	return label_of(frame);
}

/*
 * RFC 6437 section 3: one for all packets of a connection, retransmissions and its RST too;
 * those of others differ.
 */
Test(ipv6_core, a_flow_label_for_each_connection)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers, label;
	struct seg peers;

	stand_up();
	weir_conn conn = stand_accept(&peers);

	stand_pass(0);
	cr_assert_eq(weir_send_copy(stand.core, conn, "hello", 5), 0);
	stand_take_seg(frame, &headers);
	label = label_of(frame);
	cr_assert_neq(label, 0);
	stand_pass(2 * S);
	cr_assert_eq(stand_take_seg(frame, &headers).len, 5, "once more");
	cr_assert_eq(label_of(frame), label);
	uint32_t next = label_of_syn_ack(1235), third = label_of_syn_ack(1236);

	cr_assert(next != label && third != label && next != third);
	cr_assert_eq(label_of_syn_ack(1235), next, "of the SYN-ACK that goes again");
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_RST | SEG_ACK);
	cr_assert_eq(label_of(frame), label);
	stand_pass(200 * S);
	stand_down();
}

/* What others could guess of it: another core labels the same connection in another way. */
Test(ipv6_core, flow_labels_are_secret)
{
	uint32_t labels[2];

	for (unsigned i = 0; i < 2; i++) {
		stand_up();
		weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0);
		give_syn();
		stand_meet_peer();
		uint8_t frame[FRAMES_MAX];

		cr_assert_gt(stand_take(frame), L4);
		labels[i] = label_of(frame);
		stand_pass(200 * S);
		stand_down();
	}
	cr_assert_neq(labels[0], labels[1]); /* once in a million runs they are the same */
}

/*
 * The MSS that is offered leaves room for the header of 40 bytes; who names none is sent 1220 bytes at most.
 */
Test(ipv6_core, segments_fit_the_family)
{
	static const uint8_t data[3000];
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	struct seg peers = { .tuple = { .lport = 80, .rport = 1234 },
			     .flags = SEG_SYN,
			     .wnd = 65535,
			     .ttl = 64 },
		   syn_ack;
	struct weir_event event;

	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	peers.opts = SEG_OPT_MSS; /* or ours takes another option's place */
	peers.mss = 9000;
	stand_give_seg(&peers);
	stand_meet_peer();
	syn_ack = stand_take_seg(frame, &headers);
	cr_assert_eq(syn_ack.mss, 1500 - 60);
	peers.opts = 0;
	peers.tuple.rport++;
	stand_give_seg(&peers);
	syn_ack = stand_take_seg(frame, &headers);
	peers.flags = SEG_ACK;
	peers.seq++;
	peers.ack = syn_ack.seq + 1;
	stand_give_seg(&peers);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(weir_send_copy(stand.core, event.conn, data, sizeof(data)), 0);
	cr_assert_eq(stand_take_seg(frame, &headers).len, 1220);
	cr_assert_eq(weir_abort(stand.core, event.conn), 0);
	stand_drain();
	stand_pass(200 * S);
	stand_down();
}
