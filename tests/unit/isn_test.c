/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial sequence numbers and timestamp offsets: RFC 9293 section 3.4.1, MUST-8, MUST-9, SHLD-1. */
#include <criterion/criterion.h>

#include "tcp/isn.h"

static struct tcp tcp = { .secrets.isn = { 0x0123456789abcdef, 0xfedcba9876543210 },
			  .now_ns = 77 * CLOCK_NS_PER_S };

/* A connection of each family. */
static const struct pair pairs[] = {
	{ { 0, 0xffff0a000001 }, { 0, 0xffff0a000002 } },
	{ { 0xfd00000000000000, 1 }, { 0xfd00000000000000, 2 } },
};

static struct tuple tuple_of(struct pair pair, uint16_t lport, uint16_t rport)
{
	return tuple_make((struct siphash_key){ 7, 8 }, &pair, lport, rport);
}

static struct tuple base_of(unsigned is6)
{
	return tuple_of(pairs[is6], 80, 40000);
}

static struct isn at(uint64_t now_ns, struct tuple tuple)
{
	struct tcp then = tcp;

	then.now_ns = now_ns;
	return isn_make(&then, &tuple);
}

/* One for each 2^12 ns, about 4 us, round and round. */
Test(isn, follows_the_clock)
{
	struct tuple base = base_of(0);
	uint32_t first = at(0, base).iss;

	for (uint64_t ns = 0; ns < 30000 * CLOCK_NS_PER_S; ns += 12345678901ull)
		cr_assert_eq(at(ns, base).iss - first, (uint32_t)(ns / 4096));
	cr_assert_eq(at(4095, base).iss, first);
	cr_assert_eq(at(4096, base).iss, first + 1);
}

Test(isn, timestamp_offset_does_not_move)
{
	struct tuple base = base_of(0);

	cr_assert_eq(at(0, base).ts_offset, at(3600 * CLOCK_NS_PER_S, base).ts_offset);
}

static void expect_unrelated(struct isn a, struct isn b)
{
	uint32_t near = 1u << 16;

	cr_assert_gt(a.iss - b.iss + near, 2 * near);
	cr_assert_neq(a.ts_offset, b.ts_offset);
}

Test(isn, every_part_of_the_tuple_counts)
{
	for (unsigned is6 = 0; is6 < 2; is6++) {
		struct pair near = pairs[is6], far = near, turned = { near.remote, near.local };
		struct tuple base = base_of(is6);

		near.local.lo++;
		far.remote.lo++;
		struct tuple others[] = { tuple_of(near, 80, 40000), tuple_of(far, 80, 40000),
					  tuple_of(pairs[is6], 81, 40000), tuple_of(pairs[is6], 80, 40001),
					  tuple_of(turned, 40000, 80) };

		for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			expect_unrelated(isn_make(&tcp, &base), isn_make(&tcp, &others[i]));
	}
}

Test(isn, the_secret_counts)
{
	struct tuple base = base_of(0);
	struct tcp other = tcp;
	uint64_t *words = (uint64_t *)&other.secrets.isn;

	for (unsigned i = 0; i < 2; i++) {
		words[i] ^= 1;
		expect_unrelated(isn_make(&tcp, &base), isn_make(&other, &base));
		words[i] ^= 1;
	}
}

/* Of 2^16 neighbouring tuples each bit of both is set in about half: five standard deviations of 128. */
static void check_bits(struct tuple base)
{
	unsigned iss[32] = { 0 }, offset[32] = { 0 };

	for (uint32_t port = 0; port < 65536; port++) {
		struct tuple t = base;

		t.rport = (uint16_t)port;
		struct isn isn = isn_make(&tcp, &t);

		cr_assert(isn.ts_offset & 1, "bit 0 keeps it from being 0, which means none");
		for (unsigned bit = 0; bit < 32; bit++) {
			iss[bit] += isn.iss >> bit & 1;
			offset[bit] += isn.ts_offset >> bit & 1;
		}
	}
	for (unsigned bit = 0; bit < 32; bit++)
		cr_assert(iss[bit] > 32768 - 640 && iss[bit] < 32768 + 640, "ISS bit %u: %u", bit, iss[bit]);
	for (unsigned bit = 1; bit < 32; bit++)
		cr_assert(offset[bit] > 32768 - 640 && offset[bit] < 32768 + 640, "offset bit %u", bit);
}

Test(isn, every_bit_is_as_often_set_as_not)
{
	check_bits(base_of(0));
	check_bits(base_of(1));
}
