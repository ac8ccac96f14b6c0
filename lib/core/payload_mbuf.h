/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * payload_mbuf.h - base/payload.h over mbufs, and whose counters a buffer is on.
 *
 * The pure rooms free payloads without knowing a core, yet each core promises that buffers taken
 * (received, allocated, given to weir_send()) equal buffers returned (freed, handed on) once it holds
 * none. So a frame that goes into a pure room carries its core's counters with it, in a dynamic
 * field that DPDK's registry of mbuf fields gave us, and payload_free() counts there. Rejected: a
 * thread-local pointer (hidden, and wrong as soon as two cores share a thread), a counters argument to each
 * payload function (in pure rooms that have no use for it), and counting what is held (then the
 * balance could never fail to balance). Buffers are counted by segment, so that chaining and trimming
 * change nothing. A buffer that two cores send at the same time must be two mbufs, rte_pktmbuf_clone()s.
 *
 * The field also knows a chain's last segment, so that what arrives is appended
 * without a walk along what has.
 */
#ifndef WEIR_CORE_PAYLOAD_MBUF_H
#define WEIR_CORE_PAYLOAD_MBUF_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "base/counters.h"
#include "base/payload.h"

struct payload_mbuf_field {
	struct counters *counters;
	struct rte_mbuf *last;
};

/* Where the field is: the same for the whole process, as the registry has it. -1 before registration. */
extern int payload_mbuf_field_at;

/* Registers the field, once or again. 0 or a negative errno. Any thread. */
int payload_mbuf_register(void);

static inline struct rte_mbuf *payload_mbuf(payload p)
{
	return (struct rte_mbuf *)(uintptr_t)p; // NOLINT(performance-no-int-to-ptr)
}

static inline struct payload_mbuf_field *payload_mbuf_field(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, payload_mbuf_field_at, struct payload_mbuf_field *);
}

/* The reference to a chain that is on `counters` from now on. */
static inline payload payload_from_mbuf(struct rte_mbuf *m, struct counters *counters)
{
	*payload_mbuf_field(m) = (struct payload_mbuf_field){
		.counters = counters,
		.last = m->nb_segs == 1 ? m : rte_pktmbuf_lastseg(m),
	};
	return (uintptr_t)m;
}

#endif
