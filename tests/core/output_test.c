/* SPDX-License-Identifier: BSD-3-Clause */
/* What a core sends, and what it does when it cannot. */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/tcp_hdr.h"

#define IP (ETH_BYTES)
#define TCP (ETH_BYTES + IPV4_BYTES)
#define S 1000000000ull

TestSuite(output, .init = stand_init);

static const struct weir_endpoint any, peer_80 = { FRAMES_IPV4(FRAMES_PEER), 80 };

/* Destination of an ARP request that is to go out next. */
static uint32_t next_asked(void)
{
	uint8_t frame[FRAMES_MAX];
	struct arp arp;
	uint32_t len = stand_take(frame);

	cr_assert_eq(len, ETH_BYTES + ARP_BYTES);
	cr_assert_eq(arp_parse(frame + ETH_BYTES, ARP_BYTES, &arp), ACCEPTED);
	return arp.target;
}

Test(output, addresses_are_announced_at_start)
{
	uint8_t frame[FRAMES_MAX];
	struct arp arp;

	stand.config.ranges[1] = (struct weir_range){ weir_ipv4(0xc0000201), weir_ipv4(0xc0000209), 24 };
	stand.config.ranges_count = 2;
	stand.core = weir_core_create(&stand.config);
	cr_assert_not_null(stand.core);
	cr_assert_eq(stand_take(frame), 0, "before time has begun");
	stand_pass(0);
	cr_assert_leq(weir_next_deadline(stand.core), stand.now_ns);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(stand_take(frame), ETH_BYTES + ARP_BYTES);
		cr_assert_eq(arp_parse(frame + ETH_BYTES, ARP_BYTES, &arp), ACCEPTED);
		cr_assert_eq(arp.target, address_v4(stand.config.ranges[i].first));
		cr_assert_eq(arp.sender, arp.target);
	}
	cr_assert_eq(stand_take(frame), 0);
	cr_assert_eq(weir_next_deadline(stand.core), UINT64_MAX);
	stand_down();
}

Test(output, an_application_may_ask_for_a_neighbour)
{
	static const uint8_t none[6];
	uint8_t mac[6] = { 0 };

	stand_up();
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(0xffffffff), mac), -EINVAL);
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(0x0a0000ff), mac), -EINVAL,
		     "the subnet's broadcast");
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(FRAMES_OURS), mac), -EINVAL);
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(FRAMES_PEER), mac), -EAGAIN);
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(FRAMES_PEER), mac), -EAGAIN);
	cr_expect_eq(memcmp(mac, none, 6), 0);
	stand_meet_peer();
	cr_expect_eq(stand_drain(), 0, "asked once");
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(FRAMES_PEER), mac), 0);
	cr_expect_eq(memcmp(mac, frames_peer_mac.bytes, 6), 0);
	/* Who is not on link is reached by the gateway. */
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(0xc6336401), mac), -EAGAIN);
	cr_expect_eq(next_asked(), STAND_GATEWAY);
	stand_down();
}

Test(output, without_a_route_there_is_no_neighbour)
{
	uint8_t mac[6];

	stand.config.gateway = (struct weir_address){ 0, 0 };
	stand_up();
	cr_expect_eq(weir_neighbour(stand.core, weir_ipv4(0xc6336401), mac), -ENETUNREACH);
	cr_expect_eq(stand_drain(), 0);
	stand_down();
}

Test(output, a_segment_waits_for_its_neighbour)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	weir_conn conn;

	stand.config.dscp = 46;
	stand.config.ttl = 33;
	stand_up();
	cr_assert_eq(weir_connect(stand.core, any, peer_80, 0, &conn), 0);
	stand_meet_peer();
	struct seg syn = stand_take_seg(frame, &headers);

	cr_assert_eq(syn.flags, SEG_SYN);
	cr_assert_eq(syn.tuple.raddr, FRAMES_OURS);
	cr_assert_eq(syn.ttl, 33);
	cr_assert_eq(syn.tos, 46 << 2);
	cr_assert(eth_equal((struct eth_addr *)frame, &frames_peer_mac));
	cr_assert_eq(stand_take(frame), 0);
	stand_pass(3 * S);
	stand_take_seg(frame, &headers);
	cr_assert(eth_equal((struct eth_addr *)frame, &frames_peer_mac), "and the next finds it at once");
	stand_down();
}

Test(output, a_neighbour_that_never_answers_costs_a_counter)
{
	weir_conn conn;

	stand_up();
	cr_assert_eq(weir_connect(stand.core, any, peer_80, 0, &conn), 0);
	for (unsigned i = 0; i < 20; i++) {
		stand_drain();
		stand_pass(S);
	}
	cr_assert_gt(stand_count(COUNT_tx_no_neighbour), 0);
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	stand_down();
}

Test(output, what_is_not_on_link_goes_to_the_gateway)
{
	weir_conn conn;

	stand_up();
	cr_assert_eq(weir_connect(stand.core, any, (struct weir_endpoint){ weir_ipv4(0x08080808), 53 }, 0,
				  &conn),
		     0);
	cr_assert_eq(next_asked(), STAND_GATEWAY);
	weir_abort(stand.core, conn);
	stand_down();
}

Test(output, without_a_gateway_answers_to_afar_are_counted)
{
	struct seg syn = { .tuple = { FRAMES_OURS, 0x08080808, 80, 81 }, .flags = SEG_SYN, .ttl = 64 };

	stand.config.gateway = (struct weir_address){ 0, 0 };
	stand_up();
	stand_give_seg(&syn);
	cr_assert_eq(stand_drain(), 0);
	cr_assert_eq(stand_count(COUNT_tx_no_route), 1);
	stand_down();
}

/* An empty pool sends nothing, says so, and nothing is lost for good. */
Test(output, an_empty_pool_recovers)
{
	static struct rte_mbuf *hoard[STAND_POOL + 1];
	static const uint8_t large[5000];
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	unsigned n = 0;
	struct seg peer;

	stand_up();
	weir_conn conn = stand_accept(&peer);

	while ((hoard[n] = rte_pktmbuf_alloc(stand.pool)) != NULL)
		n++;
	cr_assert_eq(weir_send_copy(stand.core, conn, "hello", 5), -ENOMEM);
	rte_pktmbuf_free_bulk(&hoard[n - 2], 2);
	n -= 2;
	cr_assert_eq(weir_send_copy(stand.core, conn, large, sizeof(large)), -ENOMEM);
	cr_assert_eq(rte_mempool_avail_count(stand.pool), 2, "all or nothing");
	for (unsigned i = 0; i < 2; i++)
		hoard[n++] = rte_pktmbuf_alloc(stand.pool);
	cr_assert_eq(weir_send_static(stand.core, conn, weir_static(stand.core, "hello", 5)), 0);
	cr_assert_eq(stand_take(frame), 0);
	cr_assert_eq(stand_count(COUNT_tx_no_buffer), 1);
	rte_pktmbuf_free_bulk(hoard, n);
	stand_pass(2 * S);
	struct seg data = stand_take_seg(frame, &headers);

	cr_assert_eq(data.len, 5);
	cr_assert_eq(data.seq, peer.ack);
	cr_assert_arr_eq(frame + headers, "hello", 5);
	stand_down();
}

Test(output, the_port_is_told_what_to_finish)
{
	struct rte_mbuf *m;
	struct seg peer;

	stand.config.offloads = WEIR_OFFLOAD_TX_CSUM;
	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	peer = (struct seg){ .tuple = { FRAMES_OURS, FRAMES_PEER, 80, 81 },
			     .flags = SEG_SYN,
			     .opts = SEG_OPT_TS | SEG_OPT_MSS,
			     .mss = 1460,
			     .ttl = 64 };
	stand_give_seg(&peer);
	stand_meet_peer();
	m = stand_take_mbuf();
	cr_assert_not_null(m);
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t tcp_len = m->pkt_len - TCP;
	uint16_t partial = csum_fold(csum_pseudo(weir_ipv4(FRAMES_OURS), weir_ipv4(FRAMES_PEER),
						 IP_PROTOCOL_TCP, (uint16_t)tcp_len));

	cr_assert_eq(m->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM);
	cr_assert_eq(m->l2_len, 14);
	cr_assert_eq(m->l3_len, 20);
	cr_assert_eq(m->l4_len, tcp_hdr_bytes(bytes + TCP));
	cr_assert_gt(m->l4_len, 20);
	cr_assert_eq(bytes_get16(bytes + IP + 10), 0);
	cr_assert_eq(memcmp(bytes + TCP + TCP_HDR_CSUM_AT, &partial, 2), 0);
	rte_pktmbuf_free(m);
	/* ARP's answer went through the same queue before: nothing of it is left to a port. */
	stand_give_arp(&ETH_BROADCAST, &(struct arp){ .op = ARP_REQUEST,
						      .sender_mac = frames_peer_mac,
						      .sender = FRAMES_PEER,
						      .target = FRAMES_OURS });
	m = stand_take_mbuf();
	cr_assert_not_null(m);
	cr_assert_eq(m->ol_flags, 0);
	rte_pktmbuf_free(m);
	stand_down();
}

/* More than one buffer's worth: a chain is queued, cut into segments, and given back once acknowledged. */
Test(output, copies_are_sent_and_given_back)
{
	static uint8_t data[7000], got[7000];
	uint8_t frame[FRAMES_MAX];
	uint32_t headers, done = 0;
	struct rng rng = { 13 };
	struct weir_event event;
	struct seg peer;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rng_u64(&rng);
	stand_up();
	weir_conn conn = stand_accept(&peer);

	cr_assert_eq(weir_send_copy(stand.core, (weir_conn){ 1, 99 }, data, 5), -ESTALE);
	cr_assert_eq(rte_mempool_avail_count(stand.pool), STAND_POOL);
	uint64_t taken = stand_count(COUNT_mbufs_taken);

	cr_assert_eq(weir_send_copy(stand.core, conn, data, sizeof(data)), 0);
	cr_assert_eq(stand_count(COUNT_mbufs_taken), taken + 4, "four buffers of 2048 bytes");
	memset(data + 6999, 0, 1); /* it was a copy */
	while (done < sizeof(data)) {
		struct seg seg = stand_take_seg(frame, &headers);

		cr_assert_eq(seg.seq, peer.ack);
		memcpy(got + done, frame + headers, seg.len);
		done += seg.len;
		peer.ack += seg.len;
		stand_give_seg(&peer);
	}
	cr_assert_arr_eq(got, data, 6999);
	cr_assert_neq(got[6999], 0);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.what, WEIR_EV_SENT);
	stand_drain();
	cr_assert_eq(rte_mempool_avail_count(stand.pool), STAND_POOL);
	stand_down();
}

/* The same mbuf on two connections: each holds a reference, and the last one frees it. */
Test(output, the_applications_own_buffer)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	struct weir_event event;
	struct seg peer;

	stand_up();
	weir_conn conn = stand_accept(&peer);
	struct rte_mbuf *m = stand_chain("zero copy", 9, 4, 3);

	cr_assert_eq(weir_send(stand.core, (weir_conn){ 1, 99 }, m), -ESTALE);
	cr_assert_eq(m->refcnt, 1, "still the caller's");
	cr_assert_eq(weir_send(stand.core, conn, m), 0);
	struct seg seg = stand_take_seg(frame, &headers);

	cr_assert_eq(seg.len, 9);
	cr_assert_arr_eq(frame + headers, "zero copy", 9);
	peer.ack += 9;
	stand_give_seg(&peer);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(rte_mempool_avail_count(stand.pool), STAND_POOL);
	stand_down();
}

Test(output, opens_that_cannot_be)
{
	static const uint32_t nobody[] = { 0, 0x0a0000ff, 0xffffffff, 0xe0000001, 0x7f000001 };
	weir_conn conn;

	stand_up();
	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		cr_assert_eq(weir_connect(stand.core, any, (struct weir_endpoint){ weir_ipv4(nobody[i]), 80 },
					  0, &conn),
			     -EINVAL, "%08x", nobody[i]);
	cr_assert_eq(weir_connect(stand.core, any, (struct weir_endpoint){ weir_ipv4(FRAMES_PEER), 0 }, 0,
				  &conn),
		     -EINVAL);
	cr_assert_eq(weir_connect(stand.core, any, (struct weir_endpoint){ weir_ipv4(FRAMES_OURS), 80 }, 0,
				  &conn),
		     -ENETUNREACH);
	cr_assert_eq(weir_connect(stand.core, (struct weir_endpoint){ weir_ipv4(FRAMES_PEER), 0 }, peer_80, 0,
				  &conn),
		     -EADDRNOTAVAIL);
	cr_assert_eq(weir_listen(stand.core, (struct weir_endpoint){ weir_ipv4(FRAMES_PEER), 80 }, 0),
		     -EADDRNOTAVAIL);
	stand_down();
}

Test(output, no_route_no_open)
{
	weir_conn conn;

	stand.config.gateway = (struct weir_address){ 0, 0 };
	stand_up();
	cr_assert_eq(weir_connect(stand.core, any, (struct weir_endpoint){ weir_ipv4(0x08080808), 80 }, 0,
				  &conn),
		     -ENETUNREACH);
	stand_down();
}

/* Three addresses with two ports each make six opens to one peer, taken in turn. */
Test(output, addresses_take_turns)
{
	uint32_t seen[3] = { 0 };
	struct weir_info info;
	weir_conn conn;

	stand.config.gateway = (struct weir_address){ 0, 0 };
	stand.config.ranges[0] =
		(struct weir_range){ weir_ipv4(FRAMES_PEER + 1), weir_ipv4(FRAMES_PEER + 3), 24 };
	stand.config.port_first = 5000;
	stand.config.port_last = 5001;
	stand_up();
	for (unsigned i = 0; i < 6; i++) {
		cr_assert_eq(weir_connect(stand.core, any, peer_80, 0, &conn), 0, "open %u", i);
		cr_assert_eq(weir_info(stand.core, conn, &info), 0);
		cr_assert_eq(address_v4(info.local.address), FRAMES_PEER + 1 + i % 3);
		seen[i % 3]++;
	}
	cr_assert_eq(weir_connect(stand.core, any, peer_80, 0, &conn), -EADDRNOTAVAIL);
	weir_abort_all(stand.core);
	stand_down();
}

/* A clock that has run for months, and is told late, is no reason for a timer to be early or never. */
Test(output, time_may_start_anywhere)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	weir_conn conn;

	stand.config.ranges_count = 1;
	stand.core = weir_core_create(&stand.config);
	cr_assert_eq(weir_connect(stand.core, any, peer_80, 0, &conn), 0);
	cr_assert_eq(weir_next_deadline(stand.core), 0);
	stand.now_ns = 400ull * 86400 * S;
	stand_pass(0);
	stand_drain();
	stand_give_arp(&frames_our_mac, &(struct arp){ .op = ARP_REPLY,
						       .sender_mac = frames_peer_mac,
						       .sender = FRAMES_PEER,
						       .target = FRAMES_OURS });
	stand_take_seg(frame, &headers);
	uint64_t due_ns = weir_next_deadline(stand.core);

	cr_assert_gt(due_ns, stand.now_ns + S / 2);
	cr_assert_lt(due_ns, stand.now_ns + 2 * S);
	stand_pass(S / 2);
	cr_assert_eq(stand_take(frame), 0);
	stand_pass(due_ns + S - stand.now_ns);
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN);
	cr_assert_lt(weir_next_deadline(stand.core), stand.now_ns + 5 * S, "TCP's, not the neighbour's");
	stand_down();
}

/* The same seed, the same numbers; without one, others. */
Test(output, a_seed_replays)
{
	uint32_t seqs[4];

	for (unsigned i = 0; i < 4; i++) {
		uint8_t frame[FRAMES_MAX];
		uint32_t headers;
		weir_conn conn;

		stand.config.seeded = i < 2;
		stand.config.seed = 42;
		stand_up();
		cr_assert_eq(weir_connect(stand.core, any, peer_80, 0, &conn), 0);
		stand_meet_peer();
		seqs[i] = stand_take_seg(frame, &headers).seq;
		stand_down();
		stand.core = NULL;
	}
	cr_assert_eq(seqs[0], seqs[1]);
	cr_assert_neq(seqs[1], seqs[2]);
	cr_assert_neq(seqs[2], seqs[3]);
}

Test(output, destruction_frees_what_is_held)
{
	struct seg peer;

	stand_up();
	weir_conn conn = stand_accept(&peer);
	weir_conn other;

	cr_assert_eq(weir_send_copy(stand.core, conn, "unsent", 6), 0);
	peer.len = 100;
	stand_give_seg(&peer); /* an event that nobody takes */
	cr_assert_eq(weir_connect(stand.core, any, (struct weir_endpoint){ weir_ipv4(FRAMES_PEER + 1), 80 },
				  0, &other),
		     0);
	stand_drain(); /* a SYN that waits for its neighbour */
	stand_give_arp(&ETH_BROADCAST, &(struct arp){ .op = ARP_REQUEST,
						      .sender_mac = frames_peer_mac,
						      .sender = FRAMES_PEER,
						      .target = FRAMES_OURS });
	weir_core_destroy(stand.core);
	stand.core = NULL;
	cr_assert_eq(rte_mempool_avail_count(stand.pool), STAND_POOL);
}
