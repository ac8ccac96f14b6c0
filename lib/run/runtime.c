/* SPDX-License-Identifier: BSD-3-Clause */
/* The runtime's parts: ports, wires, shards and a capture, put together and taken apart. */
#include "run/runtime.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "base/check.h"
#include "run/lcores.h"
#include "run/telemetry.h"
#include "run/tsc.h"
#include "weir.h"

/* ethdev ends the process where the first port finds no memory for the table of all: more than that takes. */
#define ETHDEV_BYTES (1u << 20)

static bool ethdev_finds_memory(void)
{
	void *place = rte_malloc("weir_ethdev", ETHDEV_BYTES, RTE_CACHE_LINE_SIZE);

	rte_free(place);
	return place != NULL;
}

struct weir_runtime *weir_runtime_create(void)
{
	struct weir_runtime *rt = rte_zmalloc("weir_runtime", sizeof(*rt), RTE_CACHE_LINE_SIZE);

	if (rt == NULL || !ethdev_finds_memory()) {
		rte_free(rt);
		rte_errno = ENOMEM;
		return NULL;
	}
	tsc_calibrate();
	return rt;
}

const char *weir_runtime_error(const struct weir_runtime *rt)
{
	return rt->why.text;
}

int weir_runtime_rest(struct weir_runtime *rt, enum weir_rest rest)
{
	if (rt->ports_count > 0)
		return why_set(&rt->why, -EBUSY, "how loops rest is said before ports are opened");
	if (rest > WEIR_REST_ALWAYS)
		return why_set(&rt->why, -EINVAL, "no way to rest has the number %u", (unsigned)rest);
	rt->rest = rest;
	return 0;
}

/* 0 if `more` ports may be added now. */
static int room_for_ports(struct weir_runtime *rt, unsigned more)
{
	if (rt->phase != RUNTIME_BUILDING)
		return why_set(&rt->why, -EBUSY, "ports are opened before weir_runtime_start()");
	if (rt->ports_count + more > RUNTIME_PORTS)
		return why_set(&rt->why, -ENOSPC, "%u ports are the most", RUNTIME_PORTS);
	return 0;
}

int weir_runtime_port(struct weir_runtime *rt, const struct weir_port_config *config)
{
	struct port_options options = {
		.device = config->device,
		.queues = RTE_MAX(config->queues, (uint16_t)1),
		.rx_descriptors = config->rx_descriptors,
		.tx_descriptors = config->tx_descriptors,
		.mtu = config->mtu,
		.software_checksums = config->software_checksums,
		.vlan = config->vlan,
		.rest = rt->rest,
		.rss = { .rss = config->rss, .key = config->rss_key, .key_bytes = config->rss_key_bytes },
	};
	int error = room_for_ports(rt, 1);

	if (error != 0)
		return error;
	if (config->device == NULL)
		return why_set(&rt->why, -EINVAL, "no device named");
	if ((unsigned)config->rss > WEIR_PORT_RSS_TOEPLITZ)
		return why_set(&rt->why, -EINVAL, "no habit of RSS has the number %u", (unsigned)config->rss);
	error = port_open(&rt->ports[rt->ports_count], &options, &rt->why);
	return error != 0 ? error : (int)rt->ports_count++;
}

int weir_runtime_wire(struct weir_runtime *rt, int ports[2])
{
	return weir_runtime_wire_queues(rt, 1, ports);
}

int weir_runtime_wire_queues(struct weir_runtime *rt, uint16_t queues, int ports[2])
{
	struct port_options options = { .queues = RTE_MAX(queues, (uint16_t)1), .rest = rt->rest };
	int first = (int)rt->ports_count;
	int error = room_for_ports(rt, 2);

	if (error != 0)
		return error;
	error = wire_create(&rt->wires[rt->wires_count], &rt->ports[first], &options, SOCKET_ID_ANY,
			    &rt->why);
	if (error != 0)
		return error;
	rt->wires_count++;
	rt->ports_count += 2;
	ports[0] = first;
	ports[1] = first + 1;
	return 0;
}

static bool is_port(const struct weir_runtime *rt, int port)
{
	return port >= 0 && (unsigned)port < rt->ports_count;
}

static bool is_shard(const struct weir_runtime *rt, int shard)
{
	return shard >= 0 && (unsigned)shard < rt->runners_count;
}

int weir_runtime_port_info(struct weir_runtime *rt, int port, struct weir_port_info *info)
{
	const struct port *p;

	if (!is_port(rt, port))
		return why_set(&rt->why, -EINVAL, "no port %d", port);
	p = &rt->ports[port];
	*info = (struct weir_port_info){
		.mtu = p->mtu,
		.socket = p->socket,
		.offloads = p->offloads,
		.link_up = port_link_up(p),
		.queues = p->queues,
		.rss = p->rss.habit,
	};
	snprintf(info->driver, sizeof(info->driver), "%s", p->driver);
	snprintf(info->device, sizeof(info->device), "%s", p->name);
	memcpy(info->mac, p->mac, sizeof(info->mac));
	return 0;
}

int weir_runtime_port_stats(struct weir_runtime *rt, int port, struct weir_port_stats *stats)
{
	struct rte_eth_stats eth;
	int error;

	if (!is_port(rt, port))
		return why_set(&rt->why, -EINVAL, "no port %d", port);
	error = rte_eth_stats_get(rt->ports[port].id, &eth);
	if (error != 0)
		return why_set(&rt->why, error, "%s has no statistics", rt->ports[port].name);
	*stats = (struct weir_port_stats){
		.rx_missed = eth.imissed,
		.rx_errors = eth.ierrors,
		.rx_no_mbuf = eth.rx_nombuf,
		.tx_errors = eth.oerrors,
	};
	return 0;
}

/* The lcore that was asked for, if EAL has it, or one near the port. */
static int choose_lcore(struct weir_runtime *rt, int asked, int socket)
{
	unsigned loads[RTE_MAX_LCORE];

	if (asked >= 0) {
		if (!rte_lcore_is_enabled((unsigned)asked))
			return why_set(&rt->why, -EINVAL, "lcore %d is not among EAL's (-l)", asked);
		return asked;
	}
	for (unsigned lcore = 0; lcore < RTE_MAX_LCORE; lcore++)
		loads[lcore] = rt->groups[lcore].count;
	return (int)lcores_choose(socket, loads);
}

unsigned runtime_shards_on(const struct weir_runtime *rt, const struct port *port)
{
	unsigned shards = 0;

	for (unsigned i = 0; i < rt->runners_count; i++)
		shards += rt->runners[i].port == port;
	return shards;
}

/* 0 if a shard may be put on this port now. */
static int room_for_shard(struct weir_runtime *rt, const struct port *port)
{
	unsigned taken = runtime_shards_on(rt, port);

	if (rt->runners_count == RUNTIME_SHARDS)
		return why_set(&rt->why, -ENOSPC, "%u shards are the most", RUNTIME_SHARDS);
	if (taken < port->queues)
		return 0;
	if (port->queues == 1)
		return why_set(&rt->why, -EBUSY, "%s has its shard already; it was opened with one queue",
			       port->name);
	return why_set(&rt->why, -EBUSY, "%s has its %u shards already, one for each queue", port->name,
		       port->queues);
}

/* With an inbox among the shards of its port. */
static int join(struct runner *runner, struct inboxes *inboxes, struct why *why)
{
	int socket = (int)rte_lcore_to_socket_id(runner->lcore);
	int error = inboxes_add(inboxes, runner->queue, socket, why);

	if (error != 0) {
		runner_destroy(runner);
		runner_free_pool(runner);
		return error;
	}
	runner->loop->inboxes = inboxes;
	runner->loop->shard = runner->queue;
	return 0;
}

int weir_runtime_shard(struct weir_runtime *rt, int port, const struct weir_shard_config *config)
{
	struct runner *runner = &rt->runners[rt->runners_count];
	struct loop_group *group;
	uint16_t queue;
	int lcore, error;

	if (rt->phase != RUNTIME_BUILDING)
		return why_set(&rt->why, -EBUSY, "shards are made before weir_runtime_start()");
	if (!is_port(rt, port) || config->app == NULL)
		return why_set(&rt->why, -EINVAL, "a shard needs a port and an application");
	error = room_for_shard(rt, &rt->ports[port]);
	if (error != 0)
		return error;
	queue = (uint16_t)runtime_shards_on(rt, &rt->ports[port]);
	lcore = choose_lcore(rt, config->lcore, rt->ports[port].socket);
	if (lcore < 0)
		return lcore;
	error = runner_create(runner, &rt->ports[port], queue, config, (unsigned)lcore, &rt->why);
	if (error == 0 && runner->port->queues > 1)
		error = join(runner, &rt->inboxes[port], &rt->why);
	if (error != 0)
		return error;
	group = &rt->groups[lcore];
	group->stop = &rt->stop;
	group->loops[group->count++] = runner->loop;
	rest_add(&group->rest, (struct rest_place){ .port = runner->port,
						    .queue = queue,
						    .inboxes = runner->loop->inboxes });
	return (int)rt->runners_count++;
}

int weir_runtime_lcore(struct weir_runtime *rt, int shard)
{
	if (!is_shard(rt, shard))
		return why_set(&rt->why, -EINVAL, "no shard %d", shard);
	return (int)rt->runners[shard].lcore;
}

struct weir_core *weir_runtime_core(struct weir_runtime *rt, int shard)
{
	return is_shard(rt, shard) ? rt->runners[shard].core : NULL;
}

int weir_runtime_capture(struct weir_runtime *rt, const char *path)
{
	if (rt->phase != RUNTIME_BUILDING || rt->capture != NULL)
		return why_set(&rt->why, -EBUSY, "one capture, asked for before weir_runtime_start()");
	rt->capture = capture_open(path, &rt->why);
	return rt->capture != NULL ? 0 : -rte_errno;
}

/*
 * Whoever holds buffers gives them back before their pool is looked at: loops and cores first, then
 * what is under way between shards or on a wire, then the descriptors of ports, and pools last.
 */
unsigned weir_runtime_destroy(struct weir_runtime *rt)
{
	unsigned missing = 0;

	if (rt->phase == RUNTIME_RUNNING) {
		weir_runtime_stop(rt);
		weir_runtime_join(rt);
	}
	telemetry_remove(rt);
	for (unsigned i = 0; i < rt->runners_count; i++)
		runner_destroy(&rt->runners[i]);
	for (unsigned i = 0; i < rt->ports_count; i++)
		inboxes_destroy(&rt->inboxes[i]);
	for (unsigned i = 0; i < rt->wires_count; i++)
		wire_drain(&rt->wires[i]);
	for (unsigned i = 0; i < rt->ports_count; i++)
		port_close(&rt->ports[i]);
	for (unsigned i = 0; i < rt->wires_count; i++)
		wire_destroy(&rt->wires[i]);
	for (unsigned i = 0; i < rt->runners_count; i++)
		missing += runner_free_pool(&rt->runners[i]);
	if (rt->capture != NULL)
		capture_close(rt->capture);
	rte_free(rt);
	return missing;
}
