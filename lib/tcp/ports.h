/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports.h - local ports for opens: RFC 6056 algorithm 4, double-hash port selection.
 *
 * Where the search begins for a destination depends on a secret, and a counter that only its own bucket of
 * destinations moves: neighbours in time tell nothing about each other, and one destination's ports are
 * used in turn, which keeps them away from TIME-WAIT the longest.
 *
 * Of several shards of a port each chooses only ports that make a connection its own (wire/rss.h). The
 * numbers then count these, in an order of their own, and all else is the same: who knows the port's key can
 * tell whose a port would be, and no more of where a search begins than that.
 */
#ifndef WEIR_TCP_PORTS_H
#define WEIR_TCP_PORTS_H

#include "tcp/tcp_pvt.h"

/*
 * Of the claim its pair and tuple.rport are given. Chooses a port that makes the tuple free, or one whose
 * TIME-WAIT may be reused, and fills in the rest. 0, or -EADDRNOTAVAIL after PORTS_TRIES: the next call goes
 * on from there.
 */
#define PORTS_TRIES 1024
int ports_choose(struct tcp *tcp, struct claim *claim);

/*
 * Opens to `remote` from these addresses of its family, n <= PORTS_EXPECTED, are likely to be the next ones,
 * in this order: their ports are chosen, hashes and initial numbers computed at once, and places in the table
 * fetched, so that opening costs no wait for memory. Whether they come is open; what was expected before is
 * forgotten.
 */
void ports_expect(struct tcp *tcp, const struct weir_address *locals, unsigned n,
		  struct weir_endpoint remote);

/*
 * The claim of the next of these, of which there must be one, as ports_choose() leaves it; until the next
 * call. Has another port if somebody else has its tuple, and the others stay expected. NULL: none is free.
 */
const struct claim *ports_next(struct tcp *tcp);

/*
 * With several shards: whether what answers an open from that tuple comes to this one. Where a port that is
 * listened on keeps what lands (WEIR_RSS_FLOW, WEIR_RSS_TOEPLITZ), none can be opened from it.
 */
bool ports_lead_here(const struct tcp *tcp, const struct tuple *tuple, const struct pair *pair);

/* Whether some are still expected. */
static inline bool ports_expected(const struct tcp *tcp)
{
	return tcp->expected_next < tcp->expected_count;
}

#endif
