/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/mld.h"

#include "base/check.h"
#include "wire/bytes.h"
#include "wire/icmp.h"

#define QUERY_1_BYTES 24
#define QUERY_2_BYTES 28
#define SOURCES_AT 26 /* their number */
#define SOURCE_BYTES 16
#define DELAY_AT 4
#define GROUP_AT 8
#define HOP_BY_HOP_BYTES 8
#define REPORT_1_BYTES 24
#define RECORDS_AT 8
#define RECORD_BYTES 20

/*
 * RFC 3810 section 5.1.3: the upper half of the codes are floating point;
 * of version 1 all of them are milliseconds.
 */
static uint32_t delay_of(uint16_t code, enum mld_version version)
{
	if (version == MLD_VERSION_1 || code < 0x8000)
		return code;
	return (uint32_t)(0x1000 | (code & 0xfff)) << ((code >> 12 & 7) + 3);
}

/* RFC 3810 section 6.2: what no host elsewhere can have sent. */
static bool is_of_this_link(const struct ip_hdr *ip)
{
	return ip->ttl == MLD_HOP_LIMIT && ip->router_alert && address_is_link_local(ip->src);
}

verdict mld_parse(const struct ip_hdr *ip, const uint8_t *message, uint32_t contiguous, uint32_t len,
		  struct mld_query *query)
{
	enum mld_version version = len == QUERY_1_BYTES ? MLD_VERSION_1 : MLD_VERSION_2;
	uint32_t fixed = version == MLD_VERSION_1 ? QUERY_1_BYTES : QUERY_2_BYTES;

	if (!is_of_this_link(ip))
		return COUNT_drop_mld_link;
	/* RFC 3810 section 8.1: what is longer than version 1 and shorter than version 2 is neither. */
	if (contiguous < fixed || len < fixed)
		return COUNT_drop_mld_malformed;
	if (version == MLD_VERSION_2 && (len - fixed) / SOURCE_BYTES < bytes_get16(message + SOURCES_AT))
		return COUNT_drop_mld_malformed;
	*query = (struct mld_query){ .group = bytes_get_address(message + GROUP_AT),
				     .max_delay_ms = delay_of(bytes_get16(message + DELAY_AT), version),
				     .version = (uint8_t)version };
	return ACCEPTED;
}

struct weir_address mld_destination(const struct mld_report *report)
{
	return report->version == MLD_VERSION_1 ? report->groups[0] :
						  (struct weir_address){ 0xff02ull << 48, 0x16 };
}

static uint32_t build_1(uint8_t *message, const struct mld_report *report)
{
	CHECK(report->count == 1);
	memset(message, 0, REPORT_1_BYTES);
	message[0] = ICMP6_LISTENER_REPORT;
	bytes_put_address(message + GROUP_AT, report->groups[0]);
	return REPORT_1_BYTES;
}

static uint32_t build_2(uint8_t *message, const struct mld_report *report)
{
	uint32_t len = RECORDS_AT + RECORD_BYTES * (uint32_t)report->count;

	CHECK(report->count <= MLD_GROUPS_MAX);
	memset(message, 0, len);
	message[0] = ICMP6_LISTENER_REPORT_2;
	bytes_put16(message + 6, report->count);
	for (unsigned i = 0; i < report->count; i++) {
		uint8_t *record = message + RECORDS_AT + i * RECORD_BYTES;

		record[0] = report->record;
		bytes_put_address(record + 4, report->groups[i]);
	}
	return len;
}

uint32_t mld_build(uint8_t bytes[MLD_BYTES_MAX], const struct mld_report *report)
{
	/*
	 * What follows; no more than 8 bytes; a router alert, whose value 0 is MLD;
	 * padding (RFC 2711 section 2.1).
	 */
	static const uint8_t hop_by_hop[HOP_BY_HOP_BYTES] = { IP_PROTOCOL_ICMP6, 0, 5, 2, 0, 0, 1, 0 };
	uint8_t *message = bytes + HOP_BY_HOP_BYTES;
	uint32_t len = report->version == MLD_VERSION_1 ? build_1(message, report) : build_2(message, report);

	memcpy(bytes, hop_by_hop, sizeof(hop_by_hop));
	icmp6_build_csum(message, len, report->src, mld_destination(report));
	return HOP_BY_HOP_BYTES + len;
}
