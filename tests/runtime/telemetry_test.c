/* SPDX-License-Identifier: BSD-3-Clause */
/* What runs, asked for over DPDK's telemetry socket: answers, sums, bounds, and runtimes that come and go. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <rte_launch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "core/core.h"
#include "run/reading.h"
#include "run/runtime.h"
#include "run/telemetry.h"
#include "support/eal.h"
#include "support/telemetry.h"
#include "weir.h"

#define PORT 80
#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u
#define AT_ONCE 100u
#define ANSWERS 1000u

static char path[EAL_SOCKET_MAX];

static void start(void)
{
	eal_start_watched(path);
}

static void finish(void)
{
	eal_forget_socket(path);
}

TestSuite(telemetry, .init = start, .fini = finish, .timeout = 120);

struct client {
	unsigned open;
	uint64_t lives; /* over; relaxed */
	bool stop;      /* no more of them; relaxed */
};

/* One after the other opens and closes, and is followed by the next. */
static void client_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct weir_endpoint local = { 0 }, remote = { .address = weir_ipv4(SERVER), .port = PORT };
	struct client *client = arg;
	weir_conn conn;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		if (events[i].what & WEIR_EV_OPENED)
			weir_close(core, events[i].conn);
		if (events[i].what & WEIR_EV_CLOSED) {
			client->open--;
			__atomic_store_n(&client->lives, client->lives + 1, __ATOMIC_RELAXED);
		}
	}
	/* The first goes alone: few may wait for the server's Ethernet address. */
	while (client->open < (client->lives == 0 ? 1 : AT_ONCE) &&
	       !__atomic_load_n(&client->stop, __ATOMIC_RELAXED) &&
	       weir_connect(core, local, remote, 0, &conn) == 0)
		client->open++;
}

static void server_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	(void)now_ns, (void)arg;
	for (unsigned i = 0; i < n; i++)
		if (events[i].what & WEIR_EV_FIN)
			weir_close(core, events[i].conn);
}

static struct weir_shard_config shard_config(uint32_t address, int lcore, weir_app_fn app, void *arg)
{
	struct weir_shard_config shard = { .lcore = lcore, .app = app, .arg = arg, .mbufs = 8191 };

	weir_config_default(&shard.config);
	shard.config.ranges[0] = (struct weir_range){ weir_ipv4(address), weir_ipv4(address), 24 };
	shard.config.ranges_count = 1;
	shard.config.max_connections = 1000;
	shard.config.max_time_wait = 20000;
	shard.config.msl_ns = 10 * CLOCK_NS_PER_MS;
	shard.config.rto_initial_ns = shard.config.rto_min_ns = 5 * CLOCK_NS_PER_S;
	return shard;
}

/* A wire with a client on one lcore and a server on another, running. */
static struct weir_runtime *run_pair(struct client *client, int client_lcore, int server_lcore)
{
	struct weir_shard_config client_shard = shard_config(CLIENT, client_lcore, client_app, client);
	struct weir_shard_config server_shard = shard_config(SERVER, server_lcore, server_app, NULL);
	struct weir_runtime *rt = weir_runtime_create();
	int ports[2];

	cr_assert_eq(weir_runtime_wire(rt, ports), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[0], &client_shard), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[1], &server_shard), 1, "%s", weir_runtime_error(rt));
	cr_assert_geq(weir_listen(weir_runtime_core(rt, 1), (struct weir_endpoint){ .port = PORT }, 0), 0);
	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	return rt;
}

static void poll_for(struct weir_runtime *rt, uint64_t ns)
{
	weir_runtime_poll(rt, weir_now_ns() + ns);
}

static int connected(void)
{
	int sock = telemetry_connect(path);

	cr_assert_geq(sock, 0, "%s", path);
	return sock;
}

static json_t *ask(int sock, const char *command)
{
	json_t *answer = telemetry_ask(sock, command);

	cr_assert_not_null(answer, "%s", command);
	return answer;
}

/* A pair that has made some connections and stands still: everything can be told exactly. */
static struct weir_runtime *stopped_pair(struct client *client)
{
	struct weir_runtime *rt = run_pair(client, 0, EAL_WORKER);

	poll_for(rt, 50 * CLOCK_NS_PER_MS);
	__atomic_store_n(&client->stop, true, __ATOMIC_RELAXED);
	poll_for(rt, 100 * CLOCK_NS_PER_MS);
	weir_runtime_stop(rt);
	weir_runtime_join(rt);
	cr_assert_gt(client->lives, 0);
	cr_assert_eq(client->open, 0);
	return rt;
}

Test(telemetry, stats_are_those_of_the_shards_and_their_sum)
{
	struct client client = { 0 };
	struct weir_runtime *rt = stopped_pair(&client);
	int sock = connected();
	json_t *answer = ask(sock, "/weir/stats"), *sum = json_object_get(answer, "sum");
	json_t *shards = json_object_get(answer, "shards"), *one;
	struct weir_stats stats[2];

	for (int i = 0; i < 2; i++)
		weir_stats(weir_runtime_core(rt, i), &stats[i]);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(telemetry_part(shards, "closed", i), client.lives);
		cr_expect_eq(telemetry_part(shards, "packets_rx", i), stats[i].frames_in);
		cr_expect_eq(telemetry_part(shards, "packets_tx", i), stats[i].frames_out);
		cr_expect_eq(telemetry_part(shards, "mbufs_taken", i), stats[i].mbufs_taken);
		cr_expect_eq(telemetry_part(shards, "memory_bytes", i), stats[i].memory_bytes);
	}
	cr_expect_eq(telemetry_value(sum, "established"), 2 * client.lives);
	cr_expect_eq(telemetry_value(sum, "attempted"), 2 * client.lives);
	cr_expect_eq(telemetry_value(sum, "packets_rx"), stats[0].frames_in + stats[1].frames_in);
	cr_expect_eq(telemetry_value(sum, "state_listen"), 1);
	cr_expect_eq(telemetry_value(sum, "open") + telemetry_value(sum, "half_open"), 0);
	cr_expect_eq(json_object_size(sum), FIGURES);
	cr_expect_eq(json_object_size(shards), FIGURES);
	one = ask(sock, "/weir/stats,1");
	cr_expect_eq(telemetry_value(one, "packets_rx"), stats[1].frames_in);
	json_decref(one);
	json_decref(answer);
	close(sock);
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}

Test(telemetry, counters_by_name_by_shard_and_in_sum)
{
	struct client client = { 0 };
	struct weir_runtime *rt = stopped_pair(&client);
	int sock = connected();
	json_t *sums = ask(sock, "/weir/counters"), *second = ask(sock, "/weir/counters,1");
	json_t *one = ask(sock, "/weir/counters,syn_in");
	uint64_t values[2][COUNTERS];

	for (int i = 0; i < 2; i++)
		weir_counters(weir_runtime_core(rt, i), values[i], COUNTERS);
	cr_expect_eq(json_object_size(sums), COUNTERS);
	for (unsigned i = 0; i < COUNTERS; i++) {
		const char *name = weir_counter_name(i);

		cr_expect_eq(telemetry_value(sums, name), values[0][i] + values[1][i], "%s", name);
		cr_expect_eq(telemetry_value(second, name), values[1][i], "%s", name);
	}
	cr_expect_eq(telemetry_value(one, "sum"), client.lives);
	cr_expect_eq(telemetry_part(one, "shards", 0), 0);
	cr_expect_eq(telemetry_part(one, "shards", 1), client.lives);
	json_decref(sums), json_decref(second), json_decref(one);
	close(sock);
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}

Test(telemetry, places_loops_and_ports)
{
	struct client client = { 0 };
	struct weir_runtime *rt = stopped_pair(&client);
	int sock = connected();
	json_t *list = ask(sock, "/weir/list"), *loops = ask(sock, "/weir/loops"),
	       *ports = ask(sock, "/weir/ports");
	char number[8];

	for (size_t i = 0; i < 2; i++) {
		const json_t *port;
		struct weir_loop_stats loop;

		weir_runtime_loop_stats(rt, (int)i, &loop);
		cr_expect_eq(telemetry_part(list, "lcore", i), i);
		cr_expect_eq(telemetry_part(list, "queue", i), 0);
		cr_expect_eq(telemetry_part(list, "port", i), rt->ports[i].id);
		cr_expect_eq(telemetry_part(json_object_get(loops, "shards"), "busy_cycles", i),
			     loop.busy_cycles);
		cr_expect_eq(telemetry_part(json_object_get(loops, "shards"), "rounds", i), loop.rounds);
		snprintf(number, sizeof(number), "%u", rt->ports[i].id);
		port = json_object_get(ports, number);
		cr_expect_str_eq(json_string_value(json_object_get(port, "device")), rt->ports[i].name);
		cr_expect_eq(telemetry_value(port, "queues"), 1);
		cr_expect_eq(telemetry_value(port, "rx_missed"), 0);
	}
	json_decref(list), json_decref(loops), json_decref(ports);
	close(sock);
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}

Test(telemetry, what_does_not_exist_is_null)
{
	static const char *const commands[] = { "/weir/stats,2",   "/weir/stats,00000", "/weir/stats,1x",
						"/weir/stats,nix", "/weir/counters,2",  "/weir/loops,-1" };
	struct client client = { 0 };
	struct weir_runtime *rt = stopped_pair(&client);
	int sock = connected();

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		json_t *answer = ask(sock, commands[i]);

		cr_expect(json_is_null(answer), "%s", commands[i]);
		json_decref(answer);
	}
	close(sock);
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}

/* A client of the socket beside loops that run. */
struct asker {
	struct telemetry_watch watch;
	const char *wrong, *name;
	bool over; /* relaxed */
};

static void *ask_and_check(void *arg)
{
	struct asker *asker = arg;
	int sock = telemetry_connect(path);

	asker->wrong = sock < 0 ? "no connection" : NULL;
	for (unsigned i = 0; i < ANSWERS && asker->wrong == NULL; i++) {
		json_t *answer = telemetry_ask(sock, "/weir/stats");

		asker->wrong = telemetry_check(&asker->watch, answer, &asker->name);
		json_decref(answer);
	}
	close(sock);
	__atomic_store_n(&asker->over, true, __ATOMIC_RELEASE);
	return NULL;
}

Test(telemetry, no_total_is_torn_while_connections_come_and_go)
{
	struct client client = { 0 };
	struct asker asker = { .name = "" };
	struct weir_runtime *rt = run_pair(&client, 0, EAL_WORKER);
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, ask_and_check, &asker), 0);
	while (!__atomic_load_n(&asker.over, __ATOMIC_ACQUIRE))
		poll_for(rt, CLOCK_NS_PER_MS);
	pthread_join(thread, NULL);
	cr_expect_null(asker.wrong, "%s: %s", asker.name, asker.wrong);
	cr_expect_eq(asker.watch.answers, ANSWERS);
	/* Readings that a burst's end ran into every time may be left; most must not. */
	cr_expect_lt(asker.watch.unsettled, ANSWERS / 10, "%lu", asker.watch.unsettled);
	cr_expect_gt(client.lives, 1000, "there was something to read: %lu", client.lives);
	__atomic_store_n(&client.stop, true, __ATOMIC_RELAXED);
	poll_for(rt, 50 * CLOCK_NS_PER_MS);
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}

#define BURST 32u

/*
 * A shard's thread, busier than any: many bursts within a reading, of which one half is accepted, the other
 * dropped; and then a pause.
 */
static int count_bursts(void *arg)
{
	struct counters *counters = arg;

	while (count_get(counters, COUNT_attempted) != UINT64_MAX) {
		uint64_t until_ns = weir_now_ns() + 20000;

		for (int i = 0; i < 1000; i++) {
			count_add(counters, COUNT_frames_accepted, BURST / 2);
			count_add(counters, COUNT_drop_extensions_full, BURST / 2);
			count_add(counters, COUNT_frames_in, BURST);
		}
		while (weir_now_ns() < until_ns)
			continue;
	}
	return 0;
}

Test(telemetry, a_settled_reading_is_of_one_round)
{
	struct client client = { 0 };
	struct weir_runtime *rt = stopped_pair(&client);
	struct weir_core *core = weir_runtime_core(rt, 0);
	struct reading reading;
	unsigned settled = 0;

	memset(&core->counters, 0, sizeof(core->counters));
	cr_assert_eq(rte_eal_remote_launch(count_bursts, &core->counters, EAL_WORKER), 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t in, known;

		reading_take(&reading, core);
		if (!reading.settled)
			continue;
		settled++;
		in = reading.counters[COUNT_frames_in];
		known = reading.counters[COUNT_frames_accepted] +
			reading.counters[COUNT_drop_extensions_full];
		cr_assert(in <= known && known - in <= READING_SLACK, "%lu in, %lu known", in, known);
	}
	cr_expect_gt(settled, 10000);
	__atomic_store_n(&core->counters.v[COUNT_attempted], UINT64_MAX, __ATOMIC_RELAXED);
	rte_eal_wait_lcore(EAL_WORKER);
}

static void *ask_all_the_time(void *arg)
{
	static const char *const commands[] = { "/weir/stats", "/weir/counters", "/weir/loops",
						"/weir/list",  "/weir/ports",    "/weir/stats,1" };
	struct asker *asker = arg;
	int sock = telemetry_connect(path);

	for (unsigned i = 0; !__atomic_load_n(&asker->over, __ATOMIC_RELAXED); i++) {
		json_t *answer = telemetry_ask(sock, commands[i % RTE_DIM(commands)]);

		if (answer == NULL)
			asker->wrong = commands[i % RTE_DIM(commands)];
		json_decref(answer);
		asker->watch.answers++;
	}
	close(sock);
	return NULL;
}

Test(telemetry, runtimes_come_and_go_beside_a_client)
{
	struct asker asker = { .name = "" };
	pthread_t thread;
	json_t *list;
	int sock;

	cr_assert_eq(pthread_create(&thread, NULL, ask_all_the_time, &asker), 0);
	for (int i = 0; i < 10; i++) {
		struct client client = { 0 };
		struct weir_runtime *rt = run_pair(&client, 0, 0);

		poll_for(rt, 10 * CLOCK_NS_PER_MS);
		cr_expect_eq(weir_runtime_destroy(rt), 0);
	}
	__atomic_store_n(&asker.over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_expect_null(asker.wrong, "%s", asker.wrong);
	cr_expect_gt(asker.watch.answers, 10);
	sock = connected();
	list = ask(sock, "/weir/list");
	cr_expect_eq(json_array_size(json_object_get(list, "lcore")), 0, "none is left");
	json_decref(list);
	close(sock);
}

Test(telemetry, shards_of_several_runtimes_are_numbered_on)
{
	struct client clients[2] = { { 0 }, { 0 } };
	struct weir_runtime *first = stopped_pair(&clients[0]), *second = stopped_pair(&clients[1]);
	int sock = connected();
	json_t *before = ask(sock, "/weir/stats,closed"), *after;

	cr_expect_eq(telemetry_value(before, "sum"), 2 * (clients[0].lives + clients[1].lives));
	cr_expect_eq(telemetry_part(before, "shards", 1), clients[0].lives);
	cr_expect_eq(telemetry_part(before, "shards", 2), clients[1].lives);
	json_decref(before);
	cr_expect_eq(weir_runtime_destroy(first), 0);
	after = ask(sock, "/weir/stats,closed");
	cr_expect_eq(telemetry_value(after, "sum"), 2 * clients[1].lives);
	cr_expect_eq(json_array_size(json_object_get(after, "shards")), 2);
	json_decref(after);
	close(sock);
	cr_expect_eq(weir_runtime_destroy(second), 0);
}

/* Two runtimes with as many shards as one may have, all of them the same, whose counters say `value`. */
static void crowd(struct weir_runtime *rts[2], struct weir_core *core, struct loop *loop, struct port *port,
		  uint64_t value)
{
	for (unsigned i = 0; i < COUNTERS; i++)
		core->counters.v[i] = value;
	loop->busy_cycles = loop->idle_cycles = loop->turns = loop->kept_drops = value;
	for (int i = 0; i < 2; i++) {
		rts[i] = calloc(1, sizeof(*rts[i]));
		rts[i]->runners_count = 32;
		for (unsigned s = 0; s < 32; s++)
			rts[i]->runners[s] =
				(struct runner){ .port = port, .lcore = 127, .core = core, .loop = loop };
		telemetry_add(rts[i]);
	}
}

/* The answer must parse, so nothing of it was cut off; `sums` numbers, `columns` of them with 64 parts. */
static void expect_fits(int sock, const char *command, size_t sums, size_t columns)
{
	char answer[TELEMETRY_ANSWER_MAX + 1], name[64];
	size_t len = telemetry_ask_text(sock, command, answer);
	/* As real numbers: 2^64 - 1 is more than an integer of this parser. */
	json_t *whole = json_loadb(answer, len, JSON_DECODE_INT_AS_REAL, NULL), *dict, *shards, *column;
	const char *title;

	cr_assert_not_null(whole, "%s: %zu bytes", command, len);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(command, ","), command);
	dict = json_object_get(whole, name);
	shards = json_object_get(dict, "shards");
	cr_expect_eq(json_object_size(shards == NULL ? dict : json_object_get(dict, "sum")), sums, "%s",
		     command);
	cr_expect_eq(json_object_size(shards), columns, "%s: %zu", command, json_object_size(shards));
	json_object_foreach(shards, title, column)
		cr_expect_eq(json_array_size(column), 64, "%s %s", command, title);
	json_decref(whole);
}

/* However large the numbers are: DPDK cuts what does not fit. */
Test(telemetry, sixty_four_shards_fit_an_answer)
{
	struct client client = { 0 };
	struct weir_runtime *real = stopped_pair(&client), *rts[2];
	struct loop *loop = real->runners[0].loop;
	json_t *one;
	int sock = connected();

	telemetry_remove(real);
	crowd(rts, real->runners[0].core, loop, &real->ports[0], UINT64_MAX);
	expect_fits(sock, "/weir/stats", FIGURES, 10);
	expect_fits(sock, "/weir/loops", 7, 7);
	expect_fits(sock, "/weir/counters", COUNTERS, 0);
	expect_fits(sock, "/weir/counters,63", COUNTERS, 0);
	expect_fits(sock, "/weir/stats,63", FIGURES, 0);
	for (unsigned i = 0; i < COUNTERS; i++)
		real->runners[0].core->counters.v[i] = i;
	one = ask(sock, "/weir/counters,attempted");
	cr_expect_eq(json_array_size(json_object_get(one, "shards")), 64);
	cr_expect_eq(telemetry_value(one, "sum"), 64 * COUNT_attempted);
	json_decref(one);
	one = ask(sock, "/weir/list");
	cr_expect_eq(telemetry_part(one, "lcore", 63), 127);
	json_decref(one);
	for (int i = 0; i < 2; i++) {
		telemetry_remove(rts[i]);
		free(rts[i]);
	}
	close(sock);
}
