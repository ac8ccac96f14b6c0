/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers that are copied equal those that are built, whatever the sequence number and the payload are. */
#include <criterion/criterion.h>

#include "support/frames.h"
#include "wire/plain_like.h"

#define ROUNDS 20000

/* Often such that a sum of it comes close to an end of its range. */
static uint32_t any_word(struct rng *rng)
{
	static const uint32_t ends[] = { 0, 1, 0xffff, 0x10000, 0xfffffffe, 0xffffffff, 0xffff0000 };
	unsigned i = rng_below(rng, 14);

	return i < 7 ? ends[i] : (uint32_t)rng_u64(rng);
}

Test(plain_like, what_is_copied_is_what_would_be_built)
{
	struct rng rng = { 13 };

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t built[FRAMES_MAX] = { 0 }, copied[FRAMES_MAX] = { 0 };
		struct pair pair = { { rng_u64(&rng), 1 }, { rng_u64(&rng), 2 } };
		struct seg seg = frames_random_seg(&rng);
		struct plain_like like;

		seg.opts = rng_below(&rng, 2) ? SEG_OPT_TS : 0;
		if (rng_below(&rng, 2))
			seg.tuple.laddr |= TUPLE_NAME_MARK;
		plain_like_of(&like, &seg, &pair, &frames_peer_mac, &frames_our_mac);
		for (unsigned i = 0; i < 3; i++) {
			uint64_t sum = (uint64_t)any_word(&rng) << 32 | any_word(&rng);

			seg.seq = any_word(&rng);
			plain_build_like(copied, &like, seg.seq, sum);
			cr_assert_eq(plain_build(built, &seg, &pair, &frames_peer_mac, &frames_our_mac, sum),
				     like.bytes);
			cr_assert_arr_eq(copied, built, sizeof(built), "sequence number %u", seg.seq);
		}
	}
}
