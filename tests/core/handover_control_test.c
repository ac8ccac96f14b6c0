/* SPDX-License-Identifier: BSD-3-Clause */
/* Several shards on one port: ARP, neighbour discovery and ICMP reach the shard that needs them. */
#include <criterion/criterion.h>

#include <errno.h>

#include "core/core.h"
#include "support/frames.h"
#include "support/shards.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/nd.h"

#define MS 1000000ull
#define CLIENT 0x0a000001u
#define SERVER 0x0a000011u
#define IP_TCP 6

TestSuite(handover_control, .init = shards_init);

/* Frames come from the station's own MAC address, as those of Linux's end of a TAP interface do. */
static bool from_own_mac;

/* Puts a frame into a queue of a station, from the other one. */
static void give(unsigned station, unsigned queue, uint8_t *bytes, uint32_t len)
{
	struct shards_queue *to = &shards_wire.stations[station].received[queue];
	struct rte_mbuf *m = rte_pktmbuf_alloc(shards_wire.pool);

	cr_assert_not_null(m);
	memcpy(bytes + 6, shards_wire.stations[from_own_mac ? station : !station].config.mac, 6);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	to->frames[to->count++] = m;
}

static void give_nd_from_afar(unsigned queue, struct weir_address src, struct weir_address dst,
			      const struct nd *nd, uint8_t hop_limit)
{
	struct pair pair = { .local = dst, .remote = src };
	struct ip_hdr ip = { .protocol = IP_PROTOCOL_ICMP6, .ttl = hop_limit };
	struct eth_addr group = nd_group_mac(dst);
	uint8_t frame[FRAMES_MAX], message[ND_BYTES_MAX];
	uint32_t len = nd_build(message, nd);

	icmp6_build_csum(message, len, src, dst);
	len = frames_ip(frame, &pair, &ip, message, len);
	memcpy(frame, address_is_multicast(dst) ? group.bytes : shards_wire.stations[0].config.mac,
	       sizeof(group.bytes));
	give(0, queue, frame, len);
}

static void give_nd(unsigned queue, struct weir_address src, struct weir_address dst, const struct nd *nd)
{
	give_nd_from_afar(queue, src, dst, nd, ND_HOP_LIMIT);
}

static bool is_tcp4(const struct rte_mbuf *m)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);

	return bytes_get16(bytes + 12) == ETH_TYPE_IPV4 && bytes[ETH_BYTES + 9] == IP_TCP;
}

/* The last TCP segment of each sender, which does not arrive. */
static uint8_t lost[2][SHARDS_MAX][FRAMES_MAX];

static unsigned lose_tcp(unsigned station, unsigned from, const struct rte_mbuf *m)
{
	if (!is_tcp4(m))
		return from;
	memcpy(lost[station][from], rte_pktmbuf_mtod(m, const void *), m->data_len);
	return SHARDS_LOST;
}

static unsigned lose_answers(unsigned station, unsigned from, const struct rte_mbuf *m)
{
	return station == 1 ? lose_tcp(station, from, m) : from;
}

/* Port unreachable about a segment that `station` had sent: to its queue. */
static void give_error(unsigned station, unsigned queue, const uint8_t *segment)
{
	struct pair pair = { weir_ipv4(bytes_get32(segment + ETH_BYTES + 12)),
			     weir_ipv4(station == 0 ? SERVER : CLIENT) };
	uint8_t frame[FRAMES_MAX], quote[28];
	uint32_t len;

	memcpy(quote, segment + ETH_BYTES, sizeof(quote));
	len = frames_icmp_between(frame, &pair, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, quote,
				  sizeof(quote));
	memcpy(frame, shards_wire.stations[station].config.mac, 6);
	give(station, queue, frame, len);
}

static void connect_from(unsigned shard)
{
	struct weir_endpoint any = { 0 }, remote = { weir_ipv4(SERVER), 80 };
	weir_conn conn;

	cr_assert_eq(weir_connect(shards_wire.stations[0].cores[shard], any, remote, 0, &conn), 0);
	for (unsigned i = 0; i < 5; i++)
		shards_turn(MS);
}

/* Whichever shard opened, and wherever the router's error lands: no more is lost than that connection. */
static void an_error_finds_its_open(enum weir_rss_habit habit)
{
	shards_up(3, habit, lose_tcp);
	for (unsigned shard = 0; shard < 3; shard++) {
		connect_from(shard);
		give_error(0, (shard + 1) % 3, lost[0][shard]);
		shards_turn(MS);
		shards_turn(MS);
		cr_assert_eq(shards_wire.closed[0], shard + 1);
	}
	cr_assert_eq(shards_wire.reasons[WEIR_REASON_UNREACHABLE], 3);
	cr_assert_eq(shards_count(0, COUNT_handed_over), 3);
	cr_assert_eq(shards_count(0, COUNT_icmp_hard), 3);
	shards_down();
}

Test(handover_control, an_error_finds_its_open)
{
	an_error_finds_its_open(WEIR_RSS_ANY);
}

Test(handover_control, an_error_finds_its_open_where_flows_stay_together)
{
	an_error_finds_its_open(WEIR_RSS_FLOW);
}

/* Nobody knows the shard of a peer's open there: all are told. */
static void an_error_about_a_handshake(enum weir_rss_habit habit)
{
	shards_up(3, habit, lose_answers);
	connect_from(1);
	give_error(1, 2, lost[1][1]);
	shards_turn(MS);
	shards_turn(MS);
	cr_assert_eq(shards_count(1, COUNT_icmp_hard), 1);
	cr_assert_eq(shards_count(1, COUNT_handed_over), 0);
	shards_wire.steer = shards_straight; /* its SYN goes once more */
	while (shards_wire.closed[0] == 0)
		shards_turn(MS);
	shards_run(0, false);
	shards_down();
}

Test(handover_control, an_error_about_a_handshake_of_whichever_shard)
{
	an_error_about_a_handshake(WEIR_RSS_FLOW);
}

/* Where a SYN comes to is the NIC's doing, which may hash less than it was asked for. */
Test(handover_control, nor_where_the_port_is_said_to_be_known)
{
	an_error_about_a_handshake(WEIR_RSS_TOEPLITZ);
}

/* All on one queue: the answers to the other shards' ARP and solicitations, too. Nothing has to wait. */
Test(handover_control, neighbours_answer_every_shard)
{
	shards_up(3, WEIR_RSS_ANY, shards_first);
	shards_run(0, false);
	uint64_t start_ns = shards_wire.now_ns;

	shards_run(1, false);
	shards_run(1, true);
	cr_assert_lt(shards_wire.now_ns - start_ns, 900 * MS);
	cr_assert_eq(shards_wire.failed, 0);
	for (unsigned station = 0; station < 2; station++) {
		cr_assert_eq(shards_count(station, COUNT_drop_arp_other), 0, "another shard had asked");
		cr_assert_eq(shards_count(station, COUNT_drop_nd_unasked), 0, "another shard had asked");
	}
	shards_down();
}

static unsigned unasked[SHARDS_MAX];

/* Whether it asks or announces on its own account, rather than for a neighbour. */
static bool is_unasked(const uint8_t *bytes)
{
	const uint8_t *ip = bytes + ETH_BYTES;
	uint16_t type = bytes_get16(bytes + 12);

	if (type == ETH_TYPE_ARP)
		return bytes_get32(ip + 14) == bytes_get32(ip + 24); /* sender, target */
	if (type != ETH_TYPE_IPV6 || ip[6] == IP_TCP)
		return false;
	if (ip[6] == 0)
		return true; /* a report, behind a hop-by-hop option */
	if (ip[40] == ICMP6_NEIGHBOUR_ADVERTISEMENT)
		return !(ip[44] & ND_SOLICITED);
	return ip[40] == ICMP6_ROUTER_SOLICITATION || address_is_none(bytes_get_address(ip + 8));
}

static unsigned watch(unsigned station, unsigned from, const struct rte_mbuf *m)
{
	unasked[from] += station == 0 && is_unasked(rte_pktmbuf_mtod(m, const uint8_t *));
	return from;
}

Test(handover_control, one_shard_speaks_for_the_port)
{
	shards_up(3, WEIR_RSS_ANY, watch);
	shards_run(1, true);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(weir_ready(shards_wire.stations[0].cores[i]), 1);
	cr_assert_gt(unasked[0], 5, "reports, questions whether addresses are ours, announcements");
	cr_assert_eq(unasked[1] + unasked[2], 0);
	shards_down();
}

/* Somebody has our address: whichever queue that is heard by, no shard uses it. */
Test(handover_control, a_conflict_is_every_shards)
{
	const struct weir_address ours = { 0xfd99000000000000, 1 }, nobody = { 0, 0 };
	const struct nd question = {
		.type = ICMP6_NEIGHBOUR_SOLICITATION, .target = ours, .has_nonce = true, .nonce = 12345
	};

	shards_up(3, WEIR_RSS_ANY, shards_straight);
	shards_turn(MS);
	cr_assert_eq(weir_ready(shards_wire.stations[0].cores[0]), 0);
	give_nd(1, nobody, nd_solicited_node(ours), &question);
	shards_turn(MS);
	shards_turn(MS);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(weir_ready(shards_wire.stations[0].cores[i]), -EADDRINUSE, "shard %u", i);
	cr_assert_eq(weir_ready(shards_wire.stations[1].cores[0]), 0);
	shards_down();
}

/* What a router says on one queue leads every shard out. */
static void check_router(void)
{
	const struct weir_address router = { 0xfe80000000000000, 0x77 },
				  everybody = { 0xff02000000000000, 1 };
	const struct weir_endpoint far = { { 0x20010db800000000, 9 }, 80 };
	struct nd advertisement = { .type = ICMP6_ROUTER_ADVERTISEMENT,
				    .has_mac = true,
				    .mac = { { 2, 0, 0, 0, 0, 2 } },
				    .lifetime_s = 1800 };
	weir_conn conn;

	shards_up(3, WEIR_RSS_ANY, shards_straight);
	shards_run(0, true);
	cr_assert_eq(weir_connect(shards_wire.stations[0].cores[0], (struct weir_endpoint){ 0 }, far, 0,
				  &conn),
		     -ENETUNREACH);
	give_nd(2, router, everybody, &advertisement);
	shards_turn(MS);
	shards_turn(MS);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(weir_connect(shards_wire.stations[0].cores[i], (struct weir_endpoint){ 0 }, far,
					  0, &conn),
			     0, "shard %u", i);
	for (unsigned i = 0; i < 3; i++)
		weir_abort_all(shards_wire.stations[0].cores[i]);
	shards_turn(MS);
	shards_down();
}

Test(handover_control, a_router_is_every_shards)
{
	check_router();
}

Test(handover_control, a_router_with_our_mac_is_every_shards)
{
	from_own_mac = true;
	check_router();
}

#define MANY 1500

/* How many copies for the other shard so many of these cause. */
static uint64_t copies_of_many(struct weir_address src, struct weir_address dst, const struct nd *nd,
			       uint8_t hop_limit)
{
	uint64_t before = shards_count(0, COUNT_handover_copies);

	for (unsigned i = 0; i < MANY; i++) {
		give_nd_from_afar(0, src, dst, nd, hop_limit);
		shards_turn(0);
	}
	return shards_count(0, COUNT_handover_copies) - before;
}

/* Anybody on the link can cause copies: beyond a limit there are none. */
Test(handover_control, copies_have_a_limit)
{
	const struct weir_address one = { 0xfd99000000000000, 0x77 }, everybody = { 0xff02000000000000, 1 };
	struct nd advertisement = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
				    .target = one,
				    .has_mac = true,
				    .mac = { { 2, 0, 0, 0, 0, 7 } } };

	shards_up(2, WEIR_RSS_ANY, shards_straight);
	shards_run(0, true);
	cr_assert_eq(copies_of_many(one, everybody, &advertisement, ND_HOP_LIMIT), 1000);
	cr_assert_eq(shards_count(0, COUNT_handover_limited), MANY - 1000);
	shards_down();
}

/* And beyond a router nobody can: what he says of neighbours is believed by none. */
Test(handover_control, copies_are_of_what_this_link_says)
{
	const struct weir_address far = { 0x20010db800000000, 9 }, ours = { 0xfd99000000000000, 1 };
	const struct nd advertisement = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
					  .target = far,
					  .has_mac = true,
					  .mac = { { 2, 0, 0, 0, 0, 7 } } };
	uint64_t copies;

	shards_up(2, WEIR_RSS_ANY, shards_straight);
	shards_run(0, true);
	cr_assert_eq(copies_of_many(far, ours, &advertisement, 64), 0);
	cr_assert_eq(shards_count(0, COUNT_drop_nd_hop_limit), MANY);
	cr_assert_eq(shards_count(0, COUNT_handover_limited), 0);
	copies = shards_count(0, COUNT_handover_copies);
	give_nd(0, far, ours, &advertisement);
	shards_turn(0);
	cr_assert_eq(shards_count(0, COUNT_handover_copies), copies + 1);
	shards_down();
}
