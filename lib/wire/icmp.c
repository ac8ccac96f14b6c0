/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/icmp.h"

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define CSUM_AT 2
#define MTU_AT 6 /* RFC 1191 section 4 */
#define MTU_AT_6 4
#define OFFSET_MASK 0x1fff
#define PORTS_AND_SEQ 8

/*
 * RFC 792: the IP header and 64 bits of what followed: of TCP both ports and the sequence number.
 * The header is one that we built: its checksum is not looked at, as routers on the way change TTL
 * and some do not mend the copy.
 */
static verdict parse_quote_4(const uint8_t *quote, uint32_t len, struct icmp_error *error, uint32_t *tcp_at)
{
	if (len < IPV4_BYTES || quote[0] >> 4 != 4)
		return COUNT_drop_icmp_malformed;
	uint32_t header_bytes = (quote[0] & 15) * 4u;

	if (header_bytes < IPV4_BYTES || bytes_get16(quote + 6) & OFFSET_MASK)
		return COUNT_drop_icmp_malformed;
	error->protocol = quote[9];
	error->pair.local = weir_ipv4(bytes_get32(quote + 12));
	error->pair.remote = weir_ipv4(bytes_get32(quote + 16));
	*tcp_at = header_bytes;
	return ACCEPTED;
}

/* We send no extension headers. */
static verdict parse_quote_6(const uint8_t *quote, uint32_t len, struct icmp_error *error, uint32_t *tcp_at)
{
	if (len < IPV6_BYTES || quote[0] >> 4 != 6)
		return COUNT_drop_icmp_malformed;
	error->protocol = quote[6];
	error->pair.local = bytes_get_address(quote + 8);
	error->pair.remote = bytes_get_address(quote + 24);
	*tcp_at = IPV6_BYTES;
	return weir_is_ipv4(error->pair.local) || weir_is_ipv4(error->pair.remote) ?
		       COUNT_drop_icmp_malformed :
		       ACCEPTED;
}

static verdict parse_quote(const uint8_t *quote, uint32_t len, bool is6, struct icmp_error *error)
{
	uint32_t tcp_at = 0;
	verdict v = is6 ? parse_quote_6(quote, len, error, &tcp_at) :
			  parse_quote_4(quote, len, error, &tcp_at);

	if (v != ACCEPTED)
		return v;
	if (len < tcp_at + PORTS_AND_SEQ)
		return COUNT_drop_icmp_malformed;
	error->lport = bytes_get16(quote + tcp_at);
	error->rport = bytes_get16(quote + tcp_at + 2);
	error->seq = bytes_get32(quote + tcp_at + 4);
	return ACCEPTED;
}

static enum icmp_trouble trouble_of_4(const struct icmp *icmp)
{
	if (icmp->type != ICMP_UNREACHABLE)
		return ICMP_SOFT;
	if (icmp->code == ICMP_FRAGMENTATION_NEEDED)
		return ICMP_TOO_BIG;
	return icmp->code == ICMP_PROTOCOL_UNREACHABLE || icmp->code == ICMP_PORT_UNREACHABLE ? ICMP_HARD :
												ICMP_SOFT;
}

static enum icmp_trouble trouble_of_6(const struct icmp *icmp)
{
	if (icmp->type == ICMP6_TOO_BIG)
		return ICMP_TOO_BIG;
	return icmp->type == ICMP6_UNREACHABLE &&
			       (icmp->code == ICMP6_PROHIBITED || icmp->code == ICMP6_PORT_UNREACHABLE) ?
		       ICMP_HARD :
		       ICMP_SOFT;
}

static verdict parse_error(const uint8_t *message, uint32_t len, bool is6, struct icmp *icmp)
{
	struct icmp_error *error = &icmp->error;

	icmp->kind = ICMP_IS_ERROR;
	error->trouble = (uint8_t)(is6 ? trouble_of_6(icmp) : trouble_of_4(icmp));
	if (error->trouble == ICMP_TOO_BIG)
		error->mtu = is6 ? bytes_get32(message + MTU_AT_6) : bytes_get16(message + MTU_AT);
	return parse_quote(message + ICMP_BYTES, len - ICMP_BYTES, is6, error);
}

static verdict parse_4(const uint8_t *message, uint32_t len, struct icmp *icmp)
{
	switch (icmp->type) {
	case ICMP_ECHO:
		return icmp->code == 0 ? ACCEPTED : COUNT_drop_icmp_type;
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return parse_error(message, len, false, icmp);
	case ICMP_SOURCE_QUENCH:
		return COUNT_drop_icmp_quench;
	default:
		return COUNT_drop_icmp_type;
	}
}

static verdict parse_6(const uint8_t *message, uint32_t len, struct icmp *icmp)
{
	switch (icmp->type) {
	case ICMP6_ECHO:
		return icmp->code == 0 ? ACCEPTED : COUNT_drop_icmp_type;
	case ICMP6_UNREACHABLE:
	case ICMP6_TOO_BIG:
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAMETER_PROBLEM:
		return parse_error(message, len, true, icmp);
	case ICMP6_ROUTER_SOLICITATION:
	case ICMP6_ROUTER_ADVERTISEMENT:
	case ICMP6_NEIGHBOUR_SOLICITATION:
	case ICMP6_NEIGHBOUR_ADVERTISEMENT:
	case ICMP6_REDIRECT:
		icmp->kind = ICMP_IS_NEIGHBOUR;
		return ACCEPTED;
	case ICMP6_LISTENER_QUERY:
		icmp->kind = ICMP_IS_QUERY;
		return ACCEPTED;
	default:
		return COUNT_drop_icmp_type;
	}
}

/* Of the pseudo header, which only ICMPv6 has (RFC 4443 section 2.3). */
static uint64_t pseudo(const struct ip_hdr *ip, uint32_t len)
{
	return ip_is6(ip) ? csum_pseudo(ip->src, ip->dst, IP_PROTOCOL_ICMP6, (uint16_t)len) : 0;
}

verdict icmp_parse(const struct ip_hdr *ip, const uint8_t *message, uint32_t contiguous, uint32_t len,
		   uint64_t rest, struct icmp *icmp)
{
	if (contiguous < ICMP_BYTES)
		return COUNT_drop_icmp_malformed;
	if (contiguous > len)
		contiguous = len;
	uint64_t sum = csum_add(csum_bytes(message, contiguous), csum_at(rest, contiguous));

	if (csum_fold(csum_add(sum, pseudo(ip, len))) != CSUM_RIGHT)
		return COUNT_drop_icmp_csum;
	*icmp = (struct icmp){ .kind = ICMP_IS_ECHO, .type = message[0], .code = message[1] };
	return ip_is6(ip) ? parse_6(message, contiguous, icmp) : parse_4(message, contiguous, icmp);
}

void icmp_echo_to_reply(uint8_t *message, bool is6)
{
	uint8_t from = is6 ? ICMP6_ECHO : ICMP_ECHO, to = is6 ? ICMP6_ECHO_REPLY : ICMP_ECHO_REPLY;
	uint16_t csum;

	/*
	 * RFC 1624 equation 3, HC' = ~(~HC + ~m + m'), where m is the word of type and code.
	 * Addresses change places.
	 */
	memcpy(&csum, message + CSUM_AT, sizeof(csum));
	csum = (uint16_t)~csum_fold((uint64_t)(uint16_t)~csum + (uint16_t)~htobe16((uint16_t)(from << 8)) +
				    htobe16((uint16_t)(to << 8)));
	/* Of the two zeros only this one is right for a message that has nothing but zeros left. */
	if (csum == 0 && !is6)
		csum = 0xffff;
	memcpy(message + CSUM_AT, &csum, sizeof(csum));
	message[0] = to;
}

unsigned icmp6_error_bytes(uint32_t packet_bytes)
{
	unsigned most = 1280 - IPV6_BYTES - ICMP_BYTES;

	return ICMP_BYTES + (packet_bytes < most ? packet_bytes : most);
}

bool icmp6_error_allowed(const struct ip_hdr *ip, const uint8_t *packet, uint32_t contiguous, bool group)
{
	if (ip->problem == IP_PROBLEM_NONE || !address_is_host(ip->src))
		return false;
	if ((group || address_is_multicast(ip->dst)) && ip->problem != IP_PROBLEM_OPTION)
		return false;
	uint8_t protocol;
	uint32_t at;

	if (!ipv6_carries(packet, contiguous, &protocol, &at))
		return false;
	return protocol != IP_PROTOCOL_ICMP6 ||
	       (at < contiguous && packet[at] >= ICMP6_ECHO && packet[at] != ICMP6_REDIRECT);
}

void icmp6_build_csum(uint8_t *message, unsigned len, struct weir_address src, struct weir_address dst)
{
	csum_put(message + CSUM_AT,
		 csum_add(csum_pseudo(src, dst, IP_PROTOCOL_ICMP6, (uint16_t)len), csum_bytes(message, len)));
}

void icmp6_problem_build(uint8_t *message, unsigned bytes, const struct ip_hdr *about)
{
	message[0] = ICMP6_PARAMETER_PROBLEM;
	message[1] = about->problem;
	bytes_put16(message + CSUM_AT, 0);
	bytes_put32(message + 4, about->problem_at);
	icmp6_build_csum(message, bytes, about->dst, about->src);
}
