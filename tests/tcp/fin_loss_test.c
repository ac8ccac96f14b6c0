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

static void open_with_sack(struct trace *t)
{
	listen(t, TRACE_PORT);
	send(t, SYN, .mss = 1460, .sack_ok = true);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .sack_ok = true);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

/* A FIN behind a gap, with more text than the gap has room for: it is not its time yet. */
TRACE(fin_with_long_text_behind_a_gap)
{
	open_with_sack(t);
	send(t, FIN | PSH | ACK, .seq = 11, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { { 11, 111 } });
	state(t, WEIR_ESTABLISHED);
	no_event(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 112);
	cr_assert_eq(t->received, 110);
}

/* D-SACK tells of text that came twice (RFC 2883): not of a FIN, nor of text that was never taken. */
TRACE(repeated_fin_is_no_duplicate_text)
{
	open_with_sack(t);
	trace_write(t, 10); /* an extension is there, and could keep the block */
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 11, .ack = 2);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	recv(t, ACK, .seq = 11, .ack = 2);
	send(t, ACK, .seq = 2 + trace_info(t).receive_window_bytes, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 11, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 11);
	event(t, WEIR_EV_SENT);
}

/*
 * Closed while a segment waits to go again: the FIN joins it, takes its number once, and goes again with it.
 */
static void fin_joins(struct trace *t)
{
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	t->now_ns += 1 * SECONDS + TRACE_SLACK;
	tcp_advance(t->tcp, t->now_ns);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	cr_assert_eq(trace_info(t).unacked_bytes, 101);
	after(t, 2 * SECONDS);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_1);
	send(t, ACK, .seq = 1, .ack = 102);
	state(t, WEIR_FIN_WAIT_2);
}

TRACE(fin_joins_a_repeated_segment)
{
	trace_open_passive(t);
	trace_write(t, 100);
	fin_joins(t);
}

TRACE(fin_joins_a_repeated_static_piece)
{
	trace_open_passive(t);
	trace_write_static(t, 100);
	fin_joins(t);
}

/* So does new text: from then on the segment is as long as it was sent. */
TRACE(text_joins_a_repeated_segment)
{
	trace_open_passive(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	trace_write(t, 50);
	quiet(t);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 150);
	cr_assert_eq(trace_info(t).unacked_bytes, 150);
	after(t, 2 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 150);
	send(t, ACK, .seq = 1, .ack = 151);
	event(t, WEIR_EV_SENT);
}

static void no_extension(struct weir_config *config)
{
	config->max_extensions = 1;
}

/* A window that closes on a static piece of a connection, which finds no extension to wait in. */
static void closes_on_a_static_piece(struct trace *t)
{
	trace_open_passive(t);
	send(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10); /* behind a gap, it takes the only extension */
	recv(t, ACK, .seq = 1, .ack = 1);
	t->rport = 50000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	trace_write_static(t, 50);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 50);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
}

/* One byte asks (3.8.6.1). */
TRACE_CONFIGURED(static_piece_asks_at_a_closed_window, no_extension)
{
	closes_on_a_static_piece(t);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 100);
	after(t, 2 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 50);
	send(t, ACK, .seq = 1, .ack = 51, .wnd = 100);
	event(t, WEIR_EV_SENT);
}

/* MUST-37: for as long as somebody answers. */
TRACE_CONFIGURED(static_piece_asks_for_ever, no_extension)
{
	closes_on_a_static_piece(t);
	for (unsigned i = 0; i < 100; i++) {
		after(t, (i < 6 ? 1u << i : 37) * SECONDS); /* what R2 leaves of the next minute */
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		if (i == 2)
			event_warned(t, 0, WEIR_REASON_TIMEOUT);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	}
	state(t, WEIR_ESTABLISHED);
}

/* But not for longer than R2 (100 s) without an answer. */
TRACE_CONFIGURED(static_piece_asks_in_vain, no_extension)
{
	closes_on_a_static_piece(t);
	for (unsigned i = 0; i < 6; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	}
	silence(t, 36900 * MS);
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	silence(t, 200 * MS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}
