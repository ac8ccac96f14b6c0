/* SPDX-License-Identifier: BSD-3-Clause */
/* Each segment of the handshake lost, late or doubled, seen from either side (RFC 9293 section 3.5). */
#include "support/trace.h"

static void syn_arrives(struct trace *t)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
}

/* Their SYN is lost: nothing has happened, and the second one is as good as the first. */
TRACE(lost_peers_syn)
{
	listen(t, 80);
	silence(t, 1 * SECONDS);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

/* Our SYN-ACK is lost: the peer's timer or ours brings it again, and neither disturbs the other. */
TRACE(lost_syn_ack_and_both_timers)
{
	syn_arrives(t);
	silence(t, 990 * MS);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	after(t, 10 * MS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	send(t, ACK, .seq = 1, .ack = 1); /* that of the other one */
	quiet(t);
	no_event(t);
	silence(t, 100 * SECONDS);
	state(t, WEIR_ESTABLISHED);
}

/* Their ACK is lost, and they wait for us to speak: our SYN-ACK goes again, and brings it again. */
TRACE(lost_last_ack_of_a_silent_peer)
{
	syn_arrives(t);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	after(t, 2 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	silence(t, 100 * SECONDS);
}

/* Their ACK is lost, and their data completes the handshake. It is in order, and loses nothing. */
TRACE(lost_last_ack_before_data)
{
	syn_arrives(t);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1461, .ack = 1, .len = 1460); /* even the second segment does */
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 2921);
	cr_assert_eq(t->received, 2920);
}

/* Their ACK is lost, and so is their data: their FIN, sent last, completes the handshake and waits. */
TRACE(lost_last_ack_and_data_before_the_fin)
{
	syn_arrives(t);
	send(t, FIN | ACK, .seq = 101, .ack = 1);
	event(t, WEIR_EV_OPENED);
	state(t, WEIR_ESTABLISHED);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA | WEIR_EV_FIN);
	state(t, WEIR_CLOSE_WAIT);
	recv(t, ACK, .seq = 1, .ack = 102);
}

/* The retransmitted SYN-ACK crosses the ACK of the first: its own, without news, is taken quietly. */
TRACE(syn_ack_crosses_its_ack)
{
	syn_arrives(t);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_OPENED | WEIR_EV_DATA);
	send(t, ACK, .seq = 11, .ack = 1); /* to the second SYN-ACK */
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11);
	silence(t, 10 * SECONDS);
}

/* A copy of the SYN comes when all has been done: RFC 5961 has us say where we stand, no more. */
TRACE(doubled_syn_after_the_handshake)
{
	syn_arrives(t);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	send(t, SYN, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1);
	counted(t, drop_syn_synchronized, 1);
	state(t, WEIR_ESTABLISHED);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
}

/* Our SYN is lost again and again; what answers the last answers all. */
TRACE(lost_syns)
{
	connect(t);
	recv_syn(t);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t iss = t->our_iss;

		after(t, (1u << i) * SECONDS);
		recv_syn(t);
		cr_assert_eq(t->our_iss, iss);
	}
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	silence(t, 100 * SECONDS);
}

/* Our SYN was only slow: the SYN-ACK of the first is followed by that of the second. */
TRACE(late_syn_ack_and_another)
{
	connect(t);
	recv_syn(t);
	after(t, 1 * SECONDS);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	recv(t, ACK, .seq = 11, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_ESTABLISHED);
}

/* Our last ACK is lost, and we have something to say: it acknowledges as well as that did. */
TRACE(lost_last_ack_of_ours_before_data)
{
	trace_open_active(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 1, .ack = 11);
	event(t, WEIR_EV_SENT);
}

/* The peer's first data overtakes its SYN-ACK: nothing is known of it yet, and it will come again. */
TRACE(data_overtakes_the_syn_ack)
{
	connect(t);
	recv_syn(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	quiet(t);
	counted(t, drop_syn_sent_invalid, 1);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11);
}

/* A passive open beside an open from the same port leaves it alone (MUST-41), whichever is answered first. */
TRACE(listening_beside_an_open)
{
	connect(t);
	recv_syn(t);
	uint32_t iss = t->our_iss;

	call(tcp_listen(t->tcp, (struct weir_endpoint){ .port = t->lport }, 1), 0);
	send(t, SYN, .mss = 1460, .port = 5000);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .port = 5000);
	t->our_iss = iss;
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 1);
	counted(t, opened_active, 1);
}

static void slow_start_of_timers(struct weir_config *config)
{
	config->rto_initial_ns = 25 * SECONDS;
	config->defence.timeout_ns = 180 * SECONDS;
}

/* RFC 6298 rule 2.5: its time-outs double up to the longest RTO. Each SYN-ACK is counted. */
TRACE_CONFIGURED(syn_acks_wait_for_the_longest_rto, slow_start_of_timers)
{
	static const unsigned waits[] = { 25, 50, 60 };

	syn_arrives(t);
	counted(t, syn_ack_out, 1);
	for (unsigned i = 0; i < 3; i++) {
		after(t, waits[i] * SECONDS);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	}
	counted(t, syn_ack_out, 3);
	silence(t, 44 * SECONDS); /* the timeout does not wait for the RTO */
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 1);
	silence(t, 2 * SECONDS);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 0);
}

/* A challenge from SYN-RECEIVED offers what the SYN-ACK did, scaled if that was agreed on. */
TRACE(challenge_offers_the_window)
{
	syn_arrives(t);
	send(t, SYN, .seq = -5000u, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .wnd = 65535);
	t->rport = 50000;
	send(t, SYN, .mss = 1460, .wscale = 8);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale, .wnd = 65535);
	send(t, SYN, .seq = -5000u, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .wnd = 65536 >> t->tcp->rcv_wscale);
}

static void jumbo(struct weir_config *config)
{
	config->mtu = 9000;
}

/* RFC 6928: ten segments of usual size, two of large ones, on either side of the handshake. */
TRACE_CONFIGURED(first_window_of_large_segments, jumbo)
{
	connect(t);
	recv(t, SYN, .mss = 8960, .wscale = 1 + t->tcp->rcv_wscale, .sack_ok = true, .tsval = 1);
	send(t, SYN | ACK, .ack = 1, .mss = 8960);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert_eq(trace_info(t).cwnd_bytes, 2 * 8960);
}

TRACE_CONFIGURED(first_window_of_large_segments_from_a_listener, jumbo)
{
	listen(t, 80);
	send(t, SYN, .mss = 8960);
	recv(t, SYN | ACK, .ack = 1, .mss = 8960);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).cwnd_bytes, 2 * 8960);
}

/* The SYN-ACK of a simultaneous open is one, and is counted. */
TRACE(crossed_syn_acks_are_counted)
{
	connect(t);
	recv_syn(t);
	counted(t, syn_ack_out, 0);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	counted(t, syn_ack_out, 2);
}

/* Without a loss a simultaneous open begins as any other; with one it is cautious (RFC 5681 section 3.1). */
TRACE(first_window_of_crossed_syns)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).cwnd_bytes, 10 * 1460);
}

TRACE(first_window_of_crossed_syns_with_a_loss)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1460);
}
