/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * body.h - a fixed message of any size, sent in pieces that are registered once per core.
 *
 * A message is an optional head, then `size` bytes of a pattern. The first piece holds the head and
 * the pattern's beginning, so that a small message is one piece and one segment; the rest are
 * whole chunks, all of them the same registered bytes, and a tail. A sender keeps one number for a
 * message under way: how many pieces are left.
 *
 * The pattern's period is a prime, so that bytes which are lost, doubled or swapped show up wherever
 * segments were cut; a chunk is a whole number of periods, so that chunks join.
 */
#ifndef WEIR_APP_BODY_H
#define WEIR_APP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

#define BODY_PERIOD 251
#define BODY_CHUNK (BODY_PERIOD * 256u)
#define BODY_HEAD_MAX 512

struct body {
	uint32_t pieces;        /* a whole message */
	int first, chunk, tail; /* of weir_static(); -1: there is none */
	uint8_t *first_bytes;
	uint8_t *chunk_bytes; /* the pattern, with as much again behind it; also to compare with */
};

/*
 * Builds the pieces and registers them with the core, which must outlive no body. head may be NULL. 0 or
 * what weir_static() returns.
 */
int body_init(struct body *body, struct weir_core *core, const char *head, uint64_t size);
void body_fini(struct body *body);

/*
 * Sends pieces while the connection takes them and takes them off *left. Returns 0 when none is
 * left; -EAGAIN: go on after WEIR_EV_SENT; -ENOMEM: later; others as weir_send_static().
 */
int body_send(const struct body *body, struct weir_core *core, weir_conn conn, uint32_t *left);

/* Are these len bytes the pattern from byte `offset` on? */
bool body_matches(const struct body *body, uint64_t offset, const uint8_t *bytes, uint32_t len);

#endif
