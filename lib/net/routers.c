/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/routers.h"

#include "base/clock.h"

/* RFC 4861 section 10 */
#define SOLICIT_NS (4 * CLOCK_NS_PER_S) /* RTR_SOLICITATION_INTERVAL */
#define SOLICITATIONS_MAX 3             /* MAX_RTR_SOLICITATIONS */
/* A link's routers answer one solicitation within half a second: enough for the four that are kept. */
#define NEW_PER_S 10
#define NEW_BURST 20

/* How good a place is, for the one in it; or, the other way round, for one who looks for a place. */
enum standing {
	FREE,
	SILENT,
	NEW, /* it has not answered yet */
	PROVEN,
};

void routers_init(struct routers *routers, bool learning, unsigned first)
{
	*routers = (struct routers){
		.learning = learning, .first = first, .solicit_ns = UINT64_MAX, .expiry_ns = UINT64_MAX
	};
	limit_init(&routers->limit, NEW_PER_S, NEW_BURST);
}

static enum standing standing(const struct routers *routers, const struct neigh *neigh, unsigned i)
{
	const struct router *router = &routers->list[i];

	if (address_is_none(router->address))
		return FREE;
	if (neigh->gateways_failed >> (routers->first + i) & 1)
		return SILENT;
	return eth_is_zero(&router->mac) ? NEW : PROVEN;
}

static struct router *find(struct routers *routers, struct weir_address address)
{
	for (unsigned i = 0; i < ROUTERS_MAX; i++)
		if (address_equal(routers->list[i].address, address))
			return &routers->list[i];
	return NULL;
}

static void set_expiry(struct routers *routers, struct router *router, uint64_t expires_ns)
{
	router->expires_ns = expires_ns;
	if (expires_ns < routers->expiry_ns)
		routers->expiry_ns = expires_ns;
}

/* No address: the place is free then. */
static void place(struct routers *routers, struct neigh *neigh, struct router *at,
		  struct weir_address address)
{
	if (!eth_is_zero(&at->mac))
		routers->former = *at;
	*at = (struct router){ .address = address };
	neigh_set_gateway(neigh, routers->first + (unsigned)(at - routers->list), address);
}

/* Is it there? The one who is known to have the address is asked, or else all are. */
static void ask(const struct routers *routers, struct neigh *neigh, struct weir_address address,
		uint64_t now_ns)
{
	if (!routers->asking)
		return;
	neigh_doubt(neigh, address, now_ns);
	neigh_ask(neigh, address, now_ns);
}

static bool is_former(const struct routers *routers, struct weir_address address, const struct eth_addr *mac)
{
	return address_equal(address, routers->former.address) && eth_equal(mac, &routers->former.mac);
}

static unsigned worst_place(const struct routers *routers, const struct neigh *neigh)
{
	unsigned worst = 0;

	for (unsigned i = 1; i < ROUTERS_MAX; i++)
		if (standing(routers, neigh, i) < standing(routers, neigh, worst))
			worst = i;
	return worst;
}

static verdict newcomer(struct routers *routers, struct neigh *neigh, struct weir_address source,
			const struct eth_addr *mac, uint64_t expires_ns, uint64_t now_ns)
{
	bool former = is_former(routers, source, mac);
	unsigned i = worst_place(routers, neigh);

	if (!former && !limit_take(&routers->limit, now_ns))
		return COUNT_drop_nd_limited;
	if (standing(routers, neigh, i) > (former ? NEW : SILENT))
		return COUNT_drop_nd_routers_full;
	place(routers, neigh, &routers->list[i], source);
	set_expiry(routers, &routers->list[i], expires_ns);
	ask(routers, neigh, source, now_ns);
	return ACCEPTED;
}

/*
 * RFC 4861 section 6.3.4 would have a lifetime of 0 end it, which anybody can send. A router that ceased to
 * be one says so when asked (6.2.5 and 7.2.5); while it says that it is one, it forwards.
 */
static void renew(struct routers *routers, struct neigh *neigh, struct router *router, uint64_t expires_ns,
		  uint64_t now_ns)
{
	bool sooner = expires_ns < router->expires_ns;

	if (!sooner)
		set_expiry(routers, router, expires_ns);
	/* It can speak to us; can we reach it? */
	if (sooner || standing(routers, neigh, (unsigned)(router - routers->list)) != PROVEN)
		ask(routers, neigh, router->address, now_ns);
}

verdict routers_input(struct routers *routers, struct neigh *neigh, struct weir_address source,
		      const struct eth_addr *mac, uint16_t lifetime_s, uint64_t now_ns)
{
	uint64_t expires_ns = now_ns + lifetime_s * CLOCK_NS_PER_S;
	struct router *known = find(routers, source);

	if (!routers->learning)
		return COUNT_drop_nd_router;
	if (known == NULL)
		return lifetime_s == 0 ? ACCEPTED : newcomer(routers, neigh, source, mac, expires_ns, now_ns);
	renew(routers, neigh, known, expires_ns, now_ns);
	return ACCEPTED;
}

void routers_answered(struct routers *routers, struct neigh *neigh, struct weir_address address,
		      const struct eth_addr *mac, bool is_router)
{
	struct router *router = find(routers, address);

	if (router == NULL)
		return;
	router->mac = *mac;
	if (!is_router)
		place(routers, neigh, router, (struct weir_address){ 0 });
}

static void solicit(struct routers *routers, uint64_t now_ns)
{
	if (routers->solicitations == SOLICITATIONS_MAX) {
		routers->solicit_ns = UINT64_MAX;
		return;
	}
	routers->solicitations++;
	routers->solicitation_due = true;
	routers->may_ask_ns = now_ns + SOLICIT_NS;
	routers->solicit_ns = routers->may_ask_ns;
}

/* Three times from now on, but never more than one in four seconds. */
static void seek(struct routers *routers, uint64_t now_ns)
{
	if (!routers->learning || !routers->asking)
		return;
	routers->solicitations = 0;
	routers->solicit_ns = routers->may_ask_ns;
	if (now_ns >= routers->solicit_ns)
		solicit(routers, now_ns);
}

void routers_start(struct routers *routers, struct neigh *neigh, uint64_t now_ns)
{
	bool any = false;

	routers->asking = true;
	for (unsigned i = 0; i < ROUTERS_MAX; i++) {
		if (standing(routers, neigh, i) == FREE)
			continue;
		ask(routers, neigh, routers->list[i].address, now_ns);
		any = true;
	}
	if (!any)
		seek(routers, now_ns);
}

static void expire(struct routers *routers, struct neigh *neigh, uint64_t now_ns)
{
	routers->expiry_ns = UINT64_MAX;
	for (unsigned i = 0; i < ROUTERS_MAX; i++) {
		struct router *router = &routers->list[i];

		if (standing(routers, neigh, i) == FREE)
			continue;
		if (router->expires_ns <= now_ns)
			place(routers, neigh, router, (struct weir_address){ 0 });
		else if (router->expires_ns < routers->expiry_ns)
			routers->expiry_ns = router->expires_ns;
	}
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

/*
 * RFC 4861 section 6.3.6: the one in use, unless another stands better; where all are silent, one after the
 * other, so that each is asked again.
 */
struct weir_address routers_choose(struct routers *routers, const struct neigh *neigh, uint64_t now_ns)
{
	unsigned best = routers->chosen;

	for (unsigned n = 1; n < ROUTERS_MAX; n++) {
		unsigned i = (routers->chosen + n) % ROUTERS_MAX;
		enum standing its = standing(routers, neigh, i), bests = standing(routers, neigh, best);

		if (its > bests || (its == SILENT && bests == SILENT && best == routers->chosen))
			best = i;
	}
	bool found = standing(routers, neigh, best) > SILENT;

	if (found)
		routers->solicit_ns = UINT64_MAX; /* section 6.3.7 */
	else if (routers->found)
		seek(routers, now_ns);
	routers->found = found;
	routers->chosen = best;
	return routers->list[best].address;
}
