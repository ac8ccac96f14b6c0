/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eth.h - Ethernet II headers. An address is six bytes in wire order and nothing else.
 */
#ifndef WEIR_WIRE_ETH_H
#define WEIR_WIRE_ETH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/counters.h"

#define ETH_BYTES 14

enum eth_type {
	ETH_TYPE_IPV4 = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	ETH_TYPE_IPV6 = 0x86dd,
	ETH_TYPE_VLAN = 0x8100, /* IEEE 802.1Q */
	ETH_TYPE_QINQ = 0x88a8, /* IEEE 802.1ad */
};

struct eth_addr {
	uint8_t bytes[6];
};

struct eth_hdr {
	struct eth_addr dst, src;
	uint16_t type; /* EtherType */
};

static const struct eth_addr ETH_BROADCAST = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

static inline bool eth_equal(const struct eth_addr *a, const struct eth_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Multicast or broadcast. */
static inline bool eth_is_group(const struct eth_addr *addr)
{
	return addr->bytes[0] & 1;
}

static inline bool eth_is_zero(const struct eth_addr *addr)
{
	static const struct eth_addr zero;

	return eth_equal(addr, &zero);
}

/*
 * ACCEPTED for IPv4, IPv6 and ARP; drop_eth_short, drop_vlan or drop_eth_type otherwise. But for
 * drop_eth_short, eth is filled in any case.
 */
verdict eth_parse(const uint8_t *frame, uint32_t len, struct eth_hdr *eth);

/* Writes ETH_BYTES. */
void eth_build(uint8_t *frame, const struct eth_hdr *eth);

#endif
