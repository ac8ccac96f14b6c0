/* SPDX-License-Identifier: BSD-3-Clause */
/* Loss: time-outs (RFC 6298), fast retransmit (RFC 5681), NewReno (RFC 6582), limited transmit (RFC 3042). */
#include "support/trace.h"

/* The peer's window as trace_open_passive() left it: an ACK that repeats it can be a duplicate. */
#define SAME .wnd = 512

/* Writes n segments and sees them go out. */
static void write_segments(struct trace *t, unsigned n)
{
	trace_write(t, 1460 * n);
	for (unsigned i = 0; i < n; i++)
		recv(t, i + 1 < n ? ACK : PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
}

/* The RTO is a second. */
static void in_flight(struct trace *t, unsigned n)
{
	trace_open_passive(t);
	write_segments(t, n);
}

/* So it is here, but because nothing has been measured. */
static void in_flight_unmeasured(struct trace *t, unsigned n)
{
	trace_open_unmeasured(t);
	write_segments(t, n);
}

TRACE(time_out_doubles_and_gives_up)
{
	in_flight(t, 1);
	for (unsigned i = 0; i < 6; i++) { /* at 1, 3, 7, 15, 31, 63 s */
		after(t, (1u << i) * SECONDS);
		recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	}
	counted(t, retransmits, 6);
	counted(t, rto_fired, 6);
	silence(t, 36900 * MS);
	event_warned(t, 0, WEIR_REASON_TIMEOUT);
	silence(t, 200 * MS); /* at 100 s, user_timeout_ns, and not at the next time-out */
	event_closed(t, 0, WEIR_REASON_TIMEOUT);
}

static void thirty_seconds(struct weir_config *config)
{
	config->user_timeout_ns = 30 * SECONDS;
}

TRACE_CONFIGURED(user_timeout_is_configured, thirty_seconds)
{
	in_flight(t, 1);
	for (unsigned i = 0; i < 4; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	}
	silence(t, 16 * SECONDS + TRACE_SLACK); /* at 31 s */
	event_closed(t, WEIR_EV_WARNING, WEIR_REASON_TIMEOUT);
}

/* What the peer does acknowledge begins the patience anew. */
TRACE(progress_resets_the_patience)
{
	in_flight(t, 2);
	for (unsigned i = 0; i < 6; i++) {
		after(t, (1u << i) * SECONDS);
		recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	}
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	after(t, 60 * SECONDS); /* without a sample the RTO stays where it was */
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	state(t, WEIR_ESTABLISHED);
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	event_warned(t, WEIR_EV_SENT, WEIR_REASON_TIMEOUT);
}

/* RFC 6298 rules 2.2 and 2.3: SRTT 300, RTTVAR 150; then 300 and 112.5. */
TRACE_CONFIGURED(rto_follows_the_round_trip, trace_rto_of_hosts)
{
	in_flight_unmeasured(t, 1);
	silence(t, 300 * MS);
	send(t, ACK, .seq = 1, .ack = 1461);
	event(t, WEIR_EV_SENT);
	cr_assert(trace_info(t).srtt_us > 292000 && trace_info(t).srtt_us < 294000); /* of 1024 ns */
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 100);
	silence(t, 300 * MS);
	send(t, ACK, .seq = 1, .ack = 1561);
	event(t, WEIR_EV_SENT);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1561, .ack = 1, .len = 100);
	after(t, 750 * MS);
	recv(t, PSH | ACK, .seq = 1561, .ack = 1, .len = 100);
	after(t, 1500 * MS);
	recv(t, PSH | ACK, .seq = 1561, .ack = 1, .len = 100);
}

TRACE_CONFIGURED(rto_is_200_ms_at_least, trace_rto_of_hosts)
{
	in_flight(t, 1);
	silence(t, 2 * MS);
	send(t, ACK, .seq = 1, .ack = 1461);
	event(t, WEIR_EV_SENT);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 100);
	after(t, 200 * MS);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 100);
}

/* Rule 5.3: an ACK of new data gives what is left a whole RTO. */
TRACE(ack_restarts_the_timer)
{
	in_flight_unmeasured(t, 2);
	silence(t, 900 * MS);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	silence(t, 1000 * MS);
	after(t, 1700 * MS); /* SRTT 900, RTTVAR 450: 2700 ms in all */
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
}

/*
 * Karn: no sample from what was sent twice; the RTO stays backed off until there is one, and then
 * collapses.
 */
TRACE(karn_without_timestamps)
{
	in_flight(t, 1);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	silence(t, 1500 * MS);
	send(t, ACK, .seq = 1, .ack = 1461);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).srtt_us, 0);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 100);
	silence(t, 1500 * MS); /* the path has become slow, and 2 s are enough for it */
	send(t, ACK, .seq = 1, .ack = 1561);
	event(t, WEIR_EV_SENT);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1561, .ack = 1, .len = 100);
	after(t, 4500 * MS); /* a first sample: R + 4 * R / 2 */
	recv(t, PSH | ACK, .seq = 1561, .ack = 1, .len = 100);
}

/* With timestamps the ACK says which of the two it answers (RFC 7323 section 4.1). */
TRACE(timestamps_tell_which_was_answered)
{
	trace_open_timestamps(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 1);
	uint32_t first = t->tsval;

	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 1);
	silence(t, 500 * MS);
	send(t, ACK, .seq = 1, .ack = 101, .tsval = 702, .tsecr = first);
	event(t, WEIR_EV_SENT);
	/* An eighth of it: the handshake took no time. */
	cr_assert(trace_info(t).srtt_us > 1460000 / 8 && trace_info(t).srtt_us < 1475000 / 8, "%u",
		  trace_info(t).srtt_us);
}

/* An echo of something that was never sent is no sample. */
TRACE(absurd_echo_is_no_sample)
{
	trace_open_timestamps(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 1);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100, .tsval = 1);
	send(t, ACK, .seq = 1, .ack = 101, .tsval = 702, .tsecr = t->tsval + 1000);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).srtt_us, 0);
}

TRACE(three_duplicate_acks)
{
	in_flight(t, 5);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	counted(t, fast_retransmits, 1);
	/* Half of five; what has left is not in the pipe. */
	cr_assert_eq(trace_info(t).cwnd_bytes, 2 * 1460 + 730);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	cr_assert_eq(trace_info(t).cwnd_bytes, 2 * 1460 + 730);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
	quiet(t);
	cr_assert_leq(trace_info(t).srtt_us, 1, "Karn: the segment that was timed went twice");
	cr_assert_eq(trace_info(t).cwnd_bytes, 2 * 1460 + 730);
}

/*
 * RFC 5681 section 2: no duplicate ACK is one with text, with a FIN, with another window, or with nothing
 * in flight.
 */
TRACE(what_is_no_duplicate_ack)
{
	in_flight(t, 5);
	send(t, PSH | ACK, .seq = 1, .ack = 1, .len = 10, SAME);
	send(t, PSH | ACK, .seq = 11, .ack = 1, .len = 10, SAME);
	send(t, PSH | ACK, .seq = 21, .ack = 1, .len = 10, SAME);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 7301, .ack = 31);
	for (unsigned wnd = 513; wnd < 516; wnd++)
		send(t, ACK, .seq = 31, .ack = 1, .wnd = wnd);
	quiet(t);
	send(t, ACK, .seq = 31, .ack = 7301, .wnd = 515);
	event(t, WEIR_EV_SENT);
	for (unsigned i = 0; i < 5; i++)
		send(t, ACK, .seq = 31, .ack = 7301, .wnd = 515);
	quiet(t);
	counted(t, fast_retransmits, 0);
}

/* Duplicates are counted from the last ACK that was none. */
TRACE(two_duplicates_and_one_later)
{
	in_flight(t, 5);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	quiet(t);
	counted(t, fast_retransmits, 0);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
}

/* Each of the first two duplicates lends a segment beyond the congestion window. */
TRACE(limited_transmit)
{
	trace_open_passive(t);
	trace_write(t, 13 * 1460);
	for (unsigned i = 0; i < 10; i++)
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 14601, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 16061, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 17521, SAME);
	recv(t, PSH | ACK, .seq = 17521, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 18981, SAME);
	event(t, WEIR_EV_SENT);
}

/* Two of eight are lost: the partial ACK tells of the second, without three more duplicates. */
TRACE(newreno_partial_ack)
{
	in_flight(t, 8);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	cr_assert_eq(trace_info(t).cwnd_bytes, 4 * 1460);
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	quiet(t);
	cr_assert_eq(trace_info(t).cwnd_bytes, 4 * 1460);
	send(t, ACK, .seq = 1, .ack = 11681, SAME);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).cwnd_bytes, 4 * 1460);
	counted(t, fast_retransmits, 1);
}

/* RFC 5681 section 3.2 step 2: what limited transmit has sent is not halved. */
TRACE(limited_transmit_is_no_part_of_what_is_halved)
{
	trace_open_passive(t);
	trace_write(t, 12 * 1460);
	for (unsigned i = 0; i < 10; i++)
		recv(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	for (unsigned i = 0; i < 2; i++) {
		send(t, ACK, .seq = 1, .ack = 1, SAME);
		recv(t, i == 0 ? ACK : PSH | ACK, .seq = 14601 + 1460 * i, .ack = 1, .len = 1460);
	}
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	cr_assert_eq(trace_info(t).cwnd_bytes, 5 * 1460);
	send(t, ACK, .seq = 1, .ack = 17521, SAME);
	event(t, WEIR_EV_SENT);
}

/* Two or three in flight and nothing more to send: three duplicate ACKs cannot come (RFC 5827). */
TRACE(early_retransmit)
{
	in_flight(t, 2);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	event(t, WEIR_EV_SENT);
	trace_write(t, 3 * 1460);
	for (unsigned i = 0; i < 2; i++)
		recv(t, ACK, .seq = 2921 + 1460 * i, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	recv(t, PSH | ACK, .seq = 5841, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, fast_retransmits, 1);
	counted(t, rto_fired, 0);
}

/* Where more could go, it does: limited transmit will bring the third duplicate. */
TRACE(no_early_retransmit_with_more_to_send)
{
	in_flight(t, 3);
	trace_write(t, 1460);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, PSH | ACK, .seq = 4381, .ack = 1, .len = 1460);
	quiet(t);
	counted(t, fast_retransmits, 0);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	event(t, WEIR_EV_SENT);
}

/* Three of eight are lost: the second partial ACK leaves the timer alone (RFC 6582 section 3.2 step 3). */
TRACE(first_partial_ack_alone_restarts_the_timer)
{
	in_flight(t, 8);
	silence(t, 200 * MS);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	silence(t, 400 * MS);
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	silence(t, 400 * MS);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	recv(t, ACK, .seq = 5841, .ack = 1, .len = 1460);
	after(t, 600 * MS);
	recv(t, ACK, .seq = 5841, .ack = 1, .len = 1460);
	counted(t, rto_fired, 1);
	send(t, ACK, .seq = 1, .ack = 11681, SAME);
	event(t, WEIR_EV_SENT);
}

/*
 * RFC 6582 section 4.1: a repetition after a time-out is lost again. That the ACK before the duplicates
 * acknowledged one segment, not many, tells that these are no answers to what went needlessly.
 */
TRACE(loss_after_a_time_out_is_found)
{
	in_flight(t, 8);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	for (unsigned i = 0; i < 3; i++)
		recv(t, ACK, .seq = 4381 + 1460 * i, .ack = 1, .len = 1460);
	quiet(t);
	for (unsigned i = 0; i < 2; i++) {
		send(t, ACK, .seq = 1, .ack = 4381, SAME);
		recv(t, i == 0 ? ACK : PSH | ACK, .seq = 8761 + 1460 * i, .ack = 1, .len = 1460);
	}
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	recv(t, ACK, .seq = 4381, .ack = 1, .len = 1460);
	counted(t, fast_retransmits, 1);
	send(t, ACK, .seq = 1, .ack = 11681, SAME);
	event(t, WEIR_EV_SENT);
}

/* In recovery each further duplicate makes room for new data (RFC 5681 section 3.2 step 4). */
TRACE(recovery_goes_on_sending)
{
	in_flight(t, 6);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	trace_write(t, 2920);
	quiet(t); /* cwnd is 3 + 3, and six are in flight */
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 8761, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, PSH | ACK, .seq = 10221, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 11681, SAME);
	event(t, WEIR_EV_SENT);
}

/* After a time-out everything goes again, from the oldest on, as slow start allows. */
TRACE(time_out_goes_back)
{
	in_flight(t, 4);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	recv(t, PSH | ACK, .seq = 4381, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	event(t, WEIR_EV_SENT);
	counted(t, retransmits, 4);
}

/*
 * ssthresh is half of what was in flight at the first time-out, two segments at least, and is not halved
 * again.
 */
TRACE(slow_start_threshold_after_time_outs)
{
	in_flight(t, 8);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	after(t, 2 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 11681, SAME);
	event(t, WEIR_EV_SENT);
	const struct tcb *tcb = tcb_at(t->tcp, t->conn.index);

	cr_assert_eq(tcb_ext(t->tcp, tcb)->ssthresh, 4 * 1460);
}

TRACE(slow_start_threshold_is_two_segments_at_least)
{
	in_flight(t, 1);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	cr_assert_eq(tcb_ext(t->tcp, tcb_at(t->tcp, t->conn.index))->ssthresh, 2 * 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME);
	event(t, WEIR_EV_SENT);
}

/* Above ssthresh the window grows by about a segment for each window's worth (RFC 5681 equation 3). */
TRACE(congestion_avoidance)
{
	in_flight(t, 4);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).cwnd_bytes, 2 * 1460);
	trace_write(t, 2920);
	recv(t, ACK, .seq = 5841, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 7301, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	cr_assert_eq(trace_info(t).cwnd_bytes, 2 * 1460);
	send(t, ACK, .seq = 1, .ack = 8761, SAME);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).cwnd_bytes, 3 * 1460);
}

/*
 * A needless time-out: its repetitions bring duplicate ACKs, which are no loss (RFC 6582 section 3.2 step
 * 1).
 */
TRACE(duplicates_after_a_time_out_are_no_loss)
{
	in_flight(t, 5);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 7301, SAME); /* everything had only been late */
	event(t, WEIR_EV_SENT);
	trace_write(t, 2920);
	recv(t, ACK, .seq = 7301, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 8761, .ack = 1, .len = 1460);
	for (unsigned i = 0; i < 4; i++)
		send(t, ACK, .seq = 1, .ack = 7301, SAME);
	quiet(t);
	counted(t, fast_retransmits, 0);
	send(t, ACK, .seq = 1, .ack = 10221, SAME);
	event(t, WEIR_EV_SENT);
}

TRACE(fast_retransmit_works_again_once_the_time_out_is_mended)
{
	in_flight(t, 2);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921, SAME);
	event(t, WEIR_EV_SENT);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 2921, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	event(t, WEIR_EV_SENT);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 4381, .ack = 1, .len = 1460);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 4381, SAME);
	recv(t, PSH | ACK, .seq = 4381, .ack = 1, .len = 1460);
	counted(t, fast_retransmits, 1);
	send(t, ACK, .seq = 1, .ack = 5841, SAME);
	event(t, WEIR_EV_SENT);
}

/* The fast retransmission is lost as well: the time-out ends the recovery. */
TRACE(time_out_in_recovery)
{
	in_flight(t, 5);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, SAME);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	silence(t, 990 * MS);
	after(t, 10 * MS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	quiet(t);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1460);
	send(t, ACK, .seq = 1, .ack = 1461, SAME); /* slow start, not a partial ACK */
	recv(t, ACK, .seq = 1461, .ack = 1, .len = 1460);
	recv(t, ACK, .seq = 2921, .ack = 1, .len = 1460);
	quiet(t);
	send(t, ACK, .seq = 1, .ack = 7301, SAME);
	event(t, WEIR_EV_SENT);
}

/* Data that is written meanwhile joins the FIN and what is repeated. */
TRACE(fin_joins_what_is_repeated)
{
	trace_open_passive(t);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	silence(t, 900 * MS);
	trace_write(t, 50);
	quiet(t);
	after(t, 100 * MS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 150);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 151, .ack = 1);
	send(t, ACK, .seq = 1, .ack = 152);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(t->tcp->exts.used, 0);
}

TRACE(lost_static_piece)
{
	trace_open_passive(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	after(t, 1 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	after(t, 2 * SECONDS);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	cr_assert_eq(t->tcp->exts.used, 0);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1460);
	silence(t, 10 * SECONDS);
}

TRACE(lost_static_piece_with_fin)
{
	trace_open_passive(t);
	trace_write_static(t, 100);
	call(tcp_shutdown(t->tcp, t->conn), 0);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	after(t, 1 * SECONDS);
	recv(t, FIN | PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 102);
	event(t, WEIR_EV_SENT);
	state(t, WEIR_FIN_WAIT_2);
}

TRACE(static_piece_partly_acknowledged)
{
	trace_open_unmeasured(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	silence(t, 500 * MS);
	send(t, ACK, .seq = 1, .ack = 41);
	no_event(t);
	cr_assert_eq(trace_info(t).unacked_bytes, 60);
	silence(t, 1000 * MS);
	after(t, 497 * MS); /* a sample of 500 ms: 1.5 s, less what packing rounds off */
	recv(t, PSH | ACK, .seq = 41, .ack = 1, .len = 60);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

/* A second piece brings an extension, which takes over the first, as far as it has been acknowledged. */
TRACE_CONFIGURED(static_piece_in_flight_is_adopted, trace_rto_of_hosts)
{
	trace_open_passive(t);
	trace_write_static(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	send(t, ACK, .seq = 1, .ack = 41);
	trace_write(t, 50);
	cr_assert_eq(t->tcp->exts.used, 1);
	quiet(t);
	after(t, 200 * MS);
	recv(t, PSH | ACK, .seq = 41, .ack = 1, .len = 110);
	send(t, ACK, .seq = 1, .ack = 151);
	event(t, WEIR_EV_SENT);
}

TRACE(static_pieces_in_a_row)
{
	trace_open_passive(t);
	trace_write_static(t, 1000);
	trace_write_static(t, 1000);
	trace_write(t, 920);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 1461);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921);
	event(t, WEIR_EV_SENT);
}

/* An ACK in the middle of a segment: what is repeated begins there. */
TRACE(ack_within_a_segment)
{
	in_flight(t, 3);
	send(t, ACK, .seq = 1, .ack = 1001, SAME);
	after(t, 1 * SECONDS);
	recv(t, ACK, .seq = 1001, .ack = 1, .len = 460);
	send(t, ACK, .seq = 1, .ack = 4381, SAME);
	event(t, WEIR_EV_SENT);
	quiet(t);
}
