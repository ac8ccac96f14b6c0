/* SPDX-License-Identifier: BSD-3-Clause */
#include "cookie_server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "base/rng.h"
#include "bench.h"
#include "core/core.h"
#include "syn_capture.h"
#include "tcp/fsm.h"
#include "tcp/records.h"
#include "weir.h"
#include "wire/parse.h"

/* Beyond the connections, so that the table is as full as it ever gets. */
#define SPARE 1024
#define FIRST_PEER 0x0a000001u /* 10.0.0.1 */
#define SYN_OPTIONS (SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE)
#define MIB (1u << 20)

struct cookie_server {
	struct weir_runtime *runtime;
	int port, shard;
	struct weir_core *core;
	bool is6;
};

/* Nobody completes a handshake. */
static void no_application(struct weir_core *core, const struct weir_event *events, unsigned n,
			   uint64_t now_ns, void *arg)
{
	(void)core, (void)events, (void)n, (void)now_ns, (void)arg;
}

static int add_shard(struct weir_runtime *runtime, int port, bool is6)
{
	const struct weir_address ours = syn_capture_address(is6, SYN_CAPTURE_SERVER);
	struct weir_shard_config shard = {
		.lcore = (int)rte_get_main_lcore(),
		.app = no_application,
		.mbufs = COOKIE_SERVER_MBUFS,
	};

	weir_config_default(&shard.config);
	memcpy(shard.config.mac, syn_capture_server_mac.bytes, sizeof(shard.config.mac));
	shard.config.ranges[0] = (struct weir_range){
		.first = ours,
		.last = ours,
		.prefix_len = (uint8_t)syn_capture_prefix_len(is6),
	};
	shard.config.ranges_count = 1;
	/* Nothing but SYN-ACKs is to go out, and nobody answers what is asked. */
	shard.config.no_router_advertisements = true;
	shard.config.dad_probes = 0;
	shard.config.max_connections = COOKIE_SERVER_CONNECTIONS + SPARE;
	shard.config.max_half_open = SPARE;
	shard.config.max_time_wait = SPARE;
	shard.config.max_extensions = SPARE;
	shard.config.defence.mode = WEIR_DEFENCE_ALWAYS;
	return weir_runtime_shard(runtime, port, &shard);
}

/* Idle: no timer, all options agreed on. */
static bool add_connection(struct tcp *tcp, const struct pair *pair, struct rng *rng)
{
	struct tuple tuple =
		tcp_tuple(tcp, pair, SYN_CAPTURE_PORT, (uint16_t)(1 + rng_below(rng, UINT16_MAX)));
	struct tcb *tcb = tcb_take(tcp, &tuple, pair);

	if (tcb == NULL ||
	    !conn_table_insert(&tcp->table, tcp_hash(tcp, &tuple), ref_make(REF_HOT, tcb_slot(tcp, tcb))))
		return false;
	tcb->rcv_nxt = (uint32_t)rng_u64(rng);
	tcb->snd_nxt = (uint32_t)rng_u64(rng);
	tcb->ts_recent = (uint32_t)rng_u64(rng);
	tcb->ts_offset = (uint32_t)rng_u64(rng);
	tcb->flags |= TCB_TS | TCB_SACK | TCB_WSCALE;
	tcb_set_state(tcp, tcb, WEIR_SYN_RECEIVED);
	tcb_set_state(tcp, tcb, WEIR_ESTABLISHED);
	return true;
}

static bool fill(struct cookie_server *server)
{
	struct rng rng = { COOKIE_SERVER_CONNECTIONS };
	struct weir_stats stats;

	for (uint32_t i = 0; i < COOKIE_SERVER_CONNECTIONS; i++) {
		struct pair pair = { .local = syn_capture_address(server->is6, SYN_CAPTURE_SERVER),
				     .remote = syn_capture_address(server->is6, FIRST_PEER + i) };

		if (!add_connection(server->core->tcp, &pair, &rng)) {
			bench_note("no room for connection %" PRIu32, i);
			return false;
		}
	}
	weir_stats(server->core, &stats);
	bench_note("%u connections in %" PRIu64 " MiB, %" PRIu64 " of them hugepages",
		   COOKIE_SERVER_CONNECTIONS, stats.memory_bytes / MIB,
		   weir_hugepage_bytes(server->core) / MIB);
	return true;
}

static int build(struct cookie_server *server, const char *device)
{
	server->port = weir_runtime_port(server->runtime, &(struct weir_port_config){
								  .device = device,
								  .software_checksums = true,
							  });
	if (server->port < 0)
		return -1;
	server->shard = add_shard(server->runtime, server->port, server->is6);
	if (server->shard < 0)
		return -1;
	server->core = weir_runtime_core(server->runtime, server->shard);
	if (weir_listen(server->core, (struct weir_endpoint){ .port = SYN_CAPTURE_PORT }, 0) < 0)
		return -1;
	return weir_runtime_start(server->runtime);
}

struct cookie_server *cookie_server_create(const char *device, bool is6)
{
	struct cookie_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->is6 = is6;
	server->runtime = weir_runtime_create();
	if (server->runtime != NULL && build(server, device) == 0 && fill(server))
		return server;
	bench_note("no server: %s",
		   server->runtime != NULL ? weir_runtime_error(server->runtime) : "no memory");
	if (server->runtime != NULL)
		weir_runtime_destroy(server->runtime);
	free(server);
	return NULL;
}

/*
 * Does the frame answer this SYN, which is as its client sees it,
 * as completely as a listener without cookies would?
 */
static bool is_answer(const struct rte_mbuf *m, const struct seg *syn, const struct pair *pair)
{
	struct frame frame = { .bytes = rte_pktmbuf_mtod(m, const uint8_t *),
			       .contiguous = m->data_len,
			       .total = m->pkt_len };
	struct seg_side side;
	uint32_t headers;
	struct seg seg;

	if (parse_link(&frame) != ACCEPTED || parse_ip(&frame) != ACCEPTED ||
	    parse_accept(&frame) != ACCEPTED || parse_tcp(&frame, 0, &seg, &side, &headers) != ACCEPTED)
		return false;
	return frame.total == syn_capture_frame_bytes(!weir_is_ipv4(pair->local)) &&
	       eth_equal(&frame.eth.src, &syn_capture_server_mac) &&
	       eth_equal(&frame.eth.dst, &syn_capture_client_mac) &&
	       address_equal(tuple_local(&seg.tuple, &side.pair), pair->local) &&
	       address_equal(tuple_remote(&seg.tuple, &side.pair), pair->remote) &&
	       tuple_ports(&seg.tuple) == tuple_ports(&syn->tuple) && seg.flags == (SEG_SYN | SEG_ACK) &&
	       seg.ack == syn->seq + 1 && seg.opts == SYN_OPTIONS && seg.mss == syn->mss && seg.wscale > 0 &&
	       seg.tsecr == syn->tsval && seg.tsval != 0;
}

/* SYNs number first..first+n-1 of the capture in one burst. */
static bool answers(const struct cookie_server *server, uint32_t first, unsigned n)
{
	struct weir_core *core = server->core;
	struct rte_mbuf *frames[CORE_BURST];
	unsigned taken, sent, right = 0;

	if (rte_pktmbuf_alloc_bulk(core->pool, frames, n) != 0)
		return false;
	for (unsigned i = 0; i < n; i++)
		syn_capture_frame(server->is6,
				  (uint8_t *)rte_pktmbuf_append(
					  frames[i], (uint16_t)syn_capture_frame_bytes(server->is6)),
				  first + i);
	taken = weir_input(core, frames, n, weir_now_ns(), NULL);
	sent = weir_output(core, frames, CORE_BURST);
	for (unsigned i = 0; i < sent; i++) {
		struct pair pair;
		struct seg syn = syn_capture_seg(server->is6, first + i, &pair);

		right += is_answer(frames[i], &syn, &pair);
	}
	rte_pktmbuf_free_bulk(frames, sent);
	return taken == n && sent == n && right == n;
}

/*
 * What a core has to say before anybody speaks to it:
 * whose address this is, and of IPv6 which groups it is in, twice.
 */
static void let_announce(const struct cookie_server *server)
{
	const struct timespec between = { .tv_sec = 1 };
	struct rte_mbuf *frames[CORE_BURST];

	for (unsigned times = 1 + server->is6; times > 0; times--) {
		weir_input(server->core, frames, 0, weir_now_ns(), NULL);
		rte_pktmbuf_free_bulk(frames, weir_output(server->core, frames, CORE_BURST));
		if (times > 1)
			nanosleep(&between, NULL);
	}
}

bool cookie_server_is_right(struct cookie_server *server)
{
	struct cookie_server_counts counts;
	bool right = true;

	let_announce(server);
	for (unsigned n = 1; right && n <= CORE_BURST; n++)
		right = answers(server, n * CORE_BURST, n);
	cookie_server_counts(server, &counts);
	if (right && counts.half_open == 0 && counts.cookies == counts.frames_in)
		return true;
	bench_note("SYNs are not answered by right SYN-ACKs alone: %" PRIu64 " in, %" PRIu64 " out, %" PRIu64
		   " cookies, %" PRIu64 " half-open",
		   counts.frames_in, counts.frames_out, counts.cookies, counts.half_open);
	return false;
}

void cookie_server_run(struct cookie_server *server, uint64_t ns)
{
	weir_runtime_poll(server->runtime, weir_now_ns() + ns);
}

void cookie_server_counts(const struct cookie_server *server, struct cookie_server_counts *counts)
{
	uint64_t values[COUNTERS];
	struct weir_port_stats port = { 0 };
	struct weir_loop_stats loop;
	struct weir_stats stats;

	weir_stats(server->core, &stats);
	weir_counters(server->core, values, COUNTERS);
	weir_runtime_port_stats(server->runtime, server->port, &port);
	weir_runtime_loop_stats(server->runtime, server->shard, &loop);
	*counts = (struct cookie_server_counts){
		.frames_in = stats.frames_in,
		.frames_out = stats.frames_out,
		.cookies = stats.cookies_sent,
		.drops = port.rx_missed + port.rx_errors + port.rx_no_mbuf + port.tx_errors +
			 loop.tx_backlog_drops,
		.connections = stats.states[WEIR_ESTABLISHED],
		.half_open = stats.states[WEIR_SYN_RECEIVED],
	};
	for (unsigned id = 0; id < COUNTERS; id++)
		if (weir_counter_kind(id) == WEIR_COUNT_DROP)
			counts->drops += values[id];
}

unsigned cookie_server_destroy(struct cookie_server *server)
{
	unsigned missing;

	weir_runtime_stop(server->runtime);
	weir_runtime_join(server->runtime);
	missing = weir_runtime_destroy(server->runtime);
	free(server);
	return missing;
}
