/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net.h - the door of the NET room: what stands between a core and its link. Our own addresses, the
 * next hop to others, neighbours, routers, and the answers to ARP, ICMP and neighbour discovery.
 *
 *     addr.c        our addresses            neigh.c     neighbours of both families
 *     dad.c         are they ours alone?     routers.c   what routers advertise
 *     mld.c         the groups that they are in
 *     discovery.c   messages of neighbour discovery, in; net.c: the rest, and what is sent unasked
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
#include "base/tuple.h"
#include "net/dad.h"
#include "net/mld.h"
#include "net/neigh.h"
#include "net/routers.h"
#include "wire/arp.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/mld.h"
#include "wire/nd.h"

struct net {
	struct addrs addrs;
	struct weir_address gateways[2]; /* of IPv4 and IPv6, configured or chosen; none: there is none */
	struct eth_addr mac;
	bool started;   /* somebody has said what time it is */
	bool tentative; /* our IPv6 addresses are not to be used: yet, or at all */
	struct limit echo;
	struct dad dad;
	struct mld mld;
	struct routers routers;
	unsigned firsts[2], announced[2]; /* addrs_first() of IPv6 and IPv4, and how many were made known */
	struct neigh neigh;
};

/* config as from weir_config_check(); key: secret; counters outlives it. */
void net_init(struct net *net, const struct weir_config *config, struct siphash_key key,
	      struct counters *counters);

/*
 * The neighbour that a packet for dst is handed to: dst itself or the gateway; none: there is no route. dst
 * is no address of ours, no broadcast and no multicast.
 */
static inline struct weir_address net_next_hop(const struct net *net, struct weir_address dst)
{
	return addrs_on_link(&net->addrs, dst) ? dst : net->gateways[!weir_is_ipv4(dst)];
}

/* The same of either family's tuple; pair: beside one of IPv6. */
static inline struct weir_address net_tuple_hop(const struct net *net, const struct tuple *tuple,
						const struct pair *pair)
{
	const struct addr_sole4 *sole = &net->addrs.sole4;

	if (!tuple_is6(tuple) && (tuple->raddr & sole->mask) == sole->subnet)
		return weir_ipv4(tuple->raddr);
	return net_next_hop(net, tuple_remote(tuple, pair));
}

/* Segments to dst go unanswered: its next hop is asked whether it is still there. */
void net_doubt(struct net *net, struct weir_address dst, uint64_t now_ns);

/* Whether somebody else may have it, to be sent to as to one host. */
bool net_may_send(const struct net *net, struct weir_address dst);

/*
 * Whether a received packet's addresses will do. ACCEPTED, for our own and for groups that they are in;
 * frames_not_mine: the destination is another host; drop_ip_destination: all of a link or a group, which TCP
 * does not answer (RFC 9293 MUST-57) nor echo; drop_ip_source: ours, or a subnet's broadcast (others are
 * found by wire/ip.h); drop_ip_tentative.
 */
verdict net_check_addresses(const struct net *net, const struct ip_hdr *ip);

/* The same of each address, for what nearly all packets are: true is ACCEPTED. */
static inline bool net_plain_to(const struct net *net, struct weir_address dst)
{
	return addrs_local(&net->addrs, dst) && (!net->tentative || weir_is_ipv4(dst));
}

static inline bool net_plain_from(const struct net *net, struct weir_address src)
{
	return address_is_host(src) && !addrs_local(&net->addrs, src) && !addrs_broadcast(&net->addrs, src);
}

static inline bool net_plain_addresses(const struct net *net, struct weir_address src,
				       struct weir_address dst)
{
	return net_plain_to(net, dst) && net_plain_from(net, src);
}

/* The same of a received tuple; pair: beside one of IPv6. */
static inline bool net_plain_tuple(const struct net *net, const struct tuple *tuple, const struct pair *pair)
{
	const struct addr_sole4 *sole = &net->addrs.sole4;
	uint32_t src = tuple->raddr;

	if (!tuple_is6(tuple) && tuple->laddr - sole->first <= sole->more && src - sole->first > sole->more &&
	    src != sole->broadcast && address_v4_is_host(src))
		return true;
	return net_plain_addresses(net, tuple_remote(tuple, pair), tuple_local(tuple, pair));
}

/*
 * Takes in an ARP packet. ACCEPTED, with *answer_due and *answer if it asks for us; frames_not_mine for a
 * stranger's announcement; drop_arp_sender or drop_arp_other, the latter also for what concerns two others.
 */
verdict net_arp_input(struct net *net, const struct arp *arp, uint64_t now_ns, bool *answer_due,
		      struct arp *answer);

/* The request that asks, or announces when `address` is ours. */
struct arp net_arp_request(const struct net *net, uint32_t address);

/* What a message of neighbour discovery came to. */
struct net_answer {
	bool about_us; /* it asks for one of our addresses, tells one something, or cannot be read */
	bool due;      /* an answer is: nd */
	struct nd_out nd;
};

/* Whether a message of neighbour discovery, with that header and from that MAC address, is ours come back. */
bool net_nd_is_own(const struct net *net, const struct ip_hdr *ip, const struct eth_addr *mac);

/*
 * Takes in an ICMPv6 message with nd_is_type(), whose checksum is right; ip: the header before it; mac: where
 * the frame came from. Of the addresses only those of the message's own rules need have been looked at.
 * ACCEPTED or a drop.
 */
verdict net_nd_input(struct net *net, const struct ip_hdr *ip, const uint8_t *message, uint32_t len,
		     const struct eth_addr *mac, uint64_t now_ns, struct net_answer *answer);

/*
 * Takes in a query of multicast listener discovery, as mld_parse() wants it. ACCEPTED or a drop.
 * What answers it is a request in its time.
 */
verdict net_mld_input(struct net *net, const struct ip_hdr *ip, const uint8_t *message, uint32_t contiguous,
		      uint32_t len, uint64_t now_ns);

/* Which of a request's messages is to be sent. */
enum net_message {
	NET_SEND_ARP,
	NET_SEND_ND,
	NET_SEND_MLD,
};

/* What is to be sent unasked. */
struct net_request {
	uint8_t what;        /* enum net_message */
	bool once;           /* it speaks for all who share our addresses: one of them says it */
	struct eth_addr mac; /* to be sent to, in any case */
	struct arp arp;
	struct nd_out nd;
	struct mld_report mld;
};

/*
 * The next of those that are due: reports of the groups that we are in, questions whether our IPv6 addresses
 * are ours alone, announcements of the first address of each range, solicitations of routers and of
 * neighbours. False: none. One that is lost is repeated in its time, announcements are not.
 */
bool net_next_request(struct net *net, struct net_request *request);

/* Whose first addresses may be made known: all of a large range would be a storm. */
static inline bool net_may_announce(const struct net *net, bool ipv4)
{
	return net->announced[ipv4] < net->firsts[ipv4] && net->started && (ipv4 || !net->tentative);
}

/* Whether it is worth asking, which is seldom. */
static inline bool net_has_requests(const struct net *net)
{
	return mld_pending(&net->mld) || dad_pending(&net->dad) || net_may_announce(net, true) ||
	       net_may_announce(net, false) || net->routers.solicitation_due || neigh_asks(&net->neigh);
}

/* Everything that time does here. To be called each round. */
void net_advance(struct net *net, uint64_t now_ns);

/* When net_advance() is due; now_ns if something is to be sent; UINT64_MAX: never. */
uint64_t net_next_deadline(const struct net *net, uint64_t now_ns);

/* weir_ready() */
int net_ready(const struct net *net);

/* For those of this room: routers have come, gone or fallen silent. */
void net_choose_router(struct net *net, uint64_t now_ns);

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
