/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn.h - the SYNs of a flood: many at once, all of one shape, each answered in its own frame.
 *
 * The shape is Linux's: IPv4 without options, and MSS, SACK-permitted, timestamps and window scale in 20 bytes. Fields stand
 * by kind and not by segment, as the hashes of a burst want them; nothing is copied that the answer does not
 * need. What has another shape, or anything wrong with it, goes the ordinary way (plain.h, parse.h) and is answered alike.
 */
#ifndef WEIR_WIRE_SYN_H
#define WEIR_WIRE_SYN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/eth.h"

#define SYNS_MAX 64
#define SYN_BYTES 74 /* of the frame, and of that of the SYN-ACK */

struct syns {
	uint64_t dst; /* who we are, as a frame has it */
	unsigned count;
	/* What came. */
	uint64_t addrs[SYNS_MAX];   /* as tuple_addrs() */
	uint64_t numbers[SYNS_MAX]; /* the sequence number, above the ports */
	uint32_t ports[SYNS_MAX];   /* as tuple_ports() */
	uint32_t tsvals[SYNS_MAX];
	uint16_t mss[SYNS_MAX];
	uint8_t wscales[SYNS_MAX]; /* capped at 14 */
	uint64_t hashes[SYNS_MAX]; /* for those who look them up */
	/* What is answered. */
	uint32_t iss[SYNS_MAX], our_tsvals[SYNS_MAX];
	uint16_t wnds[SYNS_MAX];
};

/* What the SYN-ACKs of one listener have in common. */
struct syn_answer {
	uint16_t mss;
	uint8_t wscale, ttl, tos;
};

/* None yet. dst: whom they are to be for. */
void syns_init(struct syns *syns, const struct eth_addr *dst);

/* Adds a frame's SYN; false: it is none of these. Its checksums are left for later: */
bool syns_add(struct syns *syns, const uint8_t *frame, uint32_t len);

/* Whether the checksums of a frame that was added are right, IP's and TCP's. */
bool syns_csums_right(const uint8_t *frame);

/* Makes the frame of SYN number i into its SYN-ACK, for the station that it came from: checksums and all. */
void syns_answer(const struct syns *syns, unsigned i, const struct syn_answer *answer, uint8_t *frame,
		 const struct eth_addr *src);

#endif
