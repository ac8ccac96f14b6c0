/* SPDX-License-Identifier: BSD-3-Clause */
/* The first step of section 3.10.7.4, table 6: the window's two edges, in every synchronized state. */
#include "support/trace.h"

/* An empty segment just before RCV.NXT is a keepalive probe as hosts send it: it must be answered. */
TRACE_SYNCHRONIZED(empty_before_the_left_edge)
{
	send(t, ACK, .seq = theirs - 1, .ack = 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	counted(t, drop_window, 1);
	quiet(t);
}

TRACE_SYNCHRONIZED(empty_at_the_left_edge)
{
	send(t, ACK, .seq = theirs, .ack = 1);
	send(t, ACK, .seq = theirs + 1, .ack = 1);
	counted(t, drop_window, 0);
	quiet(t);
}

/* The right edge itself is let pass: a peer whose window is full sends its ACKs from there. */
TRACE_SYNCHRONIZED(empty_at_the_right_edge)
{
	uint32_t edge = theirs + trace_info(t).receive_window_bytes;

	send(t, ACK, .seq = edge - 1, .ack = 1);
	send(t, ACK, .seq = edge, .ack = 1);
	counted(t, drop_window, 0);
	quiet(t);
	send(t, ACK, .seq = edge + 1, .ack = 1);
	counted(t, drop_window, 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
}

/* Two ends that refuse each other's empty ACKs do not go on for ever. */
TRACE_SYNCHRONIZED(empty_refusals_are_limited)
{
	for (unsigned i = 0; i < 10; i++)
		send(t, ACK, .seq = theirs - 1000, .ack = 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	send(t, ACK, .seq = theirs - 1000, .ack = 1);
	quiet(t);
	counted(t, challenge_limited, 10);
}

TRACE_SYNCHRONIZED(text_before_the_left_edge)
{
	send(t, ACK, .seq = theirs - 1, .ack = 1, .len = 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	counted(t, drop_duplicate, 1);
	send(t, ACK, .seq = theirs - 10, .ack = 1, .len = 9);
	recv(t, ACK, .seq = ours, .ack = theirs); /* each one: its sender waits for it */
	counted(t, drop_duplicate, 1);
	no_event(t);
}

TRACE_SYNCHRONIZED(text_beyond_the_right_edge)
{
	send(t, ACK, .seq = theirs + trace_info(t).receive_window_bytes, .ack = 1, .len = 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	uint32_t edge = theirs + trace_info(t).receive_window_bytes;

	send(t, ACK, .seq = edge + 1, .ack = 1, .len = 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	send(t, FIN | ACK, .seq = edge, .ack = 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	counted(t, drop_window, 3);
	no_event(t);
}

TRACE_SYNCHRONIZED(repeated_fin_before_the_left_edge)
{
	send(t, FIN | ACK, .seq = theirs - 1, .ack = 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	counted(t, drop_duplicate, 1);
	no_event(t);
}

/* One byte inside is taken, with one before it or one behind the edge cut off. */
TRACE(text_across_the_left_edge)
{
	trace_open_active(t);
	send(t, ACK, .seq = 0, .ack = 1, .len = 2);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 1);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 2);
}

TRACE(fin_across_the_left_edge)
{
	trace_open_active(t);
	send(t, FIN | ACK, .seq = 0, .ack = 1, .len = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 2);
}

TRACE(text_at_the_last_byte_of_the_window)
{
	trace_open_active(t);
	uint32_t edge = 1 + trace_info(t).receive_window_bytes;

	send(t, ACK, .seq = edge - 1, .ack = 1, .len = 1);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_window, 0);
	send(t, ACK, .seq = edge - 2, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_window, 0);
	no_event(t);
}

TRACE_SYNCHRONIZED(segment_without_ack)
{
	send(t, PSH, .seq = theirs, .len = 10);
	send(t, FIN, .seq = theirs);
	counted(t, drop_no_ack, 2);
	quiet(t);
	no_event(t);
}
