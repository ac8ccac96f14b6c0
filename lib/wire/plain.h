/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain.h - the frame that nearly every frame is: Ethernet, IP without options, extensions or fragments, TCP
 * without options, with timestamps as everybody writes them, or a SYN as Linux does; all of it right, in one
 * piece.
 *
 * It is read in one go, without a step between that could ask why. What is not plain is not wrong yet: it
 * goes the long way, parse.h, which has a name for everything. What both take they take alike.
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

/* Both ways, as they are done by the widest vectors that the processor has; found out before main(). */
struct plain_way {
	const char *name;
	unsigned (*parse)(const uint8_t *frame, uint32_t len, unsigned verified, const struct eth_addr *dst,
			  struct seg *seg, struct pair *pair);
	unsigned (*build)(uint8_t *frame, const struct seg *seg, const struct pair *pair,
			  const struct eth_addr *dst, const struct eth_addr *src, uint64_t payload_sum);
};

extern struct plain_way plain_way;

/* "scalar" or "avx512"; NULL if there is none, or it does not run here. For tests. */
const struct plain_way *plain_way_named(const char *name);

extern const struct plain_way plain_scalar;

/* Of builds for x86-64, to be had by the two above. Its tables are made once, before it is used. */
extern const struct plain_way plain_avx512;
void plain_avx512_init(void);

/*
 * Fills seg, and of IPv6 the pair, as parse_tcp() does. Returns where the payload starts; 0: not plain, and
 * all may be half filled. verified: PLAIN_ bits. dst: who we are.
 */
static inline unsigned plain_parse(const uint8_t *frame, uint32_t len, unsigned verified,
				   const struct eth_addr *dst, struct seg *seg, struct pair *pair)
{
	return plain_way.parse(frame, len, verified, dst, seg, pair);
}

/* Bytes of all headers of a segment without SACK blocks: where its payload goes. */
unsigned plain_headers(const struct seg *seg);

/*
 * The way back, for a segment without SACK blocks: its headers, both checksums made of the words as they are
 * written, and of the sum of its payload, which stands in its place already. Equals build_headers() and
 * build_csum(). Returns plain_headers().
 */
static inline unsigned plain_build(uint8_t *frame, const struct seg *seg, const struct pair *pair,
				   const struct eth_addr *dst, const struct eth_addr *src,
				   uint64_t payload_sum)
{
	return plain_way.build(frame, seg, pair, dst, src, payload_sum);
}

#endif
