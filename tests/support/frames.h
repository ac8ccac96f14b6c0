/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frames.h - whole frames for tests of parsers and of the core: a TCP segment as a peer would send it, which
 * a test then damages in one place.
 */
#ifndef WEIR_TESTS_FRAMES_H
#define WEIR_TESTS_FRAMES_H

#include <stdint.h>

#include "base/rng.h"
#include "wire/eth.h"
#include "wire/ip.h"
#include "wire/seg.h"

#define FRAMES_MAX 2048

/* Our side and the peer's, in all of these frames. */
#define FRAMES_OURS 0x0a000001u /* 10.0.0.1 */
#define FRAMES_PEER 0x0a000002u
/* One of them as weir.h has it, for what is initialised before the program starts. */
#define FRAMES_IPV4(address)                  \
	{                                     \
		0, 0xffff00000000 | (address) \
	}

/* The two of IPv6: fd99::1, fd99::2. */
#define FRAMES_IPV6(n)                \
	{                             \
		0xfd99000000000000, n \
	}

extern const struct eth_addr frames_our_mac, frames_peer_mac;

/* Both addresses of a family. */
static inline struct pair frames_pair(bool is6)
{
	if (is6)
		return (struct pair){ FRAMES_IPV6(1), FRAMES_IPV6(2) };
	return (struct pair){ FRAMES_IPV4(FRAMES_OURS), FRAMES_IPV4(FRAMES_PEER) };
}

/*
 * The frame that a peer sends for `seg`, whose tuple is seen from our side, with payload bytes
 * 0, 1, 2, ... Returns its length.
 */
uint32_t frames_tcp(uint8_t frame[FRAMES_MAX], const struct seg *seg);

/* The same between addresses of either family; of the tuple only the ports are read. */
uint32_t frames_tcp_between(uint8_t frame[FRAMES_MAX], const struct pair *pair, const struct seg *seg);

/* A packet with what it carries, from pair->remote. Of ip: protocol, ttl, tos. Returns the frame's length. */
uint32_t frames_ip(uint8_t frame[FRAMES_MAX], const struct pair *pair, const struct ip_hdr *ip,
		   const void *carried, uint32_t len);

/* Puts both checksums right again after a change; the headers must still make sense. */
void frames_mend(uint8_t *frame);

/* The IP header's alone. */
void frames_mend_ip(uint8_t *frame);

/* An ICMP message of len bytes from the peer: type, code, 4 bytes of rest, then data. Returns its length. */
uint32_t frames_icmp(uint8_t frame[FRAMES_MAX], uint8_t type, uint8_t code, const void *data, uint32_t len);

uint32_t frames_icmp_between(uint8_t frame[FRAMES_MAX], const struct pair *pair, uint8_t type, uint8_t code,
			     const void *data, uint32_t len);

/* Often at an end of the range, or of half of it: where sums carry, or nearly. */
uint32_t frames_any_word(struct rng *rng);

/* Two such IPv6 addresses. */
struct pair frames_any_pair(struct rng *rng);

/* Makes of a segment's fields such words: no port is 0, and what is of IPv6 stays so. */
void frames_make_hostile(struct rng *rng, struct seg *seg);

/* A segment that a peer could send, at random: any flags that make sense, options and up to 1000 bytes. */
struct seg frames_random_seg(struct rng *rng);

#endif
