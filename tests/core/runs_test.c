/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of segments that were made as one run (tcp/run.h): each is whole and its own, whatever happens in
 * the midst of the run. Odd connections have timestamps, so that headers have four lengths.
 */
#include <criterion/criterion.h>

#include <rte_ip.h>

#include "net/neigh.h"
#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/tcp_hdr.h"

#define FLOWS_MAX 4
#define BYTES 12000 /* eight full segments and a short one, within the first window (RFC 6928) */
#define PORT 1000
#define VLAN 5
#define TAG_BYTES 4
#define S 1000000000ull

/* One connection, its peer and what that one has of the stream. */
struct flow {
	weir_conn conn;
	struct seg peer;
	const uint8_t *sent;
	uint32_t first; /* sequence number of those */
	bool has[BYTES];
};

static struct flow flows[FLOWS_MAX];
static uint8_t stream[BYTES + FLOWS_MAX];

static void start(void)
{
	struct rng rng = { 31 };

	stand_init();
	stand.config.no_delay = true;
	for (unsigned i = 0; i < sizeof(stream); i++)
		stream[i] = (uint8_t)rng_u64(&rng);
}

TestSuite(runs, .init = start);

static void open_flow(unsigned i)
{
	struct flow *flow = &flows[i];
	struct seg *peer = &flow->peer;
	struct weir_event event;
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;

	*flow = (struct flow){ .sent = stream + i };
	*peer = (struct seg){
		.tuple = { FRAMES_OURS, FRAMES_PEER, 80, (uint16_t)(PORT + i) },
		.tsval = 1,
		.wnd = 65535,
		.mss = (uint16_t)(stand.is6 ? 1440 : 1460),
		.flags = SEG_SYN,
		.opts = SEG_OPT_MSS | (i % 2 ? SEG_OPT_TS : 0),
		.ttl = 64,
	};
	stand_give_seg(peer);
	if (i == 0)
		stand_meet_peer();
	struct seg syn_ack = stand_take_seg(frame, &headers);

	flow->first = syn_ack.seq + 1;
	peer->seq++;
	peer->ack = flow->first;
	peer->tsecr = syn_ack.tsval;
	peer->flags = SEG_ACK;
	peer->opts &= SEG_OPT_TS;
	stand_give_seg(peer);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.what, WEIR_EV_OPENED);
	flow->conn = event.conn;
}

static void up(unsigned n, unsigned offloads, uint16_t vlan)
{
	stand.config.offloads = offloads;
	stand.config.vlan = vlan;
	stand.tag = vlan;
	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	for (unsigned i = 0; i < n; i++)
		open_flow(i);
}

/* From memory that is not the pool's: what is taken from it are frames. */
static void send_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int id = weir_static(stand.core, flows[i].sent, BYTES);

		cr_assert_eq(weir_send_static(stand.core, flows[i].conn, id), 0);
	}
}

/* How many segments TCP believes are under way. */
static unsigned under_way(unsigned n)
{
	struct weir_info info;
	unsigned segs = 0;

	for (unsigned i = 0; i < n; i++) {
		cr_assert_eq(weir_info(stand.core, flows[i].conn, &info), 0);
		cr_assert_eq(info.unacked_bytes, BYTES, "the first window has room for all of it");
		segs += (info.unacked_bytes + info.mss - 1) / info.mss;
	}
	return segs;
}

/* As its receiver reads it: right in all, and that part of that stream which it says it is. */
static void take_in(struct rte_mbuf *m)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers, len = stand_read(m, frame);
	struct seg seg = stand_parse_seg(frame, len, &headers);
	unsigned i = seg.tuple.lport - PORT;

	cr_assert_lt(i, FLOWS_MAX);
	struct flow *flow = &flows[i];
	uint32_t at = seg.seq - flow->first;

	cr_assert(eth_equal((struct eth_addr *)frame, &frames_peer_mac));
	cr_assert_eq(len, headers + seg.len);
	cr_assert_eq(seg.opts, flow->peer.opts);
	cr_assert_eq(seg.ack, flow->peer.seq);
	cr_assert_leq((uint64_t)at + seg.len, BYTES);
	cr_assert_arr_eq(frame + headers, flow->sent + at, seg.len);
	memset(flow->has + at, true, seg.len);
	flow->peer.tsecr = seg.tsval;
}

/* All that is to go out now, at once. How many frames. */
static unsigned take_burst(void)
{
	struct rte_mbuf *frames[STAND_BURST];
	unsigned n = weir_output(stand.core, frames, STAND_BURST);

	for (unsigned i = 0; i < n; i++)
		take_in(frames[i]);
	return n;
}

/* As far as the peer has it without a gap. Whether that is all. */
static bool acknowledge(struct flow *flow)
{
	uint32_t whole = 0;

	while (whole < BYTES && flow->has[whole])
		whole++;
	flow->peer.ack = flow->first + whole;
	stand_give_seg(&flow->peer);
	return whole == BYTES;
}

static void expect_the_rest(unsigned n)
{
	struct weir_event events[FLOWS_MAX + 1];
	unsigned whole = 0;

	for (unsigned round = 0; round < 100 && whole < n; round++) {
		whole = 0;
		for (unsigned i = 0; i < n; i++)
			whole += acknowledge(&flows[i]);
		take_burst();
		stand_pass(S / 10);
	}
	cr_assert_eq(whole, n, "%u streams of %u arrived", whole, n);
	cr_assert_eq(weir_events(stand.core, events, FLOWS_MAX + 1), n);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(events[i].what, WEIR_EV_SENT);
}

/* In the midst of the first run or the second, at their ends, or before both. */
STAND_BOTH(runs, what_finds_no_buffer_is_sent_again)
{
	static const unsigned lefts[] = { 0, 1, 2, 5, 8, 9, 10, 11, 14, 17, 18 };
	static struct rte_mbuf *hoard[STAND_POOL];

	for (unsigned i = 0; i < sizeof(lefts) / sizeof(lefts[0]); i++) {
		up(2, 0, 0);
		unsigned n = rte_mempool_avail_count(stand.pool) - lefts[i];

		cr_assert_eq(rte_pktmbuf_alloc_bulk(stand.pool, hoard, n), 0);
		send_all(2);
		cr_assert_eq(take_burst(), lefts[i]);
		cr_assert_eq(under_way(2), 18);
		cr_assert_eq(stand_count(COUNT_tx_no_buffer), 18 - lefts[i], "%u buffers", lefts[i]);
		cr_assert_eq(rte_mempool_avail_count(stand.pool), lefts[i]);
		cr_assert_eq(stand_count(COUNT_mbufs_taken), stand_count(COUNT_mbufs_returned));
		rte_pktmbuf_free_bulk(hoard, n);
		expect_the_rest(2);
		cr_assert_eq(stand_count(COUNT_tx_no_buffer), 18 - lefts[i], "once each");
		stand_down();
	}
}

/* Nobody has sent for so long that the neighbour is forgotten. Of what waits for it the oldest goes. */
static void expect_held(unsigned offloads, uint16_t vlan)
{
	struct rte_mbuf *frames[STAND_BURST];
	uint8_t request[FRAMES_MAX];
	struct weir_info info;

	up(4, offloads, vlan);
	stand_pass(700 * S);
	cr_assert_eq(stand_drain(), 0);
	send_all(4);
	cr_assert_eq(weir_output(stand.core, frames, STAND_BURST), 1, "asked once");
	unsigned held = under_way(4) < NEIGH_HELD_EACH ? under_way(4) : NEIGH_HELD_EACH;
	unsigned lost = under_way(4) - held;

	cr_assert_gt(lost, 0);
	cr_assert_eq(stand_count(COUNT_tx_no_neighbour), lost);
	stand_answer_peer(request, stand_read(frames[0], request));
	cr_assert_eq(take_burst(), held);
	cr_assert_eq(weir_info(stand.core, flows[0].conn, &info), 0);
	for (uint32_t at = 0; at < BYTES; at++)
		cr_assert_eq(flows[0].has[at], at >= lost * info.mss, "byte %u", at);
	for (unsigned i = 1; i < 4; i++)
		cr_assert(acknowledge(&flows[i]));
	expect_the_rest(4);
	cr_assert_eq(stand_count(COUNT_tx_no_neighbour), lost);
	stand_down();
}

STAND_BOTH(runs, an_unknown_neighbour_gets_the_latest)
{
	expect_held(0, 0);
}

STAND_BOTH(runs, an_unknown_neighbour_gets_them_by_port_and_tag)
{
	expect_held(WEIR_OFFLOAD_TX_CSUM, VLAN);
}

/* What the port reads of one. */
static void expect_left_to_port(const struct rte_mbuf *m, unsigned l2)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, l2);
	const uint8_t *tcp = ip + (stand.is6 ? 40 : 20);
	uint16_t pseudo = stand.is6 ? rte_ipv6_phdr_cksum((const void *)ip, 0) :
				      rte_ipv4_phdr_cksum((const void *)ip, 0);

	cr_assert_eq(m->ol_flags,
		     stand.is6 ? RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM :
				 RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM);
	cr_assert_eq(m->l2_len, l2);
	cr_assert_eq(m->l3_len, tcp - ip);
	cr_assert_eq(m->l4_len, bytes_get16(tcp + 2) % 2 ? 32 : 20, "with timestamps or without");
	cr_assert(stand.is6 || bytes_get16(ip + 10) == 0);
	cr_assert_eq(memcmp(tcp + TCP_HDR_CSUM_AT, &pseudo, sizeof(pseudo)), 0);
}

static void expect_offload(uint16_t vlan)
{
	struct rte_mbuf *frames[STAND_BURST];

	up(2, WEIR_OFFLOAD_TX_CSUM, vlan);
	send_all(2);
	unsigned n = weir_output(stand.core, frames, STAND_BURST);

	cr_assert_eq(n, under_way(2));
	for (unsigned i = 0; i < n; i++) {
		expect_left_to_port(frames[i], ETH_BYTES + (vlan != 0 ? TAG_BYTES : 0));
		take_in(frames[i]);
	}
	expect_the_rest(2);
	stand_down();
}

STAND_BOTH(runs, the_port_is_told_of_each)
{
	expect_offload(0);
}

STAND_BOTH(runs, the_port_is_told_of_each_behind_a_tag)
{
	expect_offload(VLAN);
}

/* stand_read() wants it. */
STAND_BOTH(runs, each_has_its_tag)
{
	up(2, 0, VLAN);
	send_all(2);
	cr_assert_eq(take_burst(), under_way(2));
	for (unsigned i = 0; i < 2; i++)
		cr_assert(acknowledge(&flows[i]));
	expect_the_rest(2);
	stand_down();
}
