/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/timers.h"

#include "tcp/advice.h"
#include "tcp/ecn.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/half_open.h"
#include "tcp/output.h"
#include "tcp/paws.h"
#include "tcp/profiles.h"
#include "tcp/reassembly.h"
#include "tcp/records.h"
#include "tcp/recovery.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/sent.h"
#include "tcp/time_wait.h"
#include "tcp/user.h"

/* Filings taken from the wheel at once, and batches in one call. */
#define DUE_BATCH 64
#define DUE_BATCHES 16

/* R1 of RFC 9293 section 3.8.3: retransmissions of one segment, a SYN too (SHLD-10, MUST-22). */
#define R1 3

/* R1 is reached: the layer below and the application should know (MUST-20, SHLD-9). */
static void doubt(struct tcp *tcp, struct tcb *tcb)
{
	advice_give(tcp, tcb);
	event_warn(tcp, tcb, WEIR_REASON_TIMEOUT);
}

/* R2 of RFC 9293 section 3.8.3, ticks. */
static uint32_t r2(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct profile *profile = profile_of(tcp, tcb);

	return fsm_synchronized((enum weir_state)tcb->state) ? profile->user_timeout : profile->syn_timeout;
}

/* Has the peer been silent for too long? */
static bool given_up(const struct tcp *tcp, const struct tcb *tcb, unsigned retries)
{
	return retries >= TCB_RETRIES_MAX || rtt_silence_ticks(tcp, tcb, retries) >= r2(tcp, tcb);
}

/* Keeps as much of the back-off as leaves time for one more. */
void timers_answered(const struct tcp *tcp, struct tcb *tcb)
{
	while (tcb->retries > 0 && given_up(tcp, tcb, tcb->retries + 1u))
		tcb->retries--;
}

/* Doubles the RTO. The last wait ends with R2, not later. */
static void back_off(struct tcp *tcp, struct tcb *tcb, enum tcb_timer timer)
{
	if (tcb->retries < TCB_RETRIES_MAX)
		tcb->retries++;
	uint32_t rto = rtt_rto_ticks(tcp, tcb),
		 left = r2(tcp, tcb) - rtt_silence_ticks(tcp, tcb, tcb->retries);

	tcb_arm(tcp, tcb, timer, timer == TIMER_RETRANSMIT && left < rto ? left : rto);
}

/* RFC 9293 3.8.6.1: one byte, at growing intervals, for as long as the peer answers (MUST-37). */
static void persist_fired(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext != NULL && ext->cwnd == 0) {
		ext->cwnd = tcb->mss; /* a segment each time the timer fires (RFC 3168 section 6.1.2) */
		tcb_rest(tcp, tcb);
		output_mark(tcp, tcb);
		return;
	}
	if (ext != NULL) {
		if (given_up(tcp, tcb, ext->unanswered)) {
			tcb_end(tcp, tcb, WEIR_REASON_TIMEOUT);
			return;
		}
		if (ext->unanswered == R1)
			doubt(tcp, tcb);
		sent_mark_all_lost(tcp, ext);
		tcb->flags |= TCB_RESEND | TCB_PROBING;
	}
	back_off(tcp, tcb, TIMER_PERSIST);
	output_mark(tcp, tcb);
}

/* RFC 6298 rules 5.4 to 5.7. */
static void retransmit_fired(struct tcp *tcp, struct tcb *tcb)
{
	bool synchronized = fsm_synchronized((enum weir_state)tcb->state);

	if (synchronized && tcb->snd_wnd == 0 && tcb_extend(tcp, tcb)) {
		persist_fired(tcp, tcb); /* the window closed on data in flight: that is no loss (SHLD-17) */
		return;
	}
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (given_up(tcp, tcb, tcb->retries + 1u)) {
		tcb_end(tcp, tcb, WEIR_REASON_TIMEOUT);
		return;
	}
	count(tcp->counters, COUNT_rto_fired);
	ecn_timed_out(tcb);
	if (ext != NULL) {
		recovery_timed_out(tcp, tcb);
	} else {
		if (synchronized)
			rtt_timed_out(tcb);
		tcb->flags |= TCB_RESEND;
	}
	back_off(tcp, tcb, TIMER_RETRANSMIT);
	if (tcb->retries == R1)
		doubt(tcp, tcb);
	output_mark(tcp, tcb);
}

/*
 * RFC 9293 3.8.4: a segment that must be answered, without data (SHLD-12), and only several that were not
 * tell that the peer has gone (MUST-29). Where the application has set R2, that holds here, too (RFC 5482).
 */
static void keep_alive_fired(struct tcp *tcp, struct tcb *tcb)
{
	const struct profile *profile = profile_of(tcp, tcb);
	uint64_t silence = profile->keep_idle + (uint64_t)tcb->retries * profile->keep_interval;
	bool timed_out = profile->options.user_timeout_ns != 0 && silence >= profile->user_timeout;

	if (tcb->retries >= profile->keep_probes || (tcb->retries > 0 && timed_out)) {
		reply_reset(tcp, tcb);
		tcb_end(tcp, tcb, WEIR_REASON_TIMEOUT);
		return;
	}
	reply_keep_alive(tcp, tcb);
	tcb->retries++;
	tcb_arm(tcp, tcb, TIMER_KEEPALIVE, profile->keep_interval);
}

void timers_heard(struct tcp *tcp, struct tcb *tcb)
{
	uint32_t keep_idle = profile_of(tcp, tcb)->keep_idle;

	if (keep_idle == 0)
		return;
	if (tcb->timer == TIMER_KEEPALIVE)
		tcb_rest(tcp, tcb);
	else if (tcb->flags & TCB_EXT) /* which a peer that goes on sending does not make us keep */
		tcb_ext(tcp, tcb)->heard = tcp->tick;
}

/* Ticks since the peer was heard, now that TIMER_IDLE fires: an RTO, unless more has come meanwhile. */
static uint32_t silence(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t rto = rtt_rto_ticks(tcp, tcb);

	return ext != NULL && tcp->tick - ext->heard < rto ? tcp->tick - ext->heard : rto;
}

/* An RTO has gone by since the last ACK. */
static void idle_fired(struct tcp *tcp, struct tcb *tcb)
{
	uint32_t gone = silence(tcp, tcb), keep_idle = profile_of(tcp, tcb)->keep_idle;
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	tcb_rest(tcp, tcb);
	if (keep_idle != 0)
		tcb_arm(tcp, tcb, TIMER_KEEPALIVE, keep_idle > gone ? keep_idle - gone : 0);
	/*
	 * Closed a moment ago, with a bound on its lingering:
	 * the FIN is about to go out, and needs the alarm.
	 */
	if (ext == NULL || ext->lingers || ext->queue_first != SLOT_NONE || ext->snd_una != tcb->snd_nxt)
		return;
	if (!recovery_idle(tcp, tcb))
		tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb));
	else if (!reassembly_waiting(tcp, tcb))
		tcb_shrink(tcp, tcb);
}

/* A closed connection that may linger for so long only, and has. */
static bool lingered(struct tcp *tcp, struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext == NULL || !ext->lingers || seq_gt(ext->linger_end, tcp->tick))
		return false;
	user_abort(tcp, tcb, WEIR_REASON_TIMEOUT);
	return true;
}

static void tcb_fired(struct tcp *tcp, struct tcb *tcb)
{
	switch ((enum tcb_timer)tcb->timer) {
	case TIMER_NONE:
		return;
	case TIMER_RETRANSMIT:
		retransmit_fired(tcp, tcb);
		return;
	case TIMER_PERSIST:
		persist_fired(tcp, tcb);
		return;
	case TIMER_FIN_WAIT_2:
		tcb_end(tcp, tcb, WEIR_REASON_TIMEOUT);
		return;
	case TIMER_IDLE:
		idle_fired(tcp, tcb);
		return;
	case TIMER_KEEPALIVE:
		keep_alive_fired(tcp, tcb);
		return;
	}
}

void timers_due(struct tcp *tcp, ref r)
{
	uint32_t slot = ref_slot(r);

	if (ref_kind(r) == REF_HALF_OPEN) {
		const struct half_open *half = half_open_at(tcp, slot);

		if (half->tuple.rport == 0)
			return;
		uint32_t deadline = half_open_deadline(tcp, half);

		if (seq_gt(deadline, tcp->tick))
			timer_wheel_file(&tcp->wheel, r, deadline);
		else
			half_open_timer(tcp, slot);
		return;
	}
	struct tcb *tcb = tcb_at(tcp, slot);

	if (lingered(tcp, tcb))
		return;
	if (tcb->timer != TIMER_NONE && seq_gt(tcb->deadline, tcp->tick))
		timer_wheel_file(&tcp->wheel, r, tcb->deadline);
	else
		tcb_fired(tcp, tcb);
	if (tcb->flags & TCB_EXT && tcb_ext(tcp, tcb)->lingers)
		timer_wheel_file(&tcp->wheel, r, tcb_ext(tcp, tcb)->linger_end);
}

/* What a batch of timers may need: an event, output and an answer each. */
static unsigned room(const struct tcp *tcp)
{
	uint32_t least = ring_room(&tcp->events_ring);

	if (ring_room(&tcp->dirty_ring) < least)
		least = ring_room(&tcp->dirty_ring);
	if (ring_room(&tcp->replies_ring) < least)
		least = ring_room(&tcp->replies_ring);
	return least < DUE_BATCH ? least : DUE_BATCH;
}

void tcp_advance(struct tcp *tcp, uint64_t now_ns)
{
	ref due[DUE_BATCH];

	tcp_set_now(tcp, now_ns);
	time_wait_expire(tcp);
	guard_advance(tcp);
	output_delayed_acks(tcp);
	user_abort_more(tcp);
	if (paws_sweep_due(tcp))
		paws_sweep(tcp);
	for (unsigned batch = 0; batch < DUE_BATCHES; batch++) {
		unsigned max = room(tcp);
		unsigned n = max > 0 ? timer_wheel_advance(&tcp->wheel, tcp->tick, due, max) : 0;

		for (unsigned i = 0; i < n; i++)
			timers_due(tcp, due[i]);
		if (n == 0 || n < max)
			break;
	}
	uint64_t counted = count_get(tcp->counters, COUNT_timer_compactions);

	count_add(tcp->counters, COUNT_timer_compactions, tcp->wheel.compactions - counted);
	counted = count_get(tcp->counters, COUNT_timers_late);
	count_add(tcp->counters, COUNT_timers_late, tcp->wheel.no_room - counted);
}
