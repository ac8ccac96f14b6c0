/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bare_loop.h - the least that a program does to move the packets of connections over a wire in memory:
 * allocate, write, checksum, send, receive, verify, free. It knows no connection. What weir takes more is
 * the price of TCP.
 *
 * The packets are those of bare_packet.h, in bursts, each over the same kind of port that weir uses, by the
 * same hands: the metadata of what is received is cleared.
 */
#ifndef WEIR_BENCH_BARE_LOOP_H
#define WEIR_BENCH_BARE_LOOP_H

#include <stdint.h>

#include "bare_packet.h"

struct bare_loop;

/*
 * For lives of so many packets, at least those of bare_packet.h; what is more is an ACK of the first end's.
 * NULL after a note that says why.
 */
struct bare_loop *bare_loop_create(unsigned packets);
void bare_loop_destroy(struct bare_loop *loop);

/*
 * Moves packets for about `cycles` cycles of the time-stamp counter. Returns the cycles that the
 * packets of a life took, or 0 after a note when a packet did not arrive as it was sent.
 */
double bare_loop_run(struct bare_loop *loop, uint64_t cycles);

#endif
