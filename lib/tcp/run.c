/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/run.h"

#include "tcp/ack.h"
#include "tcp/ecn.h"
#include "tcp/output.h"
#include "tcp/reassembly.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/sent.h"
#include "tcp/text.h"

/* What of a connection the segments of a run are held against. */
struct run {
	const struct seg *first;
	const struct pair *pair; /* of IPv6; NULL: of IPv4 */
	uint32_t seq, edge;      /* where the next one must begin, and the window ends */
	uint32_t tsval; /* TS.Recent, which stands still: an ACK is owed since the first one's text */
	uint32_t buffers, buffers_max;
	bool timestamps;
};

/*
 * Whether it does nothing but go on: the same words to the same connection, and text where the last one's
 * ended. Text that was marked by a router, or whose sender has slowed down, has more to say (RFC 3168).
 */
static bool continues(const struct run *run, const struct seg *seg, const struct seg_side *side)
{
	const struct seg *first = run->first;

	if (seg->seq != run->seq || (seg->flags & ~SEG_PSH) != SEG_ACK || seg->ack != first->ack ||
	    seg->wnd != first->wnd || seg->opts != first->opts || !tuple_equal(&seg->tuple, &first->tuple))
		return false;
	if (seg->len == 0 || seq_gt(seg->seq + seg->len, run->edge) || (seg->tos & ECN_CE) == ECN_CE)
		return false;
	return (!run->timestamps || seq_ge(seg->tsval, run->tsval)) &&
	       (run->pair == NULL || pair_equal(run->pair, &side->pair));
}

/*
 * Whether more text of this connection is taken in and nothing else: it is open, nothing waits behind a gap,
 * and an ACK is owed already, so that TS.Recent stands still (RFC 7323 section 4.3).
 */
static bool may_run(const struct tcp *tcp, const struct tcb *tcb, const struct seg *first)
{
	return tcb->state == WEIR_ESTABLISHED && tcb->flags & TCB_ACK_DELAYED &&
	       !(first->opts & ~SEG_OPT_TS) && !reassembly_waiting(tcp, tcb);
}

/*
 * Chains the text of those that go on. How many they are. Each takes its own part of the window, in whole
 * units, as if it had come alone.
 */
static unsigned gather(struct run *run, struct tcb *tcb, struct seg *segs, const struct seg_side *sides,
		       unsigned n, payload *text)
{
	unsigned i = 1;

	for (; i < n && continues(run, &segs[i], &sides[i]); i++) {
		uint32_t buffers = payload_buffers(segs[i].payload);

		if (run->buffers + buffers > run->buffers_max)
			break;
		if (*text == 0)
			*text = segs[i].payload;
		else
			payload_append(*text, segs[i].payload);
		segs[i].payload = 0;
		text_window_used(tcb, segs[i].len);
		run->seq += segs[i].len;
		run->buffers += buffers;
	}
	return i - 1;
}

unsigned run_input(struct tcp *tcp, struct tcb *tcb, struct seg *segs, const struct seg_side *sides,
		   unsigned n)
{
	struct run run = {
		.first = segs,
		.pair = tuple_is6(&segs->tuple) ? &sides->pair : NULL,
		.seq = tcb->rcv_nxt,
		.edge = tcb->rcv_nxt + tcb_rcv_wnd(tcb),
		.tsval = tcb->ts_recent,
		.buffers = tcb->held,
		.buffers_max = tcp->held_now,
		.timestamps = tcb->flags & TCB_TS,
	};
	payload text = 0;
	unsigned taken = may_run(tcp, tcb, segs) ? gather(&run, tcb, segs, sides, n, &text) : 0;

	if (taken == 0)
		return 0;
	/*
	 * It acknowledges no more than the first one did,
	 * but its window is the latest (RFC 9293 section 3.10.7.4).
	 */
	(void)ack_input(tcp, tcb, &segs[taken]);
	tcb->held = run.buffers & UINT8_MAX;
	text_hand_on(tcp, tcb, text, run.seq - tcb->rcv_nxt);
	output_ack_data(tcp, tcb);
	count_add(tcp->counters, ACCEPTED, taken);
	return taken;
}

/* Whether the next segments have nothing to say but new text. Behind our FIN there is none. */
static bool may_leave(const struct tcb *tcb, const struct tcb_ext *ext)
{
	bool repairs = ext->lost > 0 || ext->recovering || ext->dup_acks > 0 ||
		       tcb->flags & (TCB_RESEND | TCB_PROBING | TCB_FIN_SENT);
	bool tells = ext->blocks > 0 || ext->duplicate.left != ext->duplicate.right || tcb->cwr_due;

	return !repairs && !tells;
}

unsigned run_output(struct tcp *tcp, struct tcb *tcb, struct seg *segs, unsigned n, uint32_t room)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t mss = tcb->mss, seq = tcb->snd_nxt, unsent = ext->queue_end - seq;
	unsigned made = 0;

	if (unsent <= mss || room < mss || !may_leave(tcb, ext))
		return 0;
	for (; made < n && unsent > mss && room >= mss; made++, unsent -= mss, room -= mss) {
		if (!sent_append(tcp, ext, seq + made * mss, mss))
			break;
	}
	if (made == 0)
		return 0;
	output_header(tcp, tcb, segs, seq);
	segs->len = (uint16_t)mss;
	ecn_text_leaves(tcp, tcb, segs);
	for (unsigned i = 1; i < made; i++) {
		segs[i] = *segs;
		segs[i].seq = seq + i * mss;
		segs[i].like_last = true;
	}
	send_queue_locate_run(tcp, ext, segs, made);
	tcb->snd_nxt += made * mss;
	count_add(tcp->counters, COUNT_bytes_out, made * mss);
	output_start_timer(tcp, tcb);
	return made;
}
