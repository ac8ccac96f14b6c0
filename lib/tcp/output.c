/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/output.h"

#include "tcp/cc.h"
#include "tcp/ecn.h"
#include "tcp/fsm.h"
#include "tcp/handshake.h"
#include "tcp/profiles.h"
#include "tcp/reassembly.h"
#include "tcp/records.h"
#include "tcp/recovery.h"
#include "tcp/rtt.h"
#include "tcp/run.h"
#include "tcp/send_queue.h"
#include "tcp/sent.h"

/* Segments that one connection may send before the next one's turn. */
#define OUTPUT_TURN 32

/*
 * Payload of the peer's segments. It sends them as large as ours: options, and an MSS that it has for itself,
 * take as much from both. What our way to it has no room for is another matter: its way to us may be another.
 */
static uint32_t their_mss(const struct tcp *tcp, const struct tcb *tcb)
{
	if (!(tcb->flags & TCB_NARROWED))
		return tcb->mss;
	uint16_t offered = profile_mss(tcp, profile_of(tcp, tcb), tcb_is6(tcb));

	return tcb->flags & TCB_TS ? offered - TCP_TS_BYTES : offered;
}

/*
 * A segment takes a buffer, whatever its size. Counted at more than they carry the last ones would find no
 * buffer.
 */
static uint32_t room_for(const struct tcp *tcp, const struct tcb *tcb, uint32_t buffers)
{
	uint32_t room = buffers * their_mss(tcp, tcb);
	uint32_t most = (uint32_t)UINT16_MAX << tcb->rcv_wscale; /* that a segment can say */

	if (most > tcp->rcv_window)
		most = tcp->rcv_window;
	return room < most ? room : most;
}

/* Bytes of so many of the connection's segments, or of half its window if that is less. */
static uint32_t step(const struct tcp *tcp, const struct tcb *tcb, uint32_t segments)
{
	uint32_t half = room_for(tcp, tcb, tcp->receive_buffers) / 2;
	uint32_t bytes = segments * their_mss(tcp, tcb);

	return bytes < half ? bytes : half;
}

/* Bytes that could be offered now. */
static uint32_t room_now(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->held < tcp->receive_buffers ?
		       room_for(tcp, tcb, (uint32_t)tcp->receive_buffers - tcb->held) :
		       0;
}

uint32_t output_offer(const struct tcp *tcp, const struct tcb *tcb)
{
	uint32_t offered = tcb_rcv_wnd(tcb), room = room_now(tcp, tcb);

	return room > offered && room - offered >= step(tcp, tcb, 1) ? room : offered;
}

bool output_offer_grown(const struct tcp *tcp, const struct tcb *tcb)
{
	uint32_t offered = tcb_rcv_wnd(tcb), room = room_now(tcp, tcb);

	return room > offered && room - offered >= step(tcp, tcb, 2);
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

void output_header(struct tcp *tcp, struct tcb *tcb, struct seg *seg, uint32_t seq)
{
	const struct profile *profile = profile_of(tcp, tcb);

	*seg = (struct seg){
		.tuple = tcb->tuple,
		.seq = seq,
		.ack = tcb->rcv_nxt,
		.flags = tcb->ecn_echo ? SEG_ACK | SEG_ECE : SEG_ACK,
		.ttl = profile->ttl,
		.tos = profile->tos,
	};
	offer_window(tcp, tcb, seg);
	if (tcb->flags & TCB_TS) {
		seg->opts |= SEG_OPT_TS;
		seg->tsval = tcp_tsval(tcp, tcb->ts_offset);
		seg->tsecr = tcb->ts_recent;
	}
	tcb->flags &= (uint16_t) ~(TCB_ACK_NOW | TCB_ACK_DELAYED);
}

/*
 * What has arrived out of order, and what arrived twice (RFC 2018, RFC 2883), as far as there is room:
 * three blocks beside timestamps, fewer beside much text.
 */
static void fill_sack(const struct tcp *tcp, struct tcb *tcb, struct seg *seg, struct seg_side *side)
{
	if (!(tcb->flags & TCB_EXT && tcb->flags & TCB_SACK))
		return;
	unsigned room = (unsigned)(tcb->mss - seg->len), most = tcb->flags & TCB_TS ? 3 : 4;

	if (room < 12)
		return;
	room = (room - 4) / 8;
	seg->sacks = (uint8_t)reassembly_blocks(tcp, tcb, &side->sack, room < most ? room : most);
	if (seg->sacks > 0)
		seg->opts |= SEG_OPT_SACK;
}

/* SYN, or SYN-ACK of a simultaneous open: options as RFC 9293 3.7.1, RFC 7323 and RFC 2018 want them. */
static void fill_syn(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	const struct profile *profile = profile_of(tcp, tcb);

	*seg = (struct seg){
		.tuple = tcb->tuple,
		.seq = tcb_snd_una(tcp, tcb),
		.flags = SEG_SYN | ecn_syn_flags(tcb),
		.opts = SEG_OPT_MSS,
		.mss = profile_mss(tcp, profile, tcb_is6(tcb)),
		.wnd = handshake_rcv_wnd(tcp, 0, tcp_rcv_mss(tcp, tcb_is6(tcb))),
		.ttl = profile->ttl,
		.tos = profile->tos,
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

/*
 * Bytes that congestion control lets into the network now. Duplicate ACKs count as segments that have
 * left it, so the first two let one new segment out each: limited transmit (RFC 3042) needs no rule of
 * its own.
 */
static uint32_t congestion_room(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext == NULL)
		return tcb->mss; /* one small segment: every window holds it */
	uint32_t in_flight = recovery_in_flight(tcb, ext);

	return ext->cwnd > in_flight ? ext->cwnd - in_flight : 0;
}

/*
 * How many new bytes to send from seq on: a full segment, or all there is unless Nagle (RFC 9293
 * 3.7.4) or the sender's silly-window rule (3.8.6.2.1) holds it back.
 */
static uint32_t new_bytes(const struct tcp *tcp, const struct tcb *tcb, uint32_t seq)
{
	uint32_t queued = send_queue_end(tcp, tcb) - seq;
	uint32_t room = window_room(tcp, tcb, seq);
	uint32_t allowed = congestion_room(tcp, tcb);

	room = room < allowed ? room : allowed;
	uint32_t len = queued < tcb->mss ? queued : tcb->mss;

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

void output_start_timer(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->timer != TIMER_RETRANSMIT && tcb->timer != TIMER_PERSIST)
		tcb_arm(tcp, tcb, TIMER_RETRANSMIT, rtt_rto_ticks(tcp, tcb));
}

/* Header, payload and blocks of a segment that stands at seq. */
static void fill(struct tcp *tcp, struct tcb *tcb, struct seg *seg, struct seg_side *side, uint32_t seq,
		 uint32_t len)
{
	output_header(tcp, tcb, seg, seq);
	fill_payload(tcp, tcb, seg, len);
	fill_sack(tcp, tcb, seg, side);
}

/* New sequence space has gone out; its descriptor exists already. */
static void note_sent(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	uint32_t space = seg_space(seg);

	if (!(tcb->flags & TCB_EXT))
		tcb->flight = (uint16_t)(tcb->flight + space);
	tcb->snd_nxt += space;
	if (seg->flags & SEG_FIN)
		tcb->flags |= TCB_FIN_SENT;
	output_start_timer(tcp, tcb);
}

/* Closed since the first sending: the FIN rides along. */
static void note_fin(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (!(seg->flags & SEG_FIN) || tcb->flags & TCB_FIN_SENT)
		return;
	if (tcb->flags & TCB_EXT)
		sent_extend(tcp, tcb_ext(tcp, tcb), 1);
	else
		tcb->flight++;
	tcb->snd_nxt++;
	tcb->flags |= TCB_FIN_SENT;
}

/* Without an extension: all that is in flight, once more. */
static bool resend_piece(struct tcp *tcp, struct tcb *tcb, struct seg *seg, struct seg_side *side)
{
	uint32_t una = tcb_snd_una(tcp, tcb), len = send_queue_end(tcp, tcb) - una;

	tcb->flags &= (uint16_t)~TCB_RESEND;
	if (tcb->flight == 0)
		return false; /* acknowledged meanwhile */
	if (len > tcb_snd_wnd(tcb))
		len = tcb_snd_wnd(tcb) > 0 ? tcb_snd_wnd(tcb) : 1;
	fill(tcp, tcb, seg, side, una, len);
	note_fin(tcp, tcb, seg);
	count(tcp->counters, COUNT_retransmits);
	output_start_timer(tcp, tcb);
	return true;
}

/*
 * Bytes of the first lost segment to send: with those that were lost right behind it, and, at the end of
 * what is in flight, with new ones. most: what the windows let go.
 */
static uint32_t lost_bytes(struct tcp *tcp, struct tcb *tcb, uint32_t slot, uint32_t most)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t seq = sent_at(tcp, slot)->seq, end = send_queue_end(tcp, tcb);
	uint32_t space = sent_join(tcp, ext, slot, most);
	uint32_t len = seq_lt(seq, end) ? end - seq : 0;

	if (slot == ext->sent_last && seq_lt(seq + space, end) && space < most) {
		uint32_t more = (len < most ? len : most) - space;

		sent_extend(tcp, ext, more);
		tcb->snd_nxt += more;
		space += more;
	}
	if (len > space)
		len = space;
	return len < most ? len : most;
}

/*
 * The first lost segment. With TCB_RESEND it goes whatever congestion control says, and one byte of it
 * whatever the peer's window says (RFC 9293 SHLD-16, MUST-34, 3.8.6.1).
 */
static bool resend_lost(struct tcp *tcp, struct tcb *tcb, struct seg *seg, struct seg_side *side)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t slot = sent_first_lost(tcp, ext);
	bool forced = tcb->flags & TCB_RESEND;

	if (slot == SLOT_NONE)
		return false;
	uint32_t seq = sent_at(tcp, slot)->seq, space = sent_at(tcp, slot)->space;
	uint32_t room = window_room(tcp, tcb, seq), most = room < tcb->mss ? room : tcb->mss;
	bool only_fin = seq == send_queue_end(tcp, tcb);

	if (!forced && ext->pipe > 0) {
		uint32_t allowed = congestion_room(tcp, tcb);

		if (allowed < space && allowed < tcb->mss)
			return false;
		most = most < allowed ? most : allowed;
	}
	if (most == 0 && !only_fin) {
		if (!forced)
			return false; /* the window has closed on it; the timer will probe */
		most = 1;
	}
	fill(tcp, tcb, seg, side, seq, only_fin ? 0 : lost_bytes(tcp, tcb, slot, most));
	note_fin(tcp, tcb, seg);
	sent_again(tcp, ext, slot, seg_space(seg));
	tcb->flags &= (uint16_t)~TCB_RESEND;
	count(tcp->counters, COUNT_retransmits);
	output_start_timer(tcp, tcb);
	return true;
}

/* Beyond a closed window: the next new byte, or as many as a small window takes (RFC 9293 3.8.6.1). */
static uint32_t probe_bytes(const struct tcp *tcp, const struct tcb *tcb, uint32_t seq)
{
	uint32_t queued = send_queue_end(tcp, tcb) - seq, room = window_room(tcp, tcb, seq);
	uint32_t len = queued < tcb->mss ? queued : tcb->mss;

	return len <= room ? len : room > 0 ? room : 1;
}

/* The next segment of the stream; false when there is nothing that may go now. */
static bool send_new(struct tcp *tcp, struct tcb *tcb, struct seg *seg, struct seg_side *side)
{
	uint32_t seq = tcb->snd_nxt, end = send_queue_end(tcp, tcb), len = 0;
	bool fin = tcb->flags & TCB_FIN_QUEUED && !(tcb->flags & TCB_FIN_SENT);
	bool probing = tcb->flags & TCB_PROBING;

	if (seq_lt(seq, end))
		len = probing ? probe_bytes(tcp, tcb, seq) : new_bytes(tcp, tcb, seq);
	if (len == 0 && !(fin && seq == end))
		return false;
	fin &= seq + len == end && !(probing && len > 0);
	if (tcb->flags & TCB_EXT && !sent_append(tcp, tcb_ext(tcp, tcb), seq, len + fin))
		return false;
	fill(tcp, tcb, seg, side, seq, len);
	if (len > 0 && !probing)
		ecn_text_leaves(tcp, tcb, seg);
	note_sent(tcp, tcb, seg);
	return true;
}

/* Bulk data: what goes before the next segment that has more to say than the one before it. */
static unsigned send_run(struct tcp *tcp, struct tcb *tcb, struct seg *segs, unsigned max)
{
	uint32_t room = window_room(tcp, tcb, tcb->snd_nxt), allowed = congestion_room(tcp, tcb);

	return run_output(tcp, tcb, segs, max, room < allowed ? room : allowed);
}

/* What to send next: what is lost goes before what is new. */
static bool send_next(struct tcp *tcp, struct tcb *tcb, struct seg *seg, struct seg_side *side)
{
	bool sent;

	if (!(tcb->flags & TCB_EXT)) {
		if (tcb->flags & TCB_RESEND)
			return resend_piece(tcp, tcb, seg, side);
		return send_new(tcp, tcb, seg, side);
	}
	sent = resend_lost(tcp, tcb, seg, side);
	if (!sent && tcb_ext(tcp, tcb)->lost == 0)
		sent = send_new(tcp, tcb, seg, side) ||
		       (recovery_last_resort(tcp, tcb) && resend_lost(tcp, tcb, seg, side));
	if (sent && tcb->flags & TCB_PROBING) {
		count(tcp->counters, COUNT_probes_out);
		tcb_ext(tcp, tcb)->unanswered++;
	}
	tcb->flags &= (uint16_t) ~(TCB_PROBING | TCB_RESEND);
	return sent;
}

/*
 * Something is owed to the peer that neither window let go, or no pool, and no timer runs that would look at
 * it again: the peer's window must be probed (RFC 9293 3.8.6.1).
 */
static void persist_if_stuck(struct tcp *tcp, struct tcb *tcb)
{
	bool fin = tcb->flags & TCB_FIN_QUEUED && !(tcb->flags & TCB_FIN_SENT);
	bool unsent = fin || seq_lt(tcb->snd_nxt, send_queue_end(tcp, tcb));
	bool in_flight = tcb->snd_nxt != tcb_snd_una(tcp, tcb);

	if (unsent || in_flight)
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
 * So does one in flight that must go again, and that its path has no room for any more.
 */
static bool piece_fits(struct tcp *tcp, struct tcb *tcb)
{
	if (tcb->flags & TCB_EXT || tcb->piece == 0)
		return true;
	uint32_t len = tcp->statics[tcb->piece].len;

	if (tcb->flight != 0)
		return !(tcb->flags & TCB_RESEND) || len <= tcb->mss || tcb_extend(tcp, tcb);
	if ((len <= tcb->mss && len <= tcb_snd_wnd(tcb)) || tcb_extend(tcp, tcb))
		return true;
	tcb_arm(tcp, tcb, TIMER_PERSIST, rtt_rto_ticks(tcp, tcb));
	return false;
}

/*
 * Most connections: no extension, nothing to send again. Its small piece and its FIN go out in one segment,
 * which every window that it was taken for holds.
 */
static bool send_small(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	bool text = send_queue_piece_unsent(tcb);
	bool fin = (tcb->flags & (TCB_FIN_QUEUED | TCB_FIN_SENT)) == TCB_FIN_QUEUED;

	if (!text && !fin)
		return false;
	output_header(tcp, tcb, seg, tcb->snd_nxt);
	if (text) {
		seg->len = (uint16_t)tcp->statics[tcb->piece].len;
		seg->piece = SEND_QUEUE_STATIC | tcb->piece;
		seg->flags |= SEG_PSH;
		count_add(tcp->counters, COUNT_bytes_out, seg->len);
		ecn_text_leaves(tcp, tcb, seg);
	}
	if (fin)
		seg->flags |= SEG_FIN;
	note_sent(tcp, tcb, seg);
	return true;
}

/* What is owed besides an ACK. */
static unsigned send(struct tcp *tcp, struct tcb *tcb, struct seg *segs, struct seg_side *sides, unsigned max)
{
	unsigned n = 0;

	if (!piece_fits(tcp, tcb))
		return 0;
	if (!(tcb->flags & (TCB_EXT | TCB_RESEND | TCB_PROBING))) {
		n = SHORT_WAYS ? send_small(tcp, tcb, segs) : send_new(tcp, tcb, segs, sides);
	} else {
		if (SHORT_WAYS && tcb->flags & TCB_EXT)
			n = send_run(tcp, tcb, segs, max);
		while (n < max && send_next(tcp, tcb, &segs[n], &sides[n]))
			n++;
		if (n > 0 && tcb->flags & TCB_EXT)
			cc_sent(tcb_ext(tcp, tcb), tcb->mss, tcb->snd_nxt);
		if (n == max) {
			output_mark(tcp, tcb); /* perhaps more, in the next turn */
			return n;
		}
	}
	if (tcb->timer != TIMER_RETRANSMIT && tcb->timer != TIMER_PERSIST)
		persist_if_stuck(tcp, tcb);
	return n;
}

static unsigned output_synchronized(struct tcp *tcp, struct tcb *tcb, struct seg *segs,
				    struct seg_side *sides, unsigned max)
{
	unsigned n = send(tcp, tcb, segs, sides, max);

	if (n == max)
		return n;
	if (tcb->flags & TCB_ACK_NOW) {
		output_header(tcp, tcb, &segs[n], output_empty_seq(tcp, tcb));
		fill_sack(tcp, tcb, &segs[n], &sides[n]);
		n++;
	} else if (tcb->flags & TCB_ACK_DELAYED) {
		delay_ack(tcp, tcb);
	}
	return n;
}

static unsigned output_tcb(struct tcp *tcp, struct tcb *tcb, struct seg *segs, struct seg_side *sides,
			   unsigned max)
{
	tcb->flags &= (uint16_t)~TCB_DIRTY;
	if (fsm_synchronized((enum weir_state)tcb->state))
		return output_synchronized(tcp, tcb, segs, sides, max < OUTPUT_TURN ? max : OUTPUT_TURN);
	if (!(tcb->flags & TCB_RESEND)) {
		if (!(tcb->flags & TCB_ACK_NOW))
			return 0;
		output_header(tcp, tcb, segs, tcb->snd_nxt); /* SYN-RECEIVED: a challenge */
		return 1;
	}
	fill_syn(tcp, tcb, segs);
	if (tcb->retries > 0)
		count(tcp->counters, COUNT_retransmits);
	if (tcb->timer != TIMER_RETRANSMIT)
		tcb_arm(tcp, tcb, TIMER_RETRANSMIT, rtt_rto_ticks(tcp, tcb));
	return 1;
}

unsigned tcp_output(struct tcp *tcp, struct seg *segs, struct seg_side *sides, unsigned max, uint64_t now_ns)
{
	unsigned n = 0;

	tcp_set_now(tcp, now_ns);
	for (; n < max && ring_used(&tcp->replies_ring) > 0; n++) {
		uint32_t i = tcp->replies_ring.head++ & tcp->replies_ring.mask;

		segs[n] = tcp->replies[i];
		if (tuple_is6(&segs[n].tuple))
			sides[n].pair = tcp->reply_pairs[i];
	}

	/* Who has more to send than a turn allows stands in line again. */
	while (n < max && ring_used(&tcp->dirty_ring) > 0) {
		struct tcb *tcb = tcb_at(tcp, tcp->dirty[tcp->dirty_ring.head++ & tcp->dirty_ring.mask]);

		if (!(tcb->flags & TCB_DIRTY))
			continue;
		unsigned first = n;

		n += output_tcb(tcp, tcb, segs + n, sides + n, max - n);
		for (; tcb_is6(tcb) && first < n; first++)
			sides[first].pair = *tcb_pair(tcp, tcb);
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
