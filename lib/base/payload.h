/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * payload.h - bytes of a stream, by an 8-byte reference that the pure rooms pass on and never
 * look into.
 *
 * Two back ends implement these functions, and a program links one of them: core/payload_mbuf.c
 * (a reference is a struct rte_mbuf *) and tests/support/payload_arena.c (a block on the heap, exact
 * in size, so that sanitizers see the first byte beyond it). A reference is a chain of one or
 * more buffers; 0 is none.
 */
#ifndef WEIR_BASE_PAYLOAD_H
#define WEIR_BASE_PAYLOAD_H

#include <stdint.h>

typedef uint64_t payload;

/* Frees the whole chain. p may be 0. */
void payload_free(payload p);

/* Bytes in the chain. */
uint32_t payload_bytes(payload p);

/* Buffers in the chain. */
uint32_t payload_buffers(payload p);

/* Cuts bytes off the front and the back; at least one byte must remain. */
void payload_trim(payload p, uint32_t front, uint32_t back);

/* Appends chain `tail` to chain `head`, which owns it from then on. */
void payload_append(payload head, payload tail);

/*
 * Copies len bytes, from offset on, to dst. The chain must hold them. Returns their sum as wire/csum.h has
 * it: who copies them has them in hand, and has it for nothing.
 */
uint64_t payload_read(payload p, uint32_t offset, void *dst, uint32_t len);

#endif
