/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens: the three-way handshake from both ends (RFC 9293 section 3.5). */
#include "support/trace.h"

TRACE(passive_open)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 8, .sack_ok = true, .tsval = 700);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1,
	     .tsecr = 700);
	no_event(t);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = 1);
	event(t, WEIR_EV_OPENED);
	state(t, WEIR_ESTABLISHED);
	quiet(t);
}

TRACE(active_open)
{
	trace_open_active(t);
	state(t, WEIR_ESTABLISHED);
}

TRACE(request_response_and_close_by_peer)
{
	trace_open_passive(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 64);
	event(t, WEIR_EV_DATA);
	trace_write(t, 64);
	cr_assert_eq(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 65, .len = 64);
	quiet(t);
	state(t, WEIR_FIN_WAIT_1);
	send(t, FIN | ACK, .seq = 65, .ack = 66);
	recv(t, ACK, .seq = 66, .ack = 66);
	event_closed(t, WEIR_EV_FIN | WEIR_EV_SENT, WEIR_REASON_NONE);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
}

TRACE(close_by_peer_first)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	state(t, WEIR_CLOSE_WAIT);
	cr_assert_eq(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	state(t, WEIR_LAST_ACK);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
	quiet(t);
}
