/* SPDX-License-Identifier: BSD-3-Clause */
/* stream_check.h - one connection's streams, by its hot record: a part of invariants.h. */
#ifndef WEIR_TESTS_FUZZ_STREAM_CHECK_H
#define WEIR_TESTS_FUZZ_STREAM_CHECK_H

#include "fuzz/ledger.h"
#include "fuzz/shard.h"

/* Claims what hangs on the connection, and adds the payload buffers in it. */
void stream_check(struct shard *shard, const struct tcb *tcb, struct ledgers *ledgers, uint64_t *buffers);

#endif
