/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/recovery.h"

#include "tcp/cc.h"
#include "tcp/output.h"
#include "tcp/sent.h"

#define DUP_THRESHOLD 3 /* RFC 5681 section 3.2, RFC 6675 section 2 */

uint32_t recovery_in_flight(const struct tcb *tcb, const struct tcb_ext *ext)
{
	/* Where blocks say what has arrived, they say it better. */
	uint32_t left = ext->sacked > 0 ? 0 : (uint32_t)ext->dup_acks * tcb->mss;

	return ext->pipe > left ? ext->pipe - left : 0;
}

static void finish(struct tcb_ext *ext)
{
	ext->recovering = false;
	ext->dup_acks = 0;
	ext->cwnd = ext->ssthresh;
}

void recovery_acked(struct tcp *tcp, struct tcb *tcb, uint32_t acked, uint32_t segments)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (!ext->recovering) {
		ext->dup_acks = 0;
		/* Kept close behind, or it would come round after 2 GB. */
		if (seq_gt(ext->snd_una, ext->recover))
			ext->recover = ext->snd_una - 1;
		cc_reno.acked(ext, tcb->mss, acked, ext->pipe + acked);
		return;
	}
	if (seq_ge(ext->snd_una, ext->recover)) {
		finish(ext);
		return;
	}
	/* Partial. Segments that it covers no longer stand behind duplicate ACKs. */
	ext->dup_acks = segments < ext->dup_acks ? (uint16_t)(ext->dup_acks - segments) : 0;
	sent_mark_lost(tcp, ext, DUP_THRESHOLD);
	sent_mark_first_lost(tcp, ext); /* the next one is missing too */
	if (ext->sacked == 0)
		tcb->flags |= TCB_RESEND;
}

/* RFC 6582 section 3.2 step 2, RFC 6675 section 5 step 4. */
static void begin(struct tcp *tcp, struct tcb *tcb, struct tcb_ext *ext)
{
	count(tcp->counters, COUNT_fast_retransmits);
	cc_reno.lost(ext, tcb->mss, tcb->snd_nxt - ext->snd_una);
	ext->recover = tcb->snd_nxt;
	ext->recovering = true;
	tcb->flags |= TCB_RESEND; /* the first one goes at once, whatever the window */
}

void recovery_duplicate(struct tcp *tcp, struct tcb *tcb, bool duplicate, const struct seg *seg)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	bool news = false, lost;

	if (ext->snd_una == tcb->snd_nxt)
		return;
	if (tcb->flags & TCB_SACK && seg->opts & SEG_OPT_SACK)
		news = sent_sack(tcp, ext, tcb->snd_nxt, tcp->sack, seg->sacks);
	/*
	 * Blocks that bring no news tell of segments that arrived twice, not of one that is missing (RFC
	 * 2883).
	 */
	duplicate &= news || !(seg->opts & SEG_OPT_SACK);
	if (!news && !duplicate)
		return;
	/*
	 * No more can have left the network than were in it when the first one came, whatever the peer
	 * says: each lets a new segment out (RFC 5681 section 5).
	 */
	if (ext->dup_acks == 0)
		ext->dup_most = ext->segments > DUP_THRESHOLD ? ext->segments : DUP_THRESHOLD;
	if (duplicate && ext->dup_acks < ext->dup_most)
		ext->dup_acks++;
	lost = ext->sacked > 0 && sent_mark_lost(tcp, ext, DUP_THRESHOLD);

	/*
	 * RFC 6582 section 3.2 step 1: not again for what was in flight when a loss was noticed; a time-out's
	 * repairs bring duplicate ACKs of their own.
	 */
	bool beyond = seq_gt(ext->snd_una, ext->recover);

	if (beyond && ext->sacked == 0 && ext->dup_acks == DUP_THRESHOLD && !ext->recovering) {
		sent_mark_first_lost(tcp, ext);
		lost = true;
	}
	/*
	 * Blocks cannot be mistaken for those of a recovery that has ended: what it covered is
	 * acknowledged.
	 */
	if (lost && !ext->recovering && (beyond || ext->snd_una == ext->recover))
		begin(tcp, tcb, ext);
	output_mark(tcp, tcb);
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
	ext->dup_acks = 0;
}
