/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_pvt.h - what the files of this room share: one shard's TCP.
 *
 * Lists with a bound: pending events, connections with output to make ("dirty"), answers that belong to no
 * hot record, delayed ACKs. tcp_input() and tcp_advance() make sure of room in the first three before each
 * step, so that no step can fail half-way; the application's calls return -EAGAIN.
 */
#ifndef WEIR_TCP_PVT_H
#define WEIR_TCP_PVT_H

#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/limit.h"
#include "base/ref.h"
#include "base/seq.h"
#include "base/short_ways.h"
#include "store/conn_table.h"
#include "store/slot_pool.h"
#include "store/timer_wheel.h"
#include "tcp/cookie.h"
#include "tcp/guard.h"
#include "tcp/sources.h"
#include "tcp/tcb.h"
#include "tcp/tcp.h"
#include "wire/rss.h"
#include "wire/seg.h"

#define TCP_REPLIES 256 /* a power of two; four bursts */
#define TCP_LISTENERS 256
#define TCP_STATICS 256 /* identifiers 1..255 */
#define TCP_PORT_BUCKETS 256
#define TCP_ADVICE 16 /* a power of two: peers to doubt, see advice.h */

#define TCP_TS_BYTES 12 /* timestamps, padded as everybody does */
#define TCP_MSS_MIN 64  /* a peer that asks for less wants to make us busy */

/* What a packet spends on headers without options; an MSS leaves room for them (RFC 9293 3.7.1). */
static inline uint16_t tcp_headers(bool is6)
{
	return is6 ? 60 : 40;
}

/* RFC 9293 MUST-15. */
static inline uint16_t tcp_mss_default(bool is6)
{
	return is6 ? 1220 : 536;
}

struct listener {
	struct weir_address address; /* none: any */
	uint32_t word;
	uint16_t port; /* 0: free */
	uint16_t next; /* listener on the same port, or LISTENER_NONE */
	uint8_t profile;
	struct weir_defence defence; /* backlog at least 1 */
	uint32_t half_opens;         /* now */
	uint32_t oldest, newest;     /* of them, or SLOT_NONE */
	struct guard guard;
};

#define LISTENER_NONE UINT16_MAX

/* How connections behave, see profiles.h; times in ticks. */
struct profile {
	struct weir_options options; /* what it was made of */
	uint32_t user_timeout, syn_timeout;
	uint32_t keep_idle, keep_interval; /* keep_idle 0: no keepalive */
	uint32_t linger;
	uint16_t mss_max;
	uint8_t keep_probes;
	uint8_t ttl, tos;
};

#define TCP_PROFILES 256
#define PROFILE_LINGER_ON UINT32_MAX

struct static_bytes {
	const uint8_t *bytes;
	uint32_t len;
};

/* Free-running indexes: slot = index & mask. */
struct ring {
	uint32_t head, tail; /* taken from head, put at tail */
	uint32_t mask;
};

static inline uint32_t ring_used(const struct ring *ring)
{
	return ring->tail - ring->head;
}

static inline uint32_t ring_room(const struct ring *ring)
{
	return ring->mask + 1 - ring_used(ring);
}

struct delayed_ack {
	uint32_t slot;     /* of a tcb */
	uint32_t deadline; /* tick */
};

struct tcp_times {
	uint32_t time_wait, delayed_ack, fin_wait_2, user_timeout, syn_timeout; /* ticks */
	uint32_t rto_initial_us, rto_min_us, rto_max_us;
	uint32_t rto_initial, rto_min;   /* ticks */
	uint32_t near_srtt, near_rttvar; /* see rtt_is_near() */
};

/* A tuple that an open is about to take, and what is known of it. */
struct claim {
	struct pair pair;
	struct tuple tuple;
	ref found; /* the TIME-WAIT record that stands there, to be reused; or REF_NONE */
	uint64_t hash;
	uint64_t f; /* isn.h's; 0: not computed yet */
};

#define PORTS_EXPECTED TCP_OPENS_EXPECTED

struct tcp {
	/* Read on every segment. */
	struct conn_table table;
	struct counters *counters;
	uint64_t now_ns;             /* of the call that is under way */
	uint32_t tick;               /* the same, in ticks */
	const struct seg *seg;       /* that is under way; NULL: none */
	const struct seg_side *side; /* of it */
	uint64_t elsewhere;          /* of the last burst, those that other shards are given */
	bool keeps_all;              /* none are: they come from there */
	uint32_t rcv_window;         /* bytes offered when nothing is held */
	uint16_t mtu;
	uint8_t rcv_wscale;
	uint8_t receive_buffers; /* of a connection, that its window is counted in */
	uint8_t held_max;        /* that it may hold: some more, for segments shorter than most */
	uint8_t held_now;        /* the same, or 0 while text is refused to all */

	const struct rss *rss; /* whose the rest of the port's connections are; NULL: there are no others */
	uint8_t rss_habit;     /* enum weir_rss_habit */

	/* Of IPv6 records, by kind and slot; NULL without IPv6 addresses. */
	struct pair *pairs[REF_KINDS];

	struct slot_pool hot, exts, half_opens, pieces, sents;
	struct timer_wheel wheel;

	struct ring events_ring, dirty_ring, replies_ring, delayed_ring;
	struct weir_event *events;
	uint32_t *dirty; /* slots of tcbs */
	struct seg *replies;
	struct pair *reply_pairs; /* beside them, for IPv6 */
	struct delayed_ack *delayed;

	/* TIME-WAIT: a ring in order of expiry; head and tail are free-running. */
	struct time_wait *time_waits;
	uint32_t time_wait_capacity, time_wait_head, time_wait_tail;
	uint32_t time_wait_hidden; /* of them, those that a half-open record stands before in the table */

	struct tcp_secrets secrets;
	struct cookies cookies;
	struct sources sources;
	struct limit resets;
	struct tcp_times times;
	uint16_t port_first, port_last;
	uint16_t send_buffers;
	uint32_t queued, queued_max; /* buffers in send queues */
	bool rfc1337, timestamps, ecn;

	struct ring advice_ring;
	struct weir_address advice[TCP_ADVICE];

	uint32_t paws_cursor, paws_due; /* the sweep of paws.h: the next slot, and the tick of the next one */
	uint32_t abort_cursor;          /* tcp_abort_all() at work: the next slot; SLOT_NONE: it is not */
	bool abort_again;               /* and once more from the start: it was called meanwhile */
	struct weir_defence defence;    /* of new listeners */
	uint32_t defending;             /* listeners that answer by cookies; read by other threads */
	uint32_t guard_due;             /* tick of the next look at the listeners, guard.h */

	/* Read by other threads, whole words. */
	uint64_t states[WEIR_STATES];
	uint64_t failed[WEIR_REASONS];

	struct tcb fresh[2];                      /* what a record begins with, of IPv4 and of IPv6 */
	uint32_t port_counters[TCP_PORT_BUCKETS]; /* RFC 6056 algorithm 4 */
	struct claim expected[PORTS_EXPECTED];
	unsigned expected_next, expected_count;
	struct profile profiles[TCP_PROFILES];
	unsigned profiles_count;
	struct static_bytes statics[TCP_STATICS];
	unsigned statics_count;
	struct listener listeners[TCP_LISTENERS];
	uint16_t listener_chains[TCP_LISTENERS]; /* first listener, by the low bits of the port */
};

static inline void tcp_set_now(struct tcp *tcp, uint64_t now_ns)
{
	tcp->now_ns = now_ns;
	tcp->tick = clock_tick(now_ns);
}

static inline struct tcb *tcb_at(const struct tcp *tcp, uint32_t slot)
{
	return (struct tcb *)(void *)tcp->hot.base + slot;
}

static inline uint32_t tcb_slot(const struct tcp *tcp, const struct tcb *tcb)
{
	return (uint32_t)(tcb - (const struct tcb *)(const void *)tcp->hot.base);
}

static inline struct tcb_ext *tcb_ext(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->flags & TCB_EXT ? slot_pool_at(&tcp->exts, tcb->ext) : NULL;
}

/*
 * The addresses of an IPv6 record; those of an IPv4 one stand in its tuple alone,
 * and here is nothing, or NULL.
 */
static inline struct pair *pair_at(const struct tcp *tcp, ref r)
{
	return tcp->pairs[ref_kind(r)] != NULL ? &tcp->pairs[ref_kind(r)][ref_slot(r)] : NULL;
}

static inline struct pair *tcb_pair(const struct tcp *tcp, const struct tcb *tcb)
{
	return pair_at(tcp, ref_make(REF_HOT, tcb_slot(tcp, tcb)));
}

static inline bool tcb_is6(const struct tcb *tcb)
{
	return tuple_is6(&tcb->tuple);
}

/* Payload that fits the MTU without TCP options. */
static inline uint16_t tcp_rcv_mss(const struct tcp *tcp, bool is6)
{
	return tcp->mtu - tcp_headers(is6);
}

/*
 * Whether what was computed for the whole burst tells of this tuple:
 * nearly all who ask have it from the segment.
 */
static inline bool tcp_seg_is_of(const struct tcp *tcp, const struct tuple *tuple)
{
	return SHORT_WAYS && tcp->seg != NULL && tuple_equal(&tcp->seg->tuple, tuple);
}

static inline uint64_t tcp_hash(const struct tcp *tcp, const struct tuple *tuple)
{
	if (tcp_seg_is_of(tcp, tuple))
		return tcp->seg->hash;
	return tuple_hash(tcp->secrets.table, tuple);
}

static inline uint32_t tcb_snd_una(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	return ext != NULL ? ext->snd_una : tcb->snd_nxt - tcb->flight;
}

static inline uint32_t tcb_snd_wnd(const struct tcb *tcb)
{
	return (uint32_t)tcb->snd_wnd << tcb->snd_wscale;
}

static inline uint32_t tcb_rcv_wnd(const struct tcb *tcb)
{
	return (uint32_t)tcb->rcv_wnd << tcb->rcv_wscale;
}

/* The value for TSval now: RFC 7323 section 5.4's clock, shifted by what the tuple gives. */
static inline uint32_t tcp_tsval(const struct tcp *tcp, uint32_t ts_offset)
{
	return tcp->tick + ts_offset;
}

#endif
