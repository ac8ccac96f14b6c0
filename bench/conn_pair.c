/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_pair.h"

#include <inttypes.h>
#include <stdlib.h>

#include <rte_lcore.h>

#include "base/counters.h"
#include "bench.h"
#include "core_faults.h"

#define NS_PER_MS 1000000ull

/* At twice the rate that is aimed at: 700 cycles a life. */
#define TIME_WAIT_MAX (6u << 20)
/* Enough for all that is under way, and as many as the bare loop has. */
#define BUFFERS 8191
#define PORT 80
/* A turn of each loop. */
#define LAP_NS 1
/* Until the last ACK of the last life has arrived. */
#define LAPS_AT_END 8
/* Longer than opening or closing ever takes on a busy machine. */
#define PATIENCE_NS (20000 * NS_PER_MS)

/* 198.18.0.1-198.18.0.250/15 and 198.19.0.1/15; 2001:2:0:1::1-2001:2:0:1::fa/48 and 2001:2:0:2::1/48. */
static const struct weir_range client_ranges[2] = {
	{ { 0, 0xffffc6120001 }, { 0, 0xffffc6120000 + CONN_PAIR_CLIENTS }, 15 },
	{ { 0x2001000200000001, 1 }, { 0x2001000200000001, CONN_PAIR_CLIENTS }, 48 },
};
static const struct weir_range server_ranges[2] = {
	{ { 0, 0xffffc6130001 }, { 0, 0xffffc6130001 }, 15 },
	{ { 0x2001000200000002, 1 }, { 0x2001000200000002, 1 }, 48 },
};

struct conn_pair {
	struct conn_pair_setup setup;
	struct weir_runtime *runtime;
	int shards[2]; /* client's, server's */
	struct weir_core *cores[2];
	struct conn_client client;
	struct conn_server server;
};

static bool client_closes_first(const struct conn_pair *pair)
{
	return pair->setup.life == CONN_LIFE_CLIENT_FIRST;
}

static int add_shard(struct conn_pair *pair, int end, int port)
{
	bool keeper = client_closes_first(pair) == (end == 0);
	struct weir_shard_config shard = {
		.lcore = (int)rte_get_main_lcore(),
		.app = end == 0 ? conn_client_round : conn_server_round,
		.arg = end == 0 ? (void *)&pair->client : (void *)&pair->server,
		.mbufs = BUFFERS,
	};

	weir_config_default(&shard.config);
	shard.config.ranges[0] = end == 0 ? client_ranges[pair->setup.ipv6] : server_ranges[pair->setup.ipv6];
	shard.config.ranges_count = 1;
	shard.config.dad_probes = 0;
	shard.config.max_connections = pair->setup.others + 4 * CONN_LIVES;
	shard.config.max_half_open = 4 * CONN_LIVES;
	shard.config.max_time_wait = keeper ? TIME_WAIT_MAX : CONN_LIVES;
	shard.config.msl_ns = CONN_PAIR_MSL_NS;
	/*
	 * As `weir demo` does: what looks like loss here is a CPU that somebody else needed for a while, so
	 * wait as long as RFC 6298 rule 2.4 has it.
	 */
	shard.config.rto_min_ns = shard.config.rto_initial_ns;
	pair->shards[end] = weir_runtime_shard(pair->runtime, port, &shard);
	if (pair->shards[end] < 0)
		return -1;
	pair->cores[end] = weir_runtime_core(pair->runtime, pair->shards[end]);
	return 0;
}

static int init_ends(struct conn_pair *pair)
{
	struct weir_endpoint server = { .address = server_ranges[pair->setup.ipv6].first, .port = PORT };

	pair->client.others_wanted = pair->setup.others;
	return conn_client_init(&pair->client, pair->setup.life, pair->cores[0], server) != 0 ||
			       conn_server_init(&pair->server, pair->setup.life, pair->cores[1]) != 0 ||
			       weir_listen(pair->cores[1], (struct weir_endpoint){ .port = PORT }, 0) < 0 ?
		       -1 :
		       0;
}

/* What is measured is software's work. */
static bool checksums_are_ours(struct conn_pair *pair, int port)
{
	struct weir_port_info info;

	return weir_runtime_port_info(pair->runtime, port, &info) == 0 && info.offloads == 0;
}

static int build(struct conn_pair *pair)
{
	int ports[2];

	if (weir_runtime_wire(pair->runtime, ports) != 0)
		return -1;
	if (!checksums_are_ours(pair, ports[0]) || !checksums_are_ours(pair, ports[1])) {
		bench_note("the wire in memory offers checksums");
		return -1;
	}
	if (add_shard(pair, 0, ports[0]) != 0 || add_shard(pair, 1, ports[1]) != 0 || init_ends(pair) != 0)
		return -1;
	return weir_runtime_start(pair->runtime);
}

static void run_laps(struct conn_pair *pair, unsigned laps)
{
	for (; laps > 0; laps--)
		weir_runtime_poll(pair->runtime, LAP_NS);
}

static int open_others(struct conn_pair *pair)
{
	uint64_t end_ns = weir_now_ns() + PATIENCE_NS;

	while (pair->client.others_open < pair->setup.others && weir_now_ns() < end_ns)
		run_laps(pair, LAPS_AT_END);
	run_laps(pair, LAPS_AT_END);
	if (pair->client.others_open == pair->setup.others)
		return 0;
	bench_note("%u of %u connections opened", pair->client.others_open, pair->setup.others);
	return -1;
}

static void free_pair(struct conn_pair *pair)
{
	conn_client_fini(&pair->client);
	free(pair);
}

struct conn_pair *conn_pair_create(const struct conn_pair_setup *setup)
{
	struct conn_pair *pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		return NULL;
	pair->setup = *setup;
	pair->runtime = weir_runtime_create();
	if (pair->runtime == NULL || build(pair) != 0) {
		bench_note("%s", pair->runtime != NULL ? weir_runtime_error(pair->runtime) : "no memory");
		if (pair->runtime != NULL)
			weir_runtime_destroy(pair->runtime);
		free_pair(pair);
		return NULL;
	}
	if (open_others(pair) == 0)
		return pair;
	conn_pair_destroy(pair);
	return NULL;
}

void conn_pair_run(struct conn_pair *pair, uint64_t ns)
{
	uint64_t end_ns = weir_now_ns() + ns;

	pair->client.lives_wanted = true;
	weir_runtime_poll(pair->runtime, end_ns);
	pair->client.lives_wanted = false;
	while (pair->client.lives > 0 && weir_now_ns() < end_ns + PATIENCE_NS)
		run_laps(pair, 1);
	run_laps(pair, LAPS_AT_END);
}

void conn_pair_tell_faults(const struct conn_pair *pair)
{
	bench_note("faults of the applications: %" PRIu64 " and %" PRIu64, pair->client.faults,
		   pair->server.faults);
	core_faults_tell(pair->cores[0], "client");
	core_faults_tell(pair->cores[1], "server");
}

void conn_pair_counts(const struct conn_pair *pair, struct conn_pair_counts *counts)
{
	struct weir_loop_stats loops[2];
	uint64_t values[COUNTERS];

	*counts = (struct conn_pair_counts){
		.lives = pair->client.lived,
		.faults = pair->client.faults + pair->server.faults,
	};
	for (int end = 0; end < 2; end++) {
		struct weir_stats stats;

		weir_stats(pair->cores[end], &stats);
		weir_counters(pair->cores[end], values, COUNTERS);
		weir_runtime_loop_stats(pair->runtime, pair->shards[end], &loops[end]);
		counts->closed[end] = stats.closed;
		counts->faults += core_faults(pair->cores[end]) + loops[end].tx_backlog_drops;
		counts->frames += stats.frames_out;
		counts->bytes += stats.bytes_in;
		counts->memory += stats.memory_bytes;
		counts->hugepages += weir_hugepage_bytes(pair->cores[end]);
		counts->time_wait += stats.states[WEIR_TIME_WAIT];
		counts->time_wait_expired += values[COUNT_time_wait_expired];
	}
	counts->client_cycles = loops[0].busy_cycles;
	counts->server_cycles = loops[1].busy_cycles;
}

bool conn_pair_has_options(const struct conn_pair *pair)
{
	struct weir_info info;

	return weir_info(pair->cores[0], pair->client.other, &info) == 0 && info.timestamps && info.sack &&
	       info.window_scaling;
}

const struct conn_client *conn_pair_client(const struct conn_pair *pair)
{
	return &pair->client;
}

const struct weir_core *conn_pair_keeper(const struct conn_pair *pair, bool *is_client)
{
	*is_client = client_closes_first(pair);
	return pair->cores[*is_client ? 0 : 1];
}

int conn_pair_destroy(struct conn_pair *pair)
{
	unsigned missing;

	weir_runtime_stop(pair->runtime);
	weir_runtime_join(pair->runtime);
	missing = weir_runtime_destroy(pair->runtime);
	free_pair(pair);
	if (missing == 0)
		return 0;
	bench_note("%u buffers are missing", missing);
	return -1;
}
