/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run.h - segments that go on with a stream one behind the other, and say nothing else: bulk data.
 *
 * What TCP asks of each segment it asks of a run once: whether it is in order and in the window, what it
 * acknowledges, what it leaves of the window, what the application and the peer should know. A run is never
 * longer than what each of its segments alone would have led to; the first that is not like the others ends
 * it, and goes the way that knows every case. Rejected: to merge segments before TCP sees them, as GRO does.
 * A larger segment that is refused is refused as a whole, and what was merged must be taken apart again where
 * TCP counts segments.
 */
#ifndef WEIR_TCP_RUN_H
#define WEIR_TCP_RUN_H

#include "tcp/tcp_pvt.h"

/*
 * segs[0] was accepted by this record, which may have ended with it. Takes in those right behind it that do
 * nothing but go on with its text, and returns how many: less than n.
 */
unsigned run_input(struct tcp *tcp, struct tcb *tcb, struct seg *segs, const struct seg_side *sides,
		   unsigned n);

/*
 * Writes full segments of new text, n at most, as far as `room` bytes, what is queued and the pools go; never
 * the queue's last one, which says so and may bring a FIN. For a connection with an extension that owes
 * nothing else: nothing is lost, being repaired, probed, or to be told besides. Returns how many.
 */
unsigned run_output(struct tcp *tcp, struct tcb *tcb, struct seg *segs, unsigned n, uint32_t room);

#endif
