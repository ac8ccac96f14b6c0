/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "net/addr.h"

#define IPV4(address)                         \
	{                                     \
		0, 0xffff00000000 | (address) \
	}

/* 10.0.0.250-10.0.1.5/16, 192.0.2.1/24, 198.51.100.4-5/31, 203.0.113.9/32 */
static const struct weir_range ranges[] = {
	{ .first = IPV4(0x0a0000fa), .last = IPV4(0x0a000105), .prefix_len = 16 },
	{ .first = IPV4(0xc0000201), .last = IPV4(0xc0000201), .prefix_len = 24 },
	{ .first = IPV4(0xc6336404), .last = IPV4(0xc6336405), .prefix_len = 31 },
	{ .first = IPV4(0xcb007109), .last = IPV4(0xcb007109), .prefix_len = 32 },
};

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
static struct addrs addrs;

static void start(void)
{
	addrs_init(&addrs, ranges, 4, mac);
}

TestSuite(addr, .init = start);

Test(addr, ours)
{
	cr_assert(addrs_local(&addrs, weir_ipv4(0x0a0000fa)));
	cr_assert(addrs_local(&addrs, weir_ipv4(0x0a000100)));
	cr_assert(addrs_local(&addrs, weir_ipv4(0x0a000105)));
	cr_assert(addrs_local(&addrs, weir_ipv4(0xc0000201)));
	cr_assert(addrs_local(&addrs, weir_ipv4(0xcb007109)));
	cr_assert_not(addrs_local(&addrs, weir_ipv4(0x0a0000f9)));
	cr_assert_not(addrs_local(&addrs, weir_ipv4(0x0a000106)));
	cr_assert_not(addrs_local(&addrs, weir_ipv4(0)));
	cr_assert_not(addrs_local(&addrs, weir_ipv4(UINT32_MAX)));
}

/* The i-th of our IPv4 addresses. */
static uint32_t at(uint64_t i)
{
	return address_v4(addrs_at(&addrs, true, i));
}

Test(addr, counted_through_the_ranges)
{
	cr_assert_eq(addrs_total(&addrs, true), 12 + 1 + 2 + 1);
	cr_assert_eq(at(0), 0x0a0000fa);
	cr_assert_eq(at(11), 0x0a000105);
	cr_assert_eq(at(12), 0xc0000201);
	cr_assert_eq(at(13), 0xc6336404);
	cr_assert_eq(at(15), 0xcb007109);
}

/* Across the ends of ranges, and from the last to the first. */
Test(addr, in_turn)
{
	for (unsigned first = 0; first < 16; first++) {
		struct weir_address turn[40];

		addrs_in_turn(&addrs, true, first, 40, turn);
		for (unsigned i = 0; i < 40; i++)
			cr_assert_eq(address_v4(turn[i]), at((first + i) % 16), "%u from %u", i, first);
	}
}

Test(addr, on_link)
{
	cr_assert(addrs_on_link(&addrs, weir_ipv4(0x0a00ffff)));
	cr_assert(addrs_on_link(&addrs, weir_ipv4(0xc00002fe)));
	cr_assert(addrs_on_link(&addrs, weir_ipv4(0xcb007109)));
	cr_assert_not(addrs_on_link(&addrs, weir_ipv4(0x0a010000)));
	cr_assert_not(addrs_on_link(&addrs, weir_ipv4(0xc0000301)));
	cr_assert_not(addrs_on_link(&addrs, weir_ipv4(0xcb007108)), "a /32 has no neighbours");
}

Test(addr, broadcasts)
{
	cr_assert(addrs_broadcast(&addrs, weir_ipv4(0xffffffff)));
	cr_assert(addrs_broadcast(&addrs, weir_ipv4(0x0a00ffff)));
	cr_assert(addrs_broadcast(&addrs, weir_ipv4(0xc00002ff)));
	cr_assert_not(addrs_broadcast(&addrs, weir_ipv4(0x0a0000ff)));
	cr_assert_not(addrs_broadcast(&addrs, weir_ipv4(0xc6336405)), "RFC 3021: a /31 has none");
	cr_assert_not(addrs_broadcast(&addrs, weir_ipv4(0xcb007109)));
	cr_assert_not(addrs_broadcast(&addrs, weir_ipv4(0)));
}

Test(addr, a_range_of_everything)
{
	struct weir_range all = { .first = IPV4(1), .last = IPV4(0xfffffffe), .prefix_len = 0 };

	addrs_init(&addrs, &all, 1, mac);
	cr_assert(addrs_on_link(&addrs, weir_ipv4(0x08080808)));
	cr_assert(addrs_local(&addrs, weir_ipv4(0x08080808)));
	cr_assert_eq(addrs_total(&addrs, true), 0xfffffffe);
	cr_assert_eq(at(0xfffffffd), 0xfffffffe);
}
