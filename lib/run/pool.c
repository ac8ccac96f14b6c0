/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/pool.h"

#include <inttypes.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "run/inboxes.h"
#include "weir.h"

#define CACHE 256u

/* struct rte_mbuf, the mempool's own header, and what rounding to cache lines adds. */
#define ELEMENT_OVERHEAD (sizeof(struct rte_mbuf) + 2 * RTE_CACHE_LINE_SIZE)

/* What rings, bursts under way and caches can hold. */
static uint32_t needed(const struct port *port)
{
	/* A put beyond 1.5 times the cache's size flushes it; each lcore that frees has one. */
	uint32_t caches = CACHE * 3 / 2 * rte_lcore_count();
	uint32_t must = port->rx_descriptors + port->tx_descriptors + 4 * BURST_FRAMES + caches;

	/* Of what waits in inboxes, a shard's share: they are bounded alike. */
	if (port->queues > 1)
		must += INBOX_FRAMES;
	return port->both_ends ? must + WIRE_FRAMES : must;
}

uint32_t pool_size(const struct port *port, const struct weir_config *config)
{
	uint32_t bytes = POOL_BYTES / RTE_MAX(port->queues, (uint16_t)1);
	uint32_t limit = (uint32_t)(bytes / (port_data_room(port) + ELEMENT_OVERHEAD));
	uint32_t must = needed(port);
	uint64_t may;

	may = config->max_send_buffers != 0 ? config->max_send_buffers : config->max_connections;
	may += (uint64_t)config->max_connections * config->receive_buffers;
	/* Half of them each: see weir_config.max_buffers. */
	return (uint32_t)RTE_MAX((uint64_t)must, RTE_MIN(must + 2 * may, (uint64_t)limit));
}

uint32_t pool_held(const struct port *port, uint32_t count)
{
	uint32_t must = needed(port);

	/* Better slowly than not at all, where there are fewer than all rings take. */
	return RTE_MAX(count > must ? count - must : 0, count / 4);
}

struct rte_mempool *pool_create(const struct port *port, uint32_t count, struct why *why)
{
	/* A pool that lost buffers outlives its port, so the port's number alone is no name. */
	static unsigned number;
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	snprintf(name, sizeof(name), "weir%u_port%u", __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED),
		 port->id);
	pool = rte_pktmbuf_pool_create(name, count, CACHE, 0, port_data_room(port), port->socket);
	/* Better far memory than none. */
	if (pool == NULL && rte_errno == ENOMEM && port->socket != SOCKET_ID_ANY)
		pool = rte_pktmbuf_pool_create(name, count, CACHE, 0, port_data_room(port), SOCKET_ID_ANY);
	if (pool == NULL)
		why_set(why, -rte_errno,
			"%s: no memory for %" PRIu32 " buffers of %u bytes (%s): give EAL more (-m), "
			"or allow fewer connections",
			port->name, count, port_data_room(port), rte_strerror(rte_errno));
	return pool;
}

unsigned pool_missing(const struct rte_mempool *pool)
{
	return pool->size - rte_mempool_avail_count(pool);
}
