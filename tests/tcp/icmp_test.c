/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors: RFC 9293 section 3.9.2.2, believed as far as RFC 5927 allows. */
#include "support/trace.h"

/* An error about our segment at `seq`, in relative numbers. */
static verdict error(struct trace *t, enum icmp_trouble trouble, uint32_t seq)
{
	return tcp_icmp(t->tcp,
			&(struct icmp_error){ .pair = t->pair,
					      .lport = t->lport,
					      .rport = t->rport,
					      .seq = t->our_iss + seq,
					      .trouble = (uint8_t)trouble },
			t->now_ns);
}
#define hard(t, seq, v) cr_assert_eq(error(t, ICMP_HARD, seq), v)
#define soft(t, seq, v) cr_assert_eq(error(t, ICMP_SOFT, seq), v)
#define too_big(t, seq, v) cr_assert_eq(error(t, ICMP_TOO_BIG, seq), v)

/* Three segments, the first byte of which is 1. */
static void in_flight(struct trace *t)
{
	trace_open_passive(t);
	trace_write(t, 3 * 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 2921, .ack = 1, .len = 1460);
}

TRACE(hard_error_ends_an_open)
{
	connect(t);
	recv_syn(t);
	hard(t, 0, ACCEPTED);
	event_closed(t, 0, WEIR_REASON_UNREACHABLE);
	counted(t, icmp_hard, 1);
	quiet(t);
}

TRACE(hard_error_ends_a_simultaneous_open)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	state(t, WEIR_SYN_RECEIVED);
	hard(t, 0, ACCEPTED);
	event_closed(t, 0, WEIR_REASON_UNREACHABLE);
}

/* RFC 9293 MUST-56, SHLD-25; RFC 5461 describes stacks that give up here. */
TRACE(soft_errors_do_not_end_an_open)
{
	connect(t);
	recv_syn(t);
	soft(t, 0, ACCEPTED);
	event_warned(t, 0, WEIR_REASON_UNREACHABLE);
	state(t, WEIR_SYN_SENT);
	after(t, 1 * SECONDS);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

TRACE(open_is_not_ended_by_what_it_did_not_send)
{
	connect(t);
	recv_syn(t);
	hard(t, 1, COUNT_drop_icmp_sequence);
	hard(t, (uint32_t)-1, COUNT_drop_icmp_sequence);
	soft(t, 1, COUNT_drop_icmp_sequence);
	too_big(t, 0, COUNT_drop_icmp_mtu); /* a SYN passes everywhere */
	no_event(t);
	state(t, WEIR_SYN_SENT);
}

/* A byte of ours, or our FIN, is in flight where the state has one. */
static bool something_in_flight(struct trace *t)
{
	enum weir_state st = trace_info(t).state;

	if (st == WEIR_ESTABLISHED || st == WEIR_CLOSE_WAIT)
		trace_write(t, 10);
	return st != WEIR_FIN_WAIT_2;
}

static void sent(struct trace *t, uint32_t theirs)
{
	enum weir_state st = trace_info(t).state;

	if (st == WEIR_ESTABLISHED || st == WEIR_CLOSE_WAIT)
		recv(t, PSH | ACK, .seq = 1, .ack = theirs, .len = 10);
}

/* RFC 9293 SHLD-26. */
TRACE_SYNCHRONIZED(hard_error_about_the_oldest_segment_ends_it)
{
	bool something = something_in_flight(t);

	sent(t, theirs);
	hard(t, 1, something ? ACCEPTED : COUNT_drop_icmp_sequence);
	if (!something)
		return;
	event_closed(t, 0, WEIR_REASON_UNREACHABLE);
	quiet(t);
}

/* RFC 9293 MUST-56. */
TRACE_SYNCHRONIZED(soft_error_ends_no_state)
{
	enum weir_state before = trace_info(t).state;
	bool something = something_in_flight(t);

	sent(t, theirs);
	soft(t, 1, something ? ACCEPTED : COUNT_drop_icmp_sequence);
	state(t, before);
	if (something)
		event_warned(t, 0, WEIR_REASON_UNREACHABLE);
}

/* RFC 5927 section 4.1. */
TRACE_SYNCHRONIZED(nothing_that_is_not_in_flight_can_be_quoted)
{
	enum weir_state before = trace_info(t).state;
	uint32_t nxt;

	something_in_flight(t);
	sent(t, theirs);
	nxt = trace_info(t).unacked_bytes + (before == WEIR_FIN_WAIT_2 ? 2 : 1);
	for (enum icmp_trouble trouble = ICMP_SOFT; trouble <= ICMP_TOO_BIG; trouble++) {
		cr_assert_eq(error(t, trouble, 0), COUNT_drop_icmp_sequence);
		cr_assert_eq(error(t, trouble, nxt), COUNT_drop_icmp_sequence);
		cr_assert_eq(error(t, trouble, nxt + (1u << 31)), COUNT_drop_icmp_sequence);
	}
	no_event(t);
	state(t, before);
	counted(t, icmp_soft, 0);
	counted(t, icmp_hard, 0);
}

TRACE(idle_connection_cannot_be_hit)
{
	trace_open_passive(t);
	for (uint32_t seq = 0; seq < 4; seq++) {
		hard(t, seq, COUNT_drop_icmp_sequence);
		soft(t, seq, COUNT_drop_icmp_sequence);
	}
	no_event(t);
}

/* RFC 5927 section 5.2: in the window, but no more than a guess. */
TRACE(hard_error_elsewhere_in_the_window_is_soft)
{
	static const uint32_t seqs[] = { 2, 1460, 1461, 2921, 4380 };

	in_flight(t);
	for (unsigned i = 0; i < 5; i++) {
		hard(t, seqs[i], ACCEPTED);
		event_warned(t, 0, WEIR_REASON_UNREACHABLE);
	}
	hard(t, 4381, COUNT_drop_icmp_sequence);
	counted(t, icmp_soft, 5);
	state(t, WEIR_ESTABLISHED);
	send(t, ACK, .seq = 1, .ack = 1461, .wnd = 512);
	hard(t, 1, COUNT_drop_icmp_sequence); /* the peer has it */
	hard(t, 1461, ACCEPTED);
	event_closed(t, 0, WEIR_REASON_UNREACHABLE);
}

TRACE(what_was_received_is_delivered_with_the_end)
{
	in_flight(t);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 512);
	hard(t, 1, ACCEPTED);
	event_closed(t, WEIR_EV_DATA, WEIR_REASON_UNREACHABLE);
	cr_assert_eq(t->received, 10);
}

TRACE(peers_handshake_goes_quietly)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	hard(t, 1, COUNT_drop_icmp_sequence);
	soft(t, 0, COUNT_drop_icmp_state);
	too_big(t, 0, COUNT_drop_icmp_state);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 1);
	hard(t, 0, ACCEPTED);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	silence(t, 5 * SECONDS);
	no_event(t);
	send(t, SYN, .seq = 5000, .mss = 1460); /* the listener takes another */
	recv(t, SYN | ACK, .ack = 5001, .mss = 1460);
}

TRACE(time_wait_takes_no_notice)
{
	trace_open_passive(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	hard(t, 1, COUNT_drop_icmp_state);
	soft(t, 1, COUNT_drop_icmp_state);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
}

TRACE(no_such_connection)
{
	in_flight(t);
	t->rport++;
	hard(t, 1, COUNT_drop_icmp_no_connection);
	t->rport--;
	t->lport++;
	hard(t, 1, COUNT_drop_icmp_no_connection);
	t->lport--;
	no_event(t);
}

TRACE(flood_of_soft_errors_is_one_event)
{
	in_flight(t);
	for (unsigned i = 0; i < 1000; i++)
		soft(t, 1, ACCEPTED);
	cr_assert_eq(ring_used(&t->tcp->events_ring), 1);
	event_warned(t, 0, WEIR_REASON_UNREACHABLE);
	counted(t, icmp_soft, 1000);
	quiet(t);
}

TRACE(latest_warning_gives_the_reason)
{
	connect(t);
	recv_syn(t);
	soft(t, 0, ACCEPTED);
	for (unsigned i = 0; i < 3; i++) {
		after(t, (1u << i) * SECONDS);
		recv_syn(t);
	}
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	soft(t, 0, ACCEPTED);
	event_warned(t, 0, WEIR_REASON_UNREACHABLE);
}

/* RFC 9293 SHLD-20. An end is no mere report. */
TRACE(reports_can_be_switched_off)
{
	struct weir_options options;

	in_flight(t);
	tcp_options_default(t->tcp, &options);
	options.no_warnings = true;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	soft(t, 1, ACCEPTED);
	no_event(t);
	hard(t, 1, ACCEPTED);
	event_closed(t, 0, WEIR_REASON_UNREACHABLE);
}

static void one_event(struct weir_config *config)
{
	config->max_events = 1;
}

TRACE_CONFIGURED(full_ring_keeps_the_connection, one_event)
{
	uint32_t first_iss;
	weir_conn first;

	in_flight(t);
	first = t->conn;
	first_iss = t->our_iss;
	t->rport++;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	t->rport--;
	t->our_iss = first_iss;
	soft(t, 1, ACCEPTED);
	hard(t, 1, COUNT_drop_icmp_limited);
	event(t, WEIR_EV_OPENED); /* of the second */
	no_event(t);
	t->conn = first;
	state(t, WEIR_ESTABLISHED);
	hard(t, 1, ACCEPTED);
	event_closed(t, 0, WEIR_REASON_UNREACHABLE);
}
