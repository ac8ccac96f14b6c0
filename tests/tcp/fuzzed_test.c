/* SPDX-License-Identifier: BSD-3-Clause */
/* What fuzzers found (tests/fuzz), each as a trace. */
#include <errno.h>

#include "support/trace.h"

/* The SYN's time-out has fired, and its answer comes before the next output: nothing is to be sent again. */
TRACE(data_is_sent_though_a_syn_waited_to_be_sent_again)
{
	connect(t);
	recv_syn(t);
	t->now_ns += 1100 * MS;
	tcp_advance(t->tcp, t->now_ns);
	send(t, SYN | ACK, .ack = 1, .mss = 1460);
	event(t, WEIR_EV_OPENED);
	trace_write_static(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	quiet(t);
}

/* A peer that sends beyond its own FIN: that is no text, and is not told of as if it were. */
TRACE(text_beyond_a_fin_is_given_up)
{
	connect(t);
	recv_syn(t);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .sack_ok = true);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 2, .ack = 1, .len = 10);
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { { 2, 12 } });
	send(t, FIN | ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 2);
	cr_assert_eq(payload_arena_live(), 0);
}

/* Output is at its bound: close says to try again, and no lingering has begun. */
TRACE(a_close_that_was_refused_does_not_end_the_connection)
{
	struct weir_options options;
	weir_conn other;

	trace_open_passive(t);
	tcp_options_default(t->tcp, &options);
	options.linger_ns = 100 * MS;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	quiet(t);
	t->tcp->dirty_ring.mask = 0;
	call(tcp_connect(t->tcp, (struct weir_endpoint){ t->pair.local, 1000 },
			 (struct weir_endpoint){ t->pair.remote, TRACE_OTHER_PORT }, 0, t->now_ns, &other),
	     0);
	call(tcp_close(t->tcp, t->conn), -EAGAIN);
	call(tcp_abort(t->tcp, other), 0);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	t->conn = (weir_conn){ 0, t->conn.generation };
	silence(t, 1 * SECONDS);
	cr_assert_eq(t->tcp->states[WEIR_ESTABLISHED], 1);
}

/* A FIN behind a gap, and then text beyond it: whoever sends that has not closed. */
TRACE(a_fin_that_text_has_passed_is_forgotten)
{
	trace_open_passive(t);
	send(t, FIN | ACK, .seq = 11, .ack = 1);
	recv(t, ACK, .seq = 1, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 1, .len = 20);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 21);
	state(t, WEIR_ESTABLISHED);
	silence(t, 2 * SECONDS);
	cr_assert_eq(t->tcp->exts.used, 0, "an extension that waits for nothing");
	send(t, FIN | ACK, .seq = 21, .ack = 1);
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 22);
}

/*
 * Beyond the window, and with an ACK of nothing that was sent:
 * the RST that this deserves, and no ACK beside it.
 */
TRACE(a_segment_with_a_wrong_ack_is_answered_once)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	send(t, ACK, .seq = 1, .ack = 50, .len = 60000);
	recv(t, RST, .seq = 50);
	quiet(t);
}

/* While others have all the descriptors of segments in flight. */
TRACE(a_fin_that_found_no_descriptor_is_sent_later)
{
	uint32_t taken[1024];
	unsigned n = 0;

	trace_open_passive(t);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10); /* a gap, and so an extension */
	recv(t, ACK, .seq = 1, .ack = 1);
	while (slot_pool_free(&t->tcp->sents) > 0)
		taken[n++] = slot_pool_take(&t->tcp->sents);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	quiet(t);
	while (n > 0)
		slot_pool_give(&t->tcp->sents, taken[--n]);
	after(t, 1 * SECONDS);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
}

/*
 * Rule 3 of RFC 6675's NextSeg() sent a segment again, which counts twice in `pipe`. Then blocks tell that
 * the first of the two was lost: it counts once (SetPipe()), and the window of five takes two new ones beside
 * the other three.
 */
TRACE(what_went_twice_counts_once_when_it_is_lost)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .sack_ok = true);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .sack_ok = true);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 10 * 1460);
	for (unsigned i = 0; i < 10; i++)
		recv(t, i == 9 ? PSH | ACK : ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1, .sack = { { 1461, 5841 }, { 13141, 14601 } });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 5841, .sack = { { 13141, 14601 } });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 5841, .sack = { { 11681, 14601 } });
	recv(t, ACK, .seq = 5841, .ack = 1, .len = 1460); /* perhaps lost */
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 5841, .sack = { { 10221, 14601 } });
	recv(t, ACK, .seq = 7301, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 8761, .ack = 1, .len = 1460);
	trace_write(t, 3 * 1460);
	recv(t, ACK, .seq = 14601, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 16061, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 17521);
	recv(t, PSH | ACK, .seq = 17521, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 18981);
	event(t, WEIR_EV_SENT);
}
