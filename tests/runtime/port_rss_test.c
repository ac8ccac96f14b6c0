/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows from a driver's answers about RSS, and net_null, which takes key and table, asked for real. */
#include <criterion/criterion.h>
#include <errno.h>
#include <rte_ethdev.h>
#include <string.h>

#include "nic/nic.h"
#include "support/eal.h"
#include "support/mbufs.h"

static struct port_rss_wish wish;
static struct port_rss_answers answers;
static struct port_rss rss;
static struct port_rss_key key;
static struct why why;

/* A driver that says all, of a port with three queues. */
static void good_answers(void)
{
	answers = (struct port_rss_answers){ .driver = "net_fine", .queues = 3, .hashes_tcp = true };
	cr_assert_eq(port_rss_key(&answers.key, &wish, 52, "fine", &why), 0);
	answers.table.count = 512;
	for (unsigned i = 0; i < 512; i++)
		answers.table.queues[i] = (uint16_t)(i % 3);
}

TestSuite(port_rss, .init = good_answers, .timeout = 60);

static void expect(enum weir_rss_habit habit, unsigned key_bytes, unsigned table)
{
	port_rss_judge(&rss, &wish, &answers);
	cr_expect_eq(rss.habit, habit, "%u", rss.habit);
	cr_expect_eq(rss.key.count, key_bytes, "%u", rss.key.count);
	cr_expect_eq(rss.table.count, table, "%u", rss.table.count);
}

Test(port_rss, what_can_be_read_is_reckoned_with)
{
	answers.key.bytes[7] = 0x77;
	answers.table.queues[9] = 2;
	expect(WEIR_RSS_TOEPLITZ, 52, 512);
	cr_expect_eq(memcmp(&rss.key, &answers.key, sizeof(rss.key)), 0);
	cr_expect_eq(memcmp(&rss.table, &answers.table, sizeof(rss.table)), 0);
}

Test(port_rss, what_makes_no_sense_is_not)
{
	answers.table.queues[511] = 3;
	expect(WEIR_RSS_FLOW, 0, 0);
	good_answers();
	answers.table.count = 0;
	expect(WEIR_RSS_FLOW, 0, 0);
	answers.table.count = 384;
	expect(WEIR_RSS_FLOW, 0, 0);
	good_answers();
	answers.key.count = 0;
	expect(WEIR_RSS_FLOW, 0, 0);
	answers.key.count = 39;
	expect(WEIR_RSS_FLOW, 0, 0);
	answers.key = (struct port_rss_key){ .count = 40 };
	expect(WEIR_RSS_FLOW, 0, 0);
	good_answers();
	answers.hashes_tcp = false;
	expect(WEIR_RSS_ANY, 0, 0);
}

Test(port_rss, drivers_that_say_nothing_have_their_habits)
{
	static const struct {
		const char *driver;
		enum weir_rss_habit habit;
	} cases[] = {
		{ "net_tap", WEIR_RSS_FLOW },        { "net_af_packet", WEIR_RSS_ANY },
		{ "net_memif", WEIR_RSS_ANY },       { "net_vhost", WEIR_RSS_ANY },
		{ "net_virtio_user", WEIR_RSS_ANY }, { "net_ring", WEIR_RSS_ANY },
		{ "net_nosuch", WEIR_RSS_ANY },
	};

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		answers = (struct port_rss_answers){ .driver = cases[i].driver, .queues = 2 };
		port_rss_judge(&rss, &wish, &answers);
		cr_expect_eq(rss.habit, cases[i].habit, "%s", cases[i].driver);
	}
}

Test(port_rss, what_was_asked_for_goes_first)
{
	static const uint8_t own[40] = { 1, 2, 3 };

	wish.rss = WEIR_PORT_RSS_ANY;
	expect(WEIR_RSS_ANY, 0, 0);
	wish.rss = WEIR_PORT_RSS_FLOW;
	expect(WEIR_RSS_FLOW, 0, 0);
	wish.rss = WEIR_PORT_RSS_TOEPLITZ;
	expect(WEIR_RSS_TOEPLITZ, 52, 512);
	answers = (struct port_rss_answers){ .driver = "net_mute", .queues = 3 };
	expect(WEIR_RSS_TOEPLITZ, 0, 0);
	wish.key = own;
	wish.key_bytes = sizeof(own);
	expect(WEIR_RSS_TOEPLITZ, sizeof(own), 0);
	cr_expect_eq(memcmp(rss.key.bytes, own, sizeof(own)), 0);
	wish.rss = WEIR_PORT_RSS_ANY;
	expect(WEIR_RSS_ANY, sizeof(own), 0);
}

Test(port_rss, keys_are_as_long_as_the_drivers)
{
	static const uint8_t own[40] = { 1 };
	static const uint8_t sizes[] = { 0, 40, 52 };

	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		cr_expect_eq(port_rss_key(&key, &wish, sizes[i], "p", &why), 0);
		cr_expect_eq(key.count, sizes[i] != 0 ? sizes[i] : 40);
		for (unsigned j = 2; j < key.count; j++)
			cr_expect_eq(key.bytes[j], key.bytes[j - 2], "the same for both directions");
	}
	cr_expect_eq(port_rss_key(&key, &wish, 128, "p", &why), 0);
	cr_expect_eq(key.count, 0, "the driver's own");

	wish = (struct port_rss_wish){ .key = own, .key_bytes = sizeof(own) };
	cr_expect_eq(port_rss_key(&key, &wish, 40, "p", &why), 0);
	cr_expect_eq(memcmp(key.bytes, own, sizeof(own)), 0);
	cr_expect_eq(port_rss_key(&key, &wish, 52, "nic7", &why), -EINVAL);
	cr_expect_not_null(strstr(why.text, "nic7"), "%s", why.text);
	cr_expect_not_null(strstr(why.text, "52"), "%s", why.text);
}

/* Also where no driver is asked for its keys' length: of one queue, and without RSS. */
Test(port_rss, keys_that_nobody_has)
{
	static const uint8_t own[UINT8_MAX] = { 1 };
	static const uint8_t sizes[] = { 0, 39, WEIR_RSS_KEY_MAX + 1, UINT8_MAX };
	struct port_options options = { .queues = 1 };
	struct port port;

	eal_start();
	for (unsigned i = 0; i < 2 * RTE_DIM(sizes); i++) {
		options.device = i % 2 == 0 ? "net_null0" : "net_ring0";
		options.queues = (uint16_t)(1 + i % 2);
		options.rss = (struct port_rss_wish){ .key = own, .key_bytes = sizes[i / 2] };
		why.text[0] = '\0';
		cr_expect_eq(port_open(&port, &options, &why), -EINVAL, "%u bytes", sizes[i / 2]);
		cr_expect_not_null(strstr(why.text, "40 to 52"), "%s", why.text);
	}
	options.rss.key_bytes = WEIR_RSS_KEY_MAX;
	cr_assert_eq(port_open(&port, &options, &why), 0, "%s", why.text);
	port_close(&port);
}

Test(port_rss, tcp_by_its_ports_or_nothing)
{
	cr_expect_eq(port_rss_types(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6), 0);
	cr_expect_eq(port_rss_types(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP),
		     RTE_ETH_RSS_NONFRAG_IPV4_TCP);
	cr_expect_eq(port_rss_types(UINT64_MAX) & (RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_IPV6_TCP_EX), 0);
}

static void open_queues(struct port *port, const char *device, uint16_t queues)
{
	struct port_options options = { .device = device, .queues = queues, .rss = wish };

	cr_assert_eq(port_open(port, &options, &why), 0, "%s", why.text);
}

static void expect_in_turn(const struct port *port)
{
	cr_assert_neq(port->rss.table.count, 0);
	for (unsigned i = 0; i < port->rss.table.count; i++)
		cr_expect_eq(port->rss.table.queues[i], i % port->queues);
}

/* Its driver takes a key only once it is started, and its table is all zeros until somebody writes it. */
Test(port_rss, null_device_is_asked_and_told)
{
	static uint8_t own[40] = { 0x11, 0x22, 0x33 };
	struct rte_mempool *pools[3], *pool;
	struct port port;

	eal_start();
	pool = mbufs_pool(8191);
	pools[0] = pools[1] = pools[2] = pool;
	for (int i = 0; i < 2; i++) {
		open_queues(&port, "net_null0", 3);
		cr_expect_eq(port.rss.habit, WEIR_RSS_TOEPLITZ);
		cr_expect_eq(port.rss.key.count, 40);
		cr_expect_eq(port.rss.key.bytes[0], wish.key != NULL ? 0x11 : 0x6d);
		expect_in_turn(&port);
		cr_assert_eq(port_start(&port, pools, &why), 0, "%s", why.text);
		cr_expect_eq(port.rss.habit, WEIR_RSS_TOEPLITZ, "as at the look");
		cr_expect_null(port.look_pool);
		port_close(&port);
		cr_expect_eq(pool_missing(pool), 0);
		wish = (struct port_rss_wish){ .key = own, .key_bytes = sizeof(own) };
	}
}

Test(port_rss, one_queue_and_drivers_without_rss_are_not_asked)
{
	struct port port;

	eal_start();
	open_queues(&port, "net_null0", 1);
	cr_expect_eq(port.rss_types, 0);
	port_close(&port);
	open_queues(&port, "net_ring0", 2);
	cr_expect_eq(port.rss_types, 0);
	cr_expect_eq(port.rss.habit, WEIR_RSS_ANY);
	port_close(&port);
	wish.rss = WEIR_PORT_RSS_TOEPLITZ;
	open_queues(&port, "net_ring0", 2);
	cr_expect_eq(port.rss.habit, WEIR_RSS_TOEPLITZ);
	cr_expect_eq(port.rss.key.count + port.rss.table.count, 0, "weir's own");
	port_close(&port);
}
