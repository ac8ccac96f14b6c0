/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stand.h - a core on a test stand: frames go in as bytes and come out as bytes, and nothing else is there.
 *
 * The core is FRAMES_OURS/24 with the gateway 10.0.0.254, or fd99::1/64 with fd99::fe; the peer of
 * support/frames.h is its neighbour.
 * Criterion runs each test in a process of its own, so the stand is global.
 */
#ifndef WEIR_TESTS_STAND_H
#define WEIR_TESTS_STAND_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/counters.h"
#include "support/frames.h"
#include "weir.h"
#include "wire/arp.h"
#include "wire/nd.h"

#define STAND_GATEWAY 0x0a0000feu
#define STAND_POOL 2047
#define STAND_BURST 128

struct stand {
	struct weir_config config; /* may be changed before stand_up() */
	struct weir_core *core;
	struct rte_mempool *pool;
	uint64_t now_ns;
	bool is6;     /* which family frames are of; by stand_family() */
	uint16_t tag; /* VLAN tag that the peer's frames have, and ours must; 0: none */
};

extern struct stand stand;

/* A suite's .init: EAL, a pool and the default configuration. */
void stand_init(void);
void stand_up(void);

/*
 * Before stand_up(): the core has addresses of this family alone,
 * and nobody is asked whether they are its own.
 */
void stand_family(bool is6);

/* A test of each family, from one source: NAME_ipv4 and NAME_ipv6. */
#define STAND_BOTH(SUITE, NAME)      \
	static void NAME(void);      \
	Test(SUITE, NAME##_ipv4)     \
	{                            \
		stand_family(false); \
		NAME();              \
	}                            \
	Test(SUITE, NAME##_ipv6)     \
	{                            \
		stand_family(true);  \
		NAME();              \
	}                            \
	static void NAME(void)

/*
 * Ends a test: nothing may be held any longer, by the core's own count and by the pool's. To be called by
 * each test itself: Criterion does not count what fails in a .fini.
 */
void stand_down(void);

/* A frame in one buffer, or its first bytes in one and the rest in others of `part` bytes. */
struct rte_mbuf *stand_frame(const void *bytes, uint32_t len);
struct rte_mbuf *stand_chain(const void *bytes, uint32_t len, uint32_t first, uint32_t part);

/* One frame in, which the core must look at. Without verdicts. */
void stand_give_mbuf(struct rte_mbuf *m);
void stand_give(const void *bytes, uint32_t len);
void stand_give_seg(const struct seg *seg);
void stand_give_arp(const struct eth_addr *dst, const struct arp *arp);

/* A message of neighbour discovery from the peer, whose addresses and frame are as `out` says. */
void stand_give_nd(const struct nd_out *out);

/* The same by somebody who wants it back if it is not the core's. */
enum weir_verdict stand_offer(const void *bytes, uint32_t len);

/* Lets time pass without a frame. */
void stand_pass(uint64_t ns);

/* The next frame out, as bytes; its length, 0: there is none. */
uint32_t stand_take(uint8_t frame[FRAMES_MAX]);
struct rte_mbuf *stand_take_mbuf(void);

/* The same of a frame from a burst: its checksums are made as the port was told to, and it is freed. */
uint32_t stand_read(struct rte_mbuf *m, uint8_t frame[FRAMES_MAX]);

/* The next frame, which must be a TCP segment with right checksums, as its receiver reads it. */
struct seg stand_take_seg(uint8_t frame[FRAMES_MAX], uint32_t *headers);
struct seg stand_parse_seg(uint8_t *frame, uint32_t len, uint32_t *headers);

/* Frees all that is to go out; how many frames that was. */
unsigned stand_drain(void);

/* Answers the ARP request or solicitation that is to go out next, and no frame may go before. */
void stand_meet_peer(void);

/* Answers that one, which was taken. */
void stand_answer_peer(uint8_t *frame, uint32_t len);

/* A listener on port 80 and a connection to it from the peer's port 1234, which saw `*peer`'s numbers. */
weir_conn stand_accept(struct seg *peer);

uint64_t stand_count(enum counter id);

#endif
