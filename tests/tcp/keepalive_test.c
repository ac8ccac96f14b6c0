/* SPDX-License-Identifier: BSD-3-Clause */
/* Keepalive, RFC 9293 section 3.8.4. */
#include "support/trace.h"

static void keep_alive(struct trace *t)
{
	struct weir_options options;

	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.keep_alive = true;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
}

static void keep_alive_after(struct trace *t, uint64_t idle, uint64_t interval, uint8_t probes)
{
	struct weir_options options;

	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.keep_alive = true;
	options.keep_idle_ns = idle;
	options.keep_interval_ns = interval;
	options.keep_probes = probes;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
}

/* MUST-25: off unless asked for. */
TRACE(nothing_is_sent_on_an_idle_connection)
{
	trace_open_passive(t);
	silence(t, 86400 * SECONDS);
	state(t, WEIR_ESTABLISHED);
}

/* MUST-28: two hours by default. SHLD-12: no data; one number before SND.NXT, so that it must be answered. */
TRACE(the_first_probe_goes_after_two_hours)
{
	trace_open_passive(t);
	keep_alive(t);
	after(t, 7200 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	counted(t, keepalives_out, 1);
	send(t, ACK, .seq = 1, .ack = 1);
	no_event(t);
	after(t, 7200 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
}

/* MUST-27, MUST-29: intervals are the application's to choose, and one lost probe kills nothing. */
TRACE(an_answer_to_a_later_probe_will_do)
{
	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 3);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	state(t, WEIR_ESTABLISHED);
}

TRACE(probes_that_nobody_answers_end_it)
{
	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 3);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* The application's own R2 holds for probes, too. */
TRACE(the_user_timeout_ends_it_before_the_last_probe)
{
	struct weir_options options;

	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 9);
	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.user_timeout_ns = 12 * SECONDS;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* MUST-26: the silence is counted from the last segment that came. */
TRACE(what_arrives_puts_the_probe_off)
{
	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 3);
	silence(t, 9 * SECONDS);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 5);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 6); /* the window is wider than a SYN could say */
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 6);
}

/* MUST-26: data in flight has a timer of its own. */
TRACE(data_in_flight_is_retransmitted_instead)
{
	trace_open_passive(t);
	keep_alive_after(t, 1500 * MS, 2 * SECONDS, 3);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 2 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	after(t, 4 * SECONDS); /* as long as an ACK may take by what was learnt */
	recv(t, ACK, .seq = 10, .ack = 1);
}

/* An extension goes back meanwhile, and that takes nothing from the silence. */
TRACE(the_silence_after_sending_is_counted_from_the_ack)
{
	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 3);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 10, .ack = 1);
	cr_assert_eq(t->tcp->exts.capacity, slot_pool_free(&t->tcp->exts));
}

TRACE(a_half_closed_connection_is_watched)
{
	uint32_t theirs, ours;

	trace_reach(t, WEIR_FIN_WAIT_2, &theirs, &ours);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 1);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = ours - 1, .ack = theirs);
	after(t, 2 * SECONDS);
	recv(t, RST | ACK, .seq = ours, .ack = theirs);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* The peer's probes: answered, whether they carry no byte or an old one. */
TRACE(probes_of_the_peer_are_answered)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 0, .ack = 1);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 1);
	event(t, WEIR_EV_DATA);
	silence(t, 30 * MS);
	send(t, ACK, .seq = 1, .ack = 1, .len = 1); /* one octet of garbage, MAY-6 */
	recv(t, ACK, .seq = 1, .ack = 2);
	no_event(t);
}

TRACE(it_can_be_switched_off_again)
{
	struct weir_options options;

	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 3);
	silence(t, 9 * SECONDS);
	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.keep_alive = false;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	silence(t, 3600 * SECONDS);
}

/* A listener's connections have it from the start. */
TRACE(a_listener_hands_it_down)
{
	struct weir_options options;

	tcp_options_default(t->tcp, &options);
	options.keep_alive = true;
	options.keep_idle_ns = 10 * SECONDS;
	listen(t, TRACE_PORT);
	call(tcp_set_listener_options(t->tcp, 0, &options), 0);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
}

/* However short the application's R2: silence alone is no offence, an unanswered probe is. */
TRACE(a_short_user_timeout_still_lets_one_probe_go)
{
	struct weir_options options;

	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 9);
	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.user_timeout_ns = 1 * SECONDS;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 0, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* What comes before an extension has gone back counts as well. */
TRACE(what_arrives_right_after_an_ack_puts_the_probe_off)
{
	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 3);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	silence(t, 150 * MS);
	send(t, ACK, .seq = 1, .ack = 11);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 10, .ack = 1);
}

/* Many connections would have no extension to send with, if those that only receive kept theirs. */
TRACE(a_peer_that_goes_on_sending_does_not_keep_the_extension)
{
	trace_open_passive(t);
	keep_alive_after(t, 10 * SECONDS, 2 * SECONDS, 3);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	for (unsigned i = 0; i < 4; i++) { /* each within an RTO of the one before */
		silence(t, 300 * MS);
		send(t, ACK, .seq = 1, .ack = 11);
	}
	cr_assert_eq(t->tcp->exts.used, 0);
	after(t, 10 * SECONDS);
	recv(t, ACK, .seq = 10, .ack = 1);
}
