/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sent.h - the segments in flight of a connection with an extension: the scoreboard of loss recovery.
 *
 * One small descriptor for each segment sent and not yet acknowledged, in order of sequence numbers: when it
 * went out, and what is known of it. Either the peer holds it (sacked), or it is taken for lost, or it is
 * in the network; the sum of the latter is the extension's `pipe` (RFC 6675), which congestion control
 * bounds.
 *
 * What comes later has its place here. RACK-TLP (RFC 8985) needs the time of each segment's last sending and
 * whether it was the first, `sent_us` and SENT_AGAIN, and marks by set_lost() what sent_mark_lost() marks by
 * counting.
 */
#ifndef WEIR_TCP_SENT_H
#define WEIR_TCP_SENT_H

#include "tcp/tcp_pvt.h"

enum {
	SENT_SACKED = 1 << 0, /* the peer holds it (RFC 2018) */
	SENT_LOST = 1 << 1,   /* to be sent again */
	SENT_AGAIN = 1 << 2,  /* has been sent more than once: its round trip tells nothing (Karn) */
	SENT_TWICE = 1 << 3,  /* of that both may still be in the network: RFC 6675, NextSeg() rule 3 */
};

struct sent {
	uint32_t next; /* descriptor, or SLOT_NONE */
	uint32_t seq;
	uint32_t sent_us; /* clock_us() */
	uint16_t space;   /* of sequence numbers: FIN included */
	uint16_t flags;
};

_Static_assert(sizeof(struct sent) == 16, "four to a cache line");

/*
 * Segments that one connection may have in flight. What a peer says of them costs a walk, so a hostile
 * one must not be able to make that long (compare CVE-2019-11478), nor use up the pool alone.
 */
#define SENT_MAX 1024

static inline struct sent *sent_at(const struct tcp *tcp, uint32_t slot)
{
	return slot_pool_at(&tcp->sents, slot);
}

/* A new segment, behind all others. False: no descriptor is to be had, and it must not be sent. */
bool sent_append(struct tcp *tcp, struct tcb_ext *ext, uint32_t seq, uint32_t space);

/* What was acknowledged, once SND.UNA has moved. */
struct sent_acked {
	uint32_t segments; /* acknowledged whole */
	bool timed;        /* sample_us holds a round trip */
	uint32_t sample_us;
};
struct sent_acked sent_acknowledge(struct tcp *tcp, struct tcb_ext *ext);

/*
 * Marks what these blocks cover within SND.UNA..SND.NXT. True if they told anything new. Of a D-SACK (RFC
 * 2883) the extension remembers that there was one.
 */
bool sent_sack(struct tcp *tcp, struct tcb_ext *ext, uint32_t snd_nxt, const struct sack *sack,
	       unsigned blocks);

/* The one that starts at seq and is in the network, for all that is known; NULL: there is none. */
const struct sent *sent_find(const struct tcp *tcp, const struct tcb_ext *ext, uint32_t seq);

/* Marks those in the network of more than `space`: the path has no room for them. */
void sent_mark_larger_lost(struct tcp *tcp, struct tcb_ext *ext, uint32_t space);

/*
 * RFC 6675's IsLost(): marks segments beyond which the peer holds so many others, or more than so many bytes.
 * (The RFC, which knows bytes alone, counts sequences with gaps between.) True if any is newly lost; those
 * that are on their way again are not, and count once.
 */
bool sent_mark_lost(struct tcp *tcp, struct tcb_ext *ext, unsigned segments, uint32_t bytes);

/* Marks the oldest one. */
void sent_mark_first_lost(struct tcp *tcp, struct tcb_ext *ext);

/*
 * Rules 3 and 4 of RFC 6675's NextSeg(), for when nothing is lost and nothing new may go: marks the first
 * segment that the peer holds something beyond of, or else, once in a recovery and not before a partial ACK,
 * the last one of all. False if there is none that has not been sent again.
 */
bool sent_mark_last_resort(struct tcp *tcp, struct tcb_ext *ext);

/* A time-out: all of them; what was sacked may have been thrown away since (RFC 2018 section 8). */
void sent_mark_all_lost(struct tcp *tcp, struct tcb_ext *ext);

/* The first one to be sent again, or SLOT_NONE. */
uint32_t sent_first_lost(const struct tcp *tcp, struct tcb_ext *ext);

/*
 * Joins those lost ones that follow a lost one directly to it, as far as `most` goes: what left in small
 * segments need not go again in as many. Returns the space of the whole.
 */
uint32_t sent_join(struct tcp *tcp, struct tcb_ext *ext, uint32_t slot, uint32_t most);

/* The last one, which is lost, takes in `space` that was never sent. */
void sent_extend(struct tcp *tcp, struct tcb_ext *ext, uint32_t space);

/*
 * The first `space` of it go out again now; what remains stays lost, or as it was before rule 3,
 * if there is a descriptor for it.
 */
void sent_again(struct tcp *tcp, struct tcb_ext *ext, uint32_t slot, uint32_t space);

/* Forgets everything; for the end of a connection. */
void sent_clear(struct tcp *tcp, struct tcb_ext *ext);

#endif
