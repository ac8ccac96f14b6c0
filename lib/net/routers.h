/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * routers.h - what router advertisements say of an IPv6 link (RFC 4861 sections 4.2, 6.3): default routers, prefixes on
 * link, the link's MTU. Only where no gateway6 is configured, and advertisements are not refused.
 *
 * Anybody on the link can forge one. So:
 *   - a router that is in use stays so until it goes silent, takes itself back or its lifetime ends. It does not matter
 *     who came later, nor what preference (RFC 4191) he gives himself;
 *   - at most four are kept. A new one takes the place of one that went silent, else none;
 *   - a new one is asked for at once: who has the address answers, and who does not has gone silent three seconds later;
 *   - new ones have a limit per second, known ones have none; prefixes are eight in all;
 *   - one that is known speaks from the MAC address that it is known by, or is asked (neigh.h). Who balances load over
 *     several by leaving out the option must be configured as gateway6;
 *   - prefixes shorter than /64 are not believed: ::/0 would put the world on link. Addresses are configured, so that
 *     the A flag means nothing here.
 *
 * Routers are asked for up to three times, four seconds apart, until one has answered (section 6.3.7). Retransmission
 * and reachable times stay those of RFC 4861.
 *
 * Pure; time is an argument. One thread.
 */
#ifndef WEIR_NET_ROUTERS_H
#define WEIR_NET_ROUTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/limit.h"
#include "net/neigh.h"
#include "wire/nd.h"

#define ROUTERS_MAX 4
#define ROUTERS_PREFIXES_MAX 8

struct router {
	struct weir_address address; /* link-local; none: a free place */
	uint64_t expires_ns;
};

struct router_prefix {
	struct weir_address subnet, mask; /* on link: address & mask == subnet */
	uint64_t expires_ns;              /* UINT64_MAX: never */
};

struct routers {
	bool learning;
	bool solicitation_due;
	uint8_t solicitations; /* sent */
	uint8_t hop_limit;     /* that they recommend; 0: none. Options say what is used */
	uint16_t mtu_max;      /* the configured one */
	uint16_t mtu;          /* of the link as they say, 1280..mtu_max; 0: they do not */
	unsigned chosen;       /* in list[] */
	unsigned first;        /* of their places among neigh's gateways */
	struct limit limit;
	uint64_t solicit_ns; /* when to ask next; UINT64_MAX: no more */
	uint64_t expiry_ns;  /* of router or prefix, the first */
	struct router list[ROUTERS_MAX];
	unsigned prefixes_count;
	struct router_prefix prefixes[ROUTERS_PREFIXES_MAX];
};

/* Places first..first + ROUTERS_MAX - 1 of neigh's gateways are its own, if it is learning. */
void routers_init(struct routers *routers, bool learning, uint16_t mtu_max, unsigned first);

/* Our addresses may be used: ask who routes, if nobody is known to. */
void routers_solicit(struct routers *routers, uint64_t now_ns);

/*
 * Takes in an advertisement that nd_parse() accepted. ACCEPTED, or drop_nd_router, _routers_full, _limited.
 * routers_choose() afterwards.
 */
verdict routers_input(struct routers *routers, struct neigh *neigh, struct weir_address source,
		      const struct nd *nd, uint64_t now_ns);

/* It is no router any more (RFC 4861 section 7.2.5). */
void routers_remove(struct routers *routers, struct neigh *neigh, struct weir_address address);

/* Whether routers or prefixes went. */
bool routers_advance(struct routers *routers, struct neigh *neigh, uint64_t now_ns);

/* The default router, or none: the one that was it before unless it went or fell silent. */
struct weir_address routers_choose(struct routers *routers, const struct neigh *neigh);

/* When routers_advance() is due; UINT64_MAX: never. */
static inline uint64_t routers_next_deadline(const struct routers *routers)
{
	return routers->expiry_ns < routers->solicit_ns ? routers->expiry_ns : routers->solicit_ns;
}

static inline bool routers_on_link(const struct routers *routers, struct weir_address address)
{
	for (unsigned i = 0; i < routers->prefixes_count; i++)
		if (address_equal(address_and(address, routers->prefixes[i].mask),
				  routers->prefixes[i].subnet))
			return true;
	return false;
}

#endif
