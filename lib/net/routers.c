/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/routers.h"

#include "base/clock.h"

/* RFC 4861 section 10 */
#define SOLICIT_NS (4 * CLOCK_NS_PER_S) /* RTR_SOLICITATION_INTERVAL */
#define SOLICITATIONS_MAX 3             /* MAX_RTR_SOLICITATIONS */
#define MTU_MIN 1280                    /* RFC 8200 section 5 */
#define PREFIX_LEN_MIN 64
/* A link's routers answer one solicitation within half a second: enough for the four that are kept, and their prefixes. */
#define NEW_PER_S 10
#define NEW_BURST 20

void routers_init(struct routers *routers, bool learning, uint16_t mtu_max, unsigned first)
{
	*routers = (struct routers){ .learning = learning,
				     .mtu_max = mtu_max,
				     .first = first,
				     .solicit_ns = UINT64_MAX,
				     .expiry_ns = UINT64_MAX };
	limit_init(&routers->limit, NEW_PER_S, NEW_BURST);
}

static bool is_free(const struct router *router)
{
	return address_is_none(router->address);
}

static bool has_failed(const struct routers *routers, const struct neigh *neigh, unsigned i)
{
	return neigh->gateways_failed >> (routers->first + i) & 1;
}

static void place(struct routers *routers, struct neigh *neigh, unsigned i, struct router router)
{
	routers->list[i] = router;
	neigh_set_gateway(neigh, routers->first + i, router.address);
	if (router.expires_ns < routers->expiry_ns)
		routers->expiry_ns = router.expires_ns;
}

static struct router *find(struct routers *routers, struct weir_address address)
{
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		if (address_equal(routers->list[i].address, address))
			return &routers->list[i];
	return NULL;
}

/* A place for one more: a free one, else that of one that went silent. ROUTERS_MAX: there is none. */
static unsigned vacancy(const struct routers *routers, const struct neigh *neigh)
{
	unsigned silent = ROUTERS_MAX;

	for (unsigned i = 0; i < ROUTERS_MAX; i++) {
		if (is_free(&routers->list[i]))
			return i;
		if (silent == ROUTERS_MAX && has_failed(routers, neigh, i))
			silent = i;
	}
	return silent;
}

void routers_remove(struct routers *routers, struct neigh *neigh, struct weir_address address)
{
	struct router *router = find(routers, address);

	if (router != NULL)
		place(routers, neigh, (unsigned)(router - routers->list),
		      (struct router){ .expires_ns = UINT64_MAX });
}

/* A router that wants to be used. */
static verdict router_input(struct routers *routers, struct neigh *neigh, struct router router,
			    uint64_t now_ns)
{
	struct router *known = find(routers, router.address);
	unsigned i = known != NULL ? (unsigned)(known - routers->list) : vacancy(routers, neigh);

	if (i == ROUTERS_MAX)
		return COUNT_drop_nd_routers_full;
	if (known == NULL) {
		place(routers, neigh, i, router);
		neigh_ask(neigh, router.address, now_ns);
		return ACCEPTED;
	}
	known->expires_ns = router.expires_ns;
	if (router.expires_ns < routers->expiry_ns)
		routers->expiry_ns = router.expires_ns;
	/* It can speak to us; can we reach it again? */
	if (has_failed(routers, neigh, i))
		neigh_ask(neigh, router.address, now_ns);
	return ACCEPTED;
}

static struct router_prefix *find_prefix(struct routers *routers, const struct router_prefix *prefix)
{
	for (unsigned i = 0; i < routers->prefixes_count; i++)
		if (address_equal(routers->prefixes[i].subnet, prefix->subnet) &&
		    address_equal(routers->prefixes[i].mask, prefix->mask))
			return &routers->prefixes[i];
	return NULL;
}

/* RFC 4861 section 6.3.4: L set says on link; L clear says nothing, not that it is off. */
static void prefix_input(struct routers *routers, const struct nd_prefix *said, uint64_t now_ns)
{
	struct router_prefix prefix = { .subnet = said->prefix, .mask = address_mask(said->len) };

	if (!said->on_link || said->len < PREFIX_LEN_MIN || address_is_link_local(said->prefix) ||
	    !address_is_host(said->prefix) || weir_is_ipv4(said->prefix))
		return;
	prefix.expires_ns = said->valid_s == UINT32_MAX ? UINT64_MAX :
							  now_ns + said->valid_s * CLOCK_NS_PER_S;
	struct router_prefix *known = find_prefix(routers, &prefix);

	if (known == NULL) {
		if (said->valid_s == 0 || routers->prefixes_count == ROUTERS_PREFIXES_MAX)
			return;
		known = &routers->prefixes[routers->prefixes_count++];
	}
	*known = prefix;
	if (prefix.expires_ns < routers->expiry_ns)
		routers->expiry_ns = prefix.expires_ns;
}

verdict routers_input(struct routers *routers, struct neigh *neigh, struct weir_address source,
		      const struct nd *nd, uint64_t now_ns)
{
	bool known = find(routers, source) != NULL;
	verdict v = ACCEPTED;

	if (!routers->learning)
		return COUNT_drop_nd_router;
	if (!known && !limit_take(&routers->limit, now_ns))
		return COUNT_drop_nd_limited;
	if (nd->lifetime_s == 0)
		routers_remove(routers, neigh, source);
	else
		v = router_input(routers, neigh,
				 (struct router){ source, now_ns + nd->lifetime_s * CLOCK_NS_PER_S }, now_ns);
	if (v != ACCEPTED)
		return v;
	if (nd->lifetime_s != 0)
		routers->solicit_ns = UINT64_MAX; /* section 6.3.7 */
	if (nd->hop_limit != 0)
		routers->hop_limit = nd->hop_limit;
	if (nd->mtu >= MTU_MIN && nd->mtu <= routers->mtu_max)
		routers->mtu = (uint16_t)nd->mtu;
	for (unsigned i = 0; i < nd->prefixes_count; i++)
		prefix_input(routers, &nd->prefixes[i], now_ns);
	return ACCEPTED;
}

void routers_solicit(struct routers *routers, uint64_t now_ns)
{
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		if (!is_free(&routers->list[i]))
			return;
	if (routers->learning)
		routers->solicit_ns = now_ns;
}

static void solicit(struct routers *routers, uint64_t now_ns)
{
	if (routers->solicitations == SOLICITATIONS_MAX) {
		routers->solicit_ns = UINT64_MAX;
		return;
	}
	routers->solicitations++;
	routers->solicitation_due = true;
	routers->solicit_ns = now_ns + SOLICIT_NS;
}

static void expire(struct routers *routers, struct neigh *neigh, uint64_t now_ns)
{
	unsigned kept = 0;

	routers->expiry_ns = UINT64_MAX;
	for (unsigned i = 0; i < ROUTERS_MAX; i++) {
		const struct router *router = &routers->list[i];

		if (is_free(router))
			continue;
		if (router->expires_ns <= now_ns)
			routers_remove(routers, neigh, router->address);
		else if (router->expires_ns < routers->expiry_ns)
			routers->expiry_ns = router->expires_ns;
	}
	for (unsigned i = 0; i < routers->prefixes_count; i++) {
		if (routers->prefixes[i].expires_ns <= now_ns)
			continue;
		routers->prefixes[kept] = routers->prefixes[i];
		if (routers->prefixes[kept].expires_ns < routers->expiry_ns)
			routers->expiry_ns = routers->prefixes[kept].expires_ns;
		kept++;
	}
	routers->prefixes_count = kept;
}

bool routers_advance(struct routers *routers, struct neigh *neigh, uint64_t now_ns)
{
	if (now_ns >= routers->solicit_ns)
		solicit(routers, now_ns);
	if (now_ns < routers->expiry_ns)
		return false;
	expire(routers, neigh, now_ns);
	return true;
}

/* RFC 4861 section 6.3.6: one that may be reachable; where none is, one after the other, so that each is asked again. */
struct weir_address routers_choose(struct routers *routers, const struct neigh *neigh)
{
	unsigned fallback = ROUTERS_MAX;

	for (unsigned n = 0; n < ROUTERS_MAX; n++) {
		unsigned i = (routers->chosen + n) % ROUTERS_MAX;

		if (is_free(&routers->list[i]))
			continue;
		if (!has_failed(routers, neigh, i)) {
			routers->chosen = i;
			return routers->list[i].address;
		}
		if (fallback == ROUTERS_MAX || fallback == routers->chosen)
			fallback = i;
	}
	if (fallback == ROUTERS_MAX)
		return (struct weir_address){ 0 };
	routers->chosen = fallback;
	return routers->list[fallback].address;
}
