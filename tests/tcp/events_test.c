/* SPDX-License-Identifier: BSD-3-Clause */
/* What the application hears: one pending event for each connection, in order of first cause, bounded. */
#include <errno.h>

#include "support/trace.h"

TRACE(everything_merges_into_one)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	burst(t, { ACK, .seq = 1, .ack = 1 }, { ACK, .seq = 1, .ack = 1, .len = 10 },
	      { ACK, .seq = 11, .ack = 1, .len = 20 }, { FIN | ACK, .seq = 31, .ack = 1 },
	      { RST, .seq = 32 });
	struct weir_event event;

	cr_assert_eq(tcp_events(t->tcp, &event, 1), 1);
	cr_assert_eq(event.what, WEIR_EV_OPENED | WEIR_EV_DATA | WEIR_EV_FIN | WEIR_EV_CLOSED);
	cr_assert_eq(event.reason, WEIR_REASON_RESET);
	cr_assert_eq(event.word, 42);
	cr_assert_eq(event.bytes, 30);
	cr_assert_eq(event.buffers, 2);
	tcp_release(t->tcp, event.conn, (payload)(uintptr_t)event.payload); /* a stale handle only frees */
	no_event(t);
}

TRACE(oldest_first)
{
	struct weir_event events[3];

	listen(t, 80);
	for (uint16_t port = 1; port <= 3; port++) {
		t->rport = port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
		send(t, ACK, .seq = 1, .ack = 1);
	}
	send(t, ACK, .seq = 1, .ack = 1, .len = 5); /* merged into the third */
	cr_assert_eq(tcp_events(t->tcp, events, 1), 1);
	cr_assert_eq(tcp_events(t->tcp, events + 1, 3), 2);
	for (unsigned i = 0; i < 3; i++) {
		struct weir_info info;

		cr_assert_eq(tcp_info(t->tcp, events[i].conn, &info), 0);
		cr_assert_eq(info.remote.port, i + 1);
	}
	cr_assert_eq(events[1].what, WEIR_EV_OPENED);
	cr_assert_eq(events[2].what, WEIR_EV_OPENED | WEIR_EV_DATA);
	tcp_release(t->tcp, events[2].conn, (payload)(uintptr_t)events[2].payload);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 6);
}

TRACE(word_is_kept_while_an_event_is_pending)
{
	trace_open_passive(t);
	cr_assert_eq(trace_info(t).word, 42);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	recv(t, ACK, .seq = 1, .ack = 2);
	cr_assert_eq(trace_info(t).word, 42);
	call(tcp_set_word(t->tcp, t->conn, 77), 0);
	cr_assert_eq(trace_info(t).word, 77);
	struct weir_event event;

	cr_assert_eq(tcp_events(t->tcp, &event, 1), 1);
	cr_assert_eq(event.word, 77);
	cr_assert_eq(trace_info(t).word, 77);
	call(tcp_set_word(t->tcp, t->conn, 78), 0);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 2);
	cr_assert_eq(tcp_events(t->tcp, &event, 1), 1);
	cr_assert_eq(event.word, 78);
}

/*
 * A handle is stale from the moment of the CLOSED event, before it is taken; the slot's next owner is not
 * met by it.
 */
TRACE(closed_makes_the_handle_stale)
{
	trace_open_passive(t);
	weir_conn old = t->conn;
	struct weir_info info;

	send(t, RST, .seq = 1);
	call(tcp_info(t->tcp, old, &info), -ESTALE);
	send(t, SYN, .seq = 5000, .mss = 1460);
	recv(t, SYN | ACK, .ack = 5001, .mss = 1460);
	send(t, ACK, .seq = 5001, .ack = 1);
	struct weir_event events[2];

	cr_assert_eq(tcp_events(t->tcp, events, 1), 1);
	send(t, FIN | ACK, .seq = 5001, .ack = 1); /* still merged into the new one's event */
	recv(t, ACK, .seq = 1, .ack = 5002);
	cr_assert_eq(tcp_events(t->tcp, events + 1, 1), 1);
	cr_assert(events[0].what == WEIR_EV_CLOSED && events[1].what == (WEIR_EV_OPENED | WEIR_EV_FIN));
	no_event(t);
	cr_assert_eq(events[0].conn.index, events[1].conn.index, "the slot is used again at once");
	cr_assert_neq(events[0].conn.generation, events[1].conn.generation);
	call(tcp_info(t->tcp, old, &info), -ESTALE);
	call(tcp_close(t->tcp, old), -ESTALE);
	call(tcp_info(t->tcp, events[1].conn, &info), 0);
}

TRACE(zeroed_and_invented_handles_are_stale)
{
	struct weir_info info;

	call(tcp_info(t->tcp, (weir_conn){ 0, 0 }, &info), -ESTALE);
	trace_open_passive(t);
	call(tcp_info(t->tcp, (weir_conn){ 0, 0 }, &info), -ESTALE);
	call(tcp_info(t->tcp, (weir_conn){ t->conn.index + 1, t->conn.generation }, &info), -ESTALE);
	call(tcp_info(t->tcp, (weir_conn){ UINT32_MAX, 1 }, &info), -ESTALE);
	call(tcp_info(t->tcp, (weir_conn){ t->conn.index, t->conn.generation + 1 }, &info), -ESTALE);
	call(tcp_info(t->tcp, t->conn, &info), 0);
}

/* Generation 0 is nobody's, even after 2^32 connections in one slot. */
TRACE(generation_wraps_past_zero)
{
	trace_open_passive(t);
	tcb_at(t->tcp, t->conn.index)->generation = UINT32_MAX;
	t->conn.generation = UINT32_MAX;
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	t->rport = 41000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(t->conn.generation, 1);
}

static void two_events(struct weir_config *config)
{
	config->max_events = 2;
}

/* The bound on events holds back what comes in; nothing is lost, and it goes on after they were taken. */
TRACE_CONFIGURED(full_ring_holds_back_input, two_events)
{
	struct weir_event events[4];
	struct seg segs[3];
	const struct seg_side sides[3] = { { .pair = t->pair }, { .pair = t->pair }, { .pair = t->pair } };
	uint64_t turned;

	listen(t, 80);
	for (uint16_t port = 1; port <= 3; port++) {
		t->rport = port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
		segs[port - 1] = (struct seg){
			.tuple = trace_tuple(t, t->lport, port),
			.seq = t->peer_isn + 1,
			.ack = t->our_iss + 1,
			.flags = ACK,
			.wnd = 1000,
		};
	}
	cr_assert_eq(tcp_input(t->tcp, segs, sides, 3, t->now_ns, &turned), 2);
	cr_assert_eq(tcp_input(t->tcp, segs + 2, sides, 1, t->now_ns, &turned), 0);
	cr_assert_eq(tcp_events(t->tcp, events, 4), 2);
	cr_assert_eq(tcp_input(t->tcp, segs + 2, sides, 1, t->now_ns, &turned), 1);
	cr_assert_eq(tcp_events(t->tcp, events, 4), 1);
	counted(t, opened_passive, 3);
}

TRACE_CONFIGURED(full_ring_holds_back_abort, two_events)
{
	struct weir_event events[4];
	weir_conn conns[3];

	listen(t, 80);
	for (uint16_t port = 1; port <= 3; port++) {
		t->rport = port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
		send(t, ACK, .seq = 1, .ack = 1);
		event(t, WEIR_EV_OPENED);
		conns[port - 1] = t->conn;
	}
	call(tcp_abort(t->tcp, conns[0]), 0);
	call(tcp_abort(t->tcp, conns[1]), 0);
	call(tcp_abort(t->tcp, conns[2]), -EAGAIN);
	cr_assert_eq(tcp_events(t->tcp, events, 4), 2);
	call(tcp_abort(t->tcp, conns[2]), 0);
	cr_assert_eq(tcp_events(t->tcp, events, 4), 1);
	struct seg seg;
	struct seg_side side;

	while (tcp_output(t->tcp, &seg, &side, 1, t->now_ns) == 1)
		cr_assert_eq(seg.flags, RST | ACK);
}

/* Time-outs wait for room, and are not forgotten. */
TRACE_CONFIGURED(full_ring_holds_back_timers, two_events)
{
	struct weir_event events[4];

	listen(t, 80);
	for (uint16_t port = 1; port <= 3; port++) {
		t->rport = port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
		send(t, ACK, .seq = 1, .ack = 1);
		event(t, WEIR_EV_OPENED);
		call(tcp_shutdown(t->tcp, t->conn), 0);
		recv(t, FIN | ACK, .seq = 1, .ack = 1);
		send(t, ACK, .seq = 1, .ack = 2);
		call(tcp_close(t->tcp, t->conn), 0);
	}
	silence(t, 61 * SECONDS);
	cr_assert_eq(tcp_events(t->tcp, events, 4), 2);
	silence(t, 10 * MS);
	cr_assert_eq(tcp_events(t->tcp, events, 4), 1);
	cr_assert(events[0].what == WEIR_EV_CLOSED && events[0].reason == WEIR_REASON_TIMEOUT);
}
