/* SPDX-License-Identifier: BSD-3-Clause */
/* One side has said all, the other goes on for as long as it likes (RFC 9293 section 3.6). */
#include <errno.h>

#include "support/trace.h"

TRACE(peer_sends_for_hours_after_our_fin)
{
	trace_open_active(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	state(t, WEIR_FIN_WAIT_2);
	for (unsigned hour = 0; hour < 12; hour++) {
		silence(t, 3600 * SECONDS);
		send(t, PSH | ACK, .seq = 1 + 100 * hour, .ack = 2, .len = 100);
		event(t, WEIR_EV_DATA);
		after(t, DELAYED_ACK);
		recv(t, ACK, .seq = 2, .ack = 101 + 100 * hour);
	}
	send(t, FIN | ACK, .seq = 1201, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 1202);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	cr_assert_eq(t->received, 1200);
}

TRACE(we_send_for_hours_after_the_peers_fin)
{
	trace_open_active(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 2);
	for (unsigned hour = 0; hour < 12; hour++) {
		silence(t, 3600 * SECONDS);
		trace_write(t, 100);
		recv(t, PSH | ACK, .seq = 1 + 100 * hour, .ack = 2, .len = 100);
		send(t, ACK, .seq = 2, .ack = 101 + 100 * hour);
		event(t, WEIR_EV_SENT);
	}
	state(t, WEIR_CLOSE_WAIT);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1201, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 1202);
	event_closed(t, 0, WEIR_REASON_NONE);
}

TRACE(nothing_more_can_be_sent)
{
	trace_open_active(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	payload data = payload_arena_copy("x", 1);

	call(tcp_send(t->tcp, t->conn, data), -EPIPE);
	payload_free(data);
	call(tcp_shutdown(t->tcp, t->conn), 0); /* again is harmless */
	quiet(t);
}

TRACE(window_opens_again_in_fin_wait_2)
{
	trace_open_active(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	t->keep = true;
	for (unsigned i = 0; i < 64; i++)
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 2, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 2, .ack = 93441, .zero_window = true);
	trace_release(t);
	recv(t, ACK, .seq = 2, .ack = 93441, .wnd = 93440 >> 1);
}
