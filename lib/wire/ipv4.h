/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipv4.h - IPv4 headers (RFC 791, RFC 1122 section 3.2), by way of ip.h.
 *
 * Packets that are built have no options, DF and identification 0: an atomic datagram needs none
 * (RFC 6864 section 4.1).
 */
#ifndef WEIR_WIRE_IPV4_H
#define WEIR_WIRE_IPV4_H

#include "wire/ip.h"

#define IPV4_BYTES 20                  /* without options */
#define IPV4_DONT_FRAGMENT 0x00004000u /* the word that says so */

/* As ip.h has them. */
verdict ipv4_parse(const uint8_t *packet, uint32_t contiguous, uint32_t len, bool verified,
		   struct ip_hdr *ip);
verdict ipv4_acceptable(const uint8_t *packet, const struct ip_hdr *ip);
void ipv4_build(uint8_t *packet, const struct ip_hdr *ip);

/* Fills in the checksum of a header that ipv4_build() wrote. */
void ipv4_build_csum(uint8_t *packet);

#endif
