/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "support/frames.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define QUOTE_BYTES 28

static uint32_t message_of(uint8_t *out, uint8_t type, uint8_t code, const void *data, uint32_t len)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t bytes = frames_icmp(frame, type, code, data, len) - ETH_BYTES - IPV4_BYTES;

	memcpy(out, frame + ETH_BYTES + IPV4_BYTES, bytes);
	return bytes;
}

static void mend(uint8_t *message, uint32_t len)
{
	bytes_put16(message + 2, 0);
	csum_put(message + 2, csum_bytes(message, len));
}

static const struct ip_hdr ipv4 = { .src = FRAMES_IPV4(FRAMES_PEER), .dst = FRAMES_IPV4(FRAMES_OURS) };

/* A quote of the segment 10.0.0.1:1000 -> 10.0.0.2:80 with sequence number 0x01020304. */
static void quote(uint8_t out[QUOTE_BYTES])
{
	ipv4_build(out, &(struct ip_hdr){ .src = weir_ipv4(FRAMES_OURS),
					.dst = weir_ipv4(FRAMES_PEER),
					.total_bytes = 40,
					.protocol = IP_PROTOCOL_TCP,
					.ttl = 1 });
	bytes_put16(out + IPV4_BYTES, 1000);
	bytes_put16(out + IPV4_BYTES + 2, 80);
	bytes_put32(out + IPV4_BYTES + 4, 0x01020304);
}

static verdict judge(const uint8_t *message, uint32_t len, struct icmp *icmp)
{
	uint8_t *copy = exact_copy(message, len);
	verdict v = icmp_parse(&ipv4, copy, len, len, 0, icmp);

	free(copy);
	return v;
}

static verdict judge_quote(const uint8_t *bytes, uint32_t len, struct icmp *icmp)
{
	uint8_t message[256];
	uint32_t message_len = message_of(message, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, bytes, len);

	return judge(message, message_len, icmp);
}

Test(icmp, echo)
{
	uint8_t message[64];
	struct icmp icmp;
	uint32_t len = message_of(message, ICMP_ECHO, 0, "ping?", 5);

	cr_assert_eq(judge(message, len, &icmp), ACCEPTED);
	cr_assert_eq(icmp.type, ICMP_ECHO);
}

Test(icmp, reply_differs_in_type_and_checksum_alone)
{
	struct rng rng = { 3 };

	for (unsigned round = 0; round < 2000; round++) {
		uint8_t data[16], message[64], before[64];
		struct icmp icmp;

		for (unsigned i = 0; i < sizeof(data); i++)
			data[i] = round == 0 ? 0 : (uint8_t)rng_u64(&rng);
		uint32_t len = message_of(message, ICMP_ECHO, 0, data, rng_below(&rng, 17));

		memcpy(before, message, len);
		icmp_echo_to_reply(message, false);
		cr_assert_eq(message[0], ICMP_ECHO_REPLY);
		cr_assert_eq(csum_fold(csum_bytes(message, len)), CSUM_RIGHT, "round %u", round);
		cr_assert_arr_eq(message + 4, before + 4, len - 4);
		cr_assert_eq(judge(message, len, &icmp), COUNT_drop_icmp_type, "we sent no echo");
	}
}

Test(icmp, types_without_a_use)
{
	for (unsigned type = 0; type < 256; type++) {
		uint8_t message[64], bytes[QUOTE_BYTES];
		struct icmp icmp;

		quote(bytes);
		uint32_t len = message_of(message, (uint8_t)type, 0, bytes, sizeof(bytes));
		bool used = type == ICMP_ECHO || type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
			    type == ICMP_PARAMETER_PROBLEM;
		verdict unused = type == ICMP_SOURCE_QUENCH ? COUNT_drop_icmp_quench : COUNT_drop_icmp_type;

		cr_assert_eq(judge(message, len, &icmp), used ? ACCEPTED : unused, "type %u", type);
	}
}

Test(icmp, an_error_names_our_segment)
{
	uint8_t bytes[QUOTE_BYTES];
	struct icmp icmp;

	quote(bytes);
	cr_assert_eq(judge_quote(bytes, sizeof(bytes), &icmp), ACCEPTED);
	cr_assert_eq(icmp.type, ICMP_UNREACHABLE);
	cr_assert_eq(icmp.code, ICMP_PORT_UNREACHABLE);
	cr_assert_eq(icmp.error.protocol, IP_PROTOCOL_TCP);
	cr_assert(address_equal(icmp.error.pair.local, weir_ipv4(FRAMES_OURS)));
	cr_assert(address_equal(icmp.error.pair.remote, weir_ipv4(FRAMES_PEER)));
	cr_assert_eq(icmp.error.lport, 1000);
	cr_assert_eq(icmp.error.rport, 80);
	cr_assert_eq(icmp.error.seq, 0x01020304);
}

/* RFC 9293 section 3.9.2.2 */
Test(icmp, which_errors_are_hard)
{
	static const uint8_t types[] = { ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM };
	uint8_t bytes[QUOTE_BYTES], message[64];
	struct icmp icmp;

	quote(bytes);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned code = 0; code < 256; code++) {
			bool unreachable = types[i] == ICMP_UNREACHABLE;
			enum icmp_trouble want = unreachable && (code == 2 || code == 3) ? ICMP_HARD :
						 unreachable && code == 4                ? ICMP_TOO_BIG :
											   ICMP_SOFT;
			uint32_t len = message_of(message, types[i], (uint8_t)code, bytes, sizeof(bytes));

			cr_assert_eq(judge(message, len, &icmp), ACCEPTED);
			cr_assert_eq(icmp.error.trouble, want, "type %u, code %u", types[i], code);
		}
	}
}

Test(icmp, a_router_names_the_next_mtu)
{
	uint8_t bytes[QUOTE_BYTES], message[64];
	struct icmp icmp;

	quote(bytes);
	uint32_t len = message_of(message, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, bytes, sizeof(bytes));

	bytes_put32(message + 4, 0xdead05d0);
	mend(message, len);
	cr_assert_eq(judge(message, len, &icmp), ACCEPTED);
	cr_assert_eq(icmp.error.mtu, 1488);
	message[1] = ICMP_PORT_UNREACHABLE; /* has another use for these bytes, or none */
	mend(message, len);
	cr_assert_eq(judge(message, len, &icmp), ACCEPTED);
	cr_assert_eq(icmp.error.mtu, 0);
}

/* The ports stand behind the options that the quoted packet had. */
Test(icmp, quote_with_ip_options)
{
	uint8_t bytes[QUOTE_BYTES + 4];
	struct icmp icmp;

	quote(bytes);
	memmove(bytes + IPV4_BYTES + 4, bytes + IPV4_BYTES, 8);
	memset(bytes + IPV4_BYTES, 1, 4);
	bytes[0] = 0x46;
	cr_assert_eq(judge_quote(bytes, sizeof(bytes), &icmp), ACCEPTED);
	cr_assert_eq(icmp.error.lport, 1000);
	cr_assert_eq(icmp.error.seq, 0x01020304);
}

Test(icmp, quotes_too_little)
{
	uint8_t bytes[QUOTE_BYTES];
	struct icmp icmp;

	quote(bytes);
	for (uint32_t len = 0; len < QUOTE_BYTES; len++)
		cr_assert_eq(judge_quote(bytes, len, &icmp), COUNT_drop_icmp_malformed, "%u bytes", len);
	bytes[0] = 0x44;
	cr_assert_eq(judge_quote(bytes, sizeof(bytes), &icmp), COUNT_drop_icmp_malformed);
	bytes[0] = 0x46; /* ports would stand beyond the quote */
	cr_assert_eq(judge_quote(bytes, sizeof(bytes), &icmp), COUNT_drop_icmp_malformed);
	bytes[0] = 0x65;
	cr_assert_eq(judge_quote(bytes, sizeof(bytes), &icmp), COUNT_drop_icmp_malformed);
	quote(bytes);
	bytes[7] = 1; /* a later fragment holds no ports */
	cr_assert_eq(judge_quote(bytes, sizeof(bytes), &icmp), COUNT_drop_icmp_malformed);
}

Test(icmp, short_of_a_header)
{
	uint8_t message[64];
	struct icmp icmp;
	uint32_t len = message_of(message, ICMP_ECHO, 0, "", 0);

	for (uint32_t cut = 0; cut < len; cut++) {
		mend(message, cut < 4 ? 4 : cut);
		cr_assert_eq(judge(message, cut, &icmp), COUNT_drop_icmp_malformed, "%u bytes", cut);
	}
}

Test(icmp, checksum_over_two_parts)
{
	uint8_t message[64];
	struct icmp icmp;
	uint32_t len = message_of(message, ICMP_ECHO, 0, "0123456789abc", 13);

	for (uint32_t first = ICMP_BYTES; first <= len; first++) {
		uint8_t *copy = exact_copy(message, first);
		uint64_t rest = csum_bytes(message + first, len - first);

		cr_assert_eq(icmp_parse(&ipv4, copy, first, len, rest, &icmp), ACCEPTED, "split at %u", first);
		if (first < len)
			cr_assert_eq(icmp_parse(&ipv4, copy, first, len, rest ^ 0x100, &icmp), COUNT_drop_icmp_csum);
		free(copy);
	}
	message[len - 1] ^= 1;
	cr_assert_eq(judge(message, len, &icmp), COUNT_drop_icmp_csum);
}
