/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN-RECEIVED from a listener: between the SYN and the ACK that completes the handshake. */
#include "support/trace.h"

static void syn_arrives(struct trace *t)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 1);
}

static void still_completes(struct trace *t)
{
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	state(t, WEIR_ESTABLISHED);
	quiet(t);
}

/* 1, 2, 4, 8, 16 s, then 32 s of waiting: 63 s in all, and the application never hears of it. */
TRACE(syn_ack_is_repeated_and_then_forgotten)
{
	syn_arrives(t);
	for (unsigned i = 0; i < 5; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	}
	silence(t, 31 * SECONDS);
	counted(t, half_open_expired, 0);
	silence(t, 2 * SECONDS);
	counted(t, half_open_expired, 1);
	counted(t, retransmits, 5);
	no_event(t);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	send(t, ACK, .seq = 1, .ack = 1); /* too late */
	recv(t, RST, .seq = 1);
	counted(t, drop_listen_ack, 1);
}

TRACE(duplicate_syn_brings_the_same_syn_ack)
{
	syn_arrives(t);
	uint32_t iss = t->our_iss;

	silence(t, 100 * MS);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	cr_assert_eq(t->our_iss, iss);
	still_completes(t);
}

/* Or a forged one could be followed by short ones, each of which sends a long answer to whom it names. */
TRACE(duplicate_syn_that_says_less_is_not_answered_by_more)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 7, .sack_ok = true, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1, .tsecr = 700);
	send(t, SYN, .mss = 1460, .sack_ok = true);
	send(t, SYN);
	quiet(t);
	send(t, SYN, .mss = 1460, .wscale = 7, .sack_ok = true, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1, .tsecr = 700);
	send(t, SYN);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1, .tsecr = 700);
}

/* RFC 9293 section 3.10.7.4, fourth step: back to LISTEN, which takes the new SYN. */
TRACE(new_syn_in_the_window_begins_anew)
{
	syn_arrives(t);
	silence(t, 100 * MS);
	send(t, SYN, .seq = 1000, .mss = 1000);
	uint32_t iss = t->our_iss;

	recv(t, SYN | ACK, .ack = 1001, .mss = 1460);
	cr_assert_neq(t->our_iss, iss);
	send(t, ACK, .seq = 1001, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).mss, 1000);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
}

/* Outside the window it is answered by an ACK, which a peer that began anew answers by RST. */
TRACE(new_syn_outside_the_window_is_asked_back)
{
	syn_arrives(t);
	send(t, SYN, .seq = 200000, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_syn_synchronized, 1);
	counted(t, challenge_acks, 1);
	send(t, SYN, .seq = 200000, .mss = 1460); /* at most once in half a second */
	quiet(t);
	counted(t, challenge_limited, 1);
	still_completes(t);
}

TRACE(peer_that_began_anew_is_let_in)
{
	syn_arrives(t);
	send(t, SYN, .seq = -5000u, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, RST, .seq = 1);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	send(t, SYN, .seq = -5000u, .mss = 1460);
	recv(t, SYN | ACK, .ack = -4999u, .mss = 1460);
}

TRACE(syn_ack_for_a_half_open_record_is_challenged)
{
	syn_arrives(t);
	send(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	still_completes(t);
}

TRACE(exact_rst_forgets_it_silently)
{
	syn_arrives(t);
	send(t, RST, .seq = 1);
	quiet(t);
	no_event(t);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	silence(t, 5 * SECONDS);
}

TRACE(rst_with_ack_forgets_it_too)
{
	syn_arrives(t);
	send(t, RST | ACK, .seq = 1, .ack = 1);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	quiet(t);
}

TRACE(rst_elsewhere_does_not)
{
	syn_arrives(t);
	send(t, RST, .seq = 0);
	counted(t, drop_rst_outside, 1);
	quiet(t);
	send(t, RST, .seq = 2);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_rst_window, 1);
	still_completes(t);
}

/* Its seq is right, its ACK is not: <SEQ=SEG.ACK><CTL=RST>, and the handshake stands. */
TRACE(bad_ack_is_reset)
{
	syn_arrives(t);
	send(t, ACK, .seq = 1, .ack = 0);
	recv(t, RST, .seq = 0);
	send(t, ACK, .seq = 1, .ack = 2);
	recv(t, RST, .seq = 2);
	counted(t, drop_half_open_ack, 2);
	still_completes(t);
}

/* The sequence number is looked at first: a forger who does not know it gets no RST. */
TRACE(bad_ack_outside_the_window_is_only_acknowledged)
{
	syn_arrives(t);
	send(t, ACK, .seq = 0, .ack = 77);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_window, 1);
	send(t, ACK, .seq = 1 + 93440, .ack = 1);
	quiet(t);
	still_completes(t);
}

TRACE(segment_without_ack_is_dropped)
{
	syn_arrives(t);
	send(t, PSH, .seq = 1, .len = 10);
	counted(t, drop_no_ack, 1);
	quiet(t);
	still_completes(t);
}

TRACE(data_in_the_completing_ack)
{
	syn_arrives(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	cr_assert_eq(t->received, 100);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 101);
}

TRACE(fin_in_the_completing_ack)
{
	syn_arrives(t);
	send(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA | WEIR_EV_FIN);
	state(t, WEIR_CLOSE_WAIT);
	recv(t, ACK, .seq = 1, .ack = 102);
	cr_assert_eq(t->received, 100);
}

TRACE(fin_alone_in_the_completing_ack)
{
	syn_arrives(t);
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED | WEIR_EV_FIN);
	state(t, WEIR_CLOSE_WAIT);
	recv(t, ACK, .seq = 1, .ack = 2);
}

/* Data whose handshake ACK was lost completes the handshake as well; the same burst may bring all of it. */
TRACE(whole_life_in_one_burst)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	burst(t, { ACK, .seq = 1, .ack = 1 }, { PSH | ACK, .seq = 1, .ack = 1, .len = 50 },
	      { FIN | ACK, .seq = 51, .ack = 1 }, { SYN, .mss = 1460, .port = 41000 });
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA | WEIR_EV_FIN);
	t->rport = 41000;
	uint32_t iss = t->our_iss;

	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	t->our_iss = iss;
	t->rport = TRACE_OTHER_PORT;
	recv(t, ACK, .seq = 1, .ack = 52);
}

TRACE(timestamps_are_checked_before_it_completes)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	send(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_no_timestamp, 1);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 699);
	counted(t, drop_paws, 1);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 700);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 700);
	event(t, WEIR_EV_OPENED);
}

static void two_half_open(struct weir_config *config)
{
	config->max_half_open = 2;
	config->defence.mode = WEIR_DEFENCE_OFF;
}

TRACE_CONFIGURED(full_pool_refuses_and_recovers, two_half_open)
{
	listen(t, 80);
	for (unsigned port = 1; port <= 2; port++) {
		t->rport = (uint16_t)port;
		send(t, SYN, .mss = 1460);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	}
	send(t, SYN, .mss = 1460, .port = 3);
	quiet(t);
	counted(t, drop_half_open_full, 1);
	still_completes(t); /* that of port 2 */
	t->rport = 3;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	still_completes(t);
}

static void one_connection(struct weir_config *config)
{
	config->max_connections = 1;
	config->max_half_open = 4;
}

/* The third step finds no hot record: the half-open one stays, and the peer's next segment tries again. */
TRACE_CONFIGURED(full_connections_leave_it_half_open, one_connection)
{
	syn_arrives(t);
	still_completes(t);
	uint32_t first_iss = t->our_iss;
	weir_conn first = t->conn;

	t->rport = 50000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	uint32_t second_iss = t->our_iss;

	send(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_connections_full, 1);
	quiet(t);
	no_event(t);
	call(tcp_abort(t->tcp, first), 0);
	t->our_iss = first_iss;
	t->rport = TRACE_OTHER_PORT;
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	t->our_iss = second_iss;
	t->rport = 50000;
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11);
}

/*
 * Both carry on from 3.5's figure 8: the old SYN's SYN-ACK is reset by the peer, and the listener is free
 * again.
 */
TRACE(old_duplicate_syn)
{
	listen(t, 80);
	send(t, SYN, .seq = 500, .mss = 1460);
	recv(t, SYN | ACK, .ack = 501, .mss = 1460);
	send(t, RST, .seq = 501);
	quiet(t);
	send(t, SYN, .seq = 0, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	still_completes(t);
}

/* Why there is a third step: the old SYN's sender has long gone, nobody answers, and nothing is opened. */
TRACE(old_duplicate_syn_of_a_connection_that_has_gone)
{
	trace_open_passive(t);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, RST, .seq = 1);
	no_event(t);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
}

TRACE(unlisten_forgets_it)
{
	syn_arrives(t);
	call(tcp_unlisten(t->tcp, 0), 0);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
	send(t, ACK, .seq = 1, .ack = 1);
	recv(t, RST, .seq = 1);
	silence(t, 5 * SECONDS);
}
