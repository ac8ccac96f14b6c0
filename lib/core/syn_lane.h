/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn_lane.h - the short way of a SYN in a flood: read, answered and turned around with others of its burst,
 * before the rest of the burst is parsed.
 */
#ifndef WEIR_CORE_SYN_LANE_H
#define WEIR_CORE_SYN_LANE_H

#include "core/core.h"

/*
 * Answers SYNs among n <= CORE_BURST frames. Bit i of the result: mbufs[i] is a SYN-ACK now, and waits for
 * weir_output(). foreign: bits of those that are not to be looked at. 0 while TCP needs to look at each by
 * itself.
 */
uint64_t syn_lane(struct weir_core *core, struct rte_mbuf *const *mbufs, unsigned n, uint64_t foreign);

#endif
