/* SPDX-License-Identifier: BSD-3-Clause */
/* Selective acknowledgment, from both ends: RFC 2018, RFC 2883 (D-SACK) and RFC 6675. */
#include "support/trace.h"

#define BLOCK(l, r)                       \
	{                                 \
		.left = (l), .right = (r) \
	}
#define SAME .wnd = 512

static void open_with_sack(struct trace *t)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .wscale = 8, .sack_ok = true);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wscale = 1 + t->tcp->rcv_wscale, .sack_ok = true);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	event(t, WEIR_EV_OPENED);
	quiet(t);
}

/* RFC 2018 section 4: the block of the segment that caused the ACK goes first. */
TRACE(blocks_tell_the_latest_first)
{
	open_with_sack(t);
	send(t, ACK, .seq = 1001, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(1001, 1101) });
	send(t, ACK, .seq = 3001, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(3001, 3101), BLOCK(1001, 1101) });
	send(t, ACK, .seq = 1101, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(1001, 1201), BLOCK(3001, 3101) });
	send(t, ACK, .seq = 1, .ack = 1, .len = 1000, SAME);
	recv(t, ACK, .seq = 1, .ack = 1201, .sack = { BLOCK(3001, 3101) });
	send(t, ACK, .seq = 1201, .ack = 1, .len = 1800, SAME);
	recv(t, ACK, .seq = 1, .ack = 3101);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 3100);
	recv(t, ACK, .seq = 1, .ack = 3101); /* the window, now that it has been read */
}

TRACE(blocks_between_join)
{
	open_with_sack(t);
	send(t, ACK, .seq = 1001, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(1001, 1101) });
	send(t, ACK, .seq = 1201, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(1201, 1301), BLOCK(1001, 1101) });
	send(t, ACK, .seq = 1051, .ack = 1, .len = 200, SAME); /* overlaps both */
	recv(t, ACK, .seq = 1, .ack = 1, .sack = { BLOCK(1001, 1301) });
	send(t, ACK, .seq = 1, .ack = 1, .len = 1000, SAME);
	recv(t, ACK, .seq = 1, .ack = 1301);
	event(t, WEIR_EV_DATA);
	cr_assert_eq(t->received, 1300);
}

/* RFC 2883: what came twice is told once, before the blocks. */
TRACE(duplicates_are_told)
{
	open_with_sack(t);
	send(t, ACK, .seq = 1, .ack = 1, .len = 100, SAME);
	event(t, WEIR_EV_DATA);
	send(t, ACK, .seq = 1, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 101, .sack = { BLOCK(1, 101) });
	counted(t, drop_duplicate, 1);
	send(t, ACK, .seq = 501, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 101, .sack = { BLOCK(501, 601) });
	send(t, ACK, .seq = 501, .ack = 1, .len = 100, SAME);
	recv(t, ACK, .seq = 1, .ack = 101, .sack = { BLOCK(501, 601), BLOCK(501, 601) });
	counted(t, drop_duplicate, 1);
}

TRACE(no_blocks_without_agreement)
{
	trace_open_passive(t);
	send(t, ACK, .seq = 1001, .ack = 1, .len = 100);
	recv(t, ACK, .seq = 1, .ack = 1);
}

static void in_flight(struct trace *t, unsigned segments)
{
	open_with_sack(t);
	trace_write(t, segments * 1460);
	for (unsigned i = 0; i < segments; i++)
		recv(t, i + 1 == segments ? PSH | ACK : ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
}

/* RFC 6675: of ten, the first and the third are lost; only those go again, in one round trip. */
TRACE(holes_alone_go_again)
{
	in_flight(t, 10);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 2921) });
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(4381, 5841), BLOCK(1461, 2921) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(4381, 7301), BLOCK(1461, 2921) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	counted(t, fast_retransmits, 1);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(4381, 8761), BLOCK(1461, 2921) });
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(4381, 14601), BLOCK(1461, 2921) });
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 2921, SAME, .sack = { BLOCK(4381, 14601) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, retransmits, 2);
	counted(t, fast_retransmits, 0);
}

/* RFC 2018 section 8: a time-out distrusts what had been sacked. */
TRACE(time_out_forgets_blocks)
{
	in_flight(t, 4);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 4381) });
	quiet(t);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	recv(t, PSH | ACK, .seq = 4381, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	event(t, WEIR_EV_SENT);
}

/*
 * Blocks about what was never sent, or that end before they begin, are not believed;
 * those that are as they should be are, beside them.
 */
TRACE(lies_are_not_believed)
{
	in_flight(t, 10);
	for (unsigned i = 0; i < 4; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME,
		     .sack = { BLOCK(1461, 14602), BLOCK(14601, 1461), BLOCK(90001, 93001) });
	quiet(t);
	counted(t, fast_retransmits, 0);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(4381, 8761), BLOCK(1461, 14602) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	counted(t, fast_retransmits, 1);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
}

/* RFC 6675 section 2: a duplicate ACK is one with news in its blocks, whatever else has changed. */
TRACE(news_with_another_window_is_a_duplicate_ack)
{
	in_flight(t, 5);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, .wnd = 511 - i, .sack = { BLOCK(1461, 2921 + 1460 * i) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	counted(t, fast_retransmits, 1);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
}

/* And one without news is none, once there have been blocks: the peer has been told nothing new. */
TRACE(repeated_blocks_are_no_duplicate_acks)
{
	in_flight(t, 5);
	for (unsigned i = 0; i < 5; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(2921, 4381) });
	for (unsigned i = 0; i < 5; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	quiet(t);
	counted(t, fast_retransmits, 0);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
}

/* IsLost() by bytes: two segments' worth and more beyond it, in however many the peer tells of it. */
TRACE(loss_is_told_by_bytes_as_well)
{
	in_flight(t, 5);
	tcb_at(t->tcp, t->conn.index)->mss = 1000; /* the path has become narrower since */
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(5841, 7301) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(4381, 7301) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1000);
	recv(t, ACK, .seq = 1001, .ack = 1, .len = 460);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1000);
	recv(t, ACK, .seq = 2461, .ack = 1, .len = 460);
	quiet(t); /* half of what was in flight is 3650 bytes */
	counted(t, fast_retransmits, 1);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
}

/* NextSeg() rule 2: what is new goes before what is perhaps lost. */
TRACE(new_data_goes_before_what_may_be_lost)
{
	in_flight(t, 10);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 11681), BLOCK(13141, 14601) });
	trace_write(t, 1460);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 14601, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 11681, .ack = 1, .len = 1460); /* then rule 3: one segment is known beyond it */
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 16061, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, retransmits, 2);
}

/* What rule 3 sends may be in the network twice, and counts so: the window of five takes one of the two. */
TRACE(what_may_be_lost_counts_twice)
{
	in_flight(t, 10);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(4381, 10221), BLOCK(13141, 14601) });
	for (unsigned i = 0; i < 3; i++)
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, ACK, .seq = 10221, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
}

/* Of what may be lost the window takes only the front: the rest is as it was, and in the network. */
TRACE(what_may_be_lost_goes_in_part)
{
	in_flight(t, 10);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 5841), BLOCK(13141, 14601) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 5841, SAME, .sack = { BLOCK(13141, 14601) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 5841, .wnd = 4, .sack = { BLOCK(11681, 14601) });
	recv(t, ACK, .seq = 5841, .ack = 1, .len = 512);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	quiet(t); /* 6352 of the window's 7300 bytes are in the network */
	send(t, ACK, .seq = 1, .ack = 6353, SAME);
	recv(t, ACK, .seq = 6353, .ack = 1, .len = 948);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
}

/* NextSeg() rule 4: of ten the first is lost and the last, which no block can stand beyond. */
TRACE(tail_is_rescued_once)
{
	in_flight(t, 10);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 11681) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t); /* not before there has been a partial ACK */
	send(t, ACK, .seq = 1, .ack = 11681, SAME);
	recv(t, PSH | ACK, .seq = 13141, .ack = 1, .len = 1460);
	quiet(t); /* once: the one before it is for rule 3 */
	send(t, ACK, .seq = 1, .ack = 11681, SAME, .sack = { BLOCK(13141, 14601) });
	recv(t, ACK, .seq = 11681, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, fast_retransmits, 1);
	counted(t, retransmits, 3);
	counted(t, rto_fired, 0);
}

/* RFC 6675 section 5.1: no new recovery before all that a time-out took for lost is acknowledged. */
TRACE(no_recovery_within_a_time_out)
{
	in_flight(t, 10);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(5841, 14601) });
	quiet(t);
	counted(t, fast_retransmits, 0);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME, .sack = { BLOCK(5841, 14601) });
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 14601, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, fast_retransmits, 0);
}

/* Not even for what lies beyond it. */
TRACE(no_recovery_beside_a_time_out)
{
	in_flight(t, 4);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	trace_write(t, 6 * 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	for (unsigned i = 3; i < 6;
	     i++) /* the first of these, all of which a time-out took for lost, is lost again */
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	for (unsigned i = 4; i < 7; i++) {
		send(t, ACK, .seq = 1, .ack = 4381, SAME, .sack = { BLOCK(5841, 1 + 1460 * (i + 1)) });
		recv(t, ACK, .seq = 1 + 1460 * (i + 2), .ack = 1, .len = 1460);
		quiet(t);
	}
	counted(t, fast_retransmits, 0);
	send(t, ACK, .seq = 1, .ack = 13141, SAME);
	recv(t, PSH | ACK, .seq = 13141, .ack = 1, .len = 1460);
}

/* Three in flight, nothing more to send: two duplicate ACKs are all that can come (RFC 5827). */
TRACE(early_retransmit_with_blocks)
{
	in_flight(t, 3);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 2921) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 4381) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, fast_retransmits, 1);
}

/* A D-SACK tells of a repetition that was needless: from then on three are waited for. */
static void needless_repetition(struct trace *t, struct sack_block told, struct sack_block held)
{
	in_flight(t, 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 2921) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	event(t, WEIR_EV_SENT);
	trace_write(t, 2 * 1460);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 4381, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921, SAME, .sack = { told, held });
	send(t, ACK, .seq = 1, .ack = 2921, SAME, .sack = { BLOCK(4381, 5841) });
	quiet(t);
	counted(t, fast_retransmits, 1);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	event(t, WEIR_EV_SENT);
}

TRACE(no_early_retransmit_where_the_path_reorders)
{
	needless_repetition(t, (struct sack_block)BLOCK(1, 1461), (struct sack_block){ 0 });
}

TRACE(duplicate_within_a_block_is_told_by_the_first)
{
	needless_repetition(t, (struct sack_block)BLOCK(4381, 5841), (struct sack_block)BLOCK(4381, 5841));
}

/* A block that lies does not make a D-SACK of the one before it. */
TRACE(lie_beside_it_makes_no_dsack)
{
	in_flight(t, 3);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 2921), BLOCK(1461, 90001) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 4381) });
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	event(t, WEIR_EV_SENT);
}
