/* SPDX-License-Identifier: BSD-3-Clause */
/* R1 of RFC 9293 section 3.8.3: what is heard of a peer that does not answer, before it is given up. */
#include "support/trace.h"

static void peer_is_doubted(struct trace *t, unsigned times)
{
	struct weir_address peer;

	for (unsigned i = 0; i < times; i++) {
		cr_assert(tcp_advice(t->tcp, &peer), "after %u", i);
		cr_assert(address_equal(peer, t->pair.remote));
	}
	cr_assert_not(tcp_advice(t->tcp, &peer));
}

/* Ten bytes that were sent four times, the last one second and 7 s after the first. */
static void unanswered(struct trace *t)
{
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	for (unsigned i = 0; i < 3; i++) {
		no_event(t);
		peer_is_doubted(t, 0);
		after(t, (1u << i) * SECONDS);
		recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	}
}

TRACE(third_retransmission_warns)
{
	trace_open_passive(t);
	unanswered(t);
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	peer_is_doubted(t, 1);
	after(t, 8 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	no_event(t);
	peer_is_doubted(t, 0);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
}

TRACE(syn_warns_too)
{
	connect(t);
	recv_syn(t);
	for (unsigned i = 0; i < 3; i++) {
		no_event(t);
		after(t, (1u << i) * SECONDS);
		recv_syn(t);
	}
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	peer_is_doubted(t, 1);
}

TRACE(window_probes_warn_too)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	trace_write(t, 100);
	for (unsigned i = 0; i < 3; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		no_event(t);
	}
	after(t, 8 * SECONDS); /* three have not been answered */
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	peer_is_doubted(t, 1);
}

TRACE(each_series_warns_once)
{
	trace_open_passive(t);
	unanswered(t);
	send(t, ACK, .seq = 1, .ack = 11);
	event_warned(t, WEIR_EV_SENT, WEIR_REASON_TIMEOUT);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10);
	for (unsigned i = 0; i < 3; i++) {
		no_event(t);
		after(t, (8u << i) * SECONDS); /* backed off until there is a sample */
		recv(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10);
	}
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	peer_is_doubted(t, 2);
}

TRACE(end_goes_before_a_warning)
{
	trace_open_passive(t);
	unanswered(t);
	send(t, RST, .seq = 1);
	event_closed(t, WEIR_EV_WARNING, WEIR_REASON_RESET);
}

/* RFC 9293 SHLD-20. The layer below is told all the same. */
TRACE(application_that_wants_none_hears_none)
{
	struct weir_options options;

	trace_open_passive(t);
	tcp_options_default(t->tcp, &options);
	options.no_warnings = true;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	unanswered(t);
	no_event(t);
	peer_is_doubted(t, 1);
}

TRACE(handshake_that_nobody_completes_doubts_nobody)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	for (unsigned i = 0; i < 5; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	}
	silence(t, 33 * SECONDS);
	no_event(t);
	peer_is_doubted(t, 0);
}

static void several(struct weir_config *config)
{
	config->max_connections = TCP_ADVICE + 4;
}

TRACE_CONFIGURED(doubts_have_a_bound, several)
{
	weir_conn conn;

	for (unsigned i = 0; i < TCP_ADVICE + 4; i++) {
		struct weir_endpoint local = { t->pair.local, 0 },
				     remote = { t->pair.remote, (uint16_t)(1000 + i) };
		struct seg segs[1];
		struct seg_side sides[1];

		call(tcp_connect(t->tcp, local, remote, 0, t->now_ns, &conn), 0);
		cr_assert_eq(tcp_output(t->tcp, segs, sides, 1, t->now_ns), 1);
	}
	for (unsigned sent = 0; sent < 3 * (TCP_ADVICE + 4);) {
		struct seg segs[TCP_ADVICE];
		struct seg_side sides[TCP_ADVICE];

		t->now_ns += 100 * MS;
		tcp_advance(t->tcp, t->now_ns);
		sent += tcp_output(t->tcp, segs, sides, TCP_ADVICE, t->now_ns);
	}
	peer_is_doubted(t, TCP_ADVICE); /* those beyond are forgotten */
	struct weir_event events[TCP_ADVICE + 4];

	cr_assert_eq(tcp_events(t->tcp, events, TCP_ADVICE + 4), TCP_ADVICE + 4);
	tcp_abort_all(t->tcp);
	cr_assert_eq(tcp_events(t->tcp, events, TCP_ADVICE + 4), TCP_ADVICE + 4);
}
