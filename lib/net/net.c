/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/net.h"

/* Echo replies per second: enough for ping -f, too few to be worth bouncing a flood off. */
#define ECHO_PER_S 1000
#define ECHO_BURST 100

void net_init(struct net *net, const struct weir_config *config, struct counters *counters)
{
	addrs_init(&net->addrs, config->ranges, config->ranges_count);
	net->gateway = config->gateway;
	memcpy(net->mac.bytes, config->mac, sizeof(net->mac.bytes));
	limit_init(&net->echo, ECHO_PER_S, ECHO_BURST);
	neigh_init(&net->neigh, config->gateway, counters);
}

void net_doubt(struct net *net, uint32_t dst, uint64_t now_ns)
{
	neigh_doubt(&net->neigh, net_next_hop(net, dst), now_ns);
}

bool net_may_send(const struct net *net, uint32_t dst)
{
	return ip_is_host(dst) && !addrs_broadcast(&net->addrs, dst);
}

verdict net_check_addresses(const struct net *net, const struct ip_hdr *ip)
{
	if (!addrs_local(&net->addrs, ip->dst))
		return ip_is_multicast(ip->dst) || addrs_broadcast(&net->addrs, ip->dst) ?
			       COUNT_drop_ip_destination :
			       COUNT_frames_not_mine;
	if (addrs_local(&net->addrs, ip->src) || addrs_broadcast(&net->addrs, ip->src))
		return COUNT_drop_ip_source;
	return ACCEPTED;
}

/* Address 0 asks before it takes an address (RFC 5227 section 2.1.1); it has none to be remembered. */
static bool sender_possible(const struct net *net, const struct arp *arp)
{
	if (eth_is_group(&arp->sender_mac) || eth_is_zero(&arp->sender_mac))
		return false;
	if (arp->sender == 0)
		return arp->op == ARP_REQUEST;
	return net_may_send(net, arp->sender) && !addrs_local(&net->addrs, arp->sender);
}

verdict net_arp_input(struct net *net, const struct arp *arp, uint64_t now_ns, bool *answer_due,
		      struct arp *answer)
{
	*answer_due = false;
	if (!sender_possible(net, arp))
		return COUNT_drop_arp_sender;
	bool known = neigh_confirm(&net->neigh, arp->sender, &arp->sender_mac, now_ns);

	if (arp->op == ARP_REQUEST && addrs_local(&net->addrs, arp->target)) {
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
	struct arp arp = { .op = ARP_REQUEST,
			   .sender_mac = net->mac,
			   .sender = addrs_at(&net->addrs, 0),
			   .target = address };

	if (addrs_local(&net->addrs, address)) {
		arp.sender = address;
		return arp;
	}
	/* Speak as somebody of the neighbour's own subnet: others may not answer. */
	for (unsigned i = 0; i < net->addrs.count; i++) {
		const struct addr_range *range = &net->addrs.ranges[i];

		if ((address & range->mask) == range->subnet) {
			arp.sender = range->first;
			break;
		}
	}
	return arp;
}

enum net_icmp net_icmp_input(struct net *net, const struct icmp *icmp, uint64_t now_ns, verdict *v)
{
	*v = ACCEPTED;
	if (icmp->type == ICMP_ECHO) {
		if (limit_take(&net->echo, now_ns))
			return NET_ICMP_ECHO;
		*v = COUNT_drop_icmp_limited;
		return NET_ICMP_DROP;
	}
	if (icmp->error.protocol != IP_PROTOCOL_TCP || !addrs_local(&net->addrs, icmp->error.tuple.laddr)) {
		*v = COUNT_drop_icmp_no_connection;
		return NET_ICMP_DROP;
	}
	return NET_ICMP_ERROR;
}
