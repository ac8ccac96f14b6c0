/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/passive.h"

#include "tcp/ack.h"
#include "tcp/ecn.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/half_open.h"
#include "tcp/handshake.h"
#include "tcp/input.h"
#include "tcp/isn.h"
#include "tcp/listeners.h"
#include "tcp/output.h"
#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/rtt.h"
#include "tcp/time_wait.h"

static unsigned agreed_opts(const struct tcp *tcp, const struct seg *syn)
{
	return syn->opts & OPTS_AGREED & (tcp->timestamps ? ~0u : ~(unsigned)SEG_OPT_TS);
}

unsigned passive_agreed(const struct tcp *tcp, const struct seg *syn)
{
	return agreed_opts(tcp, syn) | (ecn_setup(syn) ? HALF_ECN : 0);
}

uint16_t passive_mss(const struct tcp *tcp, const struct half_open *half)
{
	return handshake_mss(half->mss, tcp_rcv_mss(tcp, tuple_is6(&half->tuple)), half->flags & HALF_TS);
}

/*
 * The options of a SYN that the answer can afford. That is no longer than the SYN, or it could be used to
 * make more of a flood than there was; and it has an MSS (RFC 9293 SHLD-5), which takes the place of another
 * option where the SYN has none.
 */
static uint8_t affordable(unsigned opts)
{
	unsigned without = opts & SEG_OPT_MSS    ? 0 :
			   opts & SEG_OPT_WSCALE ? SEG_OPT_WSCALE :
			   opts & SEG_OPT_TS     ? SEG_OPT_TS :
						   SEG_OPT_SACK_OK;

	return (uint8_t)(opts & ~without);
}

void passive_answer(const struct tcp *tcp, const struct listener *listener, struct seg *syn)
{
	const struct profile *profile = &tcp->profiles[listener->profile];
	unsigned opts = agreed_opts(tcp, syn);
	bool is6 = tuple_is6(&syn->tuple);
	uint16_t theirs = syn->opts & SEG_OPT_MSS ? syn->mss : tcp_mss_default(is6);
	uint16_t ours = profile_mss(tcp, profile, is6);

	syn->wnd = handshake_rcv_wnd(tcp, 0, handshake_mss(theirs, ours, opts & SEG_OPT_TS));
	syn->mss = ours;
	syn->wscale = tcp->rcv_wscale;
	syn->ack = syn->seq + 1;
	syn->tsecr = opts & SEG_OPT_TS ? syn->tsval : 0;
	syn->tsval = 0;
	syn->flags = ecn_setup(syn) ? SEG_SYN | SEG_ACK | SEG_ECE : SEG_SYN | SEG_ACK;
	syn->opts = (uint8_t)(opts | SEG_OPT_MSS);
	syn->ttl = profile->ttl;
	syn->tos = profile->tos;
	syn->len = 0;
}

/* Full is no answer where a cookie is one. */
static bool may_be_cookie(verdict v)
{
	return v == COUNT_drop_half_open_full || v == COUNT_drop_table_full ||
	       v == COUNT_drop_source_half_open;
}

verdict passive_syn(struct tcp *tcp, struct seg *seg, const struct listener *listener, uint32_t hides)
{
	uint8_t number = (uint8_t)(listener - tcp->listeners);
	struct listener *l = &tcp->listeners[number];

	count(tcp->counters, COUNT_syn_in);
	seg->opts = affordable(seg->opts);
	if (!guard_cookie_for_syn(tcp, l)) {
		verdict v = half_open_make(tcp, seg, number, hides);

		if (!may_be_cookie(v) || l->defence.mode == WEIR_DEFENCE_OFF)
			return v;
	}
	seg->piece = number;
	return ANSWER_BY_COOKIE;
}

bool passive_may_open(struct tcp *tcp, const struct listener *listener)
{
	return listener->defence.opens_per_source == 0 ||
	       sources_may_open(tcp, listener, tuple_remote(&tcp->seg->tuple, &tcp->side->pair));
}

struct tcb *passive_record(struct tcp *tcp, const struct half_open *half, uint32_t ts_offset)
{
	const struct listener *listener = &tcp->listeners[half->listener];
	struct tcb *tcb = tcb_take(tcp, &half->tuple, &tcp->side->pair);

	if (tcb == NULL)
		return NULL;
	tcb_use_profile(tcp, tcb, listener->profile);
	tcb->word = listener->word;
	tcb->rcv_nxt = half->rcv_nxt;
	tcb->snd_nxt = half->iss + 1;
	tcb->ts_recent = half->ts_recent;
	tcb->ts_offset = ts_offset;
	tcb->flags |= half->flags & OPTS_AGREED;
	if (half->flags & HALF_WSCALE) {
		tcb->snd_wscale = half->snd_wscale & 15;
		tcb->rcv_wscale = tcp->rcv_wscale & 15;
	}
	if (half->flags & HALF_ECN)
		ecn_use(tcb);
	tcb->mss = passive_mss(tcp, half);
	tcb->packed = path_initial(tcb->mss);
	tcb->rcv_wnd = handshake_rcv_wnd(tcp, tcb->rcv_wscale, tcb->mss);
	ack_window(tcb, half->snd_wnd >> tcb->snd_wscale);
	return tcb;
}

void passive_established(struct tcp *tcp, struct tcb *tcb, const struct half_open *half)
{
	tcb_set_state(tcp, tcb, WEIR_SYN_RECEIVED);
	tcb_set_state(tcp, tcb, WEIR_ESTABLISHED);
	guard_completed(&tcp->listeners[half->listener]);
	count(tcp->counters, COUNT_opened_passive);
	event_raise(tcp, tcb, WEIR_EV_OPENED);
	tcb_rest(tcp, tcb);
}

/* Puts the record in the place of r; where that is a TIME-WAIT record, that is over. */
static bool enter(struct tcp *tcp, uint64_t hash, ref r, ref hot)
{
	if (r == REF_NONE)
		return conn_table_insert(&tcp->table, hash, hot);
	time_wait_give_way(tcp, ref_slot(r), hot);
	return true;
}

/* What stands under a tuple but for a half-open record: a TIME-WAIT one, perhaps behind it, or nothing. */
static ref behind_half_open(const struct tcp *tcp, ref r)
{
	if (ref_kind(r) != REF_HALF_OPEN)
		return r;
	uint32_t hidden = half_open_at(tcp, ref_slot(r))->hides;

	return hidden == SLOT_NONE ? REF_NONE : ref_make(REF_TIME_WAIT, hidden);
}

/* The same, when the half-open record has been forgotten. */
static ref without_half_open(struct tcp *tcp, ref r)
{
	ref behind = behind_half_open(tcp, r);

	if (ref_kind(r) == REF_HALF_OPEN)
		half_open_forget(tcp, ref_slot(r));
	return behind;
}

static verdict cookie_accepted(struct tcp *tcp, struct seg *seg, ref r, const struct half_open *half,
			       uint32_t ts_offset)
{
	const struct listener *listener = &tcp->listeners[half->listener];

	if (!passive_may_open(tcp, listener))
		return COUNT_drop_source_opens;
	struct tcb *tcb = passive_record(tcp, half, ts_offset);

	/* The peer's next data brings the cookie again, and perhaps finds more room. */
	if (tcb == NULL)
		return COUNT_drop_connections_full;
	if (!enter(tcp, seg->hash, without_half_open(tcp, r), ref_make(REF_HOT, tcb_slot(tcp, tcb)))) {
		tcb_give(tcp, tcb);
		return COUNT_drop_table_full;
	}
	passive_established(tcp, tcb, half);
	count(tcp->counters, COUNT_cookies_accepted);
	return input_segment(tcp, tcb, seg);
}

static bool believes(const struct tcp *tcp, const struct listener *listener)
{
	return listener->defence.mode != WEIR_DEFENCE_OFF && cookie_may_come(tcp);
}

bool passive_follows_cookie(const struct tcp *tcp, const struct listener *listener, const struct seg *seg)
{
	return !(seg->flags & SEG_SYN) && believes(tcp, listener) && cookie_may_precede(tcp, seg);
}

bool passive_ack(struct tcp *tcp, struct seg *seg, ref r, verdict *v)
{
	if ((seg->flags & (SEG_SYN | SEG_RST | SEG_ACK)) != SEG_ACK)
		return false;
	const struct listener *listener = listeners_find_for(tcp, seg);

	if (listener == NULL || !believes(tcp, listener))
		return false;
	ref behind = behind_half_open(tcp, r);
	struct cookie cookie;

	if (!cookie_open(tcp, seg, &cookie) ||
	    (ref_kind(behind) == REF_TIME_WAIT &&
	     !time_wait_cookie_is_newer(tcp, ref_slot(behind), seg, &cookie))) {
		count(tcp->counters, COUNT_cookies_rejected);
		return false;
	}
	uint16_t ours = profile_mss(tcp, &tcp->profiles[listener->profile], tuple_is6(&seg->tuple));
	struct half_open half = {
		.tuple = seg->tuple,
		.rcv_nxt = seg->seq,
		.iss = seg->ack - 1,
		.ts_recent = seg->tsval,
		.mss = (cookie.mss < ours ? cookie.mss : ours) & 0x3fff,
		/* The SYN's window is forgotten; the fifth step is about to read this segment's. */
		.snd_wnd = 0,
		.snd_wscale = cookie.snd_wscale & 15,
		.flags = cookie.flags & 63,
		.hides = SLOT_NONE,
		.listener = (uint8_t)(listener - tcp->listeners),
	};

	*v = cookie_accepted(tcp, seg, r, &half, cookie.ts_offset);
	return true;
}
