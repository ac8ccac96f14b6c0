/* SPDX-License-Identifier: BSD-3-Clause */
#include "goodput_server.h"

#include <string.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "bench.h"
#include "core/core.h"
#include "run/loop.h"

#define MESSAGE_BYTES 64
#define CONNECTIONS_MAX (1u << 18)
#define HALF_OPEN_MAX (1u << 16)
/* Of one minute of connections; then the oldest go, as they do on any busy server. */
#define TIME_WAIT_MAX (1u << 20)
#define PAGE_BYTES 4096

_Static_assert(VIRTUAL_NIC_SENT_MAX >= LOOP_OUTPUT_BURSTS * BURST_FRAMES, "a turn's frames fit");
_Static_assert(TURN_COST_SIZES == BURST_FRAMES + 1, "a turn's size is its frames");

const struct eth_addr goodput_server_mac = { { 2, 0, 0, 0, 0, 2 } };

static const char response[MESSAGE_BYTES] = "a response of 64 bytes, and nothing that anybody would look at";

static void answer(struct goodput_server *server, const struct weir_event *event)
{
	if (!(event->what & WEIR_EV_DATA))
		return;
	weir_release(server->core, event->conn, event->payload);
	weir_send_static(server->core, event->conn, server->response);
	weir_close(server->core, event->conn);
}

static void deliver(struct goodput_server *server)
{
	struct weir_event events[LOOP_EVENTS];
	unsigned n = LOOP_EVENTS;

	for (int call = 0; call < LOOP_EVENT_CALLS && n == LOOP_EVENTS; call++) {
		n = weir_events(server->core, events, LOOP_EVENTS);
		for (unsigned i = 0; i < n; i++)
			answer(server, &events[i]);
	}
}

static void transmit(struct goodput_server *server)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	unsigned n = BURST_FRAMES;

	virtual_nic_clean(&server->nic);
	for (int burst = 0; burst < LOOP_OUTPUT_BURSTS && n == BURST_FRAMES; burst++) {
		n = weir_output(server->core, frames, BURST_FRAMES);
		virtual_nic_tx(&server->nic, frames, n);
	}
	server->more = n == BURST_FRAMES;
}

static void take_in(struct goodput_server *server, unsigned n, double now_ns)
{
	unsigned taken = weir_input(server->core, server->frames, n, (uint64_t)now_ns, NULL);

	server->kept = n - taken;
	if (server->kept > 0)
		memmove(server->frames, server->frames + taken, server->kept * sizeof(server->frames[0]));
}

static void watch_half_open(struct goodput_server *server)
{
	struct weir_stats stats;

	weir_stats(server->core, &stats);
	if (stats.states[WEIR_SYN_RECEIVED] > server->half_open_max)
		server->half_open_max = (uint32_t)stats.states[WEIR_SYN_RECEIVED];
}

double goodput_server_turn(struct goodput_server *server, double now_ns)
{
	uint64_t begin = rte_rdtsc_precise(), cycles;
	unsigned n = server->kept;

	if (n == 0)
		n = virtual_nic_rx(&server->nic, server->frames, BURST_FRAMES);
	take_in(server, n, now_ns);
	deliver(server);
	transmit(server);
	cycles = rte_rdtsc_precise() - begin;
	watch_half_open(server);
	return turn_cost_ns(&server->cost, n, cycles);
}

bool goodput_server_busy(const struct goodput_server *server)
{
	return server->kept > 0 || server->more || virtual_nic_filled(&server->nic) > 0;
}

bool goodput_server_sound(const struct goodput_server *server)
{
	struct weir_stats stats;

	weir_stats(server->core, &stats);
	if (server->half_open_max > HALF_OPEN_MAX)
		bench_note("flood_goodput: %u half-open records, and the bound is %u", server->half_open_max,
			   HALF_OPEN_MAX);
	else if (stats.memory_bytes != server->memory_bytes)
		bench_note("flood_goodput: the server's memory grew");
	else
		return true;
	return false;
}

/* A server that is attacked has been up for a while: pages are not touched first by the attack. */
static void touch_pages(const struct memory *memory)
{
	for (size_t at = 0; at < memory->bytes; at += PAGE_BYTES) {
		volatile uint8_t *byte = (uint8_t *)memory->base + at;

		*byte = *byte;
	}
}

static struct weir_core *create_core(struct rte_mempool *pool, enum weir_defence_mode mode,
				     struct weir_address gateway)
{
	bool is6 = !weir_is_ipv4(gateway);
	struct weir_address ours = goodput_address(is6, GOODPUT_SERVER_ADDRESS);
	struct weir_config config;

	weir_config_default(&config);
	memcpy(config.mac, goodput_server_mac.bytes, sizeof(config.mac));
	config.ranges[0] = (struct weir_range){
		.first = ours,
		.last = ours,
		.prefix_len = goodput_prefix_len(is6),
	};
	config.ranges_count = 1;
	*(is6 ? &config.gateway6 : &config.gateway) = gateway;
	config.dad_probes = 0;
	config.max_connections = CONNECTIONS_MAX;
	config.max_half_open = HALF_OPEN_MAX;
	config.max_time_wait = TIME_WAIT_MAX;
	config.defence.mode = mode;
	config.pool = pool;
	return weir_core_create(&config);
}

bool goodput_server_start(struct goodput_server *server, struct rte_mempool *pool,
			  enum weir_defence_mode mode, struct weir_address gateway)
{
	struct weir_stats stats;

	*server = (struct goodput_server){ .half_open_max = 0 };
	turn_cost_init(&server->cost);
	if (!virtual_nic_start(&server->nic, pool)) {
		bench_note("flood_goodput: too few buffers for the server's NIC");
		return false;
	}
	server->core = create_core(pool, mode, gateway);
	if (server->core == NULL) {
		bench_note("flood_goodput: no memory for the server");
		virtual_nic_stop(&server->nic);
		return false;
	}
	touch_pages(&server->core->memory);
	server->listener =
		weir_listen(server->core, (struct weir_endpoint){ .port = GOODPUT_SERVER_PORT }, 0);
	server->response = weir_static(server->core, response, sizeof(response));
	weir_stats(server->core, &stats);
	server->memory_bytes = stats.memory_bytes;
	return true;
}

void goodput_server_stop(struct goodput_server *server)
{
	rte_pktmbuf_free_bulk(server->frames, server->kept);
	weir_core_destroy(server->core);
	virtual_nic_stop(&server->nic);
}
