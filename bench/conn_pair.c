/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_pair.h"

#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>

#include "bench.h"

#define NS_PER_MS 1000000ull

/* Bursts stay full, and records within the first two levels of cache. */
#define OPEN_AT_ONCE 128
#define OPENS_PER_ROUND 32
/* At first few, until both ends have learned each other's Ethernet addresses. */
#define OPEN_AT_FIRST 16
#define FIRST_ANSWERS 1000
/* TIME-WAIT for half a second: a steady state soon, with records by the hundred thousand. */
#define MSL_NS (250 * NS_PER_MS)
#define TIME_WAIT_MAX (2u << 20)
#define PORT 80

/* 198.18.0.1-198.18.0.250/15 and 198.19.0.1/15. */
static const struct weir_range client_range = { { 0, 0xffffc6120001 }, { 0, 0xffffc61200fa }, 15 };
static const struct weir_range server_range = { { 0, 0xffffc6130001 }, { 0, 0xffffc6130001 }, 15 };

struct conn_pair {
	struct weir_runtime *runtime;
	int client, server;    /* shards */
	int request, response; /* static bytes */
	uint32_t open;
	uint64_t answers;
	bool stop;
};

/* 64 bytes each way, as the target has it. */
static const char message[64] = "a request or a response, it does not matter which, of 64 bytes.";

static void open_more(struct conn_pair *pair, struct weir_core *core)
{
	uint32_t most = pair->answers < FIRST_ANSWERS ? OPEN_AT_FIRST : OPEN_AT_ONCE;
	weir_conn conn;

	for (unsigned n = 0; n < OPENS_PER_ROUND && pair->open < most && !pair->stop; n++) {
		if (weir_connect(core, (struct weir_endpoint){ 0 },
				 (struct weir_endpoint){ .address = server_range.first, .port = PORT }, 0,
				 &conn) != 0)
			return;
		pair->open++;
	}
}

static void client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct conn_pair *pair = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		if (event->what & WEIR_EV_OPENED)
			weir_send_static(core, event->conn, pair->request);
		if (event->what & WEIR_EV_DATA)
			weir_release(core, event->conn, event->payload);
		if (event->what & WEIR_EV_FIN)
			weir_close(core, event->conn);
		if (event->what & WEIR_EV_CLOSED) {
			pair->open--;
			pair->answers++;
		}
	}
	open_more(pair, core);
}

static void server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	const struct conn_pair *pair = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		if (!(event->what & WEIR_EV_DATA))
			continue;
		weir_release(core, event->conn, event->payload);
		weir_send_static(core, event->conn, pair->response);
		weir_close(core, event->conn);
	}
}

static int add_shard(struct conn_pair *pair, int port, const struct weir_range *range, weir_app_fn app)
{
	struct weir_shard_config shard = { .lcore = (int)rte_get_main_lcore(), .app = app, .arg = pair };

	weir_config_default(&shard.config);
	shard.config.ranges[0] = *range;
	shard.config.ranges_count = 1;
	shard.config.max_connections = 4 * OPEN_AT_ONCE;
	shard.config.max_time_wait = range == &server_range ? TIME_WAIT_MAX : OPEN_AT_ONCE;
	shard.config.msl_ns = MSL_NS;
	return weir_runtime_shard(pair->runtime, port, &shard);
}

static int build(struct conn_pair *pair)
{
	struct weir_core *client, *server;
	int ports[2];

	if (weir_runtime_wire(pair->runtime, ports) != 0)
		return -1;
	pair->client = add_shard(pair, ports[0], &client_range, client_round);
	pair->server = add_shard(pair, ports[1], &server_range, server_round);
	if (pair->client < 0 || pair->server < 0)
		return -1;
	client = weir_runtime_core(pair->runtime, pair->client);
	server = weir_runtime_core(pair->runtime, pair->server);
	pair->request = weir_static(client, message, sizeof(message));
	pair->response = weir_static(server, message, sizeof(message));
	if (pair->request < 0 || pair->response < 0 ||
	    weir_listen(server, (struct weir_endpoint){ .port = PORT }, 0) < 0)
		return -1;
	return weir_runtime_start(pair->runtime);
}

struct conn_pair *conn_pair_create(void)
{
	struct conn_pair *pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		return NULL;
	pair->runtime = weir_runtime_create();
	if (pair->runtime != NULL && build(pair) == 0)
		return pair;
	bench_note("%s", pair->runtime != NULL ? weir_runtime_error(pair->runtime) : "no memory");
	if (pair->runtime != NULL)
		weir_runtime_destroy(pair->runtime);
	free(pair);
	return NULL;
}

void conn_pair_run(struct conn_pair *pair, uint64_t ns)
{
	weir_runtime_poll(pair->runtime, weir_now_ns() + ns);
}

void conn_pair_counts(const struct conn_pair *pair, struct conn_pair_counts *counts)
{
	struct weir_loop_stats client_loop, server_loop;
	struct weir_stats client, server;

	weir_stats(weir_runtime_core(pair->runtime, pair->client), &client);
	weir_stats(weir_runtime_core(pair->runtime, pair->server), &server);
	weir_runtime_loop_stats(pair->runtime, pair->client, &client_loop);
	weir_runtime_loop_stats(pair->runtime, pair->server, &server_loop);
	*counts = (struct conn_pair_counts){
		.closed = client.closed,
		.frames = client.frames_out + server.frames_out,
		.retransmits = client.retransmits + server.retransmits,
		.time_wait = server.states[WEIR_TIME_WAIT],
		.client_cycles = client_loop.busy_cycles,
		.server_cycles = server_loop.busy_cycles,
	};
	for (unsigned i = 0; i < WEIR_REASONS; i++)
		counts->failed += client.failed[i] + server.failed[i];
}

unsigned conn_pair_destroy(struct conn_pair *pair)
{
	unsigned missing;

	pair->stop = true;
	for (int i = 0; i < 100 && pair->open > 0; i++)
		conn_pair_run(pair, 10 * NS_PER_MS);
	weir_runtime_stop(pair->runtime);
	weir_runtime_join(pair->runtime);
	missing = weir_runtime_destroy(pair->runtime);
	free(pair);
	return missing;
}
