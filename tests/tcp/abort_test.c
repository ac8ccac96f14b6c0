/* SPDX-License-Identifier: BSD-3-Clause */
/* RST from our side: abort, unread data, data after close (RFC 9293 sections 3.6.1 and 3.10.5). */
#include <errno.h>

#include "support/trace.h"

/* Where both have sent their FINs there is nothing left to reset. */
TRACE_SYNCHRONIZED(abort_resets)
{
	weir_conn conn = t->conn;
	bool both_fins = theirs == 2 && ours == 2;

	call(tcp_abort(t->tcp, conn), 0);
	if (!both_fins)
		recv(t, RST | ACK, .seq = ours, .ack = theirs);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	quiet(t);
	call(tcp_abort(t->tcp, conn), -ESTALE);
	counted(t, resets_out, !both_fins);
	cr_assert_eq(t->tcp->failed[WEIR_REASON_ABORTED], 1);
}

TRACE(abort_in_syn_sent_is_silent)
{
	connect(t);
	recv_syn(t);
	call(tcp_abort(t->tcp, t->conn), 0);
	quiet(t);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE(abort_drops_what_is_queued)
{
	trace_open_passive(t);
	trace_write(t, 20000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1461, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	quiet(t);
}

/* Our FIN waits behind a closed window: the peer has not heard the end of it. */
TRACE(abort_in_last_ack_before_our_fin)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1, .zero_window = true);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 2);
	trace_write(t, 10);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	state(t, WEIR_LAST_ACK);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 2);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

/* SHLD-3: what waits to be read when the user closes is lost, and the peer is told. */
TRACE(close_with_unread_data_resets)
{
	trace_open_passive(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 11);
	event_closed(t, WEIR_EV_DATA, WEIR_REASON_ABORTED);
	quiet(t);
}

TRACE(close_with_data_that_was_read_does_not)
{
	trace_open_passive(t);
	t->keep = true;
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 11);
	state(t, WEIR_FIN_WAIT_1);
}

TRACE(close_with_an_event_that_brings_no_data_does_not)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	event(t, WEIR_EV_FIN);
	state(t, WEIR_LAST_ACK);
}

/* A half close says nothing about reading. */
TRACE(shutdown_with_unread_data_does_not)
{
	trace_open_passive(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_DATA);
}

TRACE(data_after_close_resets)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	recv(t, RST | ACK, .seq = 2, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	counted(t, drop_after_close, 1);
}

TRACE(data_after_close_resets_in_fin_wait_2)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	send(t, FIN | PSH | ACK, .seq = 1, .ack = 2, .len = 10);
	recv(t, RST | ACK, .seq = 2, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

/* A retransmission of what had been read before the close is no new data. */
TRACE(old_data_after_close_is_only_acknowledged)
{
	trace_open_passive(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 11);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 11);
	state(t, WEIR_FIN_WAIT_1);
	no_event(t);
}

TRACE(abort_all)
{
	trace_open_passive(t);
	t->rport = 41000;
	send(t, SYN, .mss = 1460);
	uint32_t iss = t->our_iss;

	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	t->our_iss = iss;
	t->rport = TRACE_OTHER_PORT;
	tcp_abort_all(t->tcp);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_SHUTDOWN);
	quiet(t);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED] + t->tcp->states[WEIR_LISTEN], 0);
	send(t, SYN, .mss = 1460, .port = 42000);
	recv(t, RST | ACK, .ack = 1, .port = 42000);
}

static void many(struct weir_config *config)
{
	config->max_connections = 400;
}

/* More than there is room for at once: the rest follows, a round at a time. */
TRACE_CONFIGURED(abort_all_goes_on, many)
{
	listen(t, 80);
	for (unsigned port = 1; port <= 400; port++) {
		t->rport = (uint16_t)port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
		send(t, ACK, .seq = 1, .ack = 1);
		event(t, WEIR_EV_OPENED);
	}
	struct weir_event events[512];
	struct seg segs[512];
	struct seg_side sides[512];

	tcp_abort_all(t->tcp);
	cr_assert_eq(tcp_output(t->tcp, segs, sides, 512, t->now_ns), TCP_REPLIES);
	tcp_advance(t->tcp, t->now_ns);
	cr_assert_eq(tcp_output(t->tcp, segs, sides, 512, t->now_ns), 400 - TCP_REPLIES);
	cr_assert_eq(tcp_events(t->tcp, events, 512), 400);
	cr_assert_eq(t->tcp->hot.used, 0);
}

/* The RST goes the way of the connection's other segments. */
TRACE(reset_has_ttl_and_dscp)
{
	struct weir_options options;

	trace_open_passive(t);
	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.ttl = 7;
	options.dscp = 46;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1, .ttl = 7, .dscp = 46);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

/* What is opened after all was aborted is not part of it, in whatever record. */
TRACE(abort_all_has_an_end)
{
	trace_open_passive(t);
	tcp_abort_all(t->tcp);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_SHUTDOWN);
	listen(t, TRACE_PORT);
	for (uint16_t port = 50000; port < 50003; port++) {
		t->rport = port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
		send(t, ACK, .seq = 1, .ack = 1);
		event(t, WEIR_EV_OPENED);
	}
	silence(t, 1 * SECONDS);
	no_event(t);
	cr_assert_eq(t->tcp->states[WEIR_ESTABLISHED], 3);
}
