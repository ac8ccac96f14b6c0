/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * neigh.h - which Ethernet address a neighbour has: the ARP cache of one shard (RFC 826, RFC 1122 section
 * 2.3.2).
 *
 *   INCOMPLETE   asked by broadcast, 1, 2 and 4 s apart; frames wait; unanswered, they and it go
 *   REACHABLE    answered within the last 30 s
 *   STALE        answered longer ago; still good for sending, which moves it to PROBE
 *   PROBE        asked again, by unicast; good for sending meanwhile; unanswered: INCOMPLETE
 *
 * What a neighbour says unasked makes no entry; it refreshes one that is there. So the table grows by what
 * this side sends, and a scan that passes through here meets its bounds: at most half of the
 * entries are INCOMPLETE, a full table gives way only by entries that were unused for a minute, and the
 * gateway keeps its own. Frames that wait are bounded per neighbour (the oldest goes first: RFC 1122
 * section 2.3.2.2 wants the latest kept) and in all (the new one goes).
 *
 * A waiting frame is a payload that is whole but for its destination address. The cache owns it,
 * counts it as tx_no_neighbour if it must go, or gives it back with the address.
 *
 * One thread. Time is an argument.
 */
#ifndef WEIR_NET_NEIGH_H
#define WEIR_NET_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/payload.h"
#include "wire/eth.h"

#define NEIGH_ENTRIES 1024
#define NEIGH_INCOMPLETE_MAX (NEIGH_ENTRIES / 2)
#define NEIGH_BUCKETS 1024 /* a power of two */
#define NEIGH_HELD_MAX 512 /* frames that wait, in all */
#define NEIGH_HELD_EACH 32 /* and for one neighbour */
#define NEIGH_ASK_MAX 3    /* requests before giving up */

enum neigh_state {
	NEIGH_FREE,
	NEIGH_INCOMPLETE,
	NEIGH_REACHABLE,
	NEIGH_STALE,
	NEIGH_PROBE,
};

struct neigh_entry {
	uint64_t due_ns;  /* when the state has lasted long enough */
	uint64_t used_ns; /* last sent to */
	uint32_t address;
	struct eth_addr mac;
	uint8_t state; /* enum neigh_state */
	uint8_t asked; /* requests sent in this state */
	uint16_t next; /* in its bucket, or among the free */
	uint16_t held_first, held_last;
	uint8_t held;   /* frames that wait */
	bool wants_ask; /* a request is to be sent */
	bool in_queue;  /* stands among those that ask */
};

struct neigh_held {
	payload frame;
	struct eth_addr mac; /* once known */
	uint16_t next;
};

struct neigh {
	struct counters *counters;
	uint32_t gateway; /* its entry stays; 0: none */
	uint16_t entries_free, held_free;
	uint16_t ready_first, ready_last; /* held frames whose neighbour has answered */
	unsigned used, incomplete;
	uint64_t next_due_ns;        /* no entry is due before */
	uint64_t no_victim_ns;       /* no use looking for a victim before */
	uint32_t ask_head, ask_tail; /* free-running; each entry stands there once at most */
	uint16_t ask[NEIGH_ENTRIES];
	uint16_t buckets[NEIGH_BUCKETS];
	struct neigh_entry entries[NEIGH_ENTRIES];
	struct neigh_held held[NEIGH_HELD_MAX];
};

/* gateway: 0 for none. counters outlives it. */
void neigh_init(struct neigh *neigh, uint32_t gateway, struct counters *counters);

/* Frees the frames that wait. */
void neigh_clear(struct neigh *neigh);

/* The address to send to, or NULL: neigh_hold() the frame. Valid until the next call that changes entries. */
const struct eth_addr *neigh_find(struct neigh *neigh, uint32_t address, uint64_t now_ns);

/* Sees to it that a neighbour whom neigh_find() does not know is asked, with no frame that waits for it. */
void neigh_ask(struct neigh *neigh, uint32_t address, uint64_t now_ns);

/* Takes a frame that has to wait, and sees to it that the neighbour is asked. */
void neigh_hold(struct neigh *neigh, uint32_t address, payload frame, uint64_t now_ns);

/* A frame that need not wait any longer, and where to send it; 0: none. The caller's from then on. */
payload neigh_release(struct neigh *neigh, struct eth_addr *mac);

struct neigh_request {
	uint32_t address;
	struct eth_addr mac; /* whom to ask: everybody, or the one who had it */
};

/* The next request to send; false: none. */
bool neigh_next_request(struct neigh *neigh, struct neigh_request *request);

/* An ARP packet showed that `address` is at `mac`. Whether there is such an entry. */
bool neigh_confirm(struct neigh *neigh, uint32_t address, const struct eth_addr *mac, uint64_t now_ns);

/*
 * Those above doubt that it is still there (RFC 4861 section 7.3.3's negative advice, RFC 1122 section
 * 3.3.1.4): it is asked by unicast, and good for sending meanwhile. Not again within a second of its answer.
 */
void neigh_doubt(struct neigh *neigh, uint32_t address, uint64_t now_ns);

/* Ageing, and requests again. */
void neigh_advance(struct neigh *neigh, uint64_t now_ns);

/* When neigh_advance() is due; now_ns if requests or frames are to be sent; UINT64_MAX: never. */
uint64_t neigh_next_deadline(const struct neigh *neigh, uint64_t now_ns);

#endif
