/* SPDX-License-Identifier: BSD-3-Clause */
/* TIME-WAIT (RFC 9293 section 3.6.1): 2 MSL, restarts, reuse by both sides (RFC 6191), RSTs (RFC 1337). */
#include <errno.h>

#include "support/trace.h"

#define TWO_MSL (60 * SECONDS)

static unsigned long waiting(const struct trace *t)
{
	return (unsigned long)t->tcp->states[WEIR_TIME_WAIT];
}

/* A connection from the peer that we close; it stands at 2 on both sides. */
static void in_time_wait(struct trace *t)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	cr_assert_eq(waiting(t), 1);
}

/* The same with timestamps; the last one that the peer sent is 702. */
static void in_time_wait_with_timestamps(struct trace *t)
{
	trace_open_timestamps(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1, .tsval = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 702);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

TRACE(lasts_two_msl)
{
	in_time_wait(t);
	silence(t, TWO_MSL);
	cr_assert_eq(waiting(t), 1);
	silence(t, TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
	counted(t, time_wait_expired, 1);
	no_event(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, RST, .seq = 2);
}

static void short_msl(struct weir_config *config)
{
	config->msl_ns = 2 * SECONDS;
}

TRACE_CONFIGURED(msl_is_configured, short_msl)
{
	in_time_wait(t);
	silence(t, 4 * SECONDS);
	cr_assert_eq(waiting(t), 1);
	silence(t, TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
}

/* Our last ACK was lost: the FIN comes again, is acknowledged again, and 2 MSL begin anew. */
TRACE(repeated_fin_restarts_it)
{
	in_time_wait(t);
	for (unsigned i = 0; i < 5; i++) {
		silence(t, 40 * SECONDS);
		send(t, FIN | ACK, .seq = 1, .ack = 2);
		recv(t, ACK, .seq = 2, .ack = 2);
	}
	counted(t, time_wait_restarted, 5);
	cr_assert_eq(waiting(t), 1);
	silence(t, TWO_MSL);
	cr_assert_eq(waiting(t), 1);
	silence(t, TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
}

TRACE(repeated_fin_with_text_restarts_it)
{
	trace_open_passive(t);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | PSH | ACK, .seq = 1, .ack = 2, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 12);
	event_closed(t, WEIR_EV_DATA | WEIR_EV_FIN, WEIR_REASON_NONE);
	silence(t, 30 * SECONDS);
	send(t, FIN | PSH | ACK, .seq = 1, .ack = 2, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 12);
	silence(t, 40 * SECONDS);
	cr_assert_eq(waiting(t), 1);
}

/*
 * A FIN that comes at once moves the end by nothing worth a place in the ring; it is acknowledged all the
 * same.
 */
TRACE(storm_of_fins_takes_no_room)
{
	in_time_wait(t);
	for (unsigned i = 0; i < 1000; i++) {
		send(t, FIN | ACK, .seq = 1, .ack = 2);
		recv(t, ACK, .seq = 2, .ack = 2);
	}
	counted(t, time_wait_restarted, 0);
}

TRACE(late_data_is_acknowledged_and_dropped)
{
	in_time_wait(t);
	silence(t, 30 * SECONDS);
	send(t, PSH | ACK, .seq = -9u, .ack = 2, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, PSH | ACK, .seq = 2, .ack = 2, .len = 10);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, FIN | ACK, .seq = 2, .ack = 2); /* not the FIN that we know */
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, drop_time_wait, 3);
	no_event(t);
	silence(t, 30 * SECONDS + TRACE_SLACK); /* none of it restarts anything */
	cr_assert_eq(waiting(t), 0);
}

TRACE(empty_acks_are_not_answered)
{
	in_time_wait(t);
	send(t, ACK, .seq = 2, .ack = 2);
	send(t, ACK, .seq = 1, .ack = 2);
	send(t, ACK, .seq = 100000, .ack = 2);
	quiet(t);
	counted(t, drop_time_wait, 3);
}

TRACE(syn_ack_is_acknowledged)
{
	in_time_wait(t);
	send(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460);
	recv(t, ACK, .seq = 2, .ack = 2);
	cr_assert_eq(waiting(t), 1);
}

TRACE(old_timestamp_is_acknowledged)
{
	in_time_wait_with_timestamps(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 600);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	counted(t, drop_paws, 1);
	silence(t, 10 * SECONDS);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 710);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	counted(t, time_wait_restarted, 1);
}

TRACE(exact_rst_ends_it)
{
	in_time_wait(t);
	send(t, RST, .seq = 2);
	quiet(t);
	cr_assert_eq(waiting(t), 0);
	no_event(t); /* the application has heard the end of it already */
}

TRACE(rst_elsewhere_does_not)
{
	in_time_wait(t);
	send(t, RST, .seq = 1);
	send(t, RST, .seq = 1000000);
	counted(t, drop_rst_outside, 2);
	quiet(t);
	send(t, RST, .seq = 3);
	recv(t, ACK, .seq = 2, .ack = 2); /* RFC 5961 section 3 */
	counted(t, drop_rst_window, 1);
	cr_assert_eq(waiting(t), 1);
}

static void rfc1337(struct weir_config *config)
{
	config->rfc1337 = true;
}

TRACE_CONFIGURED(rfc1337_ignores_every_rst, rfc1337)
{
	in_time_wait(t);
	send(t, RST, .seq = 2);
	send(t, RST, .seq = 3);
	quiet(t);
	cr_assert_eq(waiting(t), 1);
	counted(t, drop_time_wait, 2);
}

/* MAY-2: a SYN beyond the old sequence; our ISS lies beyond ours as well. */
TRACE(newer_sequence_number_is_let_in)
{
	in_time_wait(t);
	uint32_t old_nxt = t->our_iss + 2;

	send(t, SYN, .seq = 2, .mss = 1460); /* the peer's FIN was at 1 */
	recv(t, SYN | ACK, .ack = 3, .mss = 1460);
	cr_assert(seq_gt(t->our_iss, old_nxt));
	send(t, ACK, .seq = 3, .ack = 1);
	event(t, WEIR_EV_OPENED);
	counted(t, time_wait_reused, 1);
	cr_assert_eq(waiting(t), 0);
}

TRACE(older_sequence_number_is_refused)
{
	in_time_wait(t);
	send(t, SYN, .seq = 1, .mss = 1460);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, SYN, .seq = -1000u, .mss = 1460);
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, drop_time_wait_syn, 2);
	cr_assert_eq(waiting(t), 1);
}

/* Where the clock of ISNs has not come far enough, the new ISS is put beyond the old numbers. */
TRACE(new_iss_lies_beyond_a_long_connection)
{
	trace_open_passive(t);
	trace_write(t, 10 * 1460);
	for (unsigned i = 0; i < 10; i++)
		recv(t, i < 9 ? ACK : PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 14601, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 14602);
	recv(t, ACK, .seq = 14602, .ack = 2);
	event_closed(t, WEIR_EV_FIN | WEIR_EV_SENT, WEIR_REASON_NONE);
	uint32_t old_nxt = t->our_iss + 14602;

	send(t, SYN, .seq = 3, .mss = 1460);
	recv(t, SYN | ACK, .ack = 4, .mss = 1460);
	cr_assert_eq(t->our_iss, old_nxt + 1);
}

/* RFC 6191: a newer timestamp is enough, whatever the sequence number. */
TRACE(newer_timestamp_is_let_in)
{
	in_time_wait_with_timestamps(t);
	send(t, SYN, .seq = -5000u, .mss = 1460, .tsval = 703);
	recv(t, SYN | ACK, .ack = -4999u, .mss = 1460, .tsval = 1, .tsecr = 703);
	send(t, ACK, .seq = -4999u, .ack = 1, .tsval = 704);
	event(t, WEIR_EV_OPENED);
	counted(t, time_wait_reused, 1);
}

TRACE(older_timestamp_is_refused_whatever_the_sequence_number)
{
	in_time_wait_with_timestamps(t);
	send(t, SYN, .seq = 5000, .mss = 1460, .tsval = 701);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	counted(t, drop_time_wait_syn, 1);
}

TRACE(equal_timestamp_goes_by_the_sequence_number)
{
	in_time_wait_with_timestamps(t);
	send(t, SYN, .seq = 1, .mss = 1460, .tsval = 702);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1);
	counted(t, drop_time_wait_syn, 1);
	send(t, SYN, .seq = 3, .mss = 1460, .tsval = 702);
	recv(t, SYN | ACK, .ack = 4, .mss = 1460, .tsval = 1, .tsecr = 702);
}

TRACE(timestamps_no_more_goes_by_the_sequence_number)
{
	in_time_wait_with_timestamps(t);
	send(t, SYN, .seq = 1, .mss = 1460);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1);
	send(t, SYN, .seq = 3, .mss = 1460);
	recv(t, SYN | ACK, .ack = 4, .mss = 1460);
}

TRACE(timestamps_only_now_are_let_in)
{
	in_time_wait(t);
	send(t, SYN, .seq = -5000u, .mss = 1460, .tsval = 5);
	recv(t, SYN | ACK, .ack = -4999u, .mss = 1460, .tsval = 1, .tsecr = 5);
}

TRACE(syn_for_nobody_is_refused)
{
	in_time_wait(t);
	call(tcp_unlisten(t->tcp, 0), 0);
	send(t, SYN, .seq = 3, .mss = 1460);
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, drop_time_wait_syn, 1);
	cr_assert_eq(waiting(t), 1);
}

static void one_half_open(struct weir_config *config)
{
	config->max_half_open = 1;
	config->defence.mode = WEIR_DEFENCE_OFF;
}

TRACE_CONFIGURED(syn_that_finds_no_record_costs_nothing, one_half_open)
{
	in_time_wait(t);
	uint32_t iss = t->our_iss;

	t->rport = 50000;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	t->our_iss = iss;
	t->rport = TRACE_OTHER_PORT;
	send(t, SYN, .seq = 3, .mss = 1460);
	counted(t, drop_half_open_full, 1);
	quiet(t);
	cr_assert_eq(waiting(t), 1);
}

static void three_waiting(struct weir_config *config)
{
	config->max_time_wait = 3;
}

static void open_and_close(struct trace *t, uint16_t port)
{
	t->rport = port;
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

TRACE_CONFIGURED(full_ring_gives_up_the_oldest, three_waiting)
{
	listen(t, 80);
	for (uint16_t port = 1; port <= 10; port++)
		open_and_close(t, port);
	cr_assert_eq(waiting(t), 3);
	counted(t, time_wait_evicted, 7);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .port = 7); /* the last that went */
	recv(t, RST, .seq = 2, .port = 7);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .port = 10);
	t->our_iss += 0;
	recv(t, ACK, .seq = 2, .ack = 2, .port = 10);
	silence(t, TWO_MSL + TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
	counted(t, time_wait_expired, 3);
}

/* Restarting leaves a tombstone: the ring turns, and the others keep their order. */
TRACE_CONFIGURED(restarts_in_a_full_ring, three_waiting)
{
	listen(t, 80);
	for (uint16_t port = 1; port <= 3; port++)
		open_and_close(t, port);
	uint32_t iss = t->our_iss;

	silence(t, 30 * SECONDS);
	t->rport = 3;
	send(t, FIN | ACK, .seq = 1, .ack = 2); /* there is no place but that of the oldest */
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, time_wait_restarted, 1);
	counted(t, time_wait_evicted, 1);
	cr_assert_eq(waiting(t), 2);
	silence(t, 30 * SECONDS + TRACE_SLACK);
	cr_assert_eq(waiting(t), 1);
	t->our_iss = iss;
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, time_wait_restarted, 1);
	silence(t, TWO_MSL + TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
}

TRACE_CONFIGURED(restart_of_the_oldest_in_a_full_ring, three_waiting)
{
	uint32_t iss = 0;

	listen(t, 80);
	for (uint16_t port = 1; port <= 3; port++) {
		open_and_close(t, port);
		iss = port == 1 ? t->our_iss : iss;
	}
	silence(t, 30 * SECONDS);
	t->rport = 1;
	t->our_iss = iss;
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, time_wait_evicted, 0);
	cr_assert_eq(waiting(t), 3);
	silence(t, 30 * SECONDS + TRACE_SLACK);
	cr_assert_eq(waiting(t), 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, time_wait_restarted, 2);
}

/*
 * An open of ours that we closed: with timestamps its tuple may be taken again, once their clock has
 * moved on.
 */
static void ours_in_time_wait(struct trace *t, unsigned ts)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = ts);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = !!ts);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1, .tsval = !!ts);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = ts);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = !!ts);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

static int connect_again(struct trace *t)
{
	return tcp_connect(t->tcp, trace_local(t), trace_remote(t), 44, t->now_ns, &t->conn);
}

TRACE(our_own_open_takes_the_tuple_again)
{
	ours_in_time_wait(t, 700);
	uint32_t old_nxt = t->our_iss + 2;

	call(connect_again(t), -EADDRINUSE); /* the same tick: the peer could not tell */
	silence(t, 3 * MS);
	call(connect_again(t), 0);
	recv_syn(t);
	cr_assert(seq_gt(t->our_iss, old_nxt));
	counted(t, time_wait_reused, 1);
	cr_assert_eq(waiting(t), 0);
	send(t, SYN | ACK, .seq = 1000, .ack = 1, .mss = 1460, .tsval = 705);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1001, .tsval = 1);
}

TRACE(our_own_open_does_not_without_timestamps)
{
	ours_in_time_wait(t, 0);
	silence(t, 30 * SECONDS);
	call(connect_again(t), -EADDRINUSE);
	silence(t, 30 * SECONDS + TRACE_SLACK);
	call(connect_again(t), 0);
	recv_syn(t);
}

/* ... beyond the old numbers, however little time has gone by. */
TRACE(our_own_iss_lies_beyond_a_long_connection)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 700);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1);
	trace_write(t, 10 * 1448);
	for (unsigned i = 0; i < 10; i++)
		recv(t, i < 9 ? ACK : PSH | ACK, .seq = 1 + 1448 * i, .ack = 1, .len = 1448, .tsval = 1);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 14481, .ack = 1, .tsval = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 14482, .tsval = 701);
	recv(t, ACK, .seq = 14482, .ack = 2, .tsval = 1);
	event_closed(t, WEIR_EV_FIN | WEIR_EV_SENT, WEIR_REASON_NONE);
	uint32_t old_nxt = t->our_iss + 14482;

	silence(t, 3 * MS);
	call(connect_again(t), 0);
	recv_syn(t);
	cr_assert_eq(t->our_iss, old_nxt + 1);
}
