/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inboxes under ThreadSanitizer: three shards pass marked frames to each other and take what they are given,
 * each in a thread of its own, without EAL. Whatever the mark's writer did must be seen by its reader;
 * nothing is lost, nothing comes twice, and what one shard passed to another comes in order. Prints TAP.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "run/inboxes.h"

#define SHARDS 3u
#define FRAMES 20000u /* that each shard passes */

/*
 * That rte_ring carries what was written before a frame was put there to whoever takes it out is its own
 * affair, and by ways that the sanitizer cannot follow (one who passes frames makes those of another
 * visible). So it is told so, and no more than that: what is ours is to let go of a frame that was passed.
 */
void __tsan_acquire(void *address);
void __tsan_release(void *address);
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:^__rte_ring_\n";
}

static struct inboxes inboxes;
static struct rte_mbuf frames[SHARDS][FRAMES]; /* by who passes them; numbered in pkt_len */
static uint64_t refused, taken[SHARDS], out_of_order[SHARDS], wrong[SHARDS];
static uint32_t passing = SHARDS;

static void take(uint16_t shard, uint32_t last[SHARDS])
{
	struct rte_mbuf *got[BURST_FRAMES];
	unsigned n = inboxes_take(&inboxes, shard, got, BURST_FRAMES);

	__tsan_acquire(inboxes.rings[shard]);
	for (unsigned i = 0; i < n; i++) {
		unsigned from = got[i]->port;

		wrong[shard] += got[i]->vlan_tci != shard;
		out_of_order[shard] += got[i]->pkt_len <= last[from];
		last[from] = got[i]->pkt_len;
		/* Theirs now: a plain write, which no earlier one may meet. */
		got[i]->pkt_len = 0;
	}
	taken[shard] += n;
}

/* A burst of frames to all others in turn; those that find no room are tried again, in their order. */
static void pass(uint16_t shard, uint32_t first, uint32_t last[SHARDS])
{
	struct rte_mbuf *burst[BURST_FRAMES];
	uint16_t shards[BURST_FRAMES];
	unsigned n = BURST_FRAMES;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = burst[i] = &frames[shard][first + i];

		m->port = shard;
		m->vlan_tci = shards[i] = (uint16_t)((shard + 1 + i % (SHARDS - 1)) % SHARDS);
		m->pkt_len = first + i + 1;
	}
	for (unsigned i = 0; i < SHARDS; i++)
		__tsan_release(inboxes.rings[i]);
	while ((n = inboxes_pass(&inboxes, burst, shards, n)) > 0) {
		__atomic_fetch_add(&refused, n, __ATOMIC_RELAXED);
		for (unsigned i = 0; i < n; i++)
			shards[i] = burst[i]->vlan_tci;
		take(shard, last);
	}
}

static void *run(void *arg)
{
	uint16_t shard = (uint16_t)(uintptr_t)arg;
	uint32_t last[SHARDS] = { 0 };

	for (uint32_t first = 0; first < FRAMES; first += BURST_FRAMES) {
		pass(shard, first, last);
		take(shard, last);
	}
	__atomic_fetch_sub(&passing, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&passing, __ATOMIC_ACQUIRE) > 0 || inboxes_wait(&inboxes, shard))
		take(shard, last);
	return NULL;
}

int main(void)
{
	pthread_t threads[SHARDS];
	uint64_t all = 0, faults = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		size_t bytes = (size_t)rte_ring_get_memsize(2 * INBOX_FRAMES);

		inboxes.rings[i] = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
		rte_ring_init(inboxes.rings[i], "inbox", INBOX_FRAMES,
			      RING_F_MP_RTS_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	}
	for (uintptr_t i = 0; i < SHARDS; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
	for (unsigned i = 0; i < SHARDS; i++) {
		pthread_join(threads[i], NULL);
		all += taken[i];
		faults += out_of_order[i] + wrong[i];
		free(inboxes.rings[i]);
	}
	printf("1..1\n# %" PRIu64 " taken, %" PRIu64 " times full, %" PRIu64 " out of order or elsewhere\n",
	       all, refused, faults);
	printf("%sok 1 - inboxes_threads::nothing_is_lost_or_torn\n",
	       all == SHARDS * FRAMES && faults == 0 ? "" : "not ");
	return 0;
}
