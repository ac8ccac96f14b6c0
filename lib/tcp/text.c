/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/text.h"

#include "tcp/ecn.h"
#include "tcp/events.h"
#include "tcp/output.h"
#include "tcp/reassembly.h"

verdict text_acceptable(const struct tcp *tcp, const struct tcb *tcb, const struct seg *seg)
{
	uint32_t space = seg_space(seg);
	uint32_t window = tcb_rcv_wnd(tcb);

	(void)tcp;
	/*
	 * The right edge itself is good enough for an empty segment: a peer that filled the window
	 * and lost a part of it sends its ACKs from there, and two such peers would otherwise answer each
	 * other for ever.
	 */
	if (space == 0)
		return seq_within(seg->seq, tcb->rcv_nxt, window + 1) ? ACCEPTED : COUNT_drop_window;
	if (seq_le(seg->seq + space, tcb->rcv_nxt))
		return COUNT_drop_duplicate;
	/*
	 * A closed window takes no text, but what stands at its edge brings a valid ACK (RFC 9293 section
	 * 3.10.7.4's special allowance), perhaps the news that the peer's own window is open again.
	 */
	if (window == 0 && seg->seq == tcb->rcv_nxt)
		return ACCEPTED;
	if (seq_ge(seg->seq, tcb->rcv_nxt + window))
		return COUNT_drop_window;
	return ACCEPTED;
}

bool text_trim(const struct tcb *tcb, struct seg *seg)
{
	uint32_t edge = tcb->rcv_nxt + tcb_rcv_wnd(tcb);
	uint32_t end = seg->seq + seg->len; /* where a FIN would stand */
	uint32_t front = 0, back = 0;

	if (seq_lt(seg->seq, tcb->rcv_nxt))
		front = tcb->rcv_nxt - seg->seq; /* at most len: the segment was found acceptable */
	if (seq_gt(end, edge)) {
		back = end - edge;
		seg->flags &= (uint8_t)~SEG_FIN;
	}
	seg->seq += front;
	seg->len = (uint16_t)(seg->len - front - back);
	if (seg->len > 0 && front + back > 0)
		payload_trim(seg->payload, front, back);
	return back > 0;
}

void text_hand_on(struct tcp *tcp, struct tcb *tcb, payload data, uint32_t len)
{
	event_data(tcp, tcb, data, len);
	tcb->rcv_nxt += len;
	count_add(tcp->counters, COUNT_bytes_in, len);
}

void text_deliver(struct tcp *tcp, struct tcb *tcb, payload data, uint32_t len)
{
	text_window_used(tcb, len);
	text_hand_on(tcp, tcb, data, len);
}

verdict text_input(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	ecn_text_arrived(tcp, tcb, seg);
	if (seg->seq != tcb->rcv_nxt) {
		/* A duplicate ACK tells the peer of the gap (RFC 5681 section 4.2). */
		output_ack_now(tcp, tcb);
		return reassembly_keep(tcp, tcb, seg);
	}
	uint32_t buffers = payload_buffers(seg->payload);

	if (tcb->held + buffers > tcp->held_now) {
		output_ack_now(tcp, tcb);
		return text_refused(tcp);
	}
	tcb->held = (tcb->held + buffers) & UINT8_MAX;
	text_deliver(tcp, tcb, seg->payload, seg->len);
	seg->payload = 0;
	if (tcb->flags & TCB_EXT && reassembly_waiting(tcp, tcb))
		reassembly_deliver(tcp, tcb);
	else
		output_ack_data(tcp, tcb);
	return ACCEPTED;
}

void text_released(struct tcp *tcp, struct tcb *tcb, uint32_t buffers)
{
	tcb->held = buffers < tcb->held ? tcb->held - buffers : 0;

	/*
	 * RFC 9293 3.8.6.2.2: worth telling when two segments' room, or half of all, has come free.
	 * An ACK that is owed tells it anyhow.
	 */
	if (!(tcb->flags & TCB_ACK_NOW) && output_offer_grown(tcp, tcb) && output_room(tcp, tcb))
		output_ack_now(tcp, tcb);
}
