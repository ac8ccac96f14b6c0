/* SPDX-License-Identifier: BSD-3-Clause */
/* What names a connection: an IPv4 tuple itself, an IPv6 one by a keyed hash of its addresses. */
#include <criterion/criterion.h>

#include "base/rng.h"
#include "base/tuple.h"

static const struct siphash_key key = { 0x0123456789abcdef, 0xfedcba9876543210 };
static const struct pair pair4 = { { 0, 0xffff0a000001 }, { 0, 0xffff0a000002 } };
static const struct pair pair6 = { { 0x20010db800000000, 1 }, { 0x20010db800000000, 2 } };

static struct tuple name_of(const struct pair *pair)
{
	return tuple_make(key, pair, 80, 40000);
}

static struct pair random_pair(struct rng *rng)
{
	return (struct pair){ { rng_u64(rng), rng_u64(rng) }, { rng_u64(rng), rng_u64(rng) } };
}

Test(tuple, of_ipv4_are_the_addresses_themselves)
{
	struct tuple t = name_of(&pair4), other = tuple_make((struct siphash_key){ 1, 2 }, &pair4, 80, 40000);

	cr_assert(t.laddr == 0x0a000001 && t.raddr == 0x0a000002 && t.lport == 80 && t.rport == 40000);
	cr_assert(tuple_equal(&t, &other), "whatever the key");
	cr_assert_not(tuple_is6(&t));
	cr_assert(address_equal(tuple_local(&t, NULL), pair4.local));
	cr_assert(address_equal(tuple_remote(&t, NULL), pair4.remote));
}

Test(tuple, of_ipv6_is_a_name)
{
	struct tuple t = name_of(&pair6);

	cr_assert(tuple_is6(&t));
	cr_assert(t.lport == 80 && t.rport == 40000);
	cr_assert(address_equal(tuple_local(&t, &pair6), pair6.local));
	cr_assert(address_equal(tuple_remote(&t, &pair6), pair6.remote));
}

/* No address that a host can have, ours or a peer's, makes an IPv4 tuple look like a name. */
Test(tuple, no_host_of_ipv4_has_a_name)
{
	for (uint32_t high = 0; high < 1u << 16; high++) {
		struct pair pair = { weir_ipv4(high << 16 | 0xffff), weir_ipv4(UINT32_MAX) };
		struct tuple t = name_of(&pair);

		cr_assert(!tuple_is6(&t) || !address_is_host(pair.local), "%#x", high << 16);
	}
}

Test(tuple, every_name_is_marked)
{
	struct rng rng = { 5 };

	for (unsigned i = 0; i < 10000; i++) {
		struct pair pair = random_pair(&rng);
		struct tuple t = name_of(&pair);

		cr_assert(weir_is_ipv4(pair.local) || tuple_is6(&t));
	}
}

Test(tuple, equal_pairs_have_equal_names)
{
	struct rng rng = { 6 };

	for (unsigned i = 0; i < 1000; i++) {
		struct pair pair = random_pair(&rng), same = pair;
		struct tuple one = name_of(&pair), other = name_of(&same);

		cr_assert(pair_equal(&pair, &same));
		cr_assert(tuple_equal(&one, &other));
	}
}

/* The four words of a pair, bit by bit; and which of the two is ours. */
Test(tuple, every_bit_of_a_pair_counts)
{
	struct tuple base = name_of(&pair6);
	struct pair turned = { pair6.remote, pair6.local };
	struct tuple back = name_of(&turned);

	cr_assert_not(tuple_equal(&base, &back));
	for (unsigned bit = 0; bit < 256; bit++) {
		struct pair pair = pair6;
		uint64_t *words[] = { &pair.local.hi, &pair.local.lo, &pair.remote.hi, &pair.remote.lo };

		*words[bit / 64] ^= 1ull << bit % 64;
		struct tuple t = name_of(&pair);

		cr_assert_not(pair_equal(&pair, &pair6), "bit %u", bit);
		cr_assert_neq(tuple_addrs(&t), tuple_addrs(&base), "bit %u", bit);
	}
}

/* So that whoever can choose addresses cannot choose names, each bit of both words of the key is in it. */
Test(tuple, every_bit_of_the_key_counts)
{
	struct tuple base = name_of(&pair6);

	for (unsigned bit = 0; bit < 128; bit++) {
		struct siphash_key other = key;

		*(bit < 64 ? &other.k0 : &other.k1) ^= 1ull << bit % 64;
		struct tuple t = tuple_make(other, &pair6, 80, 40000);

		cr_assert_neq(tuple_addrs(&t), tuple_addrs(&base), "bit %u", bit);
	}
}

/* Of 2^16 neighbours each of the 60 bits is set in about half: five standard deviations of 128. */
Test(tuple, every_bit_of_a_name_is_as_often_set_as_not)
{
	unsigned set[64] = { 0 };

	for (unsigned i = 0; i < 1u << 16; i++) {
		struct pair pair = pair6;

		pair.remote.lo += i;
		struct tuple t = name_of(&pair);
		uint64_t name = (uint64_t)t.laddr << 32 | t.raddr;

		for (unsigned bit = 0; bit < 64; bit++)
			set[bit] += name >> bit & 1;
	}
	for (unsigned bit = 0; bit < 60; bit++)
		cr_assert(set[bit] > 32768 - 640 && set[bit] < 32768 + 640, "bit %u: %u", bit, set[bit]);
	for (unsigned bit = 60; bit < 64; bit++)
		cr_assert_eq(set[bit], 1u << 16, "the mark");
}
