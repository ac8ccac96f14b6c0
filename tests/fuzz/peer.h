/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer.h - what a fuzzer's peers send to a shard.
 *
 * Segments are structured: they begin as what a well-behaved peer would send at this moment, which is read
 * from the shard's own records, and single fields are then off by a little, or anything at all. So a few
 * bytes lead deep, and every byte means something.
 */
#ifndef WEIR_TESTS_FUZZ_PEER_H
#define WEIR_TESTS_FUZZ_PEER_H

#include "fuzz/shard.h"
#include "wire/icmp.h"

/* The tuple of one of eight peers, by number; two of them speak IPv4 to whoever speaks both. */
struct tuple peer_tuple(const struct shard *shard, unsigned number, struct pair *pair);

/*
 * The next segment of the byte string, as the parser could give it; with its payload, a block of the heap's.
 */
void peer_segment(const struct shard *shard, struct bytes_in *in, uint32_t peer_isn, struct seg *seg,
		  struct seg_side *side);

/* An ICMP error about one of the connections, right or forged. */
struct icmp_error peer_icmp_error(const struct shard *shard, struct bytes_in *in);

#endif
