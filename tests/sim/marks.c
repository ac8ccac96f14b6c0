/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * marks - a bulk transfer over a network that marks and loses nothing (RFC 3168), in TAP.
 *
 * The same bytes go three times: with ECN over a clean network, with ECN over one that marks, and without ECN over one
 * that would mark. Marks must slow the sender down, and must not make it send anything twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/host.h"
#include "support/payload_arena.h"

#define BYTES 2000000u
#define PIECE 8000u
#define PORT 80
#define DELAY_NS (10 * CLOCK_NS_PER_MS)

static const uint32_t addresses[2] = { 0x0a000001, 0x0a000002 };

struct transfer {
	struct network network;
	struct host hosts[2]; /* 0 opens, and sends */
	weir_conn conn;
	uint64_t now_ns;
	uint32_t sent, received;
	uint32_t cwnd_bytes; /* when the last byte had been acknowledged, */
	uint64_t took_ns;    /* after so long */
	uint64_t marked, marks_in, reductions, retransmits;
	bool open, ecn; /* ecn: what was agreed on */
	const char *fault;
};

static void begin(struct transfer *t, unsigned marking, bool ecn)
{
	struct network_faults faults = { .marking = marking, .delay_ns = DELAY_NS };
	struct tcp_secrets secrets = { .table = { 1, 2 }, .isn = { 3, 4 }, .ports = { 5, 6 } };
	struct weir_config config;

	memset(t, 0, sizeof(*t));
	t->now_ns = CLOCK_NS_PER_S;
	network_init(&t->network, &faults, 7);
	weir_config_default(&config);
	config.max_connections = 4;
	config.receive_buffers = 255;
	config.ecn = ecn;
	for (unsigned end = 0; end < 2; end++)
		host_init(&t->hosts[end], &t->network, end, &config, &secrets, t->now_ns);
	CHECK(tcp_listen(t->hosts[1].tcp, (struct weir_endpoint){ .port = PORT }, 0) >= 0);
	CHECK(tcp_connect(t->hosts[0].tcp, (struct weir_endpoint){ addresses[0], 0 },
			  (struct weir_endpoint){ addresses[1], PORT }, 0, t->now_ns, &t->conn) == 0);
}

/* The sender's application. */
static void send_more(struct transfer *t)
{
	static const uint8_t bytes[PIECE];
	struct tcp *tcp = t->hosts[0].tcp;

	while (t->open && t->sent < BYTES) {
		payload data = payload_arena_copy(bytes, PIECE);

		if (tcp_send(tcp, t->conn, data) != 0) {
			payload_free(data);
			return;
		}
		t->sent += PIECE;
	}
}

/* Of the sender: it is open, or all that it gave has been acknowledged. */
static void note_progress(struct transfer *t)
{
	struct weir_info info;

	CHECK(tcp_info(t->hosts[0].tcp, t->conn, &info) == 0);
	t->open = true;
	t->ecn = info.ecn;
	if (t->sent < BYTES)
		return;
	t->cwnd_bytes = info.cwnd_bytes;
	t->took_ns = t->now_ns - CLOCK_NS_PER_S;
	tcp_close(t->hosts[0].tcp, t->conn);
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
		if (end == 0 && event.what & (WEIR_EV_OPENED | WEIR_EV_SENT))
			note_progress(t);
	}
}

static void run(struct transfer *t)
{
	uint64_t next = t->now_ns;

	for (; next != UINT64_MAX; t->now_ns = next > t->now_ns ? next : t->now_ns + 1000) {
		next = UINT64_MAX;
		while (network_next(&t->network) <= t->now_ns) {
			struct network_frame frame = network_take(&t->network);

			host_receive(&t->hosts[frame.to], frame.bytes, frame.len, t->now_ns);
			free(frame.bytes);
		}
		for (unsigned end = 0; end < 2; end++) {
			tcp_advance(t->hosts[end].tcp, t->now_ns);
			take_events(t, end);
			send_more(t);
			host_send(&t->hosts[end], t->now_ns);
			uint64_t due = host_next(&t->hosts[end], t->now_ns);

			next = due < next ? due : next;
		}
		next = network_next(&t->network) < next ? network_next(&t->network) : next;
	}
}

static void transfer(struct transfer *t, unsigned marking, bool ecn)
{
	begin(t, marking, ecn);
	run(t);
	t->marked = t->network.marked;
	t->marks_in = t->hosts[1].counters.v[COUNT_ecn_marks_in];
	t->reductions = t->hosts[0].counters.v[COUNT_ecn_reductions];
	t->retransmits = t->hosts[0].counters.v[COUNT_retransmits];
	for (unsigned end = 0; end < 2; end++) {
		const char *fault = host_finish(&t->hosts[end]);

		t->fault = t->fault != NULL ? t->fault : fault;
	}
	network_free(&t->network);
	printf("# marking %u of 1000, ECN %u: %u bytes in %" PRIu64 " ms, cwnd %u; %" PRIu64
	       " marked, %" PRIu64 " times reduced, %" PRIu64 " sent again%s%s\n",
	       marking, t->ecn, t->received, (uint64_t)(t->took_ns / CLOCK_NS_PER_MS), t->cwnd_bytes,
	       t->marked, t->reductions, t->retransmits, t->fault != NULL ? ": " : "",
	       t->fault != NULL ? t->fault : "");
}

static bool arrived(const struct transfer *t)
{
	return t->fault == NULL && t->received == BYTES && t->retransmits == 0;
}

static unsigned report(unsigned number, bool well, const char *what)
{
	printf("%sok %u - %s\n", well ? "" : "not ", number, what);
	return !well;
}

int main(void)
{
	static struct transfer clean, marked, deaf;
	unsigned failed = 0;

	printf("TAP version 13\n1..5\n");
	transfer(&clean, 0, true);
	transfer(&marked, 10, true);
	transfer(&deaf, 10, false);
	failed += report(1, arrived(&clean) && clean.ecn && clean.reductions == 0,
			 "without marks nothing is reduced");
	failed += report(2, arrived(&marked) && marked.ecn, "with marks all arrives, and nothing goes twice");
	failed += report(3,
			 marked.marked > 0 && marked.marks_in == marked.marked && marked.reductions > 0 &&
				 marked.reductions <= marked.marked,
			 "marks are counted, and reduce the window once each at most");
	failed += report(4, marked.cwnd_bytes < clean.cwnd_bytes / 2 && marked.took_ns > clean.took_ns,
			 "marks slow the sender down");
	failed += report(5, arrived(&deaf) && !deaf.ecn && deaf.marked == 0,
			 "without ECN nothing may be marked");
	return failed != 0;
}
