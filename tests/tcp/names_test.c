/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two pairs of IPv6 addresses with one name (tuple.h): as good as impossible, so it is planted here, by a
 * change of the addresses that a record has beside it. Whoever came first keeps the name, and is not touched
 * by the other.
 */
#include <errno.h>

#include "support/trace.h"
#include "tcp/tcp.h"

/* The addresses beside the record of the trace's connection. */
static struct pair *line_of(const struct trace *t)
{
	struct tuple tuple = trace_tuple(t, t->lport, t->rport);
	ref r = conn_table_find(&t->tcp->table, tcp_hash(t->tcp, &tuple), &tuple);

	cr_assert_neq(r, REF_NONE);
	return &t->tcp->pairs[ref_kind(r)][ref_slot(r)];
}

/* The record is another's, or the trace's again: of two bits, one in each address. */
static void plant(struct trace *t)
{
	struct pair *line = line_of(t);

	line->remote.hi ^= 1;
	line->local.lo ^= 1ull << 63;
}

static verdict hard_error(struct trace *t, uint32_t seq)
{
	return tcp_icmp(t->tcp,
			&(struct icmp_error){ .pair = t->pair,
					      .lport = t->lport,
					      .rport = t->rport,
					      .seq = t->our_iss + seq,
					      .trouble = ICMP_HARD },
			t->now_ns);
}

/* Whatever says so much is dropped under that name, and unanswered. */
static void is_not_for_it(struct trace *t, struct trace_seg seg)
{
	trace_send(t, seg);
	quiet(t);
	no_event(t);
	counted(t, drop_name_taken, 1);
}

#define ignored(t, fl, ...) is_not_for_it(t, (struct trace_seg){ .flags = (fl), ##__VA_ARGS__ })

/* One address is enough to be another. */
TRACE_OF(6, each_address_is_compared)
{
	trace_open_passive(t);
	line_of(t)->local.hi ^= 1;
	ignored(t, ACK, .seq = 1, .ack = 1, .len = 10);
	line_of(t)->local.hi ^= 1;
	line_of(t)->remote.lo ^= 1;
	ignored(t, ACK, .seq = 1, .ack = 1, .len = 10);
	line_of(t)->remote.lo ^= 1;
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 11);
}

TRACE_OF(6, connection_keeps_its_name)
{
	trace_open_passive(t);
	plant(t);
	ignored(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	ignored(t, SYN, .mss = 1460);
	ignored(t, RST, .seq = 1);
	ignored(t, FIN | ACK, .seq = 1, .ack = 1);
	cr_assert_eq(hard_error(t, 0), COUNT_drop_icmp_no_connection);
	weir_conn conn;

	call(tcp_connect(t->tcp, trace_local(t), trace_remote(t), 0, t->now_ns, &conn), -EADDRINUSE);
	state(t, WEIR_ESTABLISHED);
	plant(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 11);
}

TRACE_OF(6, handshake_keeps_its_name)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	plant(t);
	ignored(t, ACK, .seq = 1, .ack = 1);
	ignored(t, SYN, .mss = 1460);
	ignored(t, RST, .seq = 1);
	cr_assert_eq(hard_error(t, 0), COUNT_drop_icmp_no_connection);
	cr_assert_eq(t->tcp->states[WEIR_SYN_RECEIVED], 1);
	plant(t);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

TRACE_OF(6, time_wait_keeps_its_name)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	plant(t);
	ignored(t, FIN | ACK, .seq = 1, .ack = 2);
	ignored(t, RST, .seq = 2);
	ignored(t, SYN, .seq = 1000, .mss = 1460); /* that would end its own */
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
	plant(t);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
}

/* The line goes along from record to record: half-open, hot, TIME-WAIT and its restart. */
TRACE_OF(6, addresses_follow_the_connection)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	cr_assert(pair_equal(line_of(t), &t->pair));
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert(pair_equal(line_of(t), &t->pair));
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	const struct pair *first = line_of(t);

	cr_assert(pair_equal(first, &t->pair));
	silence(t, 5 * SECONDS);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	cr_assert_neq(line_of(t), first, "appended again");
	cr_assert(pair_equal(line_of(t), &t->pair));
}
