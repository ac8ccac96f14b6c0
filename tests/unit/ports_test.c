/* SPDX-License-Identifier: BSD-3-Clause */
/* Choosing local ports: RFC 6056 algorithm 4. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/addresses.h"
#include "tcp/isn.h"
#include "tcp/ports.h"
#include "tcp/records.h"

#define LOCAL 0x0a000001u

static struct counters counters;
static bool is6;

/* A test that runs for each family. */
#define PORTS(name)                     \
	static void ports_##name(void); \
	Test(ports, name)               \
	{                               \
		is6 = false;            \
		ports_##name();         \
		is6 = true;             \
		ports_##name();         \
	}                               \
	static void ports_##name(void)

static struct tcp *make(uint16_t first, uint16_t last, uint64_t secret)
{
	struct weir_config config;
	struct tcp_secrets secrets = { .ports = { secret, 6 } };

	counters = (struct counters){ 0 };
	weir_config_default(&config);
	config.max_connections = 4096;
	config.port_first = first;
	config.port_last = last;
	config.ranges[0].first = config.ranges[0].last = numbered_address(is6, LOCAL);
	config.ranges_count = 1;
	size_t bytes = tcp_footprint(&config);
	void *memory = aligned_alloc(64, bytes);

	memset(memory, 0, bytes);
	return tcp_create(memory, &config, &secrets, &counters, 0);
}

static struct pair pair_to(uint32_t peer)
{
	return (struct pair){ numbered_address(is6, LOCAL), numbered_address(is6, peer) };
}

static struct tuple towards(const struct tcp *tcp, uint32_t peer)
{
	struct pair pair = pair_to(peer);

	return tcp_tuple(tcp, &pair, 0, 80);
}

/* Chooses a port; `take`: and puts a connection there. */
static int choose(struct tcp *tcp, uint32_t peer, bool take)
{
	struct claim claim = { .pair = pair_to(peer), .tuple.rport = 80 };
	int err = ports_choose(tcp, &claim);

	if (err != 0)
		return err;
	cr_assert_eq(claim.found, REF_NONE);
	cr_assert_eq(claim.hash, tcp_hash(tcp, &claim.tuple));
	if (take) {
		struct pair pair = pair_to(peer);
		struct tcb *tcb = tcb_take(tcp, &claim.tuple, &pair);

		cr_assert(conn_table_insert(&tcp->table, claim.hash, ref_make(REF_HOT, tcb_slot(tcp, tcb))));
	}
	return claim.tuple.lport;
}

PORTS(one_destination_gets_every_port_in_turn)
{
	struct tcp *tcp = make(2000, 2999, 5);
	int before = choose(tcp, 7, true);

	for (unsigned i = 1; i < 1000; i++) {
		int port = choose(tcp, 7, true);

		cr_assert_eq(port, before == 2999 ? 2000 : before + 1);
		before = port;
	}
	cr_assert_eq(choose(tcp, 7, true), -EADDRNOTAVAIL);
	cr_assert_eq(count_get(&counters, COUNT_ports_exhausted), 1);
	cr_assert_gt(choose(tcp, 8, true), 0);
	free(tcp);
}

static void expect_first(struct tcp *tcp, uint32_t peer, unsigned n)
{
	struct weir_address locals[PORTS_EXPECTED];

	for (unsigned i = 0; i < n; i++)
		locals[i] = numbered_address(is6, LOCAL);
	ports_expect(tcp, locals, n, (struct weir_endpoint){ numbered_address(is6, peer), 80 });
}

/* What is expected and comes has the port that it would have had anyhow; what comes instead, too. */
PORTS(expected_or_not_ports_are_the_same)
{
	struct tcp *one = make(2000, 2999, 5), *other = make(2000, 2999, 5);

	expect_first(one, 7, 4);
	for (unsigned i = 0; i < 4; i++) {
		struct pair pair = pair_to(7);

		cr_assert(ports_expected(one));
		const struct claim *claim = ports_next(one);

		cr_assert_not_null(claim);
		cr_assert(pair_equal(&claim->pair, &pair));
		cr_assert_eq(claim->found, REF_NONE);
		cr_assert_eq(claim->tuple.lport, choose(other, 7, false));
		cr_assert_eq(claim->hash, tcp_hash(one, &claim->tuple));
		cr_assert_eq(isn_of(one, claim->f).iss, isn_make(one, &claim->tuple).iss);
	}
	cr_assert(!ports_expected(one));
	expect_first(one, 7, 4);
	expect_first(one, 8, 0); /* nothing is expected any more */
	cr_assert(!ports_expected(one));
	free(one);
	free(other);
}

/* Somebody else has taken the port meanwhile. */
PORTS(an_expected_port_that_is_taken_is_not_given)
{
	struct tcp *tcp = make(2000, 2999, 5);
	int first = choose(tcp, 7, true), next = first == 2999 ? 2000 : first + 1;

	expect_first(tcp, 7, 2);
	struct tuple tuple = towards(tcp, 7);
	struct pair pair = pair_to(7);

	tuple.lport = (uint16_t)next;
	struct tcb *tcb = tcb_take(tcp, &tuple, &pair);

	cr_assert(
		conn_table_insert(&tcp->table, tcp_hash(tcp, &tuple), ref_make(REF_HOT, tcb_slot(tcp, tcb))));
	const struct claim *claim = ports_next(tcp);

	/* Beyond that of the second, who keeps it. */
	cr_assert_not_null(claim);
	cr_assert_eq(claim->tuple.lport, 2000 + (next - 2000 + 2) % 1000);
	cr_assert_eq(claim->hash, tcp_hash(tcp, &claim->tuple));
	cr_assert(pair_equal(&claim->pair, &pair));
	claim = ports_next(tcp);
	cr_assert_not_null(claim);
	cr_assert_eq(claim->tuple.lport, 2000 + (next - 2000 + 1) % 1000);
	free(tcp);
}

PORTS(a_port_that_came_free_is_found)
{
	struct tcp *tcp = make(2000, 2003, 5);
	int ports[4];

	for (unsigned i = 0; i < 4; i++)
		ports[i] = choose(tcp, 7, true);
	cr_assert_eq(choose(tcp, 7, false), -EADDRNOTAVAIL);
	struct tuple tuple = towards(tcp, 7);

	tuple.lport = (uint16_t)ports[2];
	uint64_t hash = tcp_hash(tcp, &tuple);

	conn_table_remove(&tcp->table, hash, conn_table_find(&tcp->table, hash, &tuple));
	cr_assert_eq(choose(tcp, 7, false), ports[2]);
	free(tcp);
}

/* A call looks at a bounded number of ports, and the next one goes on from there. */
PORTS(a_call_is_bounded)
{
	struct tcp *tcp = make(1024, 5000, 5);

	for (unsigned i = 0; i < 3000; i++)
		cr_assert_gt(choose(tcp, 7, true), 0);
	for (unsigned i = 0; i < TCP_PORT_BUCKETS; i++)
		tcp->port_counters[i] = 0; /* back to the beginning: 3000 ports in a row are taken */
	cr_assert_eq(choose(tcp, 7, false), -EADDRNOTAVAIL);
	cr_assert_eq(choose(tcp, 7, false), -EADDRNOTAVAIL);
	cr_assert_gt(choose(tcp, 7, false), 0);
	free(tcp);
}

PORTS(the_whole_range_and_nothing_else)
{
	struct tcp *tcp = make(65535, 65535, 5);

	cr_assert_eq(choose(tcp, 7, false), 65535);
	free(tcp);
	tcp = make(1, 65535, 5);
	for (uint32_t peer = 0; peer < 10000; peer++)
		cr_assert_geq(choose(tcp, peer, false), 1);
	free(tcp);
}

/*
 * Where each of 16384 destinations begins: 16 parts of the range with 1024 each, by six standard
 * deviations of 31.
 */
PORTS(destinations_begin_anywhere)
{
	struct tcp *tcp = make(1024, 1024 + 16000 - 1, 5);
	unsigned parts[16] = { 0 };

	for (uint32_t peer = 0; peer < 16384; peer++)
		parts[(choose(tcp, peer, false) - 1024) / 1000]++;
	for (unsigned i = 0; i < 16; i++)
		cr_assert(parts[i] > 1024 - 186 && parts[i] < 1024 + 186, "part %u: %u", i, parts[i]);
	free(tcp);
}

PORTS(the_secret_decides_where)
{
	struct tcp *one = make(1024, 65535, 5), *other = make(1024, 65535, 6);
	unsigned same = 0;

	for (uint32_t peer = 0; peer < 1000; peer++)
		same += choose(one, peer, false) == choose(other, peer, false);
	cr_assert_lt(same, 10);
	free(one);
	free(other);
}

/* What one destination uses up does not show at another of a different bucket. */
PORTS(destinations_do_not_show_each_other)
{
	struct tcp *tcp = make(1024, 65535, 5);
	unsigned moved = 0;

	for (uint32_t peer = 1; peer <= 64; peer++) {
		int before = choose(tcp, peer, false);

		for (unsigned i = 0; i < 10; i++)
			choose(tcp, 1000, false);
		int after = choose(tcp, peer, false);

		moved += after != (before == 65535 ? 1024 : before + 1);
	}
	cr_assert_leq(moved, 3, "one bucket in %d is shared", TCP_PORT_BUCKETS);
	free(tcp);
}
