/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens: the three-way handshake from both ends (RFC 9293 section 3.5), its options and its failures. */
#include "support/trace.h"

/* 3 s (RFC 6298 rule 5.7), rounded up to what packs. */
#define AFTER_LOST_SYN (3020 * MS)

TRACE(passive_open)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 8, .sack_ok = true, .tsval = 700);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1,
	     .tsecr = 700);
	no_event(t);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = 1);
	event(t, WEIR_EV_OPENED);
	state(t, WEIR_ESTABLISHED);
	quiet(t);
	cr_assert(trace_info(t).timestamps && trace_info(t).sack && trace_info(t).window_scaling);
	cr_assert_eq(trace_info(t).mss, 1460 - 12);
	cr_assert_eq(trace_info(t).word, 42);
	counted(t, opened_passive, 1);
}

TRACE(active_open)
{
	trace_open_active(t);
	state(t, WEIR_ESTABLISHED);
	cr_assert_eq(trace_info(t).word, 43);
	cr_assert(!trace_info(t).timestamps && !trace_info(t).sack && trace_info(t).window_scaling);
	cr_assert_eq(trace_info(t).mss, 1460);
	counted(t, opened_active, 1);
	counted(t, attempted, 1);
}

/*
 * An option that the SYN does not offer is not in the SYN-ACK: all sixteen combinations. But for the MSS, for
 * which another one is left out, so that the answer is not longer than the SYN.
 */
TRACE(passive_options_are_those_offered)
{
	listen(t, 80);
	for (unsigned offer = 0; offer < 16; offer++) {
		unsigned mss = offer & 1 ? 1400 : 0, scale = offer & 2 ? 8 : 0, ts = offer & 4 ? 700 : 0;
		bool sack = offer & 8;

		t->rport = (uint16_t)(20000 + offer);
		send(t, SYN, .mss = mss, .wscale = scale, .tsval = ts, .sack_ok = sack);
		if (!mss && scale)
			scale = 0;
		else if (!mss && ts)
			ts = 0;
		else if (!mss)
			sack = false;
		recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = scale ? 2 : 0, .tsval = !!ts, .tsecr = ts,
		     .sack_ok = sack);
		send(t, ACK, .seq = 1, .ack = 1, .tsval = ts, .wnd = 1000);
		event(t, WEIR_EV_OPENED);
		struct weir_info info = trace_info(t);

		cr_assert_eq(info.mss, (mss ? 1400 : trace_default_mss(t)) - (ts ? 12 : 0));
		cr_assert_eq(info.send_window_bytes, scale ? 1000u << 7 : 1000);
		cr_assert(info.timestamps == !!ts && info.sack == sack && info.window_scaling == !!scale);
		call(tcp_abort(t->tcp, t->conn), 0);
		recv(t, RST | ACK, .seq = 1, .ack = 1);
		event_closed(t, 0, WEIR_REASON_ABORTED);
	}
}

/* We offer everything; what the SYN-ACK leaves out is off in both directions. */
TRACE(active_options_are_those_agreed)
{
	for (unsigned agree = 0; agree < 16; agree++) {
		unsigned mss = agree & 1 ? 1400 : 0, scale = agree & 2 ? 8 : 0, ts = agree & 4 ? 700 : 0;
		bool sack = agree & 8;

		connect(t);
		recv(t, SYN, .mss = 1460, .wscale = 2, .tsval = 1, .sack_ok = true);
		send(t, SYN | ACK, .ack = 1, .mss = mss, .wscale = scale, .tsval = ts, .sack_ok = sack,
		     .wnd = 4096);
		event(t, WEIR_EV_OPENED);
		/* 64 buffers of a segment each; never less than the SYN offered. */
		unsigned fits = (mss ? mss : trace_default_mss(t)) - (ts ? 12 : 0);
		unsigned wnd = 64 * fits > 65536 ? 64 * fits : 65536;

		recv(t, ACK, .seq = 1, .ack = 1, .tsval = !!ts, .tsecr = ts, .wnd = scale ? wnd >> 1 : 65535);
		struct weir_info info = trace_info(t);

		cr_assert_eq(info.mss, fits);
		cr_assert_eq(info.send_window_bytes, 4096, "the window of a SYN is never scaled");
		cr_assert(info.timestamps == !!ts && info.sack == sack && info.window_scaling == !!scale);
		call(tcp_abort(t->tcp, t->conn), 0);
		recv(t, RST | ACK, .seq = 1, .ack = 1);
		event_closed(t, 0, WEIR_REASON_ABORTED);
	}
}

static void without_timestamps(struct weir_config *config)
{
	config->no_timestamps = true;
}

TRACE_CONFIGURED(timestamps_off_are_neither_offered_nor_accepted, without_timestamps)
{
	connect(t);
	recv(t, SYN, .mss = 1460, .wscale = 2, .sack_ok = true);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_not(trace_info(t).timestamps);
}

static void small_window(struct weir_config *config)
{
	config->receive_buffers = 4; /* 5840 bytes: no scale is needed */
}

TRACE_CONFIGURED(scale_of_a_small_window_is_zero, small_window)
{
	connect(t);
	recv(t, SYN, .mss = 1460, .wscale = 1, .sack_ok = true, .tsval = 1, .wnd = 5840);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 15);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1, .wnd = 5840);
	cr_assert_eq(trace_info(t).send_window_bytes, 65535 >> 14 << 14);
}

static void small_mtu(struct weir_config *config)
{
	config->mtu = 576;
}

/* The MSS option is what our MTU takes, and what we send is bounded by both ends (MUST-14, MUST-16). */
TRACE_CONFIGURED(mss_is_the_smaller_of_both, small_mtu)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 536);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).mss, 536);
	trace_write(t, 600);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 536);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 537);
	recv(t, PSH | ACK, .seq = 537, .ack = 1, .len = 64);
	send(t, ACK, .seq = 1, .ack = 601);
	event(t, WEIR_EV_SENT);
}

TRACE(mss_of_a_few_bytes_is_raised_to_64)
{
	listen(t, 80);
	send(t, SYN, .mss = 1, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).mss, 64 - 12);
}

/* RFC 9293 lets text in a SYN wait; it is not acknowledged, so the peer sends it again. */
TRACE(text_in_a_syn_is_left_to_the_peer_to_repeat)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .len = 10);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	cr_assert_eq(t->received, 10);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11);
}

TRACE(text_in_a_syn_ack_is_taken)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .len = 10); /* at 1 to 10, behind the SYN */
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	cr_assert_eq(t->received, 10);
	recv(t, ACK, .seq = 1, .ack = 11);
}

/* 1, 2, 4 ... 60 s: the last one goes out after 123 s, and it is given up after the 180 s of MUST-23. */
TRACE(syn_is_repeated_until_the_timeout)
{
	static const unsigned waits[] = { 1, 2, 4, 8, 16, 32, 60 };

	connect(t);
	recv_syn(t);
	for (unsigned i = 0; i < 7; i++) {
		after(t, waits[i] * SECONDS);
		recv_syn(t);
	}
	counted(t, retransmits, 7);
	silence(t, 56900 * MS);
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	silence(t, 200 * MS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
	cr_assert_eq(t->tcp->failed[WEIR_REASON_TIMEOUT], 1);
}

static void short_syn_timeout(struct weir_config *config)
{
	config->syn_timeout_ns = 5 * SECONDS;
}

TRACE_CONFIGURED(syn_timeout_is_configured, short_syn_timeout)
{
	connect(t);
	recv_syn(t);
	after(t, 1 * SECONDS);
	recv_syn(t);
	after(t, 2 * SECONDS);
	recv_syn(t);
	silence(t, 4 * SECONDS + TRACE_SLACK);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

/* A SYN-ACK for the second SYN: the connection stands, and knows that one was lost (RFC 6298 rule 5.7). */
TRACE(lost_syn_leaves_a_cautious_sender)
{
	connect(t);
	recv_syn(t);
	after(t, 1 * SECONDS);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	trace_write(t, 2920);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460); /* RFC 5681 section 3.1: one segment */
	quiet(t);
	after(t, AFTER_LOST_SYN);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921);
	event(t, WEIR_EV_SENT);
}

TRACE(lost_syn_ack_leaves_a_cautious_sender)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 2920);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	after(t, AFTER_LOST_SYN);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921);
	event(t, WEIR_EV_SENT);
}

/* The handshake is a round trip like any other: the first data's RTO follows from it. */
TRACE_CONFIGURED(handshake_is_measured, trace_rto_of_hosts)
{
	connect(t);
	recv_syn(t);
	silence(t, 96ull << CLOCK_TICK_SHIFT); /* 100.7 ms: whole ticks, wherever they begin */
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert(trace_info(t).srtt_us > 95000 && trace_info(t).srtt_us < 103000, "%u",
		  trace_info(t).srtt_us);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	after(t, 299 * MS); /* R + 4 * R / 2, less what packing rounds off */
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
}

TRACE(refused_by_rst)
{
	connect(t);
	recv_syn(t);
	send(t, RST | ACK, .ack = 1);
	event_closed(t, 0, WEIR_REASON_REFUSED);
	quiet(t);
}

/* Without an ACK of our SYN anybody could have sent it. */
TRACE(rst_that_acknowledges_nothing_is_ignored_in_syn_sent)
{
	connect(t);
	recv_syn(t);
	send(t, RST, .seq = 0);
	counted(t, drop_syn_sent_rst, 1);
	send(t, RST | ACK, .ack = 0);
	send(t, RST | ACK, .ack = 2);
	counted(t, drop_syn_sent_ack, 2);
	quiet(t);
	state(t, WEIR_SYN_SENT);
}

/* SEG.ACK =< ISS or > SND.NXT: <SEQ=SEG.ACK><CTL=RST>, and the open goes on (section 3.5, figure 9). */
TRACE(bad_ack_in_syn_sent_is_reset)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 0, .mss = 1460);
	recv(t, RST, .seq = 0);
	send(t, SYN | ACK, .ack = 2, .mss = 1460);
	recv(t, RST, .seq = 2);
	send(t, ACK, .seq = 5, .ack = 77);
	recv(t, RST, .seq = 77);
	counted(t, drop_syn_sent_ack, 3);
	state(t, WEIR_SYN_SENT);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
}

TRACE(neither_syn_nor_rst_in_syn_sent_is_dropped)
{
	connect(t);
	recv_syn(t);
	send(t, ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 5);
	send(t, FIN, .seq = 1);
	counted(t, drop_syn_sent_invalid, 4);
	quiet(t);
	state(t, WEIR_SYN_SENT);
}

/* After the open was given up, its SYN-ACK finds nothing and is told so. */
TRACE(late_syn_ack_is_reset)
{
	connect(t);
	recv_syn(t);
	call(tcp_close(t->tcp, t->conn), 0);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	quiet(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	recv(t, RST, .seq = 1);
	counted(t, drop_closed_port, 1);
}

/*
 * Ours was lost: the peer's second SYN-ACK is a SYN in a synchronized state, whose ACK completes its
 * handshake.
 */
TRACE(lost_last_ack_of_the_handshake)
{
	trace_open_active(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_syn_synchronized, 1);
	state(t, WEIR_ESTABLISHED);
}

TRACE(close_while_the_syn_waits_to_be_sent)
{
	connect(t);
	call(tcp_close(t->tcp, t->conn), 0);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	quiet(t);
}
