/* SPDX-License-Identifier: BSD-3-Clause */
/* What has a bound, and is at it: nothing is lost that was not refused by name, and it goes on afterwards. */
#include "support/trace.h"

#define CROWD 1500

/* SYNs from so many ports, in one burst each of 64 at most; returns how many were taken. */
static unsigned syns(struct trace *t, uint16_t first_port, unsigned n)
{
	struct seg_side sides[TCP_BURST_MAX];
	struct seg segs[TCP_BURST_MAX];

	for (unsigned i = 0; i < n; i++) {
		segs[i] = (struct seg){
			.tuple = trace_tuple(t, TRACE_PORT, (uint16_t)(first_port + i)),
			.seq = t->peer_isn,
			.flags = SYN,
			.wnd = 65535,
		};
		sides[i].pair = t->pair;
	}
	uint64_t turned;

	return tcp_input(t->tcp, segs, sides, n, t->now_ns, &turned);
}

/* Takes what is sent, and says how much of it has these flags. */
static unsigned sent(struct trace *t, unsigned flags)
{
	struct seg seg;
	struct seg_side side;
	unsigned n = 0;

	while (tcp_output(t->tcp, &seg, &side, 1, t->now_ns) == 1)
		n += seg.flags == flags;
	return n;
}

/* Answers that are not taken hold back what comes in. */
TRACE(full_answers_hold_back_input)
{
	unsigned taken = 0;

	for (uint16_t port = 1; port < 1000; port += 64)
		taken += syns(t, port, 64);
	cr_assert_eq(taken, TCP_REPLIES);
	counted(t, drop_closed_port, TCP_REPLIES);
	cr_assert_eq(sent(t, RST | ACK), TCP_REPLIES);
	cr_assert_eq(syns(t, 1, 64), 64);
	cr_assert_eq(sent(t, RST | ACK), 64);
	counted(t, replies_full, 0);
}

static void crowd(struct weir_config *config)
{
	config->max_connections = CROWD;
	config->max_half_open = 4 * CROWD; /* so that the crowd tries nobody's patience */
}

/* SYN-ACKs that are due together wait for room among the answers. */
TRACE_CONFIGURED(full_answers_hold_back_timers, crowd)
{
	unsigned again = 0;

	cr_assert_geq(tcp_listen(t->tcp, (struct weir_endpoint){ .port = TRACE_PORT }, 1), 0);
	for (uint16_t port = 1; port <= 600; port += 50) {
		cr_assert_eq(syns(t, port, 50), 50);
		cr_assert_eq(sent(t, SYN | ACK), 50);
	}
	t->now_ns += 1 * SECONDS + TRACE_SLACK;
	for (unsigned round = 0; round < 3; round++) {
		tcp_advance(t->tcp, t->now_ns);
		unsigned n = sent(t, SYN | ACK);

		cr_assert_leq(n, TCP_REPLIES);
		again += n;
	}
	cr_assert_eq(again, 600);
	counted(t, retransmits, 600);
	counted(t, replies_full, 0);
}

/* Aborts a crowd, a round at a time. */
static void end_all(struct trace *t)
{
	struct weir_event event;
	unsigned resets = 0, ends = 0;

	tcp_abort_all(t->tcp);
	for (unsigned round = 0; round < 10; round++) {
		resets += sent(t, RST | ACK);
		while (tcp_events(t->tcp, &event, 1) == 1)
			ends += event.what == WEIR_EV_CLOSED;
		tcp_advance(t->tcp, t->now_ns);
	}
	cr_assert(resets == CROWD && ends == CROWD);
}

/* Time-outs that are due together come a thousand or so with each call, and none is forgotten. */
TRACE_CONFIGURED(crowd_of_time_outs, crowd)
{
	listen(t, TRACE_PORT);
	for (uint16_t port = 1; port <= CROWD; port++) {
		t->rport = port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
		send(t, ACK, .seq = 1, .ack = 1);
		event(t, WEIR_EV_OPENED);
		call(tcp_shutdown(t->tcp, t->conn), 0);
		recv(t, FIN | ACK, .seq = 1, .ack = 1);
	}
	t->now_ns += 1 * SECONDS + TRACE_SLACK;
	unsigned first = 0, again = 0;

	for (unsigned round = 0; round < 10; round++) {
		tcp_advance(t->tcp, t->now_ns);
		unsigned n = sent(t, FIN | ACK);

		first = round == 0 ? n : first;
		again += n;
	}
	cr_assert(first > 0 && first <= 1024, "%u", first);
	cr_assert_eq(again, CROWD);
	end_all(t);
}

/* When all is acknowledged no timer is left that could end a connection. */
TRACE(acknowledged_static_piece_leaves_no_timer)
{
	trace_open_passive(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	silence(t, 1000 * SECONDS);
	counted(t, rto_fired, 0);
	no_event(t);
	state(t, WEIR_ESTABLISHED);
}

/* The window has opened again: what is lost now is a loss, after an RTO that was not backed off. */
TRACE(loss_after_a_window_opened)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	trace_write(t, 100);
	for (unsigned i = 0; i < 3; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	}
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	counted(t, rto_fired, 1);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

static void one_extension(struct weir_config *config)
{
	config->max_extensions = 1;
}

/* A static piece that needs an extension and finds none tries again by itself: nothing more need arrive. */
TRACE_CONFIGURED(static_piece_tries_again_for_an_extension, one_extension)
{
	trace_open_passive(t);
	uint32_t iss = t->our_iss;

	send(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10); /* behind a gap: it waits in the only one */
	recv(t, ACK, .seq = 1, .ack = 1);
	t->rport = 50000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	uint32_t second_iss = t->our_iss;

	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	weir_conn second = t->conn;

	trace_write_static(t, 50);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true); /* before it has gone out */
	silence(t, 10 * SECONDS);
	t->our_iss = iss;
	t->rport = TRACE_OTHER_PORT;
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 21); /* the extension goes back an RTO later */
	t->our_iss = second_iss;
	t->rport = 50000;
	t->conn = second;
	/* It was tried after 1, 3, 7 and, with the extension, 15 s; then it asks as all do, at 31 s. */
	silence(t, 20 * SECONDS);
	t->now_ns += 2 * SECONDS;
	tcp_advance(t->tcp, t->now_ns);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 50);
	send(t, ACK, .seq = 1, .ack = 51, .wnd = 100);
	event(t, WEIR_EV_SENT);
}
