/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "wire/eth.h"

static const uint8_t arp_to_all[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 7, 0x08, 0x06 };

static verdict parse_with_type(uint8_t high, uint8_t low)
{
	uint8_t frame[sizeof(arp_to_all)];
	struct eth_hdr eth;

	memcpy(frame, arp_to_all, sizeof(frame));
	frame[12] = high;
	frame[13] = low;
	return eth_parse(frame, sizeof(frame), &eth);
}

Test(eth, fields)
{
	struct eth_hdr eth;

	cr_assert_eq(eth_parse(arp_to_all, sizeof(arp_to_all), &eth), ACCEPTED);
	cr_assert(eth_equal(&eth.dst, &ETH_BROADCAST));
	cr_assert(eth_is_group(&eth.dst));
	cr_assert_not(eth_is_group(&eth.src));
	cr_assert_eq(eth.src.bytes[5], 7);
	cr_assert_eq(eth.type, ETH_TYPE_ARP);
	cr_assert_not(eth_is_zero(&eth.src));
	cr_assert(eth_is_zero(&(struct eth_addr){ { 0 } }));
}

Test(eth, types)
{
	cr_assert_eq(parse_with_type(0x08, 0x00), ACCEPTED);
	cr_assert_eq(parse_with_type(0x08, 0x06), ACCEPTED);
	cr_assert_eq(parse_with_type(0x86, 0xdd), ACCEPTED);
	cr_assert_eq(parse_with_type(0x81, 0x00), COUNT_drop_vlan);
	cr_assert_eq(parse_with_type(0x88, 0xa8), COUNT_drop_vlan);
	cr_assert_eq(parse_with_type(0x88, 0xcc), COUNT_drop_eth_type);
	cr_assert_eq(parse_with_type(0x00, 0x26), COUNT_drop_eth_type); /* an IEEE 802.3 length */
}

Test(eth, every_truncation)
{
	for (uint32_t len = 0; len < sizeof(arp_to_all); len++) {
		uint8_t *frame = exact_copy(arp_to_all, len);
		struct eth_hdr eth;

		cr_assert_eq(eth_parse(frame, len, &eth), COUNT_drop_eth_short, "%u bytes", len);
		free(frame);
	}
}

Test(eth, build_is_the_inverse)
{
	uint8_t *frame = exact_copy((uint8_t[ETH_BYTES]){ 0 }, ETH_BYTES);
	struct eth_hdr eth;

	cr_assert_eq(eth_parse(arp_to_all, sizeof(arp_to_all), &eth), ACCEPTED);
	eth_build(frame, &eth);
	cr_assert_arr_eq(frame, arp_to_all, sizeof(arp_to_all));
	free(frame);
}
