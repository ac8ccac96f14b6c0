/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn.h - the SYNs of a flood: many at once, of one family, of one shape and for one address and port,
 * each answered in its own frame.
 *
 * The shape is Linux's: IP without options or extensions, and MSS, SACK-permitted, timestamps and window
 * scale in 20 bytes. Fields stand by kind and not by segment, as the hashes of a burst want them; nothing is
 * copied that the answer does not need. What has another shape, or anything wrong with it, goes the ordinary
 * way (plain.h, parse.h) and is answered alike.
 */
#ifndef WEIR_WIRE_SYN_H
#define WEIR_WIRE_SYN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "wire/eth.h"

#define SYNS_MAX 64
#define SYN_BYTES 74 /* of an IPv4 frame, and of that of the SYN-ACK */
#define SYN_BYTES_6 94

struct syns {
	uint64_t dst; /* who we are, as a frame has it */
	bool is6;
	unsigned count;
	/* What came. */
	uint64_t addrs[SYNS_MAX];    /* as tuple_addrs(): of IPv6 a name, for those who know it to fill in */
	uint64_t pairs[4][SYNS_MAX]; /* of IPv6: the words of a struct pair */
	uint64_t numbers[SYNS_MAX];  /* the sequence number, above the ports */
	uint32_t ports[SYNS_MAX];    /* as tuple_ports() */
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

/* None yet, of one family. dst: whom they are to be for. */
void syns_init(struct syns *syns, const struct eth_addr *dst, bool is6);

/*
 * Adds a frame's SYN; false: it is none of these, or for another address or port than the first.
 * Checksums are left for later.
 */
bool syns_add(struct syns *syns, const uint8_t *frame, uint32_t len);

/* Whether the checksums of a frame that was added are right, IP's and TCP's. */
bool syns_csums_right(const struct syns *syns, const uint8_t *frame);

/* A SYN-ACK whose other fields are still 0: those of its SYN, and of the cookie. */
struct syn_template {
	uint8_t bytes[SYN_BYTES_6];
	uint64_t ip_sum,
		tcp_sum; /* as they stand in memory; TCP's with the pseudo header, but for the addresses */
};

/* From our station. */
void syns_template(const struct syns *syns, const struct syn_answer *answer, const struct eth_addr *src,
		   struct syn_template *template);

/* Makes the frame of SYN number i into its SYN-ACK, for the station that it came from: checksums and all. */
void syns_answer(const struct syns *syns, unsigned i, const struct syn_template *template, uint8_t *frame);

/* Of both kinds of frame. */
static inline unsigned syns_bytes(const struct syns *syns)
{
	return syns->is6 ? SYN_BYTES_6 : SYN_BYTES;
}

/* Where they are for: all of them, if there is one. */
static inline struct weir_address syns_local(const struct syns *syns)
{
	return syns->is6 ? (struct weir_address){ syns->pairs[0][0], syns->pairs[1][0] } :
			   weir_ipv4((uint32_t)syns->addrs[0]);
}

static inline uint16_t syns_lport(const struct syns *syns)
{
	return (uint16_t)syns->ports[0];
}

/* Where number i came from. */
static inline struct weir_address syns_remote(const struct syns *syns, unsigned i)
{
	return syns->is6 ? (struct weir_address){ syns->pairs[2][i], syns->pairs[3][i] } :
			   weir_ipv4((uint32_t)(syns->addrs[i] >> 32));
}

#endif
