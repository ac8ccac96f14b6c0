/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/output.h"

#include "tcp/fsm.h"
#include "tcp/records.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"

/* Segments that one connection may send before the next one's turn. */
#define OUTPUT_TURN 32

void output_mark(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_DIRTY)
		return;
	DCHECK(ring_room(&tcp->dirty_ring) > 0);
	tcb->flags |= TCB_DIRTY;
	tcp->dirty[tcp->dirty_ring.tail++ & tcp->dirty_ring.mask] = tcb_slot(tcp, tcb);
}

void output_ack_now(struct tcp *tcp, struct tcb *tcb)
{
	tcb->flags |= TCB_ACK_NOW;
	output_mark(tcp, tcb);
}

void output_ack_data(struct tcp *tcp, struct tcb *tcb)
{
	tcb->flags |= tcb->flags & TCB_ACK_DELAYED ? TCB_ACK_NOW : TCB_ACK_DELAYED;
	output_mark(tcp, tcb);
}

/*
 * A segment takes a buffer, whatever its size, and peers send segments as large as ours: options, and an MSS that the
 * peer has for itself, take as much from theirs. Counted at rcv_mss the last ones would find no buffer.
 */
static uint32_t room_for(const struct tcp *tcp, const struct tcb *tcb, uint32_t buffers)
{
	uint32_t room = buffers * tcb->mss;
	uint32_t most = (uint32_t)UINT16_MAX << tcb->rcv_wscale; /* that a segment can say */

	if (most > tcp->rcv_window)
		most = tcp->rcv_window;
	return room < most ? room : most;
}

uint32_t output_offer_step(const struct tcp *tcp, const struct tcb *tcb, uint32_t segments)
{
	uint32_t half = room_for(tcp, tcb, tcp->receive_buffers) / 2;

	return segments * tcb->mss < half ? segments * tcb->mss : half;
}

uint32_t output_offer(const struct tcp *tcp, const struct tcb *tcb)
{
	uint32_t offered = tcb_rcv_wnd(tcb);
	uint32_t room = tcb->held < tcp->receive_buffers ?
				room_for(tcp, tcb, (uint32_t)tcp->receive_buffers - tcb->held) :
				0;

	return room >= offered + output_offer_step(tcp, tcb, 1) ? room : offered;
}

uint32_t output_empty_seq(const struct tcp *tcp, const struct tcb *tcb)
{
	uint32_t una = tcb_snd_una(tcp, tcb), edge = una + tcb_snd_wnd(tcb);

	return seq_lt(edge, tcb->snd_nxt) ? edge : tcb->snd_nxt;
}

static void offer_window(const struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	uint32_t offer = output_offer(tcp, tcb);

	if (offer != tcb_rcv_wnd(tcb)) {
		uint32_t scaled = offer >> tcb->rcv_wscale;

		tcb->rcv_wnd = scaled > UINT16_MAX ? UINT16_MAX : (uint16_t)scaled;
	}
	seg->wnd = tcb->rcv_wnd;
}

/* Everything but the payload, of a segment in a synchronized state. */
static void fill_header(struct tcp *tcp, struct tcb *tcb, struct seg *seg, uint32_t seq)
{
	*seg = (struct seg){ .tuple = tcb->tuple, .seq = seq, .ack = tcb->rcv_nxt, .flags = SEG_ACK };
	offer_window(tcp, tcb, seg);
	if (tcb->flags & TCB_TS) {
		seg->opts |= SEG_OPT_TS;
		seg->tsval = tcp_tsval(tcp, tcb->ts_offset);
		seg->tsecr = tcb->ts_recent;
	}
	tcb->flags &= (uint16_t) ~(TCB_ACK_NOW | TCB_ACK_DELAYED);
}

/* SYN, or SYN-ACK of a simultaneous open: options as RFC 9293 3.7.1, RFC 7323 and RFC 2018 want them. */
static void fill_syn(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	*seg = (struct seg){
		.tuple = tcb->tuple,
		.seq = tcb_snd_una(tcp, tcb),
		.flags = SEG_SYN,
		.opts = SEG_OPT_MSS,
		.mss = tcp->rcv_mss,
		.wnd = tcp->rcv_window > UINT16_MAX ? UINT16_MAX : (uint16_t)tcp->rcv_window,
	};
	if (tcb->flags & TCB_TS) {
		seg->opts |= SEG_OPT_TS;
		seg->tsval = tcp_tsval(tcp, tcb->ts_offset);
		seg->tsecr = tcb->ts_recent; /* 0 on a SYN */
	}
	if (tcb->flags & TCB_SACK)
		seg->opts |= SEG_OPT_SACK_OK;
	if (tcb->flags & TCB_WSCALE) {
		seg->opts |= SEG_OPT_WSCALE;
		seg->wscale = tcp->rcv_wscale;
	}
	if (tcb->state == WEIR_SYN_RECEIVED) {
		seg->flags |= SEG_ACK;
		seg->ack = tcb->rcv_nxt;
		count(tcp->counters, COUNT_syn_ack_out);
	}
	tcb->flags &= (uint16_t) ~(TCB_ACK_NOW | TCB_RESEND);
}

/* Bytes from seq on that the peer's window has room for. */
static uint32_t window_room(const struct tcp *tcp, const struct tcb *tcb, uint32_t seq)
{
	uint32_t in_use = seq - tcb_snd_una(tcp, tcb);
	uint32_t window = tcb_snd_wnd(tcb);

	return window > in_use ? window - in_use : 0;
}

/* Bytes from seq on that congestion control allows; limited transmit (RFC 3042) lends two segments. */
static uint32_t congestion_room(const struct tcp *tcp, const struct tcb *tcb, uint32_t seq)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext == NULL)
		return tcb->mss; /* one small segment: every window holds it */
	uint32_t lent = ext->recovering ? 0 : (ext->dup_acks < 2 ? ext->dup_acks : 2u) * tcb->mss;
	uint32_t in_use = seq - ext->snd_una;

	return ext->cwnd + lent > in_use ? ext->cwnd + lent - in_use : 0;
}

/*
 * How many bytes to send from seq on: a full segment, or all there is unless Nagle (RFC 9293
 * 3.7.4) or the sender's silly-window rule (3.8.6.2.1) holds it back.
 */
static uint32_t sendable_bytes(const struct tcp *tcp, const struct tcb *tcb, uint32_t seq)
{
	uint32_t queued = send_queue_end(tcp, tcb) - seq;
	uint32_t room = window_room(tcp, tcb, seq);
	uint32_t allowed = congestion_room(tcp, tcb, seq);

	room = room < allowed ? room : allowed;
	uint32_t len = queued < tcb->mss ? queued : tcb->mss;

	/* What was sent before is not held back: both rules are about making small segments, not about repair. */
	if (seq != tcb->snd_nxt)
		return len < room ? len : room;
	if (len <= room) {
		bool last = len == queued;

		if (len == tcb->mss ||
		    (last && (tcb->flags & (TCB_NO_DELAY | TCB_FIN_QUEUED) || seq == tcb_snd_una(tcp, tcb))))
			return len;
		return 0;
	}
	return room > 0 && room >= ((uint32_t)tcb->snd_wnd_max << tcb->snd_wscale) / 2 ? room : 0;
}

/* Adds payload, PSH and FIN. */
static void fill_payload(struct tcp *tcp, struct tcb *tcb, struct seg *seg, uint32_t len)
{
	uint32_t end = send_queue_end(tcp, tcb);
	bool last = seg->seq + len == end;

	seg->len = (uint16_t)len;
	if (len > 0) {
		send_queue_locate(tcp, tcb, seg->seq, seg);
		count_add(tcp->counters, COUNT_bytes_out, len);
		if (last)
			seg->flags |= SEG_PSH;
	}
	if (last && tcb->flags & TCB_FIN_QUEUED && !(tcb->flags & TCB_PROBING && len > 0))
		seg->flags |= SEG_FIN;
}

/* One segment at a time is timed (RFC 6298 section 3); Karn: none of which a part was sent before. */
static void time_segment(const struct tcp *tcp, const struct tcb *tcb, struct tcb_ext *ext,
			 const struct seg *seg, uint32_t end)
{
	if (seg->seq != tcb->snd_nxt || tcb->timer == TIMER_PERSIST) {
		ext->timing = false;
	} else if (!ext->timing) {
		ext->timing = true;
		ext->timed_seq = end;
		ext->timed_us = clock_us(tcp->now_ns);
	}
}

/* Notes what a segment took of the sequence space, and starts the timer. */
static void note_sent(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t end = seg->seq + seg_space(seg);

	if (seq_gt(end, tcb->snd_nxt)) {
		if (ext == NULL) {
			tcb->flight = (uint16_t)(tcb->flight + (end - tcb->snd_nxt));
		} else {
			time_segment(tcp, tcb, ext, seg, end);
			if (ext->snd_rtx == tcb->snd_nxt)
				ext->snd_rtx = end;
		}
		tcb->snd_nxt = end;
		if (seg->flags & SEG_FIN)
			tcb->flags |= TCB_FIN_SENT;
	} else {
		count(tcp->counters, COUNT_retransmits);
		if (ext != NULL)
			ext->timing = false; /* Karn: an ACK would not tell which one it answers */
	}
	if (tcb->timer != TIMER_RETRANSMIT && tcb->timer != TIMER_PERSIST)
		tcb_arm(tcp, tcb, TIMER_RETRANSMIT, rtt_rto_ticks(tcp, tcb));
}

/* The oldest unacknowledged segment once more, or what the window takes of it, one byte at least. */
static bool send_again(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	uint32_t una = tcb_snd_una(tcp, tcb);
	uint32_t left = send_queue_end(tcp, tcb) - una;
	uint32_t len = left < tcb->mss ? left : tcb->mss;
	bool probing = tcb->flags & TCB_PROBING;
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (una == tcb->snd_nxt && !(probing && len > 0)) {
		tcb->flags &= (uint16_t) ~(TCB_RESEND | TCB_PROBING);
		return false; /* acknowledged meanwhile */
	}
	/* Into a closed window goes one byte; into a small one what fits (SHLD-16, MUST-34, 3.8.6.2.1's override). */
	if (len > tcb_snd_wnd(tcb))
		len = tcb_snd_wnd(tcb) > 0 ? tcb_snd_wnd(tcb) : 1;
	fill_header(tcp, tcb, seg, una);
	fill_payload(tcp, tcb, seg, len);
	if (probing)
		count(tcp->counters, COUNT_probes_out);
	tcb->flags &= (uint16_t) ~(TCB_RESEND | TCB_PROBING);
	note_sent(tcp, tcb, seg);
	if (ext != NULL && seq_lt(ext->snd_rtx, una + seg_space(seg)))
		ext->snd_rtx = una + seg_space(seg);
	return true;
}

/* The next segment of the stream, sent again or new; false when there is nothing that may go now. */
static bool send_stream(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t seq = ext != NULL ? ext->snd_rtx : tcb->snd_nxt;
	uint32_t end = send_queue_end(tcp, tcb);
	bool again = seq != tcb->snd_nxt;
	bool fin = tcb->flags & TCB_FIN_QUEUED && (again || !(tcb->flags & TCB_FIN_SENT));
	uint32_t len = seq_lt(seq, end) ? sendable_bytes(tcp, tcb, seq) : 0;

	if (len == 0 && !(fin && seq == end))
		return false;
	fill_header(tcp, tcb, seg, seq);
	fill_payload(tcp, tcb, seg, len);
	note_sent(tcp, tcb, seg);
	if (again)
		ext->snd_rtx = seq_max(ext->snd_rtx, seq + seg_space(seg));
	return true;
}

/*
 * Something is owed to the peer that neither window let go, and no timer runs that would look at it again:
 * the peer's window must be probed (RFC 9293 3.8.6.1).
 */
static void persist_if_stuck(struct tcp *tcp, struct tcb *tcb)
{
	bool unsent = seq_lt(tcb->snd_nxt, send_queue_end(tcp, tcb));
	bool in_flight = tcb->snd_nxt != tcb_snd_una(tcp, tcb);

	if ((unsent || in_flight) && tcb->timer != TIMER_RETRANSMIT && tcb->timer != TIMER_PERSIST)
		tcb_arm(tcp, tcb, TIMER_PERSIST, rtt_rto_ticks(tcp, tcb));
}

/* An ACK may wait, but not past its deadline: one entry in the queue for each connection. */
static void delay_ack(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_ACK_FILED)
		return;
	if (ring_room(&tcp->delayed_ring) == 0) {
		output_ack_now(tcp, tcb);
		return;
	}
	tcb->flags |= TCB_ACK_FILED;
	tcp->delayed[tcp->delayed_ring.tail++ & tcp->delayed_ring.mask] = (struct delayed_ack){
		.slot = tcb_slot(tcp, tcb),
		.deadline = tcp->tick + tcp->times.delayed_ack,
	};
}

/*
 * Without an extension a static piece goes out whole or not at all. Where the window or the
 * segment size is too small for that, an extension takes it over; while there is none, it waits.
 */
static bool piece_fits(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_EXT || tcb->piece == 0 || tcb->flight != 0)
		return true;
	uint32_t len = tcp->statics[tcb->piece].len;

	if ((len <= tcb->mss && len <= tcb_snd_wnd(tcb)) || tcb_extend(tcp, tcb))
		return true;
	tcb_arm(tcp, tcb, TIMER_PERSIST, rtt_rto_ticks(tcp, tcb));
	return false;
}

static unsigned output_synchronized(struct tcp *tcp, struct tcb *tcb, struct seg *segs, unsigned max)
{
	unsigned n = 0;

	if (piece_fits(tcp, tcb)) {
		if (tcb->flags & TCB_RESEND)
			n += send_again(tcp, tcb, &segs[n]);
		while (n < max && send_stream(tcp, tcb, &segs[n]))
			n++;
		if (n == max) {
			output_mark(tcp, tcb); /* perhaps more, in the next turn */
			return n;
		}
		persist_if_stuck(tcp, tcb);
	}
	if (tcb->flags & TCB_ACK_NOW) {
		fill_header(tcp, tcb, &segs[n++], output_empty_seq(tcp, tcb));
	} else if (tcb->flags & TCB_ACK_DELAYED) {
		delay_ack(tcp, tcb);
	}
	return n;
}

static unsigned output_tcb(struct tcp *tcp, struct tcb *tcb, struct seg *segs, unsigned max)
{
	tcb->flags &= (uint16_t)~TCB_DIRTY;
	if (fsm_synchronized((enum weir_state)tcb->state))
		return output_synchronized(tcp, tcb, segs, max < OUTPUT_TURN ? max : OUTPUT_TURN);
	if (!(tcb->flags & TCB_RESEND)) {
		if (!(tcb->flags & TCB_ACK_NOW))
			return 0;
		fill_header(tcp, tcb, segs, tcb->snd_nxt); /* SYN-RECEIVED: a challenge */
		return 1;
	}
	fill_syn(tcp, tcb, segs);
	if (tcb->retries > 0)
		count(tcp->counters, COUNT_retransmits);
	if (tcb->timer != TIMER_RETRANSMIT)
		tcb_arm(tcp, tcb, TIMER_RETRANSMIT, rtt_rto_ticks(tcp, tcb));
	return 1;
}

unsigned tcp_output(struct tcp *tcp, struct seg *segs, unsigned max, uint64_t now_ns)
{
	unsigned n = 0;

	tcp_set_now(tcp, now_ns);
	for (; n < max && ring_used(&tcp->replies_ring) > 0; n++)
		segs[n] = tcp->replies[tcp->replies_ring.head++ & tcp->replies_ring.mask];

	/* Who has more to send than a turn allows stands in line again. */
	while (n < max && ring_used(&tcp->dirty_ring) > 0) {
		struct tcb *tcb = tcb_at(tcp, tcp->dirty[tcp->dirty_ring.head++ & tcp->dirty_ring.mask]);

		if (tcb->flags & TCB_DIRTY)
			n += output_tcb(tcp, tcb, segs + n, max - n);
	}
	return n;
}

void output_delayed_acks(struct tcp *tcp)
{
	struct ring *ring = &tcp->delayed_ring;

	while (ring_used(ring) > 0 && ring_room(&tcp->dirty_ring) > 0) {
		const struct delayed_ack *delayed = &tcp->delayed[ring->head & ring->mask];

		if (seq_gt(delayed->deadline, tcp->tick))
			return;
		struct tcb *tcb = tcb_at(tcp, delayed->slot);

		ring->head++;
		if (tcb->flags & TCB_ACK_FILED && tcb->flags & TCB_ACK_DELAYED) {
			count(tcp->counters, COUNT_delayed_acks);
			output_ack_now(tcp, tcb);
		}
		tcb->flags &= (uint16_t)~TCB_ACK_FILED;
	}
}
