/* SPDX-License-Identifier: BSD-3-Clause */
/* The peer closes first: CLOSE-WAIT, LAST-ACK, CLOSED (RFC 9293 section 3.6, figure 12). */
#include <errno.h>

#include "support/trace.h"

static void peer_closes(struct trace *t)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	state(t, WEIR_CLOSE_WAIT);
}

TRACE(fin_is_acknowledged_and_ours_follows)
{
	peer_closes(t);
	recv(t, ACK, .seq = 1, .ack = 2);
	silence(t, 1000 * SECONDS); /* the user takes its time */
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	state(t, WEIR_LAST_ACK);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
	quiet(t);
	counted(t, closed, 1);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 0);
}

TRACE(our_fin_rides_on_the_ack)
{
	peer_closes(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	quiet(t);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
}

TRACE(data_in_close_wait_goes_out)
{
	peer_closes(t);
	recv(t, ACK, .seq = 1, .ack = 2);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 2, .len = 100);
	send(t, ACK, .seq = 2, .ack = 101);
	event(t, WEIR_EV_SENT);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 101, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 102);
	event_closed(t, 0, WEIR_REASON_NONE);
}

TRACE(request_with_fin_is_answered)
{
	trace_open_passive(t);
	send(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 64);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	trace_write(t, 64);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 66, .len = 64);
	send(t, ACK, .seq = 66, .ack = 66);
	event_closed(t, WEIR_EV_SENT, WEIR_REASON_NONE);
}

TRACE(repeated_fin_is_acknowledged_again)
{
	peer_closes(t);
	recv(t, ACK, .seq = 1, .ack = 2); /* lost */
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	recv(t, ACK, .seq = 1, .ack = 2);
	counted(t, drop_duplicate, 1);
	no_event(t);
	state(t, WEIR_CLOSE_WAIT);
}

TRACE(repeated_fin_in_last_ack)
{
	peer_closes(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2); /* lost */
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	recv(t, ACK, .seq = 2, .ack = 2);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
}

/* The last ACK never comes: our FIN is repeated, and the peer, gone by then, resets (section 3.6.1). */
TRACE(last_ack_is_lost)
{
	peer_closes(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	send(t, RST, .seq = 2);
	event_closed(t, 0, WEIR_REASON_RESET);
}

TRACE(nobody_sends_the_last_ack)
{
	peer_closes(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	for (unsigned i = 0; i < 6; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, FIN | ACK, .seq = 1, .ack = 2);
	}
	silence(t, 61 * SECONDS);
	event_closed(t, WEIR_EV_WARNING, WEIR_REASON_TIMEOUT);
}

TRACE(text_after_the_peers_fin_is_ignored)
{
	peer_closes(t);
	recv(t, ACK, .seq = 1, .ack = 2);
	send(t, PSH | ACK, .seq = 2, .ack = 1, .len = 10);
	counted(t, drop_after_fin, 1);
	no_event(t);
	state(t, WEIR_CLOSE_WAIT);
}

TRACE(fin_behind_a_gap_waits)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 11, .ack = 1);
	recv(t, ACK, .seq = 1, .ack = 1);
	no_event(t);
	state(t, WEIR_ESTABLISHED);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 12);
	state(t, WEIR_CLOSE_WAIT);
}

TRACE(fin_with_text_behind_a_gap_waits)
{
	trace_open_passive(t);
	send(t, FIN | PSH | ACK, .seq = 11, .ack = 1, .len = 5);
	recv(t, ACK, .seq = 1, .ack = 1);
	no_event(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 17);
	state(t, WEIR_CLOSE_WAIT);
	cr_assert_eq(t->received, 15);
}

/* Once the FIN has been taken nothing waits any more: the extension goes back. */
TRACE(extension_does_not_outlive_the_gap)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 11, .ack = 1);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert_eq(t->tcp->exts.used, 1);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 12);
	silence(t, 1 * SECONDS + TRACE_SLACK);
	cr_assert_eq(t->tcp->exts.used, 0);
}
