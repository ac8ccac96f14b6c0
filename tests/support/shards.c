/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/shards.h"

#include <criterion/criterion.h>

#include <rte_thash.h>

#include "support/eal.h"
#include "wire/eth.h"
#include "wire/parse.h"

#define TEXT "a few bytes"
#define MS 1000000ull
#define MINUTE (60000 * MS)
#define TABLE 128

struct shards_wire shards_wire;

static struct weir_address address6(unsigned station, unsigned i)
{
	return (struct weir_address){ 0xfd99000000000000, 16 * station + i + 1 };
}

static void configure(struct weir_config *config, unsigned station)
{
	const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, (uint8_t)(station + 1) };
	uint32_t first = 0x0a000001u + 16 * station;

	weir_config_default(config);
	memcpy(config->mac, mac, sizeof(mac));
	config->ranges[0] = (struct weir_range){ weir_ipv4(first), weir_ipv4(first + 7), 24 };
	config->ranges[1] = (struct weir_range){ address6(station, 0), address6(station, 7), 64 };
	config->ranges_count = 2;
	config->max_connections = 1000;
	config->msl_ns = 10 * MS;
	config->seeded = true;
	config->pool = shards_wire.pool;
}

void shards_init(void)
{
	eal_start();
	shards_wire.pool = rte_pktmbuf_pool_create("shards", SHARDS_POOL, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
						   SOCKET_ID_ANY);
	cr_assert_not_null(shards_wire.pool);
	shards_wire.now_ns = 7 * MINUTE;
	shards_wire.rng = (struct rng){ 11 };
	for (unsigned station = 0; station < 2; station++)
		configure(&shards_wire.stations[station].config, station);
}

void shards_up(unsigned shards, enum weir_rss_habit habit, shards_steer steer)
{
	shards_wire.shards = shards;
	shards_wire.steer = steer;
	for (unsigned i = 0; i < 2 * shards; i++) {
		struct shards_station *station = &shards_wire.stations[i / shards];
		struct weir_config config = station->config;

		config.rss.habit = habit;
		config.rss.shard = (uint16_t)(i % shards);
		config.rss.shards = (uint16_t)shards;
		config.seed = i;
		cr_assert_null(weir_config_check(&config), "%s", weir_config_check(&config));
		struct weir_core *core = weir_core_create(&config);

		cr_assert_not_null(core);
		station->cores[i % shards] = core;
		if (i >= shards)
			cr_assert_geq(weir_listen(core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	}
}

static void put(struct shards_queue *queue, struct rte_mbuf *m)
{
	cr_assert_lt(queue->count, SHARDS_QUEUE);
	queue->frames[queue->count++] = m;
}

static bool has_text(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && m->data_len > sizeof(TEXT) &&
	       memcmp(rte_pktmbuf_mtod_offset(m, const char *, m->data_len - sizeof(TEXT)), TEXT,
		      sizeof(TEXT)) == 0;
}

/* As ports with small buffers do. */
static void split(struct rte_mbuf *m, uint16_t bytes)
{
	struct rte_mbuf *rest = rte_pktmbuf_alloc(shards_wire.pool);

	cr_assert_not_null(rest);
	memcpy(rte_pktmbuf_append(rest, bytes), rte_pktmbuf_mtod_offset(m, char *, m->data_len - bytes),
	       bytes);
	rte_pktmbuf_trim(m, bytes);
	cr_assert_eq(rte_pktmbuf_chain(m, rest), 0);
}

/* A port that frames came in by would have cleared what the sender left in the mbuf. */
static void transmit(unsigned station, unsigned from, struct rte_mbuf *m)
{
	unsigned queue = shards_wire.steer(station, from, m);

	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->tx_offload = 0;
	if (queue == SHARDS_LOST) {
		rte_pktmbuf_free(m);
		return;
	}
	cr_assert_lt(queue, shards_wire.shards);
	if (shards_wire.split != 0 && has_text(m))
		split(m, shards_wire.split);
	put(&shards_wire.stations[!station].received[queue], m);
}

static const uint8_t stream[65536];

static void application(struct weir_core *core, unsigned station, const struct weir_event *event)
{
	if (event->what & WEIR_EV_OPENED) {
		shards_wire.opened[station]++;
		if (station == 0 && shards_wire.flow > 0)
			cr_assert_eq(weir_send_copy(core, event->conn, stream, shards_wire.flow), 0);
		else if (station == 0)
			cr_assert_eq(weir_send_copy(core, event->conn, TEXT, sizeof(TEXT)), 0);
	}
	if (event->what & WEIR_EV_DATA) {
		if (station == 0)
			cr_assert_eq(event->bytes, sizeof(TEXT));
		else if (!(event->what & WEIR_EV_CLOSED))
			cr_assert_eq(weir_send_copy(core, event->conn, TEXT, sizeof(TEXT)), 0);
		weir_release(core, event->conn, event->payload);
		if (station == 0)
			weir_close(core, event->conn);
	}
	if (event->what & WEIR_EV_FIN && !(event->what & WEIR_EV_CLOSED))
		weir_close(core, event->conn);
	if (event->what & WEIR_EV_CLOSED) {
		shards_wire.closed[station]++;
		shards_wire.reasons[event->reason]++;
		shards_wire.failed += event->reason != WEIR_REASON_NONE;
	}
}

static void take(struct shards_queue *queue, unsigned taken)
{
	queue->count -= taken;
	memmove(queue->frames, queue->frames + taken, queue->count * sizeof(queue->frames[0]));
}

static void turn(unsigned station, unsigned shard)
{
	struct shards_station *s = &shards_wire.stations[station];
	struct weir_core *core = s->cores[shard];
	struct weir_event events[32];
	struct rte_mbuf *frames[32];
	uint16_t shards[32];
	unsigned n;

	take(&s->handed[shard],
	     weir_input_handed(core, s->handed[shard].frames, s->handed[shard].count, shards_wire.now_ns));
	take(&s->received[shard],
	     weir_input(core, s->received[shard].frames, s->received[shard].count, shards_wire.now_ns, NULL));
	while ((n = weir_hand_over(core, frames, shards, 32)) > 0)
		for (unsigned i = 0; i < n; i++) {
			cr_assert_neq(shards[i], shard);
			put(&s->handed[shards[i]], frames[i]);
		}
	while (!(station == 1 && shards_wire.deaf) && (n = weir_events(core, events, 32)) > 0)
		for (unsigned i = 0; i < n; i++)
			application(core, station, &events[i]);
	while ((n = weir_output(core, frames, 32)) > 0)
		for (unsigned i = 0; i < n; i++)
			transmit(station, shard, frames[i]);
}

void shards_turn(uint64_t ns)
{
	shards_wire.now_ns += ns;
	for (unsigned station = 0; station < 2; station++)
		for (unsigned shard = 0; shard < shards_wire.shards; shard++)
			turn(station, shard);
}

static void open_one(unsigned shard, bool is6)
{
	struct weir_endpoint any = { 0 };
	struct weir_endpoint remote = { is6 ? address6(1, 0) : weir_ipv4(0x0a000011u), 80 };
	weir_conn conn;

	cr_assert_eq(weir_connect(shards_wire.stations[0].cores[shard], any, remote, 0, &conn), 0);
}

void shards_run(unsigned connections, bool is6)
{
	uint64_t end_ns = shards_wire.now_ns + MINUTE;
	unsigned all = shards_wire.closed[0] + connections * shards_wire.shards;

	/* Addresses of IPv6 are asked for first. */
	while (weir_ready(shards_wire.stations[0].cores[0]) == 0)
		shards_turn(10 * MS);
	for (unsigned i = 0; i < connections; i++) {
		for (unsigned shard = 0; shard < shards_wire.shards; shard++)
			open_one(shard, is6);
		shards_turn(MS);
	}
	while (shards_wire.closed[0] < all && shards_wire.now_ns < end_ns)
		shards_turn(MS);
	cr_assert_eq(shards_wire.closed[0], all, "%u of %u ended", shards_wire.closed[0], all);
	for (unsigned i = 0; i < 200; i++)
		shards_turn(MS); /* TIME-WAIT */
}

uint64_t shards_count(unsigned station, enum counter counter)
{
	uint64_t sum = 0;

	for (unsigned shard = 0; shard < shards_wire.shards; shard++) {
		uint64_t values[COUNTERS];

		weir_counters(shards_wire.stations[station].cores[shard], values, COUNTERS);
		sum += values[counter];
	}
	return sum;
}

void shards_down(void)
{
	for (unsigned i = 0; i < 2 * shards_wire.shards; i++) {
		struct shards_station *s = &shards_wire.stations[i / shards_wire.shards];
		unsigned shard = i % shards_wire.shards;
		struct weir_stats stats;

		weir_stats(s->cores[shard], &stats);
		cr_assert_eq(stats.mbufs_taken, stats.mbufs_returned, "shard %u", i);
		weir_core_destroy(s->cores[shard]);
		rte_pktmbuf_free_bulk(s->received[shard].frames, s->received[shard].count);
		rte_pktmbuf_free_bulk(s->handed[shard].frames, s->handed[shard].count);
	}
	cr_assert_eq(rte_mempool_avail_count(shards_wire.pool), SHARDS_POOL);
}

unsigned shards_straight(unsigned station, unsigned from, const struct rte_mbuf *frame)
{
	(void)station;
	(void)frame;
	return from;
}

unsigned shards_crossed(unsigned station, unsigned from, const struct rte_mbuf *frame)
{
	(void)station;
	(void)frame;
	return (from + 1) % shards_wire.shards;
}

unsigned shards_sprayed(unsigned station, unsigned from, const struct rte_mbuf *frame)
{
	(void)station;
	(void)from;
	(void)frame;
	return (unsigned)(rng_u64(&shards_wire.rng) % shards_wire.shards);
}

unsigned shards_first(unsigned station, unsigned from, const struct rte_mbuf *frame)
{
	(void)station;
	(void)from;
	(void)frame;
	return 0;
}

/* What a NIC would hash, as words in host order: addresses, then ports. 0: no TCP. */
static unsigned words_of(const struct rte_mbuf *m, uint32_t words[9])
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	bool is6 = bytes[12] == 0x86 && bytes[13] == 0xdd;
	bool is4 = bytes[12] == 0x08 && bytes[13] == 0x00;
	unsigned addresses = is6 ? 8 : 2, at = ETH_BYTES + (is6 ? 8 : 12);

	if (m->data_len < 54 || !(is4 || is6) || bytes[ETH_BYTES + (is6 ? 6 : 9)] != 6)
		return 0;
	for (unsigned i = 0; i < addresses + 1; i++, at += 4)
		words[i] = (uint32_t)bytes[at] << 24 | (uint32_t)bytes[at + 1] << 16 |
			   (uint32_t)bytes[at + 2] << 8 | bytes[at + 3];
	return addresses + 1;
}

unsigned shards_by_rss(unsigned station, unsigned from, const struct rte_mbuf *frame)
{
	uint32_t words[9];
	unsigned n = words_of(frame, words);

	(void)station;
	(void)from;
	if (n == 0)
		return 0;
	return rte_softrss(words, n, shards_wire.nic_key) % TABLE % shards_wire.shards;
}

unsigned shards_by_flow(unsigned station, unsigned from, const struct rte_mbuf *frame)
{
	uint32_t words[9], sum = station;
	unsigned n = words_of(frame, words);

	(void)from;
	for (unsigned i = 0; i < n; i++)
		sum = (sum ^ words[i]) * 0x9e3779b1u;
	return (sum >> 16) % shards_wire.shards;
}
