/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "support/frames.h"
#include "wire/bytes.h"
#include "wire/csum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define QUOTE_MAX (IPV6_BYTES + 8)

/* A test of both families: its body is called for each. */
#define BOTH(NAME)                  \
	static void NAME(bool is6); \
	Test(icmp, NAME)            \
	{                           \
		NAME(false);        \
		NAME(true);         \
	}                           \
	static void NAME(bool is6)

static struct ip_hdr header(bool is6)
{
	struct pair pair = frames_pair(is6);

	return (struct ip_hdr){ .src = pair.remote, .dst = pair.local, .problem = IP_PROBLEM_NONE };
}

static uint32_t message_of(bool is6, uint8_t *out, uint8_t type, uint8_t code, const void *data, uint32_t len)
{
	struct pair pair = frames_pair(is6);
	uint8_t frame[FRAMES_MAX];
	uint32_t at = ETH_BYTES + ip_build_bytes(is6);
	uint32_t bytes = frames_icmp_between(frame, &pair, type, code, data, len) - at;

	memcpy(out, frame + at, bytes);
	return bytes;
}

static void mend(bool is6, uint8_t *message, uint32_t len)
{
	struct pair pair = frames_pair(is6);

	bytes_put16(message + 2, 0);
	if (is6)
		icmp6_build_csum(message, len, pair.remote, pair.local);
	else
		csum_put(message + 2, csum_bytes(message, len));
}

/*
 * A quote of a segment of ours from port 1000 to the peer's 80 with sequence number 0x01020304.
 * Returns its length.
 */
static uint32_t quote(bool is6, uint8_t out[QUOTE_MAX])
{
	struct pair pair = frames_pair(is6);
	uint32_t at = ip_build_bytes(is6);

	ip_build(out,
		 &(struct ip_hdr){ .src = pair.local,
				   .dst = pair.remote,
				   .total_bytes = (uint16_t)(at + 20),
				   .protocol = IP_PROTOCOL_TCP,
				   .ttl = 1 },
		 0);
	bytes_put16(out + at, 1000);
	bytes_put16(out + at + 2, 80);
	bytes_put32(out + at + 4, 0x01020304);
	return at + 8;
}

static verdict judge(bool is6, const uint8_t *message, uint32_t len, struct icmp *icmp)
{
	struct ip_hdr ip = header(is6);
	uint8_t *copy = exact_copy(message, len);
	verdict v = icmp_parse(&ip, copy, len, len, 0, icmp);

	free(copy);
	return v;
}

static verdict judge_quote(bool is6, const uint8_t *bytes, uint32_t len, struct icmp *icmp)
{
	uint8_t message[256];
	uint32_t message_len = message_of(is6, message, is6 ? ICMP6_UNREACHABLE : ICMP_UNREACHABLE,
					  is6 ? ICMP6_PORT_UNREACHABLE : ICMP_PORT_UNREACHABLE, bytes, len);

	return judge(is6, message, message_len, icmp);
}

static uint8_t echo_of(bool is6)
{
	return is6 ? ICMP6_ECHO : ICMP_ECHO;
}

BOTH(echo)
{
	uint8_t message[64];
	struct icmp icmp;
	uint32_t len = message_of(is6, message, echo_of(is6), 0, "ping?", 5);

	cr_assert_eq(judge(is6, message, len, &icmp), ACCEPTED);
	cr_assert_eq(icmp.kind, ICMP_IS_ECHO);
	cr_assert_eq(icmp.type, echo_of(is6));
	message[1] = 1;
	mend(is6, message, len);
	cr_assert_eq(judge(is6, message, len, &icmp), COUNT_drop_icmp_type);
}

/* The sum of a reply, whose addresses have changed places. */
static uint16_t sum_of(bool is6, const uint8_t *message, uint32_t len)
{
	struct pair pair = frames_pair(is6);
	uint64_t sum = csum_bytes(message, len);

	if (is6)
		sum = csum_add(sum, csum_pseudo(pair.local, pair.remote, IP_PROTOCOL_ICMP6, (uint16_t)len));
	return csum_fold(sum);
}

BOTH(reply_differs_in_type_and_checksum_alone)
{
	struct rng rng = { 3 };

	for (unsigned round = 0; round < 2000; round++) {
		uint8_t data[16], message[64], before[64];
		struct icmp icmp;

		for (unsigned i = 0; i < sizeof(data); i++)
			data[i] = round == 0 ? 0 : (uint8_t)rng_u64(&rng);
		uint32_t len = message_of(is6, message, echo_of(is6), 0, data, rng_below(&rng, 17));

		memcpy(before, message, len);
		icmp_echo_to_reply(message, is6);
		cr_assert_eq(message[0], is6 ? ICMP6_ECHO_REPLY : ICMP_ECHO_REPLY);
		cr_assert_eq(sum_of(is6, message, len), CSUM_RIGHT, "round %u", round);
		cr_assert_arr_eq(message + 4, before + 4, len - 4);
		cr_assert_eq(judge(is6, message, len, &icmp), COUNT_drop_icmp_type, "we sent no echo");
	}
}

static verdict use_of(bool is6, unsigned type)
{
	if (type == echo_of(is6))
		return ACCEPTED;
	if (is6)
		return (type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER_PROBLEM) ||
				       (type >= ICMP6_ROUTER_SOLICITATION && type <= ICMP6_REDIRECT) ||
				       type == ICMP6_LISTENER_QUERY ?
			       ACCEPTED :
			       COUNT_drop_icmp_type;
	if (type == ICMP_SOURCE_QUENCH)
		return COUNT_drop_icmp_quench;
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM ?
		       ACCEPTED :
		       COUNT_drop_icmp_type;
}

BOTH(types_without_a_use)
{
	for (unsigned type = 0; type < 256; type++) {
		uint8_t message[64], bytes[QUOTE_MAX];
		struct icmp icmp;
		uint32_t len = message_of(is6, message, (uint8_t)type, 0, bytes, quote(is6, bytes));

		cr_assert_eq(judge(is6, message, len, &icmp), use_of(is6, type), "type %u", type);
		if (is6 && type >= ICMP6_ROUTER_SOLICITATION && type <= ICMP6_REDIRECT)
			cr_assert_eq(icmp.kind, ICMP_IS_NEIGHBOUR);
		if (is6 && type == ICMP6_LISTENER_QUERY)
			cr_assert_eq(icmp.kind, ICMP_IS_QUERY);
	}
}

BOTH(an_error_names_our_segment)
{
	struct pair pair = frames_pair(is6);
	uint8_t bytes[QUOTE_MAX];
	struct icmp icmp;
	uint32_t len = quote(is6, bytes);

	cr_assert_eq(judge_quote(is6, bytes, len, &icmp), ACCEPTED);
	cr_assert_eq(icmp.kind, ICMP_IS_ERROR);
	cr_assert_eq(icmp.error.protocol, IP_PROTOCOL_TCP);
	cr_assert(pair_equal(&icmp.error.pair, &pair));
	cr_assert_eq(icmp.error.lport, 1000);
	cr_assert_eq(icmp.error.rport, 80);
	cr_assert_eq(icmp.error.seq, 0x01020304);
}

static enum icmp_trouble trouble_of(bool is6, uint8_t type, unsigned code)
{
	if (is6) {
		if (type == ICMP6_TOO_BIG)
			return ICMP_TOO_BIG;
		return type == ICMP6_UNREACHABLE && (code == 1 || code == 4) ? ICMP_HARD : ICMP_SOFT;
	}
	if (type == ICMP_UNREACHABLE && code == 4)
		return ICMP_TOO_BIG;
	return type == ICMP_UNREACHABLE && (code == 2 || code == 3) ? ICMP_HARD : ICMP_SOFT;
}

/* RFC 9293 section 3.9.2.2 */
BOTH(which_errors_are_hard)
{
	static const uint8_t types_4[] = { ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM },
			     types_6[] = { ICMP6_UNREACHABLE, ICMP6_TOO_BIG, ICMP6_TIME_EXCEEDED,
					   ICMP6_PARAMETER_PROBLEM };
	const uint8_t *types = is6 ? types_6 : types_4;
	uint8_t bytes[QUOTE_MAX], message[64];
	struct icmp icmp;
	uint32_t quoted = quote(is6, bytes);

	for (unsigned i = 0; i < (is6 ? sizeof(types_6) : sizeof(types_4)); i++) {
		for (unsigned code = 0; code < 256; code++) {
			uint32_t len = message_of(is6, message, types[i], (uint8_t)code, bytes, quoted);

			cr_assert_eq(judge(is6, message, len, &icmp), ACCEPTED);
			cr_assert_eq(icmp.error.trouble, trouble_of(is6, types[i], code), "type %u, code %u",
				     types[i], code);
		}
	}
}

BOTH(a_router_names_the_next_mtu)
{
	uint8_t bytes[QUOTE_MAX], message[64];
	struct icmp icmp;
	uint32_t len = message_of(is6, message, is6 ? ICMP6_TOO_BIG : ICMP_UNREACHABLE,
				  is6 ? 0 : ICMP_FRAGMENTATION_NEEDED, bytes, quote(is6, bytes));

	bytes_put32(message + 4, is6 ? 1488 : 0xdead05d0); /* of 32 bits; of 16, and what is reserved */
	mend(is6, message, len);
	cr_assert_eq(judge(is6, message, len, &icmp), ACCEPTED);
	cr_assert_eq(icmp.error.mtu, 1488);
	message[0] = is6 ? ICMP6_UNREACHABLE :
			   ICMP_UNREACHABLE; /* has another use for these bytes, or none */
	message[1] = is6 ? ICMP6_PORT_UNREACHABLE : ICMP_PORT_UNREACHABLE;
	mend(is6, message, len);
	cr_assert_eq(judge(is6, message, len, &icmp), ACCEPTED);
	cr_assert_eq(icmp.error.mtu, 0);
}

/*
 * The ports stand behind the options that the quoted packet had. We send no extension headers:
 * there is nothing behind those.
 */
Test(icmp, quote_with_ip_options)
{
	uint8_t bytes[QUOTE_MAX + 4];
	struct icmp icmp;
	uint32_t len = quote(false, bytes);

	memmove(bytes + IPV4_BYTES + 4, bytes + IPV4_BYTES, 8);
	memset(bytes + IPV4_BYTES, 1, 4);
	bytes[0] = 0x46;
	cr_assert_eq(judge_quote(false, bytes, len + 4, &icmp), ACCEPTED);
	cr_assert_eq(icmp.error.lport, 1000);
	cr_assert_eq(icmp.error.seq, 0x01020304);
}

BOTH(quotes_too_little)
{
	uint8_t bytes[QUOTE_MAX];
	struct icmp icmp;
	uint32_t all = quote(is6, bytes);

	for (uint32_t len = 0; len < all; len++)
		cr_assert_eq(judge_quote(is6, bytes, len, &icmp), COUNT_drop_icmp_malformed, "%u bytes", len);
	bytes[0] ^= 0x20; /* the other family's version */
	cr_assert_eq(judge_quote(is6, bytes, all, &icmp), COUNT_drop_icmp_malformed);
}

/* What only one family can have wrong. */
Test(icmp, quotes_that_make_no_sense)
{
	const struct weir_address mapped = weir_ipv4(FRAMES_OURS);
	uint8_t bytes[QUOTE_MAX];
	struct icmp icmp;
	uint32_t len = quote(false, bytes);

	bytes[0] = 0x44;
	cr_assert_eq(judge_quote(false, bytes, len, &icmp), COUNT_drop_icmp_malformed);
	bytes[0] = 0x46; /* ports would stand beyond the quote */
	cr_assert_eq(judge_quote(false, bytes, len, &icmp), COUNT_drop_icmp_malformed);
	quote(false, bytes);
	bytes[7] = 1; /* a later fragment holds no ports */
	cr_assert_eq(judge_quote(false, bytes, len, &icmp), COUNT_drop_icmp_malformed);
	for (unsigned at = 8; at <= 24; at += 16) {
		len = quote(true, bytes);
		bytes_put_address(bytes + at, mapped);
		cr_assert_eq(judge_quote(true, bytes, len, &icmp), COUNT_drop_icmp_malformed);
	}
}

BOTH(short_of_a_header)
{
	uint8_t message[64];
	struct icmp icmp;
	uint32_t len = message_of(is6, message, echo_of(is6), 0, "", 0);

	for (uint32_t cut = 0; cut < len; cut++) {
		mend(is6, message, cut < 4 ? 4 : cut);
		cr_assert_eq(judge(is6, message, cut, &icmp), COUNT_drop_icmp_malformed, "%u bytes", cut);
	}
}

BOTH(checksum_over_two_parts)
{
	struct ip_hdr ip = header(is6);
	uint8_t message[64];
	struct icmp icmp;
	uint32_t len = message_of(is6, message, echo_of(is6), 0, "0123456789abc", 13);

	for (uint32_t first = ICMP_BYTES; first <= len; first++) {
		uint8_t *copy = exact_copy(message, first);
		uint64_t rest = csum_bytes(message + first, len - first);

		cr_assert_eq(icmp_parse(&ip, copy, first, len, rest, &icmp), ACCEPTED, "split at %u", first);
		if (first < len)
			cr_assert_eq(icmp_parse(&ip, copy, first, len, rest ^ 0x100, &icmp),
				     COUNT_drop_icmp_csum);
		free(copy);
	}
	message[len - 1] ^= 1;
	cr_assert_eq(judge(is6, message, len, &icmp), COUNT_drop_icmp_csum);
}

/* RFC 4443 section 2.3: of the pseudo header too, which ICMP has not. */
BOTH(checksum_covers_the_addresses)
{
	struct ip_hdr ip = header(is6);
	uint8_t message[64];
	struct icmp icmp;
	uint32_t len = message_of(is6, message, echo_of(is6), 0, "", 0);

	ip.src.lo ^= 1;
	cr_assert_eq(icmp_parse(&ip, message, len, len, 0, &icmp), is6 ? COUNT_drop_icmp_csum : ACCEPTED);
	ip = header(is6);
	ip.dst.lo ^= 0x100;
	cr_assert_eq(icmp_parse(&ip, message, len, len, 0, &icmp), is6 ? COUNT_drop_icmp_csum : ACCEPTED);
}

/* RFC 4443 section 2.4 (e), by each of its points. */
Test(icmp, what_may_be_answered_by_an_error)
{
	const struct weir_address none = { 0 }, group = { 0xff02ull << 48, 1 };
	uint8_t packet[IPV6_BYTES + 1] = { 0 };
	struct ip_hdr ip = header(true);

	ip.header_bytes = IPV6_BYTES;
	ip.protocol = IP_PROTOCOL_TCP;
	packet[6] = IP_PROTOCOL_TCP;
	cr_assert_not(icmp6_error_allowed(&ip, packet, sizeof(packet), false), "nothing is wrong with it");
	ip.problem = IP_PROBLEM_FIELD;
	cr_assert(icmp6_error_allowed(&ip, packet, sizeof(packet), false));
	cr_assert_not(icmp6_error_allowed(&ip, packet, sizeof(packet), true), "to many by Ethernet");
	ip.problem = IP_PROBLEM_OPTION;
	cr_assert(icmp6_error_allowed(&ip, packet, sizeof(packet), true), "but for options");
	ip.dst = group;
	cr_assert(icmp6_error_allowed(&ip, packet, sizeof(packet), true));
	ip.problem = IP_PROBLEM_NEXT_HEADER;
	cr_assert_not(icmp6_error_allowed(&ip, packet, sizeof(packet), false), "to many");
	ip = header(true);
	ip.problem = IP_PROBLEM_OPTION;
	ip.src = none;
	cr_assert_not(icmp6_error_allowed(&ip, packet, sizeof(packet), false), "from nobody");
	ip.src = group;
	cr_assert_not(icmp6_error_allowed(&ip, packet, sizeof(packet), false), "from many");
}

/* Neither an error nor a redirect, nor what cannot be told from one; an echo would be. */
Test(icmp, errors_are_not_answered_by_errors)
{
	enum {
		DESTINATION = 60,
		EXTENSION_BYTES = 8
	};
	uint8_t packet[IPV6_BYTES + EXTENSION_BYTES + 1] = { 0 };
	struct ip_hdr ip = header(true);

	ip.problem = IP_PROBLEM_FIELD;
	for (unsigned at = IPV6_BYTES; at < sizeof(packet); at += EXTENSION_BYTES) {
		bool behind = at > IPV6_BYTES; /* a header that need not make sense */

		packet[6] = behind ? DESTINATION : IP_PROTOCOL_ICMP6;
		packet[IPV6_BYTES] = IP_PROTOCOL_ICMP6;
		cr_assert_not(icmp6_error_allowed(&ip, packet, at, false), "cut off");
		for (unsigned type = 0; type < 256; type++) {
			packet[at] = (uint8_t)type;
			cr_assert_eq(icmp6_error_allowed(&ip, packet, at + 1, false),
				     type >= 128 && type != ICMP6_REDIRECT, "type %u at %u", type, at);
		}
	}
	packet[IPV6_BYTES + 1] = 1; /* longer than what there is of it */
	cr_assert_not(icmp6_error_allowed(&ip, packet, sizeof(packet), false));
}

/* As much of the packet as the least MTU lets, and no more than there is (section 2.4 (c)). */
Test(icmp, how_much_an_error_quotes)
{
	cr_assert_eq(icmp6_error_bytes(40), ICMP_BYTES + 40);
	cr_assert_eq(icmp6_error_bytes(1232), 1280 - IPV6_BYTES);
	cr_assert_eq(icmp6_error_bytes(1233), 1280 - IPV6_BYTES);
	cr_assert_eq(icmp6_error_bytes(9000), 1280 - IPV6_BYTES);
}

/* From whom the packet was for to who sent it; the byte that is wrong is pointed at. */
Test(icmp, a_parameter_problem)
{
	uint8_t message[ICMP_BYTES + 40];
	struct ip_hdr ip = header(true);
	uint64_t sum = csum_pseudo(ip.dst, ip.src, IP_PROTOCOL_ICMP6, sizeof(message));

	memset(message, 0xa5, sizeof(message));
	ip.problem = IP_PROBLEM_OPTION;
	ip.problem_at = 42;
	icmp6_problem_build(message, sizeof(message), &ip);
	cr_assert_eq(message[0], ICMP6_PARAMETER_PROBLEM);
	cr_assert_eq(message[1], 2);
	cr_assert_eq(bytes_get32(message + 4), 42);
	cr_assert_eq(csum_fold(csum_add(sum, csum_bytes(message, sizeof(message)))), CSUM_RIGHT);
	cr_assert_eq(message[ICMP_BYTES], 0xa5);
}
