/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * neigh.h - which Ethernet address a neighbour has: the neighbour cache of one shard, for both families. One
 * state machine, that of RFC 4861 section 7.3; ARP (RFC 826, RFC 1122 section 2.3.2) follows it, too.
 *
 *   INCOMPLETE   all are asked, up to 3 times, a second apart; frames wait; unanswered, they and it go
 *   REACHABLE    answered within the last 30 s
 *   STALE        answered longer ago, or told of itself; good for sending
 *   DELAY        STALE, and used since; 5 s later it is asked
 *   PROBE        it alone is asked, up to 3 times, a second apart; good for sending meanwhile. Unanswered:
 *                INCOMPLETE if somebody sends to it, else it goes
 *
 * Who is known is asked first. RFC 4861 section 7.2.5 lets an advertisement with the Override flag put
 * another MAC address in an entry at once, and RFC 826 any packet: so one forged packet takes over a
 * connection. Here it only makes the entry PROBE the address that it has. If that answers, the claim was
 * refused, and nothing has changed; if it is silent, all are asked, and the answer is taken. So a neighbour
 * that really moved is found after three seconds, and its connections wait that long; those of one that did
 * not move go on. A claim within a second of an answer waits for that second, so that many cost one question
 * a second. Whom nobody knows yet is believed by his first answer: only cryptography could tell better (RFC
 * 3971).
 *
 * What a neighbour says unasked makes no entry. So the table grows by what this side sends, and a scan that
 * passes through here meets its bounds: at most half of the entries are INCOMPLETE, a full table gives way
 * only by entries that were unused for a minute, and gateways have entries of their own. Frames that wait are
 * bounded per neighbour (the oldest goes first: RFC 1122 section 2.3.2.2 and RFC 4861 section 7.2.2 want the
 * latest kept) and in all (the new one goes).
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

#include "base/address.h"
#include "base/counters.h"
#include "base/payload.h"
#include "base/siphash.h"
#include "wire/eth.h"

#define NEIGH_ENTRIES 1024
#define NEIGH_GATEWAYS 5 /* one of IPv4, four of IPv6 */
#define NEIGH_INCOMPLETE_MAX (NEIGH_ENTRIES / 2)
#define NEIGH_BUCKET_BITS 10
#define NEIGH_BUCKETS (1 << NEIGH_BUCKET_BITS)
#define NEIGH_HELD_MAX 512 /* frames that wait, in all */
#define NEIGH_HELD_EACH 32 /* and for one neighbour */
#define NEIGH_ASK_MAX 3 /* requests before giving up (RFC 4861: MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT) */

enum neigh_state {
	NEIGH_FREE,
	NEIGH_INCOMPLETE,
	NEIGH_REACHABLE,
	NEIGH_STALE,
	NEIGH_DELAY,
	NEIGH_PROBE,
};

struct neigh_entry {
	uint64_t due_ns;      /* when the state has lasted long enough */
	uint64_t used_ns;     /* last sent to */
	uint64_t answered_ns; /* last answered */
	struct weir_address address;
	struct eth_addr mac;
	uint8_t state; /* enum neigh_state */
	uint8_t asked; /* requests sent in this state */
	uint16_t next; /* in its bucket, or among the free */
	uint16_t held_first, held_last;
	uint8_t held;   /* frames that wait */
	bool wants_ask; /* a request is to be sent */
	bool in_queue;  /* stands among those that ask */
	bool claimed;   /* said to be elsewhere, and not heard of since */
};

_Static_assert(sizeof(struct neigh_entry) == 64, "a cache line");

struct neigh_held {
	payload frame;
	struct eth_addr mac; /* once known */
	uint16_t next;
};

struct neigh {
	struct counters *counters;
	struct weir_address gateways[NEIGH_GATEWAYS]; /* not evicted; none: there is none */
	uint32_t gateways_failed; /* a bit for each: it went silent, and has not answered since */
	bool gateways_changed;    /* one has failed, or answered; the reader clears it */
	struct siphash_key key;   /* where entries stand, so that nobody can choose to stand in one place */
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

/* counters outlives it. */
void neigh_init(struct neigh *neigh, struct siphash_key key, struct counters *counters);

/* The i-th gateway is that one now, or none. i < NEIGH_GATEWAYS. */
void neigh_set_gateway(struct neigh *neigh, unsigned i, struct weir_address address);

/* Frees the frames that wait. */
void neigh_clear(struct neigh *neigh);

/* The address to send to, or NULL: neigh_hold() the frame. Valid until the next call that changes entries. */
const struct eth_addr *neigh_find(struct neigh *neigh, struct weir_address address, uint64_t now_ns);

/* Sees to it that a neighbour whom neigh_find() does not know is asked, with no frame that waits for it. */
void neigh_ask(struct neigh *neigh, struct weir_address address, uint64_t now_ns);

/* Takes a frame that has to wait, and sees to it that the neighbour is asked. */
void neigh_hold(struct neigh *neigh, struct weir_address address, payload frame, uint64_t now_ns);

/* A frame that need not wait any longer, and where to send it; 0: none. The caller's from then on. */
payload neigh_release(struct neigh *neigh, struct eth_addr *mac);

struct neigh_request {
	struct weir_address address;
	struct eth_addr mac; /* whom to ask: the one who had it, or ETH_BROADCAST for everybody */
};

/* The next request to send; false: none. */
bool neigh_next_request(struct neigh *neigh, struct neigh_request *request);

/* Whether there may be one. */
static inline bool neigh_asks(const struct neigh *neigh)
{
	return neigh->ask_head != neigh->ask_tail;
}

/* How a neighbour is told of: the flags of RFC 4861 section 4.4, and what ARP has in their place. */
enum neigh_news {
	NEIGH_SOLICITED = 0x1, /* an answer to us */
	NEIGH_OVERRIDE = 0x2,  /* meant to replace what is known */
	NEIGH_NO_MAC = 0x4,    /* it names no address: mac is where it came from */
};

/* What came of it. */
enum neigh_effect {
	NEIGH_UNKNOWN,  /* there is no such entry, and none is made of this */
	NEIGH_NOTED,    /* it is as it was known, or refreshed */
	NEIGH_ANSWERED, /* it was asked, and this is the answer */
	NEIGH_CLAIMED,  /* it is known to be elsewhere, and asked there */
};

/* Somebody said that `address` is at `mac`; news: enum neigh_news. */
enum neigh_effect neigh_learn(struct neigh *neigh, struct weir_address address, const struct eth_addr *mac,
			      unsigned news, uint64_t now_ns);

/*
 * Those above doubt that it is still there (RFC 4861 section 7.3.3's negative advice, RFC 1122 section
 * 3.3.1.4): it is asked by unicast, and good for sending meanwhile. Not again within a second of its answer.
 */
void neigh_doubt(struct neigh *neigh, struct weir_address address, uint64_t now_ns);

/* Ageing, and requests again. */
void neigh_advance(struct neigh *neigh, uint64_t now_ns);

/* When neigh_advance() is due; now_ns if requests or frames are to be sent; UINT64_MAX: never. */
uint64_t neigh_next_deadline(const struct neigh *neigh, uint64_t now_ns);

#endif
