/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured, and what is not: the samples of RFC 6298 section 3 and RFC 7323 section 4. */
#include "support/trace.h"

static bool srtt_is(const struct trace *t, uint64_t ns)
{
	uint64_t srtt_ns = (uint64_t)trace_info(t).srtt_us << CLOCK_US_SHIFT;

	/* A tick either way, where ticks are all that is known, and what packing takes off. */
	return srtt_ns + ns / 128 + (2u << CLOCK_TICK_SHIFT) > ns && srtt_ns < ns + (2u << CLOCK_TICK_SHIFT);
}

static void write_and_time_out(struct trace *t, uint64_t rto_ns)
{
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	after(t, rto_ns);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
}

/* From the SYN-ACK to the ACK that completes the handshake; the first RTO follows from it. */
TRACE_CONFIGURED(passive_handshake_is_measured, trace_rto_of_hosts)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert(srtt_is(t, 100 * MS), "%u", trace_info(t).srtt_us);
	write_and_time_out(t, 297 * MS); /* R + 4 * R / 2, less what packing rounds off */
}

/* A round trip shorter than a tick is measured as well: in units of 1.024 us. */
TRACE(passive_handshake_is_measured_to_the_microsecond)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	silence(t, 102400);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert(trace_info(t).srtt_us >= 99 && trace_info(t).srtt_us <= 101, "%u", trace_info(t).srtt_us);
}

/* Karn, and RFC 6298 rule 5.7; RFC 5681 section 3.1 has the first window at one segment. */
TRACE(syn_ack_that_was_sent_again_is_not_measured)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).srtt_us, 0);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1460);
	trace_write(t, 100);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	silence(t, 2990 * MS);
	send(t, ACK, .seq = 1, .ack = 101);
	event(t, WEIR_EV_SENT);
}

/* The peer asked for it again: either may have been answered. No timer of ours fired, so nothing was lost. */
TRACE(syn_ack_that_was_asked_for_again_is_not_measured)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	silence(t, 500 * MS);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).srtt_us, 0);
	cr_assert_eq(trace_info(t).cwnd_bytes, 14600);
	write_and_time_out(t, 1 * SECONDS);
}

/* Two SYN-ACKs, a second apart. Returns the TSval of the first. */
static uint32_t two_syn_acks(struct trace *t)
{
	listen(t, 80);
	send(t, SYN, .mss = 1460, .tsval = 700);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	uint32_t first = t->tsval;

	after(t, 1 * SECONDS);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = 700);
	silence(t, 300 * MS);
	return first;
}

TRACE(timestamps_tell_of_the_second_syn_ack)
{
	two_syn_acks(t);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = t->tsval);
	event(t, WEIR_EV_OPENED);
	cr_assert(srtt_is(t, 300 * MS), "%u", trace_info(t).srtt_us);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1448);
}

TRACE(timestamps_tell_of_the_first_syn_ack)
{
	uint32_t first = two_syn_acks(t);

	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = first);
	event(t, WEIR_EV_OPENED);
	cr_assert(srtt_is(t, 1300 * MS), "%u", trace_info(t).srtt_us);
}

TRACE(echo_from_before_the_syn_ack_is_no_sample)
{
	uint32_t first = two_syn_acks(t);

	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = first - 10);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).srtt_us, 0);
}

TRACE(echo_from_the_future_is_no_sample)
{
	two_syn_acks(t);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = 701, .tsecr = t->tsval + 1000);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).srtt_us, 0);
}

TRACE(timestamps_tell_of_the_second_syn)
{
	connect(t);
	recv_syn(t);
	after(t, 1 * SECONDS);
	recv_syn(t);
	silence(t, 300 * MS);
	send(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 700, .tsecr = t->tsval);
	event(t, WEIR_EV_OPENED);
	recv(t, ACK, .seq = 1, .ack = 1, .tsval = 1, .tsecr = 700);
	cr_assert(srtt_is(t, 300 * MS), "%u", trace_info(t).srtt_us);
	cr_assert_eq(trace_info(t).cwnd_bytes, 1448);
}

/* In a simultaneous open our SYN goes once more, as SYN-ACK: either may be what was acknowledged. */
TRACE(simultaneous_open_is_not_measured)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460);
	silence(t, 300 * MS);
	send(t, ACK, .seq = 1, .ack = 1);
	event(t, WEIR_EV_OPENED);
	cr_assert_eq(trace_info(t).srtt_us, 0);
}

/* What was repeated by fast retransmit cannot be timed either (Karn), but for what its echo tells. */
static void fast_retransmit_answered(struct trace *t, bool by_the_second)
{
	trace_open_timestamps(t);
	trace_write(t, 5 * 1448);
	for (unsigned i = 0; i < 5; i++)
		recv(t, i < 4 ? ACK : PSH | ACK, .seq = 1 + 1448 * i, .ack = 1, .len = 1448, .tsval = 1);
	uint32_t first = t->tsval;

	silence(t, 300 * MS);
	for (unsigned i = 0; i < 3; i++)
		send(t, ACK, .seq = 1, .ack = 1, .tsval = 702, .tsecr = first);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1448, .tsval = 1);
	silence(t, 100 * MS);
	send(t, ACK, .seq = 1, .ack = 7241, .tsval = 703, .tsecr = by_the_second ? t->tsval : first);
	event(t, WEIR_EV_SENT);
	/* An eighth of it: the handshake took no time. */
	cr_assert(srtt_is(t, (by_the_second ? 100 : 400) * MS / 8), "%u", trace_info(t).srtt_us);
}

TRACE(timestamps_tell_of_a_fast_retransmission)
{
	fast_retransmit_answered(t, true);
}

TRACE(timestamps_tell_of_a_fast_retransmission_that_was_needless)
{
	fast_retransmit_answered(t, false);
}

/* RFC 6298 rule 5.1: what goes out while the timer runs does not put it off. */
TRACE(new_data_does_not_restart_the_timer)
{
	trace_open_passive(t);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	silence(t, 600 * MS);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	after(t, 400 * MS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 2921, .wnd = 512);
	event(t, WEIR_EV_SENT);
}

/* Rule 5.2: nothing runs once all is acknowledged; and 5.1 again: the next data has a whole RTO. */
TRACE(timer_stops_when_all_is_acknowledged)
{
	trace_open_passive(t);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	silence(t, 900 * MS);
	send(t, ACK, .seq = 1, .ack = 1461, .wnd = 512);
	event(t, WEIR_EV_SENT);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1461, .ack = 1, .len = 1460);
	silence(t, 990 * MS);
	send(t, ACK, .seq = 1, .ack = 2921, .wnd = 512);
	event(t, WEIR_EV_SENT);
	silence(t, 100 * SECONDS);
}

/* An ACK that brings nothing new leaves the timer alone. */
TRACE(duplicate_acks_do_not_restart_the_timer)
{
	trace_open_passive(t);
	trace_write(t, 5 * 1460);
	for (unsigned i = 0; i < 5; i++)
		recv(t, i < 4 ? ACK : PSH | ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	silence(t, 600 * MS);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	send(t, ACK, .seq = 1, .ack = 1, .wnd = 512);
	after(t, 400 * MS);
	recv(t, ACK, .seq = 1, .ack = 1, .len = 1460);
	send(t, ACK, .seq = 1, .ack = 7301, .wnd = 512);
	event(t, WEIR_EV_SENT);
}

/* Rules 5.5 and 2.5: doubled for each, up to a minute and no further. */
TRACE(rto_grows_to_a_minute)
{
	static const unsigned seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct weir_options options;

	trace_open_passive(t);
	call(tcp_get_options(t->tcp, t->conn, &options), 0);
	options.user_timeout_ns = 1000 * SECONDS;
	call(tcp_set_options(t->tcp, t->conn, &options), 0);
	trace_write(t, 1460);
	recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
	for (unsigned i = 0; i < 8; i++) {
		after(t, seconds[i] * SECONDS);
		recv(t, PSH | ACK, .seq = 1, .ack = 1, .len = 1460);
		if (i == 2)
			event_warned(t, 0, WEIR_REASON_TIMEOUT);
	}
	send(t, ACK, .seq = 1, .ack = 1461, .wnd = 512);
	event(t, WEIR_EV_SENT);
}
