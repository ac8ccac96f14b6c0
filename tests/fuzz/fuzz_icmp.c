/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_icmp - an ICMP message, whole or in two buffers, with its checksum mended or not; an echo's reply must
 * have a right one in its turn.
 */
#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"

enum {
	MEND = 1 << 0,
	SPLIT = 1 << 1,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_in in = { data, data + size };
	unsigned how = in_u8(&in), part = how & SPLIT ? in_u8(&in) : UINT8_MAX;
	uint32_t len = (uint32_t)in_left(&in);
	const struct ip_hdr ip = { .src = weir_ipv4(0x0a000002), .dst = weir_ipv4(0x0a000001) };
	struct icmp icmp;

	if (len > 9000)
		return 0;
	uint8_t *whole = exact_copy(in.at, len);

	if (how & MEND && len >= ICMP_BYTES) {
		bytes_put16(whole + 2, 0);
		csum_put(whole + 2, csum_bytes(whole, len));
	}
	uint32_t here = how & SPLIT && part < len ? part : len;
	uint8_t *first = exact_copy(whole, here);
	verdict v = icmp_parse(&ip, first, here, len, csum_bytes(whole + here, len - here), &icmp);

	if (v == ACCEPTED && icmp.type != ICMP_ECHO)
		HOLDS(icmp.error.trouble <= ICMP_TOO_BIG &&
			      (icmp.error.mtu == 0 || icmp.error.trouble == ICMP_TOO_BIG),
		      "trouble %u mtu %u", icmp.error.trouble, icmp.error.mtu);
	if (v == ACCEPTED && icmp.type == ICMP_ECHO) {
		icmp_echo_to_reply(whole, false);
		HOLDS(csum_fold(csum_bytes(whole, len)) == CSUM_RIGHT, "the reply to %u bytes", len);
	}
	free(first);
	free(whole);
	return 0;
}
