/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/ack.h"

#include "tcp/ecn.h"
#include "tcp/events.h"
#include "tcp/output.h"
#include "tcp/records.h"
#include "tcp/recovery.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/sent.h"
#include "tcp/timers.h"

/*
 * The round trip of what was just acknowledged, if it can be told (Karn, RFC 6298 section 3). acked:
 * NULL without an extension.
 */
static void sample_rtt(struct tcp *tcp, struct tcb *tcb, const struct seg *seg,
		       const struct sent_acked *acked)
{
	if (acked != NULL && acked->timed && tcb->timer != TIMER_PERSIST) {
		rtt_sample(tcp, tcb, acked->sample_us);
		return;
	}
	if (tcb->timer != TIMER_RETRANSMIT)
		return;
	if (tcb->retries > 0) {
		uint32_t longest = rtt_silence_ticks(tcp, tcb, tcb->retries + 1u);

		if (!rtt_sample_echo(tcp, tcb, seg, longest))
			rtt_keep_back_off(tcp, tcb);
	} else if (acked == NULL) {
		/* One segment in flight: it left an RTO before its deadline. */
		uint32_t sent = tcb->deadline - 1 - rtt_rto_ticks(tcp, tcb);

		rtt_sample(tcp, tcb, clock_us_from_ticks(tcp->tick - sent));
	} else {
		rtt_sample_echo(tcp, tcb, seg, rtt_rto_ticks(tcp, tcb)); /* repeated, but no time-out */
	}
}

static void ext_acked(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t bytes = seg->ack - ext->snd_una;

	ext->snd_una = seg->ack;
	struct sent_acked acked = sent_acknowledge(tcp, ext);

	sample_rtt(tcp, tcb, seg, &acked);
	send_queue_acked(tcp, tcb);
	recovery_acked(tcp, tcb, bytes, acked.segments, ecn_echoes(tcb, seg));
}

/* RFC 6298 rules 5.2 and 5.3, and what follows when everything has been acknowledged. */
static void restart_timer(struct tcp *tcp, struct tcb *tcb)
{
	tcb->retries = 0;
	if (tcb_snd_una(tcp, tcb) != tcb->snd_nxt) {
		if (tcb->flags & TCB_EXT && tcb_ext(tcp, tcb)->partial_acks > 1)
			return; /* the second loss in one recovery, RFC 6582 section 3.2 step 3 */
		tcb_arm(tcp, tcb, TIMER_RETRANSMIT, rtt_rto_ticks(tcp, tcb));
		return;
	}
	tcb->flags &= (uint16_t) ~(TCB_RESEND | TCB_PROBING);
	if (tcb->flags & TCB_EXT)
		tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb));
	else
		tcb_rest(tcp, tcb);
}

static void new_ack(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t ack = seg->ack;
	uint32_t end = send_queue_end(tcp, tcb);
	bool had_data = seq_lt(tcb_snd_una(tcp, tcb), end);

	if (ext != NULL) {
		ext_acked(tcp, tcb, seg);
		restart_timer(tcp, tcb);
	} else {
		/* The last word to a connection tells nothing that anybody will ask for. */
		bool last = tcb->state == WEIR_LAST_ACK && tcb->flags & TCB_FIN_SENT && ack == tcb->snd_nxt;

		if (!last)
			sample_rtt(tcp, tcb, seg, NULL);
		tcb->flight = (uint16_t)(tcb->snd_nxt - ack);
		if (seq_ge(ack, end))
			tcb->piece = 0;
		if (!last)
			restart_timer(tcp, tcb);
	}
	if (had_data && seq_ge(ack, end))
		event_raise(tcp, tcb, WEIR_EV_SENT);
	if (output_waits(tcb))
		output_mark(tcp, tcb); /* what the window or Nagle held back may go now */
}

/* RFC 5681 section 2's definition. The answer to a window probe tells of no loss. */
static bool is_duplicate(const struct tcb *tcb, const struct seg *seg)
{
	return seg_space(seg) == 0 && seg->wnd == tcb->snd_wnd && tcb->timer != TIMER_PERSIST;
}

/* A window opened that was being probed: the probe's byte was refused, so begin again from there. */
static void window_opened(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	tcb->retries = 0;
	tcb_rest(tcp, tcb);
	if (ext != NULL)
		sent_mark_all_lost(tcp, ext);
	else if (tcb->flight != 0)
		tcb->flags |= TCB_RESEND;
	output_mark(tcp, tcb);
}

/*
 * SND.WL1 and SND.WL2 keep an older segment from setting the window. WL2 is SND.UNA: what acknowledges more
 * is newer. WL1 stands in the extension; without one nothing or one segment is in flight, and an older
 * segment that was overtaken may set the window for as long as the next one takes.
 */
static bool newer_window(const struct tcp *tcp, const struct tcb *tcb, const struct seg *seg, uint32_t una)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext == NULL)
		return true;
	if (seg->ack == una && seq_lt(seg->seq, ext->snd_wl1))
		return false;
	ext->snd_wl1 = seq_max(ext->snd_wl1, seg->seq);
	return true;
}

/* It acknowledges what was never sent, or was acknowledged before. */
static verdict outside(struct tcp *tcp, struct tcb *tcb, const struct seg *seg, uint32_t una)
{
	uint32_t max_window = (uint32_t)tcb->snd_wnd_max << tcb->snd_wscale;

	if (seq_gt(seg->ack, tcb->snd_nxt)) {
		reply_challenge(tcp, tcb);
		return COUNT_drop_ack_unsent;
	}
	if (seq_lt(seg->ack, una - max_window)) {
		reply_challenge(tcp, tcb); /* RFC 5961 section 5.2 */
		return COUNT_drop_ack_old;
	}
	return ACCEPTED;
}

verdict ack_input(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	uint32_t una = tcb_snd_una(tcp, tcb);
	bool old = !seq_within(seg->ack, una, tcb->snd_nxt - una + 1);
	verdict v = old ? outside(tcp, tcb, seg, una) : ACCEPTED;

	if (v != ACCEPTED)
		return v;
	if (tcb->flags & TCB_EXT)
		tcb_ext(tcp, tcb)->unanswered = 0;
	else if (tcb->snd_wnd == 0 && tcb->retries > 0)
		timers_answered(tcp, tcb);
	if (tcb->timer >= TIMER_IDLE)
		timers_heard(tcp, tcb);
	if (old)
		return ACCEPTED; /* an old ACK says nothing, its text may be new */
	if (seg->ack != una)
		new_ack(tcp, tcb, seg);
	if (tcb->flags & TCB_EXT) {
		bool duplicate = seg->ack == una && is_duplicate(tcb, seg);

		if (duplicate || seg->opts & SEG_OPT_SACK)
			recovery_duplicate(tcp, tcb, duplicate, seg);
	}
	if (ecn_echoes(tcb, seg))
		ecn_echoed(tcp, tcb, tcb->snd_nxt - una);

	if (!newer_window(tcp, tcb, seg, una))
		return ACCEPTED;
	bool opened = tcb->timer == TIMER_PERSIST && seg->wnd > tcb->snd_wnd;

	ack_window(tcb, seg->wnd);
	if (opened)
		window_opened(tcp, tcb);
	if (output_waits(tcb))
		output_mark(tcp, tcb);
	return ACCEPTED;
}
