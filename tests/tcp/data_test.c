/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data in order, both ways: segments, PSH, Nagle, delayed ACKs (RFC 9293 sections 3.7.4, 3.8.6.3,
 * 3.9.1.2).
 */
#include "support/trace.h"

TRACE(one_segment_in)
{
	trace_open_active(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 100);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 101);
	counted(t, delayed_acks, 1);
	counted(t, bytes_in, 100);
	silence(t, 1 * SECONDS);
}

TRACE(one_segment_out)
{
	trace_open_active(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	quiet(t);
	no_event(t);
	cr_assert_eq(trace_info(t).unacked_bytes, 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	quiet(t);
	cr_assert_eq(trace_info(t).unacked_bytes, 0);
	counted(t, bytes_out, 100);
}

/* Full-sized segments, PSH on the last (MUST-61), and one SENT when all of it has arrived. */
TRACE(long_write_is_split)
{
	trace_open_active(t);
	trace_write(t, 4000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 2921);
	recv(t, PSH | ACK, .seq = 2921, .ack = 1, .len = 1080);
	no_event(t);
	send(t, ACK, .seq = 1, .ack = 4001);
	event(t, WEIR_EV_SENT);
}

/* Small pieces that wait together leave together. */
TRACE(small_writes_are_coalesced)
{
	trace_open_active(t);
	trace_write(t, 700);
	trace_write(t, 700);
	trace_write(t, 700);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t); /* Nagle: the rest is small, and something is in flight */
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 640);
	send(t, ACK, .seq = 1, .ack = 2101);
	event(t, WEIR_EV_SENT);
}

TRACE(nagle_holds_small_segments_back)
{
	trace_open_active(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	trace_write(t, 20);
	quiet(t);
	trace_write(t, 30);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 11);
	recv(t, PSH | ACK, .seq = 11, .ack = 1, .len = 50);
	send(t, ACK, .seq = 1, .ack = 61);
	event(t, WEIR_EV_SENT);
}

TRACE(nagle_lets_full_segments_go)
{
	trace_open_active(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 11, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1471);
	event(t, WEIR_EV_SENT);
}

TRACE(nagle_does_not_hold_back_the_fin)
{
	trace_open_active(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	trace_write(t, 20);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 11, .ack = 1, .len = 20);
	send(t, ACK, .seq = 1, .ack = 32);
	event(t, WEIR_EV_SENT);
}

static void no_delay(struct weir_config *config)
{
	config->no_delay = true;
}

TRACE_CONFIGURED(without_nagle_everything_goes, no_delay)
{
	trace_open_active(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	trace_write(t, 20);
	recv(t, PSH | ACK, .seq = 11, .ack = 1, .len = 20);
	send(t, ACK, .seq = 1, .ack = 31);
	event(t, WEIR_EV_SENT);
}

TRACE(every_second_segment_is_acknowledged_at_once)
{
	trace_open_active(t);
	send(t, ACK, .seq = 1, .ack = 1, .len = 1000);
	event(t, WEIR_EV_DATA);
	silence(t, 20 * MS);
	send(t, ACK, .seq = 1001, .ack = 1, .len = 1000);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 2001);
	counted(t, delayed_acks, 0);
	send(t, ACK, .seq = 2001, .ack = 1, .len = 1000);
	event(t, WEIR_EV_DATA);
	quiet(t);
	/* The queue of delayed ACKs has one place for each: the first one's time is early, never late. */
	after(t, 19 * MS);
	recv(t, ACK, .seq = 1, .ack = 3001);
}

/* A burst for one connection is answered once (MUST-58, MUST-59). */
TRACE(burst_is_answered_once)
{
	trace_open_active(t);
	burst(t, { ACK, .seq = 1, .ack = 1, .len = 1460 }, { ACK, .seq = 1461, .ack = 1, .len = 1460 },
	      { ACK, .seq = 2921, .ack = 1, .len = 1460 }, { ACK, .seq = 4381, .ack = 1, .len = 1460 },
	      { PSH | ACK, .seq = 5841, .ack = 1, .len = 1460 });
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 7300);
	recv(t, ACK, .seq = 1, .ack = 7301);
	quiet(t);
	no_event(t);
}

TRACE(ack_rides_on_the_response)
{
	trace_open_active(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 64);
	event(t, WEIR_EV_DATA);
	trace_write(t, 64);
	recv(t, PSH | ACK, .seq = 1, .ack = 65, .len = 64);
	quiet(t);
	send(t, PSH | ACK, .seq = 65, .ack = 65, .len = 64); /* and the next request brings the ACK of it */
	event(t, WEIR_EV_DATA | WEIR_EV_SENT);
	trace_write(t, 64);
	recv(t, PSH | ACK, .seq = 65, .ack = 129, .len = 64);
	silence(t, 100 * MS); /* nothing is left to acknowledge */
	send(t, ACK, .seq = 129, .ack = 129);
	event(t, WEIR_EV_SENT);
}

/* However often it owes one anew, a connection has one place in the queue of delayed ACKs. */
TRACE(one_delayed_ack_for_each_connection)
{
	trace_open_active(t);
	for (unsigned i = 0; i < 20; i++) {
		send(t, PSH | ACK, .seq = 1 + i, .ack = 1 + i, .len = 1);
		if (i == 0)
			event(t, WEIR_EV_DATA);
		else
			event(t, WEIR_EV_DATA | WEIR_EV_SENT);
		quiet(t);
		trace_write(t, 1);
		recv(t, PSH | ACK, .seq = 1 + i, .ack = 2 + i, .len = 1);
		cr_assert_eq(ring_used(&t->tcp->delayed_ring), 1);
	}
	send(t, ACK, .seq = 21, .ack = 21);
	event(t, WEIR_EV_SENT);
}

TRACE(both_ways_at_once)
{
	trace_open_active(t);
	trace_write(t, 2000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	quiet(t);
	send(t, ACK, .seq = 1461, .ack = 1461, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, PSH | ACK, .seq = 1461, .ack = 2921, .len = 540);
	quiet(t);
	send(t, ACK, .seq = 2921, .ack = 2001);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(t->received, 2920);
}

/* What was received before is cut off, what is new is taken. */
TRACE(overlap_is_trimmed_at_the_front)
{
	trace_open_active(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	quiet(t);
	send(t, PSH | ACK, .seq = 51, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 150);
	recv(t, ACK, .seq = 1, .ack = 151);
}

TRACE(duplicate_is_acknowledged_and_dropped)
{
	trace_open_active(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 101);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 101);
	counted(t, drop_duplicate, 1);
	no_event(t);
}

TRACE(urgent_data_is_ordinary_text)
{
	trace_open_active(t);
	send(t, URG | PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 10);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11);
}

TRACE(segment_without_ack_is_dropped)
{
	trace_open_active(t);
	send(t, PSH, .seq = 1, .len = 10);
	counted(t, drop_no_ack, 1);
	send(t, FIN, .seq = 1);
	counted(t, drop_no_ack, 1);
	quiet(t);
	no_event(t);
}

/* RFC 6928: ten segments, then two for each one acknowledged. */
TRACE(slow_start)
{
	trace_open_active(t);
	trace_write(t, 20 * 1460);
	for (unsigned i = 0; i < 10; i++)
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, ACK, .seq = 14601, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 16061, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 4381); /* bytes count, not ACKs (RFC 3465) */
	for (unsigned i = 12; i < 16; i++)
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
	cr_assert_eq(trace_info(t).cwnd_bytes, 13 * 1460);
	send(t, ACK, .seq = 1, .ack = 21901);
	for (unsigned i = 16; i < 20; i++)
		recv(t, i < 19 ? ACK : PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 29201);
	event(t, WEIR_EV_SENT);
}

/* A window that is not used proves nothing and does not grow. */
TRACE(idle_window_does_not_grow)
{
	trace_open_active(t);
	for (unsigned i = 0; i < 5; i++) {
		trace_write(t, 1460);
		recv(t, PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
		send(t, ACK, .seq = 1, .ack = 1461 + 1460 * i);
		event(t, WEIR_EV_SENT);
	}
	cr_assert_eq(trace_info(t).cwnd_bytes, 10 * 1460);
}

/* One burst of output serves each connection in turn, 32 segments at a time. */
TRACE(long_output_comes_in_turns)
{
	trace_open_active(t);
	struct weir_info before = trace_info(t);

	cr_assert_eq(before.cwnd_bytes, 14600);
	for (unsigned i = 0; i < 10; i++)
		trace_write(t, 1460);
	struct seg segs[16];
	struct seg_side sides[16];

	cr_assert_eq(tcp_output(t->tcp, segs, sides, 4, t->now_ns), 4);
	cr_assert_eq(tcp_output(t->tcp, segs + 4, sides, 12, t->now_ns), 6);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(segs[i].seq - t->our_iss, 1 + 1460 * i);
	send(t, ACK, .seq = 1, .ack = 14601);
	event(t, WEIR_EV_SENT);
}

/* Without a scale no more than 65535 can be said: what lies beyond is no news worth an ACK. */
TRACE(delayed_ack_without_a_window_scale)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wnd = 65535);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 101, .wnd = 65435);
}
