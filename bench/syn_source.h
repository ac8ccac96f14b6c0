/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn_source.h - the SYNs of an attacker with forged addresses, no two alike.
 *
 * Each is the first SYN of a Linux host (74 bytes: MSS, SACK-permitted, timestamps, window scale), with
 * right checksums, from an address in 10/8. Only four words differ from frame to frame: one template is
 * copied and patched, and its checksums are carried on from the sum of the rest. A generator that runs
 * through all 64-bit values before it repeats one gives those words; an array of frames made before would
 * have to be read from memory at a cost like that of writing them, and would repeat itself.
 *
 * One thread.
 */
#ifndef WEIR_BENCH_SYN_SOURCE_H
#define WEIR_BENCH_SYN_SOURCE_H

#include <stdint.h>

#include "base/rng.h"
#include "wire/eth.h"

#define SYN_SOURCE_BYTES 74

struct syn_source {
	uint8_t frame[SYN_SOURCE_BYTES]; /* the words that differ are 0 */
	uint64_t ip_sum, tcp_sum;
	struct rng rng;
};

/* to, from: of the frame. address, port: who is attacked. */
void syn_source_init(struct syn_source *source, const struct eth_addr *to, const struct eth_addr *from,
		     uint32_t address, uint16_t port, uint64_t seed);

/* The next one, SYN_SOURCE_BYTES of it. */
void syn_source_write(struct syn_source *source, uint8_t *frame);

#endif
