/* SPDX-License-Identifier: BSD-3-Clause */
/* base/payload.h over mbufs, against plain arrays. */
#include <criterion/criterion.h>

#include "core/payload_mbuf.h"
#include "wire/csum.h"
#include "support/stand.h"

static struct counters counters;

static void start(void)
{
	stand_init();
	cr_assert_eq(payload_mbuf_register(), 0);
	cr_assert_eq(payload_mbuf_register(), 0, "once more is as well");
}

static void finish(void)
{
	cr_assert_eq(rte_mempool_avail_count(stand.pool), STAND_POOL);
}

TestSuite(payload, .init = start);

static payload make(const void *bytes, uint32_t len, uint32_t part)
{
	return payload_from_mbuf(stand_chain(bytes, len, part, part), &counters);
}

static uint32_t bytes_in_segments(payload p)
{
	uint32_t bytes = 0;

	for (const struct rte_mbuf *m = payload_mbuf(p); m != NULL; m = m->next)
		bytes += m->data_len;
	return bytes;
}

Test(payload, any_cut_of_any_chain)
{
	uint8_t bytes[40], got[40];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	for (uint32_t part = 1; part <= 40; part += 3) {
		for (uint32_t front = 0; front < 40; front++) {
			for (uint32_t back = 0; front + back < 40; back += 3) {
				payload p = make(bytes, 40, part);
				uint32_t left = 40 - front - back, buffers = payload_buffers(p);

				payload_trim(p, front, back);
				cr_assert_eq(payload_bytes(p), left);
				cr_assert_eq(bytes_in_segments(p), left);
				cr_assert_eq(payload_buffers(p), buffers, "counted as before");
				uint64_t sum = payload_read(p, 0, got, left);

				cr_assert_arr_eq(got, bytes + front, left);
				cr_assert_eq(csum_fold(sum), csum_fold(csum_bytes(got, left)));
				payload_read(p, left / 2, got, left - left / 2);
				cr_assert_arr_eq(got, bytes + front + left / 2, left - left / 2);
				payload_free(p);
			}
		}
	}
	finish();
}

Test(payload, appended_chains_are_one_and_are_counted_by_buffer)
{
	uint8_t got[12];
	payload head = make("abc", 3, 2), tail = make("defgh", 5, 2);

	payload_append(head, tail);
	payload_append(head, make("i", 1, 1));
	payload_append(head, make("jkl", 3, 2));
	cr_assert_eq(payload_bytes(head), 12);
	cr_assert_eq(payload_buffers(head), 8);
	cr_assert_eq(bytes_in_segments(head), 12);
	payload_read(head, 0, got, 12);
	cr_assert_arr_eq(got, "abcdefghijkl", 12);
	payload_free(head);
	cr_assert_eq(count_get(&counters, COUNT_mbufs_returned), 8);
	payload_free(0);
	cr_assert_eq(count_get(&counters, COUNT_mbufs_returned), 8);
	finish();
}
