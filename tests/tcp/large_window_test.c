/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows whose highest bit is set are large, not negative (RFC 9293 MUST-1, REC-1). */
#include "support/trace.h"

/* The sender: more than 32767 bytes in flight, as far as the window's last whole segment. */
TRACE(of_65535_is_used_to_its_end)
{
	uint32_t acked = 1, next = 1;

	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	for (unsigned i = 0; i < 3; i++)
		trace_write(t, 35 * 1460);
	for (; next < 1 + 10 * 1460; next += 1460)
		recv(t, ACK, .seq = next, .ack = 1, .len = 1460);
	/* In slow start each ACK lets two go, until 44 are in flight: the 45th would pass the edge. */
	for (unsigned in_flight = 10; in_flight < 44; in_flight++) {
		acked += 1460;
		send(t, ACK, .seq = 1, .ack = acked);
		for (unsigned i = 0; i < 2; i++, next += 1460)
			recv(t, ACK, .seq = next, .ack = 1, .len = 1460);
		quiet(t);
	}
	cr_assert_eq(trace_info(t).unacked_bytes, 44 * 1460);
	acked += 1460;
	send(t, ACK, .seq = 1, .ack = acked);
	recv(t, ACK, .seq = next, .ack = 1, .len = 1460);
	quiet(t);
}

/* The largest that can be said, 65535 times 2^14. */
TRACE(of_a_gigabyte_is_kept_whole)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 15);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 65535);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).send_window_bytes, 65535u << 14);
	trace_write(t, 3000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	quiet(t); /* Nagle */
	send(t, ACK, .seq = 1, .ack = 2921, .wnd = 32768);
	recv(t, PSH | ACK, .seq = 2921, .ack = 1, .len = 80);
	cr_assert_eq(trace_info(t).send_window_bytes, 32768u << 14);
}

/* The receiver: what lies more than 32767 bytes ahead, but in the window, is kept. */
TRACE(of_ours_takes_what_lies_far_ahead)
{
	trace_open_active(t);
	cr_assert_gt(trace_info(t).receive_window_bytes, 65535);
	send(t, ACK, .seq = 1 + 70000, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_window, 0);
	cr_assert_eq(t->tcp->pieces.used, 1);
}
