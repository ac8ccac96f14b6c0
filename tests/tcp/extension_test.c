/* SPDX-License-Identifier: BSD-3-Clause */
/* The extension of a connection: taken for data, given back when idle, and what is kept without it. */
#include <errno.h>

#include "support/trace.h"

TRACE_CONFIGURED(taken_with_data_and_given_back_after_an_rto, trace_rto_of_hosts)
{
	trace_open_unmeasured(t);
	cr_assert_eq(t->tcp->exts.used, 0);
	trace_write(t, 100);
	cr_assert_eq(t->tcp->exts.used, 1);
	cr_assert_geq(tcb_ext(t->tcp, tcb_at(t->tcp, t->conn.index))->ssthresh, 1u << 30,
		      "there is none yet");
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	silence(t, 290 * MS); /* the RTO is 300 ms */
	cr_assert_eq(t->tcp->exts.used, 1);
	silence(t, 20 * MS);
	cr_assert_eq(t->tcp->exts.used, 0);
}

/*
 * A kept-alive connection keeps what it has learnt of its path; how far the window idles: congestion_test.c.
 */
TRACE_CONFIGURED(path_survives_it, trace_rto_of_hosts)
{
	trace_open_unmeasured(t);
	trace_write(t, 30 * 1460);
	for (unsigned i = 0; i < 10; i++)
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	silence(t, 100 * MS);
	for (unsigned i = 0; i < 10; i++) { /* slow start: two for each that is acknowledged */
		send(t, ACK, .seq = 1, .ack = 1461 + 1460 * i);
		recv(t, ACK, .seq = 14601 + 2920 * i, .ack = 1, .len = 1460);
		recv(t, i < 9 ? ACK : PSH | ACK, .seq = 16061 + 2920 * i, .ack = 1, .len = 1460);
	}
	silence(t, 90 * MS);
	send(t, ACK, .seq = 1, .ack = 43801);
	event(t, WEIR_EV_SENT);
	struct weir_info before = trace_info(t);

	cr_assert_eq(before.cwnd_bytes, 22 * 1460);
	silence(t, 1000 * MS);
	cr_assert_eq(t->tcp->exts.used, 0);
	struct weir_info after = trace_info(t);

	cr_assert_eq(after.cwnd_bytes, 10 * 1460);
	cr_assert(after.srtt_us <= before.srtt_us && after.srtt_us >= before.srtt_us * 255 / 256);
	cr_assert(after.rttvar_us <= before.rttvar_us && after.rttvar_us >= before.rttvar_us * 63 / 64);
	trace_write(t, 1460);
	cr_assert_eq(trace_info(t).cwnd_bytes, 10 * 1460);
	cr_assert_eq(trace_info(t).srtt_us, after.srtt_us);
	recv(t, PSH | ACK, .seq = 43801, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 45261);
	event(t, WEIR_EV_SENT);
}

TRACE(threshold_survives_it)
{
	trace_open_passive(t);
	trace_write(t, 8 * 1460);
	for (unsigned i = 0; i < 8; i++)
		recv(t, i < 7 ? ACK : PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 11681, .wnd = 512);
	event(t, WEIR_EV_SENT);
	silence(t, 2 * SECONDS);
	cr_assert_eq(t->tcp->exts.used, 0);
	trace_write(t, 10);
	const struct tcb_ext *ext = tcb_ext(t->tcp, tcb_at(t->tcp, t->conn.index));

	cr_assert_eq(ext->cwnd, 4 * 1460);
	cr_assert_eq(ext->ssthresh, 4 * 1460);
	recv(t, PSH | ACK, .seq = 11681, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11691);
	event(t, WEIR_EV_SENT);
}

TRACE(new_data_keeps_it)
{
	trace_open_active(t);
	for (unsigned i = 0; i < 5; i++) {
		trace_write(t, 100);
		recv(t, PSH | ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
		send(t, ACK, .seq = 1, .ack = 101 + 100 * i);
		event(t, WEIR_EV_SENT);
		silence(t, 150 * MS);
		cr_assert_eq(t->tcp->exts.used, 1);
	}
}

TRACE(static_piece_needs_none)
{
	trace_open_active(t);
	for (unsigned i = 0; i < 3; i++) {
		trace_write_static(t, 1460);
		recv(t, PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
		silence(t, 50 * MS);
		send(t, ACK, .seq = 1, .ack = 1461 + 1460 * i);
		event(t, WEIR_EV_SENT);
		cr_assert_eq(t->tcp->exts.used, 0);
	}
	cr_assert(trace_info(t).srtt_us > 10000, "it is timed all the same");
}

/* And stays timed when an extension takes it over in flight. */
TRACE(static_piece_keeps_its_time_of_sending)
{
	trace_open_unmeasured(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	silence(t, 100 * MS);
	trace_write(t, 50);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 101);
	cr_assert(trace_info(t).srtt_us > 194000 && trace_info(t).srtt_us < 199000, "%u",
		  trace_info(t).srtt_us);
	recv(t, PSH | ACK, .seq = 101, .ack = 1, .len = 50);
	send(t, ACK, .seq = 1, .ack = 151);
	event(t, WEIR_EV_SENT);
}

TRACE(long_static_piece_takes_one)
{
	trace_open_active(t);
	trace_write_static(t, 1461);
	cr_assert_eq(t->tcp->exts.used, 1);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 1462);
	event(t, WEIR_EV_SENT);
}

static void one_extension(struct weir_config *config)
{
	config->max_extensions = 1;
}

static weir_conn second_connection(struct trace *t)
{
	t->rport = 50000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 50);
	event(t, WEIR_EV_OPENED);
	return t->conn;
}

TRACE_CONFIGURED(empty_pool_refuses_and_recovers, one_extension)
{
	trace_open_passive(t);
	weir_conn first = t->conn;
	uint32_t first_iss = t->our_iss;

	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	weir_conn second = second_connection(t);
	uint32_t second_iss = t->our_iss;
	payload data = payload_arena_copy("x", 1);

	call(tcp_send(t->tcp, second, data), -ENOMEM);
	payload_free(data);
	trace_write_static(t, 50); /* needs none */
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 50);
	send(t, ACK, .seq = 1, .ack = 51, .wnd = 50);
	event(t, WEIR_EV_SENT);
	t->our_iss = first_iss;
	t->rport = TRACE_OTHER_PORT;
	t->conn = first;
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	silence(t, 2 * SECONDS);
	t->conn = second;
	t->our_iss = second_iss;
	t->rport = 50000;
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 51, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 61, .wnd = 50);
	event(t, WEIR_EV_SENT);
}

/*
 * A static piece was accepted, then the window closed, and there is no extension to wait in: it is tried
 * again.
 */
TRACE_CONFIGURED(static_piece_waits_without_one, one_extension)
{
	trace_open_passive(t);
	uint32_t first_iss = t->our_iss;

	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	second_connection(t);
	uint32_t second_iss = t->our_iss;

	trace_write_static(t, 50);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 5, .zero_window = true);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 6); /* an ACK is owed all the same */
	quiet(t);
	t->our_iss = first_iss;
	t->rport = TRACE_OTHER_PORT;
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	t->our_iss = second_iss;
	t->rport = 50000;
	silence(t, 900 * MS);
	send(t, ACK, .seq = 6, .ack = 1, .wnd = 50);
	recv(t, PSH | ACK, .seq = 1, .ack = 6, .len = 50);
	send(t, ACK, .seq = 6, .ack = 51, .wnd = 50);
	event(t, WEIR_EV_SENT);
}

static void few_pieces(struct weir_config *config)
{
	config->max_send_buffers = 2;
	config->send_buffers = 8;
}

TRACE_CONFIGURED(pool_of_pieces_is_bounded, few_pieces)
{
	trace_open_active(t);
	trace_write(t, 10);
	trace_write(t, 10);
	payload data = payload_arena_copy("x", 1);

	call(tcp_send(t->tcp, t->conn, data), -ENOMEM);
	payload_free(data);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 20);
	send(t, ACK, .seq = 1, .ack = 21);
	event(t, WEIR_EV_SENT);
}

static void two_buffers(struct weir_config *config)
{
	config->send_buffers = 2;
}

TRACE_CONFIGURED(send_buffers_bound_a_connection, two_buffers)
{
	trace_open_active(t);
	trace_write(t, 10);
	trace_write(t, 10);
	payload data = payload_arena_copy("x", 1);

	call(tcp_send(t->tcp, t->conn, data), -EAGAIN);
	payload_free(data);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 20);
	send(t, ACK, .seq = 1, .ack = 11);
	trace_write(t, 10); /* the first piece has gone */
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 21);
	recv(t, PSH | ACK, .seq = 21, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 31);
	event(t, WEIR_EV_SENT);
}

static void one_piece(struct weir_config *config)
{
	config->max_extensions = 2;
	config->max_send_buffers = 1;
}

/* Taken for what then found no room: it does not stay. */
TRACE_CONFIGURED(given_back_after_a_send_that_failed, one_piece)
{
	trace_open_passive(t);
	weir_conn other = t->conn;
	uint32_t first = t->our_iss;

	trace_write(t, 10); /* takes the only piece */
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, SYN, .mss = 1460, .port = 40001);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .port = 40001);
	send(t, ACK, .seq = 1, .ack = 1, .port = 40001);
	event(t, WEIR_EV_OPENED);
	payload data = payload_arena_copy("x", 1);

	call(tcp_send(t->tcp, t->conn, data), -ENOMEM);
	payload_free(data);
	cr_assert_eq(t->tcp->exts.used, 2);
	silence(t, 990 * MS);
	t->now_ns += 20 * MS;
	tcp_advance(t->tcp, t->now_ns);
	cr_assert_eq(t->tcp->exts.used, 1);
	call(tcp_abort(t->tcp, other), 0);
	t->our_iss = first;
	recv(t, RST | ACK, .seq = 11, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}
