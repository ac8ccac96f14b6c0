/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inboxes.h - frames that came by the queue of one shard and belong to another shard of the same port.
 *
 * Each shard of a port with several queues has an inbox: a ring that the others put frames into and that it
 * alone empties, once a turn. Frames cross by pointer. One ring for each shard, and not one for each pair:
 * there is one place to look at, however many queues there are. Those who pass frames meet at its head by
 * compare-and-swap, a burst at a time.
 *
 * A full inbox takes nothing more: what it did not take stays the caller's, who drops and counts it, as a
 * full queue of a NIC would. Frames from one shard to another stay in order.
 *
 * Threads: inboxes_pass() and inboxes_take() any lcore, the latter one for each shard; all others the main
 * thread, while no loop runs.
 */
#ifndef WEIR_RUN_INBOXES_H
#define WEIR_RUN_INBOXES_H

#include <stdbool.h>
#include <stdint.h>

#include "nic/nic.h"

struct rte_mbuf;
struct rte_ring;

/* As many as a queue's descriptors; a power of two. */
#define INBOX_FRAMES 1024

/* Of one port. */
struct inboxes {
	struct rte_ring *rings[PORT_QUEUES_MAX]; /* by shard */
};

/* One for this shard, on its lcore's NUMA node. 0, or a negative errno with the reason in `why`. */
int inboxes_add(struct inboxes *inboxes, uint16_t shard, int socket, struct why *why);

/* Frees the frames that nobody took. */
void inboxes_destroy(struct inboxes *inboxes);

/*
 * Passes each of n frames, at most BURST_FRAMES, to the shard that stands beside it. Returns how many found
 * no room: those stand at the front then and are still the caller's. Both arrays are used up.
 */
unsigned inboxes_pass(struct inboxes *inboxes, struct rte_mbuf **frames, uint16_t *shards, unsigned n);

/* Up to max frames that were passed to this shard; they are the caller's. */
unsigned inboxes_take(struct inboxes *inboxes, uint16_t shard, struct rte_mbuf **frames, unsigned max);

/* Whether some wait for it. Any thread. */
bool inboxes_wait(const struct inboxes *inboxes, uint16_t shard);

#endif
