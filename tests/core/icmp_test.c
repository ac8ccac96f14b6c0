/* SPDX-License-Identifier: BSD-3-Clause */
/* What the way to a peer tells, and is told: ICMP errors, and doubt about the next hop. */
#include <criterion/criterion.h>

#include "support/stand.h"

#define S 1000000000ull

TestSuite(icmp_core, .init = stand_init);

/* A connection whose SYN has just gone out; `frame` holds it. */
static weir_conn begin(uint8_t frame[FRAMES_MAX])
{
	struct weir_endpoint any = { 0 }, remote = { FRAMES_PEER, 80 };
	uint32_t headers;
	weir_conn conn;

	stand_up();
	cr_assert_eq(weir_connect(stand.core, any, remote, 5, &conn), 0);
	stand_meet_peer();
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN);
	return conn;
}

/* RFC 9293 MUST-20. The peer is its own next hop; it is asked by unicast while it is still sent to. */
Test(icmp_core, silence_doubts_the_next_hop)
{
	uint8_t frame[FRAMES_MAX];
	struct eth_hdr eth;
	struct arp arp;
	uint32_t headers;

	begin(frame);
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
