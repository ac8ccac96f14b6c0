/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - what an application counts beyond what the stack does, one for each shard.
 *
 * Written by the shard's thread, read by the main one: relaxed whole words, which only grow
 * (but for `open`). An application that gives up a connection aborts it; the stack counts that as
 * "aborted", and the tally knows why.
 */
#ifndef WEIR_APP_TALLY_H
#define WEIR_APP_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "cookie_key.h"
#include "histogram.h"
#include "weir.h"

enum latency {
	LATENCY_CONNECT,    /* intended start to ESTABLISHED */
	LATENCY_FIRST_BYTE, /* intended start to the first byte of the first answer */
	LATENCY_REQUEST,    /* request to the end of its answer */
	LATENCY_CLOSE,      /* close to the end of the connection */
	LATENCIES,
};

/* "first_byte" and the like, as in the output. */
const char *latency_name(enum latency latency);

/* Why an application gave a connection up. */
enum complaint {
	COMPLAINT_STATUS,    /* HTTP status other than 200 */
	COMPLAINT_LENGTH,    /* not as many bytes as they should be */
	COMPLAINT_MISMATCH,  /* other bytes than they should be */
	COMPLAINT_MALFORMED, /* not understood */
	COMPLAINT_CUT_SHORT, /* the peer closed before it had answered */
	COMPLAINT_NO_ROOM,   /* no application state left for it */
	COMPLAINTS,
};

/* Why an open had to wait; it is tried again. */
enum hold {
	HOLD_NO_PORT,   /* -EADDRNOTAVAIL: every local port to that peer is taken */
	HOLD_NO_MEMORY, /* -ENOMEM: at max-connections */
	HOLD_OUTPUT,    /* -EAGAIN: output at its bound */
	HOLD_NO_ROUTE,  /* -ENETUNREACH: no router has advertised itself yet */
	HOLDS,
};

/* What is told of connections by the family of their addresses. */
enum tally_family {
	TALLY_IPV4,
	TALLY_IPV6,
	TALLY_FAMILIES,
};

struct tally_connections {
	uint64_t attempted, established, closed;
};

struct tally {
	uint64_t open;     /* connections that the application has now */
	uint64_t requests; /* client: answered; server: answers given */
	uint64_t rejected; /* server: requests answered by 400 or 431 */
	uint64_t aborted;  /* on purpose, as an ordinary end */
	uint64_t complaints[COMPLAINTS];
	uint64_t holds[HOLDS];
	struct histogram latency[LATENCIES];
	uint32_t defending; /* server: a bit for each of --listen's ports that answers by cookies now */
	uint32_t key_taken; /* server: version of the cookie key that it took last */
	int fatal;          /* a negative errno that ends the run, or 0 */
	int ready;          /* may the addresses be used? As weir_ready() has it */
	bool stopped;       /* nothing is opened any more */
	struct tally_connections families[TALLY_FAMILIES]; /* client */
	/* client: targets of --connect, a bit each: one tried to open; a SYN was answered; when nothing
	 * more was opened, the Ethernet address was known that leads there. */
	uint32_t targets_tried, targets_answered, targets_resolved;
};

static inline void tally_add(uint64_t *value, uint64_t n)
{
	__atomic_store_n(value, *value + n, __ATOMIC_RELAXED);
}

static inline void tally_set(uint32_t *bits, uint32_t bit)
{
	if ((*bits & bit) == 0)
		__atomic_store_n(bits, *bits | bit, __ATOMIC_RELAXED);
}

static inline uint64_t tally_get(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

/* Only the shard may ask its core. Each round, until the answer is another. */
static inline void tally_ready(struct tally *tally, const struct weir_core *core)
{
	if (tally->ready == 0)
		__atomic_store_n(&tally->ready, weir_ready(core), __ATOMIC_RELAXED);
}

/* What the main thread asks of the shards of one side. */
struct orders {
	bool start;                         /* all are ready: begin to open, and to flood */
	bool stop;                          /* open nothing more, and let what is open come to its end */
	bool abort;                         /* and now at once */
	uint8_t defence;                    /* of servers' ports: enum weir_defence_mode */
	const struct cookie_key_offer *key; /* to be taken by servers; NULL: their own will do */
};

static inline void order_defence(struct orders *orders, uint8_t mode)
{
	__atomic_store_n(&orders->defence, mode, __ATOMIC_RELAXED);
}

static inline bool order_given(const bool *order)
{
	return __atomic_load_n(order, __ATOMIC_RELAXED);
}

static inline void order_give(bool *order)
{
	__atomic_store_n(order, true, __ATOMIC_RELAXED);
}

#endif
