/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtual_nic.h - a NIC's queues in memory, for benches whose time is virtual.
 *
 * What the hardware does is called by whoever plays the network: it writes frames into the buffers of
 * descriptors, and where none is free the frame is lost and counted. What a driver does is called by the
 * machine whose cycles count: it takes filled buffers, allocates others in their place, sets their lengths,
 * and frees what was sent one burst before. So a frame costs its receiver what it costs behind a real NIC,
 * but for the doorbell; its bytes lie in the second level of cache, where a NIC with DDIO leaves them in
 * the third.
 *
 * One thread.
 */
#ifndef WEIR_BENCH_VIRTUAL_NIC_H
#define WEIR_BENCH_VIRTUAL_NIC_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

/* Of receiving: what drivers commonly take when nobody asks. A power of two. */
#define VIRTUAL_NIC_DESCRIPTORS 1024
/* Of sending: what one round may send. */
#define VIRTUAL_NIC_SENT_MAX 512

struct virtual_nic {
	struct rte_mempool *pool;
	uint64_t missed;     /* frames that found no descriptor */
	uint64_t no_buffer;  /* times that the pool had none to put in a descriptor */
	uint32_t head, tail; /* the oldest filled descriptor; the next to fill. Both run freely */
	unsigned sent_count;
	struct rte_mbuf *sent[VIRTUAL_NIC_SENT_MAX];
	struct rte_mbuf *buffers[VIRTUAL_NIC_DESCRIPTORS];
	uint16_t lens[VIRTUAL_NIC_DESCRIPTORS];
};

/* False if the pool has too few buffers. */
bool virtual_nic_start(struct virtual_nic *nic, struct rte_mempool *pool);

/* Gives all buffers back. */
void virtual_nic_stop(struct virtual_nic *nic);

/* The hardware: */

static inline unsigned virtual_nic_filled(const struct virtual_nic *nic)
{
	return nic->tail - nic->head;
}

static inline bool virtual_nic_full(const struct virtual_nic *nic)
{
	return virtual_nic_filled(nic) == VIRTUAL_NIC_DESCRIPTORS;
}

/* Where a frame of len bytes is to be written, or NULL: it is missed. */
uint8_t *virtual_nic_place(struct virtual_nic *nic, uint16_t len);

/* The driver: */

/* Up to max received frames; they are the caller's. */
unsigned virtual_nic_rx(struct virtual_nic *nic, struct rte_mbuf **frames, unsigned max);

/* Frees what went before: at the start of a round's sending. */
void virtual_nic_clean(struct virtual_nic *nic);

/* Takes the frames; until virtual_nic_clean() they stand in sent[]. */
void virtual_nic_tx(struct virtual_nic *nic, struct rte_mbuf *const *frames, unsigned n);

#endif
