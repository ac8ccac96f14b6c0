/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/inboxes.h"

#include <stdio.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_memory.h>
#include <rte_ring.h>

#include "base/check.h"

/*
 * RTS: who is taken off the CPU in the middle of passing frames holds up those behind it only in that they
 * are not seen yet; others go on passing theirs, until the ring is full (let_pass()).
 */
#define FLAGS (RING_F_MP_RTS_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ)

/* By default they would wait for it where it is an eighth of the ring behind, and shards wait for nobody. */
static void let_pass(struct rte_ring *ring)
{
	int error = rte_ring_set_prod_htd_max(ring, INBOX_FRAMES);

	CHECK(error == 0);
}

static struct rte_ring *make_inbox(uint16_t shard, int socket)
{
	/* Names must differ within the process, whatever was made before. */
	static unsigned number;
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "weir_inbox%u_%u", __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED),
		 shard);
	ring = rte_ring_create(name, INBOX_FRAMES, socket, FLAGS);
	/* Better far memory than none. */
	if (ring == NULL && socket != SOCKET_ID_ANY)
		ring = rte_ring_create(name, INBOX_FRAMES, SOCKET_ID_ANY, FLAGS);
	if (ring != NULL)
		let_pass(ring);
	return ring;
}

int inboxes_add(struct inboxes *inboxes, uint16_t shard, int socket, struct why *why)
{
	CHECK(shard < PORT_QUEUES_MAX);
	/* Of a shard that could not be made then. */
	if (inboxes->rings[shard] != NULL)
		return 0;
	inboxes->rings[shard] = make_inbox(shard, socket);
	if (inboxes->rings[shard] == NULL)
		return why_set(why, -rte_errno, "no memory for an inbox of %u frames: %s", INBOX_FRAMES,
			       rte_strerror(rte_errno));
	return 0;
}

void inboxes_destroy(struct inboxes *inboxes)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	unsigned n;

	for (uint16_t i = 0; i < PORT_QUEUES_MAX; i++) {
		if (inboxes->rings[i] == NULL)
			continue;
		while ((n = inboxes_take(inboxes, i, frames, BURST_FRAMES)) > 0)
			rte_pktmbuf_free_bulk(frames, n);
		rte_ring_free(inboxes->rings[i]);
	}
	*inboxes = (struct inboxes){ 0 };
}

/* Takes those of one shard out, in order; the others close up. Returns how many it took. */
static unsigned take_out(struct rte_mbuf **frames, uint16_t *shards, unsigned *n, uint16_t shard,
			 struct rte_mbuf **same)
{
	unsigned left = 0, taken = 0;

	for (unsigned i = 0; i < *n; i++) {
		if (shards[i] == shard) {
			same[taken++] = frames[i];
			continue;
		}
		frames[left] = frames[i];
		shards[left++] = shards[i];
	}
	*n = left;
	return taken;
}

unsigned inboxes_pass(struct inboxes *inboxes, struct rte_mbuf **frames, uint16_t *shards, unsigned n)
{
	struct rte_mbuf *same[BURST_FRAMES], *refused[BURST_FRAMES];
	unsigned refused_count = 0;

	DCHECK(n <= BURST_FRAMES);
	while (n > 0) {
		struct rte_ring *inbox = inboxes->rings[shards[0]];
		unsigned count = take_out(frames, shards, &n, shards[0], same);
		unsigned passed = rte_ring_enqueue_burst(inbox, (void *const *)same, count, NULL);

		while (passed < count)
			refused[refused_count++] = same[passed++];
	}
	for (unsigned i = 0; i < refused_count; i++)
		frames[i] = refused[i];
	return refused_count;
}

unsigned inboxes_take(struct inboxes *inboxes, uint16_t shard, struct rte_mbuf **frames, unsigned max)
{
	return rte_ring_sc_dequeue_burst(inboxes->rings[shard], (void **)frames, max, NULL);
}

bool inboxes_wait(const struct inboxes *inboxes, uint16_t shard)
{
	return !rte_ring_empty(inboxes->rings[shard]);
}
