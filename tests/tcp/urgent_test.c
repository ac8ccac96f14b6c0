/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Urgent data (RFC 9293 section 3.8.5): weir reads it in its place as any other text, and says nothing of it.
 * The urgent pointer is not even parsed.
 */
#include "support/trace.h"

static void four_buffers(struct weir_config *config)
{
	config->receive_buffers = 4;
}

TRACE(in_order_behind_a_gap_and_again)
{
	trace_open_active(t);
	send(t, URG | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	send(t, URG | ACK, .seq = 21, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 1, .ack = 11);
	send(t, URG | PSH | ACK, .seq = 11, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 30);
	recv(t, ACK, .seq = 1, .ack = 31);
	send(t, URG | ACK, .seq = 21, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 1, .ack = 31);
	no_event(t);
}

/* Urgent data of any length: as long as the whole of several windows. */
TRACE(of_any_length)
{
	uint32_t seq = 1;

	trace_open_active(t);
	for (unsigned i = 0; i < 100; i++) {
		send(t, URG | ACK, .seq = seq, .ack = 1, .len = 1460);
		send(t, URG | ACK, .seq = seq + 1460, .ack = 1, .len = 1460);
		event(t, WEIR_EV_DATA);
		seq += 2920;
		recv(t, ACK, .seq = 1, .ack = seq);
	}
	cr_assert_eq(t->received, 100 * 2920);
}

TRACE(with_the_fin)
{
	trace_open_active(t);
	send(t, FIN | URG | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 12);
	state(t, WEIR_CLOSE_WAIT);
}

/* The bit without text is no reason for anything. */
TRACE(without_text)
{
	trace_open_active(t);
	send(t, URG | ACK, .seq = 1, .ack = 1);
	quiet(t);
	no_event(t);
	send(t, URG | SYN, .seq = 0, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, URG | RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_RESET);
}

/* A closed window refuses the byte and takes the ACK that comes with it. */
TRACE_CONFIGURED(at_a_closed_window, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 4; i++)
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 5841, .len = 100, .zero_window = true);
	send(t, URG | ACK, .seq = 5841, .ack = 101);
	event(t, WEIR_EV_SENT);
	send(t, URG | ACK, .seq = 5841, .ack = 101, .len = 1);
	recv(t, ACK, .seq = 101, .ack = 5841, .zero_window = true);
	no_event(t);
}
