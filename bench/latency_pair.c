/* SPDX-License-Identifier: BSD-3-Clause */
#include "latency_pair.h"

#include <inttypes.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "bench.h"

#define NS_PER_MS 1000000ull
#define OPEN_WAIT_NS (1000 * NS_PER_MS)
/* What a connection's beginning needs. */
#define OTHER_FRAMES 64

static const char request[LATENCY_BYTES] = "a request of 64 bytes; one is under way at a time, and no more.";
static const char response[LATENCY_BYTES] = "and the response to it, which is 64 bytes as well: it is right.";

static bool is_right(const struct weir_event *event, const char message[LATENCY_BYTES])
{
	return event->bytes == LATENCY_BYTES && event->payload->data_len == LATENCY_BYTES &&
	       memcmp(rte_pktmbuf_mtod(event->payload, const void *), message, LATENCY_BYTES) == 0;
}

static void ask(struct latency_pair *pair, struct weir_core *core)
{
	pair->sent_tsc = rte_rdtsc();
	pair->broken |= weir_send_static(core, pair->conn, pair->request) != 0;
}

static void client_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct latency_pair *pair = arg;

	(void)now_ns;
	if (!pair->asked)
		pair->asked = end_pair_connect(core, &pair->conn) == 0;
	for (unsigned i = 0; i < n; i++) {
		pair->broken |= (events[i].what & WEIR_EV_CLOSED) != 0;
		if (events[i].what & WEIR_EV_OPENED)
			ask(pair, core);
		if (!(events[i].what & WEIR_EV_DATA))
			continue;
		pair->broken |= !is_right(&events[i], response);
		histogram_record(&pair->round_trips,
				 (uint64_t)((double)(rte_rdtsc() - pair->sent_tsc) * pair->ns_per_cycle));
		pair->trips++;
		weir_release(core, events[i].conn, events[i].payload);
		ask(pair, core);
	}
}

static void server_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
			 void *arg)
{
	struct latency_pair *pair = arg;

	(void)now_ns;
	for (unsigned i = 0; i < n; i++) {
		if (!(events[i].what & WEIR_EV_DATA))
			continue;
		/* A wrong request has no answer: turns without a round trip are no result. */
		if (is_right(&events[i], request))
			weir_send_static(core, events[i].conn, pair->response);
		weir_release(core, events[i].conn, events[i].payload);
	}
}

int latency_pair_open(struct latency_pair *pair, unsigned server_lcore, const struct cable *cable)
{
	*pair = (struct latency_pair){ .ns_per_cycle = 1e9 / (double)rte_get_tsc_hz() };
	if (end_pair_open(&pair->ends, &(struct end_pair_setup){ .bench = "latency",
								 .client = client_round,
								 .server = server_round,
								 .arg = pair,
								 .client_lcore = (int)rte_get_main_lcore(),
								 .server_lcore = (int)server_lcore,
								 .cable = cable }) != 0)
		return -1;
	pair->request = weir_static(pair->ends.client, request, sizeof(request));
	pair->response = weir_static(pair->ends.server, response, sizeof(response));
	for (uint64_t end = weir_now_ns() + OPEN_WAIT_NS; weir_now_ns() < end && pair->trips == 0;)
		end_pair_run(&pair->ends, NS_PER_MS);
	if (pair->trips > 0 && !pair->broken)
		return 0;
	bench_note("latency: no response comes");
	latency_pair_close(pair);
	return -1;
}

void latency_pair_run(struct latency_pair *pair, uint64_t ns)
{
	memset(&pair->round_trips, 0, sizeof(pair->round_trips));
	end_pair_run(&pair->ends, ns);
}

bool latency_pair_is_clean(const struct latency_pair *pair)
{
	struct end_pair_counts counts;

	end_pair_counts(&pair->ends, &counts);
	bench_note("latency: %" PRIu64 " round trips in %" PRIu64 " frames", pair->trips, counts.frames);
	if (!pair->broken && counts.retransmits == 0 && counts.frames < 2 * pair->trips + OTHER_FRAMES)
		return true;
	bench_note("latency: %" PRIu64 " retransmissions, %" PRIu64 " drops%s: no result", counts.retransmits,
		   counts.lost, pair->broken ? ", a wrong message or an end" : "");
	return false;
}

int latency_pair_close(struct latency_pair *pair)
{
	return end_pair_close(&pair->ends);
}
