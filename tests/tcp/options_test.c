/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of a connection: what is accepted, what shares a profile, and what goes out with it. */
#include <errno.h>

#include "support/trace.h"

static struct weir_options defaults(const struct trace *t)
{
	struct weir_options options;

	tcp_options_default(t->tcp, &options);
	return options;
}

/* What setting one field to a value returns. */
#define with(t, field, value)                                    \
	({                                                       \
		struct weir_options options_ = defaults(t);      \
		options_.field = (value);                        \
		tcp_set_options((t)->tcp, (t)->conn, &options_); \
	})

TRACE(values_out_of_bounds_are_refused)
{
	struct weir_options got;

	trace_open_passive(t);
	call(with(t, user_timeout_ns, 3600 * SECONDS + 1), -EINVAL);
	call(with(t, keep_idle_ns, 1 * SECONDS - 1), -EINVAL);
	call(with(t, keep_idle_ns, UINT64_MAX), -EINVAL);
	call(with(t, keep_interval_ns, 1 * SECONDS - 1), -EINVAL);
	call(with(t, keep_interval_ns, UINT64_MAX), -EINVAL);
	call(with(t, keep_probes, 0), -EINVAL);
	call(with(t, keep_probes, 101), -EINVAL);
	call(with(t, linger_ns, UINT64_MAX - 1), -EINVAL);
	call(with(t, mss_max, 63), -EINVAL);
	call(with(t, ttl, 0), -EINVAL);
	call(with(t, dscp, 64), -EINVAL);
	call(tcp_get_options(t->tcp, t->conn, &got), 0);
	cr_assert(got.ttl == 64 && got.keep_probes == 9 && got.keep_idle_ns == 7200 * SECONDS &&
		  got.linger_ns == WEIR_LINGER_ON && !got.keep_alive && got.user_timeout_ns == 0);
	call(with(t, user_timeout_ns, 3600 * SECONDS), 0);
	call(with(t, keep_idle_ns, 1 * SECONDS), 0);
	call(with(t, keep_interval_ns, 1 * SECONDS), 0);
	call(with(t, keep_probes, 100), 0);
	call(with(t, mss_max, 64), 0);
	call(with(t, dscp, 63), 0);
}

TRACE(a_stale_handle_has_no_options)
{
	struct weir_options options = defaults(t);

	trace_open_passive(t);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	call(tcp_set_options(t->tcp, t->conn, &options), -ESTALE);
	call(tcp_get_options(t->tcp, t->conn, &options), -ESTALE);
}

TRACE(a_listener_must_exist)
{
	struct weir_options options = defaults(t);

	listen(t, TRACE_PORT);
	call(tcp_set_listener_options(t->tcp, 0, &options), 0);
	call(tcp_set_listener_options(t->tcp, 1, &options), -EINVAL);
	call(tcp_set_listener_options(t->tcp, -1, &options), -EINVAL);
	call(tcp_set_listener_options(t->tcp, TCP_LISTENERS, &options), -EINVAL);
	options.ttl = 0;
	call(tcp_set_listener_options(t->tcp, 0, &options), -EINVAL);
}

/* Each field makes a set of its own, and the same set again is the same profile. */
TRACE(equal_sets_are_kept_once)
{
	trace_open_passive(t);
	for (int twice = 0; twice < 2; twice++) {
		call(with(t, user_timeout_ns, 5 * SECONDS), 0);
		call(with(t, keep_idle_ns, 5 * SECONDS), 0);
		call(with(t, keep_interval_ns, 5 * SECONDS), 0);
		call(with(t, linger_ns, 5 * SECONDS), 0);
		call(with(t, mss_max, 500), 0);
		call(with(t, keep_probes, 5), 0);
		call(with(t, ttl, 5), 0);
		call(with(t, dscp, 5), 0);
		call(with(t, keep_alive, true), 0);
		call(with(t, no_delay, true), 0);
		call(with(t, no_warnings, true), 0);
		cr_assert_eq(t->tcp->profiles_count, 12);
	}
}

/* 255 sets beside the default one; one that nobody has any more makes room for another. */
TRACE(sets_that_nobody_has_make_room)
{
	struct weir_options options = defaults(t), got;

	trace_open_passive(t);
	for (uint64_t i = 1; i <= 600; i++) {
		options.user_timeout_ns = i * SECONDS;
		call(tcp_set_options(t->tcp, t->conn, &options), 0);
	}
	call(tcp_get_options(t->tcp, t->conn, &got), 0);
	cr_assert_eq(got.user_timeout_ns, 600 * SECONDS);
	cr_assert_eq(t->tcp->profiles_count, TCP_PROFILES);
}

/* The room is not made of what somebody has. */
TRACE(a_set_in_use_stays)
{
	struct weir_options options = defaults(t), got;

	trace_open_passive(t);
	weir_conn first = t->conn;

	call(with(t, ttl, 9), 0);
	send(t, SYN, .mss = 1460, .port = 40001);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .port = 40001);
	send(t, ACK, .seq = 1, .ack = 1, .port = 40001);
	event(t, WEIR_EV_OPENED);
	for (uint64_t i = 1; i <= 600; i++) {
		options.user_timeout_ns = i * SECONDS;
		call(tcp_set_options(t->tcp, t->conn, &options), 0);
	}
	call(tcp_get_options(t->tcp, first, &got), 0);
	cr_assert_eq(got.ttl, 9);
}

TRACE(sets_that_listeners_have_are_bounded)
{
	struct weir_options options = defaults(t);

	for (uint16_t i = 0; i < TCP_PROFILES; i++) {
		struct weir_endpoint local = { .port = 1000 + i };

		options.user_timeout_ns = (i + 1) * SECONDS;
		call(tcp_listen(t->tcp, local, 0), i);
		call(tcp_set_listener_options(t->tcp, i, &options), i < TCP_PROFILES - 1 ? 0 : -ENOSPC);
	}
	call(tcp_unlisten(t->tcp, 100), 0);
	call(tcp_set_listener_options(t->tcp, TCP_PROFILES - 1, &options), 0);
}

/* MUST-48, MUST-49, SHLD-22: chosen before the SYN, changed afterwards. */
TRACE_CONFIGURED(ttl_and_dscp_of_an_active_open, trace_rto_of_hosts)
{
	struct weir_options options = defaults(t);

	connect(t);
	options.ttl = 7;
	options.dscp = 46;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	recv(t, SYN, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1, .ttl = 7, .dscp = 46);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .ttl = 7, .dscp = 46);
	event(t, WEIR_EV_OPENED);
	options.dscp = 0;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .ttl = 7);
	after(t, 200 * MS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .ttl = 7);
}

TRACE(ttl_and_dscp_of_a_listener)
{
	struct weir_options options = defaults(t);

	options.ttl = 255;
	options.dscp = 10;
	listen(t, TRACE_PORT);
	call(tcp_set_listener_options(t->tcp, 0, &options), 0);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .ttl = 255, .dscp = 10);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	recv(t, ACK, .seq = 1, .ack = 2, .ttl = 255, .dscp = 10);
	event(t, WEIR_EV_FIN);
}

/* MUST-14, MUST-16: the application's bound is offered to the peer, and kept. */
TRACE(the_mss_is_bounded_both_ways)
{
	struct weir_options options = defaults(t);

	connect(t);
	options.mss_max = 600;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	recv(t, SYN, .mss = 600, .wscale = 2, .sack_ok = true, .tsval = 1);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 1000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 600);
	send(t, ACK, .seq = 1, .ack = 601);
	recv(t, PSH | ACK, .seq = 601, .ack = 1, .len = 400);
}

TRACE(the_mss_of_a_listener_is_bounded)
{
	struct weir_options options = defaults(t);

	options.mss_max = 600;
	listen(t, TRACE_PORT);
	call(tcp_set_listener_options(t->tcp, 0, &options), 0);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 600);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 700);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 600);
}

/* What a SYN-ACK has offered holds, whatever the application does to the listener meanwhile (SHLD-14). */
TRACE(the_mss_of_a_handshake_is_settled)
{
	struct weir_options options = defaults(t);

	listen(t, TRACE_PORT);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .wnd = 65535);
	options.mss_max = 100;
	call(tcp_set_listener_options(t->tcp, 0, &options), 0);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).mss, 1460);
	cr_assert_eq(trace_info(t).receive_window_bytes, 65535);
}

/* MUST-21: R2 for one connection; the others keep the core's. */
TRACE(the_user_timeout_of_one_connection)
{
	trace_open_passive(t);
	call(with(t, user_timeout_ns, 6 * SECONDS), 0);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 2 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	silence(t, 2990 * MS); /* the next one would go after 4 s */
	no_event(t);
	silence(t, 20 * MS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* It holds for a SYN, too. */
TRACE(the_user_timeout_of_a_syn)
{
	connect(t);
	call(with(t, user_timeout_ns, 3 * SECONDS), 0);
	recv_syn(t);
	after(t, 1 * SECONDS);
	recv_syn(t);
	silence(t, 1990 * MS);
	no_event(t);
	silence(t, 20 * MS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* MUST-17: what Nagle holds back goes when he is switched off. */
TRACE(no_delay_lets_go_at_once)
{
	trace_open_passive(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	trace_write(t, 10);
	quiet(t);
	call(with(t, no_delay, true), 0);
	recv(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10);
}

/* An hour is counted in time-outs of a minute at most. */
TRACE(a_long_user_timeout_is_kept)
{
	unsigned sent = 0;

	trace_open_passive(t);
	call(with(t, user_timeout_ns, 3600 * SECONDS), 0);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	for (uint64_t waited = 0, wait = 1; waited + wait < 3600;
	     waited += wait, wait = wait < 32 ? 2 * wait : 60, sent++) {
		after(t, wait * SECONDS);
		recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	}
	cr_assert_eq(sent, 64);
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	silence(t, 60 * SECONDS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* Up to its last segment: the ACK of the peer's FIN, with which TIME-WAIT begins. */
TRACE_SYNCHRONIZED(ttl_and_dscp_to_the_end)
{
	struct weir_options options = defaults(t);

	options.ttl = 33;
	options.dscp = 10;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	if (theirs == 2)
		return; /* the peer's FIN has been acknowledged already */
	send(t, FIN | ACK, .seq = 1, .ack = ours);
	recv(t, ACK, .seq = ours, .ack = 2, .ttl = 33, .dscp = 10);
	if (ours == 2)
		event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	else
		event(t, WEIR_EV_FIN);
}
