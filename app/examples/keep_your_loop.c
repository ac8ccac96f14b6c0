/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keep_your_loop.c - a bridge of two ports, with a loop and buffers of its own, that answers TCP on an
 * address of its own by weir: an echo on a port that would otherwise need the kernel.
 *
 *     keep_your_loop [EAL options, two ports among them] -- ADDRESS/PREFIX PORT
 *     keep_your_loop --vdev=net_tap0,iface=tapA --vdev=net_tap1,iface=tapB -- 10.0.0.1/24 7
 *
 * What makes it a program with weir in it, and not one on top of weir, is bridge_burst(): every burst goes to
 * weir_input() first, and what comes back as WEIR_NOT_MINE is forwarded as if weir were not there.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_jhash.h>
#include <rte_mbuf.h>

#include "weir.h"

#define PORTS 2
#define BURST 32
#define DESCRIPTORS 512
#define BUFFERS 8191
#define STATIONS 1024 /* a power of two */
#define SECOND_NS 1000000000ull

static volatile sig_atomic_t stopped;

/* Where the bridge saw each station last. A collision forgets the older one, which is then flooded to. */
static struct station {
	struct rte_ether_addr mac;
	uint16_t port;
} stations[STATIONS];

static struct station *station_of(const struct rte_ether_addr *mac)
{
	uint64_t key = 0;

	/* An address in a frame starts where it does; rte_jhash() wants whole words. */
	memcpy(&key, mac, sizeof(*mac));
	return &stations[rte_jhash(&key, sizeof(key), 0) & (STATIONS - 1)];
}

/* NULL: there was no buffer for a copy. */
static void send_frame(uint16_t port, struct rte_mbuf *frame)
{
	if (frame != NULL && rte_eth_tx_burst(port, 0, &frame, 1) == 0)
		rte_pktmbuf_free(frame);
}

/* To the port of its receiver, or to all but the one it came from (PORTS: from none). */
static void forward(struct rte_mbuf *frame, uint16_t from)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(frame, const struct rte_ether_hdr *);
	const struct station *to = station_of(&eth->dst_addr);

	if (rte_is_same_ether_addr(&to->mac, &eth->dst_addr)) {
		if (to->port != from)
			send_frame(to->port, frame);
		else
			rte_pktmbuf_free(frame);
		return;
	}
	for (uint16_t port = 0; port < PORTS; port++) {
		if (port != from)
			send_frame(port, rte_pktmbuf_copy(frame, frame->pool, 0, UINT32_MAX));
	}
	rte_pktmbuf_free(frame);
}

/*
 * Frames are learned from before they are given away: weir owns those that it takes, and may have freed
 * them.
 */
static void learn(struct rte_mbuf *const *frames, unsigned n, uint16_t from)
{
	for (unsigned i = 0; i < n; i++) {
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(frames[i], const struct rte_ether_hdr *);

		*station_of(&eth->src_addr) = (struct station){ .mac = eth->src_addr, .port = from };
	}
}

/*
 * The application on top: sends back what comes in, and closes when the peer does. A peer that sends more
 * than it reads is cut off; run_for_me.c shows how to hold it back instead.
 */
static void echo(struct weir_core *core, const struct weir_event *event)
{
	int error = 0;

	if (event->what & WEIR_EV_DATA) {
		for (const struct rte_mbuf *m = event->payload; m != NULL && error == 0; m = m->next)
			error = weir_send_copy(core, event->conn, rte_pktmbuf_mtod(m, const void *),
					       m->data_len);
		weir_release(core, event->conn, event->payload);
	}
	if (error != 0)
		weir_abort(core, event->conn);
	else if (event->what & WEIR_EV_FIN)
		weir_close(core, event->conn);
}

/* Takes the burst in, as far as weir can: what it had no room for is dropped, as by a full NIC. */
static void bridge_burst(struct weir_core *core, uint16_t from, uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST];
	uint8_t verdicts[BURST];
	uint16_t n = rte_eth_rx_burst(from, 0, frames, BURST);
	unsigned looked_at;

	learn(frames, n, from);
	looked_at = weir_input(core, frames, n, now_ns, verdicts);
	for (unsigned i = 0; i < looked_at; i++) {
		if (verdicts[i] == WEIR_NOT_MINE)
			forward(frames[i], from);
	}
	rte_pktmbuf_free_bulk(&frames[looked_at], n - looked_at);
}

/* What follows from the burst and from time: events for the application, then frames for the ports. */
static void answer(struct weir_core *core)
{
	struct weir_event events[BURST];
	struct rte_mbuf *frames[BURST];
	unsigned n;

	do {
		n = weir_events(core, events, BURST);
		for (unsigned i = 0; i < n; i++)
			echo(core, &events[i]);
	} while (n == BURST);
	do {
		n = weir_output(core, frames, BURST);
		for (unsigned i = 0; i < n; i++)
			forward(frames[i], PORTS);
	} while (n == BURST);
}

/* The shard reads no clock: any that does not run backwards will do. */
static uint64_t now_ns(void)
{
	uint64_t cycles = rte_rdtsc(), hz = rte_get_tsc_hz();

	return cycles / hz * SECOND_NS + cycles % hz * SECOND_NS / hz;
}

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static int start_port(uint16_t port, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = { 0 };
	unsigned socket = (unsigned)rte_eth_dev_socket_id(port);

	if (rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, socket, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, socket, NULL) != 0 || rte_eth_dev_start(port) != 0) {
		fprintf(stderr, "keep_your_loop: port %u cannot be started\n", port);
		return -1;
	}
	rte_eth_promiscuous_enable(port); /* a bridge hears everybody */
	return 0;
}

/* "10.0.0.1/24" or "fd99::1/64" */
static bool parse_range(const char *text, struct weir_range *range)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	struct in_addr in;
	unsigned bits;
	char more;

	if (sscanf(text, "%45[0-9a-fA-F.:]/%u%c", address, &bits, &more) != 2 || bits > 128)
		return false;
	if (inet_pton(AF_INET, address, &in) == 1)
		range->first = weir_ipv4(ntohl(in.s_addr));
	else if (inet_pton(AF_INET6, address, &in6) == 1)
		range->first = weir_ipv6(in6.s6_addr);
	else
		return false;
	range->last = range->first;
	range->prefix_len = (uint8_t)bits;
	return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned number;
	char more;

	if (sscanf(text, "%u%c", &number, &more) != 1 || number == 0 || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

/* The bridge's own station: the first port's address, reached through both. */
static struct weir_core *make_core(const struct weir_range *range, uint16_t tcp_port,
				   struct rte_mempool *pool)
{
	struct rte_ether_addr mac;
	struct weir_config config;
	struct weir_core *core;

	weir_config_default(&config);
	rte_eth_macaddr_get(0, &mac);
	memcpy(config.mac, mac.addr_bytes, sizeof(config.mac));
	config.ranges[0] = *range;
	config.ranges_count = 1;
	config.max_connections = 1024;
	config.pool = pool;
	config.dad_probes = 2; /* a second apart: links may be coming up just now, and lose the first */
	core = weir_core_create(&config);
	if (core == NULL || weir_listen(core, (struct weir_endpoint){ .port = tcp_port }, 0) < 0) {
		fprintf(stderr, "keep_your_loop: no core: %s\n",
			weir_config_check(&config) != NULL ? weir_config_check(&config) : "out of memory");
		return NULL;
	}
	return core;
}

/*
 * Says so once the address may be used. An IPv6 one is asked for first, which takes a second: a station that
 * has it already keeps it. As weir_ready() has it.
 */
static int tell_ready(const struct weir_core *core, const char *address, const char *port)
{
	int ready = weir_ready(core);

	if (ready == 1)
		printf("bridging, and listening on %s port %s\n", address, port);
	else if (ready < 0)
		fprintf(stderr,
			"keep_your_loop: %s, or this station's link-local address, is in use by somebody else on this link\n",
			address);
	fflush(stdout);
	return ready;
}

/* Until a signal, or until somebody else turns out to have the address. */
static int run(struct weir_core *core, const char *address, const char *tcp_port)
{
	int ready = 0;

	while (!stopped && ready >= 0) {
		for (uint16_t port = 0; port < PORTS; port++)
			bridge_burst(core, port, now_ns());
		answer(core);
		if (ready == 0)
			ready = tell_ready(core, address, tcp_port);
	}
	return ready;
}

int main(int argc, char **argv)
{
	int taken = rte_eal_init(argc, argv);
	struct rte_mempool *pool;
	struct weir_core *core;
	struct weir_range range;
	uint16_t tcp_port;
	int ready;

	/* What EAL leaves begins with the program's name again. */
	if (taken < 0 || argc - taken != 3 || rte_eth_dev_count_avail() != PORTS ||
	    !parse_range(argv[taken + 1], &range) || !parse_port(argv[taken + 2], &tcp_port)) {
		fprintf(stderr,
			"usage: keep_your_loop [EAL options, with two ports] -- ADDRESS/PREFIX PORT\n");
		return 2;
	}
	pool = rte_pktmbuf_pool_create("buffers", BUFFERS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL || start_port(0, pool) != 0 || start_port(1, pool) != 0)
		return EXIT_FAILURE;
	core = make_core(&range, tcp_port, pool);
	if (core == NULL)
		return EXIT_FAILURE;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	ready = run(core, argv[taken + 1], argv[taken + 2]);
	weir_core_destroy(core);
	for (uint16_t port = 0; port < PORTS; port++) {
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
	}
	if (rte_mempool_in_use_count(pool) > 0)
		fprintf(stderr, "keep_your_loop: %u buffers did not come back\n",
			rte_mempool_in_use_count(pool));
	return rte_mempool_in_use_count(pool) == 0 && ready >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
