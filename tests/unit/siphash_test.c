/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/siphash.h"

#include <criterion/criterion.h>

#include "base/rng.h"

/*
 * The 64-bit test vectors of SipHash-2-4 (Aumasson and Bernstein): key 00 01 .. 0f, inputs of 0 to 63 bytes
 * 00 01 02 .., results as little-endian numbers.
 */
static const uint64_t vectors[64] = {
	0x726fdb47dd0e0e31ull, 0x74f839c593dc67fdull, 0x0d6c8009d9a94f5aull, 0x85676696d7fb7e2dull,
	0xcf2794e0277187b7ull, 0x18765564cd99a68dull, 0xcbc9466e58fee3ceull, 0xab0200f58b01d137ull,
	0x93f5f5799a932462ull, 0x9e0082df0ba9e4b0ull, 0x7a5dbbc594ddb9f3ull, 0xf4b32f46226bada7ull,
	0x751e8fbc860ee5fbull, 0x14ea5627c0843d90ull, 0xf723ca908e7af2eeull, 0xa129ca6149be45e5ull,
	0x3f2acc7f57c29bdbull, 0x699ae9f52cbe4794ull, 0x4bc1b3f0968dd39cull, 0xbb6dc91da77961bdull,
	0xbed65cf21aa2ee98ull, 0xd0f2cbb02e3b67c7ull, 0x93536795e3a33e88ull, 0xa80c038ccd5ccec8ull,
	0xb8ad50c6f649af94ull, 0xbce192de8a85b8eaull, 0x17d835b85bbb15f3ull, 0x2f2e6163076bcfadull,
	0xde4daaaca71dc9a5ull, 0xa6a2506687956571ull, 0xad87a3535c49ef28ull, 0x32d892fad841c342ull,
	0x7127512f72f27cceull, 0xa7f32346f95978e3ull, 0x12e0b01abb051238ull, 0x15e034d40fa197aeull,
	0x314dffbe0815a3b4ull, 0x027990f029623981ull, 0xcadcd4e59ef40c4dull, 0x9abfd8766a33735cull,
	0x0e3ea96b5304a7d0ull, 0xad0c42d6fc585992ull, 0x187306c89bc215a9ull, 0xd4a60abcf3792b95ull,
	0xf935451de4f21df2ull, 0xa9538f0419755787ull, 0xdb9acddff56ca510ull, 0xd06c98cd5c0975ebull,
	0xe612a3cb9ecba951ull, 0xc766e62cfcadaf96ull, 0xee64435a9752fe72ull, 0xa192d576b245165aull,
	0x0a8787bf8ecb74b2ull, 0x81b3e73d20b49b6full, 0x7fa8220ba3b2eceaull, 0x245731c13ca42499ull,
	0xb78dbfaf3a8d83bdull, 0xea1ad565322a1a0bull, 0x60e61c23a3795013ull, 0x6606d7e446282b93ull,
	0x6ca4ecb15c5f91e1ull, 0x9f626da15c9625f3ull, 0xe51b38608ef25f57ull, 0x958a324ceb064572ull,
};

static const struct siphash_key vector_key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

/* SipHash-c-d as the paper words it: bytes, one at a time, and a list of four words. */
static uint64_t reference(struct siphash_key key, const uint8_t *data, size_t len, unsigned c, unsigned d)
{
	uint64_t v[4] = { key.k0 ^ 0x736f6d6570736575ull, key.k1 ^ 0x646f72616e646f6dull,
			  key.k0 ^ 0x6c7967656e657261ull, key.k1 ^ 0x7465646279746573ull };
	size_t words = len / 8 + 1;

	for (size_t w = 0; w <= words; w++) {
		uint64_t m = 0;

		for (unsigned i = 0; i < 8; i++) {
			size_t at = 8 * w + i;
			uint64_t byte = at < len ? data[at] : at == 8 * words - 1 ? len & 0xff : 0;

			m |= byte << 8 * i;
		}
		if (w == words)
			v[2] ^= 0xff;
		else
			v[3] ^= m;
		for (unsigned round = 0; round < (w == words ? d : c); round++) {
			v[0] += v[1], v[2] += v[3];
			v[1] = v[1] << 13 | v[1] >> 51, v[3] = v[3] << 16 | v[3] >> 48;
			v[1] ^= v[0], v[3] ^= v[2];
			v[0] = v[0] << 32 | v[0] >> 32;
			v[2] += v[1], v[0] += v[3];
			v[1] = v[1] << 17 | v[1] >> 47, v[3] = v[3] << 21 | v[3] >> 43;
			v[1] ^= v[2], v[3] ^= v[0];
			v[2] = v[2] << 32 | v[2] >> 32;
		}
		if (w < words)
			v[0] ^= m;
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

Test(siphash, official_vectors)
{
	uint8_t input[64];

	for (unsigned len = 0; len < 64; len++) {
		input[len] = (uint8_t)len;
		cr_assert_eq(siphash24_bytes(vector_key, input, len), vectors[len], "input of %u bytes", len);
		cr_assert_eq(reference(vector_key, input, len, 2, 4), vectors[len], "reference, %u bytes",
			     len);
	}
}

Test(siphash, two_words_are_sixteen_bytes)
{
	cr_assert_eq(siphash24_2(vector_key, 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull), vectors[16]);
}

/* 00 .. 0b under SipHash-1-3, from an independent implementation (OpenSSL's, c-rounds 1, d-rounds 3). */
Test(siphash, twelve_bytes_known_value)
{
	cr_assert_eq(siphash13_12(vector_key, 0x0706050403020100ull, 0x0b0a0908u), 0x78a384b157b4d9a2ull);
}

Test(siphash, agrees_with_the_bytewise_reference)
{
	struct rng rng = { 1 };

	for (unsigned i = 0; i < 10000; i++) {
		struct siphash_key key = { rng_u64(&rng), rng_u64(&rng) };
		uint64_t words[4] = { rng_u64(&rng), rng_u64(&rng), rng_u64(&rng), rng_u64(&rng) };
		uint8_t bytes[32];

		for (unsigned j = 0; j < 32; j++)
			bytes[j] = (uint8_t)(words[j / 8] >> 8 * (j % 8));
		cr_assert_eq(siphash24_2(key, words[0], words[1]), reference(key, bytes, 16, 2, 4));
		cr_assert_eq(siphash13_12(key, words[0], (uint32_t)words[1]),
			     reference(key, bytes, 12, 1, 3));
		cr_assert_eq(siphash13_32(key, words[0], words[1], words[2], words[3]),
			     reference(key, bytes, 32, 1, 3));
		cr_assert_eq(siphash24_32(key, words[0], words[1], words[2], words[3]),
			     siphash24_bytes(key, bytes, 32));
		cr_assert_eq(siphash24_bytes(key, bytes, i % 33), reference(key, bytes, i % 33, 2, 4));
	}
}
