/* SPDX-License-Identifier: BSD-3-Clause */
/* What the way to a peer tells, and is told: ICMP errors, and doubt about the next hop. */
#include <criterion/criterion.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ip.h"

#define S 1000000000ull
#define IP ETH_BYTES

TestSuite(icmp_core, .init = stand_init);

/* An error as both families have it. */
struct error {
	uint8_t type, code;
};

static struct error no_host(void)
{
	return stand.is6 ? (struct error){ ICMP6_UNREACHABLE, 3 } : (struct error){ ICMP_UNREACHABLE, 1 };
}

static struct error too_old(void)
{
	return (struct error){ stand.is6 ? ICMP6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED, 0 };
}

static struct error no_port(void)
{
	return stand.is6 ? (struct error){ ICMP6_UNREACHABLE, ICMP6_PORT_UNREACHABLE } :
			   (struct error){ ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE };
}

static struct error too_big(void)
{
	return stand.is6 ? (struct error){ ICMP6_TOO_BIG, 0 } :
			   (struct error){ ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED };
}

/* Where what an IP packet of the family carries stands in a frame. */
static uint32_t carried_at(void)
{
	return IP + ip_build_bytes(stand.is6);
}

/* A connection whose SYN has just gone out; `frame` holds it. */
static struct seg begin(uint8_t frame[FRAMES_MAX], weir_conn *conn)
{
	struct weir_endpoint any = { 0 }, remote = { frames_pair(stand.is6).remote, 80 };
	uint32_t headers;

	stand_up();
	cr_assert_eq(weir_connect(stand.core, any, remote, 5, conn), 0);
	stand_meet_peer();
	struct seg syn = stand_take_seg(frame, &headers);

	cr_assert_eq(syn.flags, SEG_SYN);
	return syn;
}

/* The peer alone is asked whether it is still there. */
static void expect_asked(void)
{
	uint8_t frame[FRAMES_MAX];
	struct eth_hdr eth;
	struct arp arp;
	uint32_t len = stand_take(frame), at = carried_at();

	cr_assert_gt(len, at);
	cr_assert_eq(eth_parse(frame, len, &eth), ACCEPTED);
	cr_assert(eth_equal(&eth.dst, &frames_peer_mac));
	if (stand.is6) {
		cr_assert_eq(frame[at], ICMP6_NEIGHBOUR_SOLICITATION);
		cr_assert(address_equal(bytes_get_address(frame + at + 8), frames_pair(true).remote));
		return;
	}
	cr_assert_eq(eth.type, ETH_TYPE_ARP);
	cr_assert_eq(arp_parse(frame + ETH_BYTES, ARP_BYTES, &arp), ACCEPTED);
	cr_assert_eq(arp.target, FRAMES_PEER);
}

/* RFC 9293 MUST-20. The peer is its own next hop; it is asked by unicast while it is still sent to. */
STAND_BOTH(icmp_core, silence_doubts_the_next_hop)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	weir_conn conn;

	begin(frame, &conn);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(stand_take(frame), 0);
		stand_pass((1u << i) * S + S / 100);
		if (i == 2)
			expect_asked();
		cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN);
	}
	stand_down();
}

static void mend(uint8_t *error, uint32_t len)
{
	struct pair pair = frames_pair(stand.is6);
	uint8_t *message = error + carried_at();

	bytes_put16(message + 2, 0);
	if (stand.is6)
		icmp6_build_csum(message, len - carried_at(), pair.remote, pair.local);
	else
		csum_put(message + 2, csum_bytes(message, len - carried_at()));
}

/*
 * A router's error about the segment in `frame`, of which it quotes as little as RFC 792 lets it.
 * Returns its length.
 */
static uint32_t error_about(uint8_t error[FRAMES_MAX], const uint8_t *frame, struct error what, uint16_t mtu)
{
	struct pair pair = frames_pair(stand.is6);
	uint32_t quoted = carried_at() - IP + 8, len;
	uint8_t quote[FRAMES_MAX];

	memcpy(quote, frame + IP, quoted);
	quote[stand.is6 ? 7 : 8] = 1; /* its TTL, nearly used up; the checksum is as nobody mended it */
	len = frames_icmp_between(error, &pair, what.type, what.code, quote, quoted);
	bytes_put16(error + carried_at() + 6, mtu); /* of 32 bits the lower half in IPv6 */
	mend(error, len);
	return len;
}

static void give_error(const uint8_t *frame, struct error what, uint16_t mtu)
{
	uint8_t error[FRAMES_MAX];
	uint32_t len = error_about(error, frame, what, mtu);

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

STAND_BOTH(icmp_core, unreachable_ends_an_open)
{
	uint8_t frame[FRAMES_MAX];
	weir_conn conn;

	begin(frame, &conn);
	give_error(frame, no_host(), 0);
	expect_event(WEIR_EV_WARNING, WEIR_REASON_UNREACHABLE);
	give_error(frame, too_old(), 0);
	expect_event(WEIR_EV_WARNING, WEIR_REASON_UNREACHABLE);
	give_error(frame, no_port(), 0);
	expect_event(WEIR_EV_CLOSED, WEIR_REASON_UNREACHABLE);
	give_error(frame, no_port(), 0);
	cr_assert_eq(stand_count(COUNT_drop_icmp_no_connection), 1);
	stand_down();
}

/* Nothing of a message that is wrong, or that quotes something else, has an effect. */
STAND_BOTH(icmp_core, damaged_errors_end_nothing)
{
	uint8_t frame[FRAMES_MAX], error[FRAMES_MAX];
	struct weir_event event;
	weir_conn conn;
	uint32_t len, at = carried_at();

	begin(frame, &conn);
	len = error_about(error, frame, no_port(), 0);
	for (uint32_t i = at; i < len; i++) {
		error[i] ^= 0x10;
		stand_give(error, len);
		error[i] ^= 0x10;
	}
	cr_assert_eq(stand_count(COUNT_drop_icmp_csum), len - at);
	len = error_about(error, frame, no_port(), 0);
	error[len - 1] ^= 1; /* the last byte of the sequence number that is quoted */
	mend(error, len);
	stand_give(error, len);
	cr_assert_eq(stand_count(COUNT_drop_icmp_no_connection), 0);
	cr_assert_eq(weir_events(stand.core, &event, 1), 0);
	stand_down();
}

/* RFC 6633; ICMPv6 has none. */
Test(icmp_core, source_quench_is_dropped)
{
	uint8_t frame[FRAMES_MAX];
	struct weir_event event;
	weir_conn conn;

	begin(frame, &conn);
	give_error(frame, (struct error){ ICMP_SOURCE_QUENCH, 0 }, 0);
	cr_assert_eq(stand_count(COUNT_drop_icmp_quench), 1);
	cr_assert_eq(weir_events(stand.core, &event, 1), 0);
	stand_down();
}

static uint16_t packet_bytes(const uint8_t *frame)
{
	if (stand.is6)
		return (uint16_t)(bytes_get16(frame + IP + 4) + 40);
	cr_assert_eq(bytes_get16(frame + IP + 6), 0x4000, "DF");
	return bytes_get16(frame + IP + 2);
}

/* RFC 1191 and RFC 8201, in frames: what was too large comes again in pieces, with DF set. */
STAND_BOTH(icmp_core, segments_become_as_small_as_their_path)
{
	static const uint8_t data[1460];
	const uint16_t full = stand.is6 ? 1440 : 1460, least = stand.is6 ? 1280 : 552;
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
	cr_assert_eq(weir_send_copy(stand.core, conn, data, full), 0);
	cr_assert_eq(stand_take_seg(frame, &headers).len, full);
	give_error(frame, too_big(), least);
	cr_assert_eq(stand_count(COUNT_path_mtu_lowered), 1);
	while (sent < full) {
		sent += stand_take_seg(again, &headers).len;
		cr_assert_leq(packet_bytes(again), least);
	}
	cr_assert_eq(sent, full);
	give_error(frame, too_big(), least);
	cr_assert_eq(stand_count(COUNT_drop_icmp_mtu), 1);
	cr_assert_eq(weir_abort(stand.core, conn), 0);
	stand_down();
}
