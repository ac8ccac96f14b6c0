/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_icmp - an ICMP message of either family, whole or in two buffers, with its checksum mended or not; an
 * echo's reply must have a right one in its turn.
 */
#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "support/addresses.h"
#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"

enum {
	MEND = 1 << 0,
	SPLIT = 1 << 1,
	IPV6 = 1 << 2,
};

/* Of IPv6 with the pseudo header (RFC 4443 section 2.3), the same both ways. */
static uint64_t sum_of(const struct ip_hdr *ip, const uint8_t *message, uint32_t len)
{
	uint64_t sum = csum_bytes(message, len);

	return ip_is6(ip) ? csum_add(csum_pseudo(ip->src, ip->dst, IP_PROTOCOL_ICMP6, (uint16_t)len), sum) :
			    sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_in in = { data, data + size };
	unsigned how = in_u8(&in), part = how & SPLIT ? in_u8(&in) : UINT8_MAX;
	uint32_t len = (uint32_t)in_left(&in);
	const bool is6 = how & IPV6;
	const struct ip_hdr ip = { .src = numbered_address(is6, 0x0a000002),
				   .dst = numbered_address(is6, 0x0a000001) };
	struct icmp icmp;

	if (len > 9000)
		return 0;
	uint8_t *whole = exact_copy(in.at, len);

	if (how & MEND && len >= ICMP_BYTES) {
		bytes_put16(whole + 2, 0);
		csum_put(whole + 2, sum_of(&ip, whole, len));
	}
	uint32_t here = how & SPLIT && part < len ? part : len;
	uint8_t *first = exact_copy(whole, here);
	verdict v = icmp_parse(&ip, first, here, len, csum_bytes(whole + here, len - here), &icmp);

	if (v == ACCEPTED && icmp.kind == ICMP_IS_ERROR)
		HOLDS(ip_is6(&ip) != weir_is_ipv4(icmp.error.pair.local) &&
			      ip_is6(&ip) != weir_is_ipv4(icmp.error.pair.remote),
		      "it quotes the other family");
	if (v == ACCEPTED && icmp.kind == ICMP_IS_ERROR)
		HOLDS(icmp.error.trouble <= ICMP_TOO_BIG &&
			      (icmp.error.mtu == 0 || icmp.error.trouble == ICMP_TOO_BIG),
		      "trouble %u mtu %u", icmp.error.trouble, icmp.error.mtu);
	if (v == ACCEPTED && icmp.kind == ICMP_IS_ECHO) {
		icmp_echo_to_reply(whole, is6);
		HOLDS(csum_fold(sum_of(&ip, whole, len)) == CSUM_RIGHT, "the reply to %u bytes", len);
	}
	free(first);
	free(whole);
	return 0;
}
