/* SPDX-License-Identifier: BSD-3-Clause */
/* The congestion window: RFC 5681, by bytes as in RFC 3465, RFC 6928; what grows it, what shrinks it. */
#include "support/trace.h"

#define MSS 1460
/* The peer's window as trace_open_passive() left it: 65536 bytes. */
#define SAME .wnd = 512

static struct tcb_ext *extension(const struct trace *t)
{
	return tcb_ext(t->tcp, tcb_at(t->tcp, t->conn.index));
}

static void expect_cwnd(const struct trace *t, unsigned segments)
{
	cr_assert_eq(trace_info(t).cwnd_bytes, segments * MSS, "%u bytes, expected %u segments",
		     trace_info(t).cwnd_bytes, segments);
}

/* Segments from..to - 1, of those that were written. */
static void segments_go(struct trace *t, unsigned from, unsigned to, unsigned written)
{
	for (unsigned i = from; i < to; i++)
		recv(t, i + 1 == written ? PSH | ACK : ACK, .seq = 1 + MSS * i, .ack = 1, .len = MSS);
	quiet(t);
}

/* ACKs for segments from..to - 1, so many at once each, in one burst. */
static void burst_of_acks(struct trace *t, unsigned from, unsigned to, unsigned each)
{
	struct trace_seg acks[TCP_BURST_MAX];
	unsigned n = 0;

	for (unsigned i = from + each; i <= to; i += each)
		acks[n++] = (struct trace_seg){ .flags = ACK, .seq = 1, .ack = 1 + MSS * i, SAME };
	trace_send_burst(t, acks, n);
}

/* Ten, twenty, and the window is forty segments; thirty have been written, and all acknowledged. */
static void grow_to_forty(struct trace *t)
{
	trace_open_passive(t);
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30);
	burst_of_acks(t, 0, 10, 1);
	segments_go(t, 10, 30, 30);
	burst_of_acks(t, 10, 30, 1);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 40);
}

/* All ACKs of a flight in one burst: each counts, though the last of them finds the network empty. */
TRACE(acks_in_one_burst_all_count)
{
	trace_open_passive(t);
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30);
	burst_of_acks(t, 0, 10, 1);
	expect_cwnd(t, 20);
	segments_go(t, 10, 30, 30);
	burst_of_acks(t, 10, 30, 1);
	event(t, WEIR_EV_SENT);
}

/* RFC 3465: bytes count, not ACKs. A peer that acknowledges every other segment is not slower for it. */
TRACE(delayed_acks_double_the_window_as_well)
{
	trace_open_passive(t);
	trace_write(t, 10 * MSS);
	segments_go(t, 0, 10, 10);
	burst_of_acks(t, 0, 10, 2);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 20);
}

/* But one ACK counts for two segments at most. */
TRACE(one_ack_for_all_counts_for_two)
{
	trace_open_passive(t);
	trace_write(t, 10 * MSS);
	segments_go(t, 0, 10, 10);
	burst_of_acks(t, 0, 10, 10);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 12);
}

/* A peer that acknowledges one segment in ten parts gains nothing by it. */
TRACE(ack_division_gains_nothing)
{
	trace_open_passive(t);
	trace_write(t, 10 * MSS);
	segments_go(t, 0, 10, 10);
	for (unsigned i = 1; i <= 10; i++)
		send(t, ACK, .seq = 1, .ack = 1 + MSS / 10 * i, SAME);
	expect_cwnd(t, 11);
}

/*
 * RFC 3465 section 2.3: what a time-out's repetition brings may be the ACK of much that had arrived before.
 */
TRACE(after_a_time_out_an_ack_counts_for_one)
{
	trace_open_passive(t);
	trace_write(t, 10 * MSS);
	segments_go(t, 0, 10, 10);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	expect_cwnd(t, 1);
	burst_of_acks(t, 0, 4, 4);
	expect_cwnd(t, 2);
	segments_go(t, 4, 6, 10);
}

/* RFC 5681 section 3.1: a segment for each round trip, however many ACKs tell of it. */
TRACE(congestion_avoidance_by_bytes)
{
	trace_open_passive(t);
	trace_write(t, 8 * MSS);
	segments_go(t, 0, 8, 8);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	send(t, ACK, .seq = 1, .ack = 1 + 8 * MSS, SAME);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 4);
	trace_write(t, 4 * MSS);
	segments_go(t, 8, 12, 12);
	burst_of_acks(t, 8, 11, 1);
	expect_cwnd(t, 4);
	burst_of_acks(t, 11, 12, 1);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 5);
	trace_write(t, 5 * MSS);
	segments_go(t, 12, 17, 17);
	burst_of_acks(t, 12, 17, 5);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 6);
	trace_write(t, 6 * MSS);
	segments_go(t, 17, 23, 23);
	for (unsigned i = 1; i <= 12; i++)
		send(t, ACK, .seq = 1, .ack = 1 + 17 * MSS + MSS / 2 * i, SAME);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 7);
}

/* What is left over when the window has grown counts for the next time. */
TRACE(congestion_avoidance_loses_no_bytes)
{
	trace_open_passive(t);
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30);
	extension(t)->ssthresh = 10 * MSS;
	burst_of_acks(t, 0, 7, 7);
	segments_go(t, 10, 17, 30);
	expect_cwnd(t, 10);
	burst_of_acks(t, 7, 14, 7); /* fourteen: one window, and four towards the next */
	expect_cwnd(t, 11);
	segments_go(t, 17, 25, 30);
	burst_of_acks(t, 14, 21, 7);
	expect_cwnd(t, 12);
	segments_go(t, 25, 30, 30);
}

/* A window that the peer's keeps from being used does not grow. */
TRACE(window_that_the_peer_limits_does_not_grow)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 58); /* 7424 bytes: five segments and a little */
	trace_write(t, 20 * MSS);
	for (unsigned sent = 0; sent < 20; sent += 5) {
		segments_go(t, sent, sent + 5, 20);
		send(t, ACK, .seq = 1, .ack = 1 + MSS * (sent + 5), .wnd = 58);
	}
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 10);
}

/* That it was used once does not count for what comes later. */
TRACE(window_that_is_no_longer_used_stays)
{
	grow_to_forty(t);
	for (unsigned sent = 30; sent < 60; sent += 5) {
		trace_write(t, 5 * MSS);
		segments_go(t, sent, sent + 5, sent + 5);
		burst_of_acks(t, sent, sent + 5, 1);
		event(t, WEIR_EV_SENT);
	}
	expect_cwnd(t, 40);
}

/* RFC 5681 equation 4: half of what is in flight, not of what might have been. */
TRACE(loss_halves_what_is_in_flight)
{
	grow_to_forty(t);
	trace_write(t, 8 * MSS);
	segments_go(t, 30, 38, 38);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1 + 30 * MSS, SAME);
	recv(t, ACK, .seq = 1 + 30 * MSS, .ack = 1, .len = MSS);
	expect_cwnd(t, 4);
	cr_assert_eq(extension(t)->ssthresh, 4 * MSS);
}

TRACE(time_out_halves_what_is_in_flight)
{
	grow_to_forty(t);
	trace_write(t, 8 * MSS);
	segments_go(t, 30, 38, 38);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1 + 30 * MSS, .ack = 1, .len = MSS);
	expect_cwnd(t, 1);
	cr_assert_eq(extension(t)->ssthresh, 4 * MSS);
}

/* Slow start ends at ssthresh. */
TRACE(slow_start_ends_where_the_loss_was)
{
	trace_open_passive(t);
	trace_write(t, 8 * MSS);
	segments_go(t, 0, 8, 8);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	trace_write(t, 20 * MSS);
	burst_of_acks(t, 0, 1, 1);
	segments_go(t, 1, 3, 28);
	expect_cwnd(t, 2);
	burst_of_acks(t, 1, 3, 1);
	segments_go(t, 3, 7, 28);
	expect_cwnd(t, 4);
	burst_of_acks(t, 3, 7, 1);
	segments_go(t, 7, 12, 28);
	expect_cwnd(t, 5);
	burst_of_acks(t, 7, 12, 1);
	segments_go(t, 12, 18, 28);
	expect_cwnd(t, 6);
}

/* A window that idles: half for each RTO, down to the first window, which the extension need not outlive. */
TRACE(idle_window_halves_with_each_rto)
{
	grow_to_forty(t);
	silence(t, 990 * MS);
	expect_cwnd(t, 40);
	silence(t, 20 * MS);
	expect_cwnd(t, 20);
	cr_assert_eq(t->tcp->exts.used, 1);
	silence(t, 1000 * MS);
	expect_cwnd(t, 10);
	cr_assert_eq(t->tcp->exts.used, 0);
	silence(t, 100 * SECONDS);
	trace_write(t, 20 * MSS);
	expect_cwnd(t, 10);
	segments_go(t, 30, 40, 50);
}

/* Three quarters of it are remembered: slow start goes up to there again. */
TRACE(idle_window_is_remembered)
{
	grow_to_forty(t);
	extension(t)->ssthresh = 5 * MSS;
	silence(t, 1010 * MS);
	cr_assert_eq(extension(t)->ssthresh, 30 * MSS);
	expect_cwnd(t, 20);
	silence(t, 1000 * MS);
	trace_write(t, 10 * MSS);
	expect_cwnd(t, 10);
	cr_assert_eq(extension(t)->ssthresh, 28 * MSS, "three quarters, as far as it packs");
	segments_go(t, 30, 40, 40);
	burst_of_acks(t, 30, 40, 1);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 20);
}

/* A higher threshold stays. */
TRACE(idling_lowers_no_threshold)
{
	grow_to_forty(t);
	extension(t)->ssthresh = 64 * MSS;
	silence(t, 1010 * MS);
	cr_assert_eq(extension(t)->ssthresh, 64 * MSS);
}

TRACE(window_is_kept_within_an_rto)
{
	grow_to_forty(t);
	for (unsigned i = 30; i < 35; i++) {
		silence(t, 900 * MS);
		trace_write(t, MSS);
		segments_go(t, i, i + 1, i + 1);
		burst_of_acks(t, i, i + 1, 1);
		event(t, WEIR_EV_SENT);
		expect_cwnd(t, 40);
	}
}

/* RW is no more than the window was. */
TRACE(small_window_idles_as_it_is)
{
	trace_open_passive(t);
	trace_write(t, 8 * MSS);
	segments_go(t, 0, 8, 8);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	send(t, ACK, .seq = 1, .ack = 1 + 8 * MSS, SAME);
	event(t, WEIR_EV_SENT);
	silence(t, 5 * SECONDS);
	cr_assert_eq(t->tcp->exts.used, 0);
	expect_cwnd(t, 4);
}

static void jumbo(struct weir_config *config)
{
	config->mtu = 9000;
}

/* RFC 6928: of segments that large two are enough. */
TRACE_CONFIGURED(first_window_of_large_segments, jumbo)
{
	listen(t, 80);
	send(t, SYN, .mss = 8960, .wscale = 8);
	recv(t, SYN | ACK, .ack = 1, .mss = 8960, .wscale = 1 + t->tcp->rcv_wscale);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 3 * 8960);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 8960);
	recv(t, ACK, .seq = 8961, .ack = 1, .len = 8960);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 8961, SAME);
	recv(t, PSH | ACK, .seq = 17921, .ack = 1, .len = 8960);
}
