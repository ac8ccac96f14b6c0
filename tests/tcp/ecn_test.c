/* SPDX-License-Identifier: BSD-3-Clause */
/* Explicit Congestion Notification, RFC 3168 section 6.1 (RFC 9293 SHLD-8). */
#include <errno.h>

#include "support/trace.h"
#include "tcp/ecn.h"

#define MSS 1460
/* The peer's window as both opens leave it: 65536 bytes and more. */
#define SAME .wnd = 512
#define ECT .ecn = ECN_ECT0
#define CE .ecn = ECN_CE

static void asks(struct weir_config *config)
{
	config->ecn = true;
}

static void recv_asking_syn(struct trace *t)
{
	recv(t, SYN | ECE | CWR, .mss = MSS, .wscale = 2, .sack_ok = true, .tsval = 1);
}

/* An open of ours, and what the peer's SYN-ACK says of ECN. */
static void open_answered(struct trace *t, unsigned ecn)
{
	connect(t);
	recv_asking_syn(t);
	send(t, SYN | ACK | ecn, .ack = 1, .mss = MSS, .wscale = 8, SAME);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
}

static void open_with_ecn(struct trace *t)
{
	open_answered(t, ECE);
	cr_assert(trace_info(t).ecn);
}

/* The peer opens, and asks. */
static void accept_with_ecn(struct trace *t)
{
	listen(t, 80);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	cr_assert(trace_info(t).ecn);
}

/* The same trace for a connection that we opened, and for one that the peer did; both stand at 1. */
#define TRACE_ECN(name)                                      \
	static void trace_##name(struct trace *t);           \
	static void trace_##name##_opened(struct trace *t)   \
	{                                                    \
		open_with_ecn(t);                            \
		trace_##name(t);                             \
	}                                                    \
	static void trace_##name##_accepted(struct trace *t) \
	{                                                    \
		accept_with_ecn(t);                          \
		trace_##name(t);                             \
	}                                                    \
	Test(tcp, name##_opened)                             \
	{                                                    \
		trace_run(trace_##name##_opened, asks);      \
	}                                                    \
	Test(tcp, name##_accepted)                           \
	{                                                    \
		trace_run(trace_##name##_accepted, NULL);    \
	}                                                    \
	static void trace_##name(struct trace *t)

static void expect_cwnd(const struct trace *t, unsigned segments)
{
	cr_assert_eq(trace_info(t).cwnd_bytes, segments * MSS, "%u bytes, expected %u segments",
		     trace_info(t).cwnd_bytes, segments);
}

static struct tcb_ext *extension(const struct trace *t)
{
	return tcb_ext(t->tcp, tcb_at(t->tcp, t->conn.index));
}

/* New segments from..to - 1, of those that were written; cwr: the first of them says so. */
static void segments_go(struct trace *t, unsigned from, unsigned to, unsigned written, unsigned cwr)
{
	for (unsigned i = from; i < to; i++, cwr = 0)
		recv(t, cwr | (i + 1 == written ? PSH | ACK : ACK), .seq = 1 + MSS * i, .ack = 1, .len = MSS,
		     ECT);
	quiet(t);
}

/* ---- Who agrees to it, section 6.1.1 ---- */

/* A SYN is not ECT, nor is what ends the handshake; with what was agreed on, text is. */
static void says_ect(struct trace *t)
{
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, ECT);
}

/* Text is neither ECT nor, if it is marked, echoed. */
static void is_without(struct trace *t)
{
	cr_assert(!trace_info(t).ecn);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, PSH | ACK, .seq = 1, .ack = 11, .len = 10, CE);
	event(t, WEIR_EV_DATA | WEIR_EV_SENT);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 11, .ack = 11);
}

TRACE_CONFIGURED(agreed_on_by_ece, asks)
{
	open_answered(t, ECE);
	says_ect(t);
}

TRACE_CONFIGURED(not_agreed_on, asks)
{
	open_answered(t, 0);
	is_without(t);
}

/* A broken peer that sends reserved bits back as they are. */
TRACE_CONFIGURED(reflection_is_no_agreement, asks)
{
	open_answered(t, ECE | CWR);
	is_without(t);
}

TRACE_CONFIGURED(cwr_alone_is_no_agreement, asks)
{
	open_answered(t, CWR);
	is_without(t);
}

TRACE(not_asked_for_unless_configured)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 8, SAME);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	is_without(t);
}

TRACE(peer_that_asks_has_it)
{
	accept_with_ecn(t);
	says_ect(t);
}

TRACE_CONFIGURED(peer_that_does_not_ask_has_it_not, asks)
{
	listen(t, 80);
	send(t, SYN | ECE, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	is_without(t);
}

/* A SYN-ACK that goes again agrees as the first did. */
TRACE(repeated_syn_ack_agrees_too)
{
	listen(t, 80);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 2);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	says_ect(t);
}

static void answers_by_cookies(struct weir_config *config)
{
	config->defence.mode = WEIR_DEFENCE_ALWAYS;
}

/* Nothing was kept but in the timestamp. */
TRACE_CONFIGURED(cookie_remembers_it, answers_by_cookies)
{
	listen(t, 80);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8, .tsval = 700);
	recv(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 2, .tsval = 1, .tsecr = 700);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = t->tsval, SAME);
	event(t, WEIR_EV_OPENED);
	counted(t, cookies_accepted, 1);
	cr_assert(trace_info(t).ecn);
	says_ect(t);
}

/* Without timestamps it has no room to, and does not promise what it would forget. */
TRACE_CONFIGURED(cookie_without_timestamps_does_not_agree, answers_by_cookies)
{
	listen(t, 80);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	counted(t, cookies_accepted, 1);
	is_without(t);
}

/* The first SYN's time-out: something may drop SYNs that ask (section 6.1.1.1). */
static void ask_in_vain(struct trace *t)
{
	connect(t);
	recv_asking_syn(t);
	after(t, 1 * SECONDS);
	recv_syn(t);
}

TRACE_CONFIGURED(repeated_syn_asks_no_more, asks)
{
	ask_in_vain(t);
	send(t, SYN | ACK, .ack = 1, .mss = MSS, .wscale = 8, SAME);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	is_without(t);
}

/*
 * It was delayed alone: the peer may send ECT and must have its echo,
 * but we may not ("has sent no non-ECN-setup SYN").
 */
TRACE_CONFIGURED(late_agreement_binds_us_to_echo, asks)
{
	ask_in_vain(t);
	send(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 8, SAME);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert(!trace_info(t).ecn);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, CE);
	event(t, WEIR_EV_DATA);
	trace_write(t, 10);
	recv(t, PSH | ACK | ECE, .seq = 1, .ack = 11, .len = 10);
	send(t, ACK | CWR, .seq = 11, .ack = 11, .len = 10);
	event(t, WEIR_EV_DATA | WEIR_EV_SENT);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 11, .ack = 21);
}

/* ---- Simultaneous open ---- */

TRACE_CONFIGURED(syns_that_both_ask, asks)
{
	connect(t);
	recv_asking_syn(t);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK | ECE, .seq = 0, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 8);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert(trace_info(t).ecn);
	says_ect(t);
}

TRACE_CONFIGURED(crossing_syn_does_not_ask, asks)
{
	connect(t);
	recv_asking_syn(t);
	send(t, SYN, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	is_without(t);
}

TRACE(crossing_syn_asks_in_vain)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	is_without(t);
}

/* It had asked, and asks no more: our SYN-ACK follows. */
TRACE_CONFIGURED(crossing_syn_asks_no_more, asks)
{
	connect(t);
	recv_asking_syn(t);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK | ECE, .seq = 0, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, SYN, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	is_without(t);
}

TRACE_CONFIGURED(crossing_syn_ack_does_not_agree, asks)
{
	connect(t);
	recv_asking_syn(t);
	send(t, SYN | ECE | CWR, .mss = MSS, .wscale = 8);
	recv(t, SYN | ACK | ECE, .seq = 0, .ack = 1, .mss = MSS, .wscale = 2);
	send(t, SYN | ACK, .ack = 1, .mss = MSS, .wscale = 8, SAME);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	is_without(t);
}

/* ---- What is ECT, sections 6.1.4 to 6.1.6 ---- */

TRACE_ECN(empty_segments_are_not)
{
	send(t, ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 21);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 21);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 2, .ack = 21);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE_ECN(text_with_a_fin_is)
{
	trace_write(t, 10);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 10, ECT);
}

TRACE_ECN(static_bytes_are_once)
{
	trace_write_static(t, 100);
	cr_assert_eq(t->tcp->exts.used, 0);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, ECT);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101, SAME);
	event(t, WEIR_EV_SENT);
	trace_write_static(t, 100); /* a time-out shrinks the window, and is told */
	recv(t, PSH | ACK | CWR, .seq = 101, .ack = 1, .len = 100, ECT);
	send(t, ACK, .seq = 1, .ack = 201, SAME);
	event(t, WEIR_EV_SENT);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 201, .ack = 1, .len = 100, ECT);
}

TRACE_ECN(retransmissions_are_not)
{
	trace_write(t, 10 * MSS);
	segments_go(t, 0, 10, 10, 0);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	quiet(t);
}

TRACE_ECN(window_probes_are_not)
{
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	trace_write(t, 10);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
	send(t, ACK, .seq = 1, .ack = 2, SAME);
	recv(t, PSH | ACK, .seq = 2, .ack = 1, .len = 9, ECT);
}

static void asks_and_has_dscp(struct weir_config *config)
{
	config->ecn = true;
	config->dscp = 46;
}

TRACE_CONFIGURED(dscp_stands_beside_it, asks_and_has_dscp)
{
	connect(t);
	recv(t, SYN | ECE | CWR, .mss = MSS, .wscale = 2, .sack_ok = true, .tsval = 1, .dscp = 46);
	send(t, SYN | ACK | ECE, .ack = 1, .mss = MSS, .wscale = 8, SAME);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1, .dscp = 46);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .dscp = 46, ECT);
}

/* ---- The receiver, section 6.1.3 ---- */

TRACE_ECN(marks_are_echoed_until_cwr)
{
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, CE);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10, ECT);
	counted(t, ecn_marks_in, 1);
	event(t, WEIR_EV_DATA);
	recv(t, ACK | ECE, .seq = 1, .ack = 21); /* for both */
	send(t, ACK, .seq = 21, .ack = 1, .len = 10, ECT);
	event(t, WEIR_EV_DATA);
	trace_write(t, 10);
	recv(t, PSH | ACK | ECE, .seq = 1, .ack = 31, .len = 10, ECT); /* text acknowledges, too */
	send(t, ACK | CWR, .seq = 31, .ack = 11, .len = 10, ECT);
	event(t, WEIR_EV_DATA | WEIR_EV_SENT);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 11, .ack = 41);
	send(t, ACK, .seq = 41, .ack = 11, .len = 10, CE);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK | ECE, .seq = 11, .ack = 51);
}

/* What says CWR may be marked itself: that is a new one. */
TRACE_ECN(mark_on_what_says_cwr)
{
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, CE);
	send(t, ACK | CWR, .seq = 11, .ack = 1, .len = 10, CE);
	event(t, WEIR_EV_DATA);
	recv(t, ACK | ECE, .seq = 1, .ack = 21);
}

TRACE_ECN(mark_behind_a_gap_is_echoed_at_once)
{
	send(t, ACK, .seq = 11, .ack = 1, .len = 10, CE);
	recv(t, ACK | ECE, .seq = 1, .ack = 1, .sack = { { 0 } });
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, ECT);
	event(t, WEIR_EV_DATA);
	recv(t, ACK | ECE, .seq = 1, .ack = 21);
}

/* What is not within the window may be anybody's (section 6.1.5), and what is empty is never ECT. */
TRACE_ECN(marks_that_do_not_count)
{
	send(t, ACK, .seq = 1, .ack = 1, .len = 5, ECT);
	send(t, ACK, .seq = 6, .ack = 1, .len = 5, ECT);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 11);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, CE);
	recv(t, ACK, .seq = 1, .ack = 11, .sack = { { 0 } });
	send(t, ACK, .seq = 11 + (1u << 20), .ack = 1, .len = 10, CE);
	recv(t, ACK, .seq = 1, .ack = 11);
	send(t, ACK, .seq = 11, .ack = 1, CE);
	counted(t, ecn_marks_in, 0);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 11, .len = 10, ECT);
}

/* ---- The sender, section 6.1.2 ---- */

/* Half of what was in flight, once; CWR on the first new text, and no growth by what tells of it. */
TRACE_ECN(echo_halves_the_window_once)
{
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 2 * MSS, SAME);
	expect_cwnd(t, 5);
	counted(t, ecn_reductions, 1);
	quiet(t);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 6 * MSS, SAME); /* four in flight: one more */
	segments_go(t, 10, 11, 30, CWR);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 8 * MSS, SAME);
	segments_go(t, 11, 13, 30, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME); /* CWR has not been acknowledged */
	expect_cwnd(t, 5);
	segments_go(t, 13, 15, 30, 0);
	counted(t, ecn_reductions, 0);
	counted(t, retransmits, 0);
}

/* An echo of what went out behind CWR is a new one. */
TRACE_ECN(next_window_may_halve_again)
{
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	segments_go(t, 10, 15, 30, CWR);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 11 * MSS, SAME);
	cr_assert_eq(trace_info(t).cwnd_bytes, 5 * MSS / 2);
	counted(t, ecn_reductions, 2);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 14 * MSS, SAME);
	segments_go(t, 15, 16, 30, CWR);
}

/* And grows again in congestion avoidance, by what does not tell of marks. */
TRACE_ECN(window_grows_again)
{
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	segments_go(t, 10, 15, 30, CWR);
	send(t, ACK, .seq = 1, .ack = 1 + 15 * MSS, SAME);
	expect_cwnd(t, 6);
	segments_go(t, 15, 21, 30, 0);
}

/* Text of the peer's tells of marks as well as empty ACKs. */
TRACE_ECN(echo_on_text)
{
	trace_write(t, 12 * MSS);
	segments_go(t, 0, 10, 12, 0);
	send(t, PSH | ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, .len = 10, SAME);
	event(t, WEIR_EV_DATA);
	expect_cwnd(t, 5);
	recv(t, ACK | CWR, .seq = 1 + 10 * MSS, .ack = 11, .len = MSS, ECT);
	recv(t, PSH | ACK, .seq = 1 + 11 * MSS, .ack = 11, .len = MSS, ECT);
}

/* A window of two segments halves, too; one of a single segment has the next one wait for the timer. */
TRACE_ECN(smallest_window_waits_for_the_timer)
{
	trace_write(t, 10 * MSS);
	extension(t)->cwnd = 2 * MSS;
	segments_go(t, 0, 2, 10, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 2 * MSS, SAME);
	expect_cwnd(t, 1);
	segments_go(t, 2, 3, 10, CWR);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 3 * MSS, SAME);
	after(t, 1 * SECONDS);
	segments_go(t, 3, 4, 10, CWR);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 4 * MSS, SAME);
	after(t, 1 * SECONDS);
	segments_go(t, 4, 5, 10, CWR);
	send(t, ACK, .seq = 1, .ack = 1 + 5 * MSS, SAME);
	expect_cwnd(t, 2);
	segments_go(t, 5, 7, 10, 0);
	counted(t, probes_out, 0);
	counted(t, rto_fired, 0);
}

/* With nothing to send it has waited when there is. */
TRACE_ECN(smallest_window_has_waited)
{
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, ECT);
	extension(t)->cwnd = MSS;
	send(t, ACK | ECE, .seq = 1, .ack = 101, SAME);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 0);
	silence(t, 1010 * MS);
	expect_cwnd(t, 1);
	cr_assert_eq(t->tcp->exts.used, 0);
	trace_write(t, 100);
	recv(t, PSH | ACK | CWR, .seq = 101, .ack = 1, .len = 100, ECT);
}

/* One small segment in flight, and nothing else: an extension is taken for the echo, and given back. */
TRACE_ECN(echo_without_an_extension)
{
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, ECT);
	send(t, ACK | ECE, .seq = 1, .ack = 101, SAME);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 2);
	cr_assert_eq(t->tcp->exts.used, 1);
	silence(t, 1010 * MS);
	cr_assert_eq(t->tcp->exts.used, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 101, SAME); /* CWR is due */
	trace_write_static(t, 100);
	recv(t, PSH | ACK | CWR, .seq = 101, .ack = 1, .len = 100, ECT);
	send(t, ACK | ECE, .seq = 1, .ack = 101, SAME); /* from before it came */
	counted(t, ecn_reductions, 1);
	cr_assert_eq(t->tcp->exts.used, 0);
	send(t, ACK, .seq = 1, .ack = 201, SAME);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 2);
}

static void asks_and_has_one_extension(struct weir_config *config)
{
	config->ecn = true;
	config->max_extensions = 1;
}

/* Not answered for want of an extension: the peer goes on asking, and is heard later. */
TRACE_CONFIGURED(echo_while_no_extension_is_free, asks_and_has_one_extension)
{
	open_with_ecn(t);
	uint32_t taken = slot_pool_take(&t->tcp->exts);

	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, ECT);
	send(t, ACK | ECE, .seq = 1, .ack = 101, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, ecn_reductions, 0);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 101, .ack = 1, .len = 100, ECT);
	slot_pool_give(&t->tcp->exts, taken);
	send(t, ACK | ECE, .seq = 1, .ack = 201, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, ecn_reductions, 1);
	trace_write(t, 100);
	recv(t, PSH | ACK | CWR, .seq = 201, .ack = 1, .len = 100, ECT);
}

/* Behind our FIN nothing new goes that could be slowed down. */
TRACE_ECN(echo_behind_our_fin)
{
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK | ECE, .seq = 1, .ack = 2, SAME);
	state(t, WEIR_FIN_WAIT_2);
	send(t, ACK | ECE, .seq = 1, .ack = 2, SAME);
	counted(t, ecn_reductions, 0);
	cr_assert_eq(t->tcp->exts.used, 0);
}

/* What was answered long ago must not come round after 2 GB. */
TRACE_ECN(answer_is_kept_close)
{
	trace_write(t, 20 * MSS);
	segments_go(t, 0, 10, 20, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	segments_go(t, 10, 15, 20, CWR);
	cr_assert_eq(extension(t)->reduced, extension(t)->snd_una);
	send(t, ACK, .seq = 1, .ack = 1 + 13 * MSS, SAME);
	cr_assert_eq(extension(t)->reduced, extension(t)->snd_una - 1);
	segments_go(t, 15, 18, 20, 0);
}

/* ---- Beside losses ---- */

/* A loss is answered by CWR, too, and echoes of the same window by the loss. */
TRACE_ECN(loss_and_echo_of_one_window)
{
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30, 0);
	for (unsigned i = 0; i < 2; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	segments_go(t, 10, 12, 30, 0); /* limited transmit */
	send(t, ACK | ECE, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK | ECE, .seq = 1, .ack = 1, SAME);
	quiet(t);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 12 * MSS, SAME);
	expect_cwnd(t, 5);
	counted(t, ecn_reductions, 0);
	segments_go(t, 12, 17, 30, CWR);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 13 * MSS, SAME);
	counted(t, ecn_reductions, 1);
}

/* The echo came first: what is lost beside it goes again, and the window stays as it is. */
TRACE_ECN(echo_and_loss_of_one_window)
{
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + MSS, SAME);
	expect_cwnd(t, 5);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK | ECE, .seq = 1, .ack = 1 + MSS, SAME);
	recv(t, ACK, .seq = 1 + MSS, .ack = 1, .len = MSS);
	counted(t, fast_retransmits, 1);
	expect_cwnd(t, 5);
	quiet(t);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	expect_cwnd(t, 5);
	segments_go(t, 10, 15, 30, CWR);
}

/* What said CWR is lost, so the peer repeats its echo: that loss is of another window, and CWR goes again. */
TRACE_ECN(loss_of_what_says_cwr)
{
	trace_write(t, 30 * MSS);
	segments_go(t, 0, 10, 30, 0);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	segments_go(t, 10, 15, 30, CWR);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	recv(t, ACK, .seq = 1 + 10 * MSS, .ack = 1, .len = MSS);
	cr_assert_eq(trace_info(t).cwnd_bytes, 5 * MSS / 2);
	quiet(t);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 15 * MSS, SAME);
	segments_go(t, 15, 17, 30, CWR);
	counted(t, ecn_reductions, 1);
}

TRACE_ECN(time_out_is_told_by_cwr)
{
	trace_write(t, 12 * MSS);
	segments_go(t, 0, 10, 12, 0);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = MSS);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	expect_cwnd(t, 1);
	segments_go(t, 10, 11, 12, CWR);
	counted(t, ecn_reductions, 0);
}

/* Where nothing was agreed on ECE tells nothing. */
TRACE(echo_that_nobody_agreed_on)
{
	trace_open_passive(t);
	trace_write(t, 10 * MSS);
	for (unsigned i = 0; i < 10; i++)
		recv(t, i == 9 ? PSH | ACK : ACK, .seq = 1 + MSS * i, .ack = 1, .len = MSS);
	send(t, ACK | ECE, .seq = 1, .ack = 1 + 10 * MSS, SAME);
	event(t, WEIR_EV_SENT);
	expect_cwnd(t, 12);
}
