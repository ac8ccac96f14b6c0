/* SPDX-License-Identifier: BSD-3-Clause */
#include "crowd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/rng.h"
#include "bench.h"
#include "tcp/tcp.h"

#define PORT 80
#define MESSAGE_BYTES 64

/* Bursts stay full, and records of handshakes under way within the first two levels of cache. */
#define OPENING_AT_ONCE 256
#define OPENS_PER_ROUND 32
/* Until both ends have learned each other's Ethernet addresses. */
#define OPENING_AT_FIRST 16
#define FIRST_ANSWERS 1000

/*
 * A client address has 64,512 ports; a quarter of them in use leaves a search for a free one short. Where
 * clients forget their connections they must not come to use a port twice, and one counter moves for many
 * addresses.
 */
#define PER_ADDRESS 16384u
#define PER_ADDRESS_FORGOTTEN 512u

/*
 * An extension stays for an RTO, a fifth of a second, so this many may ask in one;
 * the server must not run out first.
 */
#define EXTENSIONS 16384u
#define ASKS_PER_ROUND 32
#define SMALL 1024u
#define BUFFERS 16384u

#define SLICE_NS (10 * CLOCK_NS_PER_MS)
#define PATIENCE_NS (10 * CLOCK_NS_PER_S)
#define LONG_NS (60 * CLOCK_NS_PER_S)

/* Of the link, 198.19.0.0/24. */
#define SERVER 0xc6130001u
#define ROUTER 0xc6130002u
#define CLIENTS 0x0a000001u

struct sample {
	weir_conn conn;
	bool answered;
};

struct crowd {
	struct crowd_setup setup;
	struct weir_runtime *runtime;
	int client, server; /* shards */
	uint32_t goal;      /* connections to open */
	uint32_t attempted, answered;
	uint32_t standing; /* at the end that is watched */
	uint32_t failed;
	struct rng rng;
	struct sample *samples;
	uint32_t samples_count, asked, echoed;
	bool asking;
};

/* ------------------------------------------------------------------------------------------- *
 * Applications
 * ------------------------------------------------------------------------------------------- */

/* No two samples have the same. */
static void write_message(uint8_t message[MESSAGE_BYTES], uint32_t word)
{
	struct rng rng = { word };

	for (unsigned i = 0; i < MESSAGE_BYTES; i += sizeof(uint64_t)) {
		uint64_t bits = rng_u64(&rng);

		memcpy(message + i, &bits, sizeof(bits));
	}
}

/* The application's word of the next connection: one more than its number among the samples, or 0. */
static uint32_t next_word(struct crowd *crowd)
{
	uint32_t left = crowd->setup.connections - crowd->attempted;
	uint32_t wanted = crowd->setup.samples - crowd->samples_count;

	/* Each of those left is as likely as any other (Knuth, volume 2, 3.4.2, algorithm S). */
	return wanted > 0 && rng_below(&crowd->rng, left) < wanted ? crowd->samples_count + 1 : 0;
}

static bool open_one(struct crowd *crowd, struct weir_core *core)
{
	uint32_t word = next_word(crowd);
	weir_conn conn;
	int error = weir_connect(core, (struct weir_endpoint){ 0 },
				 (struct weir_endpoint){ .address = weir_ipv4(SERVER), .port = PORT }, word,
				 &conn);

	if (error != 0)
		return false;
	crowd->attempted++;
	if (word != 0)
		crowd->samples[crowd->samples_count++].conn = conn;
	return true;
}

static void open_more(struct crowd *crowd, struct weir_core *core)
{
	uint32_t most = crowd->answered < FIRST_ANSWERS ? OPENING_AT_FIRST : OPENING_AT_ONCE;

	for (unsigned n = 0; n < OPENS_PER_ROUND; n++)
		if (crowd->attempted == crowd->goal || crowd->attempted - crowd->answered >= most ||
		    !open_one(crowd, core))
			return;
}

static void ask_more(struct crowd *crowd, struct weir_core *core)
{
	uint8_t message[MESSAGE_BYTES];

	for (unsigned n = 0; n < ASKS_PER_ROUND && crowd->asked < crowd->samples_count; n++) {
		write_message(message, crowd->asked + 1);
		if (crowd->asked - crowd->echoed >= OPENING_AT_ONCE ||
		    weir_send_copy(core, crowd->samples[crowd->asked].conn, message, MESSAGE_BYTES) != 0)
			return;
		crowd->asked++;
	}
}

static bool is_echo(const struct weir_event *event)
{
	uint8_t message[MESSAGE_BYTES];

	if (event->bytes != MESSAGE_BYTES || event->payload->data_len != MESSAGE_BYTES)
		return false;
	write_message(message, event->word);
	return memcmp(rte_pktmbuf_mtod(event->payload, const void *), message, MESSAGE_BYTES) == 0;
}

static void hear(struct crowd *crowd, struct weir_core *core, const struct weir_event *event)
{
	struct sample *sample = event->word != 0 ? &crowd->samples[event->word - 1] : NULL;

	if (sample != NULL && !sample->answered && is_echo(event)) {
		sample->answered = true;
		crowd->echoed++;
	}
	weir_release(core, event->conn, event->payload);
}

static void client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct crowd *crowd = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		crowd->answered += (event->what & WEIR_EV_OPENED) != 0;
		if (event->what & WEIR_EV_DATA)
			hear(crowd, core, event);
		if (event->what & WEIR_EV_FIN)
			weir_close(core, event->conn);
		if (event->what & WEIR_EV_CLOSED)
			crowd->failed += event->reason != WEIR_REASON_NONE;
	}
	if (crowd->asking)
		ask_more(crowd, core);
	else
		open_more(crowd, core);
}

/* Its own bytes back: at most one message, which fits a buffer. */
static void echo(struct crowd *crowd, struct weir_core *core, const struct weir_event *event)
{
	const struct rte_mbuf *m = event->payload;

	if (weir_send_copy(core, event->conn, rte_pktmbuf_mtod(m, const void *), m->data_len) != 0)
		crowd->failed++;
	weir_release(core, event->conn, event->payload);
}

static void server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct crowd *crowd = arg;
	bool closing = crowd->setup.kind == CROWD_TIME_WAIT;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_event *event = &events[i];

		if (event->what & WEIR_EV_DATA)
			echo(crowd, core, event);
		if (event->what & WEIR_EV_OPENED && closing)
			weir_close(core, event->conn);
		if (event->what & WEIR_EV_CLOSED)
			crowd->failed += event->reason != WEIR_REASON_NONE;
		crowd->standing += (event->what & (closing ? WEIR_EV_CLOSED : WEIR_EV_OPENED)) != 0;
	}
}

/* Of a client that is deaf: it hears whom to send to (ARP), and no SYN-ACK. */
static unsigned take_answers(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, void *arg)
{
	struct crowd *crowd = arg;
	unsigned kept = 0;

	(void)core;
	for (unsigned i = 0; i < n; i++) {
		const struct rte_ether_hdr *header = rte_pktmbuf_mtod(mbufs[i], const struct rte_ether_hdr *);

		if (header->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
			mbufs[kept++] = mbufs[i];
			continue;
		}
		crowd->answered++;
		crowd->standing++;
		rte_pktmbuf_free(mbufs[i]);
	}
	return kept;
}

/* ------------------------------------------------------------------------------------------- *
 * Cores
 * ------------------------------------------------------------------------------------------- */

/* No timer fires while it grows: not that of a SYN that goes unanswered, nor TIME-WAIT's. */
static void configure(const struct crowd_setup *setup, bool is_client, struct weir_config *config)
{
	uint32_t n = setup->connections;
	enum crowd_kind kind = setup->kind;
	uint32_t addresses = n / (kind == CROWD_TIME_WAIT ? PER_ADDRESS_FORGOTTEN : PER_ADDRESS);

	weir_config_default(config);
	config->max_connections = SMALL;
	config->max_half_open = SMALL;
	config->max_time_wait = SMALL;
	config->max_events = SMALL;
	config->max_extensions = setup->samples == 0 ? SMALL : is_client ? EXTENSIONS : 2 * EXTENSIONS;
	if (kind == CROWD_OPEN || (kind == CROWD_HALF_OPEN && is_client))
		config->max_connections = n;
	else if (kind == CROWD_HALF_OPEN)
		config->max_half_open = n;
	else if (!is_client)
		config->max_time_wait = n;
	config->msl_ns = LONG_NS;
	if (kind == CROWD_HALF_OPEN)
		config->rto_initial_ns = config->rto_min_ns = LONG_NS;
	config->defence.mode = WEIR_DEFENCE_OFF;
	config->defence.timeout_ns = 3 * LONG_NS;
	config->ranges_count = 1;
	config->ranges[0] = (struct weir_range){ weir_ipv4(SERVER), weir_ipv4(SERVER), 24 };
	config->gateway = weir_ipv4(ROUTER);
	if (!is_client)
		return;
	/*
	 * Echoes keep the server's buffers until they are acknowledged,
	 * and no more requests come to carry that.
	 */
	config->delayed_ack_ns = 1000000;
	config->gateway = (struct weir_address){ 0 };
	config->ranges_count = 2;
	config->ranges[0] = (struct weir_range){ weir_ipv4(ROUTER), weir_ipv4(ROUTER), 24 };
	config->ranges[1] = (struct weir_range){ weir_ipv4(CLIENTS), weir_ipv4(CLIENTS + addresses), 8 };
}

size_t crowd_footprint(const struct crowd_setup *setup)
{
	struct weir_config client, server;

	configure(setup, true, &client);
	configure(setup, false, &server);
	return tcp_footprint(&client) + tcp_footprint(&server);
}

static int add_shard(struct crowd *crowd, int port, bool is_client)
{
	struct weir_shard_config shard = {
		.lcore = (int)rte_get_main_lcore(),
		.app = is_client ? client_round : server_round,
		.sink = is_client && crowd->setup.kind == CROWD_HALF_OPEN ? take_answers : NULL,
		.arg = crowd,
		.mbufs = BUFFERS,
	};

	configure(&crowd->setup, is_client, &shard.config);
	return weir_runtime_shard(crowd->runtime, port, &shard);
}

static int build(struct crowd *crowd)
{
	struct weir_endpoint local = { .port = PORT };
	int ports[2];

	if (weir_runtime_wire(crowd->runtime, ports) != 0)
		return -1;
	crowd->client = add_shard(crowd, ports[0], true);
	crowd->server = add_shard(crowd, ports[1], false);
	if (crowd->client < 0 || crowd->server < 0 ||
	    weir_listen(weir_runtime_core(crowd->runtime, crowd->server), local, 0) < 0)
		return -1;
	return weir_runtime_start(crowd->runtime);
}

struct crowd *crowd_create(const struct crowd_setup *setup)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (crowd == NULL)
		return NULL;
	crowd->setup = *setup;
	crowd->rng.state = setup->connections;
	crowd->samples = calloc(setup->samples + 1, sizeof(*crowd->samples));
	crowd->runtime = weir_runtime_create();
	if (crowd->samples != NULL && crowd->runtime != NULL && build(crowd) == 0)
		return crowd;
	bench_note("%s: %s", setup->bench,
		   crowd->runtime != NULL ? weir_runtime_error(crowd->runtime) : "no memory");
	if (crowd->runtime != NULL)
		weir_runtime_destroy(crowd->runtime);
	free(crowd->samples);
	free(crowd);
	return NULL;
}

unsigned crowd_destroy(struct crowd *crowd)
{
	unsigned missing;

	weir_runtime_stop(crowd->runtime);
	weir_runtime_join(crowd->runtime);
	missing = weir_runtime_destroy(crowd->runtime);
	free(crowd->samples);
	free(crowd);
	return missing;
}

/* ------------------------------------------------------------------------------------------- *
 * Growing and asking
 * ------------------------------------------------------------------------------------------- */

/* Runs the loops until *count is `goal`, or has not moved for a while. */
static void run_until(struct crowd *crowd, const uint32_t *count, uint32_t goal)
{
	uint64_t moved_ns = weir_now_ns();

	while (*count < goal && weir_now_ns() - moved_ns < PATIENCE_NS && crowd->failed == 0) {
		uint32_t before = *count;

		weir_runtime_poll(crowd->runtime, weir_now_ns() + SLICE_NS);
		if (*count != before)
			moved_ns = weir_now_ns();
	}
}

uint64_t crowd_grow(struct crowd *crowd, uint32_t connections)
{
	uint64_t begin = bench_cycles();

	crowd->goal = connections;
	run_until(crowd, &crowd->standing, connections);
	if (crowd->standing == connections && crowd->failed == 0)
		return bench_cycles() - begin;
	bench_note("%s: stopped at %" PRIu32 " of %" PRIu32 " connections, %" PRIu32 " failed",
		   crowd->setup.bench, crowd->standing, connections, crowd->failed);
	return 0;
}

uint32_t crowd_ask(struct crowd *crowd)
{
	crowd->asking = true;
	run_until(crowd, &crowd->echoed, crowd->samples_count);
	return crowd->echoed;
}

const struct weir_core *crowd_client(const struct crowd *crowd)
{
	return weir_runtime_core(crowd->runtime, crowd->client);
}

const struct weir_core *crowd_server(const struct crowd *crowd)
{
	return weir_runtime_core(crowd->runtime, crowd->server);
}
