/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * paws.h - a TS.Recent that is too old to be believed (RFC 7323 section 5.5).
 *
 * The clock of a peer's timestamps may go round by half within 24.8 days. If nothing was heard for so long,
 * TS.Recent seems to lie ahead of all that comes, and PAWS would refuse it for ever. So one that has stood
 * still for 24 days is no longer believed.
 *
 * A time beside TS.Recent would cost four bytes of each record and a store for each segment; a timer for each
 * idle connection would cost them all. Instead a sweep looks at a few records in each round and comes to each
 * of them five times a day. A record whose timer rests has its deadline to spare: the sweep notes there when
 * it came by, in the upper 8 bits of the tick, and 24 bits by which it knows TS.Recent again. If they do not
 * fit any more when it comes back, it begins anew. (A connection whose timer does not rest is heard of: each
 * timer ends in an ACK, or in the end.) It is looked up only when PAWS is about to refuse a segment.
 *
 * The shard must be looked at a few times a day for it; the loop does that a million times a second.
 */
#ifndef WEIR_TCP_PAWS_H
#define WEIR_TCP_PAWS_H

#include "tcp/tcp_pvt.h"

/* TS.Recent has stood still for 24 days: what PAWS is about to refuse may be new. */
bool paws_outdated(const struct tcp *tcp, const struct tcb *tcb);

/* Looks at some more records. */
void paws_sweep(struct tcp *tcp);

static inline bool paws_sweep_due(const struct tcp *tcp)
{
	return seq_ge(tcp->tick, tcp->paws_due);
}

#endif
