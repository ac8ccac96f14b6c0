/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood_frame.h - the frames of a flood, of either family: headers that were built once, of which each packet
 * changes a few fields.
 *
 *     source address   the next of flood_sources.h
 *     source port      random, 1024..65535
 *     sequence number  random; acknowledgment number too, where ACK is set
 *     TSval            random, where there are timestamps: hosts offset theirs per connection; TSecr where
 *                      ACK is set
 *     flow label       random, of IPv6
 *     checksums        from the template's sum without these fields, to which they are added: what RFC 1624
 *                      says of one field that changes, for all at once and without reading the frame
 *
 * Options are Linux's: MSS 1460 (of IPv6 1440), SACK-permitted, timestamps, NOP and window scale 7 on SYNs
 * and SYN-ACKs, which have 74 bytes then; NOP, NOP and timestamps on ACKs and FINs; none on the others, nor
 * on any with `plain`. IPv6 takes 20 bytes more, and the tag of a VLAN 4.
 *
 * Pure: bytes in memory. DPDK's names for headers, none of its libraries.
 */
#ifndef WEIR_APP_FLOOD_FRAME_H
#define WEIR_APP_FLOOD_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "flood_sources.h"
#include "options.h"

#define FLOOD_FRAME_BYTES 112 /* written for each, a few more than any has: copies go by 16 */

struct flood_template {
	_Alignas(16) uint8_t bytes[FLOOD_FRAME_BYTES];
	uint64_t ip_sum, tcp_sum; /* as they stand in memory, of all that stays; room for what is added */
	uint32_t ack_mask;        /* what is left of random numbers that only mean something with ACK */
	uint16_t len;
	uint16_t ip_at, src_at, tcp_at;
	uint16_t stamp_at; /* TSval's place; 0: none */
	bool is6;
};

struct flood_frames {
	struct flood_template templates[FLOOD_MIX];
	unsigned count, next; /* of templates, in turn */
	uint64_t random;
	struct flood_sources sources;
};

struct flood_plan {
	enum flood_kind kind;
	bool plain;
	uint16_t vlan; /* 0: no tag */
	struct weir_endpoint target;
	const struct weir_range *sources; /* those of the target's family are used */
	unsigned sources_count;
	uint64_t seed;
};

/* False if no source is left to send from. */
bool flood_frames_init(struct flood_frames *frames, const struct flood_plan *plan);

/* Where frames go, and from which station. Before the first is written, and whenever that changes. */
void flood_frames_aim(struct flood_frames *frames, const uint8_t dst[6], const uint8_t src[6]);

/* Writes the next one, over FLOOD_FRAME_BYTES; returns its length. */
unsigned flood_frames_write(struct flood_frames *frames, uint8_t *frame);

#endif
