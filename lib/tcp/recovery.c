/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/recovery.h"

#include "tcp/cc.h"
#include "tcp/ecn.h"
#include "tcp/output.h"
#include "tcp/rtt.h"
#include "tcp/sent.h"

#define DUP_THRESHOLD 3 /* RFC 5681 section 3.2, RFC 6675 section 2 */

uint32_t recovery_in_flight(const struct tcb *tcb, const struct tcb_ext *ext)
{
	/* Blocks say better what has arrived. */
	uint32_t left = ext->selective ? 0 : (uint32_t)ext->dup_acks * tcb->mss;

	return ext->pipe > left ? ext->pipe - left : 0;
}

static void finish(struct tcb_ext *ext)
{
	ext->recovering = false;
	ext->partial_acks = 0;
	ext->dup_acks = 0;
	ext->cwnd = ext->ssthresh;
}

/*
 * The first one that is missing has been acknowledged, and the next one is missing, too. That there are more
 * of them, a round trip each, is worth a time-out: the timer is not restarted again (RFC 6582 section 3.2
 * step 3).
 */
static void partial_ack(struct tcp *tcp, struct tcb *tcb, struct tcb_ext *ext, uint32_t segments)
{
	/* Segments that it covers no longer stand behind duplicate ACKs. */
	ext->dup_acks = segments < ext->dup_acks ? (uint16_t)(ext->dup_acks - segments) : 0;
	if (ext->partial_acks < 2)
		ext->partial_acks++;
	sent_mark_first_lost(tcp, ext);
	tcb->flags |= TCB_RESEND;
}

void recovery_acked(struct tcp *tcp, struct tcb *tcb, uint32_t acked, uint32_t segments, bool echo)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	ext->advance = acked;
	if (!ext->recovering) {
		ext->dup_acks = 0;
		/* Kept close behind, or it would come round after 2 GB. */
		if (seq_gt(ext->snd_una, ext->recover))
			ext->recover = ext->snd_una - 1;
		ecn_acked(tcb, ext);
		if (seq_ge(ext->snd_una - acked, ext->filled))
			ext->filled = ext->snd_una;
		else if (!echo)
			cc_reno.acked(ext, tcb->mss, acked);
		return;
	}
	if (seq_ge(ext->snd_una, ext->recover))
		finish(ext);
	else if (!ext->selective)
		partial_ack(tcp, tcb, ext, segments);
}

/*
 * Duplicate ACKs after a time-out, or after a recovery, may be the answers to segments that went twice (RFC
 * 6582 section 3.2 step 1). They tell of a loss if they stand beyond all that had been sent by then; or if
 * the ACK before them acknowledged but little, for needless repetitions begin behind one that acknowledged
 * much (section 4.1). Blocks cannot be mistaken: what the recovery covered is acknowledged (RFC 6675 section
 * 5.1).
 */
static bool may_begin(const struct tcb *tcb, const struct tcb_ext *ext)
{
	if (seq_gt(ext->snd_una, ext->recover))
		return true;
	if (ext->selective)
		return ext->snd_una == ext->recover;
	return ext->cwnd > tcb->mss && ext->advance > 0 && ext->advance <= 4u * tcb->mss;
}

/* RFC 5827: as many duplicate ACKs as can still come, where nothing new can go out to bring more. */
static unsigned threshold(const struct tcb *tcb, const struct tcb_ext *ext)
{
	uint32_t in_flight = tcb->snd_nxt - ext->snd_una;
	bool more = seq_lt(tcb->snd_nxt, ext->queue_end) && tcb_snd_wnd(tcb) > in_flight;

	if (ext->segments < 2 || ext->segments > DUP_THRESHOLD || more || ext->needless)
		return DUP_THRESHOLD;
	return ext->segments - 1u;
}

/* Marks what the duplicate ACKs so far tell to be lost; false if that is nothing. */
static bool mark_lost(struct tcp *tcp, struct tcb *tcb, struct tcb_ext *ext)
{
	unsigned enough = threshold(tcb, ext);

	if (ext->selective && sent_mark_lost(tcp, ext, enough, (DUP_THRESHOLD - 1u) * tcb->mss))
		return true;
	if (ext->recovering || ext->dup_acks < enough)
		return false;
	sent_mark_first_lost(tcp, ext);
	return true;
}

/* RFC 6582 section 3.2 step 2, RFC 6675 section 5 step 4. */
static void begin(struct tcp *tcp, struct tcb *tcb, struct tcb_ext *ext)
{
	count(tcp->counters, COUNT_fast_retransmits);
	if (!ecn_reduced(tcb, ext, ext->snd_una)) {
		cc_reno.lost(ext, tcb->mss, ext->dup_flight);
		tcb->cwr_due = tcb->ecn == ECN_ON;
	}
	ext->recover = tcb->snd_nxt;
	ext->rescue = ext->snd_una + sent_at(tcp, ext->sent_first)->space;
	ext->recovering = true;
	ext->partial_acks = 0;
	tcb->flags |= TCB_RESEND; /* the first one goes at once, whatever the window */
}

/*
 * No more can have left the network than were in it when the first one came, whatever the peer says: each
 * lets a new segment out (RFC 5681 section 5). What goes out so is not to be halved (section 3.2 step 2).
 */
static void count_duplicate(const struct tcb *tcb, struct tcb_ext *ext)
{
	if (ext->dup_acks == 0) {
		ext->dup_most = ext->segments > DUP_THRESHOLD ? ext->segments : DUP_THRESHOLD;
		ext->dup_flight = tcb->snd_nxt - ext->snd_una;
	}
	if (ext->dup_acks < ext->dup_most)
		ext->dup_acks++;
}

void recovery_duplicate(struct tcp *tcp, struct tcb *tcb, bool duplicate, const struct seg *seg)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext->snd_una == tcb->snd_nxt)
		return;
	bool news = tcb->flags & TCB_SACK && seg->opts & SEG_OPT_SACK &&
		    sent_sack(tcp, ext, tcb->snd_nxt, &tcp->side->sack, seg->sacks);

	/*
	 * With blocks, a duplicate ACK is one that brings news of them (RFC 6675 section 2). Those without
	 * any news tell of segments that arrived twice, not of one that is missing (RFC 2883).
	 */
	ext->selective |= news;
	if (ext->selective ? !news : !duplicate || seg->opts & SEG_OPT_SACK)
		return;
	if (ext->recovering || may_begin(tcb, ext)) {
		count_duplicate(tcb, ext);
		if (mark_lost(tcp, tcb, ext) && !ext->recovering)
			begin(tcp, tcb, ext);
	}
	output_mark(tcp, tcb);
}

bool recovery_last_resort(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	return ext->recovering && ext->selective && ext->lost == 0 && ext->cwnd >= ext->pipe + tcb->mss &&
	       sent_mark_last_resort(tcp, ext);
}

void recovery_timed_out(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (tcb->retries == 0)
		cc_reno.timed_out(ext, tcb->mss, tcb->snd_nxt - ext->snd_una);
	else
		ext->cwnd = tcb->mss;
	sent_mark_all_lost(tcp, ext);
	ext->recover = tcb->snd_nxt; /* RFC 6582 section 3.2 step 4 */
	ext->recovering = false;
	ext->partial_acks = 0;
	ext->dup_acks = 0;
}

void recovery_path_narrowed(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	sent_mark_larger_lost(tcp, ext, tcb->mss);
	if (ext->recovering)
		return;
	ext->recover = tcb->snd_nxt;
	ext->advance = 0;
	ext->dup_acks = 0;
}

bool recovery_idle(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t restart = path_first_window(tcb->mss) * tcb->mss;

	if (ext->cwnd == 0)
		ext->cwnd = tcb->mss; /* as long as an echo wants the next segment to wait */
	if (ext->cwnd > restart)
		cc_reno.idle(ext, restart);
	return ext->cwnd <= restart;
}
