/* SPDX-License-Identifier: BSD-3-Clause */
#include "end_pair.h"

#include "base/counters.h"
#include "bench.h"
#include "cable.h"

#define PORT 80
#define CONNECTIONS 16

/* 198.18.0.1/15 and 198.19.0.1/15. */
static const struct weir_range client_range = { { 0, 0xffffc6120001 }, { 0, 0xffffc6120001 }, 15 };
static const struct weir_range server_range = { { 0, 0xffffc6130001 }, { 0, 0xffffc6130001 }, 15 };

static int add_shard(struct end_pair *pair, int port, int lcore, weir_app_fn app, void *arg,
		     const struct weir_range *range)
{
	struct weir_shard_config shard = { .lcore = lcore, .app = app, .arg = arg };

	weir_config_default(&shard.config);
	shard.config.ranges[0] = *range;
	shard.config.ranges_count = 1;
	shard.config.max_connections = CONNECTIONS;
	return weir_runtime_shard(pair->runtime, port, &shard);
}

/* Two ports that hear each other. */
static int open_ports(struct end_pair *pair, const struct cable *cable, int ports[2])
{
	if (cable == NULL)
		return weir_runtime_wire(pair->runtime, ports);
	for (int end = 0; end < 2; end++) {
		struct weir_port_config config = { .device = cable_device(end), .software_checksums = true };

		ports[end] = weir_runtime_port(pair->runtime, &config);
		if (ports[end] < 0)
			return -1;
	}
	return 0;
}

static int build(struct end_pair *pair, const struct end_pair_setup *setup)
{
	int ports[2];

	if (open_ports(pair, setup->cable, ports) != 0)
		return -1;
	pair->shards[0] =
		add_shard(pair, ports[0], setup->client_lcore, setup->client, setup->arg, &client_range);
	pair->shards[1] =
		add_shard(pair, ports[1], setup->server_lcore, setup->server, setup->arg, &server_range);
	if (pair->shards[0] < 0 || pair->shards[1] < 0)
		return -1;
	pair->client = weir_runtime_core(pair->runtime, pair->shards[0]);
	pair->server = weir_runtime_core(pair->runtime, pair->shards[1]);
	if (weir_listen(pair->server, (struct weir_endpoint){ .port = PORT }, 0) < 0)
		return -1;
	return weir_runtime_start(pair->runtime);
}

int end_pair_open(struct end_pair *pair, const struct end_pair_setup *setup)
{
	int rc = -1;

	*pair = (struct end_pair){
		.bench = setup->bench,
		.cable = setup->cable,
		.runtime = weir_runtime_create(),
	};
	if (pair->cable != NULL)
		cable_enter(pair->cable, 0);
	if (pair->runtime != NULL)
		rc = build(pair, setup);
	if (pair->cable != NULL)
		cable_leave(pair->cable);
	if (rc == 0)
		return 0;
	bench_note("%s: %s", pair->bench,
		   pair->runtime != NULL ? weir_runtime_error(pair->runtime) : "no memory");
	if (pair->runtime != NULL)
		weir_runtime_destroy(pair->runtime);
	return -1;
}

int end_pair_connect(struct weir_core *client, weir_conn *conn)
{
	return weir_connect(client, (struct weir_endpoint){ 0 },
			    (struct weir_endpoint){ .address = server_range.first, .port = PORT }, 0, conn);
}

void end_pair_run(struct end_pair *pair, uint64_t ns)
{
	weir_runtime_poll(pair->runtime, weir_now_ns() + ns);
}

static uint64_t drops(const struct weir_core *core)
{
	uint64_t values[COUNTERS], sum = 0;

	weir_counters(core, values, COUNTERS);
	for (unsigned id = 0; id < COUNTERS; id++)
		if (weir_counter_kind(id) == WEIR_COUNT_DROP)
			sum += values[id];
	return sum;
}

void end_pair_counts(const struct end_pair *pair, struct end_pair_counts *counts)
{
	struct weir_core *const cores[] = { pair->client, pair->server };

	*counts = (struct end_pair_counts){ 0 };
	for (int end = 0; end < 2; end++) {
		struct weir_loop_stats loop;
		struct weir_stats stats;

		weir_stats(cores[end], &stats);
		weir_runtime_loop_stats(pair->runtime, pair->shards[end], &loop);
		counts->bytes = stats.bytes_in;
		counts->frames += stats.frames_out;
		counts->retransmits += stats.retransmits;
		counts->lost += drops(cores[end]) + loop.tx_backlog_drops;
	}
}

int end_pair_close(struct end_pair *pair)
{
	unsigned missing;

	weir_runtime_stop(pair->runtime);
	weir_runtime_join(pair->runtime);
	if (pair->cable != NULL)
		cable_enter(pair->cable, 0);
	missing = weir_runtime_destroy(pair->runtime);
	if (pair->cable != NULL)
		cable_leave(pair->cable);
	if (missing == 0)
		return 0;
	bench_note("%s: buffers are missing", pair->bench);
	return -1;
}
