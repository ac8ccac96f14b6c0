/* SPDX-License-Identifier: BSD-3-Clause */
/* A core in a VLAN (IEEE 802.1Q), and one in none, among frames with tags of every kind. */
#include <criterion/criterion.h>

#include <rte_ether.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/icmp.h"

#define OURS 5
#define FOREIGN 6
#define PRIORITY 0xe000 /* the highest, and a DEI of 0 */
#define TAG_BYTES 4
#define S 1000000000ull

TestSuite(vlan, .init = stand_init);

/* Puts a tag before what the frame is, and returns its new length. */
static uint32_t tagged(uint8_t *frame, uint32_t len, uint16_t type, uint16_t tci)
{
	memmove(frame + 12 + TAG_BYTES, frame + 12, len - 12);
	bytes_put16(frame + 12, type);
	bytes_put16(frame + 14, tci);
	return len + TAG_BYTES;
}

/* A SYN from a port of its own, to nobody who listens: a RST is due. */
static uint32_t stray(uint8_t *frame)
{
	static uint16_t port = 1000;
	struct pair pair = frames_pair(stand.is6);
	struct seg seg = { .tuple = { .lport = 81, .rport = port++ }, .flags = SEG_SYN, .ttl = 64 };

	return frames_tcp_between(frame, &pair, &seg);
}

/* The peer is known from here on, and nothing waits. */
static void up(uint16_t vlan)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers, len;

	stand.config.vlan = vlan;
	stand.tag = vlan;
	stand_up();
	len = stray(frame);
	stand_give(frame, len);
	stand_meet_peer();
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_RST | SEG_ACK);
	stand.tag = 0; /* from here on by hand */
}

static void expect_drop(const uint8_t *frame, uint32_t len, enum counter drop)
{
	uint64_t before = stand_count(drop);

	stand_give(frame, len);
	cr_expect_eq(stand_count(drop), before + 1, "%s", counter_name(drop));
	cr_expect_eq(stand_drain(), 0);
}

/* ARP or discovery, a handshake, data, ping: all of it comes with the tag and goes with it. */
STAND_BOTH(vlan, all_that_is_sent_has_its_tag)
{
	uint8_t frame[FRAMES_MAX], data[1460] = { 0 };
	struct pair pair = frames_pair(stand.is6);
	uint32_t headers, sent = 0;
	struct seg peer;

	stand.config.vlan = OURS;
	stand.config.no_delay = true;
	stand.tag = OURS;
	stand_up();
	weir_conn conn = stand_accept(&peer);

	cr_assert_eq(weir_send_copy(stand.core, conn, data, sizeof(data)), 0);
	while (sent < sizeof(data))
		sent += stand_take_seg(frame, &headers).len;
	stand_pass(5 * S);
	cr_assert_gt(stand_take_seg(frame, &headers).len, 0, "once more, and tagged again");
	stand_drain();
	uint32_t len = frames_icmp_between(frame, &pair, stand.is6 ? ICMP6_ECHO : ICMP_ECHO, 0, "ping", 4);

	stand_give(frame, len);
	cr_assert_eq(stand_take(frame), len);
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_RST | SEG_ACK);
	stand_down();
}

/* The SYN of a flood, which is answered in its own frame: that one has its tag again. */
STAND_BOTH(vlan, a_cookie_has_its_tag)
{
	uint8_t frame[FRAMES_MAX];
	struct seg peer = { .tuple = { FRAMES_OURS, FRAMES_PEER, 80, 1234 },
			    .flags = SEG_SYN,
			    .opts = SEG_OPT_MSS,
			    .mss = 1400,
			    .wnd = 65535,
			    .ttl = 64 };
	uint32_t headers;

	stand.config.vlan = OURS;
	stand.config.defence.mode = WEIR_DEFENCE_ALWAYS;
	stand.tag = OURS;
	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	stand_give_seg(&peer);
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN | SEG_ACK);
	cr_assert_eq(stand_count(COUNT_cookies_sent), 1);
	stand_down();
}

/* The port took it off, and says so in the mbuf; whatever its priority. */
static void expect_by_stripped_tag(uint16_t vlan)
{
	static const uint16_t tcis[] = { OURS, OURS | PRIORITY, FOREIGN, PRIORITY, 0 };
	uint8_t frame[FRAMES_MAX];

	up(vlan);
	for (unsigned i = 0; i < sizeof(tcis) / sizeof(tcis[0]); i++) {
		uint64_t foreign = stand_count(COUNT_drop_vlan);
		bool ours = (tcis[i] & 0xfff) == vlan;
		struct rte_mbuf *m = stand_frame(frame, stray(frame));

		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = tcis[i];
		stand_give_mbuf(m);
		cr_expect_eq(stand_drain(), ours, "case %u", i);
		cr_expect_eq(stand_count(COUNT_drop_vlan), foreign + !ours, "case %u", i);
	}
	stand_down();
}

STAND_BOTH(vlan, a_tag_that_the_port_took_off)
{
	expect_by_stripped_tag(OURS);
}

/* A port may take tags off that nobody has asked it to. */
STAND_BOTH(vlan, a_tag_that_the_port_took_off_for_none)
{
	expect_by_stripped_tag(0);
}

/* Told to the port in the mbuf, and not in the frame. */
STAND_BOTH(vlan, a_tag_that_the_port_puts_on)
{
	struct pair pair = frames_pair(stand.is6);
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_icmp_between(frame, &pair, stand.is6 ? ICMP6_ECHO : ICMP_ECHO, 0, "ping", 4);

	stand.config.vlan = OURS;
	stand.config.offloads = WEIR_OFFLOAD_TX_VLAN;
	stand_up();
	tagged(frame, len, ETH_TYPE_VLAN, OURS | PRIORITY);
	stand_give(frame, len + TAG_BYTES);
	struct rte_mbuf *m = stand_take_mbuf();

	cr_assert_not_null(m);
	cr_assert_eq(m->pkt_len, len);
	cr_assert_neq(bytes_get16(rte_pktmbuf_mtod_offset(m, uint8_t *, 12)), ETH_TYPE_VLAN);
	cr_assert_eq(m->ol_flags & RTE_MBUF_F_TX_VLAN, RTE_MBUF_F_TX_VLAN);
	cr_assert_eq(m->vlan_tci, OURS, "of whatever priority the request was");
	rte_pktmbuf_free(m);
	stand_down();
}

/* What a port is told of checksums counts from behind a tag that stands in the frame. */
STAND_BOTH(vlan, offsets_count_the_tag)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len;

	stand.config.offloads = WEIR_OFFLOAD_TX_CSUM;
	stand.config.vlan = OURS;
	stand.tag = OURS;
	stand_up();
	len = stray(frame);
	stand_give(frame, len);
	stand_meet_peer();
	struct rte_mbuf *m = stand_take_mbuf();

	cr_assert_not_null(m);
	cr_assert_eq(m->l2_len, ETH_BYTES + TAG_BYTES);
	cr_assert_eq(m->l3_len, stand.is6 ? 40 : 20);
	cr_assert(m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM);
	cr_assert_not(m->ol_flags & RTE_MBUF_F_TX_VLAN);
	rte_pktmbuf_free(m);
	stand_down();
}

/* VLAN 0 is none: it says a priority, and the frame belongs to those without a tag. */
STAND_BOTH(vlan, a_priority_alone_is_no_vlan)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers, len;

	up(0);
	len = stray(frame);
	len = tagged(frame, len, ETH_TYPE_VLAN, PRIORITY);
	stand_give(frame, len);
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_RST | SEG_ACK, "answered, and without a tag");
	len = stray(frame);
	len = tagged(frame, len, ETH_TYPE_VLAN, PRIORITY | OURS);
	expect_drop(frame, len, COUNT_drop_vlan);
	stand_down();
}

STAND_BOTH(vlan, foreign_and_missing_tags_have_names)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len;

	up(OURS);
	len = stray(frame);
	expect_drop(frame, len, COUNT_drop_vlan_missing);
	len = tagged(frame, len, ETH_TYPE_VLAN, FOREIGN);
	expect_drop(frame, len, COUNT_drop_vlan);
	bytes_put16(frame + 14, PRIORITY);
	expect_drop(frame, len, COUNT_drop_vlan);
	expect_drop(frame, 12 + TAG_BYTES, COUNT_drop_vlan_missing); /* a tag, and nothing behind it */
	stand_down();
}

/* Service tags of 802.1ad, alone and before a tag of ours, and a tag behind ours. */
STAND_BOTH(vlan, two_tags_are_foreign)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len;

	up(OURS);
	len = stray(frame);
	len = tagged(frame, len, ETH_TYPE_VLAN, OURS);
	len = tagged(frame, len, ETH_TYPE_VLAN, OURS);
	expect_drop(frame, len, COUNT_drop_vlan);
	bytes_put16(frame + 14 + TAG_BYTES, PRIORITY); /* nor is a priority behind ours read past */
	expect_drop(frame, len, COUNT_drop_vlan);
	bytes_put16(frame + 12, ETH_TYPE_QINQ);
	expect_drop(frame, len, COUNT_drop_vlan_missing);
	stand_down();
}

STAND_BOTH(vlan, two_tags_are_foreign_to_none)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len;

	up(0);
	len = stray(frame);
	len = tagged(frame, len, ETH_TYPE_VLAN, PRIORITY);
	len = tagged(frame, len, ETH_TYPE_VLAN, PRIORITY);
	expect_drop(frame, len, COUNT_drop_vlan);
	bytes_put16(frame + 12, ETH_TYPE_QINQ);
	expect_drop(frame, len, COUNT_drop_vlan);
	stand_down();
}

/* Whoever shares the port gets them back as they came. */
STAND_BOTH(vlan, frames_of_others_go_back)
{
	static const struct {
		uint16_t vlan, type, tci;
	} cases[] = {
		{ OURS, ETH_TYPE_VLAN, FOREIGN }, { OURS, ETH_TYPE_VLAN, PRIORITY },
		{ OURS, ETH_TYPE_QINQ, OURS },    { 0, ETH_TYPE_VLAN, FOREIGN },
		{ 0, ETH_TYPE_QINQ, 0 },
	};
	uint8_t frame[FRAMES_MAX];

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t said = WEIR_TAKEN;

		up(cases[i].vlan);
		uint32_t len = tagged(frame, stray(frame), cases[i].type, cases[i].tci);
		struct rte_mbuf *m = stand_frame(frame, len);

		cr_assert_eq(weir_input(stand.core, &m, 1, stand.now_ns, &said), 1);
		cr_assert_eq(said, WEIR_NOT_MINE, "case %u", i);
		cr_assert_eq(m->pkt_len, len, "case %u", i);
		cr_assert_arr_eq(rte_pktmbuf_mtod(m, uint8_t *), frame, len);
		rte_pktmbuf_free(m);
		stand_down();
	}
}

/* Of our VLAN, and for another station: it goes back too, with its tag in the mbuf if not in the frame. */
STAND_BOTH(vlan, neighbours_of_our_vlan_go_back)
{
	uint8_t frame[FRAMES_MAX], said = WEIR_TAKEN;

	up(OURS);
	uint32_t len = tagged(frame, stray(frame), ETH_TYPE_VLAN, OURS | PRIORITY);

	frame[5] ^= 0x40;
	struct rte_mbuf *m = stand_frame(frame, len);

	cr_assert_eq(weir_input(stand.core, &m, 1, stand.now_ns, &said), 1);
	cr_assert_eq(said, WEIR_NOT_MINE);
	cr_assert(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED);
	cr_assert_eq(m->vlan_tci, OURS | PRIORITY);
	cr_assert_eq(m->pkt_len, len - TAG_BYTES);
	rte_pktmbuf_free(m);
	stand_down();
}

/* Somebody else reads the frame, too: its tag cannot be taken off. */
STAND_BOTH(vlan, a_frame_that_is_shared_keeps_its_tag)
{
	uint8_t frame[FRAMES_MAX];

	up(OURS);
	uint32_t len = tagged(frame, stray(frame), ETH_TYPE_VLAN, OURS);
	struct rte_mbuf *m = stand_frame(frame, len);

	rte_mbuf_refcnt_update(m, 1);
	stand_give_mbuf(m);
	cr_expect_eq(stand_count(COUNT_drop_vlan_shared), 1);
	cr_expect_eq(stand_drain(), 0);
	cr_expect_arr_eq(rte_pktmbuf_mtod(m, uint8_t *), frame, len);
	rte_pktmbuf_free(m);
	stand_down();
}

/* Nor need it, where the frame is for another station. */
STAND_BOTH(vlan, a_shared_frame_of_others_goes_back)
{
	uint8_t frame[FRAMES_MAX], said = WEIR_TAKEN;

	up(OURS);
	uint32_t len = tagged(frame, stray(frame), ETH_TYPE_VLAN, OURS);

	frame[5] ^= 0x40;
	struct rte_mbuf *m = stand_frame(frame, len);

	rte_mbuf_refcnt_update(m, 1);
	cr_assert_eq(weir_input(stand.core, &m, 1, stand.now_ns, &said), 1);
	cr_assert_eq(said, WEIR_NOT_MINE);
	cr_expect_arr_eq(rte_pktmbuf_mtod(m, uint8_t *), frame, len);
	rte_mbuf_refcnt_update(m, -1);
	rte_pktmbuf_free(m);
	stand_down();
}

/* Headers in one buffer and text in others, as wherever there is no tag. */
STAND_BOTH(vlan, frames_in_several_buffers)
{
	struct pair pair = frames_pair(stand.is6);
	uint8_t frame[FRAMES_MAX];
	struct weir_event event;
	struct seg peer;

	stand.config.vlan = OURS;
	stand.tag = OURS;
	stand_up();
	weir_conn conn = stand_accept(&peer);

	peer.len = 500;
	uint32_t len = frames_tcp_between(frame, &pair, &peer);

	len = tagged(frame, len, ETH_TYPE_VLAN, OURS);
	stand_give_mbuf(stand_chain(frame, len, len - 490, 70));
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.bytes, 500);
	cr_assert_eq(event.buffers, 8);
	cr_assert_eq(*rte_pktmbuf_mtod_offset(event.payload->next, uint8_t *, 0), 10);
	weir_release(stand.core, conn, event.payload);
	stand_pass(S);
	stand_drain();
	stand_down();
}

/* Events are at their bound, so a frame is left to the caller: its tag is off by then, and it comes again. */
STAND_BOTH(vlan, a_frame_may_be_offered_twice)
{
	struct pair pair = frames_pair(stand.is6);
	struct rte_mbuf *frames[2];
	struct weir_event event;
	uint8_t frame[FRAMES_MAX];

	stand.config.max_events = 1;
	stand.config.vlan = OURS;
	stand.tag = OURS;
	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct seg peer = { .tuple = { FRAMES_OURS, FRAMES_PEER, 80, (uint16_t)(1234 + i) },
				    .flags = SEG_SYN,
				    .wnd = 65535,
				    .ttl = 64 };
		uint32_t headers;

		stand_give_seg(&peer);
		if (i == 0)
			stand_meet_peer();
		peer.ack = stand_take_seg(frame, &headers).seq + 1;
		peer.seq++;
		peer.flags = SEG_ACK;
		peer.len = 9;
		uint32_t len = tagged(frame, frames_tcp_between(frame, &pair, &peer), ETH_TYPE_VLAN, OURS);

		frames[i] = stand_frame(frame, len);
	}
	cr_assert_eq(weir_input(stand.core, frames, 2, stand.now_ns, NULL), 1, "the first alone");
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(weir_events(stand.core, &event, 1), 1);
		cr_assert_eq(event.bytes, 9, "connection %u", i);
		weir_release(stand.core, event.conn, event.payload);
		cr_assert_eq(weir_abort(stand.core, event.conn), 0);
		cr_assert_eq(weir_events(stand.core, &event, 1), 1);
		if (i == 0)
			cr_assert_eq(weir_input(stand.core, &frames[1], 1, stand.now_ns, NULL), 1);
	}
	cr_assert_eq(stand_count(COUNT_drop_vlan_missing), 0);
	stand_drain();
	stand_down();
}

/*
 * A received buffer that is full to its very front: its answer has no room for a tag, and is dropped by name.
 */
STAND_BOTH(vlan, without_headroom_nothing_is_sent)
{
	struct pair pair = frames_pair(stand.is6);
	uint8_t frame[FRAMES_MAX];

	up(OURS);
	uint32_t len = frames_icmp_between(frame, &pair, stand.is6 ? ICMP6_ECHO : ICMP_ECHO, 0, "ping", 4);
	struct rte_mbuf *m = stand_frame(frame, len);

	memmove(m->buf_addr, rte_pktmbuf_mtod(m, uint8_t *), len);
	m->data_off = 0;
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = OURS;
	stand_give_mbuf(m);
	cr_expect_eq(stand_drain(), 0);
	cr_expect_eq(stand_count(COUNT_tx_no_room), 1);
	stand_down();
}
