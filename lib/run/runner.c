/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/runner.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

#include "run/pool.h"

/* Among the shards of its port; key and table stay the port's. */
static struct weir_rss place(const struct runner *runner)
{
	const struct port *port = runner->port;
	const struct port_rss *rss = &port->rss;

	if (port->queues == 1)
		return (struct weir_rss){ 0 };
	return (struct weir_rss){
		.habit = rss->habit,
		.shard = runner->queue,
		.shards = port->queues,
		.key = rss->key.count != 0 ? rss->key.bytes : NULL,
		.key_bytes = rss->key.count,
		.table = rss->table.count != 0 ? rss->table.queues : NULL,
		.table_size = rss->table.count,
	};
}

/* What the application asked for, with what only the port knows. */
static struct weir_config core_config(const struct runner *runner, const struct weir_config *asked)
{
	static const uint8_t none[sizeof(asked->mac)];
	struct weir_config config = *asked;

	if (memcmp(config.mac, none, sizeof(none)) == 0)
		memcpy(config.mac, runner->port->mac, sizeof(config.mac));
	if (config.socket < 0)
		config.socket = runner->port->socket;
	config.offloads = runner->port->offloads;
	config.pool = runner->pool;
	config.rss = place(runner);
	if (config.max_buffers == 0)
		config.max_buffers = pool_held(runner->port, runner->pool->size);
	return config;
}

static int create_core(struct runner *runner, const struct weir_config *asked, struct why *why)
{
	struct weir_config config = core_config(runner, asked);
	const char *wrong;

	/* Before the check, which would complain of the pool, that is sized for the port. */
	if (config.mtu > runner->port->mtu)
		return why_set(why, -EINVAL, "MTU %u of the shard is more than the port's %u", config.mtu,
			       runner->port->mtu);
	wrong = weir_config_check(&config);
	if (wrong != NULL)
		return why_set(why, -EINVAL, "%s", wrong);
	runner->core = weir_core_create(&config);
	if (runner->core == NULL)
		return why_set(why, -rte_errno, "no shard for %u connections: %s", config.max_connections,
			       rte_strerror(rte_errno));
	return 0;
}

static int create_loop(struct runner *runner, const struct weir_shard_config *config, struct why *why)
{
	int socket = (int)rte_lcore_to_socket_id(runner->lcore);

	runner->loop = rte_zmalloc_socket("weir_loop", sizeof(*runner->loop), RTE_CACHE_LINE_SIZE, socket);
	if (runner->loop == NULL)
		return why_set(why, -ENOMEM, "no memory for a loop: give EAL more (-m)");
	runner->loop->core = runner->core;
	runner->loop->app = config->app;
	runner->loop->source = config->source;
	runner->loop->sink = config->sink;
	runner->loop->due = config->due;
	runner->loop->arg = config->arg;
	return 0;
}

int runner_create(struct runner *runner, struct port *port, uint16_t queue,
		  const struct weir_shard_config *config, unsigned lcore, struct why *why)
{
	uint32_t mbufs = config->mbufs != 0 ? config->mbufs : pool_size(port, &config->config);
	int error;

	*runner = (struct runner){ .port = port, .queue = queue, .lcore = lcore };
	runner->pool = pool_create(port, mbufs, why);
	if (runner->pool == NULL)
		return -rte_errno;
	error = create_core(runner, &config->config, why);
	if (error == 0)
		error = create_loop(runner, config, why);
	if (error == 0)
		return 0;
	runner_destroy(runner);
	runner_free_pool(runner);
	return error;
}

void runner_destroy(struct runner *runner)
{
	if (runner->loop != NULL)
		loop_drain(runner->loop);
	rte_free(runner->loop);
	runner->loop = NULL;
	if (runner->core != NULL)
		weir_core_destroy(runner->core);
	runner->core = NULL;
}

unsigned runner_free_pool(struct runner *runner)
{
	unsigned missing = pool_missing(runner->pool);

	/* Somebody may still write to what is missing: then the pool's memory stays. */
	if (missing == 0)
		rte_mempool_free(runner->pool);
	runner->pool = NULL;
	return runner->port->forgetful ? 0 : missing;
}
