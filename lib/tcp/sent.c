/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/sent.h"

static uint32_t sent_end(const struct sent *sent)
{
	return sent->seq + sent->space;
}

static bool in_pipe(const struct sent *sent)
{
	return !(sent->flags & (SENT_SACKED | SENT_LOST));
}

/*
 * A segment joins (1) the sums that the extension keeps, or leaves them (-1): before and after each change.
 */
static void tally(struct tcb_ext *ext, const struct sent *sent, int by)
{
	uint32_t space = by > 0 ? sent->space : 0u - sent->space;

	if (sent->flags & SENT_LOST) {
		ext->lost = (uint16_t)(ext->lost + by);
	} else if (sent->flags & SENT_SACKED) {
		ext->sacked = (uint16_t)(ext->sacked + by);
		ext->sacked_bytes += space;
	} else {
		ext->pipe += sent->flags & SENT_TWICE ? 2 * space : space;
	}
}

static void set_flags(struct tcb_ext *ext, struct sent *sent, unsigned flags)
{
	tally(ext, sent, -1);
	sent->flags = (uint16_t)flags;
	tally(ext, sent, 1);
}

static void set_lost(struct tcb_ext *ext, struct sent *sent)
{
	set_flags(ext, sent, (sent->flags & SENT_AGAIN) | SENT_LOST);
	ext->lost_from = ext->sent_first;
}

bool sent_append(struct tcp *tcp, struct tcb_ext *ext, uint32_t seq, uint32_t space)
{
	uint32_t slot = ext->segments < SENT_MAX ? slot_pool_take(&tcp->sents) : SLOT_NONE;

	if (slot == SLOT_NONE)
		return false;
	*sent_at(tcp, slot) = (struct sent){
		.next = SLOT_NONE,
		.seq = seq,
		.sent_us = clock_us(tcp->now_ns),
		.space = (uint16_t)space,
	};
	if (ext->sent_first == SLOT_NONE)
		ext->sent_first = slot;
	else
		sent_at(tcp, ext->sent_last)->next = slot;
	ext->sent_last = slot;
	ext->segments++;
	ext->pipe += space;
	return true;
}

static void pop_first(struct tcp *tcp, struct tcb_ext *ext)
{
	uint32_t slot = ext->sent_first;
	struct sent *sent = sent_at(tcp, slot);

	tally(ext, sent, -1);
	ext->sent_first = sent->next;
	if (ext->lost_from == slot)
		ext->lost_from = sent->next;
	if (sent->next == SLOT_NONE)
		ext->sent_last = SLOT_NONE;
	ext->segments--;
	slot_pool_give(&tcp->sents, slot);
}

/* A part of the oldest segment was acknowledged. */
static void cut_front(struct tcb_ext *ext, struct sent *sent)
{
	tally(ext, sent, -1);
	sent->space = (uint16_t)(sent_end(sent) - ext->snd_una);
	sent->seq = ext->snd_una;
	tally(ext, sent, 1);
}

struct sent_acked sent_acknowledge(struct tcp *tcp, struct tcb_ext *ext)
{
	struct sent_acked acked = { .timed = true };

	while (ext->sent_first != SLOT_NONE) {
		struct sent *first = sent_at(tcp, ext->sent_first);

		if (seq_gt(sent_end(first), ext->snd_una)) {
			if (seq_lt(first->seq, ext->snd_una))
				cut_front(ext, first);
			break;
		}
		/*
		 * What was sent again, or has been with the peer for some time, tells nothing of the path
		 * now.
		 */
		if (first->flags & (SENT_AGAIN | SENT_SACKED | SENT_LOST))
			acked.timed = false;
		acked.sample_us = clock_us(tcp->now_ns) - first->sent_us;
		acked.segments++;
		pop_first(tcp, ext);
	}
	acked.timed &= acked.segments > 0;
	return acked;
}

/* Marks what lies within a block. */
static bool sack_block(struct tcp *tcp, struct tcb_ext *ext, const struct sack_block *block)
{
	bool news = false;

	for (uint32_t slot = ext->sent_first; slot != SLOT_NONE; slot = sent_at(tcp, slot)->next) {
		struct sent *sent = sent_at(tcp, slot);

		if (seq_ge(sent->seq, block->right))
			break;
		if (seq_lt(sent->seq, block->left) || seq_gt(sent_end(sent), block->right) ||
		    sent->flags & SENT_SACKED)
			continue;
		set_flags(ext, sent, (sent->flags & SENT_AGAIN) | SENT_SACKED);
		news = true;
	}
	return news;
}

/* Whether a block is about what may be in flight. Others are old, or lies. */
static bool is_current(const struct tcb_ext *ext, uint32_t snd_nxt, const struct sack_block *block)
{
	return seq_ge(block->left, ext->snd_una) && seq_le(block->right, snd_nxt);
}

/* RFC 2883: the first block may tell of what came twice. It is old, then, or within the second. */
static bool is_dsack(const struct tcb_ext *ext, uint32_t snd_nxt, const struct sack *sack, unsigned blocks)
{
	const struct sack_block *first = &sack->blocks[0], *second = &sack->blocks[1];

	if (blocks == 0 || seq_ge(first->left, first->right))
		return false;
	return seq_lt(first->left, ext->snd_una) ||
	       (blocks > 1 && is_current(ext, snd_nxt, second) && seq_ge(first->left, second->left) &&
		seq_le(first->right, second->right));
}

bool sent_sack(struct tcp *tcp, struct tcb_ext *ext, uint32_t snd_nxt, const struct sack *sack,
	       unsigned blocks)
{
	bool news = false;

	ext->needless |= is_dsack(ext, snd_nxt, sack, blocks);
	for (unsigned b = 0; b < blocks; b++) {
		if (is_current(ext, snd_nxt, &sack->blocks[b]))
			news |= sack_block(tcp, ext, &sack->blocks[b]);
	}
	return news;
}

bool sent_mark_lost(struct tcp *tcp, struct tcb_ext *ext, unsigned segments, uint32_t bytes)
{
	unsigned segments_beyond = ext->sacked;
	uint32_t bytes_beyond = ext->sacked_bytes;
	bool news = false;

	for (uint32_t slot = ext->sent_first;
	     slot != SLOT_NONE && (segments_beyond >= segments || bytes_beyond > bytes);
	     slot = sent_at(tcp, slot)->next) {
		struct sent *sent = sent_at(tcp, slot);

		if (sent->flags & SENT_SACKED) {
			segments_beyond--;
			bytes_beyond -= sent->space;
		} else if (sent->flags & SENT_TWICE) {
			set_flags(ext, sent, sent->flags & ~SENT_TWICE); /* the first of the two is gone */
		} else if (!(sent->flags & (SENT_LOST | SENT_AGAIN))) {
			set_lost(ext, sent);
			news = true;
		}
	}
	return news;
}

void sent_mark_first_lost(struct tcp *tcp, struct tcb_ext *ext)
{
	if (ext->sent_first != SLOT_NONE)
		set_lost(ext, sent_at(tcp, ext->sent_first));
}

bool sent_mark_last_resort(struct tcp *tcp, struct tcb_ext *ext)
{
	unsigned beyond = ext->sacked;
	struct sent *last = NULL;

	for (uint32_t slot = ext->sent_first; slot != SLOT_NONE; slot = sent_at(tcp, slot)->next) {
		struct sent *sent = sent_at(tcp, slot);

		if (sent->flags & SENT_SACKED) {
			beyond--;
		} else if (!(sent->flags & (SENT_LOST | SENT_AGAIN))) {
			last = sent;
			if (beyond > 0)
				break; /* rule 3: the first one with a block beyond */
		}
	}
	if (last == NULL || (beyond == 0 && seq_le(ext->snd_una, ext->rescue)))
		return false;
	set_lost(ext, last);
	if (beyond > 0)
		last->flags |= SENT_TWICE;
	else
		ext->rescue = ext->recover; /* rule 4, once in a recovery */
	return true;
}

const struct sent *sent_find(const struct tcp *tcp, const struct tcb_ext *ext, uint32_t seq)
{
	for (uint32_t slot = ext->sent_first; slot != SLOT_NONE; slot = sent_at(tcp, slot)->next) {
		const struct sent *sent = sent_at(tcp, slot);

		if (seq_ge(sent->seq, seq))
			return sent->seq == seq && in_pipe(sent) ? sent : NULL;
	}
	return NULL;
}

void sent_mark_larger_lost(struct tcp *tcp, struct tcb_ext *ext, uint32_t space)
{
	for (uint32_t slot = ext->sent_first; slot != SLOT_NONE; slot = sent_at(tcp, slot)->next) {
		struct sent *sent = sent_at(tcp, slot);

		if (in_pipe(sent) && sent->space > space)
			set_lost(ext, sent);
	}
}

void sent_mark_all_lost(struct tcp *tcp, struct tcb_ext *ext)
{
	for (uint32_t slot = ext->sent_first; slot != SLOT_NONE; slot = sent_at(tcp, slot)->next)
		set_lost(ext, sent_at(tcp, slot));
}

uint32_t sent_first_lost(const struct tcp *tcp, struct tcb_ext *ext)
{
	if (ext->lost == 0)
		return SLOT_NONE;
	while (!(sent_at(tcp, ext->lost_from)->flags & SENT_LOST))
		ext->lost_from = sent_at(tcp, ext->lost_from)->next;
	return ext->lost_from;
}

uint32_t sent_join(struct tcp *tcp, struct tcb_ext *ext, uint32_t slot, uint32_t most)
{
	struct sent *front = sent_at(tcp, slot);

	while (front->next != SLOT_NONE) {
		uint32_t after = front->next;
		struct sent *next = sent_at(tcp, after);

		if (!(next->flags & SENT_LOST) || (uint32_t)front->space + next->space > most)
			break;
		front->space = (uint16_t)(front->space + next->space);
		front->next = next->next;
		if (ext->sent_last == after)
			ext->sent_last = slot;
		ext->lost--;
		ext->segments--;
		slot_pool_give(&tcp->sents, after);
	}
	return front->space;
}

void sent_extend(struct tcp *tcp, struct tcb_ext *ext, uint32_t space)
{
	struct sent *last = sent_at(tcp, ext->sent_last);

	DCHECK(last->flags & SENT_LOST);
	last->space = (uint16_t)(last->space + space);
}

/* The window takes only the front of it. */
static void split(struct tcp *tcp, struct tcb_ext *ext, uint32_t slot, uint32_t space)
{
	struct sent *front = sent_at(tcp, slot);
	uint32_t rest = slot_pool_take(&tcp->sents);

	if (rest == SLOT_NONE)
		return; /* the rest counts as sent; its time-out will tell */
	struct sent *back = sent_at(tcp, rest);

	*back = *front;
	back->seq += space;
	back->space = (uint16_t)(front->space - space);
	if (front->flags & SENT_TWICE)
		back->flags = 0; /* rule 3 is about the front alone */
	tally(ext, back, 1);
	front->space = (uint16_t)space;
	front->next = rest;
	if (ext->sent_last == slot)
		ext->sent_last = rest;
	ext->segments++;
}

void sent_again(struct tcp *tcp, struct tcb_ext *ext, uint32_t slot, uint32_t space)
{
	struct sent *sent = sent_at(tcp, slot);

	DCHECK(sent->flags & SENT_LOST);
	if (space < sent->space)
		split(tcp, ext, slot, space);
	set_flags(ext, sent, SENT_AGAIN | (sent->flags & SENT_TWICE));
	sent->sent_us = clock_us(tcp->now_ns);
}

void sent_clear(struct tcp *tcp, struct tcb_ext *ext)
{
	while (ext->sent_first != SLOT_NONE)
		pop_first(tcp, ext);
}
