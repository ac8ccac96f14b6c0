/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/net.h"

#include <errno.h>

/* Echo replies per second: enough for ping -f, too few to be worth bouncing a flood off. */
#define ECHO_PER_S 1000
#define ECHO_BURST 100

static unsigned first_count(const struct addrs *addrs, bool ipv4)
{
	unsigned n = 0;

	while (!address_is_none(addrs_first(addrs, ipv4, n)))
		n++;
	return n;
}

enum secret {
	FOR_NONCE,
	FOR_DELAYS,
};

/* Others with the same seed have another MAC address. */
static uint64_t secret_of(const struct net *net, struct siphash_key key, enum secret use)
{
	uint64_t mac = 0;

	memcpy(&mac, net->mac.bytes, sizeof(net->mac.bytes));
	return siphash24_2(key, mac, use);
}

#define ROUTERS_FIRST 1 /* of neigh's gateways; the one before them is IPv4's */

void net_init(struct net *net, const struct weir_config *config, struct siphash_key key,
	      struct counters *counters)
{
	bool is6, learning;

	addrs_init(&net->addrs, config->ranges, config->ranges_count, config->mac);
	is6 = net->addrs.total6 > 0;
	learning = is6 && address_is_none(config->gateway6) && !config->no_router_advertisements;
	net->gateways[0] = config->gateway;
	net->gateways[1] = config->gateway6;
	memcpy(net->mac.bytes, config->mac, sizeof(net->mac.bytes));
	net->started = false;
	for (int ipv4 = 0; ipv4 < 2; ipv4++) {
		net->firsts[ipv4] = first_count(&net->addrs, ipv4);
		net->announced[ipv4] = 0;
	}
	limit_init(&net->echo, ECHO_PER_S, ECHO_BURST);
	dad_init(&net->dad, config->dad_probes, net->firsts[false],
		 secret_of(net, key, FOR_NONCE) & ((1ull << ND_NONCE_BITS) - 1));
	mld_init(&net->mld, &net->addrs, secret_of(net, key, FOR_DELAYS), counters);
	net->tentative = net->dad.state != DAD_UNIQUE;
	routers_init(&net->routers, learning, ROUTERS_FIRST);
	neigh_init(&net->neigh, key, counters);
	neigh_set_gateway(&net->neigh, 0, config->gateway);
	neigh_set_gateway(&net->neigh, ROUTERS_FIRST, config->gateway6);
}

void net_doubt(struct net *net, struct weir_address dst, uint64_t now_ns)
{
	neigh_doubt(&net->neigh, net_next_hop(net, dst), now_ns);
}

bool net_may_send(const struct net *net, struct weir_address dst)
{
	return address_is_host(dst) && !addrs_broadcast(&net->addrs, dst);
}

/* Whoever has our address as well says so from it (RFC 4862 section 5.4.4); discovery judges that itself. */
static bool is_discovery(const struct ip_hdr *ip)
{
	return ip_is6(ip) && ip->protocol == IP_PROTOCOL_ICMP6 && ip->ttl == ND_HOP_LIMIT;
}

verdict net_check_addresses(const struct net *net, const struct ip_hdr *ip)
{
	if (!addrs_local(&net->addrs, ip->dst) && !addrs_group(&net->addrs, ip->dst))
		return address_is_multicast(ip->dst) || addrs_broadcast(&net->addrs, ip->dst) ?
			       COUNT_drop_ip_destination :
			       COUNT_frames_not_mine;
	if ((addrs_local(&net->addrs, ip->src) && !is_discovery(ip)) || addrs_broadcast(&net->addrs, ip->src))
		return COUNT_drop_ip_source;
	if (net->tentative && ip_is6(ip) && !address_is_multicast(ip->dst))
		return COUNT_drop_ip_tentative;
	return ACCEPTED;
}

/* Address 0 asks before it takes an address (RFC 5227 section 2.1.1); it has none to be remembered. */
static bool sender_possible(const struct net *net, const struct arp *arp)
{
	if (eth_is_group(&arp->sender_mac) || eth_is_zero(&arp->sender_mac))
		return false;
	if (arp->sender == 0)
		return arp->op == ARP_REQUEST;
	struct weir_address sender = weir_ipv4(arp->sender);

	return net_may_send(net, sender) && !addrs_local(&net->addrs, sender);
}

verdict net_arp_input(struct net *net, const struct arp *arp, uint64_t now_ns, bool *answer_due,
		      struct arp *answer)
{
	*answer_due = false;
	if (!sender_possible(net, arp))
		return COUNT_drop_arp_sender;
	/* A request shows only that its sender can reach us, as a solicitation does. */
	bool ours = addrs_local(&net->addrs, weir_ipv4(arp->target)),
	     answer_to_us = arp->op == ARP_REPLY && ours;
	bool known = neigh_learn(&net->neigh, weir_ipv4(arp->sender), &arp->sender_mac,
				 NEIGH_OVERRIDE | (answer_to_us ? NEIGH_SOLICITED : 0),
				 now_ns) != NEIGH_UNKNOWN;

	if (arp->op == ARP_REQUEST && ours) {
		*answer_due = true;
		*answer = (struct arp){ .op = ARP_REPLY,
					.sender_mac = net->mac,
					.target_mac = arp->sender_mac,
					.sender = arp->target,
					.target = arp->sender };
		return ACCEPTED;
	}
	if (known)
		return ACCEPTED;
	/* An announcement (RFC 5227 section 2.3) that is news to nobody here. */
	return arp->sender == arp->target ? COUNT_frames_not_mine : COUNT_drop_arp_other;
}

struct arp net_arp_request(const struct net *net, uint32_t address)
{
	const struct addr_range *near = addrs_range_near(&net->addrs, weir_ipv4(address));
	struct arp arp = { .op = ARP_REQUEST, .sender_mac = net->mac, .target = address };

	if (addrs_local(&net->addrs, weir_ipv4(address)))
		arp.sender = address;
	else /* Speak as somebody of the neighbour's own subnet: others may not answer. */
		arp.sender = address_v4(near != NULL ? near->first : addrs_at(&net->addrs, true, 0));
	return arp;
}

static struct nd_out to_group(struct weir_address src, struct weir_address group, struct nd nd)
{
	return (struct nd_out){ .src = src, .dst = group, .mac = nd_group_mac(group), .nd = nd };
}

/* From no address, and with a nonce (RFC 4862 section 5.4.2, RFC 7527 section 4.1). */
static struct nd_out dad_question(const struct net *net, struct weir_address address)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION,
			 .target = address,
			 .has_nonce = true,
			 .nonce = net->dad.nonce };

	return to_group((struct weir_address){ 0 }, nd_solicited_node(address), nd);
}

/* RFC 4861 section 7.2.6 */
static struct nd_out nd_announcement(const struct net *net, struct weir_address address)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
			 .flags = ND_OVERRIDE,
			 .target = address,
			 .has_mac = true,
			 .mac = net->mac };

	return to_group(address, nd_all_nodes(), nd);
}

static struct nd_out router_question(const struct net *net)
{
	struct nd nd = { .type = ICMP6_ROUTER_SOLICITATION, .has_mac = true, .mac = net->mac };

	return to_group(net->addrs.link_local, nd_all_routers(), nd);
}

/* One of ours on the neighbour's own subnet; others he may not be able to answer. */
static struct weir_address source_near(const struct net *net, struct weir_address target)
{
	const struct addr_range *near = addrs_range_near(&net->addrs, target);

	if (near != NULL)
		return near->first;
	return address_is_link_local(target) ? net->addrs.link_local :
					       addrs_at(&net->addrs, weir_is_ipv4(target), 0);
}

static struct nd_out neighbour_question(const struct net *net, const struct neigh_request *wanted)
{
	struct weir_address target = wanted->address, src = source_near(net, target);
	struct nd nd = {
		.type = ICMP6_NEIGHBOUR_SOLICITATION, .target = target, .has_mac = true, .mac = net->mac
	};

	if (eth_is_group(&wanted->mac))
		return to_group(src, nd_solicited_node(target), nd);
	return (struct nd_out){ .src = src, .dst = target, .mac = wanted->mac, .nd = nd };
}

static bool next_announcement(struct net *net, bool ipv4, struct weir_address *address)
{
	if (!net_may_announce(net, ipv4))
		return false;
	*address = addrs_first(&net->addrs, ipv4, net->announced[ipv4]++);
	return true;
}

/* No neighbour of IPv6 is asked from an address that may be somebody else's. */
static bool next_wanted(struct net *net, struct neigh_request *wanted)
{
	while (neigh_next_request(&net->neigh, wanted))
		if (weir_is_ipv4(wanted->address) || !net->tentative)
			return true;
	return false;
}

static void by_arp(const struct net *net, struct weir_address address, const struct eth_addr *mac,
		   struct net_request *request)
{
	request->what = NET_SEND_ARP;
	request->arp = net_arp_request(net, address_v4(address));
	request->mac = *mac;
}

static void by_nd(struct nd_out nd, struct net_request *request)
{
	request->what = NET_SEND_ND;
	request->nd = nd;
	request->mac = nd.mac;
}

/* RFC 3810 section 5.2.13: only from the link-local address, or from none. */
static bool next_report(struct net *net, struct net_request *request)
{
	if (!mld_next(&net->mld, &net->addrs, &request->mld))
		return false;
	request->what = NET_SEND_MLD;
	request->mld.src = net->tentative ? (struct weir_address){ 0 } : net->addrs.link_local;
	request->mac = nd_group_mac(mld_destination(&request->mld));
	return true;
}

static bool next_question(struct net *net, struct net_request *request)
{
	struct neigh_request wanted;

	if (!next_wanted(net, &wanted))
		return false;
	if (weir_is_ipv4(wanted.address))
		by_arp(net, wanted.address, &wanted.mac, request);
	else
		by_nd(neighbour_question(net, &wanted), request);
	return true;
}

bool net_next_request(struct net *net, struct net_request *request)
{
	struct weir_address address;
	unsigned i;

	request->once = true;
	/* First of all: a switch that snoops must know where to send what answers the questions. */
	if (next_report(net, request))
		return true;
	if (dad_next(&net->dad, &i)) {
		by_nd(dad_question(net, addrs_first(&net->addrs, false, i)), request);
	} else if (next_announcement(net, true, &address)) {
		by_arp(net, address, &ETH_BROADCAST, request);
	} else if (next_announcement(net, false, &address)) {
		by_nd(nd_announcement(net, address), request);
	} else if (net->routers.solicitation_due) {
		net->routers.solicitation_due = false;
		by_nd(router_question(net), request);
	} else {
		request->once = false;
		return next_question(net, request);
	}
	return true;
}

void net_choose_router(struct net *net, uint64_t now_ns)
{
	net->neigh.gateways_changed = false;
	if (net->routers.learning)
		net->gateways[1] = routers_choose(&net->routers, &net->neigh, now_ns);
}

void net_advance(struct net *net, uint64_t now_ns)
{
	bool starting = !net->started, decided = dad_advance(&net->dad, now_ns) || starting;

	net->started = true;
	neigh_advance(&net->neigh, now_ns);
	if (decided && net->dad.state == DAD_UNIQUE) {
		net->tentative = false;
		routers_start(&net->routers, &net->neigh, now_ns);
	}
	if (decided) /* again from an address, if first from none (RFC 3590) */
		mld_announce(&net->mld, now_ns);
	mld_advance(&net->mld, now_ns);
	if (routers_advance(&net->routers, &net->neigh, now_ns) || net->neigh.gateways_changed)
		net_choose_router(net, now_ns);
}

uint64_t net_next_deadline(const struct net *net, uint64_t now_ns)
{
	uint64_t next_ns = neigh_next_deadline(&net->neigh, now_ns), routers_ns, mld_ns;

	if (!net->started || net_has_requests(net))
		return now_ns;
	routers_ns = routers_next_deadline(&net->routers);
	if (routers_ns < next_ns)
		next_ns = routers_ns;
	mld_ns = mld_next_deadline(&net->mld);
	if (mld_ns < next_ns)
		next_ns = mld_ns;
	return net->dad.due_ns < next_ns ? net->dad.due_ns : next_ns;
}

int net_ready(const struct net *net)
{
	if (net->dad.state == DAD_DUPLICATE)
		return -EADDRINUSE;
	return !net->tentative;
}

verdict net_mld_input(struct net *net, const struct ip_hdr *ip, const uint8_t *message, uint32_t contiguous,
		      uint32_t len, uint64_t now_ns)
{
	struct mld_query query;
	verdict v = mld_parse(ip, message, contiguous, len, &query);

	return v == ACCEPTED ? mld_input(&net->mld, &net->addrs, &query, now_ns) : v;
}

enum net_icmp net_icmp_input(struct net *net, const struct icmp *icmp, uint64_t now_ns, verdict *v)
{
	*v = ACCEPTED;
	if (icmp->kind == ICMP_IS_ECHO) {
		if (limit_take(&net->echo, now_ns))
			return NET_ICMP_ECHO;
		*v = COUNT_drop_icmp_limited;
		return NET_ICMP_DROP;
	}
	if (icmp->error.protocol != IP_PROTOCOL_TCP || !addrs_local(&net->addrs, icmp->error.pair.local)) {
		*v = COUNT_drop_icmp_no_connection;
		return NET_ICMP_DROP;
	}
	return NET_ICMP_ERROR;
}
