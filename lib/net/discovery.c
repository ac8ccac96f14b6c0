/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of IPv6 neighbour discovery that came
 * in (RFC 4861 sections 6.3.4, 7.2.3, 7.2.5; RFC 4862 section 5.4).
 *
 * Two SHOULDs are left out for the sake of the table. Who asks for us gets no entry by it (section 7.2.3):
 * one who scans, or forges whom it asks as, would fill the table; to answer him no entry is needed, and
 * whoever is then talked to is asked. Nor does a router that advertises itself (6.3.4), until it is one of
 * those that are kept.
 */
#include "net/net.h"

/* Our answer, to the one who asked; who has no address yet can only be told together with all. */
static struct nd_out advertisement_to(const struct net *net, const struct ip_hdr *ip, const struct nd *asked,
				      const struct eth_addr *mac)
{
	bool unspecified = address_is_none(ip->src);
	struct nd_out out = { .src = asked->target,
			      .dst = unspecified ? nd_all_nodes() : ip->src,
			      .nd = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
				      .flags = ND_OVERRIDE | (unspecified ? 0 : ND_SOLICITED),
				      .target = asked->target,
				      .has_mac = true,
				      .mac = net->mac } };

	if (unspecified)
		out.mac = nd_group_mac(out.dst);
	else
		out.mac = asked->has_mac ? asked->mac : *mac;
	return out;
}

/* All of them are his, then, for all that we do. */
static verdict duplicate(struct net *net)
{
	dad_duplicate(&net->dad);
	mld_stop(&net->mld);
	return ACCEPTED;
}

/* Somebody looks for an address that we are about to take: as a neighbour would, or to take it himself. */
static verdict tentative_solicited(struct net *net, const struct ip_hdr *ip, const struct nd *nd)
{
	if (!address_is_none(ip->src))
		return COUNT_drop_ip_tentative;
	if (nd->has_nonce && nd->nonce == net->dad.nonce)
		return COUNT_drop_nd_own;
	return duplicate(net);
}

static verdict solicitation(struct net *net, const struct ip_hdr *ip, const struct nd *nd,
			    const struct eth_addr *mac, uint64_t now_ns, struct net_answer *answer)
{
	answer->about_us = addrs_local(&net->addrs, nd->target);
	if (!answer->about_us)
		return COUNT_drop_nd_other;
	if (addrs_local(&net->addrs, ip->src))
		return COUNT_drop_nd_conflict;
	if (net->tentative)
		return tentative_solicited(net, ip, nd);
	if (nd->has_mac)
		neigh_learn(&net->neigh, ip->src, &nd->mac, NEIGH_OVERRIDE, now_ns);
	answer->nd = advertisement_to(net, ip, nd, mac);
	answer->due = true;
	return ACCEPTED;
}

static unsigned news_of(const struct nd *nd)
{
	return (nd->flags & ND_SOLICITED ? NEIGH_SOLICITED : 0) |
	       (nd->flags & ND_OVERRIDE ? NEIGH_OVERRIDE : 0) | (nd->has_mac ? 0 : NEIGH_NO_MAC);
}

static verdict advertisement(struct net *net, const struct ip_hdr *ip, const struct nd *nd,
			     const struct eth_addr *mac, uint64_t now_ns, struct net_answer *answer)
{
	const struct eth_addr *from = nd->has_mac ? &nd->mac : mac;
	bool ours = addrs_local(&net->addrs, nd->target);

	answer->about_us = ours || addrs_local(&net->addrs, ip->dst);
	if (ours && !net->tentative)
		return COUNT_drop_nd_conflict;
	if (ours)
		return duplicate(net);
	switch (neigh_learn(&net->neigh, nd->target, from, news_of(nd), now_ns)) {
	case NEIGH_UNKNOWN:
		/* An announcement to all, which is news to nobody here; or said to us, who have not asked. */
		return answer->about_us ? COUNT_drop_nd_unasked : COUNT_frames_not_mine;
	case NEIGH_NOTED:
	case NEIGH_CLAIMED:
		break;
	case NEIGH_ANSWERED:
		/* Only from who was asked: else anybody could say so of a router. */
		routers_answered(&net->routers, &net->neigh, nd->target, from, nd->flags & ND_FROM_ROUTER);
		net_choose_router(net, now_ns);
		break;
	}
	answer->about_us = true;
	return ACCEPTED;
}

static verdict router_advertisement(struct net *net, const struct ip_hdr *ip, const struct nd *nd,
				    const struct eth_addr *mac, uint64_t now_ns)
{
	const struct eth_addr *from = nd->has_mac ? &nd->mac : mac;

	if (!net->routers.learning)
		return COUNT_drop_nd_router;
	if (addrs_local(&net->addrs, ip->src))
		return COUNT_drop_nd_conflict;
	if (neigh_learn(&net->neigh, ip->src, from, NEIGH_OVERRIDE, now_ns) == NEIGH_CLAIMED)
		return COUNT_drop_nd_claim;
	verdict v = routers_input(&net->routers, &net->neigh, ip->src, from, nd->lifetime_s, now_ns);

	net_choose_router(net, now_ns);
	return v;
}

/* Who shares our MAC address but has an address of its own is Linux's end of a TAP interface. */
bool net_nd_is_own(const struct net *net, const struct ip_hdr *ip, const struct eth_addr *mac)
{
	return eth_equal(mac, &net->mac) && (address_is_none(ip->src) || addrs_local(&net->addrs, ip->src));
}

verdict net_nd_input(struct net *net, const struct ip_hdr *ip, const uint8_t *message, uint32_t len,
		     const struct eth_addr *mac, uint64_t now_ns, struct net_answer *answer)
{
	struct nd nd;
	verdict v = nd_parse(ip, message, len, &nd);

	answer->due = false;
	answer->about_us = v != ACCEPTED;
	if (v != ACCEPTED)
		return v;
	if (net_nd_is_own(net, ip, mac))
		return COUNT_drop_nd_own;
	/* Answers go there, and it is what a message without the option says. */
	if (eth_is_zero(mac) || eth_is_group(mac))
		return COUNT_drop_nd_mac;
	switch (nd.type) {
	case ICMP6_NEIGHBOUR_SOLICITATION:
		return solicitation(net, ip, &nd, mac, now_ns, answer);
	case ICMP6_NEIGHBOUR_ADVERTISEMENT:
		return advertisement(net, ip, &nd, mac, now_ns, answer);
	case ICMP6_ROUTER_ADVERTISEMENT:
		return router_advertisement(net, ip, &nd, mac, now_ns);
	default:
		return COUNT_drop_nd_other; /* a host does not answer for a router */
	}
}
