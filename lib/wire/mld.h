/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mld.h - the messages of IPv6 multicast listener discovery (RFC 3810, RFC 2710): bytes to values and back.
 * What they mean is net/mld.h's business.
 *
 * A host reads queries alone; reports are for routers, and for switches that snoop. Those it writes are of
 * version 2, or of version 1 where a querier speaks no more than that. Every message has a hop limit of 1 and
 * a router alert (RFC 2711) in a hop-by-hop header, with which what mld_build() writes begins: packets that
 * are built elsewhere have no extension headers.
 */
#ifndef WEIR_WIRE_MLD_H
#define WEIR_WIRE_MLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "wire/ip.h"

#define MLD_HOP_LIMIT 1
/*
 * As many as the least of links carries in one report: 1280 bytes,
 * less headers of 40, 8 and 8, at 20 for each.
 */
#define MLD_GROUPS_MAX 61
#define MLD_BYTES_MAX (8 + 8 + 20 * MLD_GROUPS_MAX) /* of mld_build(), hop-by-hop header included */

enum mld_version {
	MLD_VERSION_1 = 1,
	MLD_VERSION_2 = 2,
};

struct mld_query {
	struct weir_address group; /* none: a general query, for all of them */
	uint32_t max_delay_ms;     /* within which to answer; up to 8,387,584 */
	uint8_t version;           /* enum mld_version */
};

/* Kinds of multicast address records (RFC 3810 section 5.2.12), of those that listen to whoever sends. */
enum mld_record {
	MLD_IS_EXCLUDE = 2, /* an answer: all sources but none */
	MLD_TO_EXCLUDE = 4, /* unasked: from now on */
};

struct mld_report {
	struct weir_address src; /* link-local, or none while that is tentative */
	uint8_t version;         /* enum mld_version; 1: of one group */
	uint8_t record;          /* enum mld_record, of version 2 */
	uint8_t count;
	struct weir_address groups[MLD_GROUPS_MAX];
};

/*
 * message: of type ICMP6_LISTENER_QUERY, ICMP_BYTES of it at least: `contiguous` bytes of `len`, which is
 * what tells its version. ip: the header before it. Sources that are asked about are not read. ACCEPTED, or
 * drop_mld_malformed, _link.
 */
verdict mld_parse(const struct ip_hdr *ip, const uint8_t *message, uint32_t contiguous, uint32_t len,
		  struct mld_query *query);

/* Whom a report is sent to: ff02::16, all routers that speak version 2; of version 1 the group itself. */
struct weir_address mld_destination(const struct mld_report *report);

/*
 * Writes what follows the IPv6 header, whose next header is IP_HOP_BY_HOP: that one and the message, checksum
 * and all. Returns how many bytes.
 */
uint32_t mld_build(uint8_t bytes[MLD_BYTES_MAX], const struct mld_report *report);

#endif
