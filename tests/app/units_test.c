/* SPDX-License-Identifier: BSD-3-Clause */
#include "units.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

struct value_case {
	const char *text;
	int rc;
	uint64_t value;
};

#define EACH(cases, c) \
	for (size_t i = 0; i < sizeof(cases) / sizeof((cases)[0]) && ((c) = &(cases)[i]) != NULL; i++)

Test(units, numbers)
{
	static const struct value_case cases[] = {
		{ "0", 0, 0 },
		{ "500", 0, 500 },
		{ "10k", 0, 10000 },
		{ "2.5M", 0, 2500000 },
		{ "1G", 0, 1000000000 },
		{ "0.001k", 0, 1 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744074G", -ERANGE, 0 },
		{ "0.0001k", -EINVAL, 0 },
		{ "1.5", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "1.k", -EINVAL, 0 },
		{ "5x", -EINVAL, 0 },
		{ "5K", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "0.99999999999999999999999k", -ERANGE, 0 },
	};
	const struct value_case *c;

	EACH(cases, c)
	{
		uint64_t value = 77;

		cr_expect_eq(units_number(c->text, &value), c->rc, "'%s'", c->text);
		cr_expect_eq(value, c->rc == 0 ? c->value : 77, "'%s' gave %lu", c->text, value);
	}
}

Test(units, times)
{
	static const struct value_case cases[] = {
		{ "200us", 0, 200000 },
		{ "40ms", 0, 40000000 },
		{ "10s", 0, 10000000000 },
		{ "2m", 0, 120000000000 },
		{ "1.5s", 0, 1500000000 },
		{ "0.5us", 0, 500 },
		{ "0s", 0, 0 },
		{ "10", -EINVAL, 0 },
		{ "10 s", -EINVAL, 0 },
		{ "10h", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "1e3s", -EINVAL, 0 },
		{ "99999999999m", -ERANGE, 0 },
	};
	const struct value_case *c;

	EACH(cases, c)
	{
		uint64_t ns = 77;

		cr_expect_eq(units_time(c->text, &ns), c->rc, "'%s'", c->text);
		cr_expect_eq(ns, c->rc == 0 ? c->value : 77, "'%s' gave %lu", c->text, ns);
	}
}

#define EXPECT_ADDRESS(got, want) \
	cr_expect((got).hi == (want).hi && (got).lo == (want).lo, "%lx:%lx", (got).hi, (got).lo)

Test(units, addresses)
{
	static const struct {
		const char *text;
		int rc;
		struct weir_address address;
	} cases[] = {
		{ "198.18.0.1", 0, { 0, 0xffffc6120001 } },
		{ "0.0.0.0", 0, { 0, 0xffff00000000 } },
		{ "fd99::1", 0, { 0xfd99000000000000, 1 } },
		{ "FD99:1:2:3:4:5:6:7", 0, { 0xfd99000100020003, 0x0004000500060007 } },
		{ "::", 0, { 0, 0 } },
		{ "64:ff9b::192.0.2.1", 0, { 0x0064ff9b00000000, 0xc0000201 } },
		{ "198.18.0", -EINVAL, { 0 } },
		{ "198.18.0.256", -EINVAL, { 0 } },
		{ "198.18.0.01", -EINVAL, { 0 } },
		{ "fd99::1::2", -EINVAL, { 0 } },
		{ "fd99:1:2:3:4:5:6", -EINVAL, { 0 } },
		{ "[fd99::1]", -EINVAL, { 0 } },
		{ "fd99::1 ", -EINVAL, { 0 } },
		{ "", -EINVAL, { 0 } },
		{ "::ffff:198.18.0.1", -EAFNOSUPPORT, { 0 } },
		{ "::ffff:c612:1", -EAFNOSUPPORT, { 0 } },
		{ "fe80::1%eth0", -ENODEV, { 0 } },
	};
	const struct weir_address before = { 7, 7 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_address address = before;

		cr_expect_eq(units_address(cases[i].text, &address), cases[i].rc, "'%s'", cases[i].text);
		EXPECT_ADDRESS(address, cases[i].rc == 0 ? cases[i].address : before);
	}
}

Test(units, endpoints)
{
	static const struct {
		const char *text;
		struct weir_endpoint endpoint;
	} right[] = {
		{ "198.18.0.1:80", { { 0, 0xffffc6120001 }, 80 } },
		{ "255.255.255.255:65535", { { 0, 0xffffffffffff }, 65535 } },
		{ "[fd99::1]:80", { { 0xfd99000000000000, 1 }, 80 } },
		{ "[fd99:1:2:3:4:5:6:7]:65535", { { 0xfd99000100020003, 0x0004000500060007 }, 65535 } },
	};
	static const char *const wrong[] = {
		"198.18.0.1",       "198.18.0.1:",     ":80",
		"198.18.0.1:80x",   "0.0.0.0:80",      "a.b.c.d:80",
		"198.18.0:80",      "198.18.0.1:0",    "",
		"198.18.0.1:65536", "198.18.0.1:-1",   "198.18.0.256:1",
		"fd99::1",          "fd99::1:80",      "[fd99::1]",
		"[fd99::1]:",       "[fd99::1]80",     "[fd99::1]:0",
		"[fd99::1:80",      "fd99::1]:80",     "[fd99::1]:x",
		"[fd99::1]:65536",  "[::]:80",         "[]:80",
		"[fe80::1%e]:80",   "[198.18.0.1]:80", "[::ffff:198.18.0.1]:80",
	};
	struct weir_endpoint endpoint;
	char text[UNITS_ENDPOINT_TEXT];

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		cr_assert_eq(units_endpoint(right[i].text, &endpoint), 0, "%s", right[i].text);
		EXPECT_ADDRESS(endpoint.address, right[i].endpoint.address);
		cr_expect_eq(endpoint.port, right[i].endpoint.port);
		units_endpoint_text(&endpoint, text);
		cr_expect_str_eq(text, right[i].text);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_lt(units_endpoint(wrong[i], &endpoint), 0, "'%s'", wrong[i]);
}

struct range_case {
	const char *text;
	struct weir_range range;
};

static void expect_range(const char *text, int rc, const struct weir_range *got,
			 const struct weir_range *want)
{
	cr_expect_eq(rc, 0, "%s", text);
	EXPECT_ADDRESS(got->first, want->first);
	EXPECT_ADDRESS(got->last, want->last);
	cr_expect_eq(got->prefix_len, want->prefix_len, "%s", text);
}

Test(units, ranges)
{
	static const struct range_case cases[] = {
		{ "192.0.2.10/24", { { 0, 0xffffc000020a }, { 0, 0xffffc000020a }, 24 } },
		{ "198.18.0.1-198.18.255.254/16", { { 0, 0xffffc6120001 }, { 0, 0xffffc612fffe }, 16 } },
		{ "fd99::1/64", { { 0xfd99000000000000, 1 }, { 0xfd99000000000000, 1 }, 64 } },
		{ "fd99::1-fd99::ff/64", { { 0xfd99000000000000, 1 }, { 0xfd99000000000000, 0xff }, 64 } },
		/* IPv6 has no broadcast. */
		{ "fd99::ff/120", { { 0xfd99000000000000, 0xff }, { 0xfd99000000000000, 0xff }, 120 } },
		/*
		 * RFC 3021, RFC 6164: both addresses of a network of two are hosts;
		 * the one of a network of one is.
		 */
		{ "192.0.2.0-192.0.2.1/31", { { 0, 0xffffc0000200 }, { 0, 0xffffc0000201 }, 31 } },
		{ "192.0.2.0/32", { { 0, 0xffffc0000200 }, { 0, 0xffffc0000200 }, 32 } },
		{ "fd99::-fd99::1/127", { { 0xfd99000000000000, 0 }, { 0xfd99000000000000, 1 }, 127 } },
		{ "fd99::/128", { { 0xfd99000000000000, 0 }, { 0xfd99000000000000, 0 }, 128 } },
	};
	const struct range_case *c;
	struct weir_range range;

	EACH(cases, c)
	expect_range(c->text, units_range(c->text, &range), &range, &c->range);
}

Test(units, networks)
{
	static const struct range_case cases[] = {
		{ "10.0.0.0/8", { { 0, 0xffff0a000001 }, { 0, 0xffff0afffffe }, 8 } },
		{ "192.0.2.10/24", { { 0, 0xffffc0000201 }, { 0, 0xffffc00002fe }, 24 } },
		{ "192.0.2.10/30", { { 0, 0xffffc0000209 }, { 0, 0xffffc000020a }, 30 } },
		{ "192.0.2.10/31", { { 0, 0xffffc000020a }, { 0, 0xffffc000020b }, 31 } },
		{ "192.0.2.10/32", { { 0, 0xffffc000020a }, { 0, 0xffffc000020a }, 32 } },
		{ "198.18.0.5-198.18.1.5/16", { { 0, 0xffffc6120005 }, { 0, 0xffffc6120105 }, 16 } },
		{ "198.18.0.5-198.18.0.5/16", { { 0, 0xffffc6120005 }, { 0, 0xffffc6120005 }, 16 } },
		{ "fd99::/16", { { 0xfd99000000000000, 1 }, { 0xfd99ffffffffffff, UINT64_MAX }, 16 } },
		{ "fd99::77/64", { { 0xfd99000000000000, 1 }, { 0xfd99000000000000, UINT64_MAX }, 64 } },
		{ "fd99::77/126", { { 0xfd99000000000000, 0x75 }, { 0xfd99000000000000, 0x77 }, 126 } },
		{ "fd99::77/127", { { 0xfd99000000000000, 0x76 }, { 0xfd99000000000000, 0x77 }, 127 } },
		{ "fd99::77/128", { { 0xfd99000000000000, 0x77 }, { 0xfd99000000000000, 0x77 }, 128 } },
		{ "fd99::5-fd99:0:1::/32", { { 0xfd99000000000000, 5 }, { 0xfd99000000010000, 0 }, 32 } },
	};
	const struct range_case *c;
	struct weir_range range;

	EACH(cases, c)
	expect_range(c->text, units_network(c->text, &range), &range, &c->range);
	cr_expect_eq(units_network("0.0.0.0/0", &range), -ERANGE);
	cr_expect_eq(units_network("::/0", &range), -ERANGE);
	cr_expect_eq(units_network("198.18.0.5-198.19.0.5/16", &range), -ERANGE);
	cr_expect_eq(units_network("198.18.0.0", &range), -EINVAL);
}

Test(units, stations)
{
	static const uint8_t right[6] = { 0x02, 0x00, 0x5e, 0xAB, 0xcd, 0x0f };
	static const char *const none[] = { "",
					    "0",
					    "02:00:5e:ab:cd",
					    "02:00:5e:ab:cd:",
					    "02:00:5e:ab:cd:0",
					    "02:00:5e:ab:cd:0f:",
					    "02-00-5e-ab-cd-0f",
					    "02:00:5e:ab:cd:0g",
					    " 2:00:5e:ab:cd:0f",
					    "02:00:5e:ab:cd:+f" };
	uint8_t mac[6] = { 0 };

	cr_assert_eq(units_mac("02:00:5e:AB:cd:0f", mac), 0);
	cr_expect_eq(memcmp(mac, right, 6), 0);
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cr_expect_eq(units_mac(none[i], mac), -EINVAL, "%s", none[i]);
	cr_expect_eq(units_mac("00:00:00:00:00:00", mac), -ERANGE);
	cr_expect_eq(units_mac("ff:ff:ff:ff:ff:ff", mac), -ERANGE);
	cr_expect_eq(units_mac("01:00:5e:00:00:01", mac), -ERANGE);
	cr_expect_eq(memcmp(mac, right, 6), 0, "written on success only");
}

Test(units, ranges_that_are_none)
{
	static const struct value_case cases[] = {
		{ "192.0.2.10", -EINVAL, 0 },
		{ "192.0.2.10/", -EINVAL, 0 },
		{ "192.0.2.10/24x", -EINVAL, 0 },
		{ "192.0.2.10/24-192.0.2.20", -EINVAL, 0 },
		{ "-192.0.2.10/24", -EINVAL, 0 },
		{ "192.0.2.10-/24", -EINVAL, 0 },
		{ "/24", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "192.0.2.10/0", -ERANGE, 0 },
		{ "192.0.2.10/33", -ERANGE, 0 },
		{ "0.0.0.0/8", -ERANGE, 0 },
		{ "192.0.2.20-192.0.2.10/24", -ERANGE, 0 },
		{ "192.0.2.10-192.0.3.10/24", -ERANGE, 0 },
		{ "192.0.2.0/24", -ERANGE, 0 },   /* the network */
		{ "192.0.2.255/24", -ERANGE, 0 }, /* its broadcast */
		{ "192.0.2.1-192.0.2.255/24", -ERANGE, 0 },
		{ "fd99::1", -EINVAL, 0 },
		{ "fd99::1/", -EINVAL, 0 },
		{ "[fd99::1]/64", -EINVAL, 0 },
		{ "fd99::1-192.0.2.1/24", -EINVAL, 0 },
		{ "192.0.2.1-fd99::1/64", -EINVAL, 0 },
		{ "fd99::1/0", -ERANGE, 0 },
		{ "fd99::1/129", -ERANGE, 0 },
		{ "fd99::/64", -ERANGE, 0 }, /* its routers' anycast address */
		{ "::/128", -ERANGE, 0 },
		{ "fd99::9-fd99::1/64", -ERANGE, 0 },
		{ "fd99::1-fd99:0:0:1::1/64", -ERANGE, 0 },
		{ "::ffff:192.0.2.1/120", -EAFNOSUPPORT, 0 },
		{ "fd99::1-::ffff:192.0.2.1/64", -EAFNOSUPPORT, 0 },
		{ "fe80::1%eth0/64", -ENODEV, 0 },
	};
	struct weir_range range = { .prefix_len = 77 };
	const struct value_case *c;

	EACH(cases, c)
	cr_expect_eq(units_range(c->text, &range), c->rc, "'%s'", c->text);
	cr_expect_eq(range.prefix_len, 77);
}

Test(units, lists)
{
	unsigned values[4], count = 77;

	cr_assert_eq(units_list("2", 9, values, 4, &count), 0);
	cr_expect(count == 1 && values[0] == 2);
	cr_assert_eq(units_list("7,4-6", 9, values, 4, &count), 0);
	cr_expect(count == 4 && values[0] == 7 && values[1] == 4 && values[2] == 5 && values[3] == 6);
	count = 77;
	cr_expect_eq(units_list("", 9, values, 4, &count), -EINVAL);
	cr_expect_eq(units_list("1,", 9, values, 4, &count), -EINVAL);
	cr_expect_eq(units_list(",1", 9, values, 4, &count), -EINVAL);
	cr_expect_eq(units_list("3-1", 9, values, 4, &count), -EINVAL);
	cr_expect_eq(units_list("1-2-3", 9, values, 4, &count), -EINVAL);
	cr_expect_eq(units_list("1,2,1", 9, values, 4, &count), -EINVAL, "one twice");
	cr_expect_eq(units_list("10", 9, values, 4, &count), -ERANGE);
	cr_expect_eq(units_list("0-4", 9, values, 4, &count), -ERANGE, "too many");
	cr_expect_eq(units_list("0-18446744073709551615", 9, values, 4, &count), -ERANGE);
	cr_expect_eq(count, 77);
}

Test(units, addresses_as_text)
{
	/* IPv6's as RFC 5952 section 4 has them. */
	static const struct {
		struct weir_address address;
		const char *text;
	} cases[] = {
		{ { 0, 0xfffffffefdfc }, "255.254.253.252" },
		{ { 0xfd99000000000000, 1 }, "fd99::1" },
		{ { 0x20010db800000000, 0x0001000000000001 }, "2001:db8::1:0:0:1" },
		{ { 0x20010db800000001, 0x0001000100010001 }, "2001:db8:0:1:1:1:1:1" },
		{ { 0xfdABCDEF00000000, 0 }, "fdab:cdef::" },
		{ { 0, 0 }, "::" },
	};
	static const char *const ranges[] = {
		"198.100.100.101-198.100.255.254/16",
		"192.0.2.10/24",
		"fd99::1/64",
		"fd11:1111:1111:1111:1111:1111:1111:1111-fd11:1111:1111:1111:ffff:ffff:ffff:fffe/64",
	};
	char text[UNITS_RANGE_TEXT];
	struct weir_range range;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		units_address_text(cases[i].address, text);
		cr_expect_str_eq(text, cases[i].text);
	}
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		cr_assert_eq(units_range(ranges[i], &range), 0, "%s", ranges[i]);
		units_range_text(&range, text);
		cr_expect_str_eq(text, ranges[i]);
	}
}
