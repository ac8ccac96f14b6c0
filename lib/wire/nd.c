/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/nd.h"

#include "base/check.h"
#include "wire/bytes.h"

#define ROUTER_SOLICITATION_BYTES 8
#define ROUTER_ADVERTISEMENT_BYTES 16
#define TARGET_AT 8
#define ND_FLAGS (ND_FROM_ROUTER | ND_SOLICITED | ND_OVERRIDE)
#define NEIGHBOUR_BYTES 24 /* of a solicitation or an advertisement */

/* Options count their length in these, type and length included. */
#define OPTION_UNIT 8

enum option {
	OPTION_SOURCE_MAC = 1,
	OPTION_TARGET_MAC = 2,
	OPTION_NONCE = 14,
};

/* Bytes before the options. */
static uint32_t fixed_bytes(uint8_t type)
{
	switch (type) {
	case ICMP6_ROUTER_SOLICITATION:
		return ROUTER_SOLICITATION_BYTES;
	case ICMP6_ROUTER_ADVERTISEMENT:
		return ROUTER_ADVERTISEMENT_BYTES;
	default:
		return NEIGHBOUR_BYTES;
	}
}

/* Which of the two options with a MAC address a message has: the other means nothing in it. */
static uint8_t mac_option(uint8_t type)
{
	return type == ICMP6_NEIGHBOUR_ADVERTISEMENT ? OPTION_TARGET_MAC : OPTION_SOURCE_MAC;
}

/* One that is known by its type, but has another length than ours, is passed over like an unknown one. */
static void parse_option(const uint8_t *option, struct nd *nd)
{
	uint8_t type = option[0], units = option[1];

	if (type == mac_option(nd->type) && units == 1) {
		memcpy(nd->mac.bytes, option + 2, sizeof(nd->mac.bytes));
		nd->has_mac = true;
	} else if (type == OPTION_NONCE && units == 1) {
		nd->nonce = (uint64_t)bytes_get16(option + 2) << 32 | bytes_get32(option + 4);
		nd->has_nonce = true;
	}
}

static verdict parse_options(const uint8_t *option, uint32_t left, struct nd *nd)
{
	while (left > 0) {
		uint32_t len = left >= 2 ? option[1] * (uint32_t)OPTION_UNIT : 0;

		/*
		 * A length of 0 drops all of the message (RFC 4861 section 4.6),
		 * as does one that ends outside.
		 */
		if (len == 0 || len > left)
			return COUNT_drop_nd_malformed;
		parse_option(option, nd);
		option += len;
		left -= len;
	}
	if (nd->has_mac && (eth_is_zero(&nd->mac) || eth_is_group(&nd->mac)))
		return COUNT_drop_nd_mac;
	return ACCEPTED;
}

/* An address that a neighbour on this link may be asked for, or speak from. */
static bool is_neighbour(struct weir_address address)
{
	return !weir_is_ipv4(address) && address_is_host(address);
}

/* RFC 4861 sections 6.1.1, 6.1.2, 7.1.1 and 7.1.2 on addresses, each by its type. */
static bool addresses_fit(const struct ip_hdr *ip, const struct nd *nd)
{
	bool unspecified = address_is_none(ip->src);

	if (!unspecified && !is_neighbour(ip->src))
		return false;
	switch (nd->type) {
	case ICMP6_ROUTER_SOLICITATION:
		return !(unspecified && nd->has_mac);
	case ICMP6_ROUTER_ADVERTISEMENT:
		return address_is_link_local(ip->src);
	case ICMP6_NEIGHBOUR_SOLICITATION:
		if (unspecified && (nd->has_mac || !address_equal(ip->dst, nd_solicited_node(nd->target))))
			return false;
		return is_neighbour(nd->target);
	case ICMP6_NEIGHBOUR_ADVERTISEMENT:
		if (unspecified || (address_is_multicast(ip->dst) && nd->flags & ND_SOLICITED))
			return false;
		return is_neighbour(nd->target);
	default:
		return false;
	}
}

verdict nd_parse(const struct ip_hdr *ip, const uint8_t *message, uint32_t len, struct nd *nd)
{
	/* No router passes it on so: who sends it is on this link. */
	if (ip->ttl != ND_HOP_LIMIT)
		return COUNT_drop_nd_hop_limit;
	if (ip->fragment != 0) /* RFC 6980: not even one that says "all of it" */
		return COUNT_drop_ip_fragment;
	if (len < 2)
		return COUNT_drop_nd_malformed;
	*nd = (struct nd){ .type = message[0] };
	if (nd->type == ICMP6_REDIRECT)
		return COUNT_drop_nd_redirect;
	uint32_t fixed = fixed_bytes(nd->type);

	if (message[1] != 0 || len < fixed)
		return COUNT_drop_nd_malformed;
	if (nd->type == ICMP6_ROUTER_ADVERTISEMENT) {
		nd->lifetime_s = bytes_get16(message + 6);
	} else if (nd->type != ICMP6_ROUTER_SOLICITATION) {
		nd->flags = nd->type == ICMP6_NEIGHBOUR_ADVERTISEMENT ? message[4] & ND_FLAGS : 0;
		nd->target = bytes_get_address(message + TARGET_AT);
	}
	verdict v = parse_options(message + fixed, len - fixed, nd);

	if (v != ACCEPTED)
		return v;
	return addresses_fit(ip, nd) ? ACCEPTED : COUNT_drop_nd_address;
}

static uint8_t *put_options(uint8_t *at, const struct nd *nd)
{
	if (nd->has_mac) {
		at[0] = mac_option(nd->type);
		at[1] = 1;
		memcpy(at + 2, nd->mac.bytes, sizeof(nd->mac.bytes));
		at += OPTION_UNIT;
	}
	if (nd->has_nonce) {
		at[0] = OPTION_NONCE;
		at[1] = 1;
		bytes_put16(at + 2, (uint16_t)(nd->nonce >> 32));
		bytes_put32(at + 4, (uint32_t)nd->nonce);
		at += OPTION_UNIT;
	}
	return at;
}

uint32_t nd_build(uint8_t message[ND_BYTES_MAX], const struct nd *nd)
{
	uint32_t fixed = fixed_bytes(nd->type);

	CHECK(nd->type != ICMP6_REDIRECT);
	memset(message, 0, fixed);
	message[0] = nd->type;
	if (nd->type == ICMP6_ROUTER_ADVERTISEMENT) {
		bytes_put16(message + 6, nd->lifetime_s);
	} else if (nd->type != ICMP6_ROUTER_SOLICITATION) {
		message[4] = nd->flags;
		bytes_put_address(message + TARGET_AT, nd->target);
	}
	return (uint32_t)(put_options(message + fixed, nd) - message);
}
