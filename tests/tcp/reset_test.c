/* SPDX-License-Identifier: BSD-3-Clause */
/* RST, in and out (RFC 9293 sections 3.5.2 and 3.5.3, RFC 5961 section 3). */
#include "support/trace.h"

TRACE_SYNCHRONIZED(exact_rst_ends_it)
{
	send(t, RST, .seq = theirs);
	event_closed(t, 0, WEIR_REASON_RESET);
	quiet(t);
	send(t, ACK, .seq = theirs, .ack = ours); /* nothing is left of it */
	recv(t, RST, .seq = ours);
}

TRACE_SYNCHRONIZED(exact_rst_with_ack_ends_it)
{
	send(t, RST | ACK, .seq = theirs, .ack = ours);
	event_closed(t, 0, WEIR_REASON_RESET);
	quiet(t);
}

/* SHLD-2: text in a RST, for people to read. */
TRACE_SYNCHRONIZED(rst_with_text_ends_it)
{
	send(t, RST, .seq = theirs, .len = 20);
	event_closed(t, 0, WEIR_REASON_RESET);
	quiet(t);
}

/* In the window but not exact: a challenge, which a peer that means it answers with the exact one. */
TRACE_SYNCHRONIZED(rst_in_the_window_is_challenged)
{
	uint32_t window = trace_info(t).receive_window_bytes;
	uint32_t right_edge = theirs + window - 1;

	send(t, RST, .seq = theirs + 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	counted(t, drop_rst_window, 1);
	silence(t, 600 * MS);
	send(t, RST, .seq = right_edge);
	recv(t, ACK, .seq = ours, .ack = theirs);
	counted(t, drop_rst_window, 1);
	no_event(t);
	send(t, RST, .seq = theirs);
	event_closed(t, 0, WEIR_REASON_RESET);
}

TRACE_SYNCHRONIZED(rst_outside_the_window_is_dropped)
{
	uint32_t window = trace_info(t).receive_window_bytes;

	send(t, RST, .seq = theirs - 1);
	send(t, RST, .seq = theirs + window);
	send(t, RST, .seq = theirs + window + 1);
	send(t, RST, .seq = theirs + (1u << 31));
	counted(t, drop_rst_outside, 4);
	quiet(t);
	no_event(t);
}

/* RFC 5961 section 4: a SYN of any number is challenged. */
TRACE_SYNCHRONIZED(syn_is_challenged)
{
	static const int32_t offsets[] = { -100000, -1, 0, 1, 1000000 };

	for (unsigned i = 0; i < 5; i++) {
		send(t, SYN, .seq = theirs + (uint32_t)offsets[i], .mss = 1460);
		recv(t, ACK, .seq = ours, .ack = theirs);
		t->now_ns += 600 * MS;
	}
	counted(t, drop_syn_synchronized, 5);
	send(t, SYN | ACK, .seq = theirs - 1, .ack = ours, .mss = 1460);
	recv(t, ACK, .seq = ours, .ack = theirs);
	no_event(t);
}

TRACE(closed_port)
{
	t->lport = 80;
	t->rport = 1234;
	send(t, SYN, .mss = 1460);
	recv(t, RST | ACK, .ack = 1);
	send(t, PSH, .seq = 5, .len = 10); /* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
	recv(t, RST | ACK, .ack = 15);
	send(t, FIN, .seq = 5, .len = 10);
	recv(t, RST | ACK, .ack = 16);
	send(t, SYN | ACK, .seq = 5, .ack = 77, .mss = 1460); /* <SEQ=SEG.ACK><CTL=RST> */
	recv(t, RST, .seq = 77);
	send(t, FIN | PSH | ACK, .seq = 5, .ack = 78, .len = 10);
	recv(t, RST, .seq = 78);
	counted(t, drop_closed_port, 5);
	counted(t, resets_out, 5);
}

TRACE(rst_is_never_answered)
{
	t->lport = 80;
	t->rport = 1234;
	send(t, RST, .seq = 5);
	send(t, RST | ACK, .seq = 5, .ack = 6);
	send(t, RST | ACK, .seq = 5, .ack = 6, .len = 10);
	counted(t, drop_closed_rst, 3);
	quiet(t);
	listen(t, 80);
	send(t, RST, .seq = 5);
	send(t, RST | ACK, .seq = 5, .ack = 6);
	counted(t, drop_closed_rst, 2);
	quiet(t);
}

TRACE(listening_port)
{
	listen(t, 80);
	send(t, ACK, .seq = 5, .ack = 6);
	recv(t, RST, .seq = 6);
	send(t, SYN | ACK, .seq = 5, .ack = 6, .mss = 1460);
	recv(t, RST, .seq = 6);
	send(t, FIN | PSH | ACK, .seq = 5, .ack = 6, .len = 10);
	recv(t, RST, .seq = 6);
	counted(t, drop_listen_ack, 3);
	send(t, PSH, .seq = 5, .len = 10);
	send(t, FIN, .seq = 5);
	counted(t, drop_listen_invalid, 2);
	quiet(t);
}

/* A half-open connection is found out (section 3.5.1, figure 9): our side still believes in it. */
TRACE(peer_that_crashed_begins_anew)
{
	trace_open_passive(t);
	send(t, SYN, .seq = 400000, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_RESET);
	send(t, SYN, .seq = 400000, .mss = 1460);
	recv(t, SYN | ACK, .ack = 400001, .mss = 1460);
}

/* ... and so it is without timestamps, which the crashed peer may not offer any more. */
TRACE(peer_that_crashed_begins_anew_without_timestamps)
{
	trace_open_timestamps(t);
	send(t, SYN, .seq = 400000, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	send(t, RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_RESET);
}

/* Queued data, data in flight and unread data: all goes with the connection. */
TRACE(rst_with_much_in_hand)
{
	trace_open_passive(t);
	trace_write(t, 20000);
	for (unsigned i = 0; i < 10; i++)
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, PSH | ACK, .seq = 21, .ack = 1, .len = 10); /* behind a gap */
	send(t, RST, .seq = 11);
	event_closed(t, WEIR_EV_DATA, WEIR_REASON_RESET);
	quiet(t);
	cr_assert_eq(t->tcp->exts.used + t->tcp->pieces.used, 0);
}
