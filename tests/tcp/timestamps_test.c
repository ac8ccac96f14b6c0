/* SPDX-License-Identifier: BSD-3-Clause */
/* Timestamps: RFC 7323 sections 3.2, 4.3 and 5. */
#include "support/trace.h"

TRACE(on_every_segment)
{
	trace_open_timestamps(t);
	uint32_t opened = t->tsval;

	silence(t, 1000 * MS);
	trace_write(t, 3000);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1448, .tsval = 1, .tsecr = 701);
	cr_assert(t->tsval - opened > 950 && t->tsval - opened < 960,
		  "the clock ticks about 954 times a second");
	recv(t, ACK, .seq = 1449, .ack = 1, .len = 1448, .tsval = 1, .tsecr = 701);
	send(t, ACK, .seq = 1, .ack = 2897, .tsval = 702);
	recv(t, PSH | ACK, .seq = 2897, .ack = 1, .len = 104, .tsval = 1, .tsecr = 702);
	send(t, ACK, .seq = 1, .ack = 3001, .tsval = 703);
	event(t, WEIR_EV_SENT);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 3001, .ack = 1, .tsval = 1, .tsecr = 703);
}

/* R1: older than TS.Recent: an ACK, and nothing of it is used. */
TRACE(paws)
{
	trace_open_timestamps(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 700);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	counted(t, drop_paws, 1);
	send(t, FIN | ACK, .seq = 1, .ack = 1, .tsval = 701 - (1u << 30));
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	counted(t, drop_paws, 1);
	no_event(t);
	state(t, WEIR_ESTABLISHED);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 701); /* equal is not older */
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 11, .tsval = 1, .tsecr = 701);
}

TRACE(paws_exempts_rst)
{
	trace_open_timestamps(t);
	send(t, RST, .seq = 1, .tsval = 5);
	event_closed(t, 0, WEIR_REASON_RESET);
}

/* RFC 7323 section 3.2: ours has one, of the time when it is sent. */
TRACE(rst_has_a_timestamp)
{
	trace_open_timestamps(t);
	uint32_t opened = t->tsval;

	silence(t, 1000 * MS);
	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	cr_assert(t->tsval - opened > 950 && t->tsval - opened < 960);
	event_closed(t, 0, WEIR_REASON_ABORTED);
}

TRACE(rst_needs_no_timestamp)
{
	trace_open_timestamps(t);
	send(t, RST, .seq = 1);
	event_closed(t, 0, WEIR_REASON_RESET);
}

TRACE(missing_timestamp_is_dropped_silently)
{
	trace_open_timestamps(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	counted(t, drop_no_timestamp, 1);
	quiet(t);
	no_event(t);
}

/* What was not agreed on is not looked at, and not sent. */
TRACE(timestamp_that_was_not_agreed_on)
{
	trace_open_passive(t);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 100);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 11);
	cr_assert_not(t->ahead.opts & SEG_OPT_TS);
	send(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10, .tsval = 50);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 21);
	cr_assert_not(t->ahead.opts & SEG_OPT_TS);
}

/*
 * Section 4.3: of the segments that one ACK answers the first gives TS.Recent, so that delayed ACKs count
 * in.
 */
TRACE(first_of_a_delayed_ack_is_echoed)
{
	trace_open_timestamps(t);
	t->keep = true;
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 710);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10, .tsval = 720);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 21, .tsval = 1, .tsecr = 710);
	send(t, ACK, .seq = 21, .ack = 1, .len = 10, .tsval = 730);
	event(t, WEIR_EV_DATA);
	after(t, DELAYED_ACK);
	recv(t, ACK, .seq = 1, .ack = 31, .tsval = 1, .tsecr = 730);
}

/* A segment behind a gap (SEG.SEQ > Last.ACK.sent) does not move TS.Recent. */
TRACE(segment_behind_a_gap_is_not_echoed)
{
	trace_open_timestamps(t);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10, .tsval = 720);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	send(t, ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 710);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 21, .tsval = 1, .tsecr = 710);
}

TRACE(segment_that_fills_a_gap_is_echoed)
{
	trace_open_timestamps(t);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 750);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 1, .tsecr = 750);
	send(t, ACK, .seq = 1, .ack = 11, .tsval = 760);
	event(t, WEIR_EV_SENT);
	send(t, RST | ACK, .seq = 2, .ack = 11, .tsval = 900); /* a RST does not count */
	recv(t, ACK, .seq = 11, .ack = 1, .tsval = 1, .tsecr = 760);
}

/* The clock of TSval is shifted by what the tuple and a secret give: the same for both lives of a tuple. */
TRACE(clock_goes_on_from_one_life_to_the_next)
{
	trace_open_timestamps(t);
	uint32_t before = t->tsval;

	call(tcp_abort(t->tcp, t->conn), 0);
	recv(t, RST | ACK, .seq = 1, .ack = 1);
	event_closed(t, 0, WEIR_REASON_ABORTED);
	silence(t, 1000 * MS);
	send(t, SYN, .mss = 1460, .tsval = 2000);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 2000);
	cr_assert(t->tsval - before > 950 && t->tsval - before < 960);
}

TRACE(clocks_of_different_tuples_differ)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1);
	uint32_t one = t->tsval;

	t->rport = 40001;
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1);
	cr_assert_gt(t->tsval - one + 1000000, 2000000);
}

/*
 * A second time the same: what waits for an ACK has given its timestamp, be it text,
 * what filled a gap, or a FIN.
 */
TRACE(first_of_what_fills_a_gap_is_echoed)
{
	trace_open_timestamps(t);
	send(t, ACK, .seq = 11, .ack = 1, .len = 10, .tsval = 720);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 701);
	burst(t, { ACK, .seq = 1, .ack = 1, .len = 10, .tsval = 730 },
	      { ACK, .seq = 21, .ack = 1, .len = 10, .tsval = 740 });
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 31, .tsval = 1, .tsecr = 730);
}

TRACE(fin_is_echoed_though_an_ack_follows)
{
	trace_open_timestamps(t);
	burst(t, { FIN | ACK, .seq = 1, .ack = 1, .tsval = 730 }, { ACK, .seq = 2, .ack = 1, .tsval = 740 });
	event(t, WEIR_EV_FIN);
	recv(t, ACK, .seq = 1, .ack = 2, .tsval = 1, .tsecr = 730);
}

static void hours_go_by(struct trace *t, unsigned hours)
{
	for (unsigned i = 0; i < hours; i++)
		silence(t, 3600 * SECONDS);
}

#define DAYS 24u

/* Text at theirs, of this time; it is taken if `taken`, and answered at once. */
static void text_of(struct trace *t, uint32_t theirs, uint32_t tsval, uint32_t tsecr, bool taken)
{
	send(t, PSH | ACK, .seq = theirs, .ack = 1, .len = 10, .tsval = tsval);
	if (taken) {
		event(t, WEIR_EV_DATA);
		after(t, DELAYED_ACK);
	}
	counted(t, drop_paws, !taken);
	recv(t, ACK, .seq = 1, .ack = taken ? theirs + 10 : theirs, .tsval = 1, .tsecr = tsecr);
}

/* Section 5.5: the peer's clock may have gone round by half since; PAWS begins anew with what comes. */
TRACE(timestamp_of_24_days_ago_is_not_believed)
{
	trace_open_timestamps(t);
	hours_go_by(t, 24 * DAYS + 12);
	text_of(t, 1, 701 + (1u << 31) + 5, 701 + (1u << 31) + 5, true);
	text_of(t, 11, 701 + (1u << 31), 701 + (1u << 31) + 5, false);
}

TRACE(timestamp_of_23_days_ago_is_believed)
{
	trace_open_timestamps(t);
	hours_go_by(t, 24 * DAYS - 1);
	text_of(t, 1, 700, 701, false);
}

/* However long it stays silent: our own clock goes round in 52 days. */
TRACE(timestamp_of_sixty_days_ago_is_not_believed)
{
	trace_open_timestamps(t);
	hours_go_by(t, 60 * DAYS);
	text_of(t, 1, 700, 700, true);
}

/*
 * Idle is who is not heard: what comes in between begins the time anew,
 * and so do the answers to what we send.
 */
TRACE(what_is_heard_keeps_the_timestamp)
{
	trace_open_timestamps(t);
	for (unsigned i = 0; i < 4; i++) {
		hours_go_by(t, 10 * DAYS);
		text_of(t, 1 + 10 * i, 710 + i, 710 + i, true);
	}
	text_of(t, 41, 700, 713, false);
	hours_go_by(t, 20 * DAYS);
	trace_write(t, 10);
	recv(t, PSH | ACK, .seq = 1, .ack = 41, .len = 10);
	send(t, ACK, .seq = 41, .ack = 11, .tsval = 720);
	event(t, WEIR_EV_SENT);
	hours_go_by(t, 20 * DAYS);
	send(t, ACK, .seq = 41, .ack = 11, .tsval = 719);
	counted(t, drop_paws, 1);
	recv(t, ACK, .seq = 11, .ack = 41, .tsval = 1, .tsecr = 720);
}

/* The clock of TSval never runs backwards, over what ends and times out. */
TRACE(our_clock_never_runs_backwards)
{
	uint32_t before;

	trace_open_timestamps(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 1);
	for (unsigned i = 0; i < 2; i++) {
		before = t->tsval;
		after(t, (1u << i) * SECONDS);
		recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 1);
		cr_assert_geq((int32_t)(t->tsval - before), 953 << i);
	}
	before = t->tsval;
	send(t, FIN | ACK, .seq = 1, .ack = 101, .tsval = 702);
	event(t, WEIR_EV_SENT | WEIR_EV_FIN);
	recv(t, ACK, .seq = 101, .ack = 2, .tsval = 1);
	cr_assert_geq((int32_t)(t->tsval - before), 0);
	before = t->tsval;
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 101, .ack = 2, .tsval = 1);
	cr_assert_geq((int32_t)(t->tsval - before), 0);
}
