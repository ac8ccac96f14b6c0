/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the runtime that need no shard: clock, choice of lcores, sizes of pools. */
#include <criterion/criterion.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <time.h>

#include "base/clock.h"
#include "run/lcores.h"
#include "run/pool.h"
#include "run/tsc.h"
#include "support/eal.h"
#include "weir.h"

TestSuite(parts, .init = eal_start, .timeout = 60);

static uint64_t kernel_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * CLOCK_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* By how much both clocks disagree over 100 ms, ns. */
static uint64_t disagreement_ns(void)
{
	uint64_t start_ns = weir_now_ns(), kernel_start_ns = kernel_ns();
	struct timespec nap = { .tv_nsec = 100 * CLOCK_NS_PER_MS };
	int64_t difference_ns;

	nanosleep(&nap, NULL);
	difference_ns = (int64_t)(weir_now_ns() - start_ns) - (int64_t)(kernel_ns() - kernel_start_ns);
	return (uint64_t)(difference_ns < 0 ? -difference_ns : difference_ns);
}

/* To 200 millionths; in the best of several tries, since a pause between two readings proves nothing. */
Test(parts, clock_keeps_the_kernels_pace)
{
	uint64_t best_ns = UINT64_MAX;

	for (int i = 0; i < 10 && best_ns > 20000; i++)
		best_ns = RTE_MIN(best_ns, disagreement_ns());
	cr_expect_leq(best_ns, 20000, "%lu ns in 100 ms", (unsigned long)best_ns);
}

Test(parts, clock_does_not_overflow)
{
	uint64_t century_ns = 100ull * 366 * 86400 * CLOCK_NS_PER_S;

	tsc_calibrate();
	cr_expect_float_eq((double)tsc_to_ns(100ull * 366 * 86400 * tsc_hz()), (double)century_ns,
			   1e-8 * century_ns);
}

static uint64_t shared_ns;

/* Takes what the other lcore read last, and counts times that lie before it. */
static int look_back(void *arg)
{
	unsigned *backwards = arg;

	for (int i = 0; i < 200000; i++) {
		uint64_t seen_ns = __atomic_load_n(&shared_ns, __ATOMIC_ACQUIRE);
		/* Precise: a plain reading may be taken before the load above has its value. */
		uint64_t now_ns = tsc_to_ns(rte_rdtsc_precise());

		*backwards += now_ns < seen_ns;
		__atomic_store_n(&shared_ns, now_ns, __ATOMIC_RELEASE);
	}
	return 0;
}

Test(parts, clock_is_one_for_all_lcores)
{
	unsigned backwards[2] = { 0 };

	tsc_calibrate();
	cr_assert_eq(rte_eal_remote_launch(look_back, &backwards[1], EAL_WORKER), 0);
	look_back(&backwards[0]);
	rte_eal_wait_lcore(EAL_WORKER);
	cr_expect_eq(backwards[0] + backwards[1], 0);
}

Test(parts, lcores_by_load_then_workers_first)
{
	unsigned loads[RTE_MAX_LCORE] = { 0 };
	unsigned main_lcore = rte_get_main_lcore();

	/* Nodes that exist, none, and one that nobody has heard of. */
	for (int socket = -1; socket < 70; socket += socket < 1 ? 1 : 68) {
		loads[main_lcore] = loads[EAL_WORKER] = 0;
		cr_expect_eq(lcores_choose(socket, loads), EAL_WORKER);
		loads[EAL_WORKER] = 1;
		cr_expect_eq(lcores_choose(socket, loads), main_lcore);
		loads[main_lcore] = 1;
		cr_expect_eq(lcores_choose(socket, loads), EAL_WORKER);
	}
}

Test(parts, pools_cover_what_must_be_held_and_stay_in_bounds)
{
	struct port port = {
		.rx_descriptors = 1024, .tx_descriptors = 512, .mtu = 1500, .socket = SOCKET_ID_ANY
	};
	struct weir_config config = { .max_connections = 0, .receive_buffers = 4 };
	uint32_t least = pool_size(&port, &config), most;
	struct rte_mempool *pool;
	struct why why;

	cr_expect_geq(least, 1024 + 512 + 2 * BURST_FRAMES);
	config.max_connections = 100;
	cr_expect_eq(pool_size(&port, &config), least + 2 * (100 + 4 * 100));
	cr_expect_eq(pool_held(&port, pool_size(&port, &config)), 2 * (100 + 4 * 100),
		     "rings find theirs, whatever applications hold");
	cr_expect_eq(pool_held(&port, 1000), 250, "there are too few for all rings");
	config.max_connections = 10000000;
	most = pool_size(&port, &config);
	port.queues = 4;
	cr_expect_eq(pool_size(&port, &config), most / 4, "queues of a port share what it may have");
	port.queues = 1;
	pool = pool_create(&port, most, &why);
	cr_assert_not_null(pool, "%s", why.text);
	cr_expect_leq((uint64_t)most * (pool->elt_size + pool->header_size + pool->trailer_size), POOL_BYTES);
	cr_expect_eq(pool_missing(pool), 0);
	rte_mempool_free(pool);
}

Test(parts, jumbo_frames_fit_one_buffer)
{
	struct port port = {
		.rx_descriptors = 512, .tx_descriptors = 512, .mtu = 9000, .socket = SOCKET_ID_ANY
	};
	struct rte_mempool *pool;
	struct rte_mbuf *m;
	struct why why;

	pool = pool_create(&port, 1023, &why);
	cr_assert_not_null(pool, "%s", why.text);
	m = rte_pktmbuf_alloc(pool);
	cr_expect_geq(rte_pktmbuf_tailroom(m), 9000 + 14 + 8 + 4);
	cr_expect_eq(pool_missing(pool), 1);
	rte_pktmbuf_free(m);
	rte_mempool_free(pool);
}

Test(parts, too_little_memory_is_said)
{
	struct port port = { .mtu = 9000, .socket = SOCKET_ID_ANY, .name = "net_null0" };
	struct why why;

	cr_expect_null(pool_create(&port, 1000000, &why));
	cr_expect_not_null(strstr(why.text, "net_null0"), "%s", why.text);
	cr_expect_not_null(strstr(why.text, "-m"), "%s", why.text);
}
