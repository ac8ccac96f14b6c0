/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst is taken in whole before any of it is answered, and answered once for each connection (RFC 9293
 * MUST-58, MUST-59).
 */
#include "support/trace.h"

#define MANY 60

/* So many segments of 100 bytes from `seq` on, in one burst. */
static void stream_of(struct trace *t, uint32_t seq, unsigned n)
{
	struct trace_seg segs[MANY];

	for (unsigned i = 0; i < n; i++)
		segs[i] = (struct trace_seg){ .flags = ACK, .seq = seq + 100 * i, .ack = 1, .len = 100 };
	trace_send_burst(t, segs, n);
}

TRACE(sixty_segments_are_answered_once)
{
	trace_open_active(t);
	stream_of(t, 1, MANY);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 100 * MANY);
	recv(t, ACK, .seq = 1, .ack = 1 + 100 * MANY);
	quiet(t);
	silence(t, 2 * SECONDS); /* no delayed one follows */
}

/* Two bursts before the next output are one burst to TCP. */
TRACE(bursts_before_one_output_are_answered_once)
{
	trace_open_active(t);
	stream_of(t, 1, 20);
	stream_of(t, 2001, 20);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 4001);
	quiet(t);
}

TRACE(a_burst_out_of_order_is_answered_once)
{
	trace_open_active(t);
	burst(t, { ACK, .seq = 201, .ack = 1, .len = 100 }, { ACK, .seq = 301, .ack = 1, .len = 100 },
	      { ACK, .seq = 101, .ack = 1, .len = 100 }, { ACK, .seq = 101, .ack = 1, .len = 100 },
	      { ACK, .seq = 1, .ack = 1, .len = 100 });
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 400);
	recv(t, ACK, .seq = 1, .ack = 401);
	quiet(t);
}

/* What is refused asks for an ACK as well; there is one for all of it, and it tells of what was taken. */
TRACE(what_is_refused_in_a_burst_is_answered_with_the_rest)
{
	trace_open_active(t);
	stream_of(t, 1, 1);
	event(t, WEIR_EV_DATA);
	burst(t, { ACK, .seq = 1, .ack = 1, .len = 100 }, { ACK, .seq = 5000000, .ack = 1, .len = 100 },
	      { SYN, .seq = 7, .mss = 1460 }, { RST, .seq = 200 }, { ACK, .seq = 101, .ack = 1, .len = 100 });
	counted(t, drop_duplicate, 1);
	counted(t, drop_window, 1);
	counted(t, drop_syn_synchronized, 1);
	counted(t, drop_rst_window, 1);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 201);
	quiet(t);
}

TRACE(the_fin_at_its_end_is_answered_with_the_text)
{
	trace_open_active(t);
	burst(t, { ACK, .seq = 1, .ack = 1, .len = 100 }, { ACK, .seq = 101, .ack = 1, .len = 100 },
	      { FIN | PSH | ACK, .seq = 201, .ack = 1, .len = 100 });
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 302);
	quiet(t);
}

/* The answer of the application carries it. */
TRACE(a_response_carries_the_ack_of_the_burst)
{
	trace_open_active(t);
	stream_of(t, 1, 20);
	event(t, WEIR_EV_DATA);
	trace_write(t, 500);
	recv(t, PSH | ACK, .seq = 1, .ack = 2001, .len = 500);
	quiet(t);
	silence(t, 900 * MS);
	send(t, ACK, .seq = 2001, .ack = 501);
	event(t, WEIR_EV_SENT);
}

/* Segments of two connections in turn: an ACK for each, not for each turn. */
TRACE(two_connections_are_answered_once_each)
{
	struct trace_seg segs[20];

	trace_open_passive(t);
	uint32_t first_iss = t->our_iss;

	send(t, SYN, .mss = 1460, .port = 7);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .port = 7);
	uint32_t between = t->our_iss - first_iss;

	send(t, ACK, .seq = 1, .ack = 1, .port = 7);
	event(t, WEIR_EV_OPENED);
	quiet(t);
	t->our_iss = first_iss;
	for (unsigned i = 0; i < 20; i++)
		segs[i] = (struct trace_seg){ .flags = ACK,
					      .seq = 1 + 100 * (i / 2),
					      .ack = i % 2 ? 1 + between : 1,
					      .len = 100,
					      .port = i % 2 ? 7 : 0 };
	trace_send_burst(t, segs, 20);
	event(t, WEIR_EV_DATA);
	t->received = 0;
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 1000);
	recv(t, ACK, .seq = 1, .ack = 1001);
	recv(t, ACK, .seq = 1 + between, .ack = 1001, .port = 7);
	quiet(t);
}

/* All of a window is acknowledged, and what the ACKs let go is what the last one lets go. */
TRACE(a_burst_of_acks_is_taken_in_whole)
{
	trace_open_active(t);
	trace_write(t, 5 * 1460);
	for (unsigned i = 0; i < 5; i++)
		recv(t, i < 4 ? ACK : PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	burst(t, { ACK, .seq = 1, .ack = 1461 }, { ACK, .seq = 1, .ack = 2921 },
	      { ACK, .seq = 1, .ack = 4381 }, { ACK, .seq = 1, .ack = 5841 }, { ACK, .seq = 1, .ack = 7301 });
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).unacked_bytes, 0);
	quiet(t);
}

/* Late segments of a connection that has ended: one ACK for all that come together. */
TRACE(late_segments_in_time_wait_are_answered_once)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	burst(t, { FIN | ACK, .seq = 1, .ack = 2 }, { FIN | ACK, .seq = 1, .ack = 2 },
	      { FIN | ACK, .seq = 1, .ack = 2 });
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	recv(t, ACK, .seq = 2, .ack = 2);
	quiet(t);
	stream_of(t, -999u, 10);
	recv(t, ACK, .seq = 2, .ack = 2);
	quiet(t);
}
