/* SPDX-License-Identifier: BSD-3-Clause */
/* The hash of wire/rss.h is the one that DPDK knows NICs by, in rte_thash.h. */
#include <criterion/criterion.h>

#include <rte_thash.h>

#include "support/rss_keys.h"

/* Words in host order, as rte_softrss() takes them; returns how many. */
static unsigned put_input(const struct pair *pair, uint16_t lport, uint16_t rport, uint32_t *words)
{
	const struct weir_address addresses[2] = { pair->remote, pair->local };
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		if (!weir_is_ipv4(addresses[i])) {
			words[n++] = (uint32_t)(addresses[i].hi >> 32);
			words[n++] = (uint32_t)addresses[i].hi;
			words[n++] = (uint32_t)(addresses[i].lo >> 32);
		}
		words[n++] = (uint32_t)addresses[i].lo;
	}
	words[n++] = (uint32_t)rport << 16 | lport;
	return n;
}

Test(softrss, equals_that_of_dpdk)
{
	struct rng rng = { 76 };
	uint8_t key[WEIR_RSS_KEY_MAX];
	uint32_t converted[WEIR_RSS_KEY_MAX / 4], words[RSS_INPUT_MAX / 4];

	for (unsigned i = 0; i < 400; i++) {
		struct weir_rss config = { .shards = 2, .key = key, .key_bytes = WEIR_RSS_KEY_MAX };
		bool is6 = i % 2;

		rss_key_random(&rng, key);
		rte_convert_rss_key((uint32_t *)(void *)key, converted, sizeof(key));
		struct rss *rss = rss_make(&config, 1, 65535);

		for (unsigned j = 0; j < 50; j++) {
			struct pair pair = { { rng_u64(&rng), rng_u64(&rng) },
					     { rng_u64(&rng), rng_u64(&rng) } };

			if (!is6)
				pair = (struct pair){ weir_ipv4(rng_below(&rng, TUPLE_NAME_MARK)),
						      weir_ipv4(rng_below(&rng, TUPLE_NAME_MARK)) };
			struct tuple tuple = tuple_make((struct siphash_key){ 1, 2 }, &pair,
							(uint16_t)rng_u64(&rng), (uint16_t)rng_u64(&rng));
			unsigned n = put_input(&pair, tuple.lport, tuple.rport, words);
			uint32_t hash = rss_hash(rss, &tuple, &pair);

			cr_assert_eq(hash, rte_softrss(words, n, key));
			cr_assert_eq(hash, rte_softrss_be(words, n, (const uint8_t *)converted));
		}
		rss_free(rss);
	}
}
