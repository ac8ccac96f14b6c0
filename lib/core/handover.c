/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/handover.h"

#include "core/core.h"

/* A second; a burst at once, such as a switch's neighbours that all answer. Of either kind. */
#define COPIES_PER_S 10000
#define COPIES_BURST 1000

void handover_init(struct handover *handover, const struct weir_rss *rss)
{
	*handover = (struct handover){
		.shard = rss->shard,
		.shards = rss->shards > 1 ? rss->shards : 1,
	};
	limit_init(&handover->news, COPIES_PER_S, COPIES_BURST);
	limit_init(&handover->errors, COPIES_PER_S, COPIES_BURST);
}

static void copy_to(struct weir_core *core, const struct rte_mbuf *m, unsigned shard)
{
	struct rte_mbuf *copy = NULL;

	if (handover_room(&core->handover) > 0)
		copy = rte_pktmbuf_copy(m, core->pool, 0, UINT32_MAX);
	if (copy == NULL) {
		count(&core->counters, COUNT_handover_lost);
		return;
	}
	count(&core->counters, COUNT_handover_copies);
	handover_put(&core->handover, copy, shard);
}

static void copy_to_others(struct weir_core *core, const struct rte_mbuf *m, struct limit *limit)
{
	const struct handover *handover = &core->handover;

	if (!handover_may(handover))
		return;
	if (!limit_take(limit, core->now_ns)) {
		count(&core->counters, COUNT_handover_limited);
		return;
	}
	for (unsigned shard = 0; shard < handover->shards; shard++) {
		if (shard != handover->shard)
			copy_to(core, m, shard);
	}
}

void handover_news(struct weir_core *core, const struct rte_mbuf *m)
{
	copy_to_others(core, m, &core->handover.news);
}

void handover_error(struct weir_core *core, const struct rte_mbuf *m)
{
	copy_to_others(core, m, &core->handover.errors);
}

unsigned weir_hand_over(struct weir_core *core, struct rte_mbuf **mbufs, uint16_t *shards, unsigned max)
{
	struct handover *handover = &core->handover;
	unsigned n = RTE_MIN(handover->count, max);

	for (unsigned i = 0; i < n; i++) {
		mbufs[i] = handover->frames[handover->first + i];
		shards[i] = handover->to[handover->first + i];
	}
	handover->count -= n;
	handover->first = handover->count > 0 ? handover->first + n : 0;
	return n;
}

void handover_clear(struct handover *handover)
{
	rte_pktmbuf_free_bulk(handover->frames + handover->first, handover->count);
	handover->count = 0;
}
