/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/ipv6.h"

static const struct weir_address ours = { 0xfd99000000000000, 1 }, theirs = { 0xfd99000000000000, 2 };
static const struct weir_address mapped = { 0, 0xffff0a000001 };

#define CARRIED 20
#define MOST 4096

enum {
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	NOTHING = 59,
	DESTINATION = 60
};

/*
 * A packet of extension headers, each of which names the next one, and CARRIED bytes of what `protocol` says.
 */
struct packet {
	uint8_t bytes[MOST];
	uint32_t len;
	uint32_t link; /* where the last header names its successor */
};

static struct packet begin(void)
{
	struct packet p = { .len = IPV6_BYTES, .link = 6 };

	ipv6_build(p.bytes,
		   &(struct ip_hdr){ .src = theirs, .dst = ours, .total_bytes = 40, .ttl = 61, .tos = 0xb8 },
		   0xabcde);
	return p;
}

/* rest: what follows the two bytes that every header has; padded to a multiple of eight. */
static void add(struct packet *p, uint8_t kind, const uint8_t *rest, uint32_t rest_len)
{
	uint32_t len = (2 + rest_len + 7) / 8 * 8;

	p->bytes[p->link] = kind;
	p->link = p->len;
	memset(p->bytes + p->len, 0, len);
	p->bytes[p->len + 1] = kind == FRAGMENT ? 0 : (uint8_t)(len / 8 - 1);
	memcpy(p->bytes + p->len + 2, rest, rest_len);
	p->len += len;
}

static void end(struct packet *p, uint8_t protocol)
{
	p->bytes[p->link] = protocol;
	memset(p->bytes + p->len, 0, CARRIED);
	p->len += CARRIED;
	bytes_put16(p->bytes + 4, (uint16_t)(p->len - IPV6_BYTES));
}

/* Both steps over an exact copy, with so many contiguous bytes. */
static verdict judge_cut(const struct packet *p, uint32_t contiguous, struct ip_hdr *ip)
{
	uint8_t *copy = exact_copy(p->bytes, contiguous);
	verdict v;

	*ip = (struct ip_hdr){ .problem = IP_PROBLEM_NONE };
	v = ipv6_parse(copy, contiguous, p->len, ip);
	if (v == ACCEPTED)
		v = ipv6_acceptable(copy, contiguous, ip);
	free(copy);
	return v;
}

static verdict judge(const struct packet *p, struct ip_hdr *ip)
{
	return judge_cut(p, p->len, ip);
}

Test(ipv6, fields)
{
	struct packet p = begin();
	struct ip_hdr ip;

	end(&p, IP_PROTOCOL_TCP);
	cr_assert_eq(judge(&p, &ip), ACCEPTED);
	cr_assert(address_equal(ip.src, theirs) && address_equal(ip.dst, ours));
	cr_assert_eq(ip.total_bytes, IPV6_BYTES + CARRIED);
	cr_assert_eq(ip.header_bytes, IPV6_BYTES);
	cr_assert_eq(ip.protocol, IP_PROTOCOL_TCP);
	cr_assert_eq(ip.ttl, 61);
	cr_assert_eq(ip.tos, 0xb8);
	cr_assert_eq(bytes_get32(p.bytes), 0x6b8abcde);
}

/* In every number of contiguous bytes, and of the wire's. */
Test(ipv6, truncated)
{
	static const uint8_t padding[6] = { 1, 4 };
	struct packet p = begin();
	struct ip_hdr ip;

	add(&p, DESTINATION, padding, 6);
	end(&p, IP_PROTOCOL_TCP);
	for (uint32_t cut = 0; cut <= p.len; cut++)
		cr_assert_eq(judge_cut(&p, cut, &ip), cut < IPV6_BYTES + 8 ? COUNT_drop_ip_short : ACCEPTED,
			     "%u bytes", cut);
	p.len--;
	cr_assert_eq(judge(&p, &ip), COUNT_drop_ip_total_length);
}

Test(ipv6, version)
{
	for (unsigned version = 0; version < 16; version++) {
		struct packet p = begin();
		struct ip_hdr ip;

		end(&p, IP_PROTOCOL_TCP);
		p.bytes[0] = (uint8_t)(version << 4 | (p.bytes[0] & 15));
		cr_assert_eq(judge(&p, &ip), version == 6 ? ACCEPTED : COUNT_drop_ip_version);
	}
}

/* An address that others would take for one of IPv4, on either side. */
Test(ipv6, mapped)
{
	for (unsigned at = 8; at <= 24; at += 16) {
		struct packet p = begin();
		struct ip_hdr ip;

		end(&p, IP_PROTOCOL_TCP);
		bytes_put_address(p.bytes + at, mapped);
		cr_assert_eq(judge(&p, &ip), COUNT_drop_ip_mapped);
	}
}

static verdict judge_source(struct weir_address src, uint8_t protocol)
{
	struct packet p = begin();
	struct ip_hdr ip;

	end(&p, protocol);
	bytes_put_address(p.bytes + 8, src);
	return judge(&p, &ip);
}

Test(ipv6, source)
{
	const struct weir_address none = { 0, 0 }, loopback = { 0, 1 }, group = { 0xff02000000000000, 1 };
	const struct weir_address link_local = { 0xfe80000000000000, 9 };

	cr_assert_eq(judge_source(loopback, IP_PROTOCOL_TCP), COUNT_drop_ip_source);
	cr_assert_eq(judge_source(group, IP_PROTOCOL_TCP), COUNT_drop_ip_source);
	cr_assert_eq(judge_source(group, IP_PROTOCOL_ICMP6), COUNT_drop_ip_source);
	cr_assert_eq(judge_source(none, IP_PROTOCOL_TCP), COUNT_drop_ip_source);
	cr_assert_eq(judge_source(none, IP_PROTOCOL_ICMP6), ACCEPTED, "who looks for duplicates has none");
	cr_assert_eq(judge_source(link_local, IP_PROTOCOL_TCP), ACCEPTED);
}

/* Each that may be read past, and all of them in the order of RFC 8200 section 4.1. */
Test(ipv6, extensions)
{
	static const uint8_t padding[6] = { 1, 4 }, used_up[6] = { 4, 0 };
	static const uint8_t whole[6] = { 0, 0, 0, 0, 0, 7 };
	struct packet p = begin();
	struct ip_hdr ip;

	add(&p, HOP_BY_HOP, padding, 6);
	add(&p, DESTINATION, padding, 6);
	add(&p, ROUTING, used_up, 6);
	add(&p, FRAGMENT, whole, 6);
	add(&p, DESTINATION, padding, 6);
	end(&p, IP_PROTOCOL_TCP);
	cr_assert_eq(judge(&p, &ip), ACCEPTED);
	cr_assert_eq(ip.protocol, IP_PROTOCOL_TCP);
	cr_assert_eq(ip.header_bytes, IPV6_BYTES + 5 * 8);
	cr_assert_eq(ip.problem, IP_PROBLEM_NONE);
}

Test(ipv6, too_many)
{
	static const uint8_t padding[6] = { 1, 4 };

	for (unsigned n = IPV6_EXTENSIONS_MAX; n <= IPV6_EXTENSIONS_MAX + 1; n++) {
		struct packet p = begin();
		struct ip_hdr ip;

		for (unsigned i = 0; i < n; i++)
			add(&p, DESTINATION, padding, 6);
		end(&p, IP_PROTOCOL_TCP);
		cr_assert_eq(judge(&p, &ip), n == IPV6_EXTENSIONS_MAX ? ACCEPTED : COUNT_drop_ip_extensions);
	}
}

/* Its length runs beyond the packet, though not beyond the frame. */
Test(ipv6, beyond_the_packet)
{
	static const uint8_t padding[6] = { 1, 4 };
	struct packet p = begin();
	struct ip_hdr ip;

	add(&p, DESTINATION, padding, 6);
	end(&p, IP_PROTOCOL_TCP);
	p.bytes[IPV6_BYTES + 1] = 3;
	p.len += 100; /* Ethernet's padding, and more */
	memset(p.bytes + p.len - 100, 0, 100);
	cr_assert_eq(judge(&p, &ip), COUNT_drop_ip_short);
}

Test(ipv6, fragments)
{
	static const struct {
		uint8_t rest[6]; /* offset and flags, identification */
		verdict v;
	} cases[] = {
		{ { 0, 1 }, COUNT_drop_ip_fragment },    /* more follow */
		{ { 0, 8 }, COUNT_drop_ip_fragment },    /* an offset */
		{ { 0x80, 0 }, COUNT_drop_ip_fragment }, /* a large one */
		{ { 0, 6 }, ACCEPTED },                  /* reserved bits alone (RFC 8200 section 4.5) */
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p = begin();
		struct ip_hdr ip;

		add(&p, FRAGMENT, cases[i].rest, 6);
		end(&p, IP_PROTOCOL_TCP);
		cr_assert_eq(judge(&p, &ip), cases[i].v, "case %u", i);
	}
}

Test(ipv6, source_route)
{
	static const uint8_t kinds[] = { 0, 2, 3, 4, 253 };

	for (unsigned i = 0; i < sizeof(kinds); i++) {
		const uint8_t rest[6] = { kinds[i], 1 };
		struct packet p = begin();
		struct ip_hdr ip;

		add(&p, ROUTING, rest, 6);
		end(&p, IP_PROTOCOL_TCP);
		cr_assert_eq(judge(&p, &ip), COUNT_drop_ip_source_route);
		cr_assert_eq(ip.problem, IP_PROBLEM_FIELD);
		cr_assert_eq(ip.problem_at, IPV6_BYTES + 2, "at its type");
	}
}

/* The two upper bits of an option that nobody knows say what becomes of the packet (RFC 8200 section 4.2). */
Test(ipv6, unknown_options)
{
	static const struct {
		uint8_t option;
		verdict v;
		enum ip_problem problem;
	} cases[] = {
		{ 0x1e, ACCEPTED, IP_PROBLEM_NONE },
		{ 0x5e, COUNT_drop_ip_option, IP_PROBLEM_NONE },
		{ 0x9e, COUNT_drop_ip_option, IP_PROBLEM_OPTION },
		{ 0xde, COUNT_drop_ip_option, IP_PROBLEM_OPTION },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* One byte of padding, the option, and padding to the end. */
		const uint8_t rest[6] = { 0, cases[i].option, 1, 7, 1, 0 };
		struct packet p = begin();
		struct ip_hdr ip;

		add(&p, i & 1 ? DESTINATION : HOP_BY_HOP, rest, 6);
		end(&p, IP_PROTOCOL_TCP);
		cr_assert_eq(judge(&p, &ip), cases[i].v, "case %u", i);
		cr_assert_eq(ip.problem, cases[i].problem, "case %u", i);
		if (ip.problem != IP_PROBLEM_NONE)
			cr_assert_eq(ip.problem_at, IPV6_BYTES + 3, "case %u", i);
	}
}

Test(ipv6, option_length)
{
	const uint8_t beyond[6] = { 0x1e, 5 }, cut[6] = { 1, 3, 0, 0, 0, 0x1e };
	const uint8_t *rests[] = { beyond, cut };

	for (unsigned i = 0; i < 2; i++) {
		struct packet p = begin();
		struct ip_hdr ip;

		add(&p, DESTINATION, rests[i], 6);
		end(&p, IP_PROTOCOL_TCP);
		cr_assert_eq(judge(&p, &ip), COUNT_drop_ip_option_length, "case %u", i);
	}
}

/*
 * Who sends what nobody knows is told which byte named it.
 * Hop-by-hop options stand behind the fixed header alone.
 */
Test(ipv6, next_header)
{
	static const uint8_t padding[6] = { 1, 4 };
	static const uint8_t unknown[] = { 17, AUTHENTICATION, HOP_BY_HOP, NOTHING, 253 };

	for (unsigned i = 0; i < sizeof(unknown); i++) {
		struct packet p = begin();
		struct ip_hdr ip;

		add(&p, DESTINATION, padding, 6);
		end(&p, unknown[i]);
		cr_assert_eq(judge(&p, &ip), COUNT_drop_ip_protocol);
		cr_assert_eq(ip.problem, unknown[i] == NOTHING ? IP_PROBLEM_NONE : IP_PROBLEM_NEXT_HEADER);
		if (ip.problem != IP_PROBLEM_NONE)
			cr_assert_eq(ip.problem_at, IPV6_BYTES);
	}
}

/* One label for a connection, another for its neighbours, never none, and spread (RFC 6437 section 2). */
Test(ipv6, flow_labels)
{
	enum {
		N = 4096
	};
	unsigned buckets[16] = { 0 };
	struct tuple tuple = { 0xf1234567, 0x89abcdef, 80, 1024 };
	uint32_t last = 0;

	for (unsigned i = 0; i < N; i++, tuple.rport++) {
		uint32_t label = ipv6_flow_label(&tuple);

		cr_assert(label > 0 && label < 1u << 20);
		cr_assert_eq(label, ipv6_flow_label(&tuple));
		cr_assert_neq(label, last);
		last = label;
		buckets[label >> 16]++;
	}
	for (unsigned i = 0; i < 16; i++)
		cr_assert(buckets[i] > N / 16 * 3 / 4 && buckets[i] < N / 16 * 5 / 4, "%u of %u", buckets[i],
			  N);
}
