/* SPDX-License-Identifier: BSD-3-Clause */
/* The user's calls in every state, and what they answer (RFC 9293 section 3.10.1 to 3.10.6). */
#include <errno.h>

#include "support/trace.h"

static int try_send(struct trace *t)
{
	payload data = payload_arena_copy("x", 1);
	int err = tcp_send(t->tcp, t->conn, data);

	if (err != 0)
		payload_free(data);
	return err;
}

TRACE(syn_sent)
{
	connect(t);
	recv_syn(t);
	call(try_send(t), -ENOTCONN);
	call(tcp_send_static(t->tcp, t->conn, 1), -ENOTCONN);
	call(tcp_shutdown(t->tcp, t->conn), -ENOTCONN);
	call(tcp_set_word(t->tcp, t->conn, 9), 0);
	cr_assert_eq(trace_info(t).word, 9);
	call(tcp_close(t->tcp, t->conn), 0);
	quiet(t);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE_SYNCHRONIZED(send_is_taken_while_our_side_is_open)
{
	bool may = t->tcp->states[WEIR_ESTABLISHED] + t->tcp->states[WEIR_CLOSE_WAIT] == 1;

	call(tcp_send_static(t->tcp, t->conn, 1), may ? -EINVAL : -EPIPE);
	call(try_send(t), may ? 0 : -EPIPE);
	if (!may)
		return;
	call(tcp_abort(t->tcp, t->conn), 0); /* what it sent is not in the stream that recv() expects */
	recv(t, RST | ACK, .seq = ours, .ack = theirs);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE_SYNCHRONIZED(shutdown_twice)
{
	bool first = t->tcp->states[WEIR_ESTABLISHED] + t->tcp->states[WEIR_CLOSE_WAIT] == 1;

	call(tcp_shutdown(t->tcp, t->conn), 0);
	if (first)
		recv(t, FIN | ACK, .seq = ours, .ack = theirs);
	quiet(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	call(tcp_close(t->tcp, t->conn), 0);
	call(tcp_close(t->tcp, t->conn), 0);
	quiet(t);
	no_event(t);
}

TRACE(after_the_end)
{
	struct weir_info info;

	trace_open_passive(t);
	send(t, RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_RESET);
	call(try_send(t), -ESTALE);
	call(tcp_send_static(t->tcp, t->conn, 1), -ESTALE);
	call(tcp_shutdown(t->tcp, t->conn), -ESTALE);
	call(tcp_close(t->tcp, t->conn), -ESTALE);
	call(tcp_abort(t->tcp, t->conn), -ESTALE);
	call(tcp_set_word(t->tcp, t->conn, 1), -ESTALE);
	call(tcp_info(t->tcp, t->conn, &info), -ESTALE);
	tcp_release(t->tcp, t->conn, payload_arena_copy("x", 1)); /* only frees */
	cr_assert_eq(payload_arena_live(), 0);
}

static int open_to(struct trace *t, struct weir_endpoint local, struct weir_endpoint remote)
{
	weir_conn conn;

	return tcp_connect(t->tcp, local, remote, 0, t->now_ns, &conn);
}

TRACE(connect_to_nothing)
{
	struct weir_endpoint local = { .address = t->pair.local }, peer = { t->pair.remote, 80 };

	call(open_to(t, (struct weir_endpoint){ 0 }, peer), -EINVAL);
	call(open_to(t, local, (struct weir_endpoint){ .port = 80 }), -EINVAL);
	call(open_to(t, local, (struct weir_endpoint){ .address = t->pair.remote }), -EINVAL);
	counted(t, attempted, 0);
}

static void one_connection(struct weir_config *config)
{
	config->max_connections = 1;
}

TRACE_CONFIGURED(connections_used_up_and_given_back, one_connection)
{
	struct weir_endpoint local = { .address = t->pair.local }, peer = { t->pair.remote, 81 };

	trace_open_active(t);
	call(open_to(t, local, peer), -ENOMEM);
	send(t, RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_RESET);
	connect(t);
	recv_syn(t);
}

TRACE(send_of_nothing)
{
	trace_open_active(t);
	payload data = payload_arena_copy("", 0);

	call(tcp_send(t->tcp, t->conn, data), -EINVAL);
	payload_free(data);
	quiet(t);
}

TRACE(static_bytes)
{
	call(tcp_static(t->tcp, NULL, 5), -EINVAL);
	call(tcp_static(t->tcp, "x", 0), -EINVAL);
	for (int i = 1; i <= 255; i++)
		call(tcp_static(t->tcp, "x", 1), i);
	call(tcp_static(t->tcp, "x", 1), -ENOSPC);
	trace_open_active(t);
	call(tcp_send_static(t->tcp, t->conn, 0), -EINVAL);
	call(tcp_send_static(t->tcp, t->conn, -1), -EINVAL);
	call(tcp_send_static(t->tcp, t->conn, 256), -EINVAL);
	quiet(t);
}

TRACE(info_tells)
{
	trace_open_passive(t);
	trace_write(t, 2000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	struct weir_info info = trace_info(t);

	cr_assert(address_equal(info.local.address, t->pair.local) && info.local.port == 80);
	cr_assert(address_equal(info.remote.address, t->pair.remote));
	cr_assert_eq(info.remote.port, TRACE_OTHER_PORT);
	cr_assert(info.unacked_bytes == 1460 && info.unsent_bytes == 540);
	cr_assert_eq(info.cwnd_bytes, 14600);
	cr_assert_eq(info.send_window_bytes, 65536);
	cr_assert_eq(info.receive_window_bytes, 93440);
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 540);
	cr_assert(trace_info(t).unacked_bytes == 540 && trace_info(t).unsent_bytes == 0);
	send(t, ACK, .seq = 1, .ack = 2001);
	event(t, WEIR_EV_SENT);
}
