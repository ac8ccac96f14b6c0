/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmp.h - the ICMP messages that a TCP endpoint has a use for: echo requests, and errors with the segment of
 * ours that they quote (RFC 792, RFC 1191, RFC 9293 section 3.9.2.2).
 *
 * Who sends an error need not have seen the segment: what it claims is for tcp/icmp.c to doubt.
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
	ICMP_SOURCE_QUENCH = 4,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
};

/* Codes of destination unreachable. */
enum icmp_unreachable {
	ICMP_PROTOCOL_UNREACHABLE = 2,
	ICMP_PORT_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
};

/* What an error says of the way that the quoted segment went. */
enum icmp_trouble {
	ICMP_SOFT,    /* it may pass: all but those below (RFC 9293 SHLD-25, MUST-56) */
	ICMP_HARD,    /* it will not: nobody speaks TCP there, or has the port (SHLD-26) */
	ICMP_TOO_BIG, /* the segment, for the next link; everything is sent with DF (RFC 1191 section 4) */
};

struct icmp_error {
	struct tuple tuple; /* as we sent it; TCP's alone makes sense */
	uint32_t seq;
	uint16_t mtu; /* ICMP_TOO_BIG: of the next link; 0: a router older than RFC 1191, or another error */
	uint8_t trouble;
	uint8_t protocol; /* of the quoted packet */
};

struct icmp {
	uint8_t type; /* ICMP_ECHO, or an error: ICMP_UNREACHABLE, _TIME_EXCEEDED, _PARAMETER_PROBLEM */
	uint8_t code;
	struct icmp_error error;
};

/*
 * message: `contiguous` bytes of `len` in all; rest: csum_bytes() of those that stand elsewhere.
 * ACCEPTED, or drop_icmp_malformed, _csum, _type, _quench (RFC 9293 MUST-55). Errors must be quoted within
 * the contiguous part.
 */
verdict icmp_parse(const uint8_t *message, uint32_t contiguous, uint32_t len, uint64_t rest,
		   struct icmp *icmp);

/* Turns an echo request into its reply, in place; everything but type and checksum stays. */
void icmp_echo_to_reply(uint8_t *message);

#endif
