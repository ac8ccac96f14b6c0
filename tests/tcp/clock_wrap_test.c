/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ticks wrap after 52 days (base/clock.h). Everything that waits for one, and every timestamp made of them,
 * must pass the wrap as any other moment.
 */
#include "support/trace.h"

/* Puts the clock so long before the wrap; nothing is open yet. The handshake that follows keeps that time. */
static void before_the_wrap(struct trace *t, uint64_t ns)
{
	t->near_wrap = false; /* of sequence numbers: it would place the clock as well */
	for (unsigned days = 13; days <= 39;
	     days += 13) { /* times compare while they are less than 24 apart */
		t->now_ns = days * 86400 * SECONDS;
		tcp_advance(t->tcp, t->now_ns);
	}
	t->now_ns = (1ull << (32 + CLOCK_TICK_SHIFT)) - ns;
	tcp_advance(t->tcp, t->now_ns);
}

TRACE(retransmissions)
{
	before_the_wrap(t, 2 * SECONDS);
	trace_open_passive(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	for (unsigned i = 0; i < 2; i++) { /* at 1 and 3 s: the wrap is between them */
		after(t, (1u << i) * SECONDS);
		recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	}
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

TRACE(round_trip)
{
	before_the_wrap(t, 50 * MS);
	trace_open_passive(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	cr_assert(trace_info(t).srtt_us < 110000, "%u", trace_info(t).srtt_us);
}

TRACE(window_probes)
{
	before_the_wrap(t, 2 * SECONDS);
	trace_open_passive(t);
	send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	trace_write(t, 100);
	for (unsigned i = 0; i < 3; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1);
		send(t, ACK, .seq = 1, .ack = 1, .zero_window = true);
	}
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

TRACE(delayed_acks)
{
	before_the_wrap(t, 20 * MS);
	trace_open_passive(t);
	t->keep = true;
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 101);
}

TRACE(syn_acks)
{
	before_the_wrap(t, 2 * SECONDS);
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	for (unsigned i = 0; i < 3; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	}
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
}

TRACE(time_wait)
{
	before_the_wrap(t, 30 * SECONDS);
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	silence(t, 60 * SECONDS);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 1);
	silence(t, TRACE_SLACK);
	cr_assert_eq(t->tcp->states[WEIR_TIME_WAIT], 0);
}

TRACE(fin_wait_2)
{
	before_the_wrap(t, 30 * SECONDS);
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 2);
	silence(t, 59 * SECONDS);
	no_event(t);
	silence(t, 2 * SECONDS);
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

TRACE(timestamps)
{
	before_the_wrap(t, 50 * MS);
	trace_open_timestamps(t);
	uint32_t before = t->tsval;

	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 1);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 101, .tsval = 705, .tsecr = t->tsval);
	event(t, WEIR_EV_SENT);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 101, .ack = 1, .len = 100, .tsval = 1, .tsecr = 705);
	cr_assert(t->tsval - before >= 95 && t->tsval - before <= 97, "%u", t->tsval - before);
	send(t, ACK, .seq = 1, .ack = 201, .tsval = 706, .tsecr = t->tsval);
	event(t, WEIR_EV_SENT);
}

/* The peer's clock may wrap as well: TS.Recent follows it (RFC 7323 section 5.3). */
TRACE(peers_timestamps)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = -2u);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = -2u);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = -1u, .tsecr = t->tsval);
	event(t, WEIR_EV_OPENED);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 5);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11, .tsval = 1, .tsecr = 5);
	send(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10, .tsval = -1u);
	recv(t, ACK, .seq = 1, .ack = 11, .tsval = 1, .tsecr = 5);
	counted(t, drop_paws, 1);
}
