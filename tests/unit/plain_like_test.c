/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers that are copied equal those that are built at length, whatever the segment says and the payload is.
 */
#include <criterion/criterion.h>

#include "support/frames.h"
#include "wire/build.h"
#include "wire/plain_like.h"

#define ROUNDS 20000

Test(plain_like, what_is_copied_is_what_would_be_built)
{
	struct rng rng = { 13 };

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t built[FRAMES_MAX] = { 0 }, copied[FRAMES_MAX] = { 0 };
		struct pair pair = frames_any_pair(&rng);
		struct seg seg = frames_random_seg(&rng);
		struct plain_like like;

		seg.opts = rng_below(&rng, 2) ? SEG_OPT_TS : 0;
		if (rng_below(&rng, 2))
			seg.tuple.laddr |= TUPLE_NAME_MARK;
		frames_make_hostile(&rng, &seg);
		plain_like_of(&like, &seg, &pair, &frames_peer_mac, &frames_our_mac);
		for (unsigned i = 0; i < 3; i++) {
			uint64_t sum = (uint64_t)frames_any_word(&rng) << 32 | frames_any_word(&rng);

			seg.seq = frames_any_word(&rng);
			plain_build_like(copied, &like, seg.seq, sum);
			cr_assert_eq(build_headers(built, &seg, &pair, &frames_peer_mac, &frames_our_mac),
				     like.bytes);
			build_csum_of(built, &seg, sum);
			cr_assert_arr_eq(copied, built, sizeof(built), "sequence number %u", seg.seq);
		}
	}
}
