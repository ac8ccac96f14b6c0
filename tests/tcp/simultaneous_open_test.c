/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends open at once (RFC 9293 section 3.5, figure 7; MUST-10). */
#include <errno.h>

#include "support/trace.h"

static void syns_cross(struct trace *t)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1400, .wscale = 8);
	/* Our SYN once more, with the options that both want, and the ACK. */
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .wscale = 2);
	state(t, WEIR_SYN_RECEIVED);
	no_event(t);
}

TRACE(completed_by_the_peers_syn_ack)
{
	syns_cross(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1400, .wscale = 8);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	state(t, WEIR_ESTABLISHED);
	cr_assert_eq(trace_info(t).mss, 1400);
	cr_assert_eq(trace_info(t).send_window_bytes, 65535 >> 7 << 7);
	counted(t, opened_active, 1);
}

TRACE(completed_by_an_ack)
{
	syns_cross(t);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 100);
	event(t, WEIR_EV_OPENED);
	state(t, WEIR_ESTABLISHED);
	quiet(t);
	cr_assert_eq(trace_info(t).send_window_bytes, 100 << 7);
}

TRACE(completed_by_data)
{
	syns_cross(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 20);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	cr_assert_eq(t->received, 20);
	recv(t, ACK, .seq = 1, .ack = 21);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 21, .len = 10);
	send(t, ACK, .seq = 21, .ack = 11);
	event(t, WEIR_EV_SENT);
}

TRACE(completed_by_a_fin)
{
	syns_cross(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 2);
	state(t, WEIR_CLOSE_WAIT);
}

TRACE(with_timestamps)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 701);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1);
}

TRACE(our_syn_was_lost)
{
	connect(t);
	recv_syn(t); /* lost: the peer knows nothing of it when it opens */
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

TRACE(our_syn_ack_was_lost)
{
	syns_cross(t);
	after(t, 1 * SECONDS); /* the timer of our SYN goes on */
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2);
	after(t, 2 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	silence(t, 10 * SECONDS);
}

TRACE(peers_syn_comes_again)
{
	syns_cross(t);
	send(t, SYN, .mss = 1400, .wscale = 8);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

/* Our last ACK was lost, or the peer's SYN-ACK crosses it: a SYN in a synchronized state. */
TRACE(peers_syn_ack_comes_again)
{
	syns_cross(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1400, .wscale = 8);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, SYN | ACK, .ack = 1, .mss = 1400, .wscale = 8);
	recv(t, ACK, .seq = 1, .ack = 1);
	state(t, WEIR_ESTABLISHED);
}

TRACE(nobody_answers)
{
	syns_cross(t);
	for (unsigned i = 0; i < 7; i++) {
		after(t, i < 6 ? (1u << i) * SECONDS : 60 * SECONDS);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2);
	}
	silence(t, 61 * SECONDS);
	event_closed(t, WEIR_EV_WARNING, WEIR_REASON_TIMEOUT);
}

/* It began as an active open, so a RST refuses it (RFC 9293 section 3.10.7.4, second step; MUST-11). */
TRACE(rst_refuses_it)
{
	syns_cross(t);
	send(t, RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_REFUSED);
	quiet(t);
}

TRACE(rst_elsewhere_does_not)
{
	syns_cross(t);
	send(t, RST, .seq = 0);
	counted(t, drop_rst_outside, 1);
	quiet(t);
	send(t, RST, .seq = 2);
	counted(t, drop_rst_window, 1);
	recv(t, ACK, .seq = 1, .ack = 1);
	state(t, WEIR_SYN_RECEIVED);
}

TRACE(bad_ack_is_reset)
{
	syns_cross(t);
	send(t, ACK, .seq = 1, .ack = 77);
	recv(t, RST, .seq = 77);
	counted(t, drop_half_open_ack, 1);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

TRACE(another_syn_is_challenged)
{
	syns_cross(t);
	send(t, SYN, .seq = 100, .mss = 1400);
	counted(t, drop_syn_synchronized, 1);
	recv(t, ACK, .seq = 1, .ack = 1);
	state(t, WEIR_SYN_RECEIVED);
}

/* Figure 5: CLOSE in SYN-RECEIVED sends FIN, after the handshake; nothing is aborted. */
TRACE(close_while_the_syns_cross)
{
	syns_cross(t);
	call(tcp_close(t->tcp, t->conn), 0);
	quiet(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1400, .wscale = 8);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	state(t, WEIR_FIN_WAIT_1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

TRACE(abort_while_the_syns_cross)
{
	syns_cross(t);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE(send_is_too_early)
{
	syns_cross(t);
	payload data = payload_arena_copy("x", 1);

	call(tcp_send(t->tcp, t->conn, data), -ENOTCONN);
	call(tcp_shutdown(t->tcp, t->conn), -ENOTCONN);
	payload_free(data);
}

/* A SYN with a closed window: the number of our own SYN is none that the window counts. */
TRACE(abort_at_a_closed_window_while_the_syns_cross)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460, .zero_window = true);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}
