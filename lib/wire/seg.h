/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * seg.h - one TCP segment as values in host order: what wire/ makes of bytes, what tcp/ works on.
 *
 * A cache line. Received segments come from parse.h and sent ones go to build.h; between the two
 * nobody sees a byte of a header. The tuple is always seen from this side: laddr and lport are
 * ours, in both directions.
 */
#ifndef WEIR_WIRE_SEG_H
#define WEIR_WIRE_SEG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/payload.h"
#include "base/tuple.h"

/* Control bits as on the wire, RFC 9293 section 3.1. */
enum {
	SEG_FIN = 0x01,
	SEG_SYN = 0x02,
	SEG_RST = 0x04,
	SEG_PSH = 0x08,
	SEG_ACK = 0x10,
	SEG_URG = 0x20,
	SEG_ECE = 0x40,
	SEG_CWR = 0x80,
};

/* Options that are present; bits of seg.opts. */
enum {
	SEG_OPT_MSS = 0x01,
	SEG_OPT_WSCALE = 0x02,
	SEG_OPT_SACK_OK = 0x04,
	SEG_OPT_TS = 0x08,
	SEG_OPT_SACK = 0x10, /* blocks stand in a struct seg_side */
};

#define SACK_BLOCKS_MAX 4 /* 40 bytes of options hold no more */

/* What the sender of it holds: left..right-1 (RFC 2018). */
struct sack_block {
	uint32_t left, right;
};

struct sack {
	struct sack_block blocks[SACK_BLOCKS_MAX];
};

/*
 * What only some segments have, each in an array beside that of the segments:
 * a line that the others leave cold.
 */
struct seg_side {
	struct sack sack; /* with SEG_OPT_SACK */
	struct pair pair; /* of an IPv6 tuple */
};

struct seg {
	struct tuple tuple;
	uint32_t seq;
	uint32_t ack;
	uint32_t tsval;
	uint32_t tsecr;
	uint16_t wnd; /* as on the wire, not scaled */
	uint16_t len; /* bytes of payload, FIN and SYN not counted */
	union {
		uint64_t hash; /* received: tuple_hash(), filled by the lookup stage; 0: not yet */
		/* Sent: says what the segment before it says, of its own stretch of the stream, as long. */
		bool like_last;
	};
	/*
	 * Received: the frame, trimmed to the payload where len > 0; whoever keeps it sets this to 0,
	 * and otherwise the caller of tcp_input() frees it. Sent: 0.
	 */
	payload payload;
	union {
		struct {
			/* Sent: where the payload starts, a descriptor of tcp/'s send queue. */
			uint32_t piece;
			uint32_t offset; /* sent: the first byte within that piece */
		};
		uint64_t f; /* received: F of the tuple (tcp/isn.h); 0: not asked for yet */
	};
	uint16_t mss;
	uint8_t flags;
	uint8_t opts;
	uint8_t wscale; /* the option's value, capped at 14 by the parser (RFC 7323 section 2.3) */
	uint8_t ttl;
	uint8_t tos;   /* DSCP and ECN */
	uint8_t sacks; /* with SEG_OPT_SACK: blocks in the struct seg_side beside it */
};

_Static_assert(sizeof(struct seg) == 64, "a segment is a cache line");

/* SEG.LEN of RFC 9293 section 3.10: the sequence space that it takes. */
static inline uint32_t seg_space(const struct seg *seg)
{
	return seg->len + !!(seg->flags & SEG_SYN) + !!(seg->flags & SEG_FIN);
}

#endif
