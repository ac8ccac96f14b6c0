/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_side.h"

#include <inttypes.h>

#include <rte_malloc.h>

#include "base/counters.h"
#include "bench.h"
#include "conn_ends.h"
#include "core_faults.h"
#include "nic/nic.h"
#include "run/inboxes.h"
#include "run/loop.h"
#include "run/runner.h"
#include "run/tsc.h"

/* Of 2 MSL, at three million connections a second. */
#define TIME_WAIT_MAX (6u << 20)
#define BUFFERS 8191
#define PORT 80

/* 198.18.0.1-198.18.0.250/15 and 198.19.0.1/15. */
static const struct weir_range client_range = { { 0, 0xffffc6120001 }, { 0, 0xffffc61200fa }, 15 };
static const struct weir_range server_range = { { 0, 0xffffc6130001 }, { 0, 0xffffc6130001 }, 15 };

struct conn_side {
	bool is_client;
	bool over;       /* the turn: what its loop stops at */
	uint64_t end_ns; /* of the turn */
	struct runner runner;
	struct conn_client client;
	struct conn_server server;
};

static void client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct conn_side *side = arg;

	conn_client_round(core, events, n, now_ns, &side->client);
	side->over = now_ns >= side->end_ns;
}

static void server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct conn_side *side = arg;

	conn_server_round(core, events, n, now_ns, &side->server);
	side->over = now_ns >= side->end_ns;
}

static int init_application(struct conn_side *side)
{
	struct weir_endpoint server = { .address = server_range.first, .port = PORT };

	if (side->is_client)
		return conn_client_init(&side->client, CONN_LIFE_PLAIN, side->runner.core, server);
	if (weir_listen(side->runner.core, (struct weir_endpoint){ .port = PORT }, 0) < 0)
		return -1;
	return conn_server_init(&side->server, CONN_LIFE_PLAIN, side->runner.core);
}

static int create_runner(struct conn_side *side, struct port *port, uint16_t queue, unsigned lcore,
			 struct why *why)
{
	struct weir_shard_config shard = {
		.app = side->is_client ? client_round : server_round,
		.arg = side,
		.mbufs = BUFFERS,
	};

	weir_config_default(&shard.config);
	shard.config.ranges[0] = side->is_client ? client_range : server_range;
	shard.config.ranges_count = 1;
	shard.config.max_connections = 4 * CONN_LIVES;
	shard.config.max_half_open = 4 * CONN_LIVES;
	shard.config.max_time_wait = side->is_client ? CONN_LIVES : TIME_WAIT_MAX;
	shard.config.msl_ns = CONN_SIDE_MSL_NS;
	/* As in conn_pair.c: a CPU that somebody else needed for a while is no loss. */
	shard.config.rto_min_ns = shard.config.rto_initial_ns;
	return runner_create(&side->runner, port, queue, &shard, lcore, why);
}

/* Its port is not started yet. NULL with the reason in `why`. */
static struct conn_side *create(struct port *port, uint16_t queue, bool is_client, unsigned lcore,
				struct why *why)
{
	/* In lines of its own: it is written in each round. */
	struct conn_side *side = rte_zmalloc("conn_side", sizeof(*side), RTE_CACHE_LINE_SIZE);

	*why = (struct why){ "no memory for an application" };
	if (side == NULL || port->offloads != 0) {
		if (side != NULL)
			*why = (struct why){ "the port offers checksums" };
		rte_free(side);
		return NULL;
	}
	weir_now_ns(); /* the clock is set before loops run */
	side->is_client = is_client;
	if (create_runner(side, port, queue, lcore, why) != 0)
		goto no_runner;
	if (init_application(side) != 0)
		goto no_application;
	return side;

no_application:
	runner_destroy(&side->runner);
	runner_free_pool(&side->runner);
no_runner:
	rte_free(side);
	return NULL;
}

struct conn_side *conn_side_create(struct port *port, bool is_client, unsigned lcore)
{
	struct why why;
	struct conn_side *side = create(port, 0, is_client, lcore, &why);

	if (side != NULL && port_start(port, &side->runner.pool, &why) == 0) {
		burst_init(&side->runner.loop->burst, port, 0, NULL);
		return side;
	}
	bench_note("%s", why.text);
	if (side == NULL)
		return NULL;
	conn_side_destroy(side);
	conn_side_free(side);
	return NULL;
}

int conn_sides_create(struct port *port, struct inboxes *inboxes, bool is_client, const unsigned *lcores,
		      struct conn_side **sides)
{
	struct rte_mempool *pools[PORT_QUEUES_MAX];
	struct why why;

	for (uint16_t queue = 0; queue < port->queues; queue++) {
		struct conn_side *side = create(port, queue, is_client, lcores[queue], &why);

		sides[queue] = side;
		if (side == NULL || inboxes_add(inboxes, queue, SOCKET_ID_ANY, &why) != 0)
			goto failed;
		side->runner.loop->inboxes = inboxes;
		side->runner.loop->shard = queue;
		pools[queue] = side->runner.pool;
	}
	if (port_start(port, pools, &why) != 0)
		goto failed;
	for (uint16_t queue = 0; queue < port->queues; queue++)
		burst_init(&sides[queue]->runner.loop->burst, port, queue, NULL);
	return 0;

failed:
	bench_note("%s", why.text);
	return -1;
}

void conn_side_destroy(struct conn_side *side)
{
	runner_destroy(&side->runner);
	if (side->is_client)
		conn_client_fini(&side->client);
}

int conn_side_free(struct conn_side *side)
{
	unsigned missing = runner_free_pool(&side->runner);

	rte_free(side);
	if (missing == 0)
		return 0;
	bench_note("%u buffers are missing", missing);
	return -1;
}

static uint64_t faults_of(const struct conn_side *side)
{
	const struct loop *loop = side->runner.loop;

	return core_faults(side->runner.core) + loop->burst.backlog_drops + loop->handover_drops +
	       side->client.faults + side->server.faults;
}

/* Notes of what they were, since the beginning. */
static void tell_faults(const struct conn_side *side)
{
	const char *who = side->is_client ? "client" : "server";

	core_faults_tell(side->runner.core, who);
	bench_note("%s: %" PRIu64 " faults of the application, %" PRIu64 " frames that found no room", who,
		   side->client.faults + side->server.faults,
		   side->runner.loop->burst.backlog_drops + side->runner.loop->handover_drops);
}

/* Adds what it has counted so far. */
static void add_counts(const struct conn_side *side, struct core_result *sum)
{
	uint64_t counters[COUNTERS];
	struct weir_stats stats;

	weir_stats(side->runner.core, &stats);
	weir_counters(side->runner.core, counters, COUNTERS);
	sum->lives += side->client.lived;
	sum->busy_cycles += side->runner.loop->busy_cycles;
	sum->ended += side->client.lived;
	sum->frames += stats.frames_out;
	sum->expired += counters[COUNT_time_wait_expired];
	sum->handed += counters[COUNT_handed_over];
	sum->faults += faults_of(side);
	sum->unfinished += side->client.lives;
}

static struct core_result counts_of(struct conn_side *const *sides, unsigned count)
{
	struct core_result sum = { 0 };

	for (unsigned i = 0; i < count; i++)
		add_counts(sides[i], &sum);
	return sum;
}

static void run(struct conn_side *const *sides, struct loop_group *group, uint64_t end, bool opens)
{
	for (unsigned i = 0; i < group->count; i++) {
		sides[i]->client.lives_wanted = opens;
		sides[i]->end_ns = tsc_to_ns(end);
		sides[i]->over = false;
	}
	loop_run(group);
}

void conn_sides_turn(struct conn_side *const *sides, unsigned count, const struct core_turn *turn,
		     struct core_result *result)
{
	struct core_result before = counts_of(sides, count), at_end, after;
	struct loop_group group = {
		.count = count,
		.stop = &sides[0]->over,
		.rest = { .way = REST_SPIN },
	};
	uint64_t cycles;

	for (unsigned i = 0; i < count; i++)
		group.loops[i] = sides[i]->runner.loop;
	core_turn_await(turn->begin);
	run(sides, &group, turn->end, true);
	cycles = rte_rdtsc() - turn->begin;
	at_end = counts_of(sides, count);
	run(sides, &group, turn->end + CORE_TURN_REST(rte_get_tsc_hz()), false);
	after = counts_of(sides, count);
	*result = (struct core_result){
		.lives = at_end.lives - before.lives,
		.busy_cycles = at_end.busy_cycles - before.busy_cycles,
		.cycles = cycles,
		.ended = after.ended - before.ended,
		.frames = after.frames - before.frames,
		.expired = after.expired - before.expired,
		.handed = after.handed - before.handed,
		.faults = after.faults - before.faults,
		.unfinished = after.unfinished,
	};
	if (result->faults > 0)
		for (unsigned i = 0; i < count; i++)
			tell_faults(sides[i]);
}
