/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may speak to a core, whom it speaks to, and as whom (RFC 9293 sections 3.9.1.1 and 3.9.2.3). */
#include <criterion/criterion.h>
#include <errno.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/ip.h"

#define IP (ETH_BYTES)
#define SECOND 0xc0000205u /* 192.0.2.5/24 */

TestSuite(addresses, .init = stand_init);

static const struct weir_endpoint any, any_80 = { .port = 80 }, peer_80 = { FRAMES_IPV4(FRAMES_PEER), 80 };

static void two_addresses(void)
{
	stand.config.ranges[1] = (struct weir_range){ weir_ipv4(SECOND), weir_ipv4(SECOND), 24 };
	stand.config.ranges_count = 2;
	stand_up();
}

static struct seg syn_between(uint32_t src, uint32_t dst)
{
	return (struct seg){ .tuple = { dst, src, 80, 1234 }, .wnd = 65535, .flags = SEG_SYN, .ttl = 64 };
}

/* Nothing answers, nothing remembers, and it is counted as what it is. */
static void expect_ignored(const uint8_t *frame, uint32_t len, enum counter drop)
{
	uint64_t before = stand_count(drop);

	stand_give(frame, len);
	cr_expect_eq(stand_drain(), 0, "something was answered");
	cr_expect_eq(stand_count(drop), before + 1, "%s", counter_name(drop));
	cr_expect_eq(stand_count(COUNT_syn_in), 0);
}

Test(addresses, syn_from_nobody_is_ignored)
{
	static const uint32_t nobody[] = {
		0,           0x00010203, /* this network */
		0x7f000001,  0x7fffffff, /* loopback */
		0xe0000001,  0xefffffff, /* multicast */
		0xf0000001,  0xfffffffe, /* reserved */
		0xffffffff,  0x0a0000ff, /* broadcast, of all and of the subnet */
		FRAMES_OURS, SECOND,     /* ourselves */
	};
	uint8_t frame[FRAMES_MAX];

	two_addresses();
	cr_assert_geq(weir_listen(stand.core, any_80, 0), 0);
	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		struct seg syn = syn_between(nobody[i], FRAMES_OURS);

		expect_ignored(frame, frames_tcp(frame, &syn), COUNT_drop_ip_source);
	}
	stand_down();
}

Test(addresses, syn_to_many_is_ignored)
{
	static const uint32_t many[] = { 0xffffffff, 0x0a0000ff, 0xc00002ff, 0xe0000001, 0xefffffff };
	uint8_t frame[FRAMES_MAX];
	struct seg syn;

	two_addresses();
	cr_assert_geq(weir_listen(stand.core, any_80, 0), 0);
	for (unsigned i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		syn = syn_between(FRAMES_PEER, many[i]);
		uint32_t len = frames_tcp(frame, &syn);

		expect_ignored(frame, len, COUNT_drop_ip_destination);
		memset(frame, 0xff, 6); /* as it really comes: to all by Ethernet's address too */
		expect_ignored(frame, len, COUNT_drop_ip_destination);
	}
	/* To us alone by its IP address: still nothing that one host was asked (RFC 1122 section 3.3.6). */
	syn = syn_between(FRAMES_PEER, FRAMES_OURS);
	uint32_t len = frames_tcp(frame, &syn);

	memset(frame, 0xff, 6);
	expect_ignored(frame, len, COUNT_drop_ip_destination);
	stand_down();
}

/* From the SYN-ACK to the RST every segment of a connection comes from the address that the peer called. */
Test(addresses, answers_come_from_the_address_that_was_called)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	struct weir_event event;
	struct seg peer = syn_between(FRAMES_PEER, SECOND), answer;

	two_addresses();
	cr_assert_geq(weir_listen(stand.core, any_80, 0), 0);
	stand_give_seg(&peer);
	stand_meet_peer();
	answer = stand_take_seg(frame, &headers);
	cr_assert_eq(answer.flags, SEG_SYN | SEG_ACK);
	cr_assert_eq(answer.tuple.raddr, SECOND);
	peer.seq++;
	peer.ack = answer.seq + 1;
	peer.flags = SEG_ACK;
	stand_give_seg(&peer);
	cr_assert_eq(weir_events(stand.core, &event, 1), 1);
	cr_assert_eq(weir_send_copy(stand.core, event.conn, "hello", 5), 0);
	answer = stand_take_seg(frame, &headers);
	cr_assert_eq(answer.len, 5);
	cr_assert_eq(answer.tuple.raddr, SECOND);
	stand_pass(3000000000);
	answer = stand_take_seg(frame, &headers);
	cr_assert_eq(answer.len, 5, "once more");
	cr_assert_eq(answer.tuple.raddr, SECOND);
	cr_assert_eq(weir_abort(stand.core, event.conn), 0);
	answer = stand_take_seg(frame, &headers);
	cr_assert_eq(answer.flags, SEG_RST | SEG_ACK);
	cr_assert_eq(answer.tuple.raddr, SECOND);
	stand_down();
}

Test(addresses, an_open_speaks_from_the_address_that_it_was_given)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	weir_conn conn;

	two_addresses();
	for (unsigned i = 0; i < 3; i++) { /* not in turn */
		cr_assert_eq(weir_connect(stand.core, (struct weir_endpoint){ weir_ipv4(SECOND), 0 }, peer_80,
					  0, &conn),
			     0);
		if (i == 0)
			stand_meet_peer();
		struct seg syn = stand_take_seg(frame, &headers);

		cr_assert_eq(syn.flags, SEG_SYN);
		cr_assert_eq(syn.tuple.raddr, SECOND);
	}
	weir_abort_all(stand.core);
	stand_down();
}

Test(addresses, an_open_without_one_is_given_one_of_ours)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers, seen[2] = { 0 };
	weir_conn conn;

	two_addresses();
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(weir_connect(stand.core, any, peer_80, 0, &conn), 0);
		if (i == 0)
			stand_meet_peer();
		uint32_t src = stand_take_seg(frame, &headers).tuple.raddr;

		cr_assert(src == FRAMES_OURS || src == SECOND, "%08x", src);
		seen[src == SECOND]++;
	}
	cr_assert(seen[0] > 0 && seen[1] > 0);
	weir_abort_all(stand.core);
	stand_down();
}

/*
 * Opens to one peer, which may be computed ahead, with others between them: each goes where it was asked to,
 * from our addresses in turn, and no two have the same ports.
 */
Test(addresses, opens_take_turns_whatever_comes_between)
{
	static uint16_t lports[2][2][400];
	uint8_t frame[FRAMES_MAX];
	uint32_t headers, turns[2] = { 0 };
	unsigned seen[2][2] = { 0 };
	weir_conn conn;

	two_addresses();
	for (unsigned i = 0; i < 400; i++) {
		bool to_other = i % 23 == 22 || i % 57 == 3, from_given = i % 31 == 30;
		struct weir_endpoint remote = peer_80, local = any;

		remote.port += to_other;
		local.address = from_given ? weir_ipv4(SECOND) : any.address;
		cr_assert_eq(weir_connect(stand.core, local, remote, i, &conn), 0);
		if (i == 0)
			stand_meet_peer();
		struct tuple syn = stand_take_seg(frame, &headers).tuple;
		bool second = syn.raddr == SECOND;

		cr_assert_eq(syn.laddr, FRAMES_PEER);
		cr_assert_eq(syn.lport, remote.port);
		cr_assert(second || (!from_given && syn.raddr == FRAMES_OURS), "%08x", syn.raddr);
		turns[second] += !from_given;
		cr_assert(turns[0] <= turns[1] + 1 && turns[1] <= turns[0] + 1, "open %u", i);
		for (unsigned k = 0; k < seen[second][to_other]; k++)
			cr_assert_neq(lports[second][to_other][k], syn.rport);
		lports[second][to_other][seen[second][to_other]++] = syn.rport;
	}
	weir_abort_all(stand.core);
	stand_down();
}

Test(addresses, a_listener_on_one_address_leaves_the_other_closed)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t headers;
	struct seg syn = syn_between(FRAMES_PEER, SECOND);

	two_addresses();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ weir_ipv4(SECOND), 80 }, 0), 0);
	stand_give_seg(&syn);
	stand_meet_peer();
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_SYN | SEG_ACK);
	syn = syn_between(FRAMES_PEER, FRAMES_OURS);
	stand_give_seg(&syn);
	cr_assert_eq(stand_take_seg(frame, &headers).flags, SEG_RST | SEG_ACK);
	syn = syn_between(FRAMES_PEER, SECOND);
	syn.flags = SEG_RST;
	syn.seq = 1;
	stand_give_seg(&syn);
	stand_down();
}

/* An open to what is no one host's address is refused, and nothing is sent (RFC 9293 MUST-46). */
Test(addresses, opens_to_nobody_are_refused)
{
	static const uint32_t nobody[] = { 0,          0x00010203, 0x7f000001, 0xe0000001, 0xefffffff,
					   0xf0000001, 0xfffffffe, 0xffffffff, 0x0a0000ff, 0xc00002ff };
	weir_conn conn;

	two_addresses();
	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		cr_assert_eq(weir_connect(stand.core, any, (struct weir_endpoint){ weir_ipv4(nobody[i]), 80 },
					  0, &conn),
			     -EINVAL, "%08x", nobody[i]);
	cr_assert_eq(stand_drain(), 0);
	cr_assert_eq(stand_count(COUNT_attempted), 0);
	stand_down();
}
