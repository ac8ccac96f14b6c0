/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two shards at work on two lcores write no cache line that the other one writes or reads: but frames and the
 * ring between them, which are there to be passed on, and the rings of pools, which DPDK's caches go to once
 * in a few bursts.
 *
 * Once by where things are, as the code has it; and once by looking at all memory of this process that may be
 * written, before and after turns of one shard and of the other.
 */
#include <criterion/criterion.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "core/core.h"
#include "core/payload_mbuf.h"
#include "run/runtime.h"
#include "support/eal.h"
#include "weir.h"

TestSuite(lines, .init = eal_start, .timeout = 60);

#define LINE 64u
#define PAGE 4096u
#define PORT 80
#define AT_ONCE 8u
#define BUFFERS 4096
#define LAPS 150
#define SHARDS 2
#define EVERYBODY SHARDS /* owns what both read, and neither may write */
#define REGIONS_MAX 64
#define PAGES_MAX 65536
#define RANGES_MAX 256

static const unsigned lcores[SHARDS] = { 0, EAL_WORKER };

/* What an application has of its own is its own affair; these keep apart. */
static struct app {
	uint32_t open, closed;
	int message;
} apps[SHARDS][LINE / 4] __rte_aligned(LINE);

static void client_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct weir_endpoint server = { .address = weir_ipv4(0x0a000002), .port = PORT };
	struct app *app = arg;
	weir_conn conn;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		if (events[i].what & WEIR_EV_OPENED)
			weir_send_static(core, events[i].conn, app->message);
		weir_release(core, events[i].conn, events[i].payload);
		if (events[i].what & WEIR_EV_FIN)
			weir_close(core, events[i].conn);
		if (events[i].what & WEIR_EV_CLOSED) {
			app->open--;
			app->closed++;
		}
	}
	for (; app->open < (app->closed == 0 ? 1 : AT_ONCE); app->open++)
		if (weir_connect(core, (struct weir_endpoint){ 0 }, server, 0, &conn) != 0)
			return;
}

static void server_app(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		       void *arg)
{
	struct app *app = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		if (!(events[i].what & WEIR_EV_DATA))
			continue;
		weir_release(core, events[i].conn, events[i].payload);
		weir_send_static(core, events[i].conn, app->message);
		weir_close(core, events[i].conn);
	}
}

static struct weir_runtime *rt;

static void add_shard(unsigned shard, int port)
{
	struct weir_address address = weir_ipv4(0x0a000001 + shard);
	struct weir_shard_config config = {
		.lcore = (int)lcores[shard],
		.app = shard == 0 ? client_app : server_app,
		.arg = &apps[shard],
		.mbufs = BUFFERS,
	};

	weir_config_default(&config.config);
	config.config.ranges[0] = (struct weir_range){ address, address, 24 };
	config.config.ranges_count = 1;
	config.config.max_connections = 64;
	config.config.msl_ns = CLOCK_NS_PER_MS;
	cr_assert_eq(weir_runtime_shard(rt, port, &config), (int)shard, "%s", weir_runtime_error(rt));
	apps[shard]->message = weir_static(weir_runtime_core(rt, (int)shard), "message", 7);
}

/*
 * Both have run on their lcores, and stand still now:
 * with ports started, and everything touched that ever is.
 */
static void stand_still(void)
{
	int ports[2];

	rt = weir_runtime_create();
	cr_assert_eq(weir_runtime_wire(rt, ports), 0, "%s", weir_runtime_error(rt));
	add_shard(0, ports[0]);
	add_shard(1, ports[1]);
	cr_assert_geq(weir_listen(weir_runtime_core(rt, 1), (struct weir_endpoint){ .port = PORT }, 0), 0);
	cr_assert_eq(weir_runtime_start(rt), 0, "%s", weir_runtime_error(rt));
	weir_runtime_poll(rt, weir_now_ns() + 300 * CLOCK_NS_PER_MS);
	weir_runtime_stop(rt);
	weir_runtime_join(rt);
	cr_assert_gt(apps[0]->closed, 100);
}

static struct region {
	const char *name;
	uintptr_t first, last; /* lines */
	unsigned owner;        /* a shard, or EVERYBODY */
} regions[REGIONS_MAX];
static unsigned regions_count;

static void add_region(const char *name, unsigned owner, const void *base, size_t bytes)
{
	uintptr_t first = (uintptr_t)base;

	cr_assert_lt(regions_count, REGIONS_MAX);
	regions[regions_count++] = (struct region){ name, first / LINE, (first + bytes - 1) / LINE, owner };
}

/* What the code knows a shard to write or read that runs on its lcore. */
static void list_regions(void)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		const struct runner *runner = &rt->runners[i];

		add_region("group of loops", i, &rt->groups[lcores[i]], sizeof(rt->groups[0]));
		add_region("loop", i, runner->loop, sizeof(*runner->loop));
		add_region("core", i, runner->core->memory.base, runner->core->memory.bytes);
		for (unsigned pool = 0; pool < SHARDS; pool++)
			add_region("cache of a pool", i, &rt->runners[pool].pool->local_cache[lcores[i]],
				   sizeof(struct rte_mempool_cache));
		add_region("application", i, &apps[i], sizeof(apps[i]));
		add_region("port", EVERYBODY, runner->port, sizeof(*runner->port));
		add_region("pool", EVERYBODY, runner->pool, offsetof(struct rte_mempool, mem_list));
	}
	add_region("stop", EVERYBODY, &rt->stop, sizeof(rt->stop));
	add_region("where counters are", EVERYBODY, &payload_mbuf_field_at, sizeof(payload_mbuf_field_at));
}

Test(lines, two_shards_have_none_in_common)
{
	stand_still();
	list_regions();
	for (unsigned i = 0; i < regions_count; i++) {
		for (unsigned k = 0; k < i; k++) {
			const struct region *a = &regions[i], *b = &regions[k];

			if (a->owner != b->owner)
				cr_expect(a->last < b->first || b->last < a->first,
					  "%s of %u and %s of %u share a line", a->name, a->owner, b->name,
					  b->owner);
		}
	}
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}

/* ------------------------------------------------------------------------------------------- *
 * All memory, before and after
 * ------------------------------------------------------------------------------------------- */

struct range {
	uintptr_t start, end;
};

/* What is passed on, or is shared on purpose, or is the test's own. */
static struct range left_out[RANGES_MAX];
static unsigned left_out_count;

static void leave_out(const void *base, size_t bytes)
{
	cr_assert_lt(left_out_count, RANGES_MAX);
	left_out[left_out_count++] = (struct range){ (uintptr_t)base, (uintptr_t)base + bytes };
}

static void leave_out_chunk(struct rte_mempool *pool, void *arg, struct rte_mempool_memhdr *chunk, unsigned i)
{
	(void)pool, (void)arg, (void)i;
	leave_out(chunk->addr, chunk->len);
}

static bool is_left_out(uintptr_t line)
{
	for (unsigned i = 0; i < left_out_count; i++)
		if (line + LINE > left_out[i].start && line < left_out[i].end)
			return true;
	return false;
}

struct page {
	uint8_t *at;
	uint64_t written[SHARDS + 1]; /* lines, a bit each, by whom; the last: by the test itself */
};

static struct page pages[PAGES_MAX];
static unsigned pages_count;
static uint8_t *copies; /* of pages, in their order */

static void add_pages(uintptr_t start, uintptr_t end)
{
	static unsigned char resident[PAGES_MAX];

	for (uintptr_t at = start; at < end; at += (uintptr_t)PAGE * PAGES_MAX) {
		uintptr_t bytes = RTE_MIN(end - at, (uintptr_t)PAGE * PAGES_MAX);

		if (mincore((void *)at, bytes, resident) != 0) // NOLINT(performance-no-int-to-ptr)
			return;
		for (uintptr_t i = 0; i < bytes / PAGE; i++) {
			uintptr_t page = at + i * PAGE;

			if (!(resident[i] & 1) || (is_left_out(page) && is_left_out(page + PAGE - LINE)))
				continue;
			cr_assert_lt(pages_count, PAGES_MAX);
			pages[pages_count++].at = (uint8_t *)page; // NOLINT(performance-no-int-to-ptr)
		}
	}
}

static void find_pages(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t start, end;
	char line[512];

	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		char flags[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, flags) != 3)
			continue;
		if (flags[0] == 'r' && flags[1] == 'w' && strstr(line, "[stack]") == NULL)
			add_pages(start, end);
	}
	fclose(maps);
	copies = mmap(NULL, (size_t)pages_count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	cr_assert_neq(copies, MAP_FAILED);
	for (unsigned i = 0; i < pages_count; i++)
		memcpy(copies + (size_t)i * PAGE, pages[i].at, PAGE);
}

/* Which lines have changed since the last time is put down to `who`. */
static void note_changes(unsigned who)
{
	for (unsigned i = 0; i < pages_count; i++) {
		uint8_t *copy = copies + (size_t)i * PAGE;

		if (memcmp(copy, pages[i].at, PAGE) == 0)
			continue;
		for (unsigned line = 0; line < PAGE / LINE; line++)
			if (memcmp(copy + line * LINE, pages[i].at + line * LINE, LINE) != 0)
				pages[i].written[who] |= 1ull << line;
		memcpy(copy, pages[i].at, PAGE);
	}
}

static int lap(void *group)
{
	if (group != NULL)
		loop_lap(group, rte_rdtsc(), UINT64_MAX);
	return 0;
}

/* NULL: nobody's, so that what is written is the test's own, and that of starting an lcore. */
static void take_turns(struct loop_group *first, struct loop_group *second, const unsigned who[SHARDS])
{
	lap(first);
	note_changes(who[0]);
	cr_assert_eq(rte_eal_remote_launch(lap, second, lcores[1]), 0);
	rte_eal_wait_lcore(lcores[1]);
	note_changes(who[1]);
}

static const struct region *region_of(uintptr_t line)
{
	for (unsigned i = 0; i < regions_count; i++)
		if (line / LINE >= regions[i].first && line / LINE <= regions[i].last)
			return &regions[i];
	return NULL;
}

static void judge(uintptr_t at, bool by_first, bool by_second)
{
	const struct region *region = region_of(at);
	const char *name = region != NULL ? region->name : "nobody knows what";

	cr_expect_not(by_first && by_second, "both write %#lx: %s", at, name);
	if (region == NULL)
		return;
	cr_expect_not(by_first && region->owner != 0, "0 writes %s of %u", name, region->owner);
	cr_expect_not(by_second && region->owner != 1, "1 writes %s of %u", name, region->owner);
}

static unsigned judge_all(void)
{
	unsigned written = 0;

	for (unsigned i = 0; i < pages_count; i++) {
		for (unsigned line = 0; line < PAGE / LINE; line++) {
			uintptr_t at = (uintptr_t)pages[i].at + (uintptr_t)line * LINE;
			bool by_first = pages[i].written[0] >> line & 1;
			bool by_second = pages[i].written[1] >> line & 1;

			if ((!by_first && !by_second) || is_left_out(at) ||
			    (pages[i].written[SHARDS] >> line & 1))
				continue;
			written++;
			judge(at, by_first, by_second);
		}
	}
	return written;
}

Test(lines, a_turn_writes_none_of_the_other_shards)
{
	const unsigned nobody[SHARDS] = { SHARDS, SHARDS }, each[SHARDS] = { 0, 1 };
	uint32_t closed;

	stand_still();
	list_regions();
	for (unsigned i = 0; i < SHARDS; i++) {
		struct rte_mempool *pool = rt->runners[i].pool;
		const struct rte_ring *ring = pool->pool_data;

		rte_mempool_mem_iter(pool, leave_out_chunk, NULL);
		leave_out(ring, rte_ring_get_memsize(ring->size));
	}
	leave_out(pages, sizeof(pages));
	find_pages();
	for (unsigned i = 0; i < 3; i++)
		take_turns(NULL, NULL, nobody);
	closed = apps[0]->closed;
	for (unsigned i = 0; i < LAPS; i++)
		take_turns(&rt->groups[lcores[0]], &rt->groups[lcores[1]], each);
	cr_expect_gt(apps[0]->closed, closed + AT_ONCE, "they were at work");
	/* A record of either shard, counters, the loop, its group, its application, the ring's ends... */
	cr_expect_gt(judge_all(), 100, "and what they wrote was seen");
	cr_expect_eq(weir_runtime_destroy(rt), 0);
}
