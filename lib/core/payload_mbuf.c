/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/payload_mbuf.h"

#include <rte_errno.h>

#include "base/check.h"
#include "core/chain.h"

int payload_mbuf_owner_at = -1;

int payload_mbuf_register(void)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "weir_counters",
		.size = sizeof(struct counters *),
		.align = __alignof__(struct counters *),
	};
	int at = rte_mbuf_dynfield_register(&field);

	if (at < 0)
		return -rte_errno;
	__atomic_store_n(&payload_mbuf_owner_at, at, __ATOMIC_RELAXED);
	return 0;
}

void payload_free(payload p)
{
	struct rte_mbuf *m = payload_mbuf(p);

	if (m == NULL)
		return;
	struct counters *counters = *RTE_MBUF_DYNFIELD(m, payload_mbuf_owner_at, struct counters **);

	count_add(counters, COUNT_mbufs_returned, m->nb_segs);
	rte_pktmbuf_free(m);
}

uint32_t payload_bytes(payload p)
{
	return payload_mbuf(p)->pkt_len;
}

uint32_t payload_buffers(payload p)
{
	return payload_mbuf(p)->nb_segs;
}

static void cut_front(struct rte_mbuf *m, uint32_t front)
{
	m->pkt_len -= front;
	for (; front > 0; m = m->next) {
		uint16_t cut = front < m->data_len ? (uint16_t)front : m->data_len;

		m->data_off += cut;
		m->data_len -= cut;
		front -= cut;
	}
}

void payload_trim(payload p, uint32_t front, uint32_t back)
{
	struct rte_mbuf *m = payload_mbuf(p);

	CHECK(front + back < m->pkt_len);
	if (back > 0)
		chain_cut(m, m->pkt_len - back);
	cut_front(m, front);
}

void payload_append(payload head, payload tail)
{
	/* Receive buffers are bounded far below what a chain may have; see struct weir_config. */
	CHECK(rte_pktmbuf_chain(payload_mbuf(head), payload_mbuf(tail)) == 0);
}

uint64_t payload_read(payload p, uint32_t offset, void *dst, uint32_t len)
{
	return chain_read(payload_mbuf(p), offset, dst, len);
}
