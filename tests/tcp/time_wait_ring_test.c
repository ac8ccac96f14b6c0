/* SPDX-License-Identifier: BSD-3-Clause */
/* TIME-WAIT's records are a ring: full, turning, restarted, and a crowd that leaves at once. */
#include <errno.h>

#include "support/trace.h"

#define TWO_MSL (60 * SECONDS)

static unsigned long waiting(const struct trace *t)
{
	return (unsigned long)t->tcp->states[WEIR_TIME_WAIT];
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

static void two(struct weir_config *config)
{
	config->max_time_wait = 2;
}

/* Each new one is found again, whichever place of the ring it got. */
TRACE_CONFIGURED(ring_of_two_turns, two)
{
	listen(t, 80);
	for (uint16_t port = 1; port <= 9; port++) {
		struct tuple tuple = trace_tuple(t, TRACE_PORT, port);

		open_and_close(t, port);
		cr_assert_lt(ref_slot(conn_table_find(&t->tcp->table, tcp_hash(t->tcp, &tuple), &tuple)), 2);
		send(t, FIN | ACK, .seq = 1, .ack = 2);
		recv(t, ACK, .seq = 2, .ack = 2);
		cr_assert_eq(waiting(t), port < 2 ? port : 2);
	}
	counted(t, time_wait_evicted, 7);
	silence(t, TWO_MSL + TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
	counted(t, time_wait_expired, 2);
	open_and_close(t, 10);
	cr_assert_eq(waiting(t), 1);
}

/* They end in the order in which they began, each after its own 2 MSL. */
TRACE(each_has_its_own_time)
{
	listen(t, 80);
	for (uint16_t port = 1; port <= 4; port++) {
		open_and_close(t, port);
		silence(t, 10 * SECONDS);
	}
	silence(t, 20 * SECONDS);
	for (unsigned left = 4; left > 0; left--) {
		cr_assert_eq(waiting(t), left);
		silence(t, TRACE_SLACK);
		cr_assert_eq(waiting(t), left - 1);
		silence(t, 10 * SECONDS - TRACE_SLACK);
	}
}

#define CROWD 1500

static void crowd(struct weir_config *config)
{
	config->max_connections = CROWD;
	config->max_time_wait = CROWD;
}

/* Those that closed together do not hold up a burst: five hundred or so leave with each call. */
TRACE_CONFIGURED(crowd_leaves_in_turns, crowd)
{
	listen(t, 80);
	for (uint16_t port = 1; port <= CROWD; port++)
		open_and_close(t, port);
	cr_assert_eq(waiting(t), CROWD);
	t->now_ns += TWO_MSL + TRACE_SLACK;
	cr_assert_eq(tcp_next_deadline(t->tcp, t->now_ns), t->now_ns);
	for (unsigned left = CROWD; left > 0;) {
		left = left > 512 ? left - 512 : 0;
		tcp_advance(t->tcp, t->now_ns);
		cr_assert_eq(waiting(t), left);
	}
	cr_assert_eq(t->tcp->table.entries, 0);
	counted(t, time_wait_expired, CROWD);
}

/* The same with timestamps: the last that the peer sent is 702. */
static void in_time_wait_with_timestamps(struct trace *t)
{
	trace_open_timestamps(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1, .tsval = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 702);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
}

/* An exact copy of the FIN has the timestamp of the first: PAWS does not count it as old. */
TRACE(copy_of_the_fin_restarts_it)
{
	in_time_wait_with_timestamps(t);
	silence(t, 30 * SECONDS);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 702);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	counted(t, drop_paws, 0);
	counted(t, time_wait_restarted, 1);
	silence(t, TWO_MSL);
	cr_assert_eq(waiting(t), 1);
	silence(t, TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
}

/* The clock of our timestamps goes on in TIME-WAIT. */
TRACE(acks_tell_the_time)
{
	in_time_wait_with_timestamps(t);
	uint32_t before = t->tsval;

	silence(t, 1000 * MS);
	send(t, FIN | ACK, .seq = 1, .ack = 2, .tsval = 702);
	recv(t, ACK, .seq = 2, .ack = 2, .tsval = 1, .tsecr = 702);
	cr_assert(t->tsval - before >= 953 && t->tsval - before <= 955, "%u", t->tsval - before);
}

/* Without an ACK it is no FIN of the peer's: nothing is restarted. */
TRACE(fin_without_ack_does_not_restart_it)
{
	listen(t, 80);
	open_and_close(t, 1);
	silence(t, 30 * SECONDS);
	send(t, FIN, .seq = 1);
	recv(t, ACK, .seq = 2, .ack = 2);
	send(t, FIN, .seq = 2);
	quiet(t);
	counted(t, drop_no_ack, 1);
	counted(t, time_wait_restarted, 0);
	silence(t, 30 * SECONDS + TRACE_SLACK);
	cr_assert_eq(waiting(t), 0);
}

/* 2 MSL of 60 s: what moves the end by less than a 16th of it, 3.75 s, is not worth a place in the ring. */
TRACE(restart_is_worth_a_sixteenth)
{
	listen(t, 80);
	open_and_close(t, 1);
	silence(t, 3700 * MS);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, time_wait_restarted, 0);
	silence(t, 100 * MS);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	counted(t, time_wait_restarted, 1);
}

/* A SYN that RFC 6191 lets through is one of the SYNs that came in. */
TRACE(reuse_is_counted)
{
	listen(t, 80);
	open_and_close(t, 1);
	counted(t, syn_in, 1);
	send(t, SYN, .seq = 2, .mss = 1460);
	recv(t, SYN | ACK, .ack = 3, .mss = 1460);
	counted(t, syn_in, 1);
	send(t, ACK, .seq = 3, .ack = 1);
	event(t, WEIR_EV_OPENED);
	counted(t, time_wait_reused, 1);
}

/* The shard is told when the oldest ends, and to come at once while a place is only to be cleared. */
TRACE(deadline_is_that_of_the_oldest)
{
	listen(t, 80);
	open_and_close(t, 1);
	uint64_t fair = t->now_ns + TWO_MSL;

	open_and_close(t, 2);
	silence(t, 100 * SECONDS / 5);
	uint64_t next = tcp_next_deadline(t->tcp, t->now_ns);

	cr_assert(next >= fair && next <= fair + TRACE_SLACK);
	t->rport = 1;
	send(t, RST, .seq = 2);
	cr_assert_eq(tcp_next_deadline(t->tcp, t->now_ns), t->now_ns);
	tcp_advance(t->tcp, t->now_ns);
	next = tcp_next_deadline(t->tcp, t->now_ns);
	cr_assert(next >= fair && next <= fair + TRACE_SLACK);
}

/* Our own next open of the tuple needs a newer timestamp, which the next tick gives it (RFC 6191). */
TRACE(own_open_a_tick_later)
{
	in_time_wait_with_timestamps(t);
	weir_conn conn;

	call(tcp_connect(t->tcp, trace_local(t), trace_remote(t), 1, t->now_ns, &conn), -EADDRINUSE);
	t->now_ns += 1u << CLOCK_TICK_SHIFT;
	call(tcp_connect(t->tcp, trace_local(t), trace_remote(t), 1, t->now_ns, &conn), 0);
	recv_syn(t);
}
