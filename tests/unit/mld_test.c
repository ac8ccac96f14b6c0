/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ipv6.h"
#include "wire/mld.h"

#define GROUP(last) ((struct weir_address){ 0xff02ull << 48, 0x1ff000000ull | (last) })
#define LINK_LOCAL ((struct weir_address){ 0xfe80ull << 48, 1 })
#define QUERY_MAX 1500

static const struct ip_hdr from_router = {
	.src = { 0xfe80ull << 48, 0xfe },
	.dst = { 0xff02ull << 48, 1 },
	.ttl = 1,
	.router_alert = true,
};

/* A query as it stands in memory, of which `contiguous` bytes are there. */
static verdict judge(const struct ip_hdr *ip, const uint8_t *message, uint32_t contiguous, uint32_t len,
		     struct mld_query *query)
{
	uint8_t *copy = exact_copy(message, contiguous);
	verdict v = mld_parse(ip, copy, contiguous, len, query);

	free(copy);
	return v;
}

static verdict judge_len(uint32_t len, uint16_t sources)
{
	uint8_t message[QUERY_MAX] = { ICMP6_LISTENER_QUERY };
	struct mld_query query;

	bytes_put16(message + 26, sources);
	return judge(&from_router, message, len, len, &query);
}

static uint32_t delay(uint16_t code, uint32_t len)
{
	uint8_t message[28] = { ICMP6_LISTENER_QUERY };
	struct mld_query query;

	bytes_put16(message + 4, code);
	cr_assert_eq(judge(&from_router, message, len, len, &query), ACCEPTED);
	cr_assert_eq(query.version, len == 24 ? 1 : 2);
	return query.max_delay_ms;
}

/* RFC 3810 section 8.1: the length says which version it is, and some say none. */
Test(mld, versions_of_queries)
{
	cr_assert_eq(judge_len(24, 0), ACCEPTED);
	cr_assert_eq(judge_len(28, 0), ACCEPTED);
	for (uint32_t len = 8; len < 28; len++)
		if (len != 24)
			cr_assert_eq(judge_len(len, 0), COUNT_drop_mld_malformed, "%u bytes", len);
	cr_assert_eq(judge_len(400, 0), ACCEPTED, "what follows is passed over (section 5.1.12)");
}

Test(mld, sources_must_be_there)
{
	cr_assert_eq(judge_len(28 + 16, 1), ACCEPTED);
	cr_assert_eq(judge_len(28 + 15, 1), COUNT_drop_mld_malformed);
	cr_assert_eq(judge_len(28 + 16, 2), COUNT_drop_mld_malformed);
	cr_assert_eq(judge_len(28, UINT16_MAX), COUNT_drop_mld_malformed);
}

/* They may stand in another buffer: nobody reads them. */
Test(mld, the_fixed_part_must_be_contiguous)
{
	uint8_t message[28] = { ICMP6_LISTENER_QUERY };
	struct mld_query query;

	bytes_put16(message + 26, 1);
	cr_assert_eq(judge(&from_router, message, 28, 28 + 16, &query), ACCEPTED);
	cr_assert_eq(judge(&from_router, message, 27, 28 + 16, &query), COUNT_drop_mld_malformed);
	cr_assert_eq(judge(&from_router, message, 23, 24, &query), COUNT_drop_mld_malformed);
}

/* RFC 3810 section 5.1.3: 1, three bits of exponent, 12 of mantissa; RFC 2710 has milliseconds alone. */
Test(mld, delays)
{
	cr_assert_eq(delay(0, 28), 0);
	cr_assert_eq(delay(10000, 28), 10000);
	cr_assert_eq(delay(0x7fff, 28), 32767);
	cr_assert_eq(delay(0x8000, 28), 32768);
	cr_assert_eq(delay(0x8001, 28), 32776);
	cr_assert_eq(delay(0x9000, 28), 65536);
	cr_assert_eq(delay(0xffff, 28), 8387584);
	cr_assert_eq(delay(0xffff, 24), 65535);
}

Test(mld, the_group_asked_for)
{
	uint8_t message[28] = { ICMP6_LISTENER_QUERY };
	struct mld_query query;

	cr_assert_eq(judge(&from_router, message, 28, 28, &query), ACCEPTED);
	cr_assert(address_is_none(query.group));
	bytes_put_address(message + 8, GROUP(7));
	for (uint32_t len = 24; len <= 28; len += 4) {
		cr_assert_eq(judge(&from_router, message, len, len, &query), ACCEPTED);
		cr_assert(address_equal(query.group, GROUP(7)));
	}
}

/* RFC 3810 section 6.2 */
Test(mld, queries_come_from_this_link)
{
	uint8_t message[28] = { ICMP6_LISTENER_QUERY };
	struct ip_hdr ip = from_router;
	struct mld_query query;

	ip.ttl = 2;
	cr_assert_eq(judge(&ip, message, 28, 28, &query), COUNT_drop_mld_link);
	ip = from_router;
	ip.router_alert = false;
	cr_assert_eq(judge(&ip, message, 28, 28, &query), COUNT_drop_mld_link);
	ip = from_router;
	ip.src.hi = 0x20010db8ull << 32;
	cr_assert_eq(judge(&ip, message, 28, 28, &query), COUNT_drop_mld_link);
	ip.src = (struct weir_address){ 0 };
	cr_assert_eq(judge(&ip, message, 28, 28, &query), COUNT_drop_mld_link);
}

/*
 * Builds it behind an IPv6 header, which must lead to it, and returns the message;
 * its checksum must be right.
 */
static const uint8_t *built(const struct mld_report *report, uint8_t packet[IPV6_BYTES + MLD_BYTES_MAX],
			    uint32_t *len)
{
	uint32_t bytes = mld_build(packet + IPV6_BYTES, report);
	struct ip_hdr ip = {
		.src = report->src,
		.dst = mld_destination(report),
		.total_bytes = (uint16_t)(IPV6_BYTES + bytes),
		.protocol = IP_HOP_BY_HOP,
		.ttl = MLD_HOP_LIMIT,
	};
	struct icmp icmp;

	ipv6_build(packet, &ip, 0);
	cr_assert_eq(ipv6_parse(packet, ip.total_bytes, ip.total_bytes, &ip), ACCEPTED);
	cr_assert_eq(ipv6_acceptable(packet, ip.total_bytes, &ip), ACCEPTED);
	cr_assert_eq(ip.protocol, IP_PROTOCOL_ICMP6);
	cr_assert(ip.router_alert);
	*len = bytes - (ip.header_bytes - IPV6_BYTES);
	cr_assert_eq(icmp_parse(&ip, packet + ip.header_bytes, *len, *len, 0, &icmp), COUNT_drop_icmp_type,
		     "reports are nothing to us, but their checksum is right");
	return packet + ip.header_bytes;
}

/* RFC 3810 section 5.2: records of 20 bytes, without sources; more than one report carries do not go in. */
Test(mld, reports_of_version_2)
{
	uint8_t packet[IPV6_BYTES + MLD_BYTES_MAX];
	struct mld_report report = { .version = MLD_VERSION_2, .record = MLD_TO_EXCLUDE };
	uint32_t len;

	for (unsigned i = 0; i < MLD_GROUPS_MAX; i++)
		report.groups[i] = GROUP(i);
	for (unsigned n = 1; n <= MLD_GROUPS_MAX; n += MLD_GROUPS_MAX - 1) {
		report.count = (uint8_t)n;
		memset(packet, 0xa5, sizeof(packet));
		const uint8_t *message = built(&report, packet, &len);

		cr_assert_eq(len, 8 + 20 * n);
		cr_assert_eq(message[0], 143);
		cr_assert_eq(bytes_get16(message + 6), n);
		for (unsigned i = 0; i < n; i++) {
			const uint8_t *record = message + 8 + 20 * i;

			cr_assert_eq(bytes_get32(record), (uint32_t)MLD_TO_EXCLUDE << 24);
			cr_assert(address_equal(bytes_get_address(record + 4), GROUP(i)));
		}
	}
	cr_assert_leq(sizeof(packet), 1280);
	cr_assert_gt(sizeof(packet) + 20, 1280, "and one more would not fit");
	cr_assert(address_equal(mld_destination(&report), (struct weir_address){ 0xff02ull << 48, 0x16 }));
}

/* RFC 2710 section 3: to the group itself. */
Test(mld, reports_of_version_1)
{
	uint8_t packet[IPV6_BYTES + MLD_BYTES_MAX], want[24] = { 131 };
	struct mld_report report = {
		.src = LINK_LOCAL, .version = MLD_VERSION_1, .count = 1, .groups = { GROUP(7) }
	};
	uint32_t len;

	memset(packet, 0xa5, sizeof(packet));
	const uint8_t *message = built(&report, packet, &len);

	memcpy(want + 2, message + 2, 2);
	bytes_put_address(want + 8, GROUP(7));
	cr_assert_eq(len, 24);
	cr_assert_arr_eq(message, want, 24);
	cr_assert(address_equal(mld_destination(&report), GROUP(7)));
}
