/* SPDX-License-Identifier: BSD-3-Clause */
/* Flow control: both windows, probes, silly windows (RFC 9293 section 3.8.6). */
#include "support/trace.h"

/* Four buffers: a window of 5840 bytes, unscaled. */
static void four_buffers(struct weir_config *config)
{
	config->receive_buffers = 4;
}

/* An open whose RTO is still the initial second: nothing was measured. The peer's scale is 7. */
static void opened(struct trace *t, unsigned wnd)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = wnd, .zero_window = wnd == 0);
	quiet(t);
}

TRACE(peers_window_is_obeyed)
{
	opened(t, 23); /* 2944 bytes */
	trace_write(t, 10000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	quiet(t); /* 24 bytes more would be silly */
	send(t, ACK, .seq = 1, .ack = 1461, .wnd = 23);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1461, .wnd = 46); /* the right edge alone moves */
	recv(t, ACK, .seq = 4381, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 5841, .ack = 1, .len = 1460);
	quiet(t);
}

TRACE(window_that_ends_exactly_with_a_segment)
{
	trace_open_active(t);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 1);
	trace_write(t, 128);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 128);
	send(t, ACK, .seq = 1, .ack = 129, .wnd = 1);
	event(t, WEIR_EV_SENT);
}

/*
 * A peer that never offers a segment's room gets what it offers: half of its largest window is worth
 * sending.
 */
TRACE(tiny_window_is_used)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wnd = 1000);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 1000);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 2500);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1000);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1001, .wnd = 499);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1001, .wnd = 500);
	recv(t, ACK, .seq = 1001, .ack = 1, .len = 500);
	send(t, ACK, .seq = 1, .ack = 1501, .wnd = 1000);
	recv(t, PSH | ACK, .seq = 1501, .ack = 1, .len = 1000);
	send(t, ACK, .seq = 1, .ack = 2501, .wnd = 1000);
	event(t, WEIR_EV_SENT);
}

/*
 * An unread application closes the window, a segment at a time; the edge never moves to the left
 * (SHLD-14).
 */
TRACE_CONFIGURED(unread_data_closes_our_window, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 4; i++) {
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
		event(t, WEIR_EV_DATA);
		if (i == 1)
			recv(t, ACK, .seq = 1, .ack = 2921, .wnd = 2920);
		else if (i == 3)
			recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
		else
			quiet(t);
	}
	cr_assert_eq(trace_info(t).receive_window_bytes, 0);
	/* One segment's room is not worth telling; two are (3.8.6.2.2). */
	trace_release_some(t, 1);
	quiet(t);
	trace_release_some(t, 1);
	recv(t, ACK, .seq = 1, .ack = 5841, .wnd = 2920);
	trace_release_some(t, 2);
	recv(t, ACK, .seq = 1, .ack = 5841, .wnd = 5840);
}

/* Lengths that are no multiple of the scale's unit do not pull the edge back (SHLD-14). */
TRACE(right_edge_never_moves_to_the_left)
{
	uint32_t edge = 0, seq = 1;

	trace_open_active(t);
	t->keep = true;
	for (unsigned len = 1; len < 60; len += 2) {
		send(t, PSH | ACK, .seq = seq, .ack = 1, .len = len);
		event(t, WEIR_EV_DATA);
		seq += len;
		cr_assert_geq(seq + trace_info(t).receive_window_bytes, edge);
		edge = seq + trace_info(t).receive_window_bytes;
	}
	recv(t, ACK, .seq = 1, .ack = seq);
}

static void fill_window(struct trace *t)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 4; i++)
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
}

TRACE_CONFIGURED(their_probe_is_answered, four_buffers)
{
	fill_window(t);
	for (unsigned i = 0; i < 5; i++) {
		silence(t, 10 * SECONDS);
		send(t, ACK, .seq = 5841, .ack = 1, .len = 1);
		recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
	}
	no_event(t);
	trace_release(t);
	recv(t, ACK, .seq = 1, .ack = 5841, .wnd = 5840);
	send(t, ACK, .seq = 5841, .ack = 1, .len = 1);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 5841);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 5842);
}

/*
 * A probe at a closed window brings an ACK, and news of the peer's window: both are used (section
 * 3.10.7.4).
 */
TRACE_CONFIGURED(their_probe_carries_an_ack, four_buffers)
{
	fill_window(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 5841, .len = 100, .zero_window = true);
	send(t, ACK, .seq = 5841, .ack = 101, .len = 1, .wnd = 77);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).send_window_bytes, 77 << 7);
	recv(t, ACK, .seq = 101, .ack = 5841, .zero_window = true);
}

TRACE_CONFIGURED(rst_and_fin_pass_a_closed_window, four_buffers)
{
	fill_window(t);
	send(t, FIN | ACK, .seq = 5841, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 5842, .zero_window = true);
	send(t, RST, .seq = 5842);
	event_closed(t, 0, WEIR_REASON_RESET);
	quiet(t);
}

TRACE_CONFIGURED(text_beyond_the_window_is_cut_off, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 4381, .wnd = 1460);
	send(t, FIN | ACK, .seq = 4381, .ack = 1, .len = 1461); /* one byte too many, and a FIN behind it */
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 5840);
	recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
	state(t, WEIR_ESTABLISHED);
}

TRACE_CONFIGURED(text_and_fin_that_fill_the_window_exactly, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 4381, .wnd = 1460);
	send(t, FIN | ACK, .seq = 4381, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 5842, .zero_window = true);
}

/* The window is in bytes, the bound in buffers: many small segments meet the bound first. */
TRACE_CONFIGURED(small_segments_use_up_the_buffers, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 5; i++)
		send(t, PSH | ACK, .seq = 1 + i, .ack = 1, .len = 1);
	counted(t, drop_receive_buffers, 1);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 5);
	cr_assert_eq(t->received, 4);
	trace_release(t);
	quiet(t);
	send(t, PSH | ACK, .seq = 5, .ack = 1, .len = 1);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 6);
}

/*
 * First after an RTO, then at doubling intervals up to 60 s, for as long as the peer answers (MUST-36,
 * SHLD-29, 30).
 */
TRACE(closed_window_is_probed)
{
	static const unsigned waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60, 60 };

	opened(t, 0);
	trace_write(t, 100);
	for (unsigned i = 0; i < 10; i++) {
		after(t, waits[i] * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
		quiet(t);
	}
	counted(t, probes_out, 10);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

TRACE(probe_that_is_taken)
{
	opened(t, 0);
	trace_write(t, 100);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 2, .zero_window = true);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 2, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 3, .wnd = 512);
	recv(t, PSH | ACK, .seq = 3, .ack = 1, .len = 98);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

/* What was learnt from a probe is no round trip: the window opened when the application felt like it. */
TRACE(probes_are_not_timed)
{
	opened(t, 0);
	trace_write(t, 100);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	silence(t, 1 * SECONDS);
	send(t, ACK, .seq = 1, .ack = 2, .wnd = 512);
	recv(t, PSH | ACK, .seq = 2, .ack = 1, .len = 99);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	cr_assert_lt(trace_info(t).srtt_us, 1000);
}

TRACE(resent_probe_is_not_timed)
{
	opened(t, 0);
	trace_write(t, 100);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	silence(t, 1 * SECONDS);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512); /* refused, and the window opens */
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	cr_assert_lt(trace_info(t).srtt_us, 1000);
}

TRACE(probes_that_nobody_answers_end_it)
{
	opened(t, 0);
	trace_write(t, 100);
	for (unsigned i = 0; i < 7; i++) {
		after(t, i < 6 ? (1u << i) * SECONDS : 60 * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	}
	silence(t, 59 * SECONDS);
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	silence(t, 2 * SECONDS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* A small window that stays: after an RTO what fits goes out, silly or not (3.8.6.2.1, rule 4). */
TRACE(silly_window_is_overridden)
{
	opened(t, 1); /* 128 of once 65536 bytes */
	trace_write(t, 200);
	quiet(t);
	silence(t, 500 * MS);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 1); /* says nothing new, and does not begin the wait anew */
	after(t, 500 * MS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 128);
	send(t, ACK, .seq = 1, .ack = 129, .wnd = 1);
	recv(t, PSH | ACK, .seq = 129, .ack = 1, .len = 72);
	send(t, ACK, .seq = 1, .ack = 201, .wnd = 1);
	event(t, WEIR_EV_SENT);
}

/*
 * A window that closes on what is in flight: no new data, no time-out, what was sent is probed for
 * (SHLD-15 to 17).
 */
TRACE(window_closes_on_data_in_flight)
{
	opened(t, 512);
	trace_write(t, 2920);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	trace_write(t, 1460);
	quiet(t);
	for (unsigned i = 0; i < 10; i++) {
		after(t, i < 6 ? (1u << i) * SECONDS : 60 * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	}
	counted(t, rto_fired, 0);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 2921, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 4381);
	event(t, WEIR_EV_SENT);
}

TRACE(window_closes_on_a_static_piece_in_flight)
{
	opened(t, 512);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	cr_assert_eq(t->tcp->exts.used, 0);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	for (unsigned i = 0; i < 10; i++) {
		after(t, i < 6 ? (1u << i) * SECONDS : 60 * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	}
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

TRACE(static_piece_waits_for_the_window)
{
	opened(t, 0);
	trace_write_static(t, 100);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

/* The window shrinks below what was sent: what is repeated stays within it (SHLD-16). */
TRACE(window_shrinks_below_a_lost_segment)
{
	opened(t, 512);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 1);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 128);
	send(t, ACK, .seq = 1, .ack = 129, .wnd = 512);
	recv(t, PSH | ACK, .seq = 129, .ack = 1, .len = 1332);
	send(t, ACK, .seq = 1, .ack = 1461);
	event(t, WEIR_EV_SENT);
}

TRACE(window_shrinks_below_a_lost_static_piece)
{
	opened(t, 512);
	trace_write_static(t, 200);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 200);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 1);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 128);
	send(t, ACK, .seq = 1, .ack = 129, .wnd = 1);
	after(t, 1995 * MS); /* backed off by Karn, less what packing rounds off */
	recv(t, PSH | ACK, .seq = 129, .ack = 1, .len = 72);
	send(t, ACK, .seq = 1, .ack = 201, .wnd = 1);
	event(t, WEIR_EV_SENT);
}

/* A FIN takes a number too: behind a closed window it is its own probe. */
TRACE(fin_behind_a_closed_window)
{
	opened(t, 0);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	for (unsigned i = 0; i < 10; i++) {
		after(t, i < 6 ? (1u << i) * SECONDS : 60 * SECONDS);
		recv(t, FIN | ACK, .seq = 1, .ack = 1);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	}
	send(t, ACK, .seq = 1, .ack = 2, .zero_window = true);
	state(t, WEIR_FIN_WAIT_2);
	cr_assert_eq(t->tcp->exts.used, 0);
}

/* A peer with a closed window takes no ACK from beyond its edge: ours stay at it while a probe is out. */
TRACE(acks_stay_at_the_edge_of_a_closed_window)
{
	opened(t, 0);
	trace_write(t, 100);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .zero_window = true);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 11);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE(acks_stay_within_a_window_that_shrank)
{
	opened(t, 512);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 2);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 257, .ack = 11);
}

/* An older segment that comes late does not set the window (SND.WL1, SND.WL2). */
TRACE(old_segment_does_not_set_the_window)
{
	opened(t, 512);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 512);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 11);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 3);
	recv(t, ACK, .seq = 1, .ack = 11);
	cr_assert_eq(trace_info(t).send_window_bytes, 65536);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 11, .len = 10);
	send(t, ACK, .seq = 11, .ack = 11, .wnd = 300);
	event(t, WEIR_EV_SENT);
	send(t, ACK, .seq = 11, .ack = 1, .wnd = 3); /* acknowledges less than is known */
	cr_assert_eq(trace_info(t).send_window_bytes, 300 << 7);
	quiet(t);
}
