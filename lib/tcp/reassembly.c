/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/reassembly.h"

#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/output.h"
#include "tcp/records.h"
#include "tcp/rtt.h"
#include "tcp/text.h"

static struct piece *piece_at(const struct tcp *tcp, uint32_t slot)
{
	return slot_pool_at(&tcp->pieces, slot);
}

static uint32_t piece_end(const struct piece *piece)
{
	return piece->seq + piece->len;
}

static void piece_free(struct tcp *tcp, struct tcb *tcb, uint32_t slot)
{
	struct piece *piece = piece_at(tcp, slot);

	tcb->held = (tcb->held - payload_buffers(piece->data)) & UINT8_MAX;
	payload_free(piece->data);
	slot_pool_give(&tcp->pieces, slot);
}

/* Where a segment goes: the link to set, and what is left of it. */
struct place {
	uint32_t *link;
	uint32_t seq, end;
};

/*
 * Walks to the segment's place, cutting off what is there already; pieces that it covers whole are
 * given up for it. An empty place means that nothing new is left.
 */
static struct place find_place(struct tcp *tcp, struct tcb *tcb, struct tcb_ext *ext, const struct seg *seg)
{
	struct place place = { .link = &ext->gap_first, .seq = seg->seq, .end = seg->seq + seg->len };

	while (*place.link != SLOT_NONE && seq_lt(place.seq, place.end)) {
		uint32_t slot = *place.link;
		struct piece *piece = piece_at(tcp, slot);

		if (seq_ge(piece->seq, place.end))
			break;
		if (seq_le(piece->seq, place.seq)) {
			if (seq_gt(piece_end(piece), place.seq))
				place.seq = piece_end(piece);
			place.link = &piece->next;
		} else if (seq_ge(piece_end(piece), place.end)) {
			place.end = piece->seq;
			break;
		} else {
			*place.link = piece->next;
			piece_free(tcp, tcb, slot);
		}
	}
	return place;
}

/* The run of pieces without a gap that holds `seq`. */
static struct sack_block run_around(const struct tcp *tcp, const struct tcb_ext *ext, uint32_t seq)
{
	struct sack_block run = { 0 };
	bool first = true;

	for (uint32_t slot = ext->gap_first; slot != SLOT_NONE; slot = piece_at(tcp, slot)->next) {
		const struct piece *piece = piece_at(tcp, slot);

		if (first || piece->seq != run.right) {
			if (!first && seq_gt(run.right, seq))
				break;
			run.left = piece->seq;
			first = false;
		}
		run.right = piece_end(piece);
	}
	return run;
}

/* The block of what came last goes first; those that it has swallowed go (RFC 2018 section 4). */
static void note_news(const struct tcp *tcp, struct tcb_ext *ext, uint32_t seq)
{
	struct sack old = ext->sack;
	unsigned n = ext->blocks;

	ext->sack.blocks[0] = run_around(tcp, ext, seq);
	ext->blocks = 1;
	for (unsigned i = 0; i < n && ext->blocks < SACK_BLOCKS_MAX; i++) {
		if (seq_lt(old.blocks[i].left, ext->sack.blocks[0].left) ||
		    seq_gt(old.blocks[i].right, ext->sack.blocks[0].right))
			ext->sack.blocks[ext->blocks++] = old.blocks[i];
	}
}

static verdict keep_text(struct tcp *tcp, struct tcb *tcb, struct tcb_ext *ext, struct seg *seg)
{
	uint32_t buffers = payload_buffers(seg->payload);

	if (tcb->held + buffers >= tcp->held_now)
		return text_refused(tcp);
	if (slot_pool_free(&tcp->pieces) == 0)
		return COUNT_drop_out_of_order;
	struct place place = find_place(tcp, tcb, ext, seg);

	if (seq_ge(place.seq, place.end)) {
		ext->duplicate = (struct sack_block){ .left = seg->seq, .right = seg->seq + seg->len };
		return COUNT_drop_duplicate;
	}
	uint32_t front = place.seq - seg->seq, back = seg->seq + seg->len - place.end;
	uint32_t slot = slot_pool_take(&tcp->pieces);

	if (front + back > 0)
		payload_trim(seg->payload, front, back);
	*piece_at(tcp, slot) = (struct piece){
		.next = *place.link,
		.seq = place.seq,
		.len = place.end - place.seq,
		.data = seg->payload,
	};
	*place.link = slot;
	seg->payload = 0;
	note_news(tcp, ext, place.seq);
	tcb->held = (tcb->held + buffers) & UINT8_MAX;
	return ACCEPTED;
}

/* RCV.NXT has passed some. */
static void forget_old_news(const struct tcb *tcb, struct tcb_ext *ext)
{
	unsigned n = ext->blocks;

	ext->blocks = 0;
	for (unsigned i = 0; i < n; i++) {
		if (seq_gt(ext->sack.blocks[i].left, tcb->rcv_nxt))
			ext->sack.blocks[ext->blocks++] = ext->sack.blocks[i];
	}
}

void reassembly_duplicate(struct tcp *tcp, struct tcb *tcb, uint32_t left, uint32_t right)
{
	/* In SYN-RECEIVED nothing but the SYNs is known of the two streams yet. */
	if (!(tcb->flags & TCB_SACK) || !fsm_synchronized((enum weir_state)tcb->state) ||
	    !tcb_extend(tcp, tcb))
		return;
	tcb_ext(tcp, tcb)->duplicate = (struct sack_block){ .left = left, .right = right };
	if (tcb_at_rest(tcb))
		tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb));
}

unsigned reassembly_blocks(const struct tcp *tcp, struct tcb *tcb, struct sack *sack, unsigned most)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);
	unsigned n = 0;

	if (ext->duplicate.left != ext->duplicate.right && most > 0) {
		sack->blocks[n++] = ext->duplicate;
		ext->duplicate = (struct sack_block){ 0 };
	}
	for (unsigned i = 0; i < ext->blocks && n < most; i++)
		sack->blocks[n++] = ext->sack.blocks[i];
	return n;
}

verdict reassembly_keep(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	if (!tcb_extend(tcp, tcb))
		return COUNT_drop_extensions_full;
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (tcb_at_rest(tcb))
		tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb));
	if (seg->flags & SEG_FIN) {
		ext->gap_fin = true;
		ext->gap_fin_seq = seg->seq + seg->len;
	}
	return seg->len > 0 ? keep_text(tcp, tcb, ext, seg) : ACCEPTED;
}

void reassembly_deliver(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	while (ext->gap_first != SLOT_NONE) {
		uint32_t slot = ext->gap_first;
		struct piece *piece = piece_at(tcp, slot);

		if (seq_gt(piece->seq, tcb->rcv_nxt))
			break;
		ext->gap_first = piece->next;
		if (seq_le(piece_end(piece), tcb->rcv_nxt)) {
			piece_free(tcp, tcb, slot);
			continue;
		}
		uint32_t old = tcb->rcv_nxt - piece->seq;

		if (old > 0)
			payload_trim(piece->data, old, 0);
		text_deliver(tcp, tcb, piece->data, piece->len - old);
		slot_pool_give(&tcp->pieces, slot);
	}
	forget_old_news(tcb, ext);
	if (ext->gap_fin && seq_lt(ext->gap_fin_seq, tcb->rcv_nxt))
		ext->gap_fin = false; /* the peer has sent beyond it: there was none */
	tcb->flags |= TCB_ACK_DELAYED;
	output_ack_now(tcp, tcb); /* RFC 5681 section 4.2: at once, when a gap closes in part or in whole */
	if (ext->gap_first == SLOT_NONE && tcb_at_rest(tcb))
		tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb));
}

bool reassembly_fin_due(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	return ext != NULL && ext->gap_fin && ext->gap_fin_seq == tcb->rcv_nxt;
}

bool reassembly_waiting(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	return ext != NULL && (ext->gap_first != SLOT_NONE || ext->gap_fin);
}

void reassembly_clear(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	while (ext->gap_first != SLOT_NONE) {
		uint32_t slot = ext->gap_first;

		ext->gap_first = piece_at(tcp, slot)->next;
		piece_free(tcp, tcb, slot);
	}
	ext->blocks = 0;
}
