/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops that rest while nothing comes: that they do, and that nobody has to wait for them for long. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "run/rest.h"
#include "support/eal.h"
#include "weir.h"

TestSuite(rest, .init = eal_start, .timeout = 60);

#define US 1000ull
#define MS CLOCK_NS_PER_MS
#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u
#define PORT 80

/* Machines that test are busy: what happens to most of so many is what counts. */
#define TRIES 41
/* Far above what a nap may add, and far below what one without its bounds would. */
#define SOON_NS (5 * MS)

Test(rest_nap, is_an_eighth_of_the_quiet_within_bounds)
{
	cr_expect_eq(rest_nap_ns(REST_PATIENCE_NS - 1, UINT64_MAX), 0);
	cr_expect_eq(rest_nap_ns(REST_PATIENCE_NS, UINT64_MAX), REST_NAP_MIN_NS);
	cr_expect_eq(rest_nap_ns(400 * US, UINT64_MAX), 50 * US);
	cr_expect_eq(rest_nap_ns(800 * US, UINT64_MAX), REST_NAP_MAX_NS);
	cr_expect_eq(rest_nap_ns(UINT64_MAX, UINT64_MAX), REST_NAP_MAX_NS);
}

Test(rest_nap, ends_before_what_is_known_to_come)
{
	cr_expect_eq(rest_nap_ns(UINT64_MAX, 0), 0);
	cr_expect_eq(rest_nap_ns(UINT64_MAX, REST_MARGIN_NS + REST_NAP_MIN_NS - 1), 0);
	for (uint64_t left_ns = REST_MARGIN_NS + REST_NAP_MIN_NS; left_ns < 300 * US; left_ns += 10 * US) {
		uint64_t nap_ns = rest_nap_ns(UINT64_MAX, left_ns);

		cr_expect_geq(nap_ns, REST_NAP_MIN_NS);
		cr_expect_leq(nap_ns + REST_MARGIN_NS, left_ns);
	}
}

/* What an application does now and then, and how late that was. */
struct plan {
	uint64_t period_ns, next_ns;
	unsigned done; /* relaxed */
	uint64_t late_ns[TRIES];
	uint64_t begun_ns;
	bool waiting; /* for the connection that was begun */
};

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint64_t median(uint64_t values[TRIES])
{
	qsort(values, TRIES, sizeof(values[0]), compare);
	return values[TRIES / 2];
}

static void note(struct plan *plan, uint64_t late_ns)
{
	if (plan->done < TRIES)
		plan->late_ns[plan->done] = late_ns;
	__atomic_fetch_add(&plan->done, 1, __ATOMIC_RELAXED);
}

static uint64_t plan_due(const void *arg)
{
	const struct plan *plan = arg;

	return plan->next_ns;
}

static bool comes_due(struct plan *plan, uint64_t now_ns)
{
	if (plan->next_ns == 0)
		plan->next_ns = now_ns + plan->period_ns;
	return now_ns >= plan->next_ns;
}

static void timed_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		      void *arg)
{
	struct plan *plan = arg;

	(void)core, (void)events, (void)n;
	if (!comes_due(plan, now_ns))
		return;
	note(plan, now_ns - plan->next_ns);
	plan->next_ns = now_ns + plan->period_ns;
}

/*
 * Opens a connection, and resets it once it stands: how long that took is how soon the other end was awake.
 */
static void opening_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			void *arg)
{
	struct weir_endpoint local = { 0 }, remote = { .address = weir_ipv4(SERVER), .port = PORT };
	struct plan *plan = arg;
	weir_conn conn;

	for (unsigned i = 0; i < n; i++) {
		if (!(events[i].what & WEIR_EV_OPENED))
			continue;
		note(plan, now_ns - plan->begun_ns);
		plan->waiting = false;
		weir_abort(core, events[i].conn);
	}
	if (plan->waiting || !comes_due(plan, now_ns) || weir_connect(core, local, remote, 0, &conn) != 0)
		return;
	plan->waiting = true;
	plan->begun_ns = now_ns;
	plan->next_ns = now_ns + plan->period_ns;
}

static void idle_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		     void *arg)
{
	(void)core, (void)events, (void)n, (void)now_ns, (void)arg;
}

static struct weir_shard_config shard_config(uint32_t address, int lcore, weir_app_fn app, struct plan *plan)
{
	struct weir_shard_config shard = {
		.lcore = lcore, .app = app, .due = plan != NULL ? plan_due : NULL, .arg = plan
	};

	weir_config_default(&shard.config);
	shard.config.ranges[0] = (struct weir_range){ weir_ipv4(address), weir_ipv4(address), 24 };
	shard.config.ranges_count = 1;
	shard.config.max_connections = 1000;
	return shard;
}

/* Two shards on a wire, the second one listens; client and server say on which lcores. Not started. */
static struct weir_runtime *two_on_a_wire(enum weir_rest rest, const struct weir_shard_config *client,
					  const struct weir_shard_config *server)
{
	struct weir_runtime *rt = weir_runtime_create();
	int ports[2];

	cr_assert_not_null(rt);
	cr_assert_eq(weir_runtime_rest(rt, rest), 0);
	cr_assert_eq(weir_runtime_wire(rt, ports), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[0], client), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[1], server), 1, "%s", weir_runtime_error(rt));
	cr_assert_geq(weir_listen(weir_runtime_core(rt, 1), (struct weir_endpoint){ .port = PORT }, 0), 0);
	return rt;
}

static void run(struct weir_runtime *rt, uint64_t ns)
{
	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	cr_assert(weir_runtime_poll(rt, weir_now_ns() + ns));
}

static void run_until_done(struct weir_runtime *rt, const struct plan *plan)
{
	uint64_t deadline_ns = weir_now_ns() + 20 * CLOCK_NS_PER_S;

	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	while (__atomic_load_n(&plan->done, __ATOMIC_RELAXED) < TRIES && weir_now_ns() < deadline_ns)
		cr_assert(weir_runtime_poll(rt, weir_now_ns() + MS));
	weir_runtime_stop(rt);
	weir_runtime_join(rt);
	cr_assert_geq(plan->done, TRIES);
}

static uint64_t rounds(struct weir_runtime *rt, int shard)
{
	struct weir_loop_stats stats;

	weir_runtime_loop_stats(rt, shard, &stats);
	return stats.rounds;
}

static void destroy(struct weir_runtime *rt)
{
	cr_expect_eq(weir_runtime_destroy(rt), 0, "every buffer came back");
}

#define SETTLE_NS (50 * MS)
#define QUIET_NS (200 * MS)
/* No nap is shorter than that, and at the end of a poll it spins. */
#define RESTING_ROUNDS (QUIET_NS / REST_NAP_MAX_NS + 1000)

/* Rounds of a shard after its first frames have gone, while nothing comes. */
static uint64_t rounds_while_quiet(struct weir_runtime *rt, int shard)
{
	uint64_t before;

	run(rt, SETTLE_NS);
	before = rounds(rt, shard);
	cr_assert(weir_runtime_poll(rt, weir_now_ns() + QUIET_NS));
	return rounds(rt, shard) - before;
}

/* How many rounds two shards that have nothing to do make on an lcore, and on which share of a CPU. */
static uint64_t quiet_rounds(enum weir_rest rest, double *share)
{
	struct weir_shard_config client = shard_config(CLIENT, 0, idle_app, NULL);
	struct weir_shard_config server = shard_config(SERVER, 0, idle_app, NULL);
	struct weir_runtime *rt = two_on_a_wire(rest, &client, &server);
	struct weir_loop_stats stats;
	struct timespec before, after;
	uint64_t made;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	made = rounds_while_quiet(rt, 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	*share = ((double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec)) /
		 (SETTLE_NS + QUIET_NS);
	weir_runtime_loop_stats(rt, 0, &stats);
	cr_expect_gt(stats.idle_cycles, 9 * stats.busy_cycles, "resting is no work");
	destroy(rt);
	return made;
}

Test(rest, sleeps_while_nothing_comes)
{
	double share;

	cr_expect_leq(quiet_rounds(WEIR_REST_AUTO, &share), RESTING_ROUNDS);
	cr_expect_lt(share, 0.7);
	cr_expect_leq(quiet_rounds(WEIR_REST_ALWAYS, &share), RESTING_ROUNDS);
}

Test(rest, spins_if_asked_to)
{
	double share;

	cr_expect_gt(quiet_rounds(WEIR_REST_NEVER, &share), 2 * RESTING_ROUNDS);
}

Test(rest, wakes_for_a_frame)
{
	struct plan plan = { .period_ns = 3 * MS };
	struct weir_shard_config client = shard_config(CLIENT, 0, opening_app, &plan);
	struct weir_shard_config server = shard_config(SERVER, EAL_WORKER, idle_app, NULL);
	struct weir_runtime *rt = two_on_a_wire(WEIR_REST_AUTO, &client, &server);

	run_until_done(rt, &plan);
	cr_expect_lt(median(plan.late_ns), SOON_NS);
	destroy(rt);
}

/* No frame comes meanwhile, nor does a timer of TCP's go off. */
Test(rest, wakes_when_the_application_is_due)
{
	struct plan plan = { .period_ns = 3 * MS };
	struct weir_shard_config client = shard_config(CLIENT, EAL_WORKER, timed_app, &plan);
	struct weir_shard_config server = shard_config(SERVER, EAL_WORKER, idle_app, NULL);
	struct weir_runtime *rt = two_on_a_wire(WEIR_REST_AUTO, &client, &server);

	run_until_done(rt, &plan);
	cr_expect_lt(median(plan.late_ns), 4 * REST_NAP_MIN_NS, "%lu ns", median(plan.late_ns));
	destroy(rt);
}

#define RTO_NS (50 * MS)
#define SOURCE_PORT 40000

/* SYNs that nobody answers, and when each was first seen; retransmissions count in the plan. */
struct void_sink {
	uint64_t seen_ns[TRIES];
	struct plan plan;
};

static unsigned swallow(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, void *arg)
{
	struct void_sink *sink = arg;
	uint64_t now_ns = weir_now_ns();
	unsigned kept = 0;

	(void)core;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], const uint8_t *);
		unsigned number = (unsigned)(frame[34] << 8 | frame[35]) - SOURCE_PORT;

		/* But for ARP. */
		if (frame[12] != 0x08 || frame[13] != 0x00 || number >= TRIES) {
			mbufs[kept++] = mbufs[i];
			continue;
		}
		if (sink->seen_ns[number] == 0)
			sink->seen_ns[number] = now_ns;
		else
			note(&sink->plan, now_ns - sink->seen_ns[number]);
		rte_pktmbuf_free(mbufs[i]);
	}
	return kept;
}

/* One after the other; the plan counts those that were begun. */
static void void_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		     void *arg)
{
	struct weir_endpoint local = { .address = weir_ipv4(CLIENT) },
			     remote = { .address = weir_ipv4(SERVER), .port = PORT };
	struct plan *plan = arg;
	weir_conn conn;

	(void)events, (void)n;
	local.port = (uint16_t)(SOURCE_PORT + plan->done);
	if (plan->done < TRIES && comes_due(plan, now_ns) &&
	    weir_connect(core, local, remote, 0, &conn) == 0) {
		note(plan, 0);
		plan->next_ns = now_ns + plan->period_ns;
	}
}

Test(rest, wakes_for_a_timer)
{
	struct plan plan = { .period_ns = 3 * MS };
	struct void_sink sink = { .plan = { .done = 0 } };
	struct weir_shard_config client = shard_config(CLIENT, EAL_WORKER, void_app, &plan);
	struct weir_shard_config server = shard_config(SERVER, EAL_WORKER, idle_app, NULL);
	struct weir_runtime *rt;
	uint64_t after_ns;

	client.config.rto_initial_ns = client.config.rto_min_ns = RTO_NS;
	server.sink = swallow;
	server.arg = &sink;
	rt = two_on_a_wire(WEIR_REST_AUTO, &client, &server);
	run_until_done(rt, &sink.plan);
	after_ns = median(sink.plan.late_ns);
	cr_expect_geq(after_ns, RTO_NS);
	cr_expect_lt(after_ns, RTO_NS + SOON_NS, "%lu ns", after_ns);
	destroy(rt);
}

static unsigned endless(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max, uint64_t now_ns,
			void *arg)
{
	(void)core, (void)max, (void)now_ns;
	mbufs[0] = rte_pktmbuf_alloc(arg);
	if (mbufs[0] == NULL)
		return 0;
	memset(rte_pktmbuf_append(mbufs[0], 60), 0, 60);
	return 1;
}

Test(rest, not_while_another_of_its_lcore_works)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("frames", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct weir_shard_config busy = shard_config(CLIENT, 0, idle_app, NULL);
	struct weir_shard_config quiet = shard_config(SERVER, 0, idle_app, NULL);
	struct weir_port_config ports[2] = { { .device = "net_null0,no-rx=1" },
					     { .device = "net_null1,no-rx=1" } };
	struct weir_runtime *rt = weir_runtime_create();

	busy.source = endless;
	busy.arg = pool;
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(weir_runtime_port(rt, &ports[i]), i, "%s", weir_runtime_error(rt));
		cr_assert_eq(weir_runtime_shard(rt, i, i == 0 ? &busy : &quiet), i);
	}
	cr_expect_gt(rounds_while_quiet(rt, 0), 2 * RESTING_ROUNDS);
	cr_expect_eq(rounds(rt, 0), rounds(rt, 1));
	destroy(rt);
}

Test(rest, does_not_hold_up_who_stops_it)
{
	uint64_t took_ns[TRIES];

	for (int i = 0; i < TRIES; i++) {
		struct weir_shard_config client = shard_config(CLIENT, EAL_WORKER, idle_app, NULL);
		struct weir_shard_config server = shard_config(SERVER, EAL_WORKER, idle_app, NULL);
		struct weir_runtime *rt = two_on_a_wire(WEIR_REST_AUTO, &client, &server);

		run(rt, 2 * MS);
		took_ns[i] = weir_now_ns();
		weir_runtime_stop(rt);
		weir_runtime_join(rt);
		took_ns[i] = weir_now_ns() - took_ns[i];
		destroy(rt);
	}
	cr_expect_lt(median(took_ns), SOON_NS);
}

/* The main lcore's shards run within weir_runtime_poll(), which ends when it was told to. */
Test(rest, not_beyond_the_end_of_a_poll)
{
	struct weir_shard_config client = shard_config(CLIENT, 0, idle_app, NULL);
	struct weir_shard_config server = shard_config(SERVER, 0, idle_app, NULL);
	struct weir_runtime *rt = two_on_a_wire(WEIR_REST_AUTO, &client, &server);
	uint64_t late_ns[TRIES];

	run(rt, 5 * MS);
	for (int i = 0; i < TRIES; i++) {
		uint64_t until_ns = weir_now_ns() + 1 * MS;

		cr_assert(weir_runtime_poll(rt, until_ns));
		late_ns[i] = weir_now_ns() - until_ns;
	}
	cr_expect_lt(median(late_ns), 4 * REST_NAP_MIN_NS, "%lu ns", median(late_ns));
	destroy(rt);
}

/*
 * A switch's end (net_vhost) and a machine's of a virtual cable, over a socket of this test's own. The
 * switch's has interrupts; it listens, on the worker.
 */
static struct weir_runtime *two_on_a_socket(const struct weir_shard_config *client, const char *path)
{
	struct weir_shard_config server = shard_config(SERVER, EAL_WORKER, idle_app, NULL);
	struct weir_runtime *rt = weir_runtime_create();
	char vhost[64], virtio[64];
	struct weir_port_config ports[2] = { { .device = vhost, .software_checksums = true },
					     { .device = virtio, .software_checksums = true } };

	/* The machine's end says good-bye to a switch that is gone. */
	signal(SIGPIPE, SIG_IGN);
	snprintf(vhost, sizeof(vhost), "net_vhost0,iface=%s", path);
	snprintf(virtio, sizeof(virtio), "net_virtio_user0,path=%s", path);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(weir_runtime_port(rt, &ports[i]), i, "%s", weir_runtime_error(rt));
		cr_assert_eq(weir_runtime_shard(rt, i, i == 0 ? &server : client), i, "%s",
			     weir_runtime_error(rt));
	}
	cr_assert_geq(weir_listen(weir_runtime_core(rt, 0), (struct weir_endpoint){ .port = PORT }, 0), 0);
	return rt;
}

static char *socket_path(char *folder)
{
	static char path[64];

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	return path;
}

Test(rest, waits_for_interrupts_where_there_are_some)
{
	char folder[] = "/tmp/weir-rest-XXXXXX";
	struct weir_shard_config client = shard_config(CLIENT, 0, idle_app, NULL);
	struct weir_runtime *rt = two_on_a_socket(&client, socket_path(folder));
	uint64_t made;

	made = rounds_while_quiet(rt, 0);
	cr_expect_lt(made, QUIET_NS / REST_NAP_MAX_NS / 2, "%lu rounds, as many as with naps", made);
	destroy(rt);
	rmdir(folder);
}

Test(rest, interrupts_wake_it)
{
	char folder[] = "/tmp/weir-rest-XXXXXX";
	struct plan plan = { .period_ns = 7 * MS };
	struct weir_shard_config client = shard_config(CLIENT, 0, opening_app, &plan);
	struct weir_runtime *rt = two_on_a_socket(&client, socket_path(folder));

	run_until_done(rt, &plan);
	cr_expect_lt(median(plan.late_ns), REST_WAIT_MS * MS / 4, "%lu ns", median(plan.late_ns));
	destroy(rt);
	rmdir(folder);
}

Test(rest, is_chosen_before_ports_are_opened)
{
	struct weir_runtime *rt = weir_runtime_create();
	int ports[2];

	cr_expect_eq(weir_runtime_rest(rt, (enum weir_rest)3), -EINVAL);
	cr_expect_eq(weir_runtime_wire(rt, ports), 0);
	cr_expect_eq(weir_runtime_rest(rt, WEIR_REST_NEVER), -EBUSY);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "before"), "%s", weir_runtime_error(rt));
	destroy(rt);
}
