/* SPDX-License-Identifier: BSD-3-Clause */
/* SACK blocks beside text: as many as the segment has room for (RFC 2018 section 3), the latest first. */
#include "support/trace.h"

#define BLOCK(l, r)                       \
	{                                 \
		.left = (l), .right = (r) \
	}

/* Three gaps, told of at once. */
static void three_gaps(struct trace *t)
{
	listen(t, TRACE_PORT);
	send(t, SYN, .mss = 1460, .wscale = 8, .sack_ok = true);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale, .sack_ok = true);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	event(t, WEIR_EV_OPENED);
	burst(t, { ACK, .seq = 11, .ack = 1, .len = 10, .wnd = 512 },
	      { ACK, .seq = 31, .ack = 1, .len = 10, .wnd = 512 },
	      { ACK, .seq = 51, .ack = 1, .len = 10, .wnd = 512 });
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(51, 61), BLOCK(31, 41), BLOCK(11, 21) });
}

TRACE(all_beside_a_little_text)
{
	three_gaps(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10,
	     .sack = { BLOCK(51, 61), BLOCK(31, 41), BLOCK(11, 21) });
}

/* A block takes 8 bytes, and the first four more. */
TRACE(as_many_as_there_is_room_for)
{
	three_gaps(t);
	trace_write(t, 1460 - 20);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1440, .sack = { BLOCK(51, 61), BLOCK(31, 41) });
	send(t, ACK, .seq = 1, .ack = 1441, .wnd = 512);
	event(t, WEIR_EV_SENT);
	trace_write(t, 1460 - 19);
	recv(t, PSH | ACK, .seq = 1441, .ack = 1, .len = 1441, .sack = { BLOCK(51, 61) });
	send(t, ACK, .seq = 1, .ack = 2882, .wnd = 512);
	event(t, WEIR_EV_SENT);
	trace_write(t, 1460 - 12);
	recv(t, PSH | ACK, .seq = 2882, .ack = 1, .len = 1448, .sack = { BLOCK(51, 61) });
	send(t, ACK, .seq = 1, .ack = 4330, .wnd = 512);
	event(t, WEIR_EV_SENT);
	trace_write(t, 1460 - 11);
	recv(t, PSH | ACK, .seq = 4330, .ack = 1, .len = 1449);
	send(t, ACK, .seq = 1, .ack = 5779, .wnd = 512);
	event(t, WEIR_EV_SENT);
}

TRACE(none_beside_a_full_segment)
{
	three_gaps(t);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461, .wnd = 512);
	event(t, WEIR_EV_SENT);
}

/* What is sent again tells the latest news, too. */
TRACE(beside_what_is_repeated)
{
	three_gaps(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10,
	     .sack = { BLOCK(51, 61), BLOCK(31, 41), BLOCK(11, 21) });
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10,
	     .sack = { BLOCK(51, 61), BLOCK(31, 41), BLOCK(11, 21) });
	send(t, PSH | ACK, .seq = 1, .ack = 11, .len = 10, .wnd = 512);
	event(t, WEIR_EV_DATA | WEIR_EV_SENT);
	recv(t, ACK, .seq = 11, .ack = 21, .sack = { BLOCK(51, 61), BLOCK(31, 41) });
}
