/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/stream_check.h"

#include "fuzz/fault.h"
#include "tcp/ecn.h"
#include "tcp/fsm.h"
#include "tcp/sent.h"

#define DUP_THRESHOLD 3 /* segments beyond, and one is lost: RFC 6675 section 2 */

static const struct piece *piece_at(const struct tcp *tcp, uint32_t slot)
{
	return slot_pool_at(&tcp->pieces, slot);
}

/* The stream from queue_seq to queue_end, piece after piece; the cursor stands on one of them. */
static void check_queue(const struct tcp *tcp, const struct tcb_ext *ext, struct ledger *ledger,
			uint64_t *buffers)
{
	uint32_t seq = ext->queue_seq, pieces = 0, last = SLOT_NONE;
	bool cursor = ext->cursor == SLOT_NONE;

	for (uint32_t slot = ext->queue_first; slot != SLOT_NONE; slot = piece_at(tcp, slot)->next) {
		const struct piece *piece = piece_at(tcp, slot);

		ledger_claim(ledger, slot);
		HOLDS(piece->len > 0, "an empty piece");
		if (!piece->is_static) {
			HOLDS(payload_bytes(piece->data) == piece->len, "%u bytes", piece->len);
			*buffers += payload_buffers(piece->data);
		}
		if (slot == ext->cursor) {
			HOLDS(seq == ext->cursor_seq, "the cursor's place");
			cursor = true;
		}
		seq += piece->len;
		pieces++;
		last = slot;
	}
	HOLDS(cursor, "the cursor is on no piece");
	HOLDS(pieces == 0 || seq == ext->queue_end, "pieces end at %u, the queue at %u", seq, ext->queue_end);
	HOLDS(pieces == ext->pieces && pieces <= tcp->send_buffers, "%u pieces", pieces);
	HOLDS(ext->queue_last == last, "the last piece");
	HOLDS(seq_le(ext->queue_seq, ext->snd_una) || pieces == 0, "SND.UNA lies before the queue");
}

/* What is in flight, segment after segment, and the sums over it. */
static void check_sent(const struct tcp *tcp, const struct tcb *tcb, const struct tcb_ext *ext,
		       struct ledger *ledger)
{
	uint32_t seq = ext->snd_una, pipe = 0, sacked_bytes = 0, segments = 0, lost = 0, sacked = 0,
		 last = SLOT_NONE;
	bool from = false;

	for (uint32_t slot = ext->sent_first; slot != SLOT_NONE; slot = sent_at(tcp, slot)->next) {
		const struct sent *sent = sent_at(tcp, slot);

		ledger_claim(ledger, slot);
		HOLDS(sent->seq == seq, "a segment at %u, expected %u", sent->seq, seq);
		HOLDS(sent->space > 0, "a segment without sequence space");
		HOLDS(!(sent->flags & SENT_LOST && sent->flags & SENT_SACKED), "lost and sacked");
		from |= slot == ext->lost_from;
		HOLDS(from || !(sent->flags & SENT_LOST), "lost before lost_from");
		if (!(sent->flags & (SENT_LOST | SENT_SACKED)))
			pipe += sent->flags & SENT_TWICE ? 2u * sent->space : sent->space;
		sacked_bytes += sent->flags & SENT_SACKED ? sent->space : 0;
		lost += !!(sent->flags & SENT_LOST);
		sacked += !!(sent->flags & SENT_SACKED);
		seq += sent->space;
		segments++;
		last = slot;
	}
	HOLDS(seq == tcb->snd_nxt, "segments end at %u, SND.NXT is %u", seq, tcb->snd_nxt);
	HOLDS(pipe == ext->pipe, "pipe %u, counted %u", ext->pipe, pipe);
	HOLDS(sacked_bytes == ext->sacked_bytes, "%u bytes sacked, counted %u", ext->sacked_bytes,
	      sacked_bytes);
	HOLDS(lost == ext->lost && sacked == ext->sacked, "lost %u %u, sacked %u %u", ext->lost, lost,
	      ext->sacked, sacked);
	HOLDS(segments == ext->segments && segments <= SENT_MAX, "%u segments, counted %u", ext->segments,
	      segments);
	HOLDS(ext->sent_last == last, "the last segment");
}

/*
 * What IsLost() tells of has left the network: of what went twice, one is still there (RFC 6675, SetPipe()).
 */
static void check_twice(const struct tcp *tcp, const struct tcb_ext *ext)
{
	unsigned beyond = ext->sacked;

	for (uint32_t slot = ext->sent_first; slot != SLOT_NONE; slot = sent_at(tcp, slot)->next) {
		const struct sent *sent = sent_at(tcp, slot);

		HOLDS(!(sent->flags & SENT_TWICE) || beyond < DUP_THRESHOLD, "%u counts twice and is lost",
		      sent->seq);
		beyond -= !!(sent->flags & SENT_SACKED);
	}
}

/* Whether the pieces beyond a gap hold all of left..right. */
static bool is_held(const struct tcp *tcp, const struct tcb_ext *ext, uint32_t left, uint32_t right)
{
	for (uint32_t slot = ext->gap_first; slot != SLOT_NONE; slot = piece_at(tcp, slot)->next) {
		const struct piece *piece = piece_at(tcp, slot);

		if (seq_le(piece->seq, left) && seq_lt(left, piece->seq + piece->len))
			left = piece->seq + piece->len;
	}
	return seq_ge(left, right);
}

/* Out of order, within the window, without overlaps; what SACK will say of it is true. */
static void check_gaps(const struct tcp *tcp, const struct tcb *tcb, const struct tcb_ext *ext,
		       struct ledger *ledger, uint32_t *held)
{
	uint32_t beyond = tcb->rcv_nxt + 1, edge = tcb->rcv_nxt + tcb_rcv_wnd(tcb);

	for (uint32_t slot = ext->gap_first; slot != SLOT_NONE; slot = piece_at(tcp, slot)->next) {
		const struct piece *piece = piece_at(tcp, slot);

		ledger_claim(ledger, slot);
		HOLDS(piece->len > 0 && payload_bytes(piece->data) == piece->len, "%u bytes", piece->len);
		HOLDS(seq_ge(piece->seq, beyond), "a piece at RCV.NXT + %d",
		      seq_diff(piece->seq, tcb->rcv_nxt));
		beyond = piece->seq + piece->len;
		*held += payload_buffers(piece->data);
	}
	HOLDS(ext->gap_first == SLOT_NONE || seq_le(beyond, edge), "a piece beyond the window");
	HOLDS(ext->blocks <= SACK_BLOCKS_MAX, "%u blocks", ext->blocks);
	for (unsigned i = 0; i < ext->blocks; i++) {
		const struct sack_block *block = &ext->sack.blocks[i];

		HOLDS(seq_lt(block->left, block->right) && seq_gt(block->left, tcb->rcv_nxt), "block %u", i);
		HOLDS(is_held(tcp, ext, block->left, block->right), "block %u is not held", i);
	}
}

/* The books of a connection begin when it is first seen: nothing was sent then. */
static struct shard_conn *books_of(struct shard *shard, const struct tcb *tcb)
{
	struct shard_conn *books = shard_conn_of(shard, tcb);

	if (books->generation != tcb->generation)
		*books = (struct shard_conn){ .tuple = tcb->tuple,
					      .generation = tcb->generation,
					      .snd_start = tcb->snd_nxt };
	return books;
}

static const struct weir_event *event_of(const struct tcp *tcp, const struct tcb *tcb)
{
	return tcb->flags & TCB_EVENT ? &tcp->events[tcb->event & tcp->events_ring.mask] : NULL;
}

/* Right edges only move to the right (SHLD-14); and what came is what was delivered, or is on its way. */
static void check_receiving(struct shard *shard, const struct tcb *tcb)
{
	const struct weir_event *event = event_of(shard->tcp, tcb);
	struct shard_conn *books = books_of(shard, tcb);
	uint32_t edge = tcb->rcv_nxt + tcb_rcv_wnd(tcb), pending = event != NULL ? event->bytes : 0;
	bool fin = tcb->state == WEIR_CLOSE_WAIT || tcb->state == WEIR_CLOSING || tcb->state == WEIR_LAST_ACK;

	if (tcb->state == WEIR_SYN_SENT)
		return;
	if (!books->synchronized) {
		books->synchronized = true;
		books->rcv_start = tcb->rcv_nxt - fin - pending;
		books->edge = books->told_edge = edge;
	}
	HOLDS(seq_ge(edge, books->edge), "the right edge moved by %d", seq_diff(edge, books->edge));
	books->edge = edge;
	HOLDS(books->rcv_start + books->delivered + pending + fin == tcb->rcv_nxt, "RCV.NXT is off by %d",
	      seq_diff(tcb->rcv_nxt, books->rcv_start + books->delivered + pending + fin));
}

/* SND.UNA <= SND.NXT <= all that was given; a FIN behind it; and somebody looks after what is unfinished. */
static void check_sending(struct shard *shard, const struct tcb *tcb)
{
	const struct shard_conn *books = books_of(shard, tcb);
	uint32_t una = tcb_snd_una(shard->tcp, tcb), end = books->snd_start + books->written;
	bool fin_sent = tcb->flags & TCB_FIN_SENT, fin_queued = tcb->flags & TCB_FIN_QUEUED;
	enum weir_state state = (enum weir_state)tcb->state;
	bool watched = tcb->timer == TIMER_RETRANSMIT || tcb->timer == TIMER_PERSIST ||
		       tcb->flags & TCB_DIRTY;

	HOLDS(!fin_sent || fin_queued, "a FIN of nobody's");
	if (!fsm_synchronized(state)) {
		HOLDS(una + 1 == tcb->snd_nxt, "%u in flight", tcb->snd_nxt - una);
		HOLDS(watched, "an open that nobody looks after");
		return;
	}
	HOLDS(seq_le(una, tcb->snd_nxt), "SND.UNA is beyond SND.NXT by %d", seq_diff(una, tcb->snd_nxt));
	HOLDS(seq_ge(una, books->snd_start), "SND.UNA lies before the first byte");
	HOLDS(fin_sent ? tcb->snd_nxt == end + 1 : seq_le(tcb->snd_nxt, end), "SND.NXT is off by %d",
	      seq_diff(tcb->snd_nxt, end + fin_sent));
	HOLDS(fin_queued == (state != WEIR_ESTABLISHED && state != WEIR_CLOSE_WAIT), "closed in %s",
	      weir_state_name(state));
	HOLDS((state == WEIR_FIN_WAIT_2) == (fin_sent && una == tcb->snd_nxt), "%s", weir_state_name(state));
	HOLDS((una == tcb->snd_nxt && tcb->snd_nxt == end + fin_queued) || watched,
	      "unfinished business, and timer %u", tcb->timer);
	HOLDS(tcb->snd_wnd <= tcb->snd_wnd_max, "window %u of %u", tcb->snd_wnd, tcb->snd_wnd_max);
	HOLDS(tcb->mss >= TCP_MSS_MIN - TCP_TS_BYTES && tcb->mss <= tcp_rcv_mss(shard->tcp, tcb_is6(tcb)),
	      "MSS %u", tcb->mss);
}

/* Buffers that count against the window: beyond a gap, pending, and with the application. */
static void check_held(const struct shard *shard, const struct tcb *tcb, uint32_t held)
{
	const struct weir_event *event = event_of(shard->tcp, tcb);
	uint32_t slot = tcb_slot(shard->tcp, tcb);

	held += event != NULL ? event->buffers : 0;
	for (unsigned i = 0; i < shard->held_count; i++) {
		const struct shard_held *one = &shard->held[i];

		if (one->conn.index == slot && one->conn.generation == tcb->generation)
			held += payload_buffers(one->data);
	}
	HOLDS(tcb->held == held, "%u held, counted %u", tcb->held, held);
	HOLDS(held <= shard->tcp->held_max, "%u held", held);
}

static void check_extension(const struct tcb *tcb, const struct tcb_ext *ext)
{
	HOLDS(tcb->piece == 0, "a piece by number beside an extension");
	/* A window of nothing: an echo wants the next segment to wait for the timer (tcp/ecn.h). */
	HOLDS((ext->cwnd > 0 || tcb->ecn == ECN_ON) && ext->ssthresh > 0, "cwnd %u ssthresh %u", ext->cwnd,
	      ext->ssthresh);
	HOLDS(!ext->gap_fin || seq_ge(ext->gap_fin_seq, tcb->rcv_nxt), "a FIN that has passed");
	HOLDS(!ext->lingers || tcb->flags & TCB_DEAF, "it lingers and was not closed");
}

void stream_check(struct shard *shard, const struct tcb *tcb, struct ledgers *ledgers, uint64_t *buffers)
{
	const struct tcp *tcp = shard->tcp;
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t held = 0;

	check_receiving(shard, tcb);
	check_sending(shard, tcb);
	if (ext != NULL) {
		ledger_claim(&ledgers->exts, tcb->ext);
		check_extension(tcb, ext);
		check_queue(tcp, ext, &ledgers->pieces, buffers);
		check_sent(tcp, tcb, ext, &ledgers->sents);
		check_twice(tcp, ext);
		check_gaps(tcp, tcb, ext, &ledgers->pieces, &held);
	}
	*buffers += held;
	check_held(shard, tcb, held);
}
