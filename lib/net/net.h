/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net.h - the door of the NET room: what stands between a core and its link. Our own addresses, the
 * next hop to others, neighbours, and the answers to ARP and ICMP.
 *
 * Values in, values out: what is to be sent is returned, and built by the caller. One thread; time is an
 * argument.
 */
#ifndef WEIR_NET_NET_H
#define WEIR_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "net/addr.h"
#include "base/limit.h"
#include "net/neigh.h"
#include "wire/arp.h"
#include "wire/icmp.h"
#include "wire/ip.h"

struct net {
	struct addrs addrs;
	uint32_t gateway; /* 0: none */
	struct eth_addr mac;
	struct limit echo;
	struct neigh neigh;
};

/* config as from weir_config_check(); counters outlives it. */
void net_init(struct net *net, const struct weir_config *config, struct counters *counters);

/*
 * The neighbour that a packet for dst is handed to: dst itself or the gateway; 0: there is no route. dst
 * is no address of ours, no broadcast and no multicast.
 */
static inline uint32_t net_next_hop(const struct net *net, uint32_t dst)
{
	return addrs_on_link(&net->addrs, dst) ? dst : net->gateway;
}

/* Segments to dst go unanswered: its next hop is asked whether it is still there. */
void net_doubt(struct net *net, uint32_t dst, uint64_t now_ns);

/* Whether somebody else may have it, to be sent to as to one host. */
bool net_may_send(const struct net *net, uint32_t dst);

/*
 * Whether a received packet's addresses will do. ACCEPTED; frames_not_mine: the destination is another
 * host; drop_ip_destination: all of a link or a group, which TCP does not answer (RFC 9293 MUST-57)
 * nor echo; drop_ip_source: ours, or a subnet's broadcast (others are found by wire/ip.h).
 */
verdict net_check_addresses(const struct net *net, const struct ip_hdr *ip);

/* The same, for what nearly all packets are: true is ACCEPTED. */
static inline bool net_plain_addresses(const struct net *net, uint32_t src, uint32_t dst)
{
	return addrs_local(&net->addrs, dst) && ip_is_host(src) && !addrs_local(&net->addrs, src) &&
	       !addrs_broadcast(&net->addrs, src);
}

/*
 * Takes in an ARP packet. ACCEPTED, with *answer_due and *answer if it asks for us; frames_not_mine for a
 * stranger's announcement; drop_arp_sender or drop_arp_other, the latter also for what concerns two others.
 */
verdict net_arp_input(struct net *net, const struct arp *arp, uint64_t now_ns, bool *answer_due,
		      struct arp *answer);

/* The request that asks, or announces when `address` is ours. */
struct arp net_arp_request(const struct net *net, uint32_t address);

/* What an ICMP message is good for. */
enum net_icmp {
	NET_ICMP_DROP,
	NET_ICMP_ECHO,  /* answer it: icmp_echo_to_reply() */
	NET_ICMP_ERROR, /* tell TCP: icmp.error */
};

/*
 * Judges a message that icmp_parse() accepted. *v: the drop with NET_ICMP_DROP, else ACCEPTED. Errors have no
 * limit of their own: each costs a lookup, as any segment does, and tcp/icmp.c says what more it may cause.
 */
enum net_icmp net_icmp_input(struct net *net, const struct icmp *icmp, uint64_t now_ns, verdict *v);

#endif
