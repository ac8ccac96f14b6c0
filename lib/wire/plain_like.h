/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain_like.h - headers of segments that say the same, of a stretch of the stream each: a run of bulk data.
 *
 * They differ in the sequence number and in TCP's checksum alone: all of them are of one length, and weir's
 * packets are not to be fragmented, so that they need no identification (RFC 6864 section 4.1). So they are
 * built once, and copied. Equals plain_build().
 */
#ifndef WEIR_WIRE_PLAIN_LIKE_H
#define WEIR_WIRE_PLAIN_LIKE_H

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/plain.h"
#include "wire/tcp_hdr.h"

/* Headers are copied in two halves that may overlap: no loop, for any length between one and two of them. */
#define PLAIN_LIKE_HALF 48

struct plain_like {
	uint32_t bytes;  /* of all headers */
	uint32_t tcp_at; /* of TCP's */
	uint64_t sum;    /* what TCP's checksum is of, without sequence number and payload */
	uint8_t headers[2 * PLAIN_LIKE_HALF];
};

/* Of segments without options but timestamps that differ from seg in seq and payload. */
void plain_like_of(struct plain_like *like, const struct seg *seg, const struct pair *pair,
		   const struct eth_addr *dst, const struct eth_addr *src);

static inline void plain_build_like(uint8_t *frame, const struct plain_like *like, uint32_t seq,
				    uint64_t payload_sum)
{
	uint32_t second = like->bytes - PLAIN_LIKE_HALF;
	uint8_t *tcp = frame + like->tcp_at;

	memcpy(frame, like->headers, PLAIN_LIKE_HALF);
	memcpy(frame + second, like->headers + second, PLAIN_LIKE_HALF);
	csum_put(tcp + TCP_HDR_CSUM_AT, csum_fold(payload_sum) + like->sum + csum_put_word(tcp + 4, seq));
}

#endif
