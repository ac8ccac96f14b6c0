/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link.h - an IPv6 link for tests of net/: one struct net on it, and what its neighbours say,
 * built as wire/nd.c builds it.
 *
 * Ours are 2001:db8::1 to ::3 of a /64, fd99::1 of another, and fe80::ff:fe00:1. A neighbour `n` is
 * 2001:db8::n, or fe80::n, at the MAC address 2:0:0:0:x:y.
 */
#ifndef WEIR_TESTS_LINK_H
#define WEIR_TESTS_LINK_H

#include "base/check.h"
#include "base/clock.h"
#include "net/net.h"
#include "support/exact.h"

struct link {
	struct net net;
	struct counters counters;
	uint64_t now_ns;
	struct net_answer answer; /* of the latest message */
};

static inline struct weir_address link_global(uint64_t n)
{
	return (struct weir_address){ 0x20010db8ull << 32, n };
}

static inline struct weir_address link_second(uint64_t n)
{
	return (struct weir_address){ 0xfd99ull << 48, n };
}

static inline struct weir_address link_local(uint64_t n)
{
	return (struct weir_address){ 0xfe80ull << 48, n };
}

static inline struct weir_address link_ours_local(void)
{
	return link_local(0xfffe000001ull);
}

static inline struct eth_addr link_mac(unsigned n)
{
	return (struct eth_addr){ { 2, 0, 0, 1, (uint8_t)(n >> 8), (uint8_t)n } };
}

static inline struct weir_config link_config(void)
{
	struct weir_config config = { .mac = { 2, 0, 0, 0, 0, 1 }, .mtu = 1500, .ranges_count = 3 };

	config.ranges[0] = (struct weir_range){ link_global(1), link_global(3), 64 };
	config.ranges[1] = (struct weir_range){ weir_ipv4(0x0a000001), weir_ipv4(0x0a000003), 24 };
	config.ranges[2] = (struct weir_range){ link_second(1), link_second(1), 64 };
	return config;
}

static inline void link_init(struct link *link, const struct weir_config *config)
{
	link->counters = (struct counters){ { 0 } };
	link->now_ns = 100 * CLOCK_NS_PER_S;
	net_init(&link->net, config, (struct siphash_key){ 0x0123456789abcdef, 0xfedcba9876543210 },
		 &link->counters);
}

static inline void link_pass(struct link *link, uint64_t ns)
{
	link->now_ns += ns;
	net_advance(&link->net, link->now_ns);
}

/* A message arrives, in a frame from `mac`. */
static inline verdict link_input(struct link *link, struct weir_address src, struct weir_address dst,
				 const struct nd *nd, struct eth_addr mac)
{
	struct ip_hdr ip = { .src = src, .dst = dst, .protocol = IP_PROTOCOL_ICMP6, .ttl = ND_HOP_LIMIT };
	uint8_t bytes[ND_BYTES_MAX];
	uint32_t len = nd_build(bytes, nd);
	uint8_t *exact = exact_copy(bytes, len);
	verdict v = net_nd_input(&link->net, &ip, exact, len, &mac, link->now_ns, &link->answer);

	free(exact);
	return v;
}

/* Neighbour n asks for one of ours. */
static inline verdict link_solicit(struct link *link, unsigned n, struct weir_address target)
{
	struct nd nd = {
		.type = ICMP6_NEIGHBOUR_SOLICITATION, .target = target, .has_mac = true, .mac = link_mac(n)
	};

	return link_input(link, link_global(n), nd_solicited_node(target), &nd, link_mac(n));
}

/* Somebody says that `target` is at link_mac(at). flags: enum nd_flag. */
static inline verdict link_advertise(struct link *link, struct weir_address target, unsigned at,
				     uint8_t flags)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
			 .flags = flags,
			 .target = target,
			 .has_mac = true,
			 .mac = link_mac(at) };

	return link_input(link, target, flags & ND_SOLICITED ? link_global(1) : nd_all_nodes(), &nd,
			  link_mac(at));
}

/* Router n, fe80::n, advertises itself. */
static inline verdict link_route(struct link *link, unsigned n, uint16_t lifetime_s)
{
	struct nd nd = { .type = ICMP6_ROUTER_ADVERTISEMENT,
			 .lifetime_s = lifetime_s,
			 .has_mac = true,
			 .mac = link_mac(n) };

	return link_input(link, link_local(n), nd_all_nodes(), &nd, link_mac(n));
}

/* Takes requests until one of that type comes; false: there was none. */
static inline bool link_requested(struct link *link, uint8_t type, struct net_request *request)
{
	while (net_next_request(&link->net, request))
		if (request->what == NET_SEND_ND && request->nd.nd.type == type)
			return true;
	return false;
}

/*
 * Takes all requests, and answers those for neighbours whom `there` knows, from where they are.
 * Returns how many came.
 */
static inline unsigned link_serve(struct link *link, bool (*there)(struct weir_address target, unsigned *at))
{
	struct net_request request;
	unsigned n = 0, at;

	for (; net_next_request(&link->net, &request); n++) {
		const struct nd *nd = &request.nd.nd;

		if (request.what != NET_SEND_ND || nd->type != ICMP6_NEIGHBOUR_SOLICITATION ||
		    !there(nd->target, &at))
			continue;
		struct eth_addr mac = link_mac(at);

		if (eth_is_group(&request.mac) || eth_equal(&request.mac, &mac))
			link_advertise(link, nd->target, at,
				       ND_SOLICITED | ND_OVERRIDE |
					       (address_is_link_local(nd->target) ? ND_FROM_ROUTER : 0));
	}
	return n;
}

static inline uint64_t link_count(const struct link *link, enum counter id)
{
	return count_get(&link->counters, id);
}

#endif
