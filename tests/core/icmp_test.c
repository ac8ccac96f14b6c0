/* SPDX-License-Identifier: BSD-3-Clause */
/* What the way to a peer tells, and is told: ICMP errors, and doubt about the next hop. */
#include <criterion/criterion.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define S 1000000000ull
#define IP ETH_BYTES
#define TCP (ETH_BYTES + IPV4_BYTES)
#define QUOTE_BYTES (IPV4_BYTES + 8) /* all that RFC 792 asks of a router */

TestSuite(icmp_core, .init = stand_init);

/* A connection whose SYN has just gone out; `frame` holds it. */
static struct seg begin(uint8_t frame[FRAMES_MAX], weir_conn *conn)
{
	struct weir_endpoint any = { 0 }, remote = { weir_ipv4(FRAMES_PEER), 80 };
	uint32_t headers;

	stand_up();
	cr_assert_eq(weir_connect(stand.core, any, remote, 5, conn), 0);
	stand_meet_peer();
	struct seg syn = stand_take_seg(frame, &headers);

	cr_assert_eq(syn.flags, SEG_SYN);
	return syn;
}

/* RFC 9293 MUST-20. The peer is its own next hop; it is asked by unicast while it is still sent to. */
Test(icmp_core, silence_doubts_the_next_hop)
{
	uint8_t frame[FRAMES_MAX];
	struct eth_hdr eth;
	struct arp arp;
	uint32_t headers;
	weir_conn conn;

	begin(frame, &conn);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(stand_take(frame), 0);
		stand_pass((1u << i) * S + S / 100);
		if (i == 2) {
			cr_assert_gt(stand_take(frame), 0);
			eth_parse(frame, sizeof(frame), &eth);
			cr_assert_eq(eth.type, ETH_TYPE_ARP);
			cr_assert(eth_equal(&eth.dst, &frames_peer_mac));
			cr_assert_eq(arp_parse(frame + ETH_BYTES, ARP_BYTES, &arp), ACCEPTED);
			cr_assert_eq(arp.target, FRAMES_PEER);
		}
		cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN);
	}
	stand_down();
}

/* A router's error about the segment in `frame`, of which it quotes as little as it may. Returns its length. */
static uint32_t error_about(uint8_t error[FRAMES_MAX], const uint8_t *frame, uint8_t type, uint8_t code,
			    uint16_t mtu)
{
	uint8_t quote[QUOTE_BYTES];
	uint32_t len;

	memcpy(quote, frame + IP, sizeof(quote));
	quote[8] = 1; /* its TTL, nearly used up; the checksum is as nobody mended it */
	len = frames_icmp(error, type, code, quote, sizeof(quote));
	bytes_put16(error + TCP + 6, mtu);
	bytes_put16(error + TCP + 2, 0);
	csum_put(error + TCP + 2, csum_bytes(error + TCP, len - TCP));
	return len;
}

static void give_error(const uint8_t *frame, uint8_t type, uint8_t code, uint16_t mtu)
{
	uint8_t error[FRAMES_MAX];
	uint32_t len = error_about(error, frame, type, code, mtu);

	stand_give(error, len);
}

static void expect_event(unsigned what, enum weir_reason reason)
{
	struct weir_event event;

	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.what, what);
	cr_assert_eq(event.reason, reason);
	cr_assert_eq(event.word, 5);
}

Test(icmp_core, unreachable_ends_an_open)
{
	uint8_t frame[FRAMES_MAX];
	weir_conn conn;

	begin(frame, &conn);
	give_error(frame, ICMP_UNREACHABLE, 1, 0);
	expect_event(WEIR_EV_WARNING, WEIR_REASON_UNREACHABLE);
	give_error(frame, ICMP_TIME_EXCEEDED, 0, 0);
	expect_event(WEIR_EV_WARNING, WEIR_REASON_UNREACHABLE);
	give_error(frame, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
	expect_event(WEIR_EV_CLOSED, WEIR_REASON_UNREACHABLE);
	give_error(frame, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
	cr_assert_eq(stand_count(COUNT_drop_icmp_no_connection), 1);
	stand_down();
}

/* Nothing of a message that is wrong, or that quotes something else, has an effect. */
Test(icmp_core, damaged_errors_end_nothing)
{
	uint8_t frame[FRAMES_MAX], error[FRAMES_MAX];
	struct weir_event event;
	weir_conn conn;
	uint32_t len;

	begin(frame, &conn);
	len = error_about(error, frame, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
	for (uint32_t at = TCP; at < len; at++) {
		error[at] ^= 0x10;
		stand_give(error, len);
		error[at] ^= 0x10;
	}
	cr_assert_eq(stand_count(COUNT_drop_icmp_csum), len - TCP);
	len = error_about(error, frame, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
	error[TCP + ICMP_BYTES + IPV4_BYTES + 7] ^=
		1; /* the last byte of the sequence number that is quoted */
	bytes_put16(error + TCP + 2, 0);
	csum_put(error + TCP + 2, csum_bytes(error + TCP, len - TCP));
	stand_give(error, len);
	cr_assert_eq(stand_count(COUNT_drop_icmp_no_connection), 0);
	give_error(frame, ICMP_SOURCE_QUENCH, 0, 0);
	cr_assert_eq(stand_count(COUNT_drop_icmp_quench), 1);
	cr_assert_eq(weir_events(stand.core, &event, 1), 0);
	stand_down();
}

/* RFC 1191, in frames: what was too large comes again in pieces, with DF set. */
Test(icmp_core, segments_become_as_small_as_their_path)
{
	static const uint8_t data[1460];
	uint8_t frame[FRAMES_MAX], again[FRAMES_MAX];
	uint32_t headers, sent = 0;
	weir_conn conn;
	struct seg syn = begin(frame, &conn);
	struct seg syn_ack = {
		/* As a segment of the peer's, seen from our side. */
		.tuple = { FRAMES_OURS, FRAMES_PEER, syn.tuple.rport, 80 },
		.seq = 7000,
		.ack = syn.seq + 1,
		.flags = SEG_SYN | SEG_ACK,
		.opts = SEG_OPT_MSS,
		.mss = 1460,
		.wnd = 65535,
		.ttl = 64,
	};

	stand_give_seg(&syn_ack);
	expect_event(WEIR_EV_OPENED, WEIR_REASON_NONE);
	cr_assert_eq(weir_send_copy(stand.core, conn, data, sizeof(data)), 0);
	cr_assert_eq(stand_take_seg(frame, &headers).len, sizeof(data));
	give_error(frame, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, 552);
	cr_assert_eq(stand_count(COUNT_path_mtu_lowered), 1);
	while (sent < sizeof(data)) {
		sent += stand_take_seg(again, &headers).len;
		cr_assert_eq(bytes_get16(again + IP + 6), 0x4000, "DF");
		cr_assert_leq(bytes_get16(again + IP + 2), 552);
	}
	cr_assert_eq(sent, sizeof(data));
	give_error(frame, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, 552);
	cr_assert_eq(stand_count(COUNT_drop_icmp_mtu), 1);
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	stand_down();
}
