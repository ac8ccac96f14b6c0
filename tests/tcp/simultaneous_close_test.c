/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends close at once: CLOSING (RFC 9293 section 3.6, figure 13). */
#include "support/trace.h"

static void fins_cross(struct trace *t)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	state(t, WEIR_CLOSING);
	event(t, WEIR_EV_FIN);
}

TRACE(closing_and_time_wait)
{
	fins_cross(t);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
	quiet(t); /* both FINs have their ACKs */
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
}

/* Their FIN and the ACK of ours come in one burst: our ACK must not be forgotten on the way to TIME-WAIT. */
TRACE(all_in_one_burst)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	burst(t, { FIN | ACK, .seq = 1, .ack = 1 }, { ACK, .seq = 2, .ack = 2 });
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	quiet(t);
}

TRACE(before_our_fin_is_sent)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	state(t, WEIR_CLOSING);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	quiet(t);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

TRACE(with_data_from_both)
{
	trace_open_passive(t);
	trace_write(t, 100);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 50);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 102, .ack = 52);
	state(t, WEIR_CLOSING);
	send(t, ACK, .seq = 52, .ack = 101); /* the data, not the FIN */
	event(t, WEIR_EV_SENT);
	state(t, WEIR_CLOSING);
	send(t, ACK, .seq = 52, .ack = 102);
	event_closed(t, 0, WEIR_REASON_NONE);
}

TRACE(lost_fin_in_closing_is_repeated)
{
	fins_cross(t);
	recv(t, ACK, .seq = 2, .ack = 2);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 2);
	send(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, 0, WEIR_REASON_NONE);
}

TRACE(their_fin_again_in_closing)
{
	fins_cross(t);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	recv(t, ACK, .seq = 2, .ack = 2);
	state(t, WEIR_CLOSING);
}

TRACE(rst_in_closing)
{
	fins_cross(t);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, RST, .seq = 2);
	event_closed(t, 0, WEIR_REASON_RESET);
}

TRACE(nobody_answers_in_closing)
{
	fins_cross(t);
	recv(t, ACK, .seq = 2, .ack = 2);
	for (unsigned i = 0; i < 6; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, FIN | ACK, .seq = 1, .ack = 2);
	}
	silence(t, 61 * SECONDS);
	event_closed(t, WEIR_EV_WARNING, WEIR_REASON_TIMEOUT);
}
