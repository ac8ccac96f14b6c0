/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Silly windows (RFC 9293 section 3.8.6.2), as rules that hold for whole transfers: no segment smaller than
 * it need be is sent (MUST-38), and the window's right edge does not creep (MUST-39). The single cases stand
 * in window_test.c.
 */
#include "support/trace.h"

#define BUFFERS 8
#define WINDOW (BUFFERS * 1460)

static void eight_buffers(struct weir_config *config)
{
	config->receive_buffers = BUFFERS;
}

/* What arrives is kept, and read in portions; every ACK is looked at. Returns how many there were. */
static unsigned watch_edge(struct trace *t, uint32_t *edge, uint32_t at_least)
{
	struct seg seg;
	struct seg_side side;
	unsigned n = 0;

	for (; tcp_output(t->tcp, &seg, &side, 1, t->now_ns) == 1; n++) {
		uint32_t now = seg.ack - t->peer_isn + seg.wnd;

		cr_assert(now == *edge || now - *edge >= at_least, "the edge moved by %u", now - *edge);
		*edge = now;
	}
	return n;
}

/* A segment is read for each that arrives at a full window: the edge moves by a segment's room at least. */
TRACE_CONFIGURED(edge_does_not_creep_while_segments_are_read, eight_buffers)
{
	uint32_t edge = 1 + WINDOW, next = 1;

	trace_open_active(t);
	cr_assert_eq(trace_info(t).receive_window_bytes, WINDOW);
	t->keep = true;
	for (unsigned i = 0; i < 200; i++) {
		while (next + 1460 <= edge) {
			send(t, ACK, .seq = next, .ack = 1, .len = 1460);
			event(t, WEIR_EV_DATA);
			next += 1460;
			watch_edge(t, &edge, 1460);
		}
		trace_release_some(t, 1);
		watch_edge(t, &edge, 1460);
		cr_assert_leq(edge, next + WINDOW);
	}
	cr_assert_gt(next, 100 * 1460);
}

/* The peer sends a byte at a time: the edge stands until a segment's room can be told of. */
TRACE_CONFIGURED(edge_does_not_creep_for_single_bytes, eight_buffers)
{
	uint32_t edge = 1 + WINDOW;
	unsigned acks = 0;

	trace_open_active(t);
	for (unsigned i = 0; i < 3000; i++) {
		send(t, PSH | ACK, .seq = 1 + i, .ack = 1, .len = 1);
		event(t, WEIR_EV_DATA); /* and is read at once */
		acks += watch_edge(t, &edge, 1460);
	}
	cr_assert_eq(edge, 1 + WINDOW + 2 * 1460);
	cr_assert_eq(acks, 1500);
}

/* Of a buffer of two segments half is one, and that is worth telling (3.8.6.2.2's fraction). */
static void two_buffers(struct weir_config *config)
{
	config->receive_buffers = 2;
}

TRACE_CONFIGURED(half_of_a_small_buffer_is_told, two_buffers)
{
	trace_open_active(t);
	t->keep = true;
	send(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 2921, .zero_window = true);
	send(t, ACK, .seq = 2921, .ack = 1, .len = 1460); /* the edge was at 2921 */
	recv(t, ACK, .seq = 1, .ack = 2921, .zero_window = true);
	trace_release(t);
	recv(t, ACK, .seq = 1, .ack = 2921, .wnd = 2920);
}

/* Bytes that the sender may have in flight are used in whole segments, whatever the window does. */
TRACE(no_small_segments_while_much_is_queued)
{
	uint32_t acked = 1, next = 1;

	listen(t, 80);
	send(t, SYN, .mss = 1460, .wnd = 6000);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 6000);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 25 * 1460);
	trace_write(t, 25 * 1460);
	for (unsigned i = 0; acked < 1 + 40 * 1460; i++) {
		struct seg seg;
		struct seg_side side;

		while (tcp_output(t->tcp, &seg, &side, 1, t->now_ns) == 1) {
			cr_assert_eq(seg.len, 1460, "%u bytes at %u", seg.len, seg.seq - t->our_iss);
			next += 1460;
		}
		/* The peer reads by fits and starts: never so little that nothing could be sent any more. */
		acked = next - (i % 3 == 0 ? 0 : 1460);
		send(t, ACK, .seq = 1, .ack = acked, .wnd = 3000 + 997 * (i % 4));
	}
	call(tcp_abort(t->tcp, t->conn), 0);
	struct seg seg;
	struct seg_side side;

	while (tcp_output(t->tcp, &seg, &side, 1, t->now_ns) == 1)
		;
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

/* What is pushed and all of what is queued goes, however small the rest of the window (rule 2). */
TRACE(last_bytes_go_if_they_fit)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wnd = 6000);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 101);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 101);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 101);
	send(t, ACK, .seq = 1, .ack = 102, .wnd = 101);
	event(t, WEIR_EV_SENT);
	trace_write(t, 102); /* one too many, and less than half of what was once offered */
	quiet(t);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 102, .ack = 1, .len = 101);
	send(t, ACK, .seq = 1, .ack = 203, .wnd = 101);
	recv(t, PSH | ACK, .seq = 203, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 204, .wnd = 101);
	event(t, WEIR_EV_SENT);
}
