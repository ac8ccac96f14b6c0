/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * build.h - the inverse of parse.h: a struct seg becomes a frame.
 *
 *     build_headers()   Ethernet, IP and TCP; returns where the payload goes
 *     (the caller copies seg->len bytes of payload to there)
 *     build_sack()      where there are blocks to tell
 *     build_csum()      or build_csum_offload(), by what the port does: chosen once, at start
 *
 * A frame is contiguous and has room for BUILD_HEADERS_MAX + seg->len bytes.
 */
#ifndef WEIR_WIRE_BUILD_H
#define WEIR_WIRE_BUILD_H

#include <stdint.h>

#include "wire/eth.h"
#include "wire/ip.h"
#include "wire/seg.h"
#include "wire/tcp_hdr.h"

#define BUILD_HEADERS_MAX (ETH_BYTES + 40 + TCP_HDR_BYTES_MAX)

/* Bytes of all headers. pair: the addresses of an IPv6 tuple. */
unsigned build_headers(uint8_t *frame, const struct seg *seg, const struct pair *pair,
		       const struct eth_addr *dst, const struct eth_addr *src);

/* Where a segment's TCP header stands in its frame. */
static inline unsigned build_tcp_at(const struct seg *seg)
{
	return ETH_BYTES + ip_build_bytes(tuple_is6(&seg->tuple));
}

/* Adds the blocks of a segment that has SEG_OPT_SACK, after build_headers() and before the checksum. */
void build_sack(uint8_t *frame, const struct seg *seg, const struct sack *sack);

/* Both checksums, once the payload is in its place. */
void build_csum(uint8_t *frame, const struct seg *seg);

/* The same, where the sum of the payload is known. */
void build_csum_of(uint8_t *frame, const struct seg *seg, uint64_t payload_sum);

/* Leaves IP's to the port, and TCP's but for the pseudo header's sum. */
void build_csum_offload(uint8_t *frame, const struct seg *seg);

#endif
