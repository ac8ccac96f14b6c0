/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/half_open.h"

#include "tcp/fsm.h"
#include "tcp/handshake.h"
#include "tcp/input.h"
#include "tcp/isn.h"
#include "tcp/passive.h"
#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/time_wait.h"
#include "wire/tcp_opt.h"

#define RETRIES_MAX 7 /* three bits; by then it is three minutes old */

static ref half_open_ref(uint32_t slot)
{
	return ref_make(REF_HALF_OPEN, slot);
}

/* ------------------------------------------------------------------------------------------- *
 * Time
 * ------------------------------------------------------------------------------------------- */

static uint64_t rto_us(const struct tcp *tcp, unsigned retries)
{
	uint64_t us = (uint64_t)tcp->times.rto_initial_us << retries;

	return us < tcp->times.rto_max_us ? us : tcp->times.rto_max_us;
}

/* From the first SYN-ACK to the latest: the RTO doubles each time (RFC 6298 section 5.5). */
static uint32_t earlier_ticks(const struct tcp *tcp, unsigned retries)
{
	uint64_t us = 0;

	for (unsigned i = 0; i < retries; i++)
		us += rto_us(tcp, i);
	return clock_ticks_from_us(us);
}

/* Ticks since the one of the latest SYN-ACK, of which sent_us knows the lower 22 bits: an hour and more. */
static uint32_t quiet_ticks(const struct tcp *tcp, const struct half_open *half)
{
	const unsigned shift = CLOCK_TICK_SHIFT - CLOCK_US_SHIFT;

	return (tcp->tick - (half->sent_us >> shift)) & (UINT32_MAX >> shift);
}

static uint32_t waited_ticks(const struct tcp *tcp, const struct half_open *half)
{
	return earlier_ticks(tcp, half->retries) + quiet_ticks(tcp, half);
}

static uint32_t timeout_ticks(const struct listener *listener)
{
	return clock_ticks_from_ns(listener->defence.timeout_ns);
}

uint32_t half_open_deadline(const struct tcp *tcp, const struct half_open *half)
{
	uint32_t timeout = timeout_ticks(&tcp->listeners[half->listener]);
	uint32_t earlier = earlier_ticks(tcp, half->retries);
	uint32_t rto = clock_ticks_from_us(rto_us(tcp, half->retries));
	uint32_t left = timeout > earlier ? timeout - earlier : 0;

	return tcp->tick - quiet_ticks(tcp, half) + (rto < left ? rto : left) + 1;
}

/* What is left of the timeout as the queue fills; while cookies do its work, no more than the first wait. */
static uint32_t patience_ticks(const struct listener *listener)
{
	const struct weir_defence *defence = &listener->defence;
	uint64_t room = defence->backlog > listener->half_opens ? defence->backlog - listener->half_opens : 0;

	return listener->guard.on ? 0 : (uint32_t)(timeout_ticks(listener) * room / defence->backlog);
}

static void arm(struct tcp *tcp, uint32_t slot)
{
	struct half_open *half = half_open_at(tcp, slot);

	timer_wheel_file_at(&tcp->wheel, half_open_ref(slot), &half->wheel, half_open_deadline(tcp, half));
}

/* ------------------------------------------------------------------------------------------- *
 * The queue
 * ------------------------------------------------------------------------------------------- */

/* Into the queue of its listener, as the newest. */
static void enqueue(struct tcp *tcp, uint32_t slot)
{
	struct half_open *half = half_open_at(tcp, slot);
	struct listener *listener = &tcp->listeners[half->listener];

	half->older = listener->newest;
	half->newer = SLOT_NONE;
	if (listener->newest != SLOT_NONE)
		half_open_at(tcp, listener->newest)->newer = slot;
	else
		listener->oldest = slot;
	listener->newest = slot;
	listener->half_opens++;
}

static void dequeue(struct tcp *tcp, uint32_t slot)
{
	const struct half_open *half = half_open_at(tcp, slot);
	struct listener *listener = &tcp->listeners[half->listener];

	if (half->older != SLOT_NONE)
		half_open_at(tcp, half->older)->newer = half->newer;
	else
		listener->oldest = half->newer;
	if (half->newer != SLOT_NONE)
		half_open_at(tcp, half->newer)->older = half->older;
	else
		listener->newest = half->older;
	listener->half_opens--;
}

/* Out of queue and pool; the table is the caller's business. */
static void give(struct tcp *tcp, uint32_t slot)
{
	struct half_open *half = half_open_at(tcp, slot);

	dequeue(tcp, slot);
	if (half->flags & HALF_COUNTED)
		sources_give(tcp, tuple_remote(&half->tuple, pair_at(tcp, half_open_ref(slot))));
	half->tuple.lport = 0;
	half->tuple.rport = 0;
	slot_pool_give(&tcp->half_opens, slot);
	fsm_count(tcp, WEIR_SYN_RECEIVED, -1);
}

void half_open_forget(struct tcp *tcp, uint32_t slot)
{
	const struct half_open *half = half_open_at(tcp, slot);

	/*
	 * The SYN was an old duplicate, or forged: TIME-WAIT goes on as if it had not come (RFC 9293 MAY-2).
	 */
	if (half->hides != SLOT_NONE)
		time_wait_show(tcp, half->hides, half_open_ref(slot));
	else
		conn_table_remove(&tcp->table, tcp_hash(tcp, &half->tuple), half_open_ref(slot));
	give(tcp, slot);
}

void half_open_drain(struct tcp *tcp, struct listener *listener, unsigned most)
{
	for (; most > 0 && listener->oldest != SLOT_NONE; most--) {
		if (waited_ticks(tcp, half_open_at(tcp, listener->oldest)) <
		    clock_ticks_from_us(rto_us(tcp, 0)))
			return;
		half_open_forget(tcp, listener->oldest);
		count(tcp->counters, COUNT_half_open_expired);
	}
}

/* The oldest had its chance if its SYN-ACK has gone again, and still it is not complete. */
static bool recycle(struct tcp *tcp, const struct listener *listener)
{
	if (listener->oldest == SLOT_NONE || half_open_at(tcp, listener->oldest)->retries == 0)
		return false;
	half_open_forget(tcp, listener->oldest);
	count(tcp->counters, COUNT_half_open_recycled);
	return true;
}

/* A record, or SLOT_NONE when the listener has its share, or all are used. */
static uint32_t take(struct tcp *tcp, const struct listener *listener)
{
	if (listener->half_opens >= listener->defence.backlog || slot_pool_free(&tcp->half_opens) == 0) {
		if (!recycle(tcp, listener))
			return SLOT_NONE;
	}
	return slot_pool_take(&tcp->half_opens);
}

/* ------------------------------------------------------------------------------------------- *
 * What is sent
 * ------------------------------------------------------------------------------------------- */

/* Its addresses, if they are of IPv6. */
static const struct pair *pair_of(const struct tcp *tcp, const struct half_open *half)
{
	const struct half_open *first = half_open_at(tcp, 0);

	return pair_at(tcp, half_open_ref((uint32_t)(half - first)));
}

/* A segment from SYN-RECEIVED to fill in, or NULL. */
static struct seg *reply_from(struct tcp *tcp, const struct half_open *half, uint32_t seq)
{
	const struct profile *profile = profile_of_listener(tcp, half->listener);
	struct seg *seg = reply_new(tcp, &half->tuple, pair_of(tcp, half));

	if (seg == NULL)
		return NULL;
	seg->seq = seq;
	seg->ack = half->rcv_nxt;
	seg->flags = SEG_ACK;
	seg->ttl = profile->ttl;
	seg->tos = profile->tos;
	if (half->flags & HALF_TS) {
		seg->opts = SEG_OPT_TS;
		seg->tsval = tcp_tsval(tcp, isn_ts_offset(tcp, &half->tuple));
		seg->tsecr = half->ts_recent;
	}
	return seg;
}

/* The SYN as far as its record knows it, so that the answer to it is always the same. */
static void remember_syn(const struct half_open *half, struct seg *seg)
{
	*seg = (struct seg){
		.tuple = half->tuple,
		.seq = half->rcv_nxt - 1,
		.tsval = half->ts_recent,
		.mss = half->mss,
		.flags = half->flags & HALF_ECN ? SEG_SYN | SEG_ECE | SEG_CWR : SEG_SYN,
		.opts = (uint8_t)(SEG_OPT_MSS | (half->flags & OPTS_AGREED)),
	};
}

static void reply_syn_ack(struct tcp *tcp, const struct half_open *half, uint32_t ts_offset)
{
	struct seg *seg = reply_new(tcp, &half->tuple, pair_of(tcp, half));

	if (seg == NULL)
		return;
	remember_syn(half, seg);
	passive_answer(tcp, &tcp->listeners[half->listener], seg);
	seg->seq = half->iss;
	if (half->flags & HALF_TS)
		seg->tsval = tcp_tsval(tcp, ts_offset);
	count(tcp->counters, COUNT_syn_ack_out);
}

/*
 * Who repeats a long SYN by short ones is not to have each answered at length,
 * wherever they say that they come from.
 */
static bool is_long_enough(const struct half_open *half, const struct seg *again)
{
	struct seg syn;

	remember_syn(half, &syn);
	/* With no more than an MSS the answer is in a frame of the least size. */
	return syn.opts == SEG_OPT_MSS || tcp_opt_bytes(&syn) <= tcp_opt_bytes(again);
}

static void reply_syn_ack_again(struct tcp *tcp, struct half_open *half)
{
	half->flags |= HALF_AGAIN;
	reply_syn_ack(tcp, half, isn_ts_offset(tcp, &half->tuple));
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
	bool is6 = tuple_is6(&seg->tuple);
	uint16_t theirs = seg->opts & SEG_OPT_MSS ? seg->mss : tcp_mss_default(is6);
	uint16_t ours = profile_mss(tcp, profile_of_listener(tcp, listener), is6);

	return theirs < ours ? theirs : ours;
}

static void fill(const struct tcp *tcp, struct half_open *half, const struct seg *seg, uint8_t listener,
		 uint32_t hides, uint32_t iss)
{
	*half = (struct half_open){
		.tuple = seg->tuple,
		.rcv_nxt = seg->seq + 1,
		/* Beyond all that was sent before (RFC 9293 MAY-2). */
		.iss = hides == SLOT_NONE ? iss : seq_max(iss, time_wait_snd_nxt(tcp, hides) + 1),
		.ts_recent = seg->tsval,
		.sent_us = clock_us(tcp->now_ns),
		.mss = agreed_mss(tcp, seg, listener) & 0x3fff,
		.hides = hides,
		.listener = listener,
		.snd_wnd = seg->wnd,
		.snd_wscale = seg->wscale & 15,
		.flags = passive_agreed(tcp, seg) & 63,
		.wheel = half->wheel,
		.challenge = (half_second(tcp) ^ 16) & 31, /* another one, so that the first goes out */
	};
}

verdict half_open_make(struct tcp *tcp, const struct seg *seg, uint8_t listener, uint32_t hides)
{
	const struct listener *l = &tcp->listeners[listener];
	bool limited = l->defence.half_open_per_source != 0;

	if (limited && !sources_take(tcp, l, tuple_remote(&seg->tuple, &tcp->side->pair)))
		return COUNT_drop_source_half_open;
	uint32_t slot = take(tcp, l);
	verdict v = slot == SLOT_NONE                   ? COUNT_drop_half_open_full :
		    !enter(tcp, slot, seg->hash, hides) ? COUNT_drop_table_full :
							  ACCEPTED;

	if (v != ACCEPTED) {
		if (slot != SLOT_NONE)
			slot_pool_give(&tcp->half_opens, slot);
		if (limited)
			sources_give(tcp, tuple_remote(&seg->tuple, &tcp->side->pair));
		return v;
	}
	struct half_open *half = half_open_at(tcp, slot);
	struct isn isn = isn_make(tcp, &seg->tuple);

	if (tuple_is6(&seg->tuple))
		*pair_at(tcp, half_open_ref(slot)) = tcp->side->pair;
	fill(tcp, half, seg, listener, hides, isn.iss);
	if (limited)
		half->flags |= HALF_COUNTED;
	enqueue(tcp, slot);
	fsm_count(tcp, WEIR_SYN_RECEIVED, 1);
	reply_syn_ack(tcp, half, isn.ts_offset);
	arm(tcp, slot);
	return ACCEPTED;
}

/* ------------------------------------------------------------------------------------------- *
 * What arrives
 * ------------------------------------------------------------------------------------------- */

/* The round trip of our SYN-ACK; if it was sent again, timestamps must tell of which (Karn). */
static void sample_syn_ack(struct tcp *tcp, struct tcb *tcb, const struct half_open *half,
			   const struct seg *seg)
{
	if (half->retries > 0)
		rtt_syn_lost(tcp, tcb);
	if (half->flags & HALF_AGAIN)
		rtt_sample_echo(tcp, tcb, seg, waited_ticks(tcp, half) + half->retries + 1);
	else
		rtt_sample(tcp, tcb, clock_us(tcp->now_ns) - half->sent_us);
}

/* Its handshake is complete: a hot record takes the half-open one's place. */
static verdict promote(struct tcp *tcp, uint32_t slot, struct seg *seg)
{
	const struct half_open *half = half_open_at(tcp, slot);

	if (!passive_may_open(tcp, &tcp->listeners[half->listener]))
		return COUNT_drop_source_opens;
	struct tcb *tcb = passive_record(tcp, half, isn_ts_offset(tcp, &half->tuple));

	/* Full: the peer's next data finds the half-open record again, and perhaps more room. */
	if (tcb == NULL)
		return COUNT_drop_connections_full;
	sample_syn_ack(tcp, tcb, half, seg);
	conn_table_replace(&tcp->table, seg->hash, half_open_ref(slot),
			   ref_make(REF_HOT, tcb_slot(tcp, tcb)));
	if (half->hides != SLOT_NONE)
		time_wait_succeeded(tcp, half->hides);
	passive_established(tcp, tcb, half);
	give(tcp, slot);
	return input_segment(tcp, tcb, seg);
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
					     passive_mss(tcp, half));
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
		/* Ours was lost, or this is a duplicate. */
		if (is_long_enough(half, seg))
			reply_syn_ack_again(tcp, half);
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
				     passive_syn(tcp, seg, &tcp->listeners[listener], SLOT_NONE);
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

/* What the SYN-ACK offered, which is never scaled. */
static uint16_t offered(const struct tcp *tcp, const struct half_open *half)
{
	return handshake_rcv_wnd(tcp, 0, passive_mss(tcp, half));
}

verdict half_open_input(struct tcp *tcp, uint32_t slot, struct seg *seg)
{
	struct half_open *half = half_open_at(tcp, slot);
	bool in_window = seg->seq == half->rcv_nxt || seq_within(seg->seq, half->rcv_nxt, offered(tcp, half));
	verdict v;

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
	/* A cookie, from before this record or from another machine, makes a connection as well. */
	if (seg->ack != half->iss + 1 && passive_ack(tcp, seg, half_open_ref(slot), &v))
		return v;
	if (!in_window)
		return refuse(tcp, half, COUNT_drop_window);
	if (!(seg->flags & SEG_ACK))
		return COUNT_drop_no_ack;
	if (seg->ack != half->iss + 1) {
		if (passive_follows_cookie(tcp, &tcp->listeners[half->listener], seg))
			return COUNT_drop_cookie;
		reply_reset_to(tcp, seg);
		return COUNT_drop_half_open_ack;
	}
	return promote(tcp, slot, seg);
}

void half_open_timer(struct tcp *tcp, uint32_t slot)
{
	struct half_open *half = half_open_at(tcp, slot);
	const struct listener *listener = &tcp->listeners[half->listener];
	uint32_t waited = waited_ticks(tcp, half);

	if (half->retries >= RETRIES_MAX || waited >= timeout_ticks(listener) ||
	    waited >= patience_ticks(listener)) {
		count(tcp->counters, COUNT_half_open_expired);
		half_open_forget(tcp, slot);
		return;
	}
	half->retries = (half->retries + 1u) & 7;
	half->sent_us = clock_us(tcp->now_ns);
	count(tcp->counters, COUNT_retransmits);
	reply_syn_ack_again(tcp, half);
	arm(tcp, slot);
}
