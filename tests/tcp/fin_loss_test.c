/* SPDX-License-Identifier: BSD-3-Clause */
/* Each segment of a teardown lost, late or doubled, seen from either side (RFC 9293 section 3.6). */
#include "support/trace.h"

#define TWO_MSL (60 * SECONDS)

/* We close; our FIN stands at 1 and has gone out. */
static void we_close(struct trace *t)
{
	trace_open_passive(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
}

/* The peer closes; its FIN stands at 1 and was acknowledged. */
static void peer_closes(struct trace *t)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 2);
}

/* The ACK of our FIN is lost: the FIN goes again, and is acknowledged again. */
TRACE(lost_ack_of_our_fin)
{
	we_close(t);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	state(t, WEIR_FIN_WAIT_2);
	send(t, ACK, .seq = 1, .ack = 2); /* of the other copy */
	quiet(t);
	silence(t, 200 * SECONDS);
}

/* The ACK of our FIN is lost, and the peer closes too: its FIN says both. */
TRACE(lost_ack_of_our_fin_and_theirs_follows)
{
	we_close(t);
	silence(t, 500 * MS);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	silence(t, TWO_MSL - 2 * SECONDS); /* the timer of our FIN has gone with it */
}

/* Their FIN is lost after the ACK of ours: FIN-WAIT-2 waits, and takes it from the second copy. */
TRACE(lost_fin_of_theirs)
{
	we_close(t);
	send(t, ACK, .seq = 1, .ack = 2);
	silence(t, 3 * SECONDS);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

/* Their FIN overtakes the ACK of ours, which then finds TIME-WAIT. */
TRACE(their_fin_overtakes_their_ack)
{
	we_close(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	send(t, ACK, .seq = 1, .ack = 2);
	quiet(t);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
}

/* Their FIN overtakes their last text. */
TRACE(their_fin_overtakes_their_text)
{
	we_close(t);
	send(t, FIN | ACK, .seq = 11, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 1);
	state(t, WEIR_FIN_WAIT_2);
	no_event(t);
	send(t, PSH | ACK, .seq = 1, .ack = 2, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 12);
	event_closed(t, WEIR_EV_DATA | WEIR_EV_FIN, WEIR_REASON_NONE);
}

/* Our last ACK is lost again and again: each copy of their FIN brings another, from TIME-WAIT. */
TRACE(lost_last_acks)
{
	we_close(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	for (unsigned i = 0; i < 5; i++) {
		silence(t, (1u << i) * SECONDS);
		send(t, FIN | ACK, .seq = 1, .ack = 2);
		recv(t, ACK, .seq = 2, .ack = 2);
	}
	silence(t, TWO_MSL - 5 * SECONDS);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
	silence(t, 5 * SECONDS + TRACE_SLACK);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 0);
}

/* Our ACK of their FIN is lost: CLOSE-WAIT answers each copy, and the application hears of the end once. */
TRACE(lost_acks_of_their_fin)
{
	peer_closes(t);
	for (unsigned i = 0; i < 5; i++) {
		silence(t, (1u << i) * SECONDS);
		send(t, FIN | ACK, .seq = 1, .ack = 1);
		recv(t, ACK, .seq = 1, .ack = 2);
	}
	no_event(t);
	state(t, WEIR_CLOSE_WAIT);
}

/* Our FIN in LAST-ACK is lost, twice. */
TRACE(lost_fin_in_last_ack)
{
	peer_closes(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	after(t, 2 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
	quiet(t);
}

/* The last ACK was lost, then our FIN's copy finds the peer in TIME-WAIT: the ACK comes again. */
TRACE(lost_last_ack_of_theirs)
{
	peer_closes(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
	send(t, ACK, .seq = 2, .ack = 2); /* and the lost one, late: nothing is left of the connection */
	recv(t, RST, .seq = 2);
}

/* Both FINs cross and both are lost, then both ACKs. */
TRACE(everything_lost_in_a_simultaneous_close)
{
	we_close(t);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 2, .ack = 2); /* lost */
	state(t, WEIR_CLOSING);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	recv(t, ACK, .seq = 2, .ack = 2);
	after(t, 2 * SECONDS); /* theirs was lost as well */
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
}

/* In CLOSING their FIN's copy acknowledges ours: old by its number, so that its ACK does not count. */
TRACE(repeated_fin_with_our_ack_in_closing)
{
	we_close(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	state(t, WEIR_CLOSING);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
}

/* Text and FIN in one segment, the text alone arrives: the FIN alone goes again. */
TRACE(fin_that_was_cut_off)
{
	trace_open_passive(t);
	trace_write(t, 100);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 101, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 102);
	state(t, WEIR_FIN_WAIT_2);
}

/* The FIN arrives and the text before it does not: the text alone goes again. */
TRACE(text_lost_before_our_fin)
{
	trace_open_passive(t);
	trace_write(t, 1460 + 100);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, FIN | PSH | ACK, .seq = 1461, .ack = 1, .len = 100);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1562);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_2);
}
