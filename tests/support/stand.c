/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/stand.h"

#include <criterion/criterion.h>

#include <rte_ip.h>

#include "support/eal.h"
#include "wire/bytes.h"
#include "wire/parse.h"
#include "wire/tcp_hdr.h"

#define TAG_AT 12
#define TAG_BYTES 4

struct stand stand;

void stand_init(void)
{
	eal_start();
	stand.pool =
		rte_pktmbuf_pool_create("stand", STAND_POOL, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(stand.pool);
	stand.now_ns = 77 * 1000000000ull;
	weir_config_default(&stand.config);
	memcpy(stand.config.mac, frames_our_mac.bytes, 6);
	stand.config.max_connections = 1000;
	stand.config.ranges[0] = (struct weir_range){ weir_ipv4(FRAMES_OURS), weir_ipv4(FRAMES_OURS), 24 };
	stand.config.ranges_count = 1;
	stand.config.gateway = weir_ipv4(STAND_GATEWAY);
	stand.config.pool = stand.pool;
}

void stand_family(bool is6)
{
	struct weir_address ours = frames_pair(is6).local;

	stand.is6 = is6;
	stand.config.ranges[0] = (struct weir_range){ ours, ours, is6 ? 64 : 24 };
	stand.config.gateway = is6 ? (struct weir_address){ 0 } : weir_ipv4(STAND_GATEWAY);
	stand.config.gateway6 = is6 ? (struct weir_address)FRAMES_IPV6(0xfe) : (struct weir_address){ 0 };
	stand.config.dad_probes = 0;
}

/* The groups that it is in, in one report, first addresses of ranges, and the link-local one. */
static unsigned announcements(void)
{
	return stand.is6 + stand.config.ranges_count + stand.is6;
}

void stand_up(void)
{
	cr_assert_null(weir_config_check(&stand.config), "%s", weir_config_check(&stand.config));
	stand.core = weir_core_create(&stand.config);
	cr_assert_not_null(stand.core);
	stand_pass(0);
	if (stand.config.dad_probes == 0 || !stand.is6)
		cr_assert_eq(stand_drain(), announcements(), "the announcements");
	if (stand.config.dad_probes == 0 && stand.is6) {
		stand_pass(1000000000);
		cr_assert_eq(stand_drain(), 1, "the report again");
	}
}

void stand_down(void)
{
	/* What waits for a neighbour that nobody plays is given up in the meantime. */
	stand_drain();
	for (unsigned i = 0; i < 100 && stand_count(COUNT_mbufs_taken) != stand_count(COUNT_mbufs_returned);
	     i++) {
		stand_pass(1000000000);
		stand_drain();
	}
	cr_assert_eq(stand_count(COUNT_mbufs_taken), stand_count(COUNT_mbufs_returned));
	weir_core_destroy(stand.core);
	cr_assert_eq(rte_mempool_avail_count(stand.pool), STAND_POOL);
}

struct rte_mbuf *stand_chain(const void *bytes, uint32_t len, uint32_t first, uint32_t part)
{
	struct rte_mbuf *head = NULL;
	const uint8_t *from = bytes;

	for (uint32_t done = 0, now = first; done < len || head == NULL; done += now, now = part) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(stand.pool);

		cr_assert_not_null(m);
		now = now < len - done ? now : len - done;
		memcpy(rte_pktmbuf_append(m, (uint16_t)now), from + done, now);
		if (head == NULL)
			head = m;
		else
			cr_assert_eq(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

struct rte_mbuf *stand_frame(const void *bytes, uint32_t len)
{
	return stand_chain(bytes, len, len, 0);
}

void stand_give_mbuf(struct rte_mbuf *m)
{
	cr_assert_eq(weir_input(stand.core, &m, 1, stand.now_ns, NULL), 1);
}

static void put_tag(struct rte_mbuf *m)
{
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_prepend(m, TAG_BYTES);

	cr_assert_not_null(bytes);
	memmove(bytes, bytes + TAG_BYTES, TAG_AT);
	bytes_put16(bytes + TAG_AT, ETH_TYPE_VLAN);
	bytes_put16(bytes + TAG_AT + 2, stand.tag);
}

static void take_tag(struct rte_mbuf *m)
{
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);

	cr_assert_eq(bytes_get16(bytes + TAG_AT), ETH_TYPE_VLAN, "a tag");
	cr_assert_eq(bytes_get16(bytes + TAG_AT + 2), stand.tag);
	memmove(bytes + TAG_BYTES, bytes, TAG_AT);
	rte_pktmbuf_adj(m, TAG_BYTES);
}

void stand_give(const void *bytes, uint32_t len)
{
	struct rte_mbuf *m = stand_frame(bytes, len);

	if (stand.tag != 0)
		put_tag(m);
	stand_give_mbuf(m);
}

void stand_give_seg(const struct seg *seg)
{
	uint8_t frame[FRAMES_MAX];
	struct pair pair = frames_pair(true);

	stand_give(frame, stand.is6 ? frames_tcp_between(frame, &pair, seg) : frames_tcp(frame, seg));
}

void stand_give_arp(const struct eth_addr *dst, const struct arp *arp)
{
	uint8_t frame[60] = { 0 };

	eth_build(frame, &(struct eth_hdr){ .dst = *dst, .src = arp->sender_mac, .type = ETH_TYPE_ARP });
	arp_build(frame + ETH_BYTES, arp);
	stand_give(frame, sizeof(frame));
}

enum weir_verdict stand_offer(const void *bytes, uint32_t len)
{
	struct rte_mbuf *m = stand_frame(bytes, len);
	uint8_t said = 0xff;

	cr_assert_eq(weir_input(stand.core, &m, 1, stand.now_ns, &said), 1);
	if (said == WEIR_NOT_MINE)
		rte_pktmbuf_free(m);
	return (enum weir_verdict)said;
}

void stand_pass(uint64_t ns)
{
	stand.now_ns += ns;
	cr_assert_eq(weir_input(stand.core, NULL, 0, stand.now_ns, NULL), 0);
}

struct rte_mbuf *stand_take_mbuf(void)
{
	struct rte_mbuf *m;

	return weir_output(stand.core, &m, 1) == 1 ? m : NULL;
}

/* What a port does to a frame of TCP, by what the mbuf says, and by that alone. */
static void make_checksums(struct rte_mbuf *m)
{
	unsigned l3 = m->l2_len, l4 = l3 + m->l3_len;

	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, l3);

		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM) {
		uint8_t *tcp = rte_pktmbuf_mtod_offset(m, uint8_t *, l4);
		uint16_t csum = (uint16_t)~rte_raw_cksum(tcp, m->data_len - l4);

		memcpy(tcp + TCP_HDR_CSUM_AT, &csum, sizeof(csum));
	}
}

uint32_t stand_read(struct rte_mbuf *m, uint8_t frame[FRAMES_MAX])
{
	make_checksums(m);
	if (stand.tag != 0)
		take_tag(m);
	uint32_t len = m->pkt_len;

	cr_assert_eq(m->nb_segs, 1);
	cr_assert_leq(len, FRAMES_MAX);
	memcpy(frame, rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_free(m);
	return len;
}

uint32_t stand_take(uint8_t frame[FRAMES_MAX])
{
	struct rte_mbuf *m = stand_take_mbuf();

	return m == NULL ? 0 : stand_read(m, frame);
}

struct seg stand_parse_seg(uint8_t *bytes, uint32_t len, uint32_t *headers)
{
	struct frame frame = { .bytes = bytes, .contiguous = len, .total = len };
	struct seg_side side;
	struct seg seg;

	cr_assert_gt(len, 0, "a segment was to be sent");
	cr_assert_eq(parse_link(&frame), ACCEPTED);
	cr_assert_eq(parse_ip(&frame), ACCEPTED);
	cr_assert_eq(parse_accept(&frame), ACCEPTED);
	cr_assert_eq(parse_tcp(&frame, 0, &seg, &side, headers), ACCEPTED);
	return seg;
}

struct seg stand_take_seg(uint8_t frame[FRAMES_MAX], uint32_t *headers)
{
	return stand_parse_seg(frame, stand_take(frame), headers);
}

unsigned stand_drain(void)
{
	struct rte_mbuf *frames[STAND_BURST];
	unsigned n, all = 0;

	do {
		n = weir_output(stand.core, frames, STAND_BURST);
		rte_pktmbuf_free_bulk(frames, n);
		all += n;
	} while (n == STAND_BURST);
	return all;
}

void stand_give_nd(const struct nd_out *out)
{
	struct pair pair = { .local = out->dst, .remote = out->src };
	struct ip_hdr ip = { .protocol = IP_PROTOCOL_ICMP6, .ttl = ND_HOP_LIMIT };
	uint8_t frame[FRAMES_MAX], message[ND_BYTES_MAX];
	uint32_t len = nd_build(message, &out->nd);

	icmp6_build_csum(message, len, out->src, out->dst);
	len = frames_ip(frame, &pair, &ip, message, len);
	memcpy(frame, out->mac.bytes, sizeof(out->mac.bytes));
	stand_give(frame, len);
}

static void answer_arp(const uint8_t *frame, uint32_t len)
{
	struct arp arp;

	cr_assert_eq(len, ETH_BYTES + ARP_BYTES);
	cr_assert_eq(arp_parse(frame + ETH_BYTES, len - ETH_BYTES, &arp), ACCEPTED);
	cr_assert_eq(arp.op, ARP_REQUEST);
	cr_assert_eq(arp.target, FRAMES_PEER);
	stand_give_arp(&frames_our_mac, &(struct arp){ .op = ARP_REPLY,
						       .sender_mac = frames_peer_mac,
						       .sender = FRAMES_PEER,
						       .target_mac = frames_our_mac,
						       .target = arp.sender });
}

static void answer_solicitation(uint8_t *bytes, uint32_t len)
{
	const struct weir_address peer = FRAMES_IPV6(2);
	struct frame frame = { .bytes = bytes, .contiguous = len, .total = len };
	struct nd nd;

	cr_assert_eq(parse_link(&frame), ACCEPTED);
	cr_assert_eq(parse_ip(&frame), ACCEPTED);
	cr_assert_eq(parse_accept(&frame), ACCEPTED);
	uint32_t at = frame_l4_start(&frame);

	cr_assert_eq(nd_parse(&frame.ip, bytes + at, len - at, &nd), ACCEPTED);
	cr_assert_eq(nd.type, ICMP6_NEIGHBOUR_SOLICITATION);
	cr_assert(address_equal(nd.target, peer));
	stand_give_nd(&(struct nd_out){ .src = peer,
					.dst = frame.ip.src,
					.mac = frames_our_mac,
					.nd = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
						.flags = ND_SOLICITED | ND_OVERRIDE,
						.target = peer,
						.has_mac = true,
						.mac = frames_peer_mac } });
}

void stand_answer_peer(uint8_t *frame, uint32_t len)
{
	if (stand.is6)
		answer_solicitation(frame, len);
	else
		answer_arp(frame, len);
}

void stand_meet_peer(void)
{
	uint8_t frame[FRAMES_MAX];

	stand_answer_peer(frame, stand_take(frame));
}

weir_conn stand_accept(struct seg *peer)
{
	uint8_t frame[FRAMES_MAX];
	struct weir_event event;
	uint32_t headers;

	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 7), 0);
	*peer = (struct seg){
		.tuple = { .laddr = FRAMES_OURS, .raddr = FRAMES_PEER, .lport = 80, .rport = 1234 },
		.seq = 0xffffff00,
		.wnd = 65535,
		.flags = SEG_SYN,
		.ttl = 64,
	};
	stand_give_seg(peer);
	stand_meet_peer();
	struct seg syn_ack = stand_take_seg(frame, &headers);

	cr_assert_eq(syn_ack.flags, SEG_SYN | SEG_ACK);
	peer->seq++;
	peer->ack = syn_ack.seq + 1;
	peer->flags = SEG_ACK;
	stand_give_seg(peer);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.what, WEIR_EV_OPENED);
	cr_assert_eq(event.word, 7);
	return event.conn;
}

uint64_t stand_count(enum counter id)
{
	uint64_t values[COUNTERS];

	weir_counters(stand.core, values, COUNTERS);
	return values[id];
}
