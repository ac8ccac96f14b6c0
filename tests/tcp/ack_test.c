/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fifth step: acknowledgments that are old, repeated or premature (RFC 9293 section 3.10.7.4, RFC
 * 5961 section 5).
 */
#include "support/trace.h"

TRACE_SYNCHRONIZED(ack_of_what_was_never_sent)
{
	send(t, ACK, .seq = theirs, .ack = ours + 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	counted(t, drop_ack_unsent, 1);
	no_event(t);
	/* Its text is not looked at. */
	send(t, PSH | ACK, .seq = theirs, .ack = ours + 1, .len = 10);
	quiet(t);
	counted(t, challenge_limited, 1);
	no_event(t);
}

/* SND.UNA - MAX.SND.WND is the oldest that counts. Our peer's largest window was 65536. */
TRACE_SYNCHRONIZED(ack_from_long_ago)
{
	uint32_t una = ours - trace_info(t).unacked_bytes;

	send(t, ACK, .seq = theirs, .ack = una - 65536);
	counted(t, drop_ack_old, 0);
	quiet(t);
	send(t, ACK, .seq = theirs, .ack = una - 65537);
	counted(t, drop_ack_old, 1);
	recv(t, ACK, .seq = ours, .ack = theirs);
	no_event(t);
}

/* An old ACK says nothing, but its text may be new. */
TRACE(old_ack_with_new_text)
{
	trace_open_active(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 10);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 101, .ack = 11);
}

TRACE(duplicate_acks_with_nothing_in_flight)
{
	trace_open_passive(t);
	for (unsigned i = 0; i < 10; i++)
		send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	quiet(t);
	counted(t, fast_retransmits, 0);
}

TRACE(ack_of_part_of_what_is_in_flight)
{
	trace_open_active(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 100);
	no_event(t);
	cr_assert_eq(trace_info(t).unacked_bytes, 1);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

/* At most one challenge in half a second for each connection, however many ask for it. */
TRACE(challenges_are_limited)
{
	trace_open_passive(t);
	for (unsigned i = 0; i < 100; i++)
		send(t, RST, .seq = 2);
	recv(t, ACK, .seq = 1, .ack = 1);
	quiet(t);
	counted(t, challenge_acks, 1);
	counted(t, challenge_limited, 99);
	silence(t, 600 * MS);
	send(t, SYN, .seq = 2, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, challenge_acks, 1);
}

/* The limit is a connection's own: no other can be seen in it (CVE-2016-5696). */
TRACE(challenges_of_another_connection_do_not_count)
{
	trace_open_passive(t);
	send(t, RST, .seq = 2);
	recv(t, ACK, .seq = 1, .ack = 1);
	t->rport = 50000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	send(t, RST, .seq = 2);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, challenge_acks, 2);
}

TRACE(every_ack_of_a_fin_in_every_order)
{
	trace_open_active(t);
	trace_write(t, 100);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_1);
	send(t, ACK, .seq = 1, .ack = 1);
	state(t, WEIR_FIN_WAIT_1);
	send(t, ACK, .seq = 1, .ack = 102);
	state(t, WEIR_FIN_WAIT_2);
	send(t, ACK, .seq = 1, .ack = 102);
	send(t, ACK, .seq = 1, .ack = 101);
	state(t, WEIR_FIN_WAIT_2);
	quiet(t);
	no_event(t);
}
