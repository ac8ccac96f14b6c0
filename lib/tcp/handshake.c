/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/handshake.h"

#include "tcp/ack.h"
#include "tcp/ecn.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/input.h"
#include "tcp/listeners.h"
#include "tcp/output.h"
#include "tcp/passive.h"
#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"

static verdict ack_without_connection(struct tcp *tcp, const struct listener *listener, struct seg *seg)
{
	verdict v;

	if (passive_ack(tcp, seg, REF_NONE, &v))
		return v;
	if (passive_follows_cookie(tcp, listener, seg))
		return COUNT_drop_cookie;
	reply_reset_to(tcp, seg);
	return COUNT_drop_listen_ack;
}

/*
 * Of the shards that share the port, is it another's? Where all frames of a connection come to one of them,
 * what is for a listener stands or falls here; opens have their port by the shard.
 */
static bool is_elsewhere(const struct tcp *tcp, const struct listener *listener, const struct seg *seg)
{
	if (tcp->rss == NULL || tcp->keeps_all || (listener != NULL && tcp->rss_habit != WEIR_RSS_ANY))
		return false;
	return tcp_shard_of(tcp, &seg->tuple, &tcp->side->pair) != tcp->rss->shard;
}

verdict handshake_listen(struct tcp *tcp, struct seg *seg)
{
	const struct listener *listener = listeners_find_for(tcp, seg);

	if (is_elsewhere(tcp, listener, seg))
		return COUNT_handed_over;
	if (seg->flags & SEG_RST)
		return COUNT_drop_closed_rst;
	if (listener == NULL) {
		reply_reset_to(tcp, seg);
		return COUNT_drop_closed_port;
	}
	if (seg->flags & SEG_ACK)
		return ack_without_connection(tcp, listener, seg);
	if (!(seg->flags & SEG_SYN))
		return COUNT_drop_listen_invalid;
	return passive_syn(tcp, seg, listener, SLOT_NONE);
}

/* Keeps of what was offered in our SYN only what the peer's SYN agrees to. */
static void take_options(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	bool is6 = tcb_is6(tcb);

	tcb->flags &= (uint16_t)(~OPTS_AGREED | seg->opts);
	tcb->ts_recent = tcb->flags & TCB_TS ? seg->tsval : 0;
	tcb->snd_wscale = tcb->flags & TCB_WSCALE ? seg->wscale & 15 : 0;
	tcb->rcv_wscale = tcb->flags & TCB_WSCALE ? tcp->rcv_wscale & 15 : 0;
	tcb->rcv_wnd = handshake_rcv_wnd(tcp, tcb->rcv_wscale, tcp_rcv_mss(tcp, is6));
	tcb->mss = handshake_mss(seg->opts & SEG_OPT_MSS ? seg->mss : tcp_mss_default(is6),
				 profile_mss(tcp, profile_of(tcp, tcb), is6), tcb->flags & TCB_TS);
	tcb->packed = path_initial(tcb->mss);
	/* A SYN's window is never scaled (RFC 7323 section 2.2). */
	ack_window(tcb, seg->wnd >> tcb->snd_wscale);
}

/*
 * The round trip of our SYN. It went more than once if the timer fired, and in a simultaneous open; then
 * timestamps must tell of which sending (Karn).
 */
static void sample_syn(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (tcb->retries == 0 && tcb->state == WEIR_SYN_SENT && tcb->timer == TIMER_RETRANSMIT) {
		uint32_t sent = tcb->deadline - 1 - rtt_rto_ticks(tcp, tcb);

		rtt_sample(tcp, tcb, clock_us_from_ticks(tcp->tick - sent));
		return;
	}
	uint32_t longest = rtt_silence_ticks(tcp, tcb, tcb->retries + 1u);

	if (tcb->retries > 0)
		rtt_syn_lost(tcp, tcb);
	rtt_sample_echo(tcp, tcb, seg, longest);
}

static void established(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	sample_syn(tcp, tcb, seg);
	tcb->flight = 0;
	tcb->flags &= (uint16_t)~TCB_RESEND; /* of a SYN that is acknowledged before it went out again */
	tcb->retries = 0;
	tcb_rest(tcp, tcb);
	tcb_set_state(tcp, tcb, WEIR_ESTABLISHED);
	count(tcp->counters, COUNT_opened_active);
	event_raise(tcp, tcb, WEIR_EV_OPENED);
	if (tcb->flags & TCB_FIN_QUEUED) {
		tcb_set_state(tcp, tcb, WEIR_FIN_WAIT_1); /* closed while the SYNs crossed */
		output_mark(tcp, tcb);
	}
}

verdict handshake_syn_sent(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	bool acks_syn = false;

	/* First: ACK. SND.UNA is ISS, SND.NXT is ISS + 1. */
	if (seg->flags & SEG_ACK) {
		acks_syn = seg->ack == tcb->snd_nxt;
		if (!acks_syn) {
			if (!(seg->flags & SEG_RST))
				reply_reset_to(tcp, seg);
			return COUNT_drop_syn_sent_ack;
		}
	}
	/* Second: RST; believed only if it acknowledges our SYN. */
	if (seg->flags & SEG_RST) {
		if (!acks_syn)
			return COUNT_drop_syn_sent_rst;
		tcb_end(tcp, tcb, WEIR_REASON_REFUSED);
		return ACCEPTED;
	}
	/* Fourth: SYN. */
	if (!(seg->flags & SEG_SYN))
		return COUNT_drop_syn_sent_invalid;
	take_options(tcp, tcb, seg);
	ecn_syn_arrived(tcb, seg);
	tcb->rcv_nxt = seg->seq + 1;
	if (!acks_syn) {
		/* Simultaneous open: our SYN once more, with the ACK. Its text will be sent again. */
		tcb_set_state(tcp, tcb, WEIR_SYN_RECEIVED);
		tcb->flags |= TCB_RESEND;
		output_mark(tcp, tcb);
		return ACCEPTED;
	}
	established(tcp, tcb, seg);
	output_ack_now(tcp, tcb);
	seg->seq++;
	seg->flags &= (uint8_t)~SEG_SYN;
	return seg_space(seg) == 0 ? ACCEPTED : input_text_and_fin(tcp, tcb, seg);
}

verdict handshake_syn_again(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (seg->seq + 1 == tcb->rcv_nxt && !(seg->flags & SEG_ACK)) {
		ecn_syn_arrived(tcb, seg); /* it may have given up asking */
		tcb->flags |= TCB_RESEND;
		output_mark(tcp, tcb);
		return ACCEPTED;
	}
	/* The peer's SYN-ACK, as ours crosses it, repeats the SYN that we have and acknowledges ours. */
	if (seg->seq + 1 == tcb->rcv_nxt && seg->ack == tcb->snd_nxt) {
		ecn_syn_arrived(tcb, seg);
		established(tcp, tcb, seg);
		output_ack_now(tcp, tcb);
		return ACCEPTED;
	}
	reply_challenge(tcp, tcb);
	return COUNT_drop_syn_synchronized;
}

verdict handshake_completed(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (seg->ack != tcb->snd_nxt) {
		reply_reset_to(tcp, seg);
		return COUNT_drop_half_open_ack;
	}
	established(tcp, tcb, seg);
	return ACCEPTED;
}
