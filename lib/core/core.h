/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * core.h - what the files of this room share: a core, that is one shard. TCP and the net below it are pure;
 * this room carries frames to and from them.
 *
 *     rx.c        weir_input(): frames become segments
 *     tx.c        weir_output(): segments become frames
 *     vlan.c      tags, off and on
 *     syn_lane.c  SYNs in a flood
 *     handover.c  frames of other shards
 *     control.c   ARP, ICMP and neighbour discovery
 *     weir.c      the application's calls
 *     shard.c     creation; config.c: what may be created
 *
 * Time. TCP compares 32-bit ticks, so that a clock which has run for a month before the core was created must
 * not look like the past: inside, time starts at CORE_START_NS with the first weir_input().
 */
#ifndef WEIR_CORE_CORE_H
#define WEIR_CORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/counters.h"
#include "core/control.h"
#include "core/handover.h"
#include "core/memory.h"
#include "net/net.h"
#include "tcp/tcp.h"
#include "wire/seg.h"
#include "weir.h"

#define CORE_START_NS CLOCK_NS_PER_S

/* Frames of a burst that go through the stages together. */
#define CORE_BURST TCP_BURST_MAX

/*
 * Sees to the checksums of a frame that is otherwise whole: in software or by the port.
 * payload_sum: its payload's.
 */
typedef void (*tx_finish_fn)(struct rte_mbuf *frame, const struct seg *seg, uint64_t payload_sum);

/* SYN-ACKs that wait in the frames of their SYNs for weir_output(); four bursts. */
#define CORE_TURNED 256

struct weir_core {
	struct counters counters;
	struct tcp *tcp;
	struct rte_mempool *pool;
	tx_finish_fn tx_finish;
	uint64_t rx_flags; /* of the ol_flags of received frames: those that may be believed */
	uint16_t vlan;     /* 0: none */
	bool tags_by_port; /* it puts them on frames that are sent */
	uint64_t now_ns;   /* inside */
	uint64_t epoch_ns; /* the caller's time minus ours */
	bool started;
	uint8_t ttl;              /* of ICMP echo replies */
	uint32_t copy_room;       /* bytes of a weir_send_copy() in each buffer */
	uint32_t unread_max;      /* buffers that came in and are not freed yet, before text is refused */
	uint64_t connect_next[2]; /* which of our addresses the next open begins with: of IPv6, of IPv4 */
	struct weir_endpoint connect_last; /* to whom the last one was; port 0: not from any of them */
	unsigned connect_ahead;            /* so many more to there are expected next, if it goes on */
	struct control control;
	struct handover handover;
	struct net net;
	struct memory memory;
	unsigned turned_first, turned_count; /* of turned[], those that were not handed out yet */
	struct rte_mbuf *turned[CORE_TURNED];
};

/* A frame of the core's pool; NULL counts tx_no_buffer. */
struct rte_mbuf *core_alloc(struct weir_core *core);

/* Whether a frame's first buffer is our own to write over, and whether that is all of it. */
static inline bool core_may_write(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

static inline bool core_owns(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && core_may_write(m);
}

/* The same, and so many bytes fit it: it may become any frame that is no longer. */
static inline bool core_may_reuse(const struct rte_mbuf *m, uint32_t bytes)
{
	return core_owns(m) && m->data_len + (uint32_t)rte_pktmbuf_tailroom(m) >= bytes;
}

/* Frees frames that are on the core's counters. */
void core_free(struct weir_core *core, struct rte_mbuf **frames, unsigned n);

/* Writes the headers of a segment without payload into a frame, and its checksums. */
void tx_fill(struct weir_core *core, struct rte_mbuf *m, const struct seg *seg, const struct pair *pair,
	     const struct eth_addr *dst);

void tx_finish_software(struct rte_mbuf *frame, const struct seg *seg, uint64_t payload_sum);
void tx_finish_offload(struct rte_mbuf *frame, const struct seg *seg, uint64_t payload_sum);

#endif
