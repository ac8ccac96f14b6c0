/* SPDX-License-Identifier: BSD-3-Clause */
#include "virtual_nic.h"

#include <string.h>

#include <rte_mbuf.h>

#include "base/check.h"

#define MASK (VIRTUAL_NIC_DESCRIPTORS - 1)

_Static_assert((VIRTUAL_NIC_DESCRIPTORS & MASK) == 0, "a power of two");

bool virtual_nic_start(struct virtual_nic *nic, struct rte_mempool *pool)
{
	*nic = (struct virtual_nic){ .pool = pool };
	return rte_pktmbuf_alloc_bulk(pool, nic->buffers, VIRTUAL_NIC_DESCRIPTORS) == 0;
}

void virtual_nic_stop(struct virtual_nic *nic)
{
	virtual_nic_clean(nic);
	rte_pktmbuf_free_bulk(nic->buffers, VIRTUAL_NIC_DESCRIPTORS);
}

uint8_t *virtual_nic_place(struct virtual_nic *nic, uint16_t len)
{
	unsigned at = nic->tail & MASK;

	if (virtual_nic_full(nic)) {
		nic->missed++;
		return NULL;
	}
	nic->tail++;
	nic->lens[at] = len;
	/* The address alone: the rest of a fresh mbuf is the driver's to touch. */
	return (uint8_t *)nic->buffers[at]->buf_addr + RTE_PKTMBUF_HEADROOM;
}

unsigned virtual_nic_rx(struct virtual_nic *nic, struct rte_mbuf **frames, unsigned max)
{
	struct rte_mbuf *fresh[VIRTUAL_NIC_DESCRIPTORS];
	unsigned n = RTE_MIN(virtual_nic_filled(nic), RTE_MIN(max, (unsigned)VIRTUAL_NIC_DESCRIPTORS));

	if (n == 0)
		return 0;
	if (rte_pktmbuf_alloc_bulk(nic->pool, fresh, n) != 0) {
		nic->no_buffer++;
		return 0;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned at = nic->head++ & MASK;

		frames[i] = nic->buffers[at];
		frames[i]->data_len = nic->lens[at];
		frames[i]->pkt_len = nic->lens[at];
		nic->buffers[at] = fresh[i];
	}
	return n;
}

void virtual_nic_clean(struct virtual_nic *nic)
{
	rte_pktmbuf_free_bulk(nic->sent, nic->sent_count);
	nic->sent_count = 0;
}

void virtual_nic_tx(struct virtual_nic *nic, struct rte_mbuf *const *frames, unsigned n)
{
	CHECK(nic->sent_count + n <= VIRTUAL_NIC_SENT_MAX);
	memcpy(nic->sent + nic->sent_count, frames, n * sizeof(frames[0]));
	nic->sent_count += n;
}
