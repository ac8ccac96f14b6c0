/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bulk_pair.h - one connection of weir's that carries bulk data, both ends on one core.
 *
 * The client copies the known bytes of bulk_bytes.h into weir by weir_send_copy(), a segment's payload at a
 * time, and keeps a window's worth queued. The server copies what arrives out of weir's buffers, and verifies
 * every byte.
 */
#ifndef WEIR_BENCH_BULK_PAIR_H
#define WEIR_BENCH_BULK_PAIR_H

#include <stdint.h>

#include "bulk_bytes.h"
#include "cable.h"
#include "end_pair.h"

struct bulk_pair {
	struct end_pair ends;
	struct bulk_bytes *bytes;
	weir_conn conn;
	bool asked, open;  /* for a connection */
	bool broken;       /* it ended, or a byte was wrong */
	uint32_t piece;    /* bytes of a segment's payload, once it is open */
	uint64_t sent;     /* bytes that weir has taken */
	uint64_t verified; /* bytes that came, and were right */
};

/* Over a wire in memory, or over the cable. 0 once bytes flow, or -1 after a note. */
int bulk_pair_open(struct bulk_pair *pair, struct bulk_bytes *bytes, const struct cable *cable);

void bulk_pair_run(struct bulk_pair *pair, uint64_t ns);

/* Was every byte right, and no more segments sent than bytes ask for? False after a note. */
bool bulk_pair_is_clean(const struct bulk_pair *pair);

/* 0, or -1 after a note. */
int bulk_pair_close(struct bulk_pair *pair);

#endif
