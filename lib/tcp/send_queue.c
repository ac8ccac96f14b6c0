/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/send_queue.h"

#include <errno.h>

#include "tcp/records.h"
#include "wire/csum.h"

static struct piece *piece_at(const struct tcp *tcp, uint32_t slot)
{
	return slot_pool_at(&tcp->pieces, slot);
}

int send_queue_append(struct tcp *tcp, struct tcb *tcb, const struct piece *piece)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext->pieces >= tcp->send_buffers)
		return -EAGAIN;
	uint32_t slot = slot_pool_take(&tcp->pieces);

	if (slot == SLOT_NONE)
		return -ENOMEM;
	*piece_at(tcp, slot) = *piece;
	piece_at(tcp, slot)->next = SLOT_NONE;
	if (ext->queue_first == SLOT_NONE) {
		ext->queue_first = slot;
		ext->queue_seq = ext->queue_end;
	} else {
		piece_at(tcp, ext->queue_last)->next = slot;
	}
	if (ext->cursor == SLOT_NONE) {
		ext->cursor = slot;
		ext->cursor_seq = ext->queue_end;
	}
	ext->queue_last = slot;
	ext->queue_end += piece->len;
	ext->pieces++;
	if (!piece->is_static)
		tcp->queued += payload_buffers(piece->data);
	return 0;
}

void send_queue_adopt_static(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (tcb->piece == 0)
		return;
	const struct static_bytes *bytes = &tcp->statics[tcb->piece];
	struct piece piece = { .bytes = bytes->bytes, .len = bytes->len, .is_static = true };
	uint32_t in_flight = tcb->flight - (tcb->flight != 0 && tcb->flags & TCB_FIN_SENT);

	/* What was acknowledged of it lies before SND.UNA. */
	if (in_flight != 0)
		ext->queue_end -= bytes->len - in_flight;
	ext->cursor_seq = ext->queue_seq = ext->queue_end;
	tcb->piece = 0;
	CHECK(send_queue_append(tcp, tcb, &piece) == 0);
}

static void queue_pop(struct tcp *tcp, struct tcb_ext *ext)
{
	uint32_t slot = ext->queue_first;
	struct piece *piece = piece_at(tcp, slot);

	if (!piece->is_static) {
		tcp->queued -= payload_buffers(piece->data);
		payload_free(piece->data);
	}
	ext->queue_seq += piece->len;
	ext->queue_first = piece->next;
	if (ext->cursor == slot) {
		ext->cursor = piece->next;
		ext->cursor_seq = ext->queue_seq;
	}
	if (piece->next == SLOT_NONE)
		ext->queue_last = SLOT_NONE;
	ext->pieces--;
	slot_pool_give(&tcp->pieces, slot);
}

void send_queue_acked(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	while (ext->queue_first != SLOT_NONE &&
	       seq_le(ext->queue_seq + piece_at(tcp, ext->queue_first)->len, ext->snd_una))
		queue_pop(tcp, ext);
}

void send_queue_clear(struct tcp *tcp, struct tcb *tcb)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	while (ext->queue_first != SLOT_NONE)
		queue_pop(tcp, ext);
}

void send_queue_locate(struct tcp *tcp, const struct tcb *tcb, uint32_t seq, struct seg *seg)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext == NULL) {
		/* The piece ends where the data in flight does. */
		uint32_t end = tcb->snd_nxt - !!(tcb->flags & TCB_FIN_SENT);
		uint32_t start = tcb->flight == 0 ? end : end - tcp->statics[tcb->piece].len;

		seg->piece = SEND_QUEUE_STATIC | tcb->piece;
		seg->offset = seq - start;
		return;
	}
	/* New data starts from the cursor, what is sent again from the first piece. */
	bool onward = ext->cursor != SLOT_NONE && seq_ge(seq, ext->cursor_seq);
	uint32_t slot = onward ? ext->cursor : ext->queue_first;
	uint32_t start = onward ? ext->cursor_seq : ext->queue_seq;

	while (seq - start >= piece_at(tcp, slot)->len) {
		start += piece_at(tcp, slot)->len;
		slot = piece_at(tcp, slot)->next;
	}
	if (onward) {
		ext->cursor = slot;
		ext->cursor_seq = start;
	}
	seg->piece = slot;
	seg->offset = seq - start;
}

void send_queue_locate_run(const struct tcp *tcp, struct tcb_ext *ext, struct seg *segs, unsigned n)
{
	uint32_t slot = ext->cursor, start = ext->cursor_seq;
	const struct piece *piece = piece_at(tcp, slot);

	DCHECK(seq_ge(segs->seq, start));
	for (unsigned i = 0; i < n; i++) {
		for (; segs[i].seq - start >= piece->len; piece = piece_at(tcp, slot)) {
			start += piece->len;
			slot = piece->next;
		}
		segs[i].piece = slot;
		segs[i].offset = segs[i].seq - start;
	}
	ext->cursor = slot;
	ext->cursor_seq = start;
}

static uint64_t read_piece(const struct piece *piece, uint32_t offset, uint8_t *dst, uint32_t len)
{
	if (piece->is_static)
		return csum_copy(dst, piece->bytes + offset, len);
	return payload_read(piece->data, offset, dst, len);
}

uint64_t tcp_read(const struct tcp *tcp, const struct seg *seg, void *dst)
{
	if (seg->piece & SEND_QUEUE_STATIC)
		return csum_copy(dst, tcp->statics[seg->piece & ~SEND_QUEUE_STATIC].bytes + seg->offset,
				 seg->len);
	const struct piece *first = piece_at(tcp, seg->piece);
	uint32_t offset = seg->offset, done = 0;
	uint64_t sum = 0;

	if (offset + seg->len <= first->len)
		return read_piece(first, offset, dst, seg->len);

	for (uint32_t slot = seg->piece; done < seg->len; slot = piece_at(tcp, slot)->next) {
		const struct piece *piece = piece_at(tcp, slot);
		uint32_t left = seg->len - done, here = piece->len - offset;
		uint32_t part = here < left ? here : left;

		sum = csum_add(sum, csum_at(read_piece(piece, offset, (uint8_t *)dst + done, part), done));
		done += part;
		offset = 0;
	}
	return sum;
}
