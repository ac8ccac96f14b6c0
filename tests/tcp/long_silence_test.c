/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that stand still for a day, and are alive: a closed window does not end them, whose ever it is.
 */
#include "support/trace.h"

#define DAY (86400 * SECONDS)

static void four_buffers(struct weir_config *config)
{
	config->receive_buffers = 4;
}

/*
 * The peer's window stays closed and its ACKs keep coming: 1440 probes a minute apart, and then the data
 * goes out (RFC 9293 MUST-37).
 */
TRACE(a_day_of_probes)
{
	unsigned probes = 0;

	trace_open_passive(t);
	uint64_t end = t->now_ns + DAY;

	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	trace_write(t, 100);
	for (unsigned wait = 1; t->now_ns < end; wait = wait < 32 ? 2 * wait : 60, probes++) {
		after(t, wait * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	}
	cr_assert_gt(probes, 1430, "%u", probes);
	no_event(t);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

/* Ours does, since the application reads nothing: each probe is answered, and nothing is lost (MAY-8). */
TRACE_CONFIGURED(a_day_of_their_probes, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 4; i++)
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
	for (unsigned i = 0; i < 24 * 60; i++) {
		silence(t, 60 * SECONDS);
		send(t, ACK, .seq = 5841, .ack = 1, .len = 1);
		recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
	}
	no_event(t);
	trace_release(t);
	recv(t, ACK, .seq = 1, .ack = 5841, .wnd = 5840);
	send(t, ACK, .seq = 5841, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 5941);
}

/* Without keepalive nothing at all is said, and all is as it was (RFC 9293 MUST-25). */
TRACE(three_weeks_of_nothing)
{
	trace_open_active(t);
	silence(t, 21 * DAY);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 101, .len = 100);
	send(t, ACK, .seq = 101, .ack = 101);
	event(t, WEIR_EV_SENT);
}
