/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chain.h - the bytes of an mbuf chain, wherever in it they stand. Offsets count from the frame's first byte.
 */
#ifndef WEIR_CORE_CHAIN_H
#define WEIR_CORE_CHAIN_H

#include <stdint.h>

#include <rte_mbuf.h>

/* csum_bytes() of [from, to), as if the first stood at an even offset. The chain holds them. */
uint64_t chain_csum(const struct rte_mbuf *m, uint32_t from, uint32_t to);

/* Copies len bytes from offset on. The chain holds them. Returns their csum_copy(). */
uint64_t chain_read(const struct rte_mbuf *m, uint32_t offset, void *dst, uint32_t len);

/* Cuts to the first `len` bytes; segments beyond stay, empty, so that whoever counts them counts on. */
void chain_cut(struct rte_mbuf *m, uint32_t len);

#endif
