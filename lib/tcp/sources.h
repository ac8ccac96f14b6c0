/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sources.h - how much one source may ask for, in bounded memory:
 * its half-open handshakes, and its connections a second.
 *
 * A count-min sketch: each address, and with eight times as much its /24, of IPv6 its /64, has two cells by a
 * keyed hash, and is taken to be at the lesser of them. So two sources share a count only if they meet in
 * both cells, where they meet depends on a key that nobody outside knows, and what is shared is a limit, not
 * a connection. A listener without limits pays nothing.
 */
#ifndef WEIR_TCP_SOURCES_H
#define WEIR_TCP_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/siphash.h"

struct tcp;
struct listener;

struct sources {
	uint32_t *half_opens;   /* cells */
	uint64_t *next_open_ns; /* cells: when the next connection would be in time, if they came evenly */
	uint32_t mask;
	struct siphash_key key;
};

/* half_opens: records in the pool. */
void sources_init(struct sources *sources, struct arena *arena, uint32_t half_opens);

/* One more handshake, to be given back; false: it is beyond the limit, and not counted. */
bool sources_take(struct tcp *tcp, const struct listener *listener, struct weir_address address);
void sources_give(struct tcp *tcp, struct weir_address address);

/* One more connection to a listener with a limit on them; false: it would come too early. */
bool sources_may_open(struct tcp *tcp, const struct listener *listener, struct weir_address address);

#endif
