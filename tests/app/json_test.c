/* SPDX-License-Identifier: BSD-3-Clause */
#include "json.h"

#include <criterion/criterion.h>

/* What scripts rely on: docs/cli.md. A key may be added here, never taken away. */
static const char *const keys[] = {
	"seconds",    "connections", "cps",
	"rps",        "bytes_rx",    "bytes_tx",
	"packets_rx", "packets_tx",  "retransmits",
	"latency_us", "failures",    "drops",
	"cookies",    "states",      "cycles_per_packet",
	"memory",     "mbufs",       "listeners_defending",
	"families",
};

static json_t *at(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	cr_assert_not_null(value, "no key %s", key);
	return value;
}

static json_int_t integer(json_t *object, const char *key)
{
	json_t *value = at(object, key);

	cr_assert(json_is_integer(value), "%s is no whole number", key);
	return json_integer_value(value);
}

static struct figures figures = {
	.seconds = 9.87654321,
	.attempted = 100,
	.established = 90,
	.closed = 80,
	.failed = 11,
	.open = 5,
	.half_open = 4,
	.time_wait = 70,
	.cps = 8.1,
	.failures = { 2, { { "reset", 10 }, { "timeout", 1 } } },
	.drops = { 1, { { "tcp_csum", 3 } } },
	.cookies_sent = 21,
	.cookies_accepted = 7,
	.cookies_rejected = 5,
	.defending = 1 << 15 | 1,
	.states = { [WEIR_SYN_SENT] = 4, [WEIR_TIME_WAIT] = 70 },
	.families = { [TALLY_IPV4] = { 60, 55, 50 }, [TALLY_IPV6] = { 40, 35, 30 } },
	.bytes_hot = 76.25,
	.bytes_pair = 32,
	.hugepage_bytes = 1 << 21,
	.mbufs_taken = 1234,
	.mbufs_returned = 1233,
};

Test(json, every_key_is_there)
{
	json_t *object = json_figures(&figures);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		at(object, keys[i]);
	json_decref(object);
}

Test(json, connections_and_reasons)
{
	json_t *object = json_figures(&figures), *connections = at(object, "connections");

	cr_expect_eq(integer(connections, "attempted"), 100);
	cr_expect_eq(integer(connections, "established"), 90);
	cr_expect_eq(integer(connections, "closed"), 80);
	cr_expect_eq(integer(connections, "failed"), 11);
	cr_expect_eq(integer(connections, "open"), 5);
	cr_expect_eq(integer(connections, "half_open"), 4);
	cr_expect_eq(integer(connections, "time_wait"), 70);
	cr_expect_eq(integer(at(object, "failures"), "reset"), 10);
	cr_expect_eq(integer(at(object, "failures"), "timeout"), 1);
	cr_expect_eq(json_object_size(at(object, "failures")), 2);
	cr_expect_eq(integer(at(object, "drops"), "tcp_csum"), 3);
	cr_expect_eq(integer(at(object, "cookies"), "sent"), 21);
	cr_expect_eq(integer(at(object, "cookies"), "accepted"), 7);
	cr_expect_eq(integer(at(object, "cookies"), "rejected"), 5);
	cr_expect_eq(integer(object, "listeners_defending"), 2);
	cr_expect_eq(integer(at(object, "mbufs"), "taken"), 1234);
	cr_expect_eq(integer(at(object, "mbufs"), "returned"), 1233);
	json_decref(object);
}

Test(json, shards_apart)
{
	json_t *object, *shards, *shard;

	figures.handed_over = 9;
	figures.shards_count = 2;
	figures.shards[0] = (struct sample_shard){ .port = "a" };
	figures.shards[1] = (struct sample_shard){ .port = "b",
						   .queue = 1,
						   .lcore = 4,
						   .frames_in = 10,
						   .frames_out = 11,
						   .established = 3,
						   .handed_over = 9 };
	object = json_figures(&figures);
	shards = at(object, "shards");
	cr_assert_eq(json_array_size(shards), 2);
	shard = json_array_get(shards, 1);
	cr_expect_str_eq(json_string_value(at(shard, "port")), "b");
	cr_expect_eq(integer(shard, "queue"), 1);
	cr_expect_eq(integer(shard, "lcore"), 4);
	cr_expect_eq(integer(shard, "packets_rx"), 10);
	cr_expect_eq(integer(shard, "packets_tx"), 11);
	cr_expect_eq(integer(shard, "established"), 3);
	cr_expect_eq(integer(shard, "handed_over"), 9);
	cr_expect_eq(integer(object, "handed_over"), 9);
	json_decref(object);
}

Test(json, families_apart)
{
	json_t *object = json_figures(&figures), *families = at(object, "families");

	cr_expect_eq(json_object_size(families), 2);
	cr_expect_eq(integer(at(families, "ipv4"), "attempted"), 60);
	cr_expect_eq(integer(at(families, "ipv4"), "established"), 55);
	cr_expect_eq(integer(at(families, "ipv4"), "closed"), 50);
	cr_expect_eq(integer(at(families, "ipv6"), "attempted"), 40);
	cr_expect_eq(integer(at(families, "ipv6"), "established"), 35);
	cr_expect_eq(integer(at(families, "ipv6"), "closed"), 30);
	json_decref(object);
}

Test(json, latencies_are_microseconds)
{
	static const char *const names[] = { "connect", "first_byte", "request", "close" };
	json_t *object, *latency;

	figures.latency[LATENCY_REQUEST] = (struct percentiles){
		.count = 9, .p50 = 1500, .p90 = 2000, .p99 = 3000, .p999 = 4000, .max = 5001
	};
	object = json_figures(&figures);
	latency = at(object, "latency_us");
	for (unsigned i = 0; i < 4; i++) {
		at(at(latency, names[i]), "p50");
		at(at(latency, names[i]), "p90");
		at(at(latency, names[i]), "p99");
		at(at(latency, names[i]), "p999");
		at(at(latency, names[i]), "max");
	}
	cr_expect_float_eq(json_real_value(at(at(latency, "request"), "p50")), 1.5, 1e-9);
	cr_expect_float_eq(json_real_value(at(at(latency, "request"), "max")), 5.001, 1e-9);
	cr_expect_eq(integer(at(latency, "request"), "count"), 9);
	cr_expect_eq(integer(at(latency, "connect"), "count"), 0);
	json_decref(object);
}

Test(json, all_eleven_states_and_the_memory)
{
	json_t *object = json_figures(&figures), *states = at(object, "states"),
	       *memory = at(object, "memory");

	cr_expect_eq(json_object_size(states), 11);
	cr_expect_eq(integer(states, "SYN-SENT"), 4);
	cr_expect_eq(integer(states, "TIME-WAIT"), 70);
	cr_expect_eq(integer(states, "CLOSE-WAIT"), 0);
	cr_expect_float_eq(json_real_value(at(at(memory, "bytes_per_connection"), "hot")), 76.25, 1e-9);
	cr_expect_float_eq(json_real_value(at(at(memory, "bytes_per_connection"), "ipv6")), 32, 1e-9);
	at(at(memory, "bytes_per_connection"), "half_open");
	at(at(memory, "bytes_per_connection"), "time_wait");
	at(at(memory, "bytes_per_connection"), "extension");
	cr_expect_eq(integer(memory, "hugepage_bytes"), 1 << 21);
	json_decref(object);
}
