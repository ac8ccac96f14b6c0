/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of an application's own, beside TCP's: sent by a source, taken by a sink. */
#include <criterion/criterion.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <string.h>

#include "base/clock.h"
#include "support/eal.h"
#include "weir.h"

TestSuite(source, .init = eal_start, .timeout = 60);

#define FRAMES 5000u     /* several times what the wire holds */
#define OWN_TYPE 0x88b5u /* IEEE 802's for local experiments */

struct own_frame {
	struct rte_ether_hdr eth;
	uint8_t reserved[2];
	uint32_t number;
	uint8_t padding[40];
};

struct end {
	struct rte_mempool *pool;
	uint32_t sent, taken, passed;
	bool disorder;
};

static void no_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		   void *arg)
{
	(void)core, (void)events, (void)n, (void)now_ns, (void)arg;
}

static struct rte_mbuf *make(struct end *end)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(end->pool);
	struct own_frame *frame;

	if (m == NULL)
		return NULL;
	m->data_len = sizeof(*frame);
	m->pkt_len = sizeof(*frame);
	frame = rte_pktmbuf_mtod(m, struct own_frame *);
	memset(frame, 0, sizeof(*frame));
	memset(&frame->eth.dst_addr, 0xff, 6);
	frame->eth.ether_type = rte_cpu_to_be_16(OWN_TYPE);
	frame->number = end->sent++;
	return m;
}

static unsigned source(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max, uint64_t now_ns,
		       void *arg)
{
	struct end *end = arg;
	unsigned n = 0;

	(void)core, (void)now_ns;
	while (n < max && end->sent < FRAMES && (mbufs[n] = make(end)) != NULL)
		n++;
	return n;
}

static unsigned sink(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, void *arg)
{
	struct end *end = arg;
	unsigned kept = 0;

	(void)core;
	for (unsigned i = 0; i < n; i++) {
		const struct own_frame *frame = rte_pktmbuf_mtod(mbufs[i], const struct own_frame *);

		if (frame->eth.ether_type != rte_cpu_to_be_16(OWN_TYPE)) {
			mbufs[kept++] = mbufs[i];
			continue;
		}
		end->disorder |= frame->number != end->taken;
		__atomic_store_n(&end->taken, end->taken + 1, __ATOMIC_RELAXED);
		rte_pktmbuf_free(mbufs[i]);
	}
	end->passed += kept;
	return kept;
}

static struct weir_shard_config shard_config(uint32_t address, int lcore, struct end *end)
{
	struct weir_shard_config shard = { .lcore = lcore, .app = no_app, .arg = end };

	weir_config_default(&shard.config);
	shard.config.ranges[0] = (struct weir_range){ weir_ipv4(address), weir_ipv4(address), 24 };
	shard.config.ranges_count = 1;
	shard.config.max_connections = 1000;
	return shard;
}

static uint64_t frames_in(struct weir_runtime *rt, int shard)
{
	struct weir_stats stats;

	weir_stats(weir_runtime_core(rt, shard), &stats);
	return stats.frames_in;
}

Test(source, frames_cross_in_order_and_the_shard_sees_the_others)
{
	struct end ends[2] = { 0 };
	struct weir_shard_config near = shard_config(0x0a000001, 0, &ends[0]);
	struct weir_shard_config far = shard_config(0x0a000002, EAL_WORKER, &ends[1]);
	struct weir_runtime *rt = weir_runtime_create();
	uint64_t until_ns;
	int ports[2];

	cr_assert_not_null(rt);
	ends[0].pool = rte_pktmbuf_pool_create("own", 4095, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(ends[0].pool);
	near.source = source;
	far.sink = sink;
	cr_assert_eq(weir_runtime_wire(rt, ports), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[0], &near), 0, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_shard(rt, ports[1], &far), 1, "%s", weir_runtime_error(rt));
	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	until_ns = weir_now_ns() + 20 * CLOCK_NS_PER_S;
	while (__atomic_load_n(&ends[1].taken, __ATOMIC_RELAXED) < FRAMES && weir_now_ns() < until_ns)
		cr_assert(weir_runtime_poll(rt, weir_now_ns() + CLOCK_NS_PER_MS));
	weir_runtime_stop(rt);
	weir_runtime_join(rt);

	cr_expect_eq(ends[0].sent, FRAMES);
	cr_expect_eq(ends[1].taken, FRAMES);
	cr_expect_not(ends[1].disorder);
	cr_expect_eq(ends[1].passed, 1, "the announcement of the other end's address");
	cr_expect_eq(frames_in(rt, 1), ends[1].passed);
	cr_expect_eq(weir_runtime_destroy(rt), 0);
	cr_expect_eq(rte_mempool_in_use_count(ends[0].pool), 0, "every buffer came back");
	rte_mempool_free(ends[0].pool);
}
