/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An end of a wire whose other end takes nothing:
 * it goes on receiving, so that two such ends do not wait for each other.
 */
#include <criterion/criterion.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <string.h>

#include "run/loop.h"
#include "run/pool.h"
#include "run/runner.h"
#include "run/tsc.h"
#include "support/eal.h"
#include "support/frames.h"

TestSuite(stuck, .init = eal_start, .timeout = 60);

#define PORT 80
#define BUFFERS 16383
#define LONG_NS CLOCK_NS_PER_S

static struct wire wire;
static struct port ends[2];
static struct rte_mempool *pools[2];
static struct runner runner;
static struct loop_group group;
static struct burst peer;
static uint32_t sent;
static struct why why;

static void no_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		   void *arg)
{
	(void)core, (void)events, (void)n, (void)now_ns, (void)arg;
}

/* A shard that answers each SYN at once. */
static void add_shard(void)
{
	struct weir_shard_config config = { .app = no_app, .mbufs = BUFFERS };

	weir_config_default(&config.config);
	memcpy(config.config.mac, frames_our_mac.bytes, sizeof(config.config.mac));
	config.config.ranges[0] = (struct weir_range){ weir_ipv4(FRAMES_OURS), weir_ipv4(FRAMES_OURS), 24 };
	config.config.ranges_count = 1;
	config.config.max_connections = 64;
	config.config.defence.mode = WEIR_DEFENCE_ALWAYS;
	cr_assert_eq(runner_create(&runner, &ends[0], 0, &config, rte_lcore_id(), &why), 0, "%s", why.text);
	cr_assert_geq(weir_listen(runner.core, (struct weir_endpoint){ .port = PORT }, 0), 0);
	group.loops[group.count++] = runner.loop;
}

static void begin(void)
{
	struct port_options options = { .queues = 1 };

	tsc_calibrate();
	cr_assert_eq(wire_create(&wire, ends, &options, SOCKET_ID_ANY, &why), 0, "%s", why.text);
	add_shard();
	pools[0] = runner.pool;
	pools[1] = pool_create(&ends[1], BUFFERS, &why);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(port_start(&ends[i], &pools[i], &why), 0, "%s", why.text);
	burst_init(&runner.loop->burst, &ends[0], 0, NULL);
	burst_init(&peer, &ends[1], 0, NULL);
}

static struct rte_mbuf *make_syn(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools[1]);
	struct seg syn = {
		.tuple = { .laddr = FRAMES_OURS, .raddr = FRAMES_PEER, .lport = PORT },
		.seq = sent,
		.wnd = 65535,
		.flags = SEG_SYN,
		.ttl = 64,
	};
	uint8_t frame[FRAMES_MAX];

	cr_assert_not_null(m);
	syn.tuple.rport = (uint16_t)(1024 + sent++ % 60000);
	uint32_t len = frames_tcp(frame, &syn);

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	return m;
}

/* The peer sends what the wire takes, and the shard has a turn. */
static void turn(uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST_FRAMES];

	if (burst_tx_ready(&peer, now_ns)) {
		for (unsigned i = 0; i < BURST_FRAMES; i++)
			frames[i] = make_syn();
		burst_tx(&peer, frames, BURST_FRAMES, now_ns);
	}
	loop_lap(&group, rte_rdtsc(), UINT64_MAX);
}

static void end(void)
{
	runner_destroy(&runner);
	burst_drain(&peer);
	wire_drain(&wire);
	for (int i = 0; i < 2; i++)
		port_close(&ends[i]);
	wire_destroy(&wire);
	cr_expect_eq(pool_missing(pools[1]), 0);
	cr_expect_eq(runner_free_pool(&runner), 0);
}

Test(stuck, frames_are_dropped_where_answers_cannot_leave)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	struct weir_loop_stats stats;
	uint64_t until_ns;
	unsigned n, answers = 0;

	begin();
	until_ns = weir_now_ns() + LONG_NS;
	while (weir_now_ns() < until_ns && sent < 8 * WIRE_FRAMES)
		turn(weir_now_ns());
	loop_stats(runner.loop, &stats);
	cr_expect_geq(sent, 8 * WIRE_FRAMES, "the peer could send %u", sent);
	cr_expect_gt(stats.rx_kept_drops, 0);

	/* And once the peer takes frames again, all is as before. */
	for (unsigned i = 0; i < 100; i++) {
		while ((n = burst_rx(&peer, frames, BURST_FRAMES)) > 0)
			rte_pktmbuf_free_bulk(frames, n);
		loop_lap(&group, rte_rdtsc(), UINT64_MAX);
	}
	turn(weir_now_ns());
	loop_lap(&group, rte_rdtsc(), UINT64_MAX);
	while ((n = burst_rx(&peer, frames, BURST_FRAMES)) > 0) {
		rte_pktmbuf_free_bulk(frames, n);
		answers += n;
	}
	cr_expect_geq(answers, BURST_FRAMES);
	end();
}
