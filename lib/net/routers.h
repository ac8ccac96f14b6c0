/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * routers.h - the default routers of an IPv6 link, as they advertise themselves (RFC 4861 sections 4.2, 6.3).
 * Only where no gateway6 is configured, and advertisements are not refused. Of an advertisement the lifetime
 * alone counts: which addresses are ours, what is on link and the MTU are configured.
 *
 * Anybody on the link can forge one. So:
 *   - an advertisement makes nobody go, nor sooner: a lifetime that is 0, or ends before the one that is
 *     known, only makes the router asked. It stays while it answers as a router; it goes when it answers as
 *     none (section 7.2.5), gives way to others when it is silent, and ends with its lifetime;
 *   - one that has answered goes before one that has not, and the one in use before others of its standing.
 *     It does not matter who came later, nor what preference (RFC 4191) he gives himself;
 *   - at most four are kept. A new one takes the place of one that went silent, else none;
 *   - a new one is asked at once: who has the address answers,
 *     and who does not has gone silent three seconds later;
 *   - new ones have a limit per second, known ones have none. Nor has the last one that had answered and lost
 *     its place: from its own MAC address it comes back in place of any that has not answered;
 *   - one that is known speaks from the MAC address that it is known by, or is asked (neigh.h). Who balances
 *     load over several by leaving out the option must be configured as gateway6.
 *
 * Routers are asked for up to three times, four seconds apart, until one has answered (section 6.3.7), and
 * again when none is left or answers any more. Retransmission and reachable times stay those of RFC 4861.
 *
 * Pure; time is an argument. One thread.
 */
#ifndef WEIR_NET_ROUTERS_H
#define WEIR_NET_ROUTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/counters.h"
#include "base/limit.h"
#include "net/neigh.h"
#include "wire/eth.h"

#define ROUTERS_MAX 4

struct router {
	struct weir_address address; /* link-local; none: a free place */
	uint64_t expires_ns;
	struct eth_addr mac; /* where it answered; zero: it has not yet */
};

struct routers {
	bool learning;
	bool asking; /* our addresses may be used */
	bool found;  /* one was there that is not known to be silent */
	bool solicitation_due;
	uint8_t solicitations; /* sent, of these three */
	unsigned chosen;       /* in list[] */
	unsigned first;        /* of their places among neigh's gateways */
	struct limit limit;
	uint64_t solicit_ns;  /* when to ask next; UINT64_MAX: no more */
	uint64_t may_ask_ns;  /* not before */
	uint64_t expiry_ns;   /* the first */
	struct router former; /* the last one that had answered and lost its place */
	struct router list[ROUTERS_MAX];
};

/* Places first..first + ROUTERS_MAX - 1 of neigh's gateways are its own, if it is learning. */
void routers_init(struct routers *routers, bool learning, unsigned first);

/* Our addresses may be used: ask those who have spoken meanwhile whether they are there, or who routes. */
void routers_start(struct routers *routers, struct neigh *neigh, uint64_t now_ns);

/*
 * Takes in an advertisement: `source` at `mac` is a default router for so long. ACCEPTED, or drop_nd_router,
 * _routers_full, _limited. routers_choose() afterwards.
 */
verdict routers_input(struct routers *routers, struct neigh *neigh, struct weir_address source,
		      const struct eth_addr *mac, uint16_t lifetime_s, uint64_t now_ns);

/*
 * It was asked and has answered, as a router or as none any more (section 7.2.5).
 * routers_choose() afterwards.
 */
void routers_answered(struct routers *routers, struct neigh *neigh, struct weir_address address,
		      const struct eth_addr *mac, bool is_router);

/* Whether routers went. */
bool routers_advance(struct routers *routers, struct neigh *neigh, uint64_t now_ns);

/* The default router, or none. */
struct weir_address routers_choose(struct routers *routers, const struct neigh *neigh, uint64_t now_ns);

/* When routers_advance() is due; UINT64_MAX: never. */
static inline uint64_t routers_next_deadline(const struct routers *routers)
{
	return routers->expiry_ns < routers->solicit_ns ? routers->expiry_ns : routers->solicit_ns;
}

#endif
