/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "wire/arp.h"

/* Who has 192.168.0.1? Tell 192.168.0.9. */
static const uint8_t request[ARP_BYTES] = { 0,   1,   8, 0, 6, 4, 0, 1, 2, 0, 0,   0,   0, 9,
					    192, 168, 0, 9, 0, 0, 0, 0, 0, 0, 192, 168, 0, 1 };

Test(arp, fields)
{
	struct arp arp;

	cr_assert_eq(arp_parse(request, sizeof(request), &arp), ACCEPTED);
	cr_assert_eq(arp.op, ARP_REQUEST);
	cr_assert_eq(arp.sender, 0xc0a80009);
	cr_assert_eq(arp.target, 0xc0a80001);
	cr_assert_eq(arp.sender_mac.bytes[5], 9);
	cr_assert(eth_is_zero(&arp.target_mac));
}

Test(arp, every_truncation)
{
	for (uint32_t len = 0; len < ARP_BYTES; len++) {
		uint8_t *packet = exact_copy(request, len);
		struct arp arp;

		cr_assert_eq(arp_parse(packet, len, &arp), COUNT_drop_arp_malformed, "%u bytes", len);
		free(packet);
	}
}

Test(arp, each_field_that_says_what_it_is)
{
	/* Hardware type, protocol type, both lengths, operation. */
	for (unsigned at = 0; at < 8; at++) {
		uint8_t packet[ARP_BYTES];
		struct arp arp;

		memcpy(packet, request, sizeof(packet));
		packet[at] ^= 0x10;
		cr_assert_eq(arp_parse(packet, sizeof(packet), &arp), COUNT_drop_arp_malformed, "byte %u",
			     at);
	}
}

Test(arp, build_is_the_inverse)
{
	uint8_t *packet = exact_copy((uint8_t[ARP_BYTES]){ 0 }, ARP_BYTES);
	struct arp arp;

	cr_assert_eq(arp_parse(request, sizeof(request), &arp), ACCEPTED);
	arp_build(packet, &arp);
	cr_assert_arr_eq(packet, request, sizeof(request));
	free(packet);
}
