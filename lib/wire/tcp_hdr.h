/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_hdr.h - TCP headers (RFC 9293 section 3.1), to and from struct seg.
 *
 * Only what no state could make sense of is dropped here: flags that say nothing (none of SYN, RST and
 * ACK) or contradict each other (SYN with FIN or RST), and port 0.
 */
#ifndef WEIR_WIRE_TCP_HDR_H
#define WEIR_WIRE_TCP_HDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "wire/seg.h"

#define TCP_HDR_BYTES 20 /* without options */
#define TCP_HDR_BYTES_MAX 60

/* Where a segment stands, and what has been learnt of it. */
struct tcp_bytes {
	const uint8_t *bytes; /* the header and what follows, contiguous */
	uint32_t contiguous;  /* bytes there: at most len */
	uint32_t len;         /* bytes of header and payload in all */
	uint64_t sum;         /* of the pseudo header and of what is not contiguous, moved to its place */
	bool verified;        /* the port found the checksum right; sum is not read */
};

/*
 * Fills seq, ack, wnd, flags, len, options, and the tuple's ports; the header must be contiguous. Returns
 * ACCEPTED, or drop_tcp_short, _data_offset, _csum, _port_zero, _flags, _option_length.
 */
verdict tcp_hdr_parse(const struct tcp_bytes *segment, struct seg *seg);

/* Bytes of an accepted segment's header, or of the one that tcp_hdr_build() will write. */
static inline unsigned tcp_hdr_bytes(const uint8_t *header)
{
	return (header[12] >> 4) * 4u;
}

/* Writes the header and its options, with checksum 0, and returns their bytes. */
unsigned tcp_hdr_build(uint8_t *header, const struct seg *seg);

#define TCP_HDR_CSUM_AT 16

#endif
