/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A SYN finds TIME-WAIT and is let through (RFC 6191), but who sent it has proven nothing yet: TIME-WAIT
 * waits behind the handshake, and goes on if that fails (RFC 9293 section 3.6.1, MAY-2).
 */
#include "support/trace.h"

#define TWO_MSL (60 * SECONDS)

static unsigned long waiting(const struct trace *t)
{
	return (unsigned long)t->tcp->states[WEIR_TIME_WAIT];
}

static unsigned long half_open(const struct trace *t)
{
	return (unsigned long)t->tcp->states[WEIR_SYN_RECEIVED];
}

/*
 * A connection that we closed; it stands at 2 on both sides. Then a SYN at 10. Returns our first ISS: the
 * numbers of the trace are those of the second one's.
 */
static uint32_t reopened(struct trace *t)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	uint32_t first = t->our_iss;

	send(t, SYN, .seq = 10, .mss = 1460);
	recv(t, SYN | ACK, .ack = 11, .mss = 1460);
	cr_assert(seq_gt(t->our_iss, first + 2));
	cr_assert(waiting(t) == 1 && half_open(t) == 1);
	counted(t, time_wait_reused, 0);
	return first;
}

/* The peer's last FIN was answered, or is not: TIME-WAIT stands in the table again. */
static void time_wait_answers(struct trace *t, uint32_t first)
{
	uint32_t second = t->our_iss;

	t->our_iss = first;
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	t->our_iss = second;
}

TRACE(the_third_step_ends_time_wait)
{
	reopened(t);
	send(t, ACK, .seq = 11, .ack = 1);
	event(t, WEIR_EV_OPENED);
	counted(t, time_wait_reused, 1);
	cr_assert(waiting(t) == 0 && half_open(t) == 0);
	silence(t, TWO_MSL + TRACE_SLACK);
	counted(t, time_wait_expired, 0);
	state(t, WEIR_ESTABLISHED);
}

/* An old duplicate SYN: the peer knows of no such handshake. */
TRACE(a_reset_brings_time_wait_back)
{
	uint32_t first = reopened(t);

	send(t, RST, .seq = 11);
	cr_assert(waiting(t) == 1 && half_open(t) == 0);
	counted(t, time_wait_reused, 0);
	time_wait_answers(t, first);
	send(t, ACK, .seq = 11, .ack = 1); /* the third step of nothing */
	counted(t, drop_time_wait, 1);
	silence(t, TWO_MSL + TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
}

static void long_time_wait(struct weir_config *config)
{
	config->msl_ns = 120 * SECONDS;
}

/* A forged SYN: nobody answers at all. */
TRACE_CONFIGURED(a_handshake_that_times_out_brings_time_wait_back, long_time_wait)
{
	uint32_t first = reopened(t);

	for (unsigned i = 0; i < 5; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, SYN | ACK, .ack = 11, .mss = 1460);
	}
	silence(t, 33 * SECONDS);
	counted(t, half_open_expired, 1);
	cr_assert(waiting(t) == 1 && half_open(t) == 0);
	time_wait_answers(t, first);
}

/* The old connection's segments find TIME-WAIT even while it is hidden, and do not disturb the handshake. */
TRACE(the_old_fin_is_answered_meanwhile)
{
	uint32_t first = reopened(t);

	silence(t, 500 * MS);
	time_wait_answers(t, first);
	silence(t, 400 * MS);
	send(t, ACK, .seq = 11, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(waiting(t), 0);
}

static void short_time_wait(struct weir_config *config)
{
	config->msl_ns = 1 * SECONDS;
}

/* A restart moves the record within its ring; the half-open one must find it again. */
TRACE_CONFIGURED(a_restart_while_hidden_is_kept, short_time_wait)
{
	uint32_t first = reopened(t);

	silence(t, 900 * MS);
	time_wait_answers(t, first);
	counted(t, time_wait_restarted, 1);
	send(t, RST, .seq = 11);
	time_wait_answers(t, first);
	silence(t, 1900 * MS);
	cr_assert_eq(waiting(t), 1);
	silence(t, 200 * MS);
	cr_assert_eq(waiting(t), 0);
}

/* 2 MSL pass while the handshake hangs: then there is nothing to come back to. */
TRACE_CONFIGURED(it_may_expire_behind_the_handshake, short_time_wait)
{
	reopened(t);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 11, .mss = 1460);
	silence(t, 1100 * MS);
	counted(t, time_wait_expired, 1);
	cr_assert(waiting(t) == 0 && half_open(t) == 1);
	send(t, RST, .seq = 11);
	cr_assert_eq(half_open(t), 0);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, RST, .seq = 2);
}

TRACE_CONFIGURED(an_expired_one_does_not_hinder_the_third_step, short_time_wait)
{
	reopened(t);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 11, .mss = 1460);
	silence(t, 1100 * MS);
	send(t, ACK, .seq = 11, .ack = 1);
	event(t, WEIR_EV_OPENED);
	counted(t, time_wait_reused, 0);
	cr_assert_eq(t->tcp->time_wait_hidden, 0);
}

static void one_time_wait(struct weir_config *config)
{
	config->max_time_wait = 1;
}

/* The ring is full, and the oldest record is the hidden one. */
TRACE_CONFIGURED(it_may_be_pushed_out_behind_the_handshake, one_time_wait)
{
	reopened(t);
	send(t, SYN, .seq = 0, .mss = 1460, .port = 5000);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .port = 5000);
	send(t, ACK, .seq = 1, .ack = 1, .port = 5000);
	event(t, WEIR_EV_OPENED);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1, .port = 5000);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .port = 5000);
	recv(t, ACK, .seq = 2, .ack = 2, .port = 5000);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	counted(t, time_wait_evicted, 1);
	cr_assert(waiting(t) == 1 && half_open(t) == 1 && t->tcp->time_wait_hidden == 0);
	t->rport = TRACE_OTHER_PORT;
	send(t, RST, .seq = 11, .port = TRACE_OTHER_PORT);
	cr_assert(waiting(t) == 1 && half_open(t) == 0);
}

/* A RST for the old connection ends TIME-WAIT alone. */
TRACE(the_old_connections_reset_leaves_the_handshake)
{
	reopened(t);
	send(t, RST, .seq = 2);
	cr_assert(waiting(t) == 0 && half_open(t) == 1 && t->tcp->time_wait_hidden == 0);
	send(t, ACK, .seq = 11, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

/* A peer that begins anew: TIME-WAIT judges the later SYN as it did the first. */
TRACE(a_later_syn_is_judged_by_time_wait_again)
{
	uint32_t first = reopened(t);

	send(t, SYN, .seq = 500, .mss = 1460);
	recv(t, SYN | ACK, .ack = 501, .mss = 1460);
	cr_assert(waiting(t) == 1 && half_open(t) == 1);
	time_wait_answers(t, first);
	send(t, ACK, .seq = 501, .ack = 1);
	event(t, WEIR_EV_OPENED);
	counted(t, time_wait_reused, 1);
	cr_assert_eq(waiting(t), 0);
}

TRACE(unlistening_brings_time_wait_back)
{
	uint32_t first = reopened(t);

	call(tcp_unlisten(t->tcp, 0), 0);
	cr_assert(waiting(t) == 1 && half_open(t) == 0);
	time_wait_answers(t, first);
}

/* What acknowledges neither the handshake nor the old connection's FIN is answered by RST, as ever. */
TRACE(an_ack_of_nothing_is_reset)
{
	reopened(t);
	send(t, ACK, .seq = 11, .ack = 77);
	recv(t, RST, .seq = 77);
	cr_assert(waiting(t) == 1 && half_open(t) == 1);
	counted(t, drop_half_open_ack, 1);
}

/* Outside of the handshake's window a SYN is challenged, as ever; TIME-WAIT must not judge it meanwhile. */
TRACE(a_syn_far_away_is_challenged)
{
	reopened(t);
	send(t, SYN, .seq = 11 + 100000, .mss = 1460);
	recv(t, ACK, .seq = 1, .ack = 11);
	cr_assert(waiting(t) == 1 && half_open(t) == 1);
	counted(t, drop_syn_synchronized, 1);
}

/* With timestamps (the last was 702) the new numbers may lie anywhere: here, 5000 below the old ones. */
static uint32_t reopened_below(struct trace *t)
{
	trace_open_timestamps(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1, .tsval = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 702);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	uint32_t first = t->our_iss;

	send(t, SYN, .seq = -5000u, .mss = 1460, .tsval = 710);
	recv(t, SYN | ACK, .ack = -4999u, .mss = 1460, .tsval = 1, .tsecr = 710);
	return first;
}

/* The old FIN lies in the handshake's window; what it acknowledges tells whom it is for. */
TRACE(the_old_fin_within_the_new_window_is_answered)
{
	t->our_iss = reopened_below(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 702);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	cr_assert(waiting(t) == 1 && half_open(t) == 1);
}

/* A later SYN that is older than the old connection: back to TIME-WAIT, which refuses it. */
TRACE(a_later_syn_may_be_refused)
{
	t->our_iss = reopened_below(t);
	send(t, SYN, .seq = -4000u, .mss = 1460, .tsval = 600);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	cr_assert(waiting(t) == 1 && half_open(t) == 0);
	counted(t, drop_time_wait_syn, 1);
}
