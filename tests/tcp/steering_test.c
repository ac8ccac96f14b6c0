/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several shards of a port: each opens from ports of its own, no port is wasted, and where a search begins
 * can be guessed no better than with one (RFC 6056).
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/addresses.h"
#include "support/chance.h"
#include "support/rss_keys.h"
#include "support/trace.h"
#include "tcp/isn.h"
#include "tcp/ports.h"
#include "tcp/records.h"

#define LOCAL 0x0a000001u
#define REMOTE 0x0a630001u
#define ADDRESSES 100000u

/* The shards of one port. */
struct shards {
	uint8_t key[WEIR_RSS_KEY_MAX];
	uint16_t table[512];
	struct weir_rss rss;
	uint16_t first, last;
	struct tcp *tcp[4];
	struct counters counters[4];
	bool is6;
};

enum key_kind {
	KEY_OWN,
	KEY_MICROSOFT,
	KEY_RANDOM,
	KEYS,
};

static void make_tcp(struct shards *s, uint16_t shard, uint64_t secret)
{
	struct weir_config config;
	struct tcp_secrets secrets = { .ports = { secret, shard } };

	weir_config_default(&config);
	config.max_connections = 2048;
	config.port_first = s->first;
	config.port_last = s->last;
	config.ranges[0].first = config.ranges[0].last = numbered_address(s->is6, LOCAL);
	config.ranges_count = 1;
	config.rss = s->rss;
	config.rss.shard = shard;
	size_t bytes = tcp_footprint(&config);
	void *memory = aligned_alloc(64, bytes);

	memset(memory, 0, bytes);
	s->tcp[shard] = tcp_create(memory, &config, &secrets, &s->counters[shard], 0);
}

static void make(struct shards *s, enum key_kind kind, uint16_t shards, uint16_t entries, bool is6,
		 uint16_t first, uint16_t last)
{
	struct rng rng = { shards * 1000u + entries };

	*s = (struct shards){ .first = first, .last = last, .is6 = is6 };
	s->rss = (struct weir_rss){ .shards = shards, .key_bytes = RSS_KEY_MIN };
	s->rss.table = s->table;
	s->rss.table_size = entries;
	for (unsigned i = 0; i < entries; i++)
		s->table[i] = (uint16_t)(i % shards);
	rss_key_random(&rng, s->key);
	s->rss.key = kind == KEY_OWN ? NULL : kind == KEY_RANDOM ? s->key : rss_key_microsoft;
	for (uint16_t i = 0; i < shards; i++)
		make_tcp(s, i, 5);
}

static void unmake(struct shards *s)
{
	for (uint16_t i = 0; i < s->rss.shards; i++)
		free(s->tcp[i]);
}

/* Opens that this shard is told to expect, one from each address beginning with that number: their ports. */
static void expect_ports(const struct shards *s, unsigned shard, uint32_t number, uint16_t rport, unsigned n,
			 uint16_t *ports)
{
	struct weir_endpoint remote = { numbered_address(s->is6, REMOTE), rport };
	struct weir_address locals[PORTS_EXPECTED];

	for (unsigned i = 0; i < n; i++)
		locals[i] = numbered_address(s->is6, number + i);
	ports_expect(s->tcp[shard], locals, n, remote);
	cr_assert_eq(s->tcp[shard]->expected_count, n);
	for (unsigned i = 0; i < n; i++)
		ports[i] = s->tcp[shard]->expected[i].tuple.lport;
}

/* Opens one, and keeps it. */
static int open_one(const struct shards *s, unsigned shard, uint32_t local, uint16_t rport)
{
	struct tcp *tcp = s->tcp[shard];
	struct claim claim = {
		.pair = { numbered_address(s->is6, local), numbered_address(s->is6, REMOTE) },
		.tuple.rport = rport,
	};
	int err = ports_choose(tcp, &claim);

	if (err != 0)
		return err;
	cr_assert_eq(tcp_shard_of(tcp, &claim.tuple, &claim.pair), shard);
	struct tcb *tcb = tcb_take(tcp, &claim.tuple, &claim.pair);

	cr_assert(conn_table_insert(&tcp->table, claim.hash, ref_make(REF_HOT, tcb_slot(tcp, tcb))));
	return claim.tuple.lport;
}

/* Until none is left: each shard has its own, and together they have all. */
static void use_up(struct shards *s, uint32_t local)
{
	static uint8_t owner[65536];
	unsigned opened = 0;

	memset(owner, 0, sizeof(owner));
	for (unsigned shard = 0; shard < s->rss.shards; shard++) {
		int port;

		while ((port = open_one(s, shard, local, 80)) > 0) {
			cr_assert(port >= s->first && port <= s->last);
			cr_assert_eq(owner[port]++, 0);
			opened++;
		}
		cr_assert_eq(port, -EADDRNOTAVAIL);
		cr_assert_eq(open_one(s, shard, local, 80), -EADDRNOTAVAIL);
	}
	cr_assert_eq(opened, s->last - s->first + 1u);
}

Test(steering, opens_use_up_every_port)
{
	static const uint16_t ranges[][2] = { { 5000, 5003 }, { 65500, 65535 }, { 1, 600 } };

	for (unsigned i = 0; i < 2 * KEYS * 3 * 2 * 3; i++) {
		const uint16_t *range = ranges[i / (12 * KEYS)];
		struct shards s;

		make(&s, i / 2 % KEYS, (uint16_t)(2 + i / (2 * KEYS) % 3), i / (6 * KEYS) % 2 ? 512 : 128,
		     i % 2, range[0], range[1]);
		use_up(&s, LOCAL + i);
		use_up(&s, LOCAL + 1000 + i);
		unmake(&s);
	}
}

/* Marks the ports of all shards, from one address; returns how many there are. */
static unsigned mark(const struct shards *s, uint32_t local, uint64_t *marks)
{
	struct weir_endpoint remote = { numbered_address(s->is6, REMOTE), 80 };
	unsigned marked = 0;

	for (unsigned shard = 0; shard < s->rss.shards; shard++) {
		const struct rss *rss = s->tcp[shard]->rss;
		uint32_t hash = rss_hash_remote(rss, remote) ^
				rss_hash_local(rss, numbered_address(s->is6, local));

		for (uint32_t k = rss_ports_count(rss, s->is6, hash); k-- > 0;) {
			uint16_t port = rss_ports_at(rss, s->is6, hash, k);

			if (port < s->first || port > s->last)
				continue;
			cr_assert(!(marks[port / 64] >> port % 64 & 1));
			marks[port / 64] |= 1ull << port % 64;
			marked++;
		}
	}
	return marked;
}

/* With two queues, and with as many as there are addresses: no port is wasted, none is chosen twice. */
Test(steering, a_hundred_thousand_addresses_waste_no_port)
{
	for (unsigned i = 0; i < 2 * KEYS; i++) {
		struct shards s;

		make(&s, i / 2, 2, 128, i % 2, 1024, 1024 + 31);
		for (uint32_t n = 0; n < ADDRESSES; n++) {
			uint64_t marks[65536 / 64] = { 0 };

			cr_assert_eq(mark(&s, LOCAL + n, marks), 32);
		}
		unmake(&s);
		make(&s, i / 2, (uint16_t)(2 + i % 3), i % 2 ? 512 : 128, i % 2, 1024, 65535);
		for (uint32_t n = 0; n < ADDRESSES; n += 9973) {
			uint64_t marks[65536 / 64] = { 0 };

			cr_assert_eq(mark(&s, LOCAL + n, marks), 64512);
		}
		unmake(&s);
	}
}

/* What is known of many opens of a shard, one from each address in a row. */
struct opens {
	const struct rss *rss;
	bool is6;
	uint32_t total;                     /* ports that the shard has from each */
	uint16_t index[WEIR_RSS_TABLE_MAX]; /* of an entry, among the shard's */
	uint32_t hash[ADDRESSES];
	uint16_t port[ADDRESSES];
	uint32_t place[ADDRESSES]; /* of the port in the address's sequence */
};

/* The inverse of rss_ports_at(), where ports reach every entry. */
static uint32_t place_of(const struct opens *opens, uint32_t hash, uint16_t port)
{
	const struct rss_ports *ports = &opens->rss->ports[opens->is6];
	uint16_t block = (uint16_t)(port >> ports->block_bits << ports->block_bits);
	uint32_t to_port = rss_hash_port(opens->rss, opens->is6, port);
	uint32_t to_block = rss_hash_port(opens->rss, opens->is6, block);
	uint32_t entry = (hash ^ to_port) & opens->rss->mask, kernel = 0;
	uint16_t rest = port ^ block ^ ports->class_port[(to_port ^ to_block) & opens->rss->mask];

	while (ports->kernel_port[kernel] != rest)
		kernel++;
	return ((uint32_t)(opens->index[entry] << ports->kernel_bits) | kernel) * ports->blocks +
	       (port >> ports->block_bits) - ports->first_block;
}

static void take_opens(const struct shards *s, unsigned shard, uint16_t rport, struct opens *opens)
{
	struct weir_endpoint remote = { numbered_address(s->is6, REMOTE), rport };
	const struct rss *rss = s->tcp[shard]->rss;

	opens->rss = rss;
	opens->is6 = s->is6;
	opens->total = rss_ports_count(rss, s->is6, 0);
	cr_assert_eq(s->first % (1u << rss->ports[s->is6].block_bits), 0);
	for (uint16_t i = 0; i < rss->ports[s->is6].reached[0].count; i++)
		opens->index[rss->ports[s->is6].members[i]] = i;
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		if (i % PORTS_EXPECTED == 0)
			expect_ports(s, shard, LOCAL + i, rport, PORTS_EXPECTED, &opens->port[i]);
		opens->hash[i] = rss_hash_remote(rss, remote) ^
				 rss_hash_local(rss, numbered_address(s->is6, LOCAL + i));
		opens->place[i] = place_of(opens, opens->hash[i], opens->port[i]);
		cr_assert_eq(rss_ports_at(rss, s->is6, opens->hash[i], opens->place[i]), opens->port[i]);
	}
}

#define PARTS 240 /* of the range, of 256 ports each */
#define FIRST 4096

static unsigned part_of(uint16_t port)
{
	return (port - FIRST) / 256u;
}

/* As many begin in each part of the range, and at each of the shard's entries of the table. */
static void check_spread(const struct opens *opens)
{
	unsigned parts[PARTS] = { 0 }, entries[WEIR_RSS_TABLE_MAX] = { 0 };
	unsigned count = opens->rss->ports[opens->is6].reached[0].count;

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		parts[part_of(opens->port[i])]++;
		entries[(uint64_t)opens->place[i] * count / opens->total]++;
	}
	chance_even(parts, PARTS, "parts of the range");
	chance_even(entries, count, "entries of the table");
}

/*
 * Neighbours do not go together: neither do their ports correlate, nor do they fall into pairs of parts, nor
 * is any step between their places frequent. The last is what all who would go on from the one's place see.
 */
static void check_neighbours(const struct opens *opens)
{
	unsigned pairs[16 * 16] = { 0 }, steps[256] = { 0 };
	double mean = FIRST + 128.0 * PARTS, products = 0, squares = 0;

	for (uint32_t i = 0; i + 1 < ADDRESSES; i++) {
		double one = opens->port[i] - mean, other = opens->port[i + 1] - mean;
		uint32_t step = opens->place[i + 1] + opens->total - opens->place[i];

		products += one * other;
		squares += one * one;
		pairs[part_of(opens->port[i]) / 15 * 16 + part_of(opens->port[i + 1]) / 15]++;
		steps[(uint64_t)(step % opens->total) * 256 / opens->total]++;
	}
	cr_assert_lt(fabs(products / squares), CHANCE_Z / sqrt(ADDRESSES));
	chance_even(pairs, 256, "pairs of parts");
	chance_even(steps, 256, "steps between neighbours");
}

/* Who knows one's port, the key and the table, and guesses the other's: how often that is right. */
static void guess(const struct opens *known, const struct opens *wanted, unsigned ahead)
{
	const struct rss *rss = wanted->rss;
	unsigned next = 0, kernel = 0, place = 0, next_place = 0, entry = 0, same = 0;
	const struct rss_ports *ports = &known->rss->ports[known->is6];
	unsigned step = ports->kernel_bits > 0 ? ports->kernel_port[1] : 1u << ports->block_bits;
	unsigned count = rss->ports[wanted->is6].reached[0].count;

	for (uint32_t i = 0; i + ahead < ADDRESSES; i++) {
		uint16_t right = wanted->port[i + ahead];
		uint32_t hash = wanted->hash[i + ahead], k = known->place[i];

		same += right == known->port[i];
		next += right == known->port[i] + 1;
		kernel += right == (known->port[i] ^ step);
		place += right == rss_ports_at(rss, wanted->is6, hash, k);
		next_place += right == rss_ports_at(rss, wanted->is6, hash, (k + 1) % wanted->total);
		entry += (uint64_t)k * count / wanted->total ==
			 (uint64_t)wanted->place[i + ahead] * count / wanted->total;
	}
	unsigned most = chance_most((double)ADDRESSES / wanted->total);

	/* The first three may name a port that is not the shard's, and do so more often than not. */
	cr_assert(same <= most && next <= most && kernel <= most, "%u, %u, %u of %u", same, next, kernel,
		  most);
	cr_assert(place <= most && next_place <= most, "%u, %u of %u", place, next_place, most);
	cr_assert_leq(entry, chance_most((double)ADDRESSES / count));
}

static const struct steering {
	uint16_t shards, entries;
	enum key_kind kind;
} steerings[] = {
	{ 2, 128, KEY_OWN }, { 2, 512, KEY_RANDOM }, { 3, 128, KEY_MICROSOFT },
	{ 3, 512, KEY_OWN }, { 4, 128, KEY_RANDOM }, { 4, 512, KEY_MICROSOFT },
};

#define STEERINGS (sizeof(steerings) / sizeof(steerings[0]))

static void make_steering(struct shards *s, unsigned number, bool is6)
{
	const struct steering *steering = &steerings[number];

	make(s, steering->kind, steering->shards, steering->entries, is6, FIRST, 65535);
}

static struct opens one, other;

Test(steering, opens_from_neighbours_cannot_be_guessed)
{
	for (unsigned i = 0; i < 2 * STEERINGS; i++) {
		struct shards s;

		make_steering(&s, i / 2, i % 2);
		for (unsigned shard = 0; shard < s.rss.shards; shard++) {
			take_opens(&s, shard, 80, &one);
			check_spread(&one);
			check_neighbours(&one);
			guess(&one, &one, 1);
		}
		unmake(&s);
	}
}

/* Nor by whom the same address talks to besides; nor by another shard, whose secret is another. */
Test(steering, nor_from_other_peers_and_shards)
{
	for (unsigned i = 0; i < 2 * STEERINGS; i += 3) {
		struct shards s;

		make_steering(&s, i / 2, i % 2);
		take_opens(&s, 0, 80, &one);
		take_opens(&s, 0, 81, &other);
		guess(&one, &other, 0);
		unmake(&s);
	}
}

Test(steering, another_secret_another_sequence)
{
	unsigned steps[256] = { 0 };
	struct shards s;

	make_steering(&s, 0, true);
	take_opens(&s, 1, 80, &one);
	struct tcp *first = s.tcp[1];

	make_tcp(&s, 1, 6);
	take_opens(&s, 1, 80, &other);
	guess(&one, &other, 0);
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		uint32_t step = other.place[i] + other.total - one.place[i];

		steps[(uint64_t)(step % other.total) * 256 / other.total]++;
	}
	chance_even(steps, 256, "steps between secrets");
	free(first);
	unmake(&s);
}

/* Each of its own once, before the first comes again: what is in TIME-WAIT is left alone the longest. */
Test(steering, ports_are_used_in_turn)
{
	for (unsigned i = 0; i < 2 * STEERINGS; i++) {
		uint64_t used[65536 / 64] = { 0 };
		uint16_t port, first;
		struct shards s;

		make_steering(&s, i / 2, i % 2);
		unsigned shard = i % s.rss.shards;
		uint32_t total = rss_ports_count(s.tcp[shard]->rss, s.is6, 0);

		expect_ports(&s, shard, LOCAL, 80, 1, &first);
		used[first / 64] |= 1ull << first % 64;
		for (uint32_t n = 1; n < total; n++) {
			expect_ports(&s, shard, LOCAL, 80, 1, &port);
			cr_assert(!(used[port / 64] >> port % 64 & 1));
			used[port / 64] |= 1ull << port % 64;
		}
		expect_ports(&s, shard, LOCAL, 80, 1, &port);
		cr_assert_eq(port, first);
		unmake(&s);
	}
}

/* What is expected has the port that it would have had anyhow; a key may leave an address none. */
Test(steering, expected_or_not_ports_are_the_same)
{
	struct rng rng = { 75 };
	unsigned opened = 0, refused = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct shards s, same;
		struct weir_address local = numbered_address(i % 2, LOCAL + i);
		struct weir_endpoint remote = { numbered_address(i % 2, REMOTE), 80 };

		make(&s, KEY_OWN, 2, 128, i % 2, 3000, 3999);
		unmake(&s);
		rss_key_poor(&rng, s.key);
		s.rss.key = s.key;
		make_tcp(&s, 1, 5);
		same = s;
		make_tcp(&same, 1, 5);
		ports_expect(s.tcp[1], &local, 1, remote);
		int port = open_one(&same, 1, LOCAL + i, 80);

		if (ports_expected(s.tcp[1]))
			cr_assert_eq(ports_next(s.tcp[1])->tuple.lport, port);
		else
			cr_assert_eq(port, -EADDRNOTAVAIL);
		opened += port > 0;
		refused += port < 0;
		free(s.tcp[1]);
		free(same.tcp[1]);
	}
	cr_assert(opened > 20 && refused > 20, "%u, %u", opened, refused);
}

static void second_of_two(struct weir_config *config)
{
	config->port_first = 5000;
	config->port_last = 5015;
	config->rss = (struct weir_rss){ .shard = 1, .shards = 2 };
}

static bool is_own(const struct trace *t, uint16_t lport)
{
	struct tuple tuple = trace_tuple(t, lport, TRACE_PORT);

	return tcp_shard_of(t->tcp, &tuple, &t->pair) == 1;
}

/* A port that the application names is another shard's, or one of those that opens choose from. */
TRACE_CONFIGURED(steering_given_port_of_another_shard, second_of_two)
{
	struct weir_endpoint local = trace_local(t), remote = { t->pair.remote, TRACE_PORT };
	unsigned own = 0;

	for (uint16_t port = 5000; port <= 5015; port++) {
		weir_conn conn;

		own += is_own(t, port);
		local.port = port;
		call(tcp_connect(t->tcp, local, remote, 0, t->now_ns, &conn),
		     is_own(t, port) ? 0 : -EADDRNOTAVAIL);
		if (!is_own(t, port))
			continue;
		t->lport = port;
		t->rport = TRACE_PORT;
		t->conn = conn;
		recv_syn(t);
	}
	cr_assert(own > 0 && own < 16);
	cr_assert_eq(t->tcp->hot.used, own);
	local.port = 0;
	weir_conn conn;

	call(tcp_connect(t->tcp, local, remote, 0, t->now_ns, &conn), -EADDRNOTAVAIL);
	counted(t, ports_exhausted, 1);
}

/* A connection's life, closed by us: its tuple is in TIME-WAIT then. */
static uint16_t live(struct trace *t, unsigned number)
{
	uint32_t isn = 1000 * number;
	weir_conn conn;

	call(tcp_connect(t->tcp, (struct weir_endpoint){ .address = t->pair.local },
			 (struct weir_endpoint){ t->pair.remote, TRACE_PORT }, 1, t->now_ns, &conn),
	     0);
	t->conn = conn;
	t->lport = trace_info(t).local.port;
	t->rport = TRACE_PORT;
	recv_syn(t);
	send(t, SYN | ACK, .seq = isn, .ack = 1, .mss = 1460, .tsval = 700 + number);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1 + isn, .tsval = 1);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1 + isn, .tsval = 1);
	send(t, FIN | ACK, .seq = 1 + isn, .ack = 2, .tsval = 700 + number);
	recv(t, ACK, .seq = 2, .ack = 2 + isn, .tsval = 1);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	silence(t, 2 * MS);
	return t->lport;
}

/* Tuples in TIME-WAIT are taken again only when all others are, too: the one that has been there longest. */
TRACE_CONFIGURED(steering_time_wait_is_kept_away_from, second_of_two)
{
	uint16_t ports[40];
	unsigned own = 0;

	for (uint16_t port = 5000; port <= 5015; port++)
		own += is_own(t, port);
	for (unsigned i = 0; i < 40; i++) {
		ports[i] = live(t, i);
		cr_assert(is_own(t, ports[i]));
		for (unsigned back = 1; back < own && back <= i; back++)
			cr_assert_neq(ports[i], ports[i - back]);
		cr_assert(i < own || ports[i] == ports[i - own]);
	}
	counted(t, time_wait_reused, 40 - own);
}

/*
 * Who knows the key can come from ports that all lead to one shard; under a key that was drawn, and that he
 * does not know, the same peers spread over all. (Which is why a profile may have a key of its own.)
 */
Test(steering, a_known_key_lets_peers_choose_the_shard)
{
	struct weir_endpoint local = { weir_ipv4(LOCAL), 443 };
	struct rng rng = { 77 };
	struct shards known, drawn;
	unsigned chosen[4] = { 0 }, peers = 0;

	make(&known, KEY_OWN, 4, 128, false, FIRST, 65535);
	make(&drawn, KEY_RANDOM, 4, 128, false, FIRST, 65535);
	while (peers < 10000) {
		struct pair pair = { local.address, weir_ipv4(REMOTE + rng_below(&rng, 256)) };
		struct tuple tuple = tcp_tuple(known.tcp[0], &pair, 443, (uint16_t)rng_u64(&rng));

		if (tcp_shard_of(known.tcp[0], &tuple, &pair) != 2)
			continue;
		chosen[tcp_shard_of(drawn.tcp[0], &tuple, &pair)]++;
		peers++;
	}
	for (unsigned i = 0; i < 4; i++)
		cr_assert(chosen[i] > 1500 && chosen[i] < 3500, "shard %u has %u", i, chosen[i]);
	unmake(&known);
	unmake(&drawn);
}
