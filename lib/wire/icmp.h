/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmp.h - the ICMP messages of both families that a TCP endpoint has a use for: echo requests, and errors
 * with the segment of ours that they quote (RFC 792, RFC 1191, RFC 4443, RFC 9293 section 3.9.2.2). ICMPv6
 * carries neighbour and multicast listener discovery as well; those are for nd.h and mld.h to read.
 *
 * Who sends an error need not have seen the segment: what it claims is for tcp/icmp.c to doubt.
 */
#ifndef WEIR_WIRE_ICMP_H
#define WEIR_WIRE_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/tuple.h"
#include "wire/ip.h"

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

/* RFC 4443: errors are below 128. */
enum icmp6_type {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	/* RFC 2710, RFC 3810 */
	ICMP6_LISTENER_QUERY = 130,
	ICMP6_LISTENER_REPORT = 131,
	ICMP6_LISTENER_DONE = 132,
	ICMP6_LISTENER_REPORT_2 = 143,
	/* RFC 4861 */
	ICMP6_ROUTER_SOLICITATION = 133,
	ICMP6_ROUTER_ADVERTISEMENT = 134,
	ICMP6_NEIGHBOUR_SOLICITATION = 135,
	ICMP6_NEIGHBOUR_ADVERTISEMENT = 136,
	ICMP6_REDIRECT = 137,
};

/* Codes of ICMP6_UNREACHABLE. */
enum icmp6_unreachable {
	ICMP6_PROHIBITED = 1,
	ICMP6_PORT_UNREACHABLE = 4,
};

/* What an error says of the way that the quoted segment went. */
enum icmp_trouble {
	ICMP_SOFT, /* it may pass: all but those below (RFC 9293 SHLD-25, MUST-56) */
	ICMP_HARD, /* it will not: nobody speaks TCP there, has the port, or lets us (SHLD-26) */
	/* The segment, for the next link; no router cuts it (RFC 1191 section 4, RFC 8200 section 4.5). */
	ICMP_TOO_BIG,
};

struct icmp_error {
	struct pair pair; /* as we sent it, of either family */
	uint16_t lport, rport;
	uint32_t seq;
	uint32_t mtu; /* ICMP_TOO_BIG: of the next link; 0: a router older than RFC 1191, or another error */
	uint8_t trouble;
	uint8_t protocol; /* of the quoted packet */
};

/* What a message is good for. */
enum icmp_kind {
	ICMP_IS_ECHO,      /* to be answered */
	ICMP_IS_ERROR,     /* `error` */
	ICMP_IS_NEIGHBOUR, /* neighbour discovery */
	ICMP_IS_QUERY,     /* of multicast listener discovery; reports, of others, are good for nothing */
};

struct icmp {
	uint8_t kind;       /* enum icmp_kind */
	uint8_t type, code; /* enum icmp_type or icmp6_type */
	struct icmp_error error;
};

/*
 * message: `contiguous` bytes of `len` in all, of a packet with this header; rest: csum_bytes() of those that
 * stand elsewhere. ACCEPTED, or drop_icmp_malformed, _csum, _type, _quench (RFC 9293 MUST-55). Errors must be
 * quoted within the contiguous part.
 */
verdict icmp_parse(const struct ip_hdr *ip, const uint8_t *message, uint32_t contiguous, uint32_t len,
		   uint64_t rest, struct icmp *icmp);

/* Turns an echo request into its reply, in place; everything but type and checksum stays. */
void icmp_echo_to_reply(uint8_t *message, bool is6);

/*
 * Bytes of an ICMPv6 error that quotes so much of a packet that the least of links carries it
 * (RFC 4443 section 2.4 (c)).
 */
unsigned icmp6_error_bytes(uint32_t packet_bytes);

/*
 * Whether a packet may be answered by an error at all (RFC 4443 section 2.4 (e)): its source is one host, and
 * it is no error itself, nor a redirect, nor so long in its headers that this cannot be told. contiguous:
 * bytes of the packet; group: its destination, on either layer, is a group. An option that is unknown is
 * worth it even then.
 */
bool icmp6_error_allowed(const struct ip_hdr *ip, const uint8_t *packet, uint32_t contiguous, bool group);

/* Fills in the checksum of a message of len bytes that has 0 in its place. */
void icmp6_build_csum(uint8_t *message, unsigned len, struct weir_address src, struct weir_address dst);

/*
 * Writes a parameter problem over `bytes` of message, of which the quote stands in its place already,
 * checksum and all. Between these addresses.
 */
void icmp6_problem_build(uint8_t *message, unsigned bytes, const struct ip_hdr *about);

#endif
