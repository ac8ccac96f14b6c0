/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/reply.h"

#include "tcp/fsm.h"
#include "tcp/output.h"
#include "tcp/profiles.h"

struct seg *reply_new(struct tcp *tcp, const struct tuple *tuple, const struct pair *pair)
{
	if (ring_room(&tcp->replies_ring) == 0) {
		count(tcp->counters, COUNT_replies_full);
		return NULL;
	}
	uint32_t i = tcp->replies_ring.tail++ & tcp->replies_ring.mask;
	struct seg *seg = &tcp->replies[i];

	if (tuple_is6(tuple))
		tcp->reply_pairs[i] = *pair;
	*seg = (struct seg){ .tuple = *tuple, .ttl = tcp->profiles[0].ttl, .tos = tcp->profiles[0].tos };
	return seg;
}

struct seg *reply_ack_once(struct tcp *tcp, const struct tuple *tuple, const struct pair *pair)
{
	const struct seg *last = &tcp->replies[(tcp->replies_ring.tail - 1) & tcp->replies_ring.mask];

	if (ring_used(&tcp->replies_ring) > 0 && last->flags == SEG_ACK && tuple_equal(&last->tuple, tuple))
		tcp->replies_ring.tail--; /* to be written anew */
	return reply_new(tcp, tuple, pair);
}

void reply_reset_to(struct tcp *tcp, const struct seg *seg)
{
	DCHECK(!(seg->flags & SEG_RST));
	/*
	 * Who floods us with what belongs to nothing is not to have as many RSTs sent to
	 * those whose names he uses.
	 */
	if (!limit_take(&tcp->resets, tcp->now_ns)) {
		count(tcp->counters, COUNT_resets_limited);
		return;
	}
	struct seg *reply = reply_new(tcp, &seg->tuple, &tcp->side->pair);

	if (reply == NULL)
		return;
	if (seg->flags & SEG_ACK) {
		reply->seq = seg->ack;
		reply->flags = SEG_RST;
	} else {
		reply->ack = seg->seq + seg_space(seg);
		reply->flags = SEG_RST | SEG_ACK;
	}
	count(tcp->counters, COUNT_resets_out);
}

void reply_reset(struct tcp *tcp, const struct tcb *tcb)
{
	struct seg *reply = reply_new(tcp, &tcb->tuple, tcb_pair(tcp, tcb));

	if (reply == NULL)
		return;
	reply->ttl = profile_of(tcp, tcb)->ttl;
	reply->tos = profile_of(tcp, tcb)->tos;
	/* No window that the peer has named counts its SYN's number. */
	reply->seq = fsm_synchronized((enum weir_state)tcb->state) ? output_empty_seq(tcp, tcb) :
								     tcb->snd_nxt;
	reply->ack = tcb->rcv_nxt;
	reply->flags = SEG_RST | SEG_ACK;
	/* RFC 7323 section 3.2: on RST, too, so that the peer may judge it more strictly (section 5.2). */
	if (tcb->flags & TCB_TS) {
		reply->opts = SEG_OPT_TS;
		reply->tsval = tcp_tsval(tcp, tcb->ts_offset);
		reply->tsecr = tcb->ts_recent;
	}
	count(tcp->counters, COUNT_resets_out);
}

void reply_keep_alive(struct tcp *tcp, struct tcb *tcb)
{
	struct seg *reply = reply_new(tcp, &tcb->tuple, tcb_pair(tcp, tcb));

	if (reply == NULL)
		return;
	output_header(tcp, tcb, reply, tcb->snd_nxt - 1);
	count(tcp->counters, COUNT_keepalives_out);
}

void reply_challenge(struct tcp *tcp, struct tcb *tcb)
{
	unsigned now = reply_half_second(tcp) & 31; /* what a record has bits for */

	if (tcb->challenge == now) {
		count(tcp->counters, COUNT_challenge_limited);
		return;
	}
	tcb->challenge = now & 31;
	count(tcp->counters, COUNT_challenge_acks);
	output_ack_now(tcp, tcb);
}
