/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/arp.h"

#include "wire/bytes.h"

#define HARDWARE_ETHERNET 1
#define LENGTHS 0x0604 /* of a hardware and a protocol address */

verdict arp_parse(const uint8_t *packet, uint32_t len, struct arp *arp)
{
	if (len < ARP_BYTES)
		return COUNT_drop_arp_malformed;
	if (bytes_get16(packet) != HARDWARE_ETHERNET || bytes_get16(packet + 2) != ETH_TYPE_IPV4 ||
	    bytes_get16(packet + 4) != LENGTHS)
		return COUNT_drop_arp_malformed;
	arp->op = bytes_get16(packet + 6);
	if (arp->op != ARP_REQUEST && arp->op != ARP_REPLY)
		return COUNT_drop_arp_malformed;
	memcpy(arp->sender_mac.bytes, packet + 8, 6);
	arp->sender = bytes_get32(packet + 14);
	memcpy(arp->target_mac.bytes, packet + 18, 6);
	arp->target = bytes_get32(packet + 24);
	return ACCEPTED;
}

void arp_build(uint8_t *packet, const struct arp *arp)
{
	bytes_put16(packet, HARDWARE_ETHERNET);
	bytes_put16(packet + 2, ETH_TYPE_IPV4);
	bytes_put16(packet + 4, LENGTHS);
	bytes_put16(packet + 6, arp->op);
	memcpy(packet + 8, arp->sender_mac.bytes, 6);
	bytes_put32(packet + 14, arp->sender);
	memcpy(packet + 18, arp->target_mac.bytes, 6);
	bytes_put32(packet + 24, arp->target);
}
