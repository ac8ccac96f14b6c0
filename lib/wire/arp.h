/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arp.h - ARP packets for IPv4 over Ethernet (RFC 826). What they mean is net/'s business.
 */
#ifndef WEIR_WIRE_ARP_H
#define WEIR_WIRE_ARP_H

#include <stdint.h>

#include "base/counters.h"
#include "wire/eth.h"

#define ARP_BYTES 28

enum arp_op {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp {
	uint16_t op; /* enum arp_op */
	struct eth_addr sender_mac, target_mac;
	uint32_t sender, target; /* IPv4 addresses */
};

/* ACCEPTED or drop_arp_malformed. packet: what follows the Ethernet header, len bytes of it. */
verdict arp_parse(const uint8_t *packet, uint32_t len, struct arp *arp);

/* Writes ARP_BYTES. */
void arp_build(uint8_t *packet, const struct arp *arp);

#endif
