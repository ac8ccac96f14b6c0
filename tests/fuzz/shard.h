/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shard.h - a live shard under a fuzzer: a struct tcp whose pools and rings are so small that every bound is
 * reached, and an application that keeps its own books of what it has and has said.
 *
 * Every call goes through here, and after each one invariants.h looks at the whole shard. Payloads are blocks
 * on the heap (support/payload_arena.h), so that sanitizers see a use after free and a leak.
 *
 * What the application sends is a pattern of which any piece can be told from where it stands in the stream,
 * and what peers send follows from sequence number and port; so each byte that comes out, at
 * either side, is checked, whatever went in.
 */
#ifndef WEIR_TESTS_FUZZ_SHARD_H
#define WEIR_TESTS_FUZZ_SHARD_H

#include "fuzz/bytes_in.h"
#include "tcp/tcp_pvt.h"

#define SHARD_HOT 16
#define SHARD_HELD 64
#define SHARD_PERIOD 61 /* of the pattern: prime, so that no wrong offset of a likely size goes unseen */
#define SHARD_LENGTHS 4 /* of static pieces: each begins at every place of the pattern */

#define SHARD_OPEN_PORT \
	5000 /* what the application connects from: this and the next two, or one chosen for it */

/* What the application and an onlooker know of the connection in a hot record's slot. */
struct shard_conn {
	struct tuple tuple;
	uint32_t generation;           /* 0: none was seen there */
	bool synchronized;             /* the peer's numbers are known */
	uint32_t snd_start, rcv_start; /* sequence numbers of the first byte of each stream */
	uint32_t written, delivered;   /* bytes that the application gave, and got */
	uint32_t edge, told_edge;      /* right edge of the receive window, and as the peer knows it */
};

/* A half-open record, and when it was first seen: its listener's queue is in that order. */
struct shard_half {
	struct tuple tuple;
	uint32_t iss;
	uint64_t number; /* 0: none was seen there */
};

#define SHARD_HALF_OPENS 16
#define SHARD_LISTENERS 8 /* that ever come to be */
#define SHARD_OFFERS 16

struct shard_held {
	weir_conn conn;
	payload data;
};

struct shard {
	struct tcp *tcp;
	void *memory;
	struct counters counters;
	struct weir_config config;
	uint64_t now_ns;
	/*
	 * Numbers of addresses (support/addresses.h): ours,
	 * and the one that the application connects to, at port 80.
	 */
	uint32_t address, peer;
	bool is6;            /* it speaks IPv6, and IPv4 beside it */
	struct shard *other; /* the peer if that is a shard, too; else NULL */
	uint16_t next_port;  /* then ports are used once: old duplicates of theirs may still be about */
	uint64_t taken;      /* segments that tcp_input() took */
	uint64_t buffers;    /* payload buffers that it and its application have, as last counted */
	uint64_t elsewhere;  /* and those that are neither with a shard nor an application */
	struct shard_conn conns[SHARD_HOT];
	struct shard_half halves[SHARD_HALF_OPENS];
	uint64_t halves_seen;
	uint32_t half_opens[SHARD_LISTENERS]; /* as last counted */
	struct seg offers[SHARD_OFFERS]; /* the latest SYN-ACKs of which nothing is kept, and who got them */
	unsigned offers_count;           /* ever */
	uint64_t turned;                 /* of the latest shard_input(): which segments are SYN-ACKs now */
	struct shard_held held[SHARD_HELD];
	unsigned held_count;
	weir_conn last; /* the connection that the application heard of last */
	bool damaged;   /* payloads were changed on their way: bytes that arrive are not looked at */
};

/*
 * Takes its configuration off the byte string, the family too, unless it is that of another one. Both end up
 * in a known state for no bytes at all. shares: now and then others have the port as well, who are not there:
 * what is handed over to them is gone.
 */
void shard_create(struct shard *shard, struct bytes_in *in, uint32_t address, uint32_t peer,
		  const struct shard *like, bool shares);

/* Between whom connections are, of the shard's family or of IPv4 beside it. */
struct pair shard_pair(const struct shard *shard, bool is6);

/*
 * Ends everything, with `orderly` by weir_abort_all() and what follows from it; every record and every buffer
 * must come back.
 */
void shard_destroy(struct shard *shard, bool orderly);

/* Starts the clock so that the ISS of this tuple will lie a few bytes below the wrap. */
void shard_place_iss(struct shard *shard, const struct tuple *tuple);

/*
 * The calls of tcp.h, each followed by a look at the invariants. Of segments that were taken those in
 * shard->turned are the caller's to send.
 */
unsigned shard_input(struct shard *shard, struct seg *segs, const struct seg_side *sides, unsigned n);
void shard_advance(struct shard *shard, uint64_t now_ns);
unsigned shard_output(struct shard *shard, struct seg *segs, struct seg_side *sides, unsigned max);

/* When something is due; but for the guard's looks, which never end where cookies are sent always. */
uint64_t shard_next(const struct shard *shard);

/* The record's tuple is the name of the addresses beside it, the first of which is ours. */
void shard_check_name(const struct shard *shard, const struct tuple *tuple, const struct pair *pair);

/* The latest SYN-ACK of that tuple that was a cookie, or NULL. */
const struct seg *shard_offer(const struct shard *shard, const struct tuple *tuple);

/* A defence as the byte string has it. */
struct weir_defence shard_take_defence(struct bytes_in *in, enum weir_defence_mode mode);

/* Takes events as an application: looks at the data, and keeps it if `keep`. */
unsigned shard_events(struct shard *shard, unsigned max, bool keep);

/* The application does something, as the byte string says. */
void shard_call(struct shard *shard, struct bytes_in *in);

int shard_connect(struct shard *shard, struct weir_endpoint local, struct weir_endpoint remote);
int shard_send(struct shard *shard, weir_conn conn, uint32_t len);

/* The application reads what it holds of number i. */
void shard_release(struct shard *shard, unsigned i);

/* The byte of a peer's stream at this sequence number, from this port. */
static inline uint8_t shard_peer_byte(uint32_t seq, uint16_t port)
{
	return (uint8_t)((seq * 2654435761u >> 24) + port * 31u);
}

/* The place in the pattern where the application's stream begins: the same for both ends. */
static inline uint32_t shard_phase(const struct tuple *tuple)
{
	return 7u * tuple->lport + 7u * tuple->rport;
}

/* The byte of the application's stream at `position` from its first one. */
uint8_t shard_our_byte(const struct tuple *tuple, uint32_t position);

/* The books of a hot record. */
static inline struct shard_conn *shard_conn_of(struct shard *shard, const struct tcb *tcb)
{
	return &shard->conns[tcb_slot(shard->tcp, tcb)];
}

/* Nothing waits to be taken. */
static inline bool shard_drained(const struct shard *shard)
{
	const struct tcp *tcp = shard->tcp;

	return ring_used(&tcp->events_ring) + ring_used(&tcp->dirty_ring) + ring_used(&tcp->replies_ring) ==
	       0;
}

#endif
