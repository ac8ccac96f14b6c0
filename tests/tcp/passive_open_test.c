/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A passive open beside connections that have its port already (RFC 9293 section 3.9.1.1):
 * it takes new peers and touches nobody.
 */
#include <errno.h>

#include "support/trace.h"

static const struct weir_address any;

static int listen_at(struct trace *t, struct weir_address address, uint16_t port)
{
	return tcp_listen(t->tcp, (struct weir_endpoint){ address, port }, 7);
}

/* Another peer comes to the listener, and goes; the trace goes on with the connection that it had. */
static void another_peer_comes(struct trace *t)
{
	weir_conn conn = t->conn;
	uint32_t iss = t->our_iss;

	send(t, SYN, .mss = 1460, .port = 9);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .port = 9);
	send(t, ACK, .seq = 1, .ack = 1, .port = 9);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).word, 7);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1, .port = 9);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	t->conn = conn;
	t->our_iss = iss;
}

static void still_carries_data(struct trace *t)
{
	state(t, WEIR_ESTABLISHED);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 11, .len = 10);
	send(t, ACK, .seq = 11, .ack = 11);
	event(t, WEIR_EV_SENT);
}

TRACE(listening_beside_connections_of_that_port)
{
	trace_open_active(t);
	cr_assert_geq(listen_at(t, any, t->lport), 0);
	another_peer_comes(t);
	still_carries_data(t);
}

/* An open that fails is an error, and touches no more than one that succeeds. */
TRACE(listening_twice_is_refused_and_touches_nobody)
{
	trace_open_passive(t);
	call(listen_at(t, any, t->lport), -EADDRINUSE);
	state(t, WEIR_ESTABLISHED);
	cr_assert_geq(listen_at(t, t->pair.local, t->lport), 0); /* goes before that on any address */
	another_peer_comes(t);
	still_carries_data(t);
	cr_assert_eq(trace_info(t).word, 42);
}

TRACE(listening_beside_syn_sent)
{
	connect(t);
	recv_syn(t);
	cr_assert_geq(listen_at(t, any, t->lport), 0);
	another_peer_comes(t);
	state(t, WEIR_SYN_SENT);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	still_carries_data(t);
}

/* Of an active open; what the peer sends for it does not go to the listener. */
TRACE(listening_beside_syn_received)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	state(t, WEIR_SYN_RECEIVED);
	cr_assert_geq(listen_at(t, any, t->lport), 0);
	another_peer_comes(t);
	state(t, WEIR_SYN_RECEIVED);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	still_carries_data(t);
	cr_assert_eq(trace_info(t).word, 43);
}

/* Of a passive one: it began with another listener, and ends with that. */
TRACE(listening_beside_a_half_open_connection)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	cr_assert_geq(listen_at(t, t->pair.local, 80), 0);
	another_peer_comes(t);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).word, 42);
	still_carries_data(t);
}
