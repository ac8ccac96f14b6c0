/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports.h - local ports for opens: RFC 6056 algorithm 4, double-hash port selection.
 *
 * Where the search begins for a destination depends on a secret, and a counter that only its own bucket of
 * destinations moves: neighbours in time tell nothing about each other, and one destination's ports are
 * used in turn, which keeps them away from TIME-WAIT the longest.
 */
#ifndef WEIR_TCP_PORTS_H
#define WEIR_TCP_PORTS_H

#include "tcp/tcp_pvt.h"

/*
 * Fills tuple->lport with a port that makes the tuple free, or one whose TIME-WAIT may be reused; *found
 * is then that record, otherwise REF_NONE; *hash is the tuple's. 0, or -EADDRNOTAVAIL after PORTS_TRIES: the next call goes on
 * from there.
 */
#define PORTS_TRIES 1024
int ports_choose(struct tcp *tcp, struct tuple *tuple, uint64_t *hash, ref *found);

#endif
