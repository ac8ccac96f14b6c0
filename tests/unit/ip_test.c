/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/ipv4.h"

/* 40 bytes: 192.168.0.9 to 192.168.0.1, TCP. */
static void good(uint8_t packet[40])
{
	memset(packet, 0, 40);
	ipv4_build(packet, &(struct ip_hdr){ .src = weir_ipv4(0xc0a80009),
					     .dst = weir_ipv4(0xc0a80001),
					     .total_bytes = 40,
					     .protocol = IP_PROTOCOL_TCP,
					     .ttl = 61,
					     .tos = 0xb8 });
	ipv4_build_csum(packet);
}

static void mend(uint8_t *packet)
{
	bytes_put16(packet + 10, 0);
	csum_put(packet + 10, csum_bytes(packet, (packet[0] & 15) * 4u));
}

/* Both steps over an exact copy. */
static verdict judge(const uint8_t *packet, uint32_t len)
{
	uint8_t *copy = exact_copy(packet, len);
	struct ip_hdr ip;
	verdict v = ipv4_parse(copy, len, len, false, &ip);

	if (v == ACCEPTED)
		v = ipv4_acceptable(copy, &ip);
	free(copy);
	return v;
}

static verdict judge_source(uint32_t src)
{
	uint8_t packet[40];

	good(packet);
	bytes_put32(packet + 12, src);
	mend(packet);
	return judge(packet, sizeof(packet));
}

/* A header with these option bytes, padded with 0 to a multiple of 4. */
static verdict judge_options(const uint8_t *options, unsigned bytes)
{
	unsigned padded = (bytes + 3) / 4 * 4;
	uint8_t packet[80];

	memset(packet, 0, sizeof(packet));
	good(packet);
	packet[0] = (uint8_t)(0x45 + padded / 4);
	memcpy(packet + IPV4_BYTES, options, bytes);
	bytes_put16(packet + 2, (uint16_t)(IPV4_BYTES + padded + 20));
	mend(packet);
	return judge(packet, IPV4_BYTES + padded + 20);
}

Test(ip, fields)
{
	uint8_t packet[40];
	struct ip_hdr ip;

	good(packet);
	cr_assert_eq(ipv4_parse(packet, 40, 40, false, &ip), ACCEPTED);
	cr_assert(address_equal(ip.src, weir_ipv4(0xc0a80009)));
	cr_assert(address_equal(ip.dst, weir_ipv4(0xc0a80001)));
	cr_assert_eq(ip.total_bytes, 40);
	cr_assert_eq(ip.header_bytes, IPV4_BYTES);
	cr_assert_eq(ip.protocol, IP_PROTOCOL_TCP);
	cr_assert_eq(ip.ttl, 61);
	cr_assert_eq(ip.tos, 0xb8);
	cr_assert_eq(ip.fragment, 0x4000);
	cr_assert_eq(ipv4_acceptable(packet, &ip), ACCEPTED);
}

Test(ip, every_truncation)
{
	uint8_t packet[40];

	good(packet);
	for (uint32_t len = 0; len < 40; len++)
		cr_assert_eq(judge(packet, len),
			     len < IPV4_BYTES ? COUNT_drop_ip_short : COUNT_drop_ip_total_length, "%u bytes",
			     len);
}

Test(ip, padding_is_no_part_of_it)
{
	uint8_t packet[60] = { 0 };

	good(packet);
	cr_assert_eq(judge(packet, sizeof(packet)), ACCEPTED);
}

Test(ip, version)
{
	uint8_t packet[40];

	good(packet);
	packet[0] = 0x65;
	mend(packet);
	cr_assert_eq(judge(packet, sizeof(packet)), COUNT_drop_ip_version);
}

Test(ip, header_length)
{
	uint8_t packet[40];

	for (unsigned words = 0; words < 5; words++) {
		good(packet);
		packet[0] = (uint8_t)(0x40 | words);
		cr_assert_eq(judge(packet, sizeof(packet)), COUNT_drop_ip_header_length, "%u words", words);
	}
	good(packet);
	packet[0] = 0x4f; /* 60 bytes of a packet of 40 */
	cr_assert_eq(judge(packet, sizeof(packet)), COUNT_drop_ip_header_length);
}

Test(ip, header_beyond_the_contiguous_bytes)
{
	uint8_t packet[40];
	struct ip_hdr ip;

	good(packet);
	packet[0] = 0x46;
	mend(packet);
	uint8_t *first = exact_copy(packet, 22);

	cr_assert_eq(ipv4_parse(first, 22, 40, false, &ip), COUNT_drop_ip_short);
	free(first);
}

Test(ip, total_length)
{
	static const uint16_t bad[] = { 0, 19, 41, 65535 };
	uint8_t packet[40];

	for (unsigned i = 0; i < 4; i++) {
		good(packet);
		bytes_put16(packet + 2, bad[i]);
		mend(packet);
		cr_assert_eq(judge(packet, sizeof(packet)), COUNT_drop_ip_total_length, "%u", bad[i]);
	}
}

Test(ip, checksum)
{
	uint8_t packet[40];
	struct ip_hdr ip;

	for (unsigned bit = 64; bit < 160; bit++) { /* those that no other check looks at first */
		good(packet);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_eq(judge(packet, sizeof(packet)), COUNT_drop_ip_csum, "bit %u", bit);
	}
	good(packet);
	packet[10] ^= 1;
	cr_assert_eq(ipv4_parse(packet, 40, 40, true, &ip), ACCEPTED, "a port that verified it is believed");
}

Test(ip, fragments)
{
	static const uint16_t fragments[] = { 0x2000, 0x0001, 0x1fff, 0x6000 };
	uint8_t packet[40];

	for (unsigned i = 0; i < 4; i++) {
		good(packet);
		bytes_put16(packet + 6, fragments[i]);
		mend(packet);
		cr_assert_eq(judge(packet, sizeof(packet)), COUNT_drop_ip_fragment, "%04x", fragments[i]);
	}
}

Test(ip, sources_that_nobody_can_have)
{
	static const uint32_t bad[] = { 0,          0x00000001, 0x7f000001, 0x7fffffff, 0xe0000001,
					0xefffffff, 0xf0000001, 0xfffffffe, 0xffffffff };
	static const uint32_t fair[] = { 0x01000000, 0x0a0000ff, 0x80000000, 0xdfffffff };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(judge_source(bad[i]), COUNT_drop_ip_source, "%08x", bad[i]);
	for (unsigned i = 0; i < sizeof(fair) / sizeof(fair[0]); i++)
		cr_assert_eq(judge_source(fair[i]), ACCEPTED, "%08x", fair[i]);
}

Test(ip, unknown_options_are_read_past)
{
	cr_assert_eq(judge_options((uint8_t[]){ 1, 1, 148, 4, 0, 0 }, 6), ACCEPTED);
	cr_assert_eq(judge_options((uint8_t[]){ 7, 7, 4, 0, 0, 0, 0, 1 }, 8), ACCEPTED);
	cr_assert_eq(judge_options((uint8_t[]){ 0, 131, 7, 4 }, 4), ACCEPTED, "the list has ended");
}

Test(ip, source_routes)
{
	cr_assert_eq(judge_options((uint8_t[]){ 131, 7, 4, 10, 0, 0, 1 }, 7), COUNT_drop_ip_source_route);
	cr_assert_eq(judge_options((uint8_t[]){ 1, 137, 7, 4, 10, 0, 0, 1 }, 8), COUNT_drop_ip_source_route);
}

Test(ip, option_lengths)
{
	cr_assert_eq(judge_options((uint8_t[]){ 7, 0, 0, 0 }, 4), COUNT_drop_ip_option_length);
	cr_assert_eq(judge_options((uint8_t[]){ 7, 1, 0, 0 }, 4), COUNT_drop_ip_option_length);
	cr_assert_eq(judge_options((uint8_t[]){ 7, 5, 0, 0 }, 4), COUNT_drop_ip_option_length);
	cr_assert_eq(judge_options((uint8_t[]){ 1, 1, 1, 7 }, 4), COUNT_drop_ip_option_length);
}

/* The last byte of the packet asks for a length that is not there. */
Test(ip, option_at_the_very_end)
{
	uint8_t packet[40] = { 0 };

	good(packet);
	packet[0] = 0x46;
	memcpy(packet + IPV4_BYTES, (uint8_t[]){ 1, 1, 1, 7 }, 4);
	bytes_put16(packet + 2, 24);
	mend(packet);
	cr_assert_eq(judge(packet, 24), COUNT_drop_ip_option_length);
}
