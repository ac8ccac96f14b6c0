/* SPDX-License-Identifier: BSD-3-Clause */
/* What a hostile peer, or bad luck in the order of things, must not be able to do. */
#include "support/trace.h"

#include "tcp/sent.h"

#define BLOCK(l, r)                       \
	{                                 \
		.left = (l), .right = (r) \
	}
#define SAME .wnd = 512

static void cross(struct trace *t)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1400, .wscale = 8, .sack_ok = true);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale,
	     .sack_ok = true);
	state(t, WEIR_SYN_RECEIVED);
}

/* Old text in SYN-RECEIVED is no reason for an extension: there is no stream yet to hang on it. */
TRACE(old_text_while_syns_cross)
{
	cross(t);
	send(t, ACK, .seq = (uint32_t)-9, .ack = 1, .len = 5, SAME);
	recv(t, ACK, .seq = 1, .ack = 1);
	cr_assert_eq(t->tcp->exts.used, 0);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale,
	     .sack_ok = true);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
}

static void in_flight(struct trace *t, unsigned segments)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 8, .sack_ok = true);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale, .sack_ok = true);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	trace_write(t, segments * 1460);
	for (unsigned i = 0; i < segments; i++)
		recv(t, i + 1 == segments ? PSH | ACK : ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
}

/*
 * Of ten, 1 and 8 are lost: beyond the second hole too few are left to prove it,
 * but nothing else is to be sent.
 */
TRACE(second_hole_near_the_end)
{
	in_flight(t, 10);
	for (unsigned i = 2; i <= 7; i++) {
		send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 1 + 1460 * i) });
		if (i == 4)
			recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	}
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(11681, 14601), BLOCK(1461, 10221) });
	recv(t, ACK, .seq = 10221, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 10221, SAME, .sack = { BLOCK(11681, 14601) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
}

/* A loss in the flight right behind a recovery is a loss of its own, and slows down. */
TRACE(loss_right_behind_a_recovery)
{
	in_flight(t, 10);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 14601) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, fast_retransmits, 1);
	uint32_t before = trace_info(t).cwnd_bytes;

	trace_write(t, 5 * 1460);
	for (unsigned i = 0; i < 5; i++)
		recv(t, i == 4 ? PSH | ACK : ACK, .seq = 14601 + 1460 * i, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 14601, SAME, .sack = { BLOCK(16061, 21901) });
	recv(t, ACK, .seq = 14601, .ack = 1, .len = 1460);
	counted(t, fast_retransmits, 1);
	cr_assert_lt(trace_info(t).cwnd_bytes, before);
	send(t, ACK, .seq = 1, .ack = 21901, SAME);
	event(t, WEIR_EV_SENT);
}

/* The timer fires for a static piece, and the application sends before the output of that round. */
TRACE(send_in_the_round_of_a_time_out)
{
	trace_open_passive(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	t->now_ns += 1300 * MS;
	tcp_advance(t->tcp, t->now_ns);
	counted(t, rto_fired, 1);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 110);
	send(t, ACK, .seq = 1, .ack = 111);
	event(t, WEIR_EV_SENT);
}

/* The same, with a close: the FIN rides along once, and is counted. */
TRACE(close_in_the_round_of_a_time_out)
{
	trace_open_passive(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	t->now_ns += 1300 * MS;
	tcp_advance(t->tcp, t->now_ns);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 102);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_2);
}

/* With something in flight, a segment that was overtaken does not bring its old window back. */
TRACE(overtaken_window)
{
	trace_open_passive(t);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	send(t, ACK, .seq = 101, .ack = 1, .wnd = 300);
	uint32_t fresh = trace_info(t).send_window_bytes;

	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .wnd = 1);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 11, .ack = 101);
	cr_assert_eq(trace_info(t).send_window_bytes, fresh);
	send(t, ACK, .seq = 101, .ack = 11, .wnd = 300);
	event(t, WEIR_EV_SENT);
}

/* Blocks that tell only of duplicates, however many, are no sign of loss (RFC 2883). */
TRACE(duplicates_alone_are_no_loss)
{
	in_flight(t, 5);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	for (unsigned i = 0; i < 5; i++)
		send(t, ACK, .seq = 1, .ack = 1461, SAME, .sack = { BLOCK(1, 1461) });
	quiet(t);
	counted(t, fast_retransmits, 0);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
}

/* Duplicate ACKs without end let out no more than was in flight (RFC 5681 section 5). */
TRACE(invented_duplicate_acks)
{
	struct seg segs[64];
	struct seg_side sides[64];
	unsigned sent = 0;

	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 8);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 4000);
	event(t, WEIR_EV_OPENED);
	trace_write(t, 65000);
	trace_write(t, 65000);
	trace_write(t, 65000);
	while (tcp_output(t->tcp, segs, sides, 64, t->now_ns) > 0)
		;
	for (unsigned i = 0; i < 1000; i++) {
		send(t, ACK, .seq = 1, .ack = 1, .wnd = 4000);
		sent += tcp_output(t->tcp, segs, sides, 64, t->now_ns);
	}
	cr_assert(sent > 2 && sent <= 14, "%u", sent);
}

/* One peer's small segments do not fill the pool that others need too. */
TRACE(one_peer_takes_its_share)
{
	trace_open_passive(t);
	const struct tcb *tcb = tcb_at(t->tcp, t->conn.index);

	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	struct tcb_ext *ext = tcb_ext(t->tcp, tcb);

	for (uint32_t seq = tcb->snd_nxt; ext->segments < SENT_MAX && slot_pool_free(&t->tcp->sents) > 0;
	     seq++)
		cr_assert(sent_append(t->tcp, ext, seq, 1));
	cr_assert(!sent_append(t->tcp, ext, tcb->snd_nxt, 1));
	cr_assert(ext->segments <= SENT_MAX);
	sent_clear(t->tcp, ext);
	cr_assert_eq(ext->segments + ext->lost + ext->sacked + ext->pipe, 0);
	ext->snd_una = ((struct tcb *)(uintptr_t)tcb)->snd_nxt;
}
