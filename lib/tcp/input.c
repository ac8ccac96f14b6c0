/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/input.h"

#include "tcp/ack.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/half_open.h"
#include "tcp/handshake.h"
#include "tcp/lookup.h"
#include "tcp/output.h"
#include "tcp/passive.h"
#include "tcp/paws.h"
#include "tcp/reassembly.h"
#include "tcp/records.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/run.h"
#include "tcp/text.h"
#include "tcp/time_wait.h"

/*
 * RFC 7323 section 5.3 rule R1, with section 5.5's limit on the age of TS.Recent, and section 3.2's "MUST
 * have the option". A SYN speaks for a connection that has agreed on nothing yet: it is challenged, with the
 * option or without.
 */
static verdict check_timestamps(const struct tcp *tcp, const struct tcb *tcb, const struct seg *seg)
{
	if (!(tcb->flags & TCB_TS) || seg->flags & SEG_RST)
		return ACCEPTED;
	if (!(seg->opts & SEG_OPT_TS))
		return seg->flags & SEG_SYN ? ACCEPTED : COUNT_drop_no_timestamp;
	return seq_lt(seg->tsval, tcb->ts_recent) && !paws_outdated(tcp, tcb) ? COUNT_drop_paws : ACCEPTED;
}

/*
 * RFC 7323 section 4.3 rule 2, and section 5.3 rule R3: after PAWS, SEG.TSval is new enough. Last.ACK.sent is
 * RCV.NXT while no ACK is owed for text or FIN; while one is, the first segment that waits for it has given
 * its timestamp already.
 */
static void note_timestamp(struct tcb *tcb, const struct seg *seg)
{
	if (tcb->flags & TCB_TS && seq_le(seg->seq, tcb->rcv_nxt) && !(tcb->flags & TCB_ACK_DELAYED))
		tcb->ts_recent = seg->tsval;
}

/* Second step, with RFC 5961 section 3: only the exact sequence number resets. */
static verdict reset_arrives(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (seg->seq != tcb->rcv_nxt) {
		if (!seq_within(seg->seq, tcb->rcv_nxt, tcb_rcv_wnd(tcb)))
			return COUNT_drop_rst_outside;
		reply_challenge(tcp, tcb);
		return COUNT_drop_rst_window;
	}
	/* Here SYN-RECEIVED is a simultaneous open's: an active open that the peer refused. */
	tcb_end(tcp, tcb, tcb->state == WEIR_SYN_RECEIVED ? WEIR_REASON_REFUSED : WEIR_REASON_RESET);
	return ACCEPTED;
}

/* Eighth step. The segment is in order up to its FIN. */
static void fin_arrives(struct tcp *tcp, struct tcb *tcb)
{
	tcb->rcv_nxt++;
	tcb->flags |= TCB_ACK_DELAYED;
	if (tcb->flags & TCB_EXT) {
		tcb_ext(tcp, tcb)->gap_fin = false;
		reassembly_clear(tcp, tcb); /* what lies beyond a FIN is no text */
		if (tcb_at_rest(tcb))
			tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb));
	}
	event_raise(tcp, tcb, WEIR_EV_FIN);
	switch ((enum weir_state)tcb->state) {
	case WEIR_ESTABLISHED:
		output_ack_now(tcp, tcb);
		tcb_set_state(tcp, tcb, WEIR_CLOSE_WAIT);
		return;
	case WEIR_FIN_WAIT_1: /* our FIN's ACK would have led to FIN-WAIT-2 before this step */
		output_ack_now(tcp, tcb);
		tcb_set_state(tcp, tcb, WEIR_CLOSING);
		return;
	case WEIR_FIN_WAIT_2:
		time_wait_enter(tcp, tcb); /* with the ACK that is owed */
		return;
	case WEIR_CLOSED:
	case WEIR_LISTEN:
	case WEIR_SYN_SENT:
	case WEIR_SYN_RECEIVED:
	case WEIR_CLOSE_WAIT:
	case WEIR_CLOSING:
	case WEIR_LAST_ACK:
	case WEIR_TIME_WAIT:
	case WEIR_STATES:
		CHECK(!"a FIN was taken in a state that cannot take one");
	}
}

/* Whether the peer may still send: it has not sent its FIN. */
static bool may_receive(const struct tcb *tcb)
{
	return tcb->state == WEIR_ESTABLISHED || tcb->state == WEIR_FIN_WAIT_1 ||
	       tcb->state == WEIR_FIN_WAIT_2;
}

verdict input_text_and_fin(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	uint32_t end = seg->seq + seg->len; /* where a FIN stands */
	verdict v = ACCEPTED;

	/* Sixth: urgent data is read past as ordinary text (RFC 9293 3.8.5, SHLD-13). */
	if (!may_receive(tcb))
		return seg->len > 0 ? COUNT_drop_after_fin : ACCEPTED;
	if (seg->len > 0 && tcb->flags & TCB_DEAF) {
		/* RFC 9293 3.6.1: the user will never read this; tell the peer. */
		reply_reset(tcp, tcb);
		tcb_end(tcp, tcb, WEIR_REASON_ABORTED);
		return COUNT_drop_after_close;
	}
	/* Seventh. A FIN behind a gap waits with the text. */
	if (seg->len > 0 || (seg->flags & SEG_FIN && seg->seq != tcb->rcv_nxt))
		v = text_input(tcp, tcb, seg);
	if (v != ACCEPTED)
		return v;
	if ((seg->flags & SEG_FIN && seq_le(end, tcb->rcv_nxt)) || reassembly_fin_due(tcp, tcb))
		fin_arrives(tcp, tcb);
	return ACCEPTED;
}

/* What the ACK of our FIN means. False: the connection has gone. */
static bool fin_acked(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	switch ((enum weir_state)tcb->state) {
	case WEIR_FIN_WAIT_1:
		tcb_set_state(tcp, tcb, WEIR_FIN_WAIT_2);
		tcb_rest(tcp, tcb);
		if (tcb->flags & TCB_EXT)
			tcb_ext(tcp, tcb)->lingers = false;
		if (tcb->flags & TCB_EXT && !reassembly_waiting(tcp, tcb))
			tcb_shrink(tcp, tcb); /* nothing will be sent from it again */
		/* Text or a FIN that comes in order with the ACK is about to end that wait. */
		if (tcb->flags & TCB_DEAF && (seg_space(seg) == 0 || seg->seq != tcb->rcv_nxt))
			tcb_arm(tcp, tcb, TIMER_FIN_WAIT_2, tcp->times.fin_wait_2);
		return true;
	case WEIR_CLOSING:
		time_wait_enter(tcp, tcb);
		return false;
	case WEIR_LAST_ACK:
		tcb_end(tcp, tcb, WEIR_REASON_NONE);
		return false;
	case WEIR_CLOSED:
	case WEIR_LISTEN:
	case WEIR_SYN_SENT:
	case WEIR_SYN_RECEIVED:
	case WEIR_ESTABLISHED:
	case WEIR_FIN_WAIT_2:
	case WEIR_CLOSE_WAIT:
	case WEIR_TIME_WAIT:
	case WEIR_STATES:
		return true;
	}
	return true;
}

/* Nothing of the segment can be used: an ACK tells the peer what can (unless it was a RST). */
static verdict refuse(struct tcp *tcp, struct tcb *tcb, const struct seg *seg, verdict v)
{
	if (v == COUNT_drop_duplicate && seg->len > 0)
		reassembly_duplicate(tcp, tcb, seg->seq, seg->seq + seg->len);
	/* Two ends that refuse each other's empty ACKs must not go on for ever. */
	if (seg_space(seg) == 0)
		reply_challenge(tcp, tcb);
	else
		output_ack_now(tcp, tcb);
	return v;
}

static verdict syn_arrives(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (tcb->state == WEIR_SYN_RECEIVED)
		return handshake_syn_again(tcp, tcb, seg);
	reply_challenge(tcp, tcb);
	return COUNT_drop_syn_synchronized;
}

/*
 * Whether it goes on exactly where the last one ended, within the window, and is no older: nearly always. The
 * steps before the fifth have nothing to say then.
 */
static inline bool goes_on(const struct tcb *tcb, const struct seg *seg)
{
	if (!SHORT_WAYS || (seg->flags & (SEG_SYN | SEG_RST | SEG_ACK)) != SEG_ACK ||
	    seg->seq != tcb->rcv_nxt || seg->len > tcb_rcv_wnd(tcb) || tcb->state == WEIR_SYN_RECEIVED)
		return false;
	return !(tcb->flags & TCB_TS) || (seg->opts & SEG_OPT_TS && seq_ge(seg->tsval, tcb->ts_recent));
}

/*
 * The steps before the fifth, and what completes a handshake. False: the segment goes no further, and *v says
 * what was made of it. *cut: it was more than was offered.
 */
static bool first_steps(struct tcp *tcp, struct tcb *tcb, struct seg *seg, bool *cut, verdict *v)
{
	/* First: sequence number; a RST has a stricter test of its own, in the second step. */
	*v = check_timestamps(tcp, tcb, seg);
	if (*v == COUNT_drop_paws)
		refuse(tcp, tcb, seg, *v);
	if (*v != ACCEPTED)
		return false;
	if (seg->flags & SEG_RST) {
		*v = reset_arrives(tcp, tcb, seg);
		return false;
	}
	*v = text_acceptable(tcp, tcb, seg);
	if (*v != ACCEPTED && !(seg->flags & SEG_SYN)) {
		refuse(tcp, tcb, seg, *v);
		return false;
	}

	/* Third: security and compartment; gone since RFC 9293. Fourth: SYN. */
	if (seg->flags & SEG_SYN) {
		*v = syn_arrives(tcp, tcb, seg);
		return false;
	}
	*cut = text_trim(tcb, seg);

	/* Fifth: ACK. */
	*v = !(seg->flags & SEG_ACK)         ? COUNT_drop_no_ack :
	     tcb->state == WEIR_SYN_RECEIVED ? handshake_completed(tcp, tcb, seg) :
					       ACCEPTED;
	return *v == ACCEPTED;
}

verdict input_segment(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	bool cut = false;
	verdict v;

	if (tcb->state == WEIR_SYN_SENT)
		return handshake_syn_sent(tcp, tcb, seg);
	if (!goes_on(tcb, seg) && !first_steps(tcp, tcb, seg, &cut, &v))
		return v;
	v = ack_input(tcp, tcb, seg);
	if (v != ACCEPTED)
		return v;
	note_timestamp(tcb, seg);
	/* A probe, or more than was offered: the peer must learn where the edge is. */
	if (cut)
		output_ack_now(tcp, tcb);
	if (ack_fin_acked(tcp, tcb) && !fin_acked(tcp, tcb, seg))
		return ACCEPTED;

	return input_text_and_fin(tcp, tcb, seg);
}

static verdict input_one(struct tcp *tcp, struct seg *seg, ref r)
{
	/* Two pairs of one name: the first to come has it. */
	if (tuple_is6(&seg->tuple) && r != REF_NONE && !pair_equal(pair_at(tcp, r), &tcp->side->pair))
		return COUNT_drop_name_taken;
	switch (ref_kind(r)) {
	case REF_HOT:
		return input_segment(tcp, tcb_at(tcp, ref_slot(r)), seg);
	case REF_HALF_OPEN:
		return half_open_input(tcp, ref_slot(r), seg);
	case REF_TIME_WAIT:
		return time_wait_input(tcp, ref_slot(r), seg);
	case REF_NONE:
	case REF_KINDS:
		break;
	}
	return handshake_listen(tcp, seg);
}

/* How many more segments can each do all that one may: raise an event, queue output, be answered. */
static unsigned room(const struct tcp *tcp)
{
	uint32_t events = ring_room(&tcp->events_ring), dirty = ring_room(&tcp->dirty_ring);
	uint32_t replies = ring_room(&tcp->replies_ring), least = events < dirty ? events : dirty;

	return least < replies ? least : replies;
}

unsigned tcp_input(struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n,
		   uint64_t now_ns, uint64_t *turned)
{
	ref refs[TCP_BURST_MAX + 1];
	uint8_t syns[TCP_BURST_MAX]; /* to be answered by cookies */
	unsigned i, syns_count = 0;

	*turned = 0;
	tcp->elsewhere = 0;
	CHECK(n <= TCP_BURST_MAX);
	tcp_set_now(tcp, now_ns);
	if (n == 0)
		return 0;
	lookup_burst(tcp, segs, sides, n, refs);
	struct lookup lookup = { .changes = tcp->table.changes };
	unsigned sure = room(tcp); /* most leave some of it to those behind them */

	for (i = 0; i < n && (i < sure || room(tcp) > 0); i++) {
		ref r = lookup_ref(tcp, &lookup, refs[i], &segs[i]);

		tcp->seg = &segs[i];
		tcp->side = &sides[i];
		verdict v = input_one(tcp, &segs[i], r);

		if (v == ANSWER_BY_COOKIE) {
			syns[syns_count++] = (uint8_t)i;
			*turned |= 1ull << i;
			v = ACCEPTED;
		} else if (v == COUNT_handed_over) {
			tcp->elsewhere |= 1ull << i;
		}
		count(tcp->counters, v);
		if (refs[i + 1] == refs[i] && v == ACCEPTED && ref_kind(r) == REF_HOT)
			i += run_input(tcp, tcb_at(tcp, ref_slot(r)), &segs[i], &sides[i], n - i);
	}
	tcp->seg = NULL;
	if (syns_count > 0)
		cookie_answer(tcp, segs, sides, syns, syns_count);
	return i;
}
