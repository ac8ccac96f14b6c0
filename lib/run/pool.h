/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.h - the buffers of a shard and its port: how many, how large, and whether all came back.
 *
 * A frame fits one buffer. Their number covers what the descriptors, the backlog, the caches of lcores
 * and, on a wire, the frames under way can hold, and as much of what the shard may queue and its applications
 * leave unread as its part of the port's POOL_BYTES allows: each connection could fill all its buffers, but
 * not all do at once. So that those do not take what frames need, the shard is told how many it may hold.
 */
#ifndef WEIR_RUN_POOL_H
#define WEIR_RUN_POOL_H

#include <stdint.h>

#include "nic/nic.h"

struct rte_mempool;
struct weir_config;

/* Two ends of a wire and a capture then fit 512 MB of EAL memory. */
#define POOL_BYTES (96u << 20)

/* How many buffers a shard of this configuration gets on this port. */
uint32_t pool_size(const struct port *port, const struct weir_config *config);

/* Of `count` buffers, those that may wait in send queues and with applications: weir_config.max_buffers. */
uint32_t pool_held(const struct port *port, uint32_t count);

/* `count` buffers for frames of the port's MTU. NULL with rte_errno and the reason in `why`. */
struct rte_mempool *pool_create(const struct port *port, uint32_t count, struct why *why);

/* Buffers that are not in the pool. */
unsigned pool_missing(const struct rte_mempool *pool);

#endif
