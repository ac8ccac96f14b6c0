/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/addresses.h"
#include "support/payload_arena.h"

#define PIECE 8000u
#define PORT 80

static const uint32_t addresses[2] = { 0x0a000001, 0x0a000002 };

static void begin(struct transfer *t, const struct transfer_plan *plan)
{
	struct tcp_secrets secrets = {
		.table = { 1, 2 },
		.names = { 11, 12 },
		.isn = { 3, 4 },
		.ports = { 5, 6 },
		.cookies = { { 7, 8 }, { 9, 10 } },
	};
	const struct weir_endpoint client = { numbered_address(plan->is6, addresses[0]), 0 },
				   server = { numbered_address(plan->is6, addresses[1]), PORT };
	struct weir_config config;
	weir_conn conn;

	memset(t, 0, sizeof(*t));
	t->plan = *plan;
	t->now_ns = CLOCK_NS_PER_S;
	network_init(&t->network, &plan->faults, plan->seed);
	weir_config_default(&config);
	config.max_connections = 4;
	config.receive_buffers = plan->receive_buffers;
	config.ecn = plan->ecn;
	config.no_timestamps = plan->no_timestamps;
	config.defence.mode = plan->cookies ? WEIR_DEFENCE_ALWAYS : WEIR_DEFENCE_OFF;
	for (unsigned end = 0; end < 2; end++) {
		config.ranges[0].first = config.ranges[0].last = end == 0 ? client.address : server.address;
		config.ranges_count = 1;
		host_init(&t->hosts[end], &t->network, end, &config, &secrets, t->now_ns);
		t->hosts[end].strip = plan->strip;
	}
	CHECK(tcp_listen(t->hosts[1].tcp, (struct weir_endpoint){ .port = PORT }, 0) >= 0);
	CHECK(tcp_connect(t->hosts[0].tcp, client, server, 0, t->now_ns, &conn) == 0);
}

/* The sender's application. */
static void send_more(struct transfer *t)
{
	static const uint8_t bytes[PIECE];
	struct tcp *tcp = t->hosts[t->plan.sender].tcp;

	while (t->open && t->sent < TRANSFER_BYTES) {
		payload data = payload_arena_copy(bytes, PIECE);

		if (tcp_send(tcp, t->conn, data) != 0) {
			payload_free(data);
			return;
		}
		t->sent += PIECE;
	}
}

/* Of the sender: it is open, or all that it gave has been acknowledged. */
static void note_progress(struct transfer *t, weir_conn conn)
{
	struct tcp *tcp = t->hosts[t->plan.sender].tcp;

	t->conn = conn;
	t->open = true;
	CHECK(tcp_info(tcp, conn, &t->info) == 0);
	if (t->sent < TRANSFER_BYTES)
		return;
	t->cwnd_bytes = t->info.cwnd_bytes;
	t->took_ns = t->now_ns - CLOCK_NS_PER_S;
	tcp_close(tcp, conn);
}

static void take_events(struct transfer *t, unsigned end)
{
	struct tcp *tcp = t->hosts[end].tcp;
	struct weir_event event;

	while (tcp_events(tcp, &event, 1) == 1) {
		t->received += event.bytes;
		if (event.what & WEIR_EV_DATA)
			tcp_release(tcp, event.conn, (payload)(uintptr_t)event.payload);
		if (event.what & WEIR_EV_CLOSED && event.reason != WEIR_REASON_NONE)
			t->fault = weir_reason_name((enum weir_reason)event.reason);
		if (event.what & WEIR_EV_FIN)
			tcp_close(tcp, event.conn);
		if (end == t->plan.sender && event.what & (WEIR_EV_OPENED | WEIR_EV_SENT))
			note_progress(t, event.conn);
	}
}

/* A listener that answers by cookies looks at itself for ever: nothing else is due. */
static bool is_over(const struct transfer *t)
{
	return t->network.count == 0 && t->hosts[0].tcp->table.entries + t->hosts[1].tcp->table.entries == 0;
}

static void run(struct transfer *t)
{
	uint64_t next = t->now_ns;

	for (; next != UINT64_MAX && !is_over(t); t->now_ns = next > t->now_ns ? next : t->now_ns + 1000) {
		next = UINT64_MAX;
		while (network_next(&t->network) <= t->now_ns) {
			struct network_frame frame = network_take(&t->network);

			host_receive(&t->hosts[frame.to], frame.bytes, frame.len, t->now_ns);
			free(frame.bytes);
		}
		for (unsigned end = 0; end < 2; end++) {
			tcp_advance(t->hosts[end].tcp, t->now_ns);
			take_events(t, end);
			if (end == t->plan.sender)
				send_more(t);
			host_send(&t->hosts[end], t->now_ns);
			uint64_t due = host_next(&t->hosts[end], t->now_ns);

			next = due < next ? due : next;
		}
		next = network_next(&t->network) < next ? network_next(&t->network) : next;
	}
}

void transfer_run(struct transfer *t, const struct transfer_plan *plan, const char *name)
{
	begin(t, plan);
	run(t);
	for (unsigned end = 0; end < 2; end++) {
		for (unsigned id = 0; id < COUNTERS; id++)
			t->totals.v[id] += t->hosts[end].counters.v[id];
		const char *fault = host_finish(&t->hosts[end]);

		t->fault = t->fault != NULL ? t->fault : fault;
	}
	network_free(&t->network);
	printf("# IPv%c, %s: %u bytes in %" PRIu64 " ms, cwnd %u; %" PRIu64 " sent again%s%s\n",
	       plan->is6 ? '6' : '4', name, t->received, (uint64_t)(t->took_ns / CLOCK_NS_PER_MS),
	       t->cwnd_bytes, t->totals.v[COUNT_retransmits], t->fault != NULL ? ": " : "",
	       t->fault != NULL ? t->fault : "");
}

bool transfer_arrived(const struct transfer *t)
{
	return t->fault == NULL && t->received == TRANSFER_BYTES && t->totals.v[COUNT_retransmits] == 0;
}

unsigned transfer_report(unsigned number, bool well, const char *what, bool is6)
{
	printf("%sok %u - %s, IPv%c\n", well ? "" : "not ", number, what, is6 ? '6' : '4');
	return !well;
}
