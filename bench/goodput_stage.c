/* SPDX-License-Identifier: BSD-3-Clause */
#include "goodput_stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "bench.h"
#include "flood_frame.h"
#include "goodput_server.h"
#include "virtual_wire.h"
#include "wire/bytes.h"
#include "wire/eth.h"

#define SERVER_BUFFERS 16383
#define CLIENT_BUFFERS 32767
#define BUFFERS_CACHE 256
#define CLIENT_BURST 32
#define WIRE_LEAST_NS 5e3
#define WIRE_MOST_NS 15e3
/* A loop that polls is never away for longer; the guard looks at the time, too. */
#define POLL_NS 100e3
#define DRAIN_NS 8e9 /* past the patience of clients, and the server's last retransmissions to them */
#define SEED 4987
/* Of a Linux host, IPv4 and IPv6; flood_frames_write() agrees, or start_flood() says so. */
#define SYN_BYTES 74
#define SYN_BYTES_6 94
#define FORGED_NET_6 0xfd98000000000000ull
#define IPV4_DST_AT (ETH_BYTES + 16)
#define IPV6_DST_AT (ETH_BYTES + 24)

struct flood {
	struct flood_frames frames;
	uint16_t bytes; /* of each */
	double from_ns, period_ns;
	double next_ns;     /* INFINITY: there is none */
	uint64_t sent;      /* since from_ns */
	uint64_t sent_ever; /* before that */
};

struct goodput_stage {
	struct rte_mempool *server_pool, *clients_pool;
	struct goodput_server server;
	struct goodput_clients *clients;
	struct virtual_wire up, down; /* to the server, to the clients */
	struct flood flood;
	double server_ns, busy_ns; /* the server's clock, and what of it was work */
	double polled_ns;          /* its last turn's start */
};

/* ---- frames on their way ---- */

static void flood_advance(struct flood *flood, uint64_t frames)
{
	flood->sent += frames;
	flood->next_ns = flood->from_ns + (double)flood->sent * flood->period_ns;
}

/*
 * SYNs up to now_ns, and before until_ns: into descriptors as long as there are any, in one step beyond
 * that.
 */
static void flood_arrive(struct goodput_stage *stage, double now_ns, double until_ns)
{
	struct virtual_nic *nic = &stage->server.nic;
	struct flood *flood = &stage->flood;
	double last_ns = fmin(now_ns, until_ns);

	while (flood->next_ns <= last_ns && !virtual_nic_full(nic)) {
		flood_frames_write(&flood->frames, virtual_nic_place(nic, flood->bytes));
		flood_advance(flood, 1);
	}
	if (flood->next_ns <= last_ns) {
		uint64_t missed = (uint64_t)((last_ns - flood->next_ns) / flood->period_ns) + 1;

		nic->missed += missed;
		flood_advance(flood, missed);
	}
}

/* The clients' frames are written into descriptors, as by DMA, and freed. */
static void client_frame_arrives(struct goodput_stage *stage)
{
	struct rte_mbuf *frame = virtual_wire_take(&stage->up);
	uint8_t *place = virtual_nic_place(&stage->server.nic, (uint16_t)frame->pkt_len);

	if (place != NULL) {
		const void *bytes = rte_pktmbuf_read(frame, 0, frame->pkt_len, place);

		if (bytes != place)
			memcpy(place, bytes, frame->pkt_len);
	}
	rte_pktmbuf_free(frame);
}

/* All that reaches the server up to now, in its order. */
static void arrive(struct goodput_stage *stage, double now_ns)
{
	double frame_ns;

	do {
		frame_ns = virtual_wire_next(&stage->up);
		flood_arrive(stage, now_ns, frame_ns);
		if (frame_ns <= now_ns)
			client_frame_arrives(stage);
	} while (frame_ns <= now_ns);
}

static bool is_for_clients(const struct rte_mbuf *frame)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(frame, const uint8_t *);
	uint16_t type = bytes_get16(bytes + ETH_BYTES - 2);

	/* All that is said on the link itself is for them: the attacker answers nothing. */
	if (type == ETH_TYPE_IPV6)
		return bytes_get64(bytes + IPV6_DST_AT) != FORGED_NET_6;
	return type != ETH_TYPE_IPV4 ||
	       (bytes_get32(bytes + IPV4_DST_AT) & 0xffff0000) == GOODPUT_CLIENTS_NETWORK;
}

/* A copy in the other machine's buffers: these are the server's, and stay with it. */
static void carry_to_clients(struct goodput_stage *stage, const struct rte_mbuf *frame)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(frame, stage->clients_pool, 0, UINT32_MAX);

	if (copy != NULL)
		virtual_wire_put(&stage->down, copy, stage->server_ns);
	else
		stage->down.lost++;
}

/* ---- turns ---- */

static void server_turn(struct goodput_stage *stage, double now_ns)
{
	const struct virtual_nic *nic = &stage->server.nic;
	double cost_ns;

	arrive(stage, now_ns);
	cost_ns = goodput_server_turn(&stage->server, now_ns);
	stage->polled_ns = now_ns;
	stage->server_ns = now_ns + cost_ns;
	stage->busy_ns += cost_ns;
	for (unsigned i = 0; i < nic->sent_count; i++)
		if (is_for_clients(nic->sent[i]))
			carry_to_clients(stage, nic->sent[i]);
}

static double server_next(const struct goodput_stage *stage)
{
	double next_ns = fmin(stage->flood.next_ns, virtual_wire_next(&stage->up));
	uint64_t deadline = weir_next_deadline(stage->server.core);

	if (goodput_server_busy(&stage->server))
		return stage->server_ns;
	if (deadline != UINT64_MAX)
		next_ns = fmin(next_ns, (double)deadline);
	next_ns = fmin(next_ns, stage->polled_ns + POLL_NS);
	return fmax(next_ns, stage->server_ns);
}

static void clients_turn(struct goodput_stage *stage, double now_ns)
{
	struct rte_mbuf *frames[CLIENT_BURST];
	unsigned n = 0;

	while (n < CLIENT_BURST && virtual_wire_next(&stage->down) <= now_ns)
		frames[n++] = virtual_wire_take(&stage->down);
	n = goodput_clients_turn(stage->clients, frames, n, frames, CLIENT_BURST, now_ns);
	for (unsigned i = 0; i < n; i++)
		virtual_wire_put(&stage->up, frames[i], now_ns);
}

static double clients_next(const struct goodput_stage *stage)
{
	return fmin(goodput_clients_next(stage->clients), virtual_wire_next(&stage->down));
}

/* Whoever comes first. What one does reaches the other later than that, because of the wire. */
static void step(struct goodput_stage *stage)
{
	double server_ns = server_next(stage), clients_ns = clients_next(stage);

	if (clients_ns <= server_ns)
		clients_turn(stage, clients_ns);
	else
		server_turn(stage, server_ns);
}

/* ---- what a bench asks for ---- */

void goodput_stage_flood(struct goodput_stage *stage, double per_s)
{
	struct flood *flood = &stage->flood;

	flood->sent_ever += flood->sent;
	flood->sent = 0;
	flood->from_ns = stage->server_ns;
	flood->period_ns = 1e9 / per_s;
	flood->next_ns = per_s > 0 ? flood->from_ns : INFINITY;
}

void goodput_stage_clients(struct goodput_stage *stage, double per_s)
{
	goodput_clients_pace(stage->clients, per_s, stage->server_ns);
}

void goodput_stage_run(struct goodput_stage *stage, double ns)
{
	double until_ns = stage->server_ns + ns;

	while (stage->server_ns < until_ns)
		step(stage);
}

const struct goodput_result *goodput_stage_measure(struct goodput_stage *stage, uint64_t count)
{
	goodput_clients_measure(stage->clients, count);
	while (!goodput_clients_measured(stage->clients))
		step(stage);
	return goodput_clients_result(stage->clients);
}

double goodput_stage_calm(struct goodput_stage *stage, double most_ns)
{
	double from_ns = stage->server_ns;

	while (stage->server_ns - from_ns < most_ns &&
	       weir_listener_defending(stage->server.core, stage->server.listener) == 1)
		step(stage);
	return stage->server_ns - from_ns;
}

void goodput_stage_counts(const struct goodput_stage *stage, struct goodput_counts *counts)
{
	const struct turn_cost *cost = &stage->server.cost;
	struct weir_stats stats;

	weir_stats(stage->server.core, &stats);
	*counts = (struct goodput_counts){
		.now_ns = stage->server_ns,
		.busy_ns = stage->busy_ns,
		.flooded = stage->flood.sent_ever + stage->flood.sent,
		.missed = stage->server.nic.missed,
		.received = stats.frames_in,
		.cookies = stats.cookies_sent,
		.half_open_max = stage->server.half_open_max,
		.turns = cost->turns,
		.interrupted = cost->interrupted,
		.cut = cost->cut,
		.longest_us = cost->longest_ns / 1e3,
	};
}

/* ---- beginning and end ---- */

/* An attacker with forged addresses in 10/8, or as many of another IPv6 network. */
static bool start_flood(struct flood *flood, struct weir_endpoint server)
{
	static const struct eth_addr attacker = { { 2, 0, 0, 0, 0, 3 } };
	static const struct weir_range sources[] = {
		{ { 0, 0xffff0a000001 }, { 0, 0xffff0afffffe }, 8 },
		{ { FORGED_NET_6, 1 }, { FORGED_NET_6, 0xfffffe }, 64 },
	};
	const struct flood_plan plan = {
		.kind = FLOOD_SYN,
		.target = server,
		.sources = sources,
		.sources_count = 2,
		.seed = SEED,
	};
	uint8_t frame[FLOOD_FRAME_BYTES];

	flood->next_ns = INFINITY;
	flood->bytes = weir_is_ipv4(server.address) ? SYN_BYTES : SYN_BYTES_6;
	if (!flood_frames_init(&flood->frames, &plan) ||
	    flood_frames_write(&flood->frames, frame) != flood->bytes)
		return false;
	flood_frames_aim(&flood->frames, goodput_server_mac.bytes, attacker.bytes);
	return true;
}

static bool create_machines(struct goodput_stage *stage, enum weir_defence_mode mode, bool is6)
{
	const struct weir_endpoint server = { .address = goodput_address(is6, GOODPUT_SERVER_ADDRESS),
					      .port = GOODPUT_SERVER_PORT };

	if (!start_flood(&stage->flood, server) ||
	    !goodput_server_start(&stage->server, stage->server_pool, mode,
				  goodput_address(is6, GOODPUT_CLIENTS_FIRST)))
		return false;
	stage->clients = goodput_clients_create(stage->clients_pool, server);
	if (stage->clients == NULL)
		goodput_server_stop(&stage->server);
	return stage->clients != NULL;
}

struct goodput_stage *goodput_stage_create(enum weir_defence_mode mode, bool is6)
{
	struct goodput_stage *stage = calloc(1, sizeof(*stage));

	if (stage == NULL)
		return NULL;
	stage->up.least_ns = stage->down.least_ns = WIRE_LEAST_NS;
	stage->up.most_ns = stage->down.most_ns = WIRE_MOST_NS;
	stage->server_pool = rte_pktmbuf_pool_create("goodput_server", SERVER_BUFFERS, BUFFERS_CACHE, 0,
						     RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	stage->clients_pool = rte_pktmbuf_pool_create("goodput_clients", CLIENT_BUFFERS, BUFFERS_CACHE, 0,
						      RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (stage->server_pool == NULL || stage->clients_pool == NULL)
		bench_note("flood_goodput: no memory for buffers; give EAL more (-m)");
	else if (create_machines(stage, mode, is6))
		return stage;
	rte_mempool_free(stage->server_pool);
	rte_mempool_free(stage->clients_pool);
	free(stage);
	return NULL;
}

static bool balanced(const struct weir_core *core, const char *whose)
{
	struct weir_stats stats;

	weir_stats(core, &stats);
	if (stats.mbufs_taken == stats.mbufs_returned)
		return true;
	bench_note("flood_goodput: %lu buffers are missing on the %s's counters",
		   stats.mbufs_taken - stats.mbufs_returned, whose);
	return false;
}

static bool is_sound(const struct goodput_stage *stage)
{
	uint64_t refused = goodput_clients_refused(stage->clients), no_buffer = stage->server.nic.no_buffer;
	uint64_t lost = stage->up.lost + stage->down.lost;
	bool sound = goodput_server_sound(&stage->server);

	sound &= balanced(stage->server.core, "server");
	sound &= balanced(goodput_clients_core(stage->clients), "clients");
	if (refused + lost + no_buffer > 0) {
		bench_note(
			"flood_goodput: the bench itself refused %lu calls, lost %lu frames and had no buffer "
			"%lu times",
			refused, lost, no_buffer);
		sound = false;
	}
	return sound;
}

static bool all_came_back(struct rte_mempool *pool)
{
	unsigned missing = rte_mempool_in_use_count(pool);

	if (missing > 0)
		bench_note("flood_goodput: %u buffers are missing in pool %s", missing, pool->name);
	rte_mempool_free(pool);
	return missing == 0;
}

bool goodput_stage_destroy(struct goodput_stage *stage)
{
	bool sound;

	goodput_stage_flood(stage, 0);
	goodput_stage_clients(stage, 0);
	goodput_stage_run(stage, DRAIN_NS);
	sound = is_sound(stage);
	goodput_clients_destroy(stage->clients);
	goodput_server_stop(&stage->server);
	virtual_wire_clear(&stage->up);
	virtual_wire_clear(&stage->down);
	sound &= all_came_back(stage->server_pool);
	sound &= all_came_back(stage->clients_pool);
	free(stage);
	return sound;
}
