/* SPDX-License-Identifier: BSD-3-Clause */
/* Two shards on a wire in memory, run by the runtime: on one lcore, on two, and what it refuses. */
#include <criterion/criterion.h>
#include <errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/eal.h"
#include "weir.h"

TestSuite(runtime, .init = eal_start, .timeout = 60);

#define CONNECTIONS 500u
#define AT_ONCE 50u
#define PORT 80
#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u

static const char request[] = "GET / HTTP/1.1\r\nHost: server\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct client {
	unsigned started, ended, failed;
	uint64_t bytes;
	bool failed_to_start;
};

struct server {
	int response; /* weir_static() */
	unsigned requests, ended, failed;
};

/*
 * Keeps AT_ONCE connections open until CONNECTIONS have been. The first goes alone: fewer than AT_ONCE
 * may wait for the server's Ethernet address.
 */
static void start_some(struct weir_core *core, struct client *client)
{
	struct weir_endpoint local = { 0 }, remote = { .address = weir_ipv4(SERVER), .port = PORT };
	unsigned ended = __atomic_load_n(&client->ended, __ATOMIC_RELAXED);
	unsigned at_once = ended == 0 ? 1 : AT_ONCE;
	weir_conn conn;
	int error;

	while (client->started < CONNECTIONS && client->started - ended < at_once) {
		error = weir_connect(core, local, remote, 0, &conn);
		if (error == -EAGAIN)
			return;
		if (error != 0) {
			client->failed_to_start = true;
			return;
		}
		client->started++;
	}
}

static void client_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct client *client = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		if (event->what & WEIR_EV_OPENED)
			weir_send_copy(core, event->conn, request, sizeof(request) - 1);
		if (event->what & WEIR_EV_DATA) {
			client->bytes += event->bytes;
			weir_release(core, event->conn, event->payload);
			weir_close(core, event->conn);
		}
		if (event->what & WEIR_EV_CLOSED) {
			client->failed += event->reason != WEIR_REASON_NONE;
			__atomic_fetch_add(&client->ended, 1, __ATOMIC_RELAXED);
		}
	}
	start_some(core, client);
}

static void server_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct server *server = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		if (event->what & WEIR_EV_DATA) {
			server->requests++;
			weir_release(core, event->conn, event->payload);
			weir_send_static(core, event->conn, server->response);
		}
		if (event->what & WEIR_EV_FIN)
			weir_close(core, event->conn);
		if (event->what & WEIR_EV_CLOSED) {
			server->failed += event->reason != WEIR_REASON_NONE;
			__atomic_fetch_add(&server->ended, 1, __ATOMIC_RELAXED);
		}
	}
}

static struct weir_shard_config shard_config(uint32_t address, int lcore, weir_app_fn app, void *arg)
{
	struct weir_shard_config shard = { .lcore = lcore, .app = app, .arg = arg };

	weir_config_default(&shard.config);
	shard.config.ranges[0] = (struct weir_range){ weir_ipv4(address), weir_ipv4(address), 24 };
	shard.config.ranges_count = 1;
	shard.config.max_connections = 1000;
	shard.config.msl_ns = 10 * CLOCK_NS_PER_MS;
	/* Nothing is lost, so nothing must be sent twice, however long an lcore has to wait for its CPU. */
	shard.config.rto_initial_ns = shard.config.rto_min_ns = 5 * CLOCK_NS_PER_S;
	return shard;
}

static void expect_clean(struct weir_runtime *rt, int shard)
{
	struct weir_loop_stats loop;
	struct weir_stats stats;

	weir_stats(weir_runtime_core(rt, shard), &stats);
	cr_expect_eq(stats.closed, CONNECTIONS);
	cr_expect_eq(stats.retransmits, 0, "a wire loses nothing");
	for (int reason = 0; reason < WEIR_REASONS; reason++)
		cr_expect_eq(stats.failed[reason], 0);
	cr_expect_eq(stats.mbufs_taken, stats.mbufs_returned);
	for (int state = 0; state < WEIR_STATES; state++)
		cr_expect_eq(stats.states[state], state == WEIR_LISTEN && shard == 1, "%s",
			     weir_state_name((enum weir_state)state));
	weir_runtime_loop_stats(rt, shard, &loop);
	cr_expect_gt(loop.rounds, 0);
	cr_expect_gt(loop.busy_cycles, 0);
	cr_expect_eq(loop.tx_backlog_drops + loop.capture_drops, 0);
}

/* Until all have ended, and TIME-WAIT with them. */
static void poll_until_over(struct weir_runtime *rt, const struct client *client, const struct server *server)
{
	uint64_t deadline_ns = weir_now_ns() + 20 * CLOCK_NS_PER_S;

	while (weir_now_ns() < deadline_ns &&
	       (__atomic_load_n(&client->ended, __ATOMIC_RELAXED) < CONNECTIONS ||
		__atomic_load_n(&server->ended, __ATOMIC_RELAXED) < CONNECTIONS))
		cr_assert(weir_runtime_poll(rt, weir_now_ns() + 5 * CLOCK_NS_PER_MS));
	cr_expect(weir_runtime_poll(rt, weir_now_ns() + 100 * CLOCK_NS_PER_MS));
}

static void exchange(int client_lcore, int server_lcore, const char *capture)
{
	struct client client = { 0 };
	struct server server = { 0 };
	struct weir_shard_config client_shard = shard_config(CLIENT, client_lcore, client_app, &client);
	struct weir_shard_config server_shard = shard_config(SERVER, server_lcore, server_app, &server);
	struct weir_runtime *rt = weir_runtime_create();
	struct weir_core *core;
	int ports[2];

	cr_assert_not_null(rt);
	cr_assert_eq(weir_runtime_wire(rt, ports), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[0], &client_shard), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[1], &server_shard), 1, "%s", weir_runtime_error(rt));
	if (capture != NULL)
		cr_assert_eq(weir_runtime_capture(rt, capture), 0, "%s", weir_runtime_error(rt));
	core = weir_runtime_core(rt, 1);
	cr_assert_geq(weir_listen(core, (struct weir_endpoint){ .port = PORT }, 0), 0);
	server.response = weir_static(core, response, sizeof(response) - 1);
	cr_assert_geq(server.response, 0);

	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	poll_until_over(rt, &client, &server);
	weir_runtime_stop(rt);
	cr_expect_not(weir_runtime_poll(rt, weir_now_ns() + CLOCK_NS_PER_S));
	weir_runtime_join(rt);

	cr_expect_not(client.failed_to_start);
	cr_expect_eq(client.ended, CONNECTIONS);
	cr_expect_eq(server.requests, CONNECTIONS);
	cr_expect_eq(client.bytes, CONNECTIONS * (sizeof(response) - 1));
	cr_expect_eq(client.failed + server.failed, 0);
	expect_clean(rt, 0);
	expect_clean(rt, 1);
	cr_expect_str_empty(weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_destroy(rt), 0, "every buffer came back");
}

Test(runtime, both_shards_on_the_main_lcore)
{
	exchange(0, 0, NULL);
}

Test(runtime, both_shards_on_a_worker)
{
	exchange(EAL_WORKER, EAL_WORKER, NULL);
}

Test(runtime, one_shard_on_each_of_two_lcores)
{
	exchange(-1, -1, NULL);
}

Test(runtime, with_a_capture)
{
	char path[] = "/tmp/weir-runtime-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	exchange(0, EAL_WORKER, path);
	/* Ten frames a connection at least, of 54 bytes and more. */
	cr_expect_gt(lseek(fd, 0, SEEK_END), CONNECTIONS * 7 * 54);
	close(fd);
	unlink(path);
}

/* Frames are everywhere then: in both shards, in backlogs and on the wire. */
Test(runtime, stopped_in_the_middle_all_buffers_come_back)
{
	for (int round = 0; round < 5; round++) {
		struct client client = { 0 };
		struct server server = { 0 };
		struct weir_shard_config client_shard = shard_config(CLIENT, 0, client_app, &client);
		struct weir_shard_config server_shard = shard_config(SERVER, EAL_WORKER, server_app, &server);
		struct weir_runtime *rt = weir_runtime_create();
		int ports[2];

		cr_assert_eq(weir_runtime_wire(rt, ports), 0, "%s", weir_runtime_error(rt));
		cr_assert_eq(weir_runtime_shard(rt, ports[0], &client_shard), 0, "%s",
			     weir_runtime_error(rt));
		cr_assert_eq(weir_runtime_shard(rt, ports[1], &server_shard), 1, "%s",
			     weir_runtime_error(rt));
		weir_listen(weir_runtime_core(rt, 1), (struct weir_endpoint){ .port = PORT }, 0);
		server.response = weir_static(weir_runtime_core(rt, 1), response, sizeof(response) - 1);
		cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
		while (__atomic_load_n(&client.ended, __ATOMIC_RELAXED) < 2 * AT_ONCE)
			weir_runtime_poll(rt, weir_now_ns());
		/* The main lcore's shard stops at once, the other one still sends. */
		usleep(1000);
		cr_expect_eq(weir_runtime_destroy(rt), 0, "stopping and joining is part of it");
	}
}

static void stopping_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	static uint64_t start_ns;

	(void)core, (void)events, (void)n;
	if (start_ns == 0)
		start_ns = now_ns;
	if (now_ns - start_ns > 50 * CLOCK_NS_PER_MS)
		weir_runtime_stop(arg);
}

/* A main thread without a shard sleeps, and still notices at once. */
Test(runtime, stops_from_any_thread)
{
	struct weir_runtime *rt = weir_runtime_create();
	struct weir_port_config port = { .device = "net_null0,no-rx=1" };
	struct weir_shard_config shard = shard_config(CLIENT, EAL_WORKER, stopping_app, rt);
	uint64_t start_ns;

	cr_assert_eq(weir_runtime_port(rt, &port), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, 0, &shard), 0, "%s", weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_lcore(rt, 0), EAL_WORKER);
	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	start_ns = weir_now_ns();
	cr_expect_not(weir_runtime_poll(rt, start_ns + 10 * CLOCK_NS_PER_S));
	cr_expect_lt(weir_now_ns() - start_ns, CLOCK_NS_PER_S);
	weir_runtime_join(rt);
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}

static void idle_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		     void *arg)
{
	(void)core, (void)events, (void)n, (void)now_ns, (void)arg;
}

Test(runtime, refuses_with_a_reason)
{
	struct weir_runtime *rt = weir_runtime_create();
	struct weir_port_config no_device = { .device = "0000:99:00.0" },
				port = { .device = "net_null0,no-rx=1" };
	struct weir_shard_config good = shard_config(CLIENT, -1, idle_app, NULL);
	struct weir_shard_config far = shard_config(CLIENT, RTE_MAX_LCORE - 1, idle_app, NULL);
	struct weir_shard_config jumbo = shard_config(CLIENT, -1, idle_app, NULL);
	struct weir_shard_config bad = shard_config(CLIENT, -1, idle_app, NULL);

	cr_expect_eq(weir_runtime_port(rt, &no_device), -ENODEV);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "0000:99:00.0"), "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_port(rt, &port), 0, "%s", weir_runtime_error(rt));

	cr_expect_eq(weir_runtime_shard(rt, 0, &far), -EINVAL);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "lcore"), "%s", weir_runtime_error(rt));
	jumbo.config.mtu = 9000;
	cr_expect_eq(weir_runtime_shard(rt, 0, &jumbo), -EINVAL);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "9000"), "%s", weir_runtime_error(rt));
	bad.config.mtu = 1;
	cr_expect_eq(weir_runtime_shard(rt, 0, &bad), -EINVAL);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "mtu"), "%s", weir_runtime_error(rt));

	cr_expect_eq(weir_runtime_shard(rt, 1, &good), -EINVAL, "no such port");
	cr_assert_eq(weir_runtime_shard(rt, 0, &good), 0, "%s", weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_shard(rt, 0, &good), -EBUSY, "a queue takes one");
	cr_expect_null(weir_runtime_core(rt, 1));
	cr_expect_eq(weir_runtime_lcore(rt, 1), -EINVAL);
	cr_expect_eq(weir_runtime_capture(rt, "/nosuch/file"), -ENOENT);
	cr_expect_eq(weir_runtime_capture(rt, "/dev/full"), 0);
	cr_expect_eq(weir_runtime_start(rt), -ENOSPC);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "capture"), "%s", weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}
