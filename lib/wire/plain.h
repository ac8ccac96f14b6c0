/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain.h - the frame that nearly every frame is: Ethernet, IP without options, extensions or fragments, TCP without options,
 * with timestamps as everybody writes them, or a SYN as Linux does; all of it right, in one piece.
 *
 * It is read in one go, without a step between that could ask why. What is not plain is not wrong yet: it goes the long
 * way, parse.h, which has a name for everything. What both take they take alike.
 */
#ifndef WEIR_WIRE_PLAIN_H
#define WEIR_WIRE_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/eth.h"
#include "wire/seg.h"

/* Checksums that the port found right, as bits. */
enum plain_verified {
	PLAIN_IP_VERIFIED = 1,
	PLAIN_TCP_VERIFIED = 2,
};

/*
 * Fills seg, and of IPv6 the pair, as parse_tcp() does, and *headers: where the payload starts. False: not plain; all may
 * be half filled. verified: PLAIN_ bits. dst: who we are.
 */
bool plain_parse(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
		 struct seg *seg, struct pair *pair, uint32_t *headers);

/*
 * The same by name, for tests: "scalar", or "avx512", which sums up short segments in vectors; NULL where the build or the
 * processor has none. plain_parse() is the widest that there is, found out before main().
 */
typedef bool (*plain_parse_fn)(const uint8_t *frame, uint32_t len, unsigned verified,
			       const struct eth_addr *dst, struct seg *seg, struct pair *pair,
			       uint32_t *headers);
plain_parse_fn plain_parse_named(const char *name);

/* Of builds for x86-64; to be had by the two above. */
bool plain_parse_avx512(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
			struct seg *seg, struct pair *pair, uint32_t *headers);

/* Bytes of all headers of a segment without SACK blocks: where its payload goes. */
unsigned plain_headers(const struct seg *seg);

/*
 * The way back, for a segment without SACK blocks: its headers, both checksums made of the words as they are written, and
 * of the sum of its payload, which stands in its place already. Equals build_headers() and build_csum(). Returns plain_headers().
 */
unsigned plain_build(uint8_t *frame, const struct seg *seg, const struct pair *pair,
		     const struct eth_addr *dst, const struct eth_addr *src, uint64_t payload_sum);

#endif
