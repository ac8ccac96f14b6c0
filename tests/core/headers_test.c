/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in the headers of a connection's packets, from its SYN to its end. */
#include <criterion/criterion.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/ip.h"
#include "wire/tcp_hdr.h"

#define IP (ETH_BYTES)
#define S 1000000000ull

TestSuite(headers, .init = stand_init);

static const uint8_t *tcp_of(const uint8_t *frame)
{
	return frame + IP + ip_build_bytes(stand.is6);
}

static void expect_ipv4(const uint8_t *frame)
{
	cr_assert_eq(frame[IP], 0x45, "no IP options");
	cr_assert_eq(bytes_get16(frame + IP + 4), 0, "identification");
	cr_assert_eq(bytes_get16(frame + IP + 6), 0x4000, "DF, and no fragment");
}

static void expect_ipv6(const uint8_t *frame)
{
	cr_assert_eq(frame[IP] >> 4, 6);
	cr_assert_eq(frame[IP + 6], IP_PROTOCOL_TCP, "no extension headers");
}

/* The next segment, with what every packet of ours has in common looked at. */
static struct seg take(uint8_t frame[FRAMES_MAX], uint8_t flags)
{
	uint32_t headers;
	struct seg seg = stand_take_seg(frame, &headers);

	cr_assert_eq(seg.flags, flags, "flags %#x, expected %#x", seg.flags, flags);
	if (stand.is6)
		expect_ipv6(frame);
	else
		expect_ipv4(frame);
	cr_assert_eq(bytes_get16(tcp_of(frame) + 18), 0, "urgent pointer");
	cr_assert_eq(tcp_of(frame)[12] & 0x0f, 0, "what is reserved");
	return seg;
}

/* Whether an option of this kind stands in the frame's TCP header. */
static bool has_option(const uint8_t *frame, uint8_t kind)
{
	const uint8_t *tcp = tcp_of(frame), *option = tcp + TCP_HDR_BYTES, *end = tcp + tcp_hdr_bytes(tcp);

	while (option < end && option[0] != kind) {
		uint8_t len = option[0] == 1 ? 1 : option[1];

		cr_assert_gt(len, 0);
		option += len;
	}
	return option < end;
}

/*
 * A passive open, data, its repetition, an ACK and the end: the MSS on the SYN-ACK alone, and the same
 * identification on what is sent again.
 */
STAND_BOTH(headers, of_a_whole_life)
{
	uint8_t frame[FRAMES_MAX], again[FRAMES_MAX];
	struct weir_event event;
	struct seg seg, peer = {
		.tuple = { FRAMES_OURS, FRAMES_PEER, 80, 1234 }, .flags = SEG_SYN, .wnd = 65535, .ttl = 64
	};

	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	stand_give_seg(&peer);
	stand_meet_peer();
	seg = take(frame, SEG_SYN | SEG_ACK);
	cr_assert(has_option(frame, 2));
	peer.seq++;
	peer.ack = seg.seq + 1;
	peer.flags = SEG_ACK;
	stand_give_seg(&peer);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(weir_send_copy(stand.core, event.conn, "hello", 5), 0);
	take(frame, SEG_PSH | SEG_ACK);
	cr_assert_not(has_option(frame, 2));
	stand_pass(2 * S);
	take(again, SEG_PSH | SEG_ACK);
	cr_assert_arr_eq(again + IP, frame + IP, ip_build_bytes(stand.is6),
			 "sent again under the same identification, or flow label");
	peer.ack += 5;
	peer.len = 3;
	stand_give_seg(&peer);
	cr_assert_eq(stand_drain(), 0, "an ACK that is delayed");
	stand_pass(S);
	take(frame, SEG_ACK);
	cr_assert_not(has_option(frame, 2));
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	weir_release(stand.core, event.conn, event.payload);
	cr_assert_eq(weir_shutdown(stand.core, event.conn), 0);
	take(frame, SEG_FIN | SEG_ACK);
	cr_assert_not(has_option(frame, 2));
	cr_assert_eq(weir_abort(stand.core, event.conn), 0);
	take(frame, SEG_RST | SEG_ACK);
	cr_assert_not(has_option(frame, 2));
	stand_down();
}

/*
 * A listener's own TTL or hop limit and Diffserv field, from the SYN-ACK on,
 * and a change in the middle of a connection.
 */
STAND_BOTH(headers, ttl_and_dscp_are_the_connections)
{
	uint8_t frame[FRAMES_MAX];
	struct weir_options options;
	struct weir_event event;
	struct seg seg, peer = {
		.tuple = { FRAMES_OURS, FRAMES_PEER, 80, 1234 }, .flags = SEG_SYN, .wnd = 65535, .ttl = 64
	};

	stand.config.ttl = 33;
	stand.config.dscp = 46;
	stand_up();
	int listener = weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0);

	weir_options_default(stand.core, &options);
	cr_assert(options.ttl == 33 && options.dscp == 46);
	options.ttl = 7;
	options.dscp = 8;
	cr_assert_eq(weir_set_listener_options(stand.core, listener, &options), 0);
	stand_give_seg(&peer);
	stand_meet_peer();
	seg = take(frame, SEG_SYN | SEG_ACK);
	cr_assert(seg.ttl == 7 && seg.tos == 8 << 2, "TTL %u, field %#x", seg.ttl, seg.tos);
	peer.seq++;
	peer.ack = seg.seq + 1;
	peer.flags = SEG_ACK;
	stand_give_seg(&peer);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(weir_send_copy(stand.core, event.conn, "a", 1), 0);
	seg = take(frame, SEG_PSH | SEG_ACK);
	cr_assert(seg.ttl == 7 && seg.tos == 8 << 2, "TTL %u, field %#x", seg.ttl, seg.tos);
	options.ttl = 99;
	options.dscp = 63;
	cr_assert_eq(weir_set_options(stand.core, event.conn, &options), 0);
	stand_pass(2 * S);
	seg = take(frame, SEG_PSH | SEG_ACK);
	cr_assert(seg.ttl == 99 && seg.tos == 63 << 2, "TTL %u, field %#x", seg.ttl, seg.tos);
	/* What belongs to no connection has the core's. */
	peer.tuple.lport = 81;
	stand_give_seg(&peer);
	seg = take(frame, SEG_RST);
	cr_assert(seg.ttl == 33 && seg.tos == 46 << 2, "TTL %u, field %#x", seg.ttl, seg.tos);
	cr_assert_eq(weir_abort(stand.core, event.conn), 0);
	seg = take(frame, SEG_RST | SEG_ACK);
	cr_assert(seg.ttl == 99 && seg.tos == 63 << 2, "TTL %u, field %#x", seg.ttl, seg.tos);
	stand_down();
}

/*
 * A burst is taken in whole before anything is answered: 100 segments, one ACK (RFC 9293 MUST-58, MUST-59).
 */
Test(headers, one_ack_for_a_burst)
{
	struct rte_mbuf *frames[100];
	uint8_t frame[FRAMES_MAX];
	struct seg peer;

	stand_up();
	weir_conn conn = stand_accept(&peer);
	struct weir_event event;

	peer.len = 100;
	for (unsigned i = 0; i < 50; i++, peer.seq += 100)
		frames[i] = stand_frame(frame, frames_tcp(frame, &peer));
	cr_assert_eq(weir_input(stand.core, frames, 50, stand.now_ns, NULL), 50);
	struct seg ack = take(frame, SEG_ACK);

	cr_assert_eq(ack.ack, peer.seq);
	cr_assert_eq(stand_drain(), 0);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(event.bytes, 5000);
	weir_release(stand.core, conn, event.payload);
	stand_down();
}
