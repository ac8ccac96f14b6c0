/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parse.h - a received frame, from its first byte to a struct seg.
 *
 * Four steps, so that between them the caller can look whether the frame is its own at all: a frame for
 * somebody else is not malformed, however its inside looks.
 *
 *     parse_link()     Ethernet                             is that MAC address ours?
 *     parse_ip()       the IP header, of either family      is that destination ours?
 *     parse_accept()   what a host may refuse of it         which protocol is it?
 *     parse_tcp()      TCP
 *
 * Every byte is hostile. A step reads within `contiguous` bytes and returns the drop that the frame
 * deserves. Headers must be contiguous; the rest may stand in other buffers, of which only a sum is wanted.
 */
#ifndef WEIR_WIRE_PARSE_H
#define WEIR_WIRE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "wire/eth.h"
#include "wire/ip.h"
#include "wire/seg.h"

struct frame {
	const uint8_t *bytes;
	uint32_t contiguous; /* bytes there */
	uint32_t total;      /* bytes of the frame in all */
	bool ip_verified;    /* the port found the IP header's checksum right */
	bool l4_verified;    /* and that of TCP */
	struct eth_hdr eth;  /* from parse_link() on */
	struct ip_hdr ip;    /* from parse_ip() on; see there what parse_accept() adds */
};

verdict parse_link(struct frame *frame);
verdict parse_ip(struct frame *frame);
verdict parse_accept(struct frame *frame);

/* Where IP's payload starts, and where the packet ends: what follows is padding. Bytes of the frame. */
static inline uint32_t frame_l4_start(const struct frame *frame)
{
	return ETH_BYTES + frame->ip.header_bytes;
}

static inline uint32_t frame_end(const struct frame *frame)
{
	return ETH_BYTES + frame->ip.total_bytes;
}

/* Contiguous bytes of the packet, from the frame's first on. */
static inline uint32_t frame_contiguous(const struct frame *frame)
{
	return frame->contiguous < frame_end(frame) ? frame->contiguous : frame_end(frame);
}

/*
 * rest: csum_bytes() of the bytes frame_contiguous()..frame_end() of the frame; 0 if there are none or
 * l4_verified. Fills all of seg but hash and payload, and of side what this segment has; an IPv6 tuple has no
 * name yet (tcp_input() gives it one). *headers: where the payload starts, bytes of the frame.
 */
verdict parse_tcp(const struct frame *frame, uint64_t rest, struct seg *seg, struct seg_side *side,
		  uint32_t *headers);

#endif
