/* SPDX-License-Identifier: BSD-3-Clause */
/* We close first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT (RFC 9293 section 3.6, figure 12). */
#include "support/trace.h"

TRACE(four_segments)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	state(t, WEIR_FIN_WAIT_1);
	send(t, ACK, .seq = 1, .ack = 2);
	state(t, WEIR_FIN_WAIT_2);
	no_event(t);
	quiet(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
	counted(t, closed, 1);
}

TRACE(three_segments)
{
	trace_open_active(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

TRACE(fin_rides_on_the_last_data)
{
	trace_open_passive(t);
	trace_write(t, 2000);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, FIN | PSH | ACK, .seq = 1461, .ack = 1, .len = 540);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 2001); /* all but the FIN */
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_1);
	send(t, ACK, .seq = 1, .ack = 2002);
	state(t, WEIR_FIN_WAIT_2);
	no_event(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2002);
	recv(t, ACK, .seq = 2002, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

/* What is queued goes first, however long the window keeps it (RFC 9293 section 3.6, case 1). */
TRACE(fin_waits_for_what_is_queued)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	trace_write(t, 10);
	quiet(t);
	call(tcp_close(t->tcp, t->conn), 0);
	quiet(t);
	state(t, WEIR_FIN_WAIT_1);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 12);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_2);
}

TRACE(response_and_close_in_one_segment)
{
	trace_open_passive(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 64);
	event(t, WEIR_EV_DATA);
	trace_write(t, 64);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 65, .len = 64);
	quiet(t);
	state(t, WEIR_FIN_WAIT_1);
	send(t, FIN | ACK, .seq = 65, .ack = 66);
	recv(t, ACK, .seq = 66, .ack = 66);
	event_closed(t, WEIR_EV_FIN | WEIR_EV_SENT, WEIR_REASON_NONE);
}

TRACE(static_response_and_close_in_one_segment)
{
	trace_open_passive(t);
	trace_write_static(t, 64);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 64);
	cr_assert_eq(t->tcp->exts.used, 0);
	send(t, FIN | ACK, .seq = 1, .ack = 66);
	recv(t, ACK, .seq = 66, .ack = 2);
	event_closed(t, WEIR_EV_FIN | WEIR_EV_SENT, WEIR_REASON_NONE);
}

TRACE(lost_fin_is_repeated)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	after(t, 2 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	state(t, WEIR_FIN_WAIT_2);
	counted(t, retransmits, 2);
	silence(t, 50 * SECONDS);
}

TRACE(lost_fin_with_data_is_repeated_with_it)
{
	trace_open_passive(t);
	trace_write(t, 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	after(t, 1 * SECONDS);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	quiet(t);
	after(t, 2 * SECONDS); /* Karn: no sample, so the RTO stays backed off */
	recv(t, FIN | ACK, .seq = 11, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 12);
	state(t, WEIR_FIN_WAIT_2);
}

TRACE(nobody_answers_our_fin)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	for (unsigned i = 0; i < 6; i++) { /* 63 s */
		after(t, (1u << i) * SECONDS);
		recv(t, FIN | ACK, .seq = 1, .ack = 1);
	}
	silence(t, 61 * SECONDS); /* 123 s: beyond user_timeout_ns */
	event_closed(t, WEIR_EV_WARNING, WEIR_REASON_TIMEOUT);
}

TRACE(data_in_fin_wait_1_and_2_is_delivered_after_shutdown)
{
	trace_open_passive(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10); /* it had not seen our FIN yet */
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 2, .ack = 11);
	state(t, WEIR_FIN_WAIT_1);
	send(t, PSH | ACK, .seq = 11, .ack = 2, .len = 10);
	event(t, WEIR_EV_DATA);
	state(t, WEIR_FIN_WAIT_2);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 2, .ack = 21);
	send(t, FIN | PSH | ACK, .seq = 21, .ack = 2, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 32);
	event_closed(t, WEIR_EV_DATA | WEIR_EV_FIN, WEIR_REASON_NONE);
	cr_assert_eq(t->received, 30);
}

static void impatient(struct weir_config *config)
{
	config->fin_wait_2_ns = 3 * SECONDS;
}

TRACE_CONFIGURED(fin_wait_2_is_bounded_after_close, impatient)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	silence(t, 500 * MS);
	send(t, ACK, .seq = 1, .ack = 2);
	silence(t, 2990 * MS);
	state(t, WEIR_FIN_WAIT_2);
	silence(t, 15 * MS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, RST, .seq = 2);
}

TRACE_CONFIGURED(fin_wait_2_is_bounded_from_a_close_that_comes_late, impatient)
{
	trace_open_passive(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	silence(t, 100 * SECONDS);
	state(t, WEIR_FIN_WAIT_2);
	call(tcp_close(t->tcp, t->conn), 0);
	silence(t, 2 * SECONDS);
	call(tcp_close(t->tcp, t->conn), 0); /* harmless, and no new 3 s */
	silence(t, 1 * SECONDS + TRACE_SLACK);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

TRACE(extension_goes_back_with_the_fins_ack)
{
	trace_open_passive(t);
	trace_write(t, 10);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	cr_assert_eq(t->tcp->exts.used, 1);
	send(t, ACK, .seq = 1, .ack = 12);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(t->tcp->exts.used, 0);
	state(t, WEIR_FIN_WAIT_2);
}
