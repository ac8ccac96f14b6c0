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
	in_flight(t, 3);
	send(t, ACK, .seq = 1, .ack = 1, SAME, .sack = { BLOCK(1461, 4381) });
	quiet(t);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 2921, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	event(t, WEIR_EV_SENT);
}

/* Blocks about what was never sent, or that end before they begin, are not believed. */
TRACE(lies_are_not_believed)
{
	in_flight(t, 5);
	for (unsigned i = 0; i < 4; i++)
		send(t, PSH | ACK, .seq = 1, .ack = 1, .wnd = 511 - i,
		     .sack = { BLOCK(1461, 90001), BLOCK(5841, 1461) });
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, fast_retransmits, 0);
}
