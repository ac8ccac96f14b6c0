/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of a life that is over, or that somebody else's stack remembers: the traces of RFC 9293 sections
 * 3.5 and 3.5.1, and what timestamps add (RFC 7323 section 5). A peer that does not know the segment we
 * answer says so with RST.
 */
#include "support/trace.h"

/* Figure 8, seen from the listener: an old SYN, the peer's RST, and then the genuine one. */
TRACE(old_syn_at_a_listener)
{
	listen(t, 80);
	send(t, SYN, .seq = 90000, .mss = 1460);
	recv(t, SYN | ACK, .ack = 90001, .mss = 1460);
	send(t, RST, .seq = 90001);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	no_event(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

/* The genuine SYN comes before the RST: it is asked back, and the RST makes way for its second copy. */
TRACE(old_syn_and_the_genuine_one_behind_it)
{
	listen(t, 80);
	send(t, SYN, .seq = 90000, .mss = 1460);
	recv(t, SYN | ACK, .ack = 90001, .mss = 1460);
	send(t, SYN, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 90001);
	send(t, RST, .seq = 90001);
	quiet(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

/* The old SYN's sender has gone: its host says so, and if it does not, nothing is ever opened. */
TRACE(old_syn_of_a_host_that_is_silent)
{
	listen(t, 80);
	send(t, SYN, .seq = 90000, .mss = 1460);
	recv(t, SYN | ACK, .ack = 90001, .mss = 1460);
	for (unsigned i = 0; i < 5; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, SYN | ACK, .ack = 90001, .mss = 1460);
	}
	silence(t, 33 * SECONDS);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	no_event(t);
}

/* Old text and the old ACK that follow the old SYN: they know nothing of our new number, and are reset. */
TRACE(old_life_replayed_at_a_listener)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = -70000u);
	recv(t, RST, .seq = -70000u);
	send(t, PSH | ACK, .seq = 1, .ack = -70000u, .len = 10);
	recv(t, RST, .seq = -70000u);
	send(t, FIN | ACK, .seq = 11, .ack = -70000u);
	recv(t, RST, .seq = -70000u);
	counted(t, drop_half_open_ack, 3);
	no_event(t);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 1);
}

/* An old SYN meets our open: it looks like a simultaneous one, which the peer does not know and refuses. */
TRACE(old_syn_in_syn_sent)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .seq = 90000, .mss = 1460);
	recv(t, SYN | ACK, .ack = 90001, .mss = 1460);
	send(t, SYN | ACK, .ack = 1, .mss = 1460); /* the genuine answer is outside its window */
	recv(t, ACK, .seq = 1, .ack = 90001);
	send(t, RST, .seq = 90001);
	event_closed(t, 0, WEIR_REASON_REFUSED);
	quiet(t);
}

/* An old SYN-ACK, of a number that was never ours: it is reset, and the open goes on. */
TRACE(old_syn_ack_in_syn_sent)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ACK, .seq = 90000, .ack = -5000u, .mss = 1460);
	recv(t, RST, .seq = -5000u);
	send(t, RST | ACK, .seq = 90000, .ack = -5000u); /* nor does an old refusal end it */
	state(t, WEIR_SYN_SENT);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
}

/* Figure 10: we begin anew, the peer still believes in the old connection and is reset out of it. */
TRACE(we_begin_anew_and_the_peer_remembers)
{
	connect(t);
	recv_syn(t);
	send(t, ACK, .seq = 300, .ack = 100);
	recv(t, RST, .seq = 100);
	after(t, 1 * SECONDS);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
}

/* Figure 11: the peer speaks on a connection that we have forgotten. */
TRACE(peer_speaks_on_what_has_gone)
{
	trace_open_passive(t);
	send(t, RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_RESET);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	recv(t, RST, .seq = 1);
	send(t, FIN | ACK, .seq = 11, .ack = 1);
	recv(t, RST, .seq = 1);
	quiet(t);
}

/* Old text of an earlier life that happens to lie in the window: PAWS alone can tell, and does. */
TRACE(old_text_in_the_window_by_its_timestamp)
{
	trace_open_timestamps(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 650);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	send(t, FIN | ACK, .seq = 1, .ack = 1, .tsval = 650);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	counted(t, drop_paws, 2);
	no_event(t);
	state(t, WEIR_ESTABLISHED);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 702);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11, .tsval = 1, .tsecr = 702);
}

/* A FIN, an ACK and text of the life before meet the new life on the same tuple, beyond TIME-WAIT. */
TRACE(the_life_before_meets_the_new_one)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	uint32_t old = t->our_iss;

	send(t, SYN, .seq = 1000, .mss = 1460); /* reuse by the sequence number */
	recv(t, SYN | ACK, .ack = 1001, .mss = 1460);
	send(t, ACK, .seq = 1001, .ack = 1);
	event(t, WEIR_EV_OPENED);
	uint32_t gone = old - t->our_iss; /* where the old numbers are, seen from the new */

	send(t, FIN | ACK, .seq = 1, .ack = gone + 2);
	recv(t, ACK, .seq = 1, .ack = 1001);
	send(t, RST | ACK, .seq = 2, .ack = gone + 2);
	send(t, RST, .seq = 1);
	quiet(t);
	counted(t, drop_rst_outside, 2);
	no_event(t);
	state(t, WEIR_ESTABLISHED);
}
