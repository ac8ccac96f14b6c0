/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/icmp.h"

#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ip.h"

#define CSUM_AT 2
#define MTU_AT 6 /* RFC 1191 section 4 */
#define OFFSET_MASK 0x1fff

/*
 * RFC 792: the IP header and 64 bits of what followed: of TCP both ports and the sequence number.
 * The header is one that we built: its checksum is not looked at, as routers on the way change TTL
 * and some do not mend the copy.
 */
static verdict parse_quote(const uint8_t *quote, uint32_t len, struct icmp_error *error)
{
	if (len < IP_BYTES || quote[0] >> 4 != 4)
		return COUNT_drop_icmp_malformed;
	uint32_t header_bytes = (quote[0] & 15) * 4u;

	if (header_bytes < IP_BYTES || len < header_bytes + 8 || bytes_get16(quote + 6) & OFFSET_MASK)
		return COUNT_drop_icmp_malformed;
	error->protocol = quote[9];
	error->tuple = (struct tuple){
		.laddr = bytes_get32(quote + 12),
		.raddr = bytes_get32(quote + 16),
		.lport = bytes_get16(quote + header_bytes),
		.rport = bytes_get16(quote + header_bytes + 2),
	};
	error->seq = bytes_get32(quote + header_bytes + 4);
	return ACCEPTED;
}

static enum icmp_trouble trouble_of(const struct icmp *icmp)
{
	if (icmp->type != ICMP_UNREACHABLE)
		return ICMP_SOFT;
	if (icmp->code == ICMP_FRAGMENTATION_NEEDED)
		return ICMP_TOO_BIG;
	return icmp->code == ICMP_PROTOCOL_UNREACHABLE || icmp->code == ICMP_PORT_UNREACHABLE ? ICMP_HARD :
												ICMP_SOFT;
}

static verdict parse_error(const uint8_t *message, uint32_t len, struct icmp *icmp)
{
	icmp->error.trouble = (uint8_t)trouble_of(icmp);
	if (icmp->error.trouble == ICMP_TOO_BIG)
		icmp->error.mtu = bytes_get16(message + MTU_AT);
	return parse_quote(message + ICMP_BYTES, len - ICMP_BYTES, &icmp->error);
}

verdict icmp_parse(const uint8_t *message, uint32_t contiguous, uint32_t len, uint64_t rest,
		   struct icmp *icmp)
{
	if (contiguous < ICMP_BYTES)
		return COUNT_drop_icmp_malformed;
	if (contiguous > len)
		contiguous = len;
	uint64_t sum = csum_add(csum_bytes(message, contiguous), csum_at(rest, contiguous));

	if (csum_fold(sum) != CSUM_RIGHT)
		return COUNT_drop_icmp_csum;
	*icmp = (struct icmp){ .type = message[0], .code = message[1] };
	switch (icmp->type) {
	case ICMP_ECHO:
		return icmp->code == 0 ? ACCEPTED : COUNT_drop_icmp_type;
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return parse_error(message, contiguous, icmp);
	case ICMP_SOURCE_QUENCH:
		return COUNT_drop_icmp_quench;
	default:
		return COUNT_drop_icmp_type;
	}
}

void icmp_echo_to_reply(uint8_t *message)
{
	uint16_t csum;

	/* RFC 1624 equation 3, HC' = ~(~HC + ~m + m'), where m is the word of type and code and m' is 0. */
	memcpy(&csum, message + CSUM_AT, sizeof(csum));
	csum = (uint16_t)~csum_fold((uint64_t)(uint16_t)~csum + (uint16_t)~htobe16(ICMP_ECHO << 8));
	/* Of the two zeros only this one is right for a message that has nothing but zeros left. */
	if (csum == 0)
		csum = 0xffff;
	memcpy(message + CSUM_AT, &csum, sizeof(csum));
	message[0] = ICMP_ECHO_REPLY;
}
