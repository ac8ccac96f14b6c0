/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports with several queues, a shard on each: a client's and a server's, joined queue by queue; the same with
 * ends that do not agree on whose a connection is, so that each frame has to be handed over; and with frames
 * sprayed over the queues as they come.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <rte_eth_ring.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/runtime.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"
#include "weir.h"

TestSuite(queues, .init = eal_start, .timeout = 60);

#define QUEUES_MAX 3u
#define CONNECTIONS 200u /* of each shard of the client */
#define AT_ONCE 20u
#define PORT 80
#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u

static const char request[] = "GET / HTTP/1.1\r\n\r\n", response[] = "HTTP/1.1 200 OK\r\n\r\n";

enum wiring {
	STRAIGHT, /* queue i to queue i, and both ends say alike whose a connection is */
	ROTATED,  /* the server says it is the next shard's */
	SPRAYED,  /* whichever shard looks first takes a frame */
};

/* Of a shard; `ended` is read by the main thread. */
struct side {
	unsigned started, ended, failed, answered;
	int error;
};

static struct weir_runtime *rt;
static int ports[2];
static uint16_t queues;
static struct side clients[QUEUES_MAX], servers[QUEUES_MAX];
static int shards[2][QUEUES_MAX];

static void start_some(struct weir_core *core, struct side *side)
{
	struct weir_endpoint local = { 0 }, remote = { .address = weir_ipv4(SERVER), .port = PORT };
	/* The first goes alone: fewer than the others may wait for the server's Ethernet address. */
	unsigned at_once = side->ended == 0 ? 1 : AT_ONCE;
	weir_conn conn;

	while (side->started < CONNECTIONS && side->started - side->ended < at_once) {
		int error = weir_connect(core, local, remote, 0, &conn);

		if (error != 0) {
			side->error = error != -EAGAIN ? error : 0;
			return;
		}
		side->started++;
	}
}

static void note_end(struct side *side, const struct weir_event *event)
{
	if ((event->what & WEIR_EV_CLOSED) == 0)
		return;
	side->failed += event->reason != WEIR_REASON_NONE;
	__atomic_fetch_add(&side->ended, 1, __ATOMIC_RELAXED);
}

static void client_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct side *side = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		if (events[i].what & WEIR_EV_OPENED)
			weir_send_copy(core, events[i].conn, request, sizeof(request) - 1);
		if (events[i].what & WEIR_EV_DATA) {
			side->answered++;
			weir_release(core, events[i].conn, events[i].payload);
			weir_close(core, events[i].conn);
		}
		note_end(side, &events[i]);
	}
	start_some(core, side);
}

static void server_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct side *side = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		if (events[i].what & WEIR_EV_DATA) {
			side->answered++;
			weir_release(core, events[i].conn, events[i].payload);
			weir_send_copy(core, events[i].conn, response, sizeof(response) - 1);
		}
		if (events[i].what & WEIR_EV_FIN)
			weir_close(core, events[i].conn);
		note_end(side, &events[i]);
	}
}

static void idle_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		     void *arg)
{
	(void)core, (void)events, (void)n, (void)now_ns, (void)arg;
}

static struct weir_shard_config shard_config(uint32_t address, int lcore, weir_app_fn app, void *arg)
{
	struct weir_shard_config shard = { .lcore = lcore, .app = app, .arg = arg, .mbufs = 8191 };

	weir_config_default(&shard.config);
	shard.config.ranges[0] = (struct weir_range){ weir_ipv4(address), weir_ipv4(address), 24 };
	shard.config.ranges_count = 1;
	shard.config.max_connections = 500;
	shard.config.msl_ns = 10 * CLOCK_NS_PER_MS;
	/* Nothing is lost, so nothing must be sent twice, however long an lcore has to wait for its CPU. */
	shard.config.rto_initial_ns = shard.config.rto_min_ns = 5 * CLOCK_NS_PER_S;
	return shard;
}

/* All queues of an end share one ring each way. */
static void spray(struct weir_port_config *config)
{
	struct rte_ring *in[QUEUES_MAX], *out[QUEUES_MAX], *rings[2];
	char device[2][32];

	for (int i = 0; i < 2; i++) {
		snprintf(device[i], sizeof(device[i]), "net_ring_spray%d", i);
		rings[i] = rte_ring_create(device[i], 1024, SOCKET_ID_ANY, RING_F_EXACT_SZ);
		cr_assert_not_null(rings[i]);
	}
	for (int i = 0; i < 2; i++) {
		for (uint16_t q = 0; q < queues; q++) {
			in[q] = rings[i];
			out[q] = rings[!i];
		}
		cr_assert_geq(rte_eth_from_rings(device[i] + strlen("net_ring_"), in, queues, out, queues, 0),
			      0);
		config->device = device[i];
		ports[i] = weir_runtime_port(rt, config);
		cr_assert_geq(ports[i], 0, "%s", weir_runtime_error(rt));
	}
}

static void rotate(struct port_rss *rss)
{
	rss->table.count = 128;
	for (unsigned i = 0; i < 128; i++)
		rss->table.queues[i] = (uint16_t)((i + 1) % queues);
}

static void make_ports(enum wiring wiring, enum weir_rss_habit habit)
{
	struct weir_port_config config = { .queues = queues };

	rt = weir_runtime_create();
	cr_assert_not_null(rt);
	if (wiring == SPRAYED) {
		spray(&config);
		return;
	}
	cr_assert_eq(weir_runtime_wire_queues(rt, queues, ports), 0, "%s", weir_runtime_error(rt));
	for (int i = 0; i < 2; i++)
		rt->ports[ports[i]].rss.habit = habit;
	if (wiring == ROTATED)
		rotate(&rt->ports[ports[1]].rss);
}

/* On both lcores in turn, or all on one. */
static void make_shards(bool one_lcore)
{
	memset(clients, 0, sizeof(clients));
	memset(servers, 0, sizeof(servers));
	for (uint16_t q = 0; q < queues; q++) {
		int lcore = one_lcore || q % 2 == 0 ? EAL_WORKER : 0;
		struct weir_shard_config client = shard_config(CLIENT, lcore, client_app, &clients[q]);
		struct weir_shard_config server = shard_config(SERVER, lcore, server_app, &servers[q]);

		shards[0][q] = weir_runtime_shard(rt, ports[0], &client);
		shards[1][q] = weir_runtime_shard(rt, ports[1], &server);
		cr_assert_geq(shards[0][q], 0, "%s", weir_runtime_error(rt));
		cr_assert_geq(shards[1][q], 0, "%s", weir_runtime_error(rt));
		cr_assert_geq(weir_listen(weir_runtime_core(rt, shards[1][q]),
					  (struct weir_endpoint){ .port = PORT }, 0),
			      0);
	}
}

static unsigned ended(const struct side *sides)
{
	unsigned sum = 0;

	for (uint16_t q = 0; q < queues; q++)
		sum += __atomic_load_n(&sides[q].ended, __ATOMIC_RELAXED);
	return sum;
}

static uint64_t counted(int shard, const char *name)
{
	uint64_t values[256];
	unsigned n = RTE_MIN(weir_counter_count(), 256u);

	weir_counters(weir_runtime_core(rt, shard), values, n);
	for (unsigned id = 0; id < n; id++)
		if (strcmp(weir_counter_name(id), name) == 0)
			return values[id];
	cr_assert_fail("no counter %s", name);
	return 0;
}

/* Over all shards of an end. */
static uint64_t sum(int end, const char *name)
{
	uint64_t n = 0;

	for (uint16_t q = 0; q < queues; q++)
		n += counted(shards[end][q], name);
	return n;
}

static uint64_t handover_drops(int shard)
{
	struct weir_loop_stats loop;

	weir_runtime_loop_stats(rt, shard, &loop);
	return loop.handover_drops;
}

static void expect_clean(int end, const struct side *side, uint16_t queue, bool in_order)
{
	int shard = shards[end][queue];
	struct weir_stats stats;

	weir_stats(weir_runtime_core(rt, shard), &stats);
	cr_expect_gt(stats.closed, 0, "shard %d carries nothing", shard);
	cr_expect_eq(side->error, 0, "%d", side->error);
	cr_expect_eq(side->failed, 0, "shard %d: %u failed", shard, side->failed);
	cr_expect_eq(stats.mbufs_taken, stats.mbufs_returned);
	cr_expect_eq(handover_drops(shard), 0);
	if (in_order)
		cr_expect_eq(stats.retransmits, 0);
}

/* Until all have ended, and TIME-WAIT with them. */
static void poll_until_over(void)
{
	uint64_t deadline_ns = weir_now_ns() + 30 * CLOCK_NS_PER_S;

	while (weir_now_ns() < deadline_ns &&
	       (ended(clients) < queues * CONNECTIONS || ended(servers) < queues * CONNECTIONS))
		weir_runtime_poll(rt, weir_now_ns() + 5 * CLOCK_NS_PER_MS);
	weir_runtime_poll(rt, weir_now_ns() + 100 * CLOCK_NS_PER_MS);
	weir_runtime_stop(rt);
	weir_runtime_join(rt);
}

/* At both ends all have ended well, and each shard had some. What was handed over arrived. */
static void exchange(uint16_t count, enum wiring wiring, enum weir_rss_habit habit, bool one_lcore)
{
	queues = count;
	make_ports(wiring, habit);
	make_shards(one_lcore);
	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	poll_until_over();
	cr_expect_eq(ended(clients), queues * CONNECTIONS);
	cr_expect_eq(ended(servers), queues * CONNECTIONS);
	for (uint16_t q = 0; q < queues; q++) {
		cr_expect_eq(clients[q].answered, CONNECTIONS);
		expect_clean(0, &clients[q], q, wiring != SPRAYED);
		expect_clean(1, &servers[q], q, wiring != SPRAYED);
	}
	for (int end = 0; end < 2; end++) {
		uint64_t copies = sum(end, "handover_copies");

		cr_expect_eq(sum(end, "handed_in"), sum(end, "handed_over") + copies,
			     "end %d: %lu in, %lu over, %lu copies", end,
			     (unsigned long)sum(end, "handed_in"), (unsigned long)sum(end, "handed_over"),
			     (unsigned long)copies);
	}
}

static void finish(void)
{
	cr_expect_eq(weir_runtime_destroy(rt), 0, "every buffer came back");
}

Test(queues, joined_straight_nothing_is_handed_over)
{
	for (uint16_t count = 2; count <= QUEUES_MAX; count++) {
		exchange(count, STRAIGHT, WEIR_RSS_ANY, false);
		cr_expect_eq(sum(0, "handed_over") + sum(1, "handed_over"), 0);
		finish();
	}
}

Test(queues, straight_by_other_habits)
{
	static const enum weir_rss_habit habits[] = { WEIR_RSS_FLOW, WEIR_RSS_TOEPLITZ };

	for (unsigned i = 0; i < RTE_DIM(habits); i++) {
		exchange(2, STRAIGHT, habits[i], false);
		cr_expect_eq(sum(0, "handed_over") + sum(1, "handed_over"), 0);
		finish();
	}
}

/* Of each connection three frames at least come to an end: a SYN, text and a FIN. */
Test(queues, ends_that_disagree_hand_everything_over)
{
	for (uint16_t count = 2; count <= QUEUES_MAX; count++) {
		exchange(count, ROTATED, WEIR_RSS_ANY, false);
		cr_expect_geq(sum(0, "handed_over"), count * CONNECTIONS * 3);
		cr_expect_geq(sum(1, "handed_over"), count * CONNECTIONS * 3);
		finish();
	}
}

Test(queues, all_shards_on_one_lcore)
{
	exchange(2, ROTATED, WEIR_RSS_ANY, true);
	cr_expect_geq(sum(1, "handed_over"), 2 * CONNECTIONS * 3);
	finish();
}

/* SYNs stay where they land, and answers come by that queue. */
Test(queues, a_table_that_is_not_the_ports_only_costs)
{
	exchange(2, ROTATED, WEIR_RSS_TOEPLITZ, false);
	finish();
}

Test(queues, sprayed_frames_find_their_shards)
{
	exchange(3, SPRAYED, WEIR_RSS_ANY, false);
	cr_expect_gt(sum(0, "handed_over"), 0);
	cr_expect_gt(sum(1, "handed_over"), 0);
	finish();
}

/* Frames are everywhere then: in shards, backlogs, inboxes and on the wire. */
Test(queues, stopped_in_the_middle_all_buffers_come_back)
{
	queues = 2;
	for (int round = 0; round < 5; round++) {
		make_ports(ROTATED, WEIR_RSS_ANY);
		make_shards(false);
		cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
		while (ended(clients) < 2 * AT_ONCE)
			weir_runtime_poll(rt, weir_now_ns());
		/* The main lcore's shards stop at once, the others still hand over. */
		usleep(1000);
		finish();
	}
}

/* SYNs of many peers, half of them the other shard's. */
static unsigned pour(struct rte_ring *ring, struct rte_mempool *pool, uint16_t first_port, unsigned n)
{
	uint8_t frame[FRAMES_MAX];
	unsigned poured = 0;

	for (unsigned i = 0; i < n; i++) {
		struct seg syn = {
			.tuple = { .laddr = SERVER, .raddr = CLIENT, .lport = PORT },
			.wnd = 65535,
			.flags = SEG_SYN,
			.ttl = 64,
		};
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint32_t len;

		if (m == NULL)
			break;
		syn.tuple.rport = (uint16_t)(first_port + i);
		len = frames_tcp(frame, &syn);
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		if (rte_ring_enqueue(ring, m) != 0) {
			rte_pktmbuf_free(m);
			break;
		}
		poured++;
	}
	return poured;
}

/* The shard of the main lcore has no turn: what is its own is handed over until its inbox is full. */
Test(queues, a_full_inbox_drops_and_counts)
{
	struct weir_port_config config = { .device = "net_ring_poured", .queues = 2 };
	struct weir_shard_config shard = shard_config(SERVER, EAL_WORKER, idle_app, NULL);
	struct rte_mempool *pool = mbufs_pool(8191);
	struct rte_ring *in[2], *out[2];
	unsigned poured = 0;

	for (int i = 0; i < 2; i++) {
		in[i] = rte_ring_create(i == 0 ? "in0" : "in1", 1024, SOCKET_ID_ANY, RING_F_EXACT_SZ);
		out[i] = rte_ring_create(i == 0 ? "out0" : "out1", 16384, SOCKET_ID_ANY, RING_F_EXACT_SZ);
	}
	cr_assert_geq(rte_eth_from_rings("poured", in, 2, out, 2, 0), 0);
	queues = 2;
	rt = weir_runtime_create();
	ports[0] = weir_runtime_port(rt, &config);
	cr_assert_eq(ports[0], 0, "%s", weir_runtime_error(rt));
	memcpy(shard.config.mac, frames_our_mac.bytes, sizeof(shard.config.mac));
	for (uint16_t q = 0; q < 2; q++) {
		shards[0][q] = weir_runtime_shard(rt, ports[0], &shard);
		shard.lcore = 0;
		weir_listen(weir_runtime_core(rt, shards[0][q]), (struct weir_endpoint){ .port = PORT }, 0);
	}
	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	while (poured < 4 * INBOX_FRAMES) {
		poured += pour(in[0], pool, (uint16_t)(1024 + poured), 256);
		usleep(1000);
	}
	while (!rte_ring_empty(in[0]))
		usleep(1000);
	usleep(10000);
	cr_expect_gt(handover_drops(0), 0);
	cr_expect_eq(counted(0, "handed_over"), INBOX_FRAMES + handover_drops(0));
	cr_expect_eq(counted(1, "handed_in"), 0);
	/* And once it has its turns it takes them in, and nobody drops any more. */
	for (int i = 0; i < 200; i++)
		weir_runtime_poll(rt, weir_now_ns());
	cr_expect_eq(counted(1, "handed_in"), INBOX_FRAMES);
	weir_runtime_stop(rt);
	weir_runtime_join(rt);
	for (int i = 0; i < 2; i++) {
		struct rte_mbuf *m;

		while (rte_ring_dequeue(out[i], (void **)&m) == 0)
			rte_pktmbuf_free(m);
	}
	finish();
	cr_expect_eq(pool_missing(pool), 0, "%u frames are missing", pool_missing(pool));
}

/* Frames that one shard passes to another until it takes no more; returns how many it took. */
static unsigned pass_all(struct inboxes *inboxes, uint16_t shard, struct rte_mempool *pool)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	uint16_t to[BURST_FRAMES];
	unsigned refused = 0, passed = 0;

	while (refused == 0) {
		for (unsigned i = 0; i < BURST_FRAMES; i++) {
			frames[i] = mbufs_make(pool, 0, 60);
			to[i] = shard;
		}
		refused = inboxes_pass(inboxes, frames, to, BURST_FRAMES);
		passed += BURST_FRAMES - refused;
		rte_pktmbuf_free_bulk(frames, refused);
	}
	return passed;
}

/* A loop that lost its CPU between taking a place in the inbox and filling it: others do not wait for it. */
Test(queues, who_is_held_up_in_passing_holds_up_nobody)
{
	struct rte_mempool *pool = mbufs_pool(2 * INBOX_FRAMES);
	struct rte_mbuf *late = mbufs_make(pool, 0, 60), *frames[BURST_FRAMES];
	struct inboxes inboxes = { 0 };
	uint32_t place, left;
	unsigned taken = 0, n;
	struct why why;

	cr_assert_eq(inboxes_add(&inboxes, 1, SOCKET_ID_ANY, &why), 0, "%s", why.text);
	struct rte_ring *ring = inboxes.rings[1];

	cr_assert_eq(__rte_ring_rts_move_prod_head(ring, 1, RTE_RING_QUEUE_FIXED, &place, &left), 1);
	cr_expect_eq(pass_all(&inboxes, 1, pool), INBOX_FRAMES - 1);
	cr_expect_eq(inboxes_take(&inboxes, 1, frames, BURST_FRAMES), 0, "those behind it wait to be seen");
	__rte_ring_enqueue_elems(ring, place, &late, sizeof(late), 1);
	__rte_ring_rts_update_tail(&ring->rts_prod);
	while ((n = inboxes_take(&inboxes, 1, frames, BURST_FRAMES)) > 0) {
		cr_expect(taken > 0 || frames[0] == late, "in its place");
		rte_pktmbuf_free_bulk(frames, n);
		taken += n;
	}
	cr_expect_eq(taken, INBOX_FRAMES);
	inboxes_destroy(&inboxes);
	cr_expect_eq(pool_missing(pool), 0);
}

Test(queues, refuses_with_a_reason)
{
	struct weir_port_config many = { .device = "net_ring0", .queues = 1000 };
	struct weir_port_config odd = { .device = "net_ring0", .queues = 2, .rss = (enum weir_port_rss)9 };
	struct weir_shard_config shard = shard_config(SERVER, 0, idle_app, NULL);
	struct weir_port_info info;

	rt = weir_runtime_create();
	cr_expect_eq(weir_runtime_port(rt, &many), -ENOTSUP);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "1000 queues asked for"), "%s",
			   weir_runtime_error(rt));
	cr_expect_not_null(strstr(weir_runtime_error(rt), "net_ring"), "%s", weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_port(rt, &odd), -EINVAL);
	cr_expect_eq(weir_runtime_wire_queues(rt, WEIR_WIRE_QUEUES_MAX + 1, ports), -EINVAL);

	cr_assert_eq(weir_runtime_wire_queues(rt, 2, ports), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_port_info(rt, ports[1], &info), 0);
	cr_expect_eq(info.queues, 2);
	cr_expect_eq(info.rss, WEIR_RSS_ANY);
	cr_expect_str_eq(info.driver, "net_ring");
	cr_assert_eq(weir_runtime_shard(rt, ports[1], &shard), 0, "%s", weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_start(rt), -EINVAL, "its second queue has none");
	cr_expect_not_null(strstr(weir_runtime_error(rt), "has 2 queues, but shards on 1"), "%s",
			   weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[1], &shard), 1, "%s", weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_shard(rt, ports[1], &shard), -EBUSY);
	cr_expect_not_null(strstr(weir_runtime_error(rt), "2 shards already"), "%s", weir_runtime_error(rt));
	cr_expect_eq(weir_runtime_start(rt), 0, "the other end has none at all: %s", weir_runtime_error(rt));
	finish();
}
