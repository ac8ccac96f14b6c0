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

Test(units, endpoints)
{
	static const char *const wrong[] = { "198.18.0.1",       "198.18.0.1:",   ":80",
					     "198.18.0.1:80x",   "0.0.0.0:80",    "a.b.c.d:80",
					     "198.18.0:80",      "198.18.0.1:0",  "198.18.0.256:1",
					     "198.18.0.1:65536", "198.18.0.1:-1", "" };
	struct weir_endpoint endpoint;

	cr_assert_eq(units_endpoint("198.18.0.1:80", &endpoint), 0);
	cr_expect_eq(endpoint.address, 0xc6120001);
	cr_expect_eq(endpoint.port, 80);
	cr_assert_eq(units_endpoint("255.255.255.255:65535", &endpoint), 0);
	cr_expect_eq(endpoint.address, 0xffffffff);
	cr_expect_eq(endpoint.port, 65535);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_lt(units_endpoint(wrong[i], &endpoint), 0, "'%s'", wrong[i]);
}

Test(units, ranges)
{
	struct weir_range range;

	cr_assert_eq(units_range("192.0.2.10/24", &range), 0);
	cr_expect_eq(range.first, 0xc000020a);
	cr_expect_eq(range.last, 0xc000020a);
	cr_expect_eq(range.prefix_len, 24);
	cr_assert_eq(units_range("198.18.0.1-198.18.255.254/16", &range), 0);
	cr_expect_eq(range.first, 0xc6120001);
	cr_expect_eq(range.last, 0xc612fffe);
	cr_expect_eq(range.prefix_len, 16);
	/* RFC 3021: both addresses of a /31 are hosts; a /32 is one. */
	cr_expect_eq(units_range("192.0.2.0-192.0.2.1/31", &range), 0);
	cr_expect_eq(units_range("192.0.2.0/32", &range), 0);
}

Test(units, networks)
{
	static const struct {
		const char *text;
		uint32_t first, last;
	} cases[] = {
		{ "10.0.0.0/8", 0x0a000001, 0x0afffffe },
		{ "192.0.2.10/24", 0xc0000201, 0xc00002fe },
		{ "192.0.2.10/30", 0xc0000209, 0xc000020a },
		{ "192.0.2.10/31", 0xc000020a, 0xc000020b },
		{ "192.0.2.10/32", 0xc000020a, 0xc000020a },
		{ "198.18.0.5-198.18.1.5/16", 0xc6120005, 0xc6120105 },
		{ "198.18.0.5-198.18.0.5/16", 0xc6120005, 0xc6120005 },
	};
	struct weir_range range;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(units_network(cases[i].text, &range), 0, "%s", cases[i].text);
		cr_expect(range.first == cases[i].first && range.last == cases[i].last, "%s: %x-%x",
			  cases[i].text, range.first, range.last);
	}
	cr_expect_eq(units_network("0.0.0.0/0", &range), -ERANGE);
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
	};
	struct weir_range range = { .first = 77 };
	const struct value_case *c;

	EACH(cases, c)
	cr_expect_eq(units_range(c->text, &range), c->rc, "'%s'", c->text);
	cr_expect_eq(range.first, 77);
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
	char text[UNITS_RANGE_TEXT];
	struct weir_range range;

	units_address_text(0xfffefdfc, text);
	cr_expect_str_eq(text, "255.254.253.252");
	cr_assert_eq(units_range("198.100.100.101-198.100.255.254/16", &range), 0);
	units_range_text(&range, text);
	cr_expect_str_eq(text, "198.100.100.101-198.100.255.254/16");
	cr_assert_eq(units_range("192.0.2.10/24", &range), 0);
	units_range_text(&range, text);
	cr_expect_str_eq(text, "192.0.2.10/24");
}
