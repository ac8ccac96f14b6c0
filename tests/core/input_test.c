/* SPDX-License-Identifier: BSD-3-Clause */
/* What a core does with the frames that it is given. */
#include <criterion/criterion.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/tcp_hdr.h"

#define IP (ETH_BYTES)
#define TCP (ETH_BYTES + IPV4_BYTES)

TestSuite(input, .init = stand_init);

static const struct arp who_are_you = {
	.op = ARP_REQUEST,
	.sender_mac = { { 2, 0, 0, 0, 0, 2 } },
	.sender = FRAMES_PEER,
	.target = FRAMES_OURS,
};

Test(input, arp_is_answered)
{
	uint8_t frame[FRAMES_MAX] = { 0 };
	struct eth_hdr eth;
	struct arp arp;

	stand_up();
	eth_build(frame,
		  &(struct eth_hdr){ .dst = ETH_BROADCAST, .src = frames_peer_mac, .type = ETH_TYPE_ARP });
	arp_build(frame + ETH_BYTES, &who_are_you);
	struct rte_mbuf *m = stand_frame(frame, 60);

	/* Flags of reception would ask the port for things when the same buffer is sent. */
	m->ol_flags = RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_TX_TCP_CKSUM;
	stand_give_mbuf(m);
	m = stand_take_mbuf();
	cr_assert_not_null(m);
	cr_assert_eq(m->ol_flags, 0);
	uint32_t len = m->pkt_len;

	cr_assert_eq(len, ETH_BYTES + ARP_BYTES);
	memcpy(frame, rte_pktmbuf_mtod(m, void *), len);
	rte_pktmbuf_free(m);
	cr_assert_eq(eth_parse(frame, len, &eth), ACCEPTED);
	cr_assert(eth_equal(&eth.dst, &frames_peer_mac));
	cr_assert(eth_equal(&eth.src, &frames_our_mac));
	cr_assert_eq(arp_parse(frame + ETH_BYTES, len - ETH_BYTES, &arp), ACCEPTED);
	cr_assert_eq(arp.op, ARP_REPLY);
	cr_assert_eq(arp.sender, FRAMES_OURS);
	cr_assert(eth_equal(&arp.sender_mac, &frames_our_mac));
	cr_assert_eq(arp.target, FRAMES_PEER);
	cr_assert_eq(stand_count(COUNT_frames_accepted), 1);
	cr_assert_eq(stand_take(frame), 0);
	stand_down();
}

Test(input, answers_have_a_bound)
{
	stand_up();
	for (unsigned i = 0; i < 100; i++)
		stand_give_arp(&ETH_BROADCAST, &who_are_you);
	cr_assert_eq(stand_drain(), 64);
	cr_assert_eq(stand_count(COUNT_replies_full), 36);
	stand_down();
}

static void expect_pong(const void *data, uint32_t data_len)
{
	uint8_t frame[FRAMES_MAX], *icmp = frame + TCP;
	uint32_t len = stand_take(frame);
	struct ip_hdr ip;
	struct eth_hdr eth;

	cr_assert_eq(len, TCP + 8 + data_len);
	cr_assert_eq(eth_parse(frame, len, &eth), ACCEPTED);
	cr_assert(eth_equal(&eth.dst, &frames_peer_mac));
	cr_assert_eq(ipv4_parse(frame + IP, len - IP, len - IP, false, &ip), ACCEPTED);
	cr_assert(address_equal(ip.src, weir_ipv4(FRAMES_OURS)));
	cr_assert(address_equal(ip.dst, weir_ipv4(FRAMES_PEER)));
	cr_assert_eq(icmp[0], ICMP_ECHO_REPLY);
	cr_assert_eq(csum_fold(csum_bytes(icmp, len - TCP)), CSUM_RIGHT);
	cr_assert_arr_eq(icmp + 8, data, data_len);
}

Test(input, ping_is_answered)
{
	uint8_t frame[FRAMES_MAX], data[1400];
	struct rng rng = { 12 };

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rng_u64(&rng);
	stand_up();
	uint32_t len = frames_icmp(frame, ICMP_ECHO, 0, data, 56);

	memset(frame + len, 0xa5, 20); /* padding */
	stand_give(frame, len + 20);
	expect_pong(data, 56);
	len = frames_icmp(frame, ICMP_ECHO, 0, data, sizeof(data));
	stand_give_mbuf(stand_chain(frame, len, 45, 77));
	expect_pong(data, sizeof(data));
	struct rte_mbuf *m = stand_frame(frame, len);

	/* Somebody else still reads it: the answer must be written elsewhere. */
	rte_mbuf_refcnt_update(m, 1);
	stand_give_mbuf(m);
	expect_pong(data, sizeof(data));
	cr_assert_arr_eq(rte_pktmbuf_mtod(m, uint8_t *), frame, len);
	rte_pktmbuf_free(m);
	stand_down();
}

Test(input, ping_with_ip_options_is_answered_without)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_icmp(frame, ICMP_ECHO, 0, "data", 4);

	memmove(frame + TCP + 4, frame + TCP, len - TCP);
	memset(frame + TCP, 1, 4);
	frame[IP] = 0x46;
	bytes_put16(frame + IP + 2, (uint16_t)(len + 4 - IP));
	frames_mend_ip(frame);
	stand_up();
	stand_give(frame, len + 4);
	expect_pong("data", 4);
	stand_down();
}

Test(input, what_is_not_ours_goes_back)
{
	uint8_t frame[FRAMES_MAX];
	struct seg seg = { .tuple = { FRAMES_OURS + 1, FRAMES_PEER, 80, 81 }, .flags = SEG_SYN, .ttl = 64 };
	uint32_t len = frames_tcp(frame, &seg);

	stand_up();
	cr_assert_eq(stand_offer(frame, len), WEIR_NOT_MINE, "another IP address");
	bytes_put16(frame + TCP, 0);
	cr_assert_eq(stand_offer(frame, len), WEIR_NOT_MINE, "however its inside looks");
	seg.tuple.laddr = FRAMES_OURS;
	len = frames_tcp(frame, &seg);
	cr_assert_eq(stand_offer(frame, len), WEIR_TAKEN);
	frame[5] ^= 1;
	cr_assert_eq(stand_offer(frame, len), WEIR_NOT_MINE, "another MAC address");
	frame[5] ^= 1;
	frame[12] = 0x88;
	frame[13] = 0xcc;
	cr_assert_eq(stand_offer(frame, len), WEIR_NOT_MINE, "LLDP");
	seg.tuple.laddr = 0x0a0000ff;
	len = frames_tcp(frame, &seg);
	cr_assert_eq(stand_offer(frame, len), WEIR_NOT_MINE, "a broadcast");
	cr_assert_eq(stand_offer(frame, 10), WEIR_TAKEN, "nobody can want that");
	cr_assert_eq(stand_count(COUNT_frames_not_mine), 5);
	cr_assert_eq(stand_count(COUNT_frames_in), 7);
	cr_assert_eq(stand_count(COUNT_drop_closed_port), 1);
	cr_assert_eq(stand_count(COUNT_drop_eth_short), 1);
	stand_down();
}

/* The caller's array stays as it was, so that it finds its frames again. */
Test(input, verdicts_stand_beside_their_frames)
{
	struct rte_mbuf *frames[3], *kept[3];
	uint8_t frame[FRAMES_MAX], verdicts[3];
	struct seg seg = { .tuple = { FRAMES_OURS, FRAMES_PEER, 80, 81 }, .flags = SEG_SYN, .ttl = 64 };
	uint32_t len = frames_tcp(frame, &seg);

	stand_up();
	for (unsigned i = 0; i < 3; i++) {
		frame[5] = i == 1 ? 0x99 : frames_our_mac.bytes[5];
		kept[i] = frames[i] = stand_frame(frame, len);
	}
	/* One that carries its own answer from now on. */
	rte_pktmbuf_free(frames[0]);
	eth_build(frame,
		  &(struct eth_hdr){ .dst = ETH_BROADCAST, .src = frames_peer_mac, .type = ETH_TYPE_ARP });
	arp_build(frame + ETH_BYTES, &who_are_you);
	kept[0] = frames[0] = stand_frame(frame, 60);
	cr_assert_eq(weir_input(stand.core, frames, 3, stand.now_ns, verdicts), 3);
	cr_assert_arr_eq(frames, kept, sizeof(frames));
	cr_assert_eq(verdicts[0], WEIR_TAKEN);
	cr_assert_eq(verdicts[1], WEIR_NOT_MINE);
	cr_assert_eq(verdicts[2], WEIR_TAKEN);
	cr_assert_eq(frames[1]->pkt_len, len);
	rte_pktmbuf_free(frames[1]);
	stand_down();
}

Test(input, arp_between_others_goes_back_and_makes_us_ask)
{
	struct arp gratuitous = who_are_you;
	uint8_t frame[60] = { 0 }, out[FRAMES_MAX];
	uint32_t headers;
	struct seg peer;

	stand_up();
	stand_accept(&peer); /* so the peer is known */
	gratuitous.sender_mac.bytes[5] = 0x77;
	gratuitous.target = FRAMES_PEER;
	eth_build(frame, &(struct eth_hdr){
				 .dst = ETH_BROADCAST, .src = gratuitous.sender_mac, .type = ETH_TYPE_ARP });
	arp_build(frame + ETH_BYTES, &gratuitous);
	cr_assert_eq(stand_offer(frame, sizeof(frame)), WEIR_NOT_MINE);
	stand_drain();
	stand_pass(1100000000); /* the peer has just been asked: not again within a second */
	cr_assert_eq(stand_take(out), sizeof(frame) - 18);
	cr_assert_eq(out[5], frames_peer_mac.bytes[5], "who is known is asked first, and alone");
	peer.seq -= 10;
	peer.len = 4;
	stand_give_seg(&peer); /* old data: an ACK is due */
	stand_take_seg(out, &headers);
	cr_assert_eq(out[5], frames_peer_mac.bytes[5], "and sent to, until he is silent");
	stand_down();
}

static void expect_data(weir_conn conn, const uint8_t *want, uint32_t len, uint32_t buffers)
{
	struct weir_event event;
	uint32_t done = 0;

	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.what, WEIR_EV_DATA);
	cr_assert_eq(event.conn.index, conn.index);
	cr_assert_eq(event.bytes, len);
	cr_assert_eq(event.buffers, buffers);
	cr_assert_eq(event.payload->pkt_len, len);
	for (struct rte_mbuf *m = event.payload; m != NULL; m = m->next) {
		cr_assert_arr_eq(rte_pktmbuf_mtod(m, uint8_t *), want + done, m->data_len);
		done += m->data_len;
	}
	cr_assert_eq(done, len);
	weir_release(stand.core, conn, event.payload);
}

Test(input, payload_is_what_the_application_gets)
{
	uint8_t frame[FRAMES_MAX], want[600];
	struct seg peer;

	for (unsigned i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)(i % 300);
	stand_up();
	weir_conn conn = stand_accept(&peer);

	/* One buffer, with padding behind. */
	peer.len = 5;
	uint32_t len = frames_tcp(frame, &peer);

	memset(frame + len, 0xa5, 9);
	stand_give(frame, len + 9);
	expect_data(conn, want, 5, 1);
	peer.seq += 5;

	/* A chain whose last buffer is padding alone, and whose first is headers alone. */
	peer.len = 250;
	len = frames_tcp(frame, &peer);
	memset(frame + len, 0xa5, 40);
	stand_give_mbuf(stand_chain(frame, len + 40, len - 250, 125));
	expect_data(conn, want, 250, 4);
	peer.seq += 250;

	/* Headers and a few bytes, odd lengths. */
	len = frames_tcp(frame, &peer);
	stand_give_mbuf(stand_chain(frame, len, len - 247, 13));
	expect_data(conn, want, 250, 1 + 247 / 13);
	peer.seq += 250;

	/* A wrong byte in the very last buffer is noticed. */
	len = frames_tcp(frame, &peer);
	frame[len - 1] ^= 1;
	stand_give_mbuf(stand_chain(frame, len, len - 247, 13));
	cr_assert_eq(stand_count(COUNT_drop_tcp_csum), 1);
	stand_down();
}

/* Two bursts' worth of data merged into one event: buffers are counted once though chains grew. */
Test(input, what_arrives_together_is_one_event)
{
	struct rte_mbuf *frames[3];
	uint8_t frame[FRAMES_MAX], want[30];
	struct seg peer;

	stand_up();
	weir_conn conn = stand_accept(&peer);

	for (unsigned i = 0; i < 3; i++) {
		peer.len = 10;
		uint32_t len = frames_tcp(frame, &peer);

		for (unsigned k = 0; k < 10; k++)
			want[10 * i + k] = (uint8_t)k;
		frames[i] = stand_chain(frame, len, len - 5, 5);
		peer.seq += 10;
	}
	cr_assert_eq(weir_input(stand.core, frames, 3, stand.now_ns, NULL), 3);
	expect_data(conn, want, 30, 6);
	stand_down();
}

Test(input, a_port_that_verified_is_believed)
{
	static const uint64_t believed[] = { RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_NONE };
	uint8_t frame[FRAMES_MAX];
	struct seg seg = { .tuple = { FRAMES_OURS, FRAMES_PEER, 80, 81 }, .flags = SEG_SYN, .ttl = 64 };
	uint32_t len = frames_tcp(frame, &seg);

	stand.config.offloads = WEIR_OFFLOAD_RX_CSUM;
	stand_up();
	for (unsigned i = 0; i < 2; i++) {
		frame[TCP + 16] ^= 1;
		frame[IP + 10] ^= 1;
		struct rte_mbuf *m = stand_frame(frame, len);

		m->ol_flags = believed[i] | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
		stand_give_mbuf(m);
		cr_assert_eq(stand_count(COUNT_drop_closed_port), 1 + 2 * i);
		frame[TCP + 16] ^= 1;
		frame[IP + 10] ^= 1;
		/* What the port calls bad is added up again: it may not have understood the frame. */
		m = stand_frame(frame, len);
		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD;
		stand_give_mbuf(m);
		cr_assert_eq(stand_count(COUNT_drop_closed_port), 2 + 2 * i);
	}
	frame[TCP + 16] ^= 1;
	stand_give(frame, len);
	cr_assert_eq(stand_count(COUNT_drop_tcp_csum), 1, "no word of the port's, no belief");
	stand_down();
}

Test(input, without_the_offload_flags_mean_nothing)
{
	uint8_t frame[FRAMES_MAX];
	struct seg seg = { .tuple = { FRAMES_OURS, FRAMES_PEER, 80, 81 }, .flags = SEG_SYN, .ttl = 64 };
	uint32_t len = frames_tcp(frame, &seg);

	stand_up();
	frame[TCP + 16] ^= 1;
	struct rte_mbuf *m = stand_frame(frame, len);

	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	stand_give_mbuf(m);
	cr_assert_eq(stand_count(COUNT_drop_tcp_csum), 1);
	stand_down();
}

#define CROWD 400

/* SYNs without an end: their answers have a bound, and what was not taken is as it was. */
Test(input, backpressure_leaves_the_rest_untouched)
{
	struct rte_mbuf *frames[CROWD];
	uint8_t frame[FRAMES_MAX];
	struct seg seg = {
		.tuple = { FRAMES_OURS, FRAMES_PEER, 80, 0 }, .flags = SEG_SYN, .len = 9, .ttl = 64
	};
	uint32_t len = 0;
	unsigned done = 0, rounds = 0;

	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 81 }, 0), 0);
	for (unsigned i = 0; i < CROWD; i++) {
		seg.tuple.rport = (uint16_t)(1000 + i);
		len = frames_tcp(frame, &seg);
		frames[i] = i % 2 ? stand_frame(frame, len) : stand_chain(frame, len, len - 4, 2);
	}
	while (done < CROWD) {
		done += weir_input(stand.core, frames + done, CROWD - done, stand.now_ns, NULL);
		cr_assert_eq(stand_count(COUNT_frames_in), done);
		for (unsigned i = done; i < CROWD; i++) {
			seg.tuple.rport = (uint16_t)(1000 + i);
			cr_assert_eq(frames_tcp(frame, &seg), frames[i]->pkt_len);
			uint8_t linear[FRAMES_MAX];
			const uint8_t *now = rte_pktmbuf_read(frames[i], 0, len, linear);

			cr_assert_arr_eq(now, frame, len, "frame %u", i);
		}
		rounds++;
		stand_drain();
	}
	cr_assert_gt(rounds, 1, "400 answers at once were not to be had");
	cr_assert_eq(stand_count(COUNT_drop_closed_port), CROWD);
	stand_down();
}
