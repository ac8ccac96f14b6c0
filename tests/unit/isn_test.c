/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial sequence numbers and timestamp offsets: RFC 9293 section 3.4.1, MUST-8, MUST-9, SHLD-1. */
#include <criterion/criterion.h>

#include "tcp/isn.h"

static struct tcp tcp = { .secrets.isn = { 0x0123456789abcdef, 0xfedcba9876543210 },
			  .now_ns = 77 * CLOCK_NS_PER_S };
static const struct tuple base = { 0x0a000001, 0x0a000002, 80, 40000 };

static struct isn at(uint64_t now_ns, struct tuple tuple)
{
	struct tcp then = tcp;

	then.now_ns = now_ns;
	return isn_make(&then, &tuple);
}

/* One for each 2^12 ns, about 4 us, round and round. */
Test(isn, follows_the_clock)
{
	uint32_t first = at(0, base).iss;

	for (uint64_t ns = 0; ns < 30000 * CLOCK_NS_PER_S; ns += 12345678901ull)
		cr_assert_eq(at(ns, base).iss - first, (uint32_t)(ns / 4096));
	cr_assert_eq(at(4095, base).iss, first);
	cr_assert_eq(at(4096, base).iss, first + 1);
}

Test(isn, timestamp_offset_does_not_move)
{
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
	struct isn first = isn_make(&tcp, &base);
	struct tuple t;

	t = base, t.laddr++;
	expect_unrelated(first, isn_make(&tcp, &t));
	t = base, t.raddr++;
	expect_unrelated(first, isn_make(&tcp, &t));
	t = base, t.lport++;
	expect_unrelated(first, isn_make(&tcp, &t));
	t = base, t.rport++;
	expect_unrelated(first, isn_make(&tcp, &t));
	t = (struct tuple){ base.raddr, base.laddr, base.rport, base.lport };
	expect_unrelated(first, isn_make(&tcp, &t));
}

Test(isn, the_secret_counts)
{
	struct tcp other = tcp;
	uint64_t *words = (uint64_t *)&other.secrets.isn;

	for (unsigned i = 0; i < 2; i++) {
		words[i] ^= 1;
		expect_unrelated(isn_make(&tcp, &base), isn_make(&other, &base));
		words[i] ^= 1;
	}
}

/* Of 2^16 neighbouring tuples each bit of both is set in about half: five standard deviations of 128. */
Test(isn, every_bit_is_as_often_set_as_not)
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
