/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "wire/nd.h"

#define LINK_LOCAL(last) ((struct weir_address){ 0xfe80ull << 48, last })
#define GLOBAL(last) ((struct weir_address){ 0x20010db8ull << 32, last })
#define NOBODY ((struct weir_address){ 0, 0 })

static const struct eth_addr mac = { { 2, 0, 0, 0, 0, 9 } };

/* A message with the header that it would come with. */
struct message {
	struct ip_hdr ip;
	uint8_t bytes[ND_BYTES_MAX + 64];
	uint32_t len;
};

static struct message message_of(struct weir_address src, struct weir_address dst, struct nd nd)
{
	struct message message = { .ip = { .src = src, .dst = dst, .ttl = 255 } };

	message.len = nd_build(message.bytes, &nd);
	return message;
}

static struct nd solicitation(void)
{
	return (struct nd){
		.type = ICMP6_NEIGHBOUR_SOLICITATION, .target = GLOBAL(1), .has_mac = true, .mac = mac
	};
}

static struct nd advertisement(uint8_t flags)
{
	return (struct nd){ .type = ICMP6_NEIGHBOUR_ADVERTISEMENT,
			    .flags = flags,
			    .target = GLOBAL(9),
			    .has_mac = true,
			    .mac = mac };
}

static struct nd router_advertisement(void)
{
	return (struct nd){
		.type = ICMP6_ROUTER_ADVERTISEMENT, .lifetime_s = 1800, .has_mac = true, .mac = mac
	};
}

/* All four, as neighbours send them. */
static struct message sound(unsigned i)
{
	switch (i) {
	case 0:
		return message_of(GLOBAL(9), nd_solicited_node(GLOBAL(1)), solicitation());
	case 1:
		return message_of(GLOBAL(9), GLOBAL(1), advertisement(ND_SOLICITED | ND_OVERRIDE));
	case 2:
		return message_of(LINK_LOCAL(9), nd_all_nodes(), router_advertisement());
	default:
		return message_of(
			LINK_LOCAL(9), nd_all_routers(),
			(struct nd){ .type = ICMP6_ROUTER_SOLICITATION, .has_mac = true, .mac = mac });
	}
}

#define SOUND 4

static verdict judge_as(const struct message *message, struct nd *nd)
{
	uint8_t *copy = exact_copy(message->bytes, message->len);
	verdict v = nd_parse(&message->ip, copy, message->len, nd);

	free(copy);
	return v;
}

static verdict judge(struct message message)
{
	struct nd nd;

	return judge_as(&message, &nd);
}

static void append(struct message *message, const void *bytes, uint32_t len)
{
	memcpy(message->bytes + message->len, bytes, len);
	message->len += len;
}

Test(nd, what_is_built_is_read_back)
{
	struct nd nd;
	struct message message = sound(0);

	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert_eq(message.len, 32);
	cr_assert_eq(nd.type, ICMP6_NEIGHBOUR_SOLICITATION);
	cr_assert(address_equal(nd.target, GLOBAL(1)));
	cr_assert(nd.has_mac && eth_equal(&nd.mac, &mac));
	cr_assert_not(nd.has_nonce);

	message = message_of(GLOBAL(9), GLOBAL(1), advertisement(ND_FROM_ROUTER | ND_SOLICITED));
	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert_eq(nd.type, ICMP6_NEIGHBOUR_ADVERTISEMENT);
	cr_assert_eq(nd.flags, ND_FROM_ROUTER | ND_SOLICITED);
	cr_assert(address_equal(nd.target, GLOBAL(9)));
	cr_assert(nd.has_mac && eth_equal(&nd.mac, &mac));

	message = sound(3);
	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert_eq(message.len, 16);
	cr_assert(nd.has_mac && eth_equal(&nd.mac, &mac));
}

/*
 * As radvd sends it, byte for byte: RFC 4861 section 4.2. Behind its prefix and MTU the MAC address is found.
 */
Test(nd, a_router_advertisement)
{
	static const uint8_t bytes[] = { 134, 0, 0,  0,    64,   0,    0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0,
					 3,   4, 64, 0x80, 0,    1,    0x51, 0x80, 0, 0, 0, 0, 0, 0, 0, 0,
					 0,   0, 0,  0,    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0,
					 5,   1, 0,  0,    0,    0,    5,    0xdc, 1, 1, 2, 0, 0, 0, 0, 9 };
	struct message message = { .ip = { .src = LINK_LOCAL(9), .dst = nd_all_nodes(), .ttl = 255 } };
	struct nd nd;

	append(&message, bytes, sizeof(bytes));
	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert_eq(nd.lifetime_s, 1800);
	cr_assert(nd.has_mac && eth_equal(&nd.mac, &mac));
	message = sound(2);
	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert_eq(message.len, 24);
	cr_assert_eq(nd.lifetime_s, 1800);
	cr_assert(nd.has_mac && eth_equal(&nd.mac, &mac));
}

/* As Linux sends it, byte for byte: RFC 4861 section 4.3. */
Test(nd, a_solicitation_of_linux)
{
	static const uint8_t bytes[] = { 135, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
					 0,   0, 0, 0, 0, 0, 0, 1, 1,    1,    0x52, 0x54, 0, 1, 2, 3 };
	struct message message = { .ip = { .src = GLOBAL(9), .dst = GLOBAL(1), .ttl = 255 } };
	struct nd nd;

	append(&message, bytes, sizeof(bytes));
	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert(address_equal(nd.target, GLOBAL(1)));
	cr_assert_arr_eq(nd.mac.bytes, bytes + 26, 6);
}

Test(nd, a_nonce)
{
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION,
			 .target = GLOBAL(1),
			 .has_nonce = true,
			 .nonce = 0x0123456789ab };
	struct message message = message_of(NOBODY, nd_solicited_node(GLOBAL(1)), nd);

	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert(nd.has_nonce);
	cr_assert_eq(nd.nonce, 0x0123456789ab);
	cr_assert_not(nd.has_mac);
}

/* RFC 4861 sections 6.1 and 7.1 */
Test(nd, only_from_this_link)
{
	for (unsigned i = 0; i < SOUND; i++) {
		struct message message = sound(i);

		cr_assert_eq(judge(message), ACCEPTED);
		message.ip.ttl = 254;
		cr_assert_eq(judge(message), COUNT_drop_nd_hop_limit, "message %u", i);
		message.ip.ttl = 1;
		cr_assert_eq(judge(message), COUNT_drop_nd_hop_limit, "message %u", i);
	}
}

Test(nd, only_code_zero)
{
	for (unsigned i = 0; i < SOUND; i++) {
		struct message message = sound(i);

		message.bytes[1] = 1;
		cr_assert_eq(judge(message), COUNT_drop_nd_malformed, "message %u", i);
	}
}

/* Cut anywhere: it is too short, or ends within an option, or has fewer of them. */
Test(nd, short_messages)
{
	static const uint32_t least[SOUND] = { 24, 24, 16, 8 };

	for (unsigned i = 0; i < SOUND; i++) {
		struct message message = sound(i);
		uint32_t whole = message.len;

		for (uint32_t len = 0; len < whole; len++) {
			message.len = len;
			verdict v = judge(message);

			if (len < least[i] || len % 8 != 0)
				cr_assert_eq(v, COUNT_drop_nd_malformed, "message %u of %u bytes", i, len);
		}
	}
}

Test(nd, option_lengths)
{
	static const uint8_t zero[8] = { 200, 0 }, beyond[8] = { 200, 2 }, far[8] = { 1, 255 };

	for (unsigned i = 0; i < SOUND; i++) {
		const uint8_t *bad[] = { zero, beyond, far };

		for (unsigned b = 0; b < 3; b++) {
			struct message message = sound(i);

			append(&message, bad[b], 8);
			cr_assert_eq(judge(message), COUNT_drop_nd_malformed, "message %u, option %u", i, b);
		}
		struct message half = sound(i);

		append(&half, "\001", 1);
		cr_assert_eq(judge(half), COUNT_drop_nd_malformed, "a type without a length");
	}
}

Test(nd, options_that_are_passed_over)
{
	/* Unknown; a MAC address of 14 bytes; the MAC address of another kind of message. */
	static const uint8_t unknown[16] = { 200, 2, 7 }, long_mac[16] = { 1, 2, 3, 3, 3 },
			     target_mac[8] = { 2, 1, 4, 4, 4, 4, 4, 4 };
	struct nd nd = { .type = ICMP6_NEIGHBOUR_SOLICITATION, .target = GLOBAL(1) };
	struct message message = message_of(GLOBAL(9), GLOBAL(1), nd);

	append(&message, unknown, 16);
	append(&message, long_mac, 16);
	append(&message, target_mac, 8);
	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert_not(nd.has_mac);
	append(&message, (const uint8_t[]){ 1, 1, 2, 0, 0, 0, 0, 9 }, 8);
	cr_assert_eq(judge_as(&message, &nd), ACCEPTED);
	cr_assert(nd.has_mac && eth_equal(&nd.mac, &mac), "behind them");
}

Test(nd, mac_addresses_that_nobody_has)
{
	static const struct eth_addr bad[] = { { { 0 } },
					       { { 3, 0, 0, 0, 0, 1 } },
					       { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } };

	for (unsigned b = 0; b < 3; b++) {
		struct nd nd = solicitation(), answer = advertisement(ND_SOLICITED),
			  router = router_advertisement();

		nd.mac = answer.mac = router.mac = bad[b];
		cr_assert_eq(judge(message_of(GLOBAL(9), GLOBAL(1), nd)), COUNT_drop_nd_mac);
		cr_assert_eq(judge(message_of(GLOBAL(9), GLOBAL(1), answer)), COUNT_drop_nd_mac);
		cr_assert_eq(judge(message_of(LINK_LOCAL(9), nd_all_nodes(), router)), COUNT_drop_nd_mac);
	}
}

/* What nobody may be asked for, nor speak from; the mapped one stands for an IPv4 address above. */
static const struct weir_address impossible[] = {
	{ 0xff02ull << 48, 1 },
	{ 0, 0xffff0a000001 },
	{ 0, 1 },
};

Test(nd, targets)
{
	for (unsigned i = 0; i < 3; i++) {
		struct nd nd = solicitation(), answer = advertisement(0);

		nd.target = answer.target = impossible[i];
		cr_assert_eq(judge(message_of(GLOBAL(9), GLOBAL(1), nd)), COUNT_drop_nd_address, "%u", i);
		cr_assert_eq(judge(message_of(GLOBAL(9), GLOBAL(1), answer)), COUNT_drop_nd_address, "%u", i);
		nd.target = answer.target = NOBODY;
		cr_assert_eq(judge(message_of(GLOBAL(9), GLOBAL(1), nd)), COUNT_drop_nd_address);
		cr_assert_eq(judge(message_of(GLOBAL(9), GLOBAL(1), answer)), COUNT_drop_nd_address);
	}
}

Test(nd, sources)
{
	for (unsigned i = 0; i < SOUND; i++) {
		for (unsigned s = 0; s < 3; s++) {
			struct message message = sound(i);

			message.ip.src = impossible[s];
			cr_assert_eq(judge(message), COUNT_drop_nd_address, "message %u from %u", i, s);
		}
	}
	struct message router = sound(2), answer = sound(1);

	router.ip.src = GLOBAL(9);
	cr_assert_eq(judge(router), COUNT_drop_nd_address,
		     "section 6.1.2: routers have a link-local address");
	router.ip.src = answer.ip.src = NOBODY;
	cr_assert_eq(judge(router), COUNT_drop_nd_address);
	cr_assert_eq(judge(answer), COUNT_drop_nd_address, "from no address");
}

/* RFC 4861 sections 7.1.1 and 6.1.1: who has no address yet. */
Test(nd, from_no_address)
{
	struct nd nd = solicitation(), router = { .type = ICMP6_ROUTER_SOLICITATION };

	cr_assert_eq(judge(message_of(NOBODY, nd_solicited_node(GLOBAL(1)), nd)), COUNT_drop_nd_address,
		     "with a MAC address");
	nd.has_mac = false;
	cr_assert_eq(judge(message_of(NOBODY, nd_solicited_node(GLOBAL(1)), nd)), ACCEPTED);
	cr_assert_eq(judge(message_of(NOBODY, GLOBAL(1), nd)), COUNT_drop_nd_address, "not to the group");
	cr_assert_eq(judge(message_of(NOBODY, nd_solicited_node(GLOBAL(2)), nd)), COUNT_drop_nd_address,
		     "to another group");
	cr_assert_eq(judge(message_of(NOBODY, nd_all_routers(), router)), ACCEPTED);
	router.has_mac = true;
	router.mac = mac;
	cr_assert_eq(judge(message_of(NOBODY, nd_all_routers(), router)), COUNT_drop_nd_address);
}

/* RFC 4861 section 7.1.2 */
Test(nd, an_answer_is_for_one)
{
	cr_assert_eq(judge(message_of(GLOBAL(9), nd_all_nodes(), advertisement(ND_OVERRIDE))), ACCEPTED);
	cr_assert_eq(judge(message_of(GLOBAL(9), nd_all_nodes(), advertisement(ND_SOLICITED))),
		     COUNT_drop_nd_address);
}

Test(nd, redirects_are_not_read)
{
	struct message message = sound(1);

	message.bytes[0] = ICMP6_REDIRECT;
	cr_assert_eq(judge(message), COUNT_drop_nd_redirect);
	message.ip.ttl = 3;
	cr_assert_eq(judge(message), COUNT_drop_nd_hop_limit);
}

Test(nd, groups)
{
	struct weir_address group =
		nd_solicited_node((struct weir_address){ 0x20010db8ull << 32, 0x0123456789abcdef });
	struct eth_addr group_mac = nd_group_mac(group), all = nd_group_mac(nd_all_nodes());

	cr_assert_eq(group.hi, 0xff02000000000000);
	cr_assert_eq(group.lo, 0x00000001ffabcdef);
	cr_assert_arr_eq(group_mac.bytes, ((const uint8_t[]){ 0x33, 0x33, 0xff, 0xab, 0xcd, 0xef }), 6);
	cr_assert_arr_eq(all.bytes, ((const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }), 6);
}

Test(nd, types)
{
	cr_assert(nd_is_type(ICMP6_ROUTER_SOLICITATION));
	cr_assert(nd_is_type(ICMP6_REDIRECT));
	cr_assert_not(nd_is_type(ICMP6_ECHO_REPLY));
	cr_assert_not(nd_is_type(ICMP6_REDIRECT + 1));
}
