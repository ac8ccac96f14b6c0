/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mbufs.h - frames in mbufs, with known bytes, for tests of what carries frames and does not read them.
 */
#ifndef WEIR_TESTS_MBUFS_H
#define WEIR_TESTS_MBUFS_H

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "run/pool.h"

/* A pool that nobody shares. */
static inline struct rte_mempool *mbufs_pool(unsigned count)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("frames", count, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	cr_assert_not_null(pool);
	return pool;
}

/* A frame of len bytes, each of them `fill`. */
static inline struct rte_mbuf *mbufs_make(struct rte_mempool *pool, uint8_t fill, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	cr_assert_not_null(m);
	memset(rte_pktmbuf_append(m, len), fill, len);
	return m;
}

static inline uint8_t mbufs_fill(const struct rte_mbuf *m)
{
	return *rte_pktmbuf_mtod(m, const uint8_t *);
}

#endif
