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
#include "wire/seg.h"

#define FRAMES_MAX 2048

/* Our side and the peer's, in all of these frames. */
#define FRAMES_OURS 0x0a000001u /* 10.0.0.1 */
#define FRAMES_PEER 0x0a000002u
extern const struct eth_addr frames_our_mac, frames_peer_mac;

/*
 * The frame that a peer sends for `seg`, whose tuple is seen from our side, with payload bytes
 * 0, 1, 2, ... Returns its length.
 */
uint32_t frames_tcp(uint8_t frame[FRAMES_MAX], const struct seg *seg);

/* Puts both checksums right again after a change; the headers must still make sense. */
void frames_mend(uint8_t *frame);

/* The IP header's alone. */
void frames_mend_ip(uint8_t *frame);

/* An ICMP message of len bytes from the peer: type, code, 4 bytes of rest, then data. Returns its length. */
uint32_t frames_icmp(uint8_t frame[FRAMES_MAX], uint8_t type, uint8_t code, const void *data, uint32_t len);

/* A segment that a peer could send, at random: any flags that make sense, options and up to 1000 bytes. */
struct seg frames_random_seg(struct rng *rng);

#endif
