/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bulk_loop.h - what bulk is compared with: the same bytes, copied in, copied out and verified, and nothing
 * else.
 *
 * In turns of a burst: 32 pieces, each as large as a segment's payload, are copied from the pattern into a
 * queue in memory that holds as many bytes as a connection's receive window; then 32 are copied out of it and
 * compared. No buffers are allocated, no headers written, no checksums made, and nothing waits.
 */
#ifndef WEIR_BENCH_BULK_LOOP_H
#define WEIR_BENCH_BULK_LOOP_H

#include <stdint.h>

#include "bulk_bytes.h"

/*
 * Runs for about so many cycles with pieces of this size. Cycles per byte; 0 after a note: a byte was wrong.
 */
double bulk_loop_run(struct bulk_bytes *bytes, uint32_t piece, uint64_t cycles);

#endif
