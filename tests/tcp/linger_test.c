/* SPDX-License-Identifier: BSD-3-Clause */
/* What weir_close() does with what was queued: weir_options.linger_ns. */
#include <errno.h>

#include "support/trace.h"

static void linger(struct trace *t, uint64_t ns)
{
	struct weir_options options;

	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.linger_ns = ns;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
}

TRACE(by_default_what_was_queued_is_delivered)
{
	trace_open_passive(t);
	trace_write(t, 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 1 * SECONDS);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 12);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_2);
}

TRACE_SYNCHRONIZED(lingering_for_no_time_is_an_abort)
{
	linger(t, 0);
	call(tcp_close(t->tcp, t->conn), 0);
	if (theirs == 1 || ours == 1) /* not both have sent their FINs */
		recv(t, RST | ACK, .seq = ours, .ack = theirs);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	quiet(t);
}

TRACE(lingering_for_no_time_drops_what_was_queued)
{
	trace_open_passive(t);
	linger(t, 0);
	trace_write(t, 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	quiet(t);
}

TRACE(a_syn_that_was_not_answered_needs_no_rst)
{
	connect(t);
	recv_syn(t);
	linger(t, 0);
	call(tcp_close(t->tcp, t->conn), 0);
	quiet(t);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE(bounded_lingering_ends_in_a_reset)
{
	trace_open_passive(t);
	linger(t, 2500 * MS);
	trace_write(t, 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 1 * SECONDS);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 1500 * MS);
	recv(t, RST | ACK, .seq = 12, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
	quiet(t);
}

/* Shorter than the RTO: the alarm does not wait for the other timer. */
TRACE(bounded_lingering_is_not_tied_to_the_rto)
{
	trace_open_passive(t);
	linger(t, 300 * MS);
	trace_write(t, 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 300 * MS);
	recv(t, RST | ACK, .seq = 12, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* A bare FIN needs an alarm as well, though it needs no extension. */
TRACE(bounded_lingering_of_a_fin_alone)
{
	trace_open_passive(t);
	linger(t, 300 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	after(t, 300 * MS);
	recv(t, RST | ACK, .seq = 2, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* Once all is acknowledged there is nothing to linger for; FIN-WAIT-2 has its own bound. */
TRACE(the_ack_of_the_fin_ends_bounded_lingering)
{
	trace_open_passive(t);
	linger(t, 300 * MS);
	trace_write(t, 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 12);
	event(t, WEIR_EV_SENT);
	silence(t, 10 * SECONDS);
	state(t, WEIR_FIN_WAIT_2);
	send(t, FIN | ACK, .seq = 1, .ack = 12);
	recv(t, ACK, .seq = 12, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

TRACE(last_ack_is_bounded_too)
{
	uint32_t theirs, ours;

	trace_reach(t, WEIR_CLOSE_WAIT, &theirs, &ours);
	linger(t, 300 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = ours, .ack = theirs);
	silence(t, 299 * MS);
	no_event(t);
	silence(t, 5 * MS); /* no RST: both sides have said that they are done (RFC 9293 3.10.5) */
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

static void no_extensions(struct weir_config *config)
{
	config->max_connections = 2;
	config->max_extensions = 1;
}

/* Closing does not fail for want of memory: R2 is the bound that remains. */
TRACE_CONFIGURED(without_an_extension_lingering_ends_with_r2, no_extensions)
{
	trace_open_passive(t);
	trace_write(t, 10); /* takes the only extension */
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, SYN, .mss = 1460, .port = 40001);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .port = 40001);
	send(t, ACK, .seq = 1, .ack = 1, .port = 40001);
	event(t, WEIR_EV_OPENED);
	linger(t, 300 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1, .port = 40001);
	silence(t, 900 * MS);
	state(t, WEIR_FIN_WAIT_1);
}

TRACE(in_fin_wait_2_nothing_is_left_to_linger_for)
{
	uint32_t theirs, ours;

	trace_reach(t, WEIR_FIN_WAIT_2, &theirs, &ours);
	linger(t, 300 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	silence(t, 10 * SECONDS);
	state(t, WEIR_FIN_WAIT_2);
}

TRACE(closing_again_gives_no_more_time)
{
	trace_open_passive(t);
	linger(t, 300 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	silence(t, 200 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	after(t, 100 * MS);
	recv(t, RST | ACK, .seq = 2, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* Data behind a gap keeps the extension, but not the alarm in it. */
TRACE(a_gap_in_the_peers_stream_does_not_prolong_it)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 1, .ack = 1);
	linger(t, 300 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	silence(t, 10 * SECONDS);
	state(t, WEIR_FIN_WAIT_2);
}

/* The extension that holds the alarm was about to go back, and the FIN has not gone out yet. */
TRACE(closing_as_an_extension_goes_back)
{
	trace_open_passive(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	silence(t, 990 * MS);
	linger(t, 300 * MS);
	call(tcp_close(t->tcp, t->conn), 0);
	t->now_ns += 30 * MS; /* a round whose output had no room for it */
	tcp_advance(t->tcp, t->now_ns);
	recv(t, FIN | ACK, .seq = 11, .ack = 1);
	after(t, 270 * MS);
	recv(t, RST | ACK, .seq = 12, .ack = 1);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}
