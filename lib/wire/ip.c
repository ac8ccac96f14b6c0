/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/ip.h"

#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

verdict ip_parse(const uint8_t *packet, uint32_t contiguous, uint32_t len, uint16_t type, bool verified,
		 struct ip_hdr *ip)
{
	ip->problem = IP_PROBLEM_NONE;
	return type == ETH_TYPE_IPV6 ? ipv6_parse(packet, contiguous, len, ip) :
				       ipv4_parse(packet, contiguous, len, verified, ip);
}

verdict ip_acceptable(const uint8_t *packet, uint32_t contiguous, struct ip_hdr *ip)
{
	return ip_is6(ip) ? ipv6_acceptable(packet, contiguous, ip) : ipv4_acceptable(packet, ip);
}

void ip_build(uint8_t *packet, const struct ip_hdr *ip, uint32_t flow_label)
{
	if (ip_is6(ip))
		ipv6_build(packet, ip, flow_label);
	else
		ipv4_build(packet, ip);
}
