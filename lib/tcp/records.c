/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/records.h"

#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/reassembly.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/sent.h"

void records_init(struct tcp *tcp)
{
	for (int is6 = 0; is6 < 2; is6++) {
		struct tcb *fresh = &tcp->fresh[is6];

		fresh->mss = tcp_mss_default(is6);
		fresh->packed = path_initial(fresh->mss);
		tcb_use_profile(tcp, fresh, 0);
	}
}

struct tcb *tcb_take(struct tcp *tcp, const struct tuple *tuple, const struct pair *pair)
{
	uint32_t slot = slot_pool_take(&tcp->hot);

	if (slot == SLOT_NONE)
		return NULL;
	struct tcb *tcb = tcb_at(tcp, slot);
	uint32_t generation = tcb->generation;
	uint8_t wheel = tcb->wheel;

	*tcb = tcp->fresh[tuple_is6(tuple)];
	tcb->tuple = *tuple;
	/* Generation 0 is nobody's, so that a zeroed handle is never valid. */
	tcb->generation = generation + (generation == 0);
	tcb->wheel = wheel;
	/* Not the present half second, so that the first challenge goes out. */
	tcb->challenge = (reply_half_second(tcp) ^ 16) & 31;
	if (tuple_is6(tuple))
		*tcb_pair(tcp, tcb) = *pair;
	return tcb;
}

void tcb_use_profile(struct tcp *tcp, struct tcb *tcb, uint8_t profile)
{
	tcb->profile = profile;
	if (tcp->profiles[profile].options.no_delay)
		tcb->flags |= TCB_NO_DELAY;
	else
		tcb->flags &= (uint16_t)~TCB_NO_DELAY;
}

void tcb_give(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_EXT) {
		reassembly_clear(tcp, tcb);
		sent_clear(tcp, tcb_ext(tcp, tcb));
		send_queue_clear(tcp, tcb);
		tcb_shrink(tcp, tcb);
	}
	/* Readers on other threads see the generation change before anything else does. */
	__atomic_store_n(&tcb->generation, tcb->generation + 1, __ATOMIC_RELEASE);
	tcb->tuple.lport = 0;
	tcb->tuple.rport = 0;
	tcb->timer = TIMER_NONE;
	tcb->flags = 0; /* a place in the lists of dirty ones and delayed ACKs is now nobody's */
	slot_pool_give(&tcp->hot, tcb_slot(tcp, tcb));
}

void tcb_end(struct tcp *tcp, struct tcb *tcb, enum weir_reason reason)
{
	struct weir_event *event = event_raise(tcp, tcb, WEIR_EV_CLOSED);

	event->reason = (uint8_t)reason;
	if (reason == WEIR_REASON_NONE)
		count(tcp->counters, COUNT_closed);
	else
		__atomic_store_n(&tcp->failed[reason], tcp->failed[reason] + 1, __ATOMIC_RELAXED);
	if (tcb->state != WEIR_CLOSED)
		tcb_set_state(tcp, tcb, WEIR_CLOSED);
	conn_table_remove(&tcp->table, tcp_hash(tcp, &tcb->tuple), ref_make(REF_HOT, tcb_slot(tcp, tcb)));
	tcb_give(tcp, tcb);
}

void tcb_end_in_time_wait(struct tcp *tcp, struct tcb *tcb, ref time_wait)
{
	event_raise(tcp, tcb, WEIR_EV_CLOSED)->reason = WEIR_REASON_NONE;
	count(tcp->counters, COUNT_closed);
	tcb_set_state(tcp, tcb, WEIR_TIME_WAIT);
	conn_table_replace(&tcp->table, tcp_hash(tcp, &tcb->tuple), ref_make(REF_HOT, tcb_slot(tcp, tcb)),
			   time_wait);
	tcb_give(tcp, tcb);
}

/* What is in flight without an extension went out an RTO before the timer is due, or more than once. */
static void adopt_flight(struct tcp *tcp, struct tcb *tcb, struct tcb_ext *ext)
{
	sent_append(tcp, ext, ext->snd_una, tcb->flight);
	struct sent *sent = sent_at(tcp, ext->sent_first);

	if (tcb->timer == TIMER_RETRANSMIT && tcb->retries == 0)
		sent->sent_us = clock_us_from_ticks(tcb->deadline - 1 - rtt_rto_ticks(tcp, tcb));
	else
		sent->flags = SENT_AGAIN;
	if (tcb->flags & TCB_RESEND)
		sent_mark_all_lost(tcp, ext);
}

bool tcb_extend(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_EXT)
		return true;
	DCHECK(fsm_synchronized((enum weir_state)tcb->state));
	/* What is kept by number, or in flight, becomes a piece and a segment of the extension's lists. */
	if ((tcb->piece != 0 && slot_pool_free(&tcp->pieces) == 0) ||
	    (tcb->flight != 0 && slot_pool_free(&tcp->sents) == 0))
		return false;
	uint32_t slot = slot_pool_take(&tcp->exts);

	if (slot == SLOT_NONE)
		return false;
	struct path path = path_unpack(tcb->packed);
	struct tcb_ext *ext = slot_pool_at(&tcp->exts, slot);
	uint32_t una = tcb->snd_nxt - tcb->flight;

	*ext = (struct tcb_ext){
		.snd_una = una,
		.queue_seq = una,
		.queue_end = una,
		.queue_first = SLOT_NONE,
		.queue_last = SLOT_NONE,
		.cursor = SLOT_NONE,
		.cursor_seq = una,
		.snd_wl1 = tcb->rcv_nxt,
		.sent_first = SLOT_NONE,
		.sent_last = SLOT_NONE,
		.lost_from = SLOT_NONE,
		.gap_first = SLOT_NONE,
		.recover = una - 1,
		.reduced = una - 1,
		.filled = una,
		.srtt_us = path.srtt_us,
		.rttvar_us = path.rttvar_us,
		.cwnd = path.cwnd * tcb->mss,
		.ssthresh = path.ssthresh >= PATH_INFINITE ? UINT32_MAX >> 1 : path.ssthresh * tcb->mss,
	};
	tcb->ext = slot;
	tcb->flags |= TCB_EXT;
	send_queue_adopt_static(tcp, tcb);
	if (tcb->flight != 0)
		adopt_flight(tcp, tcb, ext);
	return true;
}

void tcb_shrink(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t slot = tcb->ext;

	DCHECK(ext->queue_first == SLOT_NONE && ext->sent_first == SLOT_NONE && ext->gap_first == SLOT_NONE);
	tcb->packed = path_pack(&(struct path){
		.srtt_us = ext->srtt_us,
		.rttvar_us = ext->rttvar_us,
		.cwnd = ext->cwnd / tcb->mss,
		.ssthresh = ext->ssthresh / tcb->mss,
	});
	tcb->flight = (uint16_t)(tcb->snd_nxt - ext->snd_una);
	tcb->flags &= (uint16_t)~TCB_EXT;
	slot_pool_give(&tcp->exts, slot);
}
