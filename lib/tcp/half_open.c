/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/half_open.h"

#include "tcp/ack.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/handshake.h"
#include "tcp/input.h"
#include "tcp/isn.h"
#include "tcp/output.h"
#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/time_wait.h"

/* SYN-ACKs after the first, 7 at most; with the RTO doubling from 1 s the last one waits until 63 s. */
#define SYN_ACK_RETRIES 5

static ref half_open_ref(uint32_t slot)
{
	return ref_make(REF_HALF_OPEN, slot);
}

static void arm(struct tcp *tcp, uint32_t slot)
{
	struct half_open *half = half_open_at(tcp, slot);
	uint64_t rto_us = (uint64_t)tcp->times.rto_initial_us << half->retries;

	if (rto_us > tcp->times.rto_max_us)
		rto_us = tcp->times.rto_max_us;
	half->deadline = tcp->tick + clock_ticks_from_us(rto_us) + 1;
	timer_wheel_file(&tcp->wheel, half_open_ref(slot), half->deadline);
}

static uint16_t half_mss(const struct tcp *tcp, const struct half_open *half)
{
	return handshake_mss(half->mss, tcp->rcv_mss, half->flags & HALF_TS);
}

/* A segment from SYN-RECEIVED to fill in, or NULL. */
static struct seg *reply_from(struct tcp *tcp, const struct half_open *half, uint32_t seq)
{
	const struct profile *profile = profile_of_listener(tcp, half->listener);
	struct seg *seg = reply_new(tcp, &half->tuple);

	if (seg == NULL)
		return NULL;
	seg->seq = seq;
	seg->ack = half->rcv_nxt;
	seg->flags = SEG_ACK;
	seg->ttl = profile->ttl;
	seg->tos = profile->tos;
	if (half->flags & HALF_TS) {
		seg->opts = SEG_OPT_TS;
		seg->tsval = tcp_tsval(tcp, half->ts_offset);
		seg->tsecr = half->ts_recent;
	}
	return seg;
}

static void reply_syn_ack(struct tcp *tcp, const struct half_open *half)
{
	struct seg *seg = reply_from(tcp, half, half->iss);

	if (seg == NULL)
		return;
	seg->flags |= SEG_SYN;
	seg->opts |= SEG_OPT_MSS;
	seg->mss = profile_mss(tcp, profile_of_listener(tcp, half->listener));
	seg->wnd = handshake_rcv_wnd(tcp, 0, half_mss(tcp, half));
	if (half->flags & HALF_SACK)
		seg->opts |= SEG_OPT_SACK_OK;
	if (half->flags & HALF_WSCALE) {
		seg->opts |= SEG_OPT_WSCALE;
		seg->wscale = tcp->rcv_wscale;
	}
	count(tcp->counters, COUNT_syn_ack_out);
}

static void reply_syn_ack_again(struct tcp *tcp, struct half_open *half)
{
	half->flags |= HALF_AGAIN;
	reply_syn_ack(tcp, half);
}

static uint8_t agreed_options(const struct tcp *tcp, const struct seg *seg)
{
	uint8_t flags = 0;

	if (seg->opts & SEG_OPT_TS && tcp->timestamps)
		flags |= HALF_TS;
	if (seg->opts & SEG_OPT_SACK_OK)
		flags |= HALF_SACK;
	if (seg->opts & SEG_OPT_WSCALE)
		flags |= HALF_WSCALE;
	return flags;
}

/* The half second that challenge ACKs are limited by, in as many bits as a half-open record has for it. */
static unsigned half_second(const struct tcp *tcp)
{
	return reply_half_second(tcp) & 31;
}

/* Into the table, or into a TIME-WAIT record's place there. */
static bool enter(struct tcp *tcp, uint32_t slot, uint64_t hash, uint32_t hides)
{
	if (hides == SLOT_NONE)
		return conn_table_insert(&tcp->table, hash, half_open_ref(slot));
	time_wait_hide(tcp, hides, half_open_ref(slot));
	return true;
}

/* Settled now: the listener's bound may be another one by the time of the ACK. */
static uint16_t agreed_mss(const struct tcp *tcp, const struct seg *seg, uint8_t listener)
{
	uint16_t theirs = seg->opts & SEG_OPT_MSS ? seg->mss : TCP_MSS_DEFAULT;
	uint16_t ours = profile_mss(tcp, profile_of_listener(tcp, listener));

	return theirs < ours ? theirs : ours;
}

verdict half_open_make(struct tcp *tcp, const struct seg *seg, uint8_t listener, uint32_t hides)
{
	uint32_t slot = slot_pool_take(&tcp->half_opens);

	if (slot == SLOT_NONE)
		return COUNT_drop_half_open_full;
	if (!enter(tcp, slot, seg->hash, hides)) {
		slot_pool_give(&tcp->half_opens, slot);
		return COUNT_drop_table_full;
	}
	struct half_open *half = half_open_at(tcp, slot);
	struct isn isn = isn_make(tcp, &seg->tuple);

	*half = (struct half_open){
		.tuple = seg->tuple,
		.rcv_nxt = seg->seq + 1,
		/* Beyond all that was sent before (RFC 9293 MAY-2). */
		.iss = hides == SLOT_NONE ? isn.iss : seq_max(isn.iss, time_wait_snd_nxt(tcp, hides) + 1),
		.ts_recent = seg->tsval,
		.ts_offset = isn.ts_offset,
		.sent_us = clock_us(tcp->now_ns),
		.mss = agreed_mss(tcp, seg, listener),
		.snd_wnd = seg->wnd,
		.hides = hides,
		.listener = listener,
		.snd_wscale = seg->wscale & 15,
		.flags = agreed_options(tcp, seg) & 15,
		.wheel = half->wheel,
		.challenge = (half_second(tcp) ^ 16) & 31, /* another one, so that the first goes out */
	};
	fsm_count(tcp, WEIR_SYN_RECEIVED, 1);
	reply_syn_ack(tcp, half);
	arm(tcp, slot);
	return ACCEPTED;
}

/* Out of the pool; the table is the caller's business. */
static void give(struct tcp *tcp, uint32_t slot)
{
	struct half_open *half = half_open_at(tcp, slot);

	half->tuple.lport = 0;
	half->tuple.rport = 0;
	slot_pool_give(&tcp->half_opens, slot);
	fsm_count(tcp, WEIR_SYN_RECEIVED, -1);
}

void half_open_forget(struct tcp *tcp, uint32_t slot)
{
	const struct half_open *half = half_open_at(tcp, slot);

	/* The SYN was an old duplicate, or forged: TIME-WAIT goes on as if it had not come (RFC 9293 MAY-2). */
	if (half->hides != SLOT_NONE)
		time_wait_show(tcp, half->hides, half_open_ref(slot));
	else
		conn_table_remove(&tcp->table, tcp_hash(tcp, &half->tuple), half_open_ref(slot));
	give(tcp, slot);
}

/* The round trip of our SYN-ACK; if it was sent again, timestamps must tell of which (Karn). */
static void sample_syn_ack(struct tcp *tcp, struct tcb *tcb, const struct half_open *half,
			   const struct seg *seg)
{
	uint32_t elapsed_us = clock_us(tcp->now_ns) - half->sent_us;

	tcb->packed = path_initial(tcb->mss);
	if (half->retries > 0)
		rtt_syn_lost(tcp, tcb);
	if (half->flags & HALF_AGAIN)
		rtt_sample_echo(tcp, tcb, seg, clock_ticks_from_us(elapsed_us));
	else
		rtt_sample(tcp, tcb, elapsed_us);
}

/* ESTABLISHED by this ACK: a hot record takes the half-open one's place. NULL when there is none left. */
static struct tcb *promote(struct tcp *tcp, uint32_t slot, const struct seg *seg)
{
	struct half_open *half = half_open_at(tcp, slot);
	struct tcb *tcb = tcb_take(tcp, &half->tuple);

	if (tcb == NULL)
		return NULL;
	tcb_use_profile(tcp, tcb, tcp->listeners[half->listener].profile);
	tcb->word = tcp->listeners[half->listener].word;
	tcb->rcv_nxt = half->rcv_nxt;
	tcb->snd_nxt = half->iss + 1;
	tcb->ts_recent = half->ts_recent;
	tcb->ts_offset = half->ts_offset;
	if (half->flags & HALF_TS)
		tcb->flags |= TCB_TS;
	if (half->flags & HALF_SACK)
		tcb->flags |= TCB_SACK;
	if (half->flags & HALF_WSCALE) {
		tcb->flags |= TCB_WSCALE;
		tcb->snd_wscale = half->snd_wscale & 15;
		tcb->rcv_wscale = tcp->rcv_wscale & 15;
	}
	tcb->mss = half_mss(tcp, half);
	tcb->rcv_wnd = handshake_rcv_wnd(tcp, tcb->rcv_wscale, tcb->mss);
	ack_window(tcb, half->snd_wnd >> tcb->snd_wscale);
	sample_syn_ack(tcp, tcb, half, seg);
	conn_table_replace(&tcp->table, seg->hash, half_open_ref(slot),
			   ref_make(REF_HOT, tcb_slot(tcp, tcb)));
	if (half->hides != SLOT_NONE)
		time_wait_succeeded(tcp, half->hides);
	give(tcp, slot);
	tcb_set_state(tcp, tcb, WEIR_SYN_RECEIVED);
	tcb_set_state(tcp, tcb, WEIR_ESTABLISHED);
	count(tcp->counters, COUNT_opened_passive);
	event_raise(tcp, tcb, WEIR_EV_OPENED);
	tcb_rest(tcp, tcb);
	return tcb;
}

/*
 * <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> for what cannot be used, at most once in half a second, as for a hot
 * record: the peer proves itself by what it answers.
 */
static verdict refuse(struct tcp *tcp, struct half_open *half, verdict v)
{
	unsigned now = half_second(tcp);

	if (half->challenge == now) {
		count(tcp->counters, COUNT_challenge_limited);
		return v;
	}
	half->challenge = now & 31;
	count(tcp->counters, COUNT_challenge_acks);
	struct seg *seg = reply_from(tcp, half, half->iss + 1);

	if (seg != NULL)
		seg->wnd = handshake_rcv_wnd(tcp, half->flags & HALF_WSCALE ? tcp->rcv_wscale : 0,
					     half_mss(tcp, half));
	return v;
}

/* The second step and the fourth: RST and SYN never complete a handshake. */
static verdict reset_or_syn(struct tcp *tcp, uint32_t slot, struct seg *seg, bool in_window)
{
	struct half_open *half = half_open_at(tcp, slot);

	if (seg->flags & SEG_RST) {
		if (!in_window)
			return COUNT_drop_rst_outside;
		if (seg->seq != half->rcv_nxt)
			return refuse(tcp, half, COUNT_drop_rst_window); /* RFC 5961 section 3 */
		half_open_forget(tcp, slot); /* back to LISTEN; the user need not know */
		return ACCEPTED;
	}
	if (seg->seq + 1 == half->rcv_nxt && !(seg->flags & SEG_ACK)) {
		reply_syn_ack_again(tcp, half); /* ours was lost, or this is a duplicate */
		return ACCEPTED;
	}
	/* A peer that began anew answers our ACK by a RST; one that did not is not disturbed. */
	if (!in_window || seg->flags & SEG_ACK)
		return refuse(tcp, half, COUNT_drop_syn_synchronized);
	/* Within the window the handshake returns to LISTEN, or TIME-WAIT, which takes the new SYN. */
	uint8_t listener = half->listener;
	uint32_t hidden = half->hides;

	half_open_forget(tcp, slot);
	return hidden != SLOT_NONE ? time_wait_input(tcp, hidden, seg) :
				     half_open_make(tcp, seg, listener, SLOT_NONE);
}

/*
 * Whether it speaks to the connection in TIME-WAIT behind this handshake: it is out of place here, or
 * acknowledges what that one sent last.
 */
static bool for_hidden(const struct tcp *tcp, const struct half_open *half, const struct seg *seg,
		       bool in_window)
{
	if (half->hides == SLOT_NONE || seg->flags & SEG_SYN)
		return false;
	return !in_window || (seg->flags & SEG_ACK && seg->ack == time_wait_snd_nxt(tcp, half->hides));
}

verdict half_open_input(struct tcp *tcp, uint32_t slot, struct seg *seg)
{
	struct half_open *half = half_open_at(tcp, slot);
	/* What the SYN-ACK offered, which is never scaled. */
	bool in_window = seq_within(seg->seq, half->rcv_nxt, handshake_rcv_wnd(tcp, 0, half_mss(tcp, half)));

	if (for_hidden(tcp, half, seg, in_window))
		return time_wait_input(tcp, half->hides, seg);
	if (seg->flags & (SEG_RST | SEG_SYN))
		return reset_or_syn(tcp, slot, seg, in_window);
	if (half->flags & HALF_TS) {
		if (!(seg->opts & SEG_OPT_TS))
			return COUNT_drop_no_timestamp;
		if (seq_lt(seg->tsval, half->ts_recent))
			return refuse(tcp, half, COUNT_drop_paws);
	}
	if (!in_window)
		return refuse(tcp, half, COUNT_drop_window);
	if (!(seg->flags & SEG_ACK))
		return COUNT_drop_no_ack;
	if (seg->ack != half->iss + 1) {
		reply_reset_to(tcp, seg);
		return COUNT_drop_half_open_ack;
	}
	struct tcb *tcb = promote(tcp, slot, seg);

	/* Full: the peer's next data finds the half-open record again, and perhaps more room. */
	if (tcb == NULL)
		return COUNT_drop_connections_full;
	return input_segment(tcp, tcb, seg);
}

void half_open_timer(struct tcp *tcp, uint32_t slot)
{
	struct half_open *half = half_open_at(tcp, slot);

	if (half->retries >= SYN_ACK_RETRIES) {
		count(tcp->counters, COUNT_half_open_expired);
		half_open_forget(tcp, slot);
		return;
	}
	half->retries = (half->retries + 1u) & 7;
	count(tcp->counters, COUNT_retransmits);
	reply_syn_ack_again(tcp, half);
	arm(tcp, slot);
}
