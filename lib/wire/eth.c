/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/eth.h"

#include "wire/bytes.h"

verdict eth_parse(const uint8_t *frame, uint32_t len, struct eth_hdr *eth)
{
	if (len < ETH_BYTES)
		return COUNT_drop_eth_short;
	memcpy(eth->dst.bytes, frame, 6);
	memcpy(eth->src.bytes, frame + 6, 6);
	eth->type = bytes_get16(frame + 12);
	if (eth_is_group(&eth->src))
		return COUNT_drop_eth_source;
	if (eth->type == ETH_TYPE_IPV4 || eth->type == ETH_TYPE_IPV6 || eth->type == ETH_TYPE_ARP)
		return ACCEPTED;
	if (eth->type == ETH_TYPE_VLAN || eth->type == ETH_TYPE_QINQ)
		return COUNT_drop_vlan;
	return COUNT_drop_eth_type;
}

void eth_build(uint8_t *frame, const struct eth_hdr *eth)
{
	memcpy(frame, eth->dst.bytes, 6);
	memcpy(frame + 6, eth->src.bytes, 6);
	bytes_put16(frame + 12, eth->type);
}
