/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/payload_mbuf.h"

#include <rte_errno.h>

#include "base/check.h"
#include "core/chain.h"
#include "core/core.h"

int payload_mbuf_field_at = -1;

int payload_mbuf_register(void)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "weir_payload",
		.size = sizeof(struct payload_mbuf_field),
		.align = __alignof__(struct payload_mbuf_field),
	};
	int at = rte_mbuf_dynfield_register(&field);

	if (at < 0)
		return -rte_errno;
	__atomic_store_n(&payload_mbuf_field_at, at, __ATOMIC_RELAXED);
	return 0;
}

void payload_free(payload p)
{
	struct rte_mbuf *m = payload_mbuf(p);

	if (m == NULL)
		return;
	count_add(payload_mbuf_field(m)->counters, COUNT_mbufs_returned, m->nb_segs);
	/* What nearly all are, and nobody else's: nothing of it has to be looked at or put back. */
	if (likely(m->next == NULL && core_owns(m)))
		rte_mbuf_raw_free(m);
	else
		rte_pktmbuf_free_bulk(&m, 1); /* gives its segments back many at a time */
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
	struct rte_mbuf *first = payload_mbuf(head), *more = payload_mbuf(tail);
	struct payload_mbuf_field *field = payload_mbuf_field(first);

	/* Receive buffers are bounded far below what a chain may have; see struct weir_config. */
	CHECK(first->nb_segs + more->nb_segs <= RTE_MBUF_MAX_NB_SEGS);
	field->last->next = more;
	field->last = payload_mbuf_field(more)->last;
	first->nb_segs += more->nb_segs;
	first->pkt_len += more->pkt_len;
}

uint64_t payload_read(payload p, uint32_t offset, void *dst, uint32_t len)
{
	return chain_read(payload_mbuf(p), offset, dst, len);
}
