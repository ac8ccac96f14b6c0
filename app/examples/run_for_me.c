/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run_for_me.c - an echo server by weir's runtime: name a port, an address and a function, and poll.
 *
 *     run_for_me [EAL options] -- DEVICE ADDRESS/PREFIX PORT
 *     run_for_me --no-pci --no-huge -m 512 -- net_tap0,iface=tap0 10.0.0.2/24 7
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "weir.h"

#define PEERS 4096
#define NEW_PEER UINT32_MAX /* the word of a connection that was not given a slot yet */

/* What is kept of each connection; its word says which entry is its own. */
static struct peer {
	struct rte_mbuf *unsent; /* received, not yet sent back */
	bool finished;           /* the peer sent FIN */
} peers[PEERS];
static uint32_t free_peers[PEERS], free_count;

static struct weir_runtime *runtime;
static int ready; /* as weir_ready() has it; only the loop may ask, and main waits for it */

/*
 * Sends back what fits, buffer by buffer. A buffer that was released opens the receive window again; one that
 * was not keeps it shut: so a peer that does not read what it gets cannot go on sending.
 */
static void send_back(struct weir_core *core, weir_conn conn, struct peer *peer)
{
	while (peer->unsent != NULL) {
		struct rte_mbuf *first = peer->unsent, *rest = first->next;

		if (weir_send_copy(core, conn, rte_pktmbuf_mtod(first, void *), first->data_len) != 0)
			return; /* full: WEIR_EV_SENT will say that it is not any more */
		if (rest != NULL) {
			rest->nb_segs = first->nb_segs - 1;
			rest->pkt_len = first->pkt_len - first->data_len;
		}
		first->next = NULL;
		first->nb_segs = 1;
		first->pkt_len = first->data_len;
		weir_release(core, conn, first);
		peer->unsent = rest;
	}
	if (peer->finished)
		weir_close(core, conn);
}

/* All that happened to one connection since we last looked, in the order of the bits. */
static void handle(struct weir_core *core, const struct weir_event *event)
{
	uint32_t slot = event->word == NEW_PEER ? free_peers[--free_count] : event->word;
	struct peer *peer = &peers[slot];

	if (event->word == NEW_PEER)
		weir_set_word(core, event->conn, slot);
	if (event->what & WEIR_EV_DATA) {
		if (peer->unsent != NULL)
			rte_pktmbuf_chain(peer->unsent, event->payload);
		else
			peer->unsent = event->payload;
	}
	if (event->what & WEIR_EV_FIN)
		peer->finished = true;
	if (!(event->what & WEIR_EV_CLOSED)) {
		send_back(core, event->conn, peer);
		return;
	}
	if (peer->unsent != NULL)
		weir_release(core, event->conn, peer->unsent);
	*peer = (struct peer){ 0 };
	free_peers[free_count++] = slot;
}

static void echo(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		 void *arg)
{
	(void)now_ns, (void)arg;
	if (ready == 0)
		__atomic_store_n(&ready, weir_ready(core), __ATOMIC_RELAXED);
	for (unsigned i = 0; i < n; i++)
		handle(core, &events[i]);
}

static void on_signal(int number)
{
	(void)number;
	weir_runtime_stop(runtime);
}

/* "10.0.0.2/24" or "fd99::2/64" */
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

static int serve(const char *device, const struct weir_range *range, uint16_t tcp_port)
{
	struct weir_port_config port = { .device = device };
	struct weir_shard_config shard = { .lcore = -1, .app = echo };
	struct weir_endpoint everywhere = { .port = tcp_port };
	int number = weir_runtime_port(runtime, &port);

	if (number < 0)
		return number;
	weir_config_default(&shard.config);
	shard.config.ranges[0] = *range;
	shard.config.ranges_count = 1;
	shard.config.max_connections = PEERS;
	number = weir_runtime_shard(runtime, number, &shard);
	if (number < 0)
		return number;
	weir_listen(weir_runtime_core(runtime, number), everywhere, NEW_PEER);
	return weir_runtime_start(runtime);
}

/* An IPv6 address is asked for first, which takes a second: a station that has it already keeps it. */
static int wait_until_ready(void)
{
	int now = 0;

	while (now == 0 && weir_runtime_poll(runtime, weir_now_ns() + 10000000))
		now = __atomic_load_n(&ready, __ATOMIC_RELAXED);
	return now;
}

int main(int argc, char **argv)
{
	int taken = rte_eal_init(argc, argv);
	struct weir_range range;
	uint16_t tcp_port;
	unsigned missing;
	int state;

	/* What EAL leaves begins with the program's name again. */
	if (taken < 0 || argc - taken != 4 || !parse_range(argv[taken + 2], &range) ||
	    !parse_port(argv[taken + 3], &tcp_port)) {
		fprintf(stderr, "usage: run_for_me [EAL options] -- DEVICE ADDRESS/PREFIX PORT\n");
		return 2;
	}
	for (free_count = 0; free_count < PEERS; free_count++)
		free_peers[free_count] = free_count;

	runtime = weir_runtime_create();
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (serve(argv[taken + 1], &range, tcp_port) != 0) {
		fprintf(stderr, "run_for_me: %s\n", weir_runtime_error(runtime));
		return EXIT_FAILURE;
	}
	state = wait_until_ready();
	if (state == 1)
		printf("listening on %s port %s\n", argv[taken + 2], argv[taken + 3]);
	else if (state < 0)
		fprintf(stderr,
			"run_for_me: %s, or this port's link-local address, is in use by somebody else on this link\n",
			argv[taken + 2]);
	fflush(stdout);
	while (state == 1 && weir_runtime_poll(runtime, weir_now_ns() + 1000000000))
		;
	weir_runtime_stop(runtime);
	weir_runtime_join(runtime);
	for (uint32_t slot = 0; slot < PEERS; slot++)
		rte_pktmbuf_free(peers[slot].unsent);
	missing = weir_runtime_destroy(runtime);
	if (missing > 0)
		fprintf(stderr, "run_for_me: %u buffers did not come back\n", missing);
	return missing == 0 && state >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
