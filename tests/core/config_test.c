/* SPDX-License-Identifier: BSD-3-Clause */
/* Every field that will not do is named. */
#include <criterion/criterion.h>
#include <rte_errno.h>

#include "support/stand.h"

#define CONFIG (stand.config)

TestSuite(config, .init = stand_init);

static struct weir_config good;

/* The sentence begins with the field's name. */
static void expect_not_good(const char *field)
{
	const char *wrong = weir_config_check(&CONFIG);

	cr_assert_not_null(wrong, "%s was let through", field);
	cr_assert_eq(strncmp(wrong, field, strlen(field)), 0, "%s: \"%s\"", field, wrong);
	cr_assert_eq(wrong[strlen(field)], ':', "%s: \"%s\"", field, wrong);
	cr_assert_null(weir_core_create(&CONFIG));
	cr_assert_eq(rte_errno, EINVAL);
}

/* And its absence is what makes the rest good. */
static void expect(const char *field)
{
	expect_not_good(field);
	CONFIG = good;
	cr_assert_null(weir_config_check(&CONFIG));
}

#define BAD(field, value)               \
	do {                            \
		CONFIG.field = (value); \
		expect(#field);         \
	} while (0)

static void expect_range(uint32_t first, uint32_t last, uint8_t prefix_len)
{
	CONFIG.ranges[0] = (struct weir_range){ weir_ipv4(first), weir_ipv4(last), prefix_len };
	CONFIG.gateway = (struct weir_address){ 0, 0 };
	expect("ranges");
}

static void expect_gateway(uint32_t address)
{
	CONFIG.gateway = weir_ipv4(address);
	expect("gateway, gateway6");
}

Test(config, the_default_needs_but_a_place)
{
	struct weir_config config;

	weir_config_default(&config);
	memcpy(config.mac, frames_our_mac.bytes, 6);
	config.ranges[0] = (struct weir_range){ weir_ipv4(FRAMES_OURS), weir_ipv4(FRAMES_OURS), 32 };
	config.ranges_count = 1;
	config.pool = stand.pool;
	cr_assert_null(weir_config_check(&config));
}

Test(config, place)
{
	good = CONFIG;
	memset(CONFIG.mac, 0, 6);
	expect("mac");
	CONFIG.mac[0] |= 1;
	expect("mac");
	BAD(mtu, 575);
	BAD(mtu, 9001);
	expect_gateway(FRAMES_OURS);
	expect_gateway(0x0a000100);
	expect_gateway(0x0a0000ff);
	BAD(ranges_count, 0);
	BAD(ranges_count, WEIR_MAX_RANGES + 1);
	BAD(offloads, 8);
	BAD(socket, -2);
	BAD(pool, NULL);
	CONFIG.mtu = 9000; /* more than the pool's buffers hold */
	expect("pool");
}

Test(config, ranges)
{
	good = CONFIG;
	expect_range(0, 5, 24);
	expect_range(0x7f000001, 0x7f000001, 8);
	expect_range(0xe0000001, 0xe0000001, 24);
	expect_range(0x0a000005, 0x0a000004, 24);
	expect_range(0x0a000005, 0x0a000105, 24);
	expect_range(0x0a000000, 0x0a000005, 24);
	expect_range(0x0a000005, 0x0a0000ff, 24);
	expect_range(0x0a000005, 0x0a000006, 33);
	CONFIG.ranges[1] = CONFIG.ranges[0];
	CONFIG.ranges_count = 2;
	expect("ranges");
	CONFIG.ranges[0] = (struct weir_range){ weir_ipv4(0x0a000000), weir_ipv4(0x0a000001), 31 };
	CONFIG.gateway = (struct weir_address){ 0, 0 };
	cr_assert_null(weir_config_check(&CONFIG), "a /31 has two hosts");
}

static struct weir_range range6(uint64_t hi, uint64_t first, uint64_t last, uint8_t prefix_len)
{
	return (struct weir_range){ { hi, first }, { hi, last }, prefix_len };
}

static void expect_range6(struct weir_range range)
{
	CONFIG.ranges[0] = range;
	CONFIG.gateway = (struct weir_address){ 0, 0 };
	expect("ranges");
}

Test(config, ranges_of_ipv6)
{
	const uint64_t fd99 = 0xfd99ull << 48;
	struct weir_range range;

	good = CONFIG;
	expect_range6(range6(fd99, 1, 1, 0));
	expect_range6(range6(fd99, 1, 1, 129));
	expect_range6(range6(fd99, 2, 1, 64));
	expect_range6(range6(fd99, 0, 1, 64)); /* the routers' anycast address (RFC 4291 section 2.6.1) */
	expect_range6(range6(fd99, 1, 0x10001, 112));   /* of two subnets */
	expect_range6(range6(fd99, 1, 1ull << 33, 64)); /* too many */
	expect_range6(range6(0, 2, 2, 64));             /* where IPv4's stand */
	expect_range6(range6(0x2000ull << 48, 1, 1, 2));
	expect_range6(range6(0xff02ull << 48, 1, 1, 64));
	expect_range6(range6(0xfe80ull << 48, 1, 1, 64));
	range = range6(fd99, 1, 1, 48);
	range.last.hi++; /* in the subnet, but not in one /64 */
	expect_range6(range);
	range = range6(fd99, 1, 1, 64);
	range.last = weir_ipv4(0x0a000001);
	expect_range6(range);

	CONFIG.gateway = (struct weir_address){ 0, 0 };
	CONFIG.ranges[1] = range6(fd99, 0, 1, 127);
	CONFIG.ranges_count = 2;
	good = CONFIG;
	cr_assert_null(weir_config_check(&CONFIG), "a /127 has two hosts (RFC 6164), beside IPv4");
	BAD(mtu, 1279);
	CONFIG.gateway6 = weir_ipv4(0x0a0000fe);
	expect("gateway, gateway6");
	CONFIG.gateway6 = CONFIG.ranges[1].last;
	expect("gateway, gateway6");
	CONFIG.gateway6 = (struct weir_address){ fd99 + 1, 1 };
	expect("gateway, gateway6");
	CONFIG.gateway6 = (struct weir_address){ 0xfe80ull << 48, 1 };
	cr_assert_null(weir_config_check(&CONFIG), "a router is known by its link-local address");
	CONFIG.gateway6 = (struct weir_address){ 0, 0 };
	BAD(vlan, 4095);
	BAD(dad_probes, 11);
}

Test(config, sizes)
{
	good = CONFIG;
	BAD(max_connections, 0);
	BAD(max_connections, UINT32_MAX);
	BAD(max_half_open, UINT32_MAX);
	BAD(max_time_wait, UINT32_MAX);
	BAD(max_events, UINT32_MAX);
	BAD(max_extensions, UINT32_MAX);
	BAD(max_send_buffers, UINT32_MAX);
	BAD(max_timers, UINT32_MAX);
	BAD(pages, (enum weir_pages)(WEIR_PAGES_NORMAL + 1));
	BAD(receive_buffers, 1);
	BAD(receive_buffers, 256);
	BAD(send_buffers, 0);
	BAD(send_buffers, 1025);
}

Test(config, times_and_the_rest)
{
	good = CONFIG;
	BAD(msl_ns, 0);
	BAD(msl_ns, UINT64_MAX);
	BAD(rto_initial_ns, good.rto_min_ns - 1);
	BAD(rto_initial_ns, good.rto_max_ns + 1);
	BAD(rto_min_ns, 0);
	BAD(rto_max_ns, 59999999999);
	BAD(rto_max_ns, UINT64_MAX);
	BAD(delayed_ack_ns, 500000000);
	BAD(fin_wait_2_ns, 0);
	BAD(user_timeout_ns, 0);
	BAD(syn_timeout_ns, 0);
	BAD(port_first, 0);
	BAD(port_last, good.port_first - 1);
	BAD(ttl, 0);
	BAD(dscp, 64);
}

Test(config, place_among_the_cores_of_a_port)
{
	uint8_t key[WEIR_RSS_KEY_MAX] = { 1 };
	uint16_t table[4] = { 0, 1, 2, 1 };

	CONFIG.rss.shards = 1;
	cr_assert_null(weir_config_check(&CONFIG));
	good = CONFIG;
	BAD(rss.shard, 1);
	BAD(rss.shards, WEIR_SHARDS_MAX + 1);
	CONFIG.rss = (struct weir_rss){ .habit = WEIR_RSS_FLOW, .shard = 2, .shards = 3 };
	cr_assert_null(weir_config_check(&CONFIG), "key and table need not be given");
	good = CONFIG;
	BAD(rss.shard, 3);
	BAD(rss.habit, (enum weir_rss_habit)(WEIR_RSS_TOEPLITZ + 1));
	CONFIG.rss.key = key;
	CONFIG.rss.key_bytes = WEIR_RSS_KEY_MAX;
	CONFIG.rss.table = table;
	CONFIG.rss.table_size = 4;
	cr_assert_null(weir_config_check(&CONFIG));
	good = CONFIG;
	BAD(rss.key_bytes, 39);
	BAD(rss.key_bytes, WEIR_RSS_KEY_MAX + 1);
	BAD(rss.table_size, 0);
	BAD(rss.table_size, 3);
	BAD(rss.table_size, 2 * WEIR_RSS_TABLE_MAX);
	table[3] = 3;
	expect_not_good("rss.table");
	table[3] = 1;
	cr_assert_null(weir_config_check(&CONFIG));
}

/* Less what a page has to spare; of IPv6 as of more connections it is more. */
Test(config, bytes_are_those_that_a_core_takes)
{
	const struct weir_range ipv6 = { { 0x20010db800000000, 1 }, { 0x20010db800000000, 1 }, 64 };
	uint64_t bytes = 0, before;
	struct weir_stats stats;

	CONFIG.pages = WEIR_PAGES_NORMAL;
	CONFIG.max_connections = 1000;
	for (unsigned i = 0; i < 3; i++) {
		struct weir_core *core = weir_core_create(&CONFIG);

		cr_assert_not_null(core);
		weir_stats(core, &stats);
		before = bytes;
		bytes = weir_config_bytes(&CONFIG);
		cr_expect(stats.memory_bytes >= bytes && stats.memory_bytes < bytes + 4096,
			  "%lu, and %lu taken", bytes, stats.memory_bytes);
		cr_expect_gt(bytes, before + 1000 * 32);
		weir_core_destroy(core);
		if (i == 0)
			CONFIG.max_connections = 3000;
		else
			CONFIG.ranges[CONFIG.ranges_count++] = ipv6;
	}
}
