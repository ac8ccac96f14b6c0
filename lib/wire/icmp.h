/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmp.h - the ICMP messages that a TCP endpoint has a use for: echo requests, and destination
 * unreachable with the segment of ours that it quotes (RFC 792, RFC 9293 section 3.9.2.2).
 */
#ifndef WEIR_WIRE_ICMP_H
#define WEIR_WIRE_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/tuple.h"

#define ICMP_BYTES 8

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO = 8,
};

/* Codes of destination unreachable. */
enum icmp_unreachable {
	ICMP_PROTOCOL_UNREACHABLE = 2,
	ICMP_PORT_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
};

struct icmp {
	uint8_t type; /* ICMP_ECHO or ICMP_UNREACHABLE */
	uint8_t code;
	/* ICMP_UNREACHABLE: what it quotes, as we sent it. */
	uint8_t protocol;
	struct tuple tuple; /* TCP only */
	uint32_t seq;
};

/*
 * message: `contiguous` bytes of `len` in all; rest: csum_bytes() of those that stand elsewhere.
 * ACCEPTED, or drop_icmp_malformed, _csum, _type. Errors must be quoted within the contiguous part.
 */
verdict icmp_parse(const uint8_t *message, uint32_t contiguous, uint32_t len, uint64_t rest,
		   struct icmp *icmp);

/* Turns an echo request into its reply, in place; everything but type and checksum stays. */
void icmp_echo_to_reply(uint8_t *message);

#endif
