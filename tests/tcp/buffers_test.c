/* SPDX-License-Identifier: BSD-3-Clause */
/* How many buffers a connection may hold, and the windows that they make. */
#include "support/trace.h"

static void half_of_the_buffers(struct weir_config *config)
{
	config->receive_buffers = 32;
}

/* The SYN-ACK promises what the buffers hold of the segments that the peer will send. */
TRACE(small_segments_make_a_small_first_window)
{
	listen(t, 80);
	send(t, SYN, .mss = 600, .tsval = 100);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 100, .wnd = 64 * 588);
}

/* The edge of a window cuts a segment short, and that takes a buffer too: 32 and an eighth may be held. */
/* Who names no MSS sends segments of the family's default, of which IPv4's make a small window. */
static unsigned first_window(const struct trace *t)
{
	unsigned room = 64 * trace_default_mss(t);

	return room < 65535 ? room : 65535;
}

TRACE(default_segments_make_their_first_window)
{
	listen(t, 80);
	send(t, SYN);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wnd = first_window(t));
}

static void only_cookies(struct weir_config *config)
{
	config->defence.mode = WEIR_DEFENCE_ALWAYS;
}

TRACE_CONFIGURED(a_cookie_promises_the_same, only_cookies)
{
	listen(t, 80);
	send(t, SYN);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wnd = first_window(t));
}

TRACE_CONFIGURED(short_segments_find_buffers, half_of_the_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 36; i++) {
		send(t, ACK, .seq = 1 + i, .ack = 1, .len = 1);
		event(t, WEIR_EV_DATA);
		if (i % 2 == 1)
			recv(t, ACK, .seq = 1, .ack = 2 + i);
	}
	send(t, ACK, .seq = 37, .ack = 1, .len = 1);
	recv(t, ACK, .seq = 1, .ack = 37);
	counted(t, drop_receive_buffers, 1);
}
