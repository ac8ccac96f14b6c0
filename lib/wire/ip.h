/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip.h - IPv4 headers (RFC 791, RFC 1122 section 3.2).
 *
 * Two steps, because between them somebody looks whether the destination is here: ip_parse() says
 * whether there is a header at all, ip_acceptable() whether a host should use the packet.
 * Packets that are built have no options, DF and identification 0: an atomic datagram needs none
 * (RFC 6864 section 4.1).
 */
#ifndef WEIR_WIRE_IP_H
#define WEIR_WIRE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"

#define IP_BYTES 20                  /* without options */
#define IP_DONT_FRAGMENT 0x00004000u /* the word that says so */

enum ip_protocol {
	IP_PROTOCOL_ICMP = 1,
	IP_PROTOCOL_TCP = 6,
};

#define IP_BROADCAST 0xffffffffu

struct ip_hdr {
	uint32_t src, dst;
	uint16_t total_bytes; /* of the packet; what follows in the frame is Ethernet's padding */
	uint16_t fragment;    /* flags and offset, as on the wire */
	uint8_t header_bytes; /* options included */
	uint8_t protocol;     /* enum ip_protocol, or another */
	uint8_t ttl;
	uint8_t tos;
};

static inline bool ip_is_multicast(uint32_t address)
{
	return address >> 28 == 0xe;
}

/*
 * What nobody may send from, nor be sent to as one host: "this network", loopback, multicast, what is reserved
 * above that, and the limited broadcast (RFC 1122 section 3.2.1.3, RFC 6890 section 2.2.2). Directed
 * broadcasts need the netmask, which net/ knows.
 */
static inline bool ip_is_host(uint32_t address)
{
	return address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 0xe;
}

/*
 * packet: what follows the Ethernet header, `contiguous` bytes of `len` in all. verified: the header's
 * checksum was found right by the port. Returns ACCEPTED, or drop_ip_short, _version, _header_length,
 * _total_length, _csum.
 */
verdict ip_parse(const uint8_t *packet, uint32_t contiguous, uint32_t len, bool verified, struct ip_hdr *ip);

/*
 * For a packet that ip_parse() accepted. ACCEPTED, or drop_ip_fragment, _source, _source_route,
 * _option_length. Options are otherwise read past (RFC 9293 MUST-50).
 */
verdict ip_acceptable(const uint8_t *packet, const struct ip_hdr *ip);

/* Writes IP_BYTES, with checksum 0. header_bytes and fragment are not read. */
void ip_build(uint8_t *packet, const struct ip_hdr *ip);

/* Fills in the checksum of a header that ip_build() wrote. */
void ip_build_csum(uint8_t *packet);

#endif
