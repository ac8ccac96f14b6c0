/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "fuzz/fault.h"
#include "fuzz/invariants.h"
#include "tcp/ecn.h"
#include "tcp/fsm.h"
#include "tcp/half_open.h"
#include "wire/tcp_opt.h"

/* What any segment of ours must be, whoever wrote it. */
static void check_form(const struct shard *shard, const struct seg *seg, const struct pair *pair)
{
	shard_check_name(shard, &seg->tuple, pair);
	HOLDS(seg->tuple.lport != 0 && seg->tuple.rport != 0, "tuple");
	HOLDS(!(seg->flags & SEG_URG), "flags %#x", seg->flags);
	HOLDS(!(seg->flags & SEG_RST) || !(seg->flags & SEG_ECN), "flags %#x", seg->flags);
	HOLDS((seg->tos & 3) == 0 || ((seg->tos & 3) == ECN_ECT0 && seg->len > 0), "TOS %#x", seg->tos);
	HOLDS(seg->flags & (SEG_SYN | SEG_RST | SEG_ACK), "flags %#x", seg->flags);
	HOLDS(!(seg->flags & SEG_SYN) || !(seg->flags & (SEG_FIN | SEG_RST)), "flags %#x", seg->flags);
	HOLDS(seg->flags & SEG_SYN || !(seg->opts & SEG_OPT_MSS), "an MSS without a SYN");
	HOLDS(!(seg->flags & SEG_SYN) || seg->opts & SEG_OPT_MSS, "a SYN without an MSS");
	HOLDS(seg->flags & SEG_SYN || !(seg->opts & (SEG_OPT_WSCALE | SEG_OPT_SACK_OK)), "options %#x",
	      seg->opts);
	/* RFC 7323 section 3.2 likes timestamps there. */
	HOLDS(!(seg->flags & SEG_RST) || (seg->len == 0 && !(seg->opts & ~SEG_OPT_TS)),
	      "RST with data or options");
	HOLDS(tcp_opt_bytes(seg) <= TCP_OPT_BYTES_MAX, "%u bytes of options", tcp_opt_bytes(seg));
	HOLDS(seg->ttl > 0, "TTL 0");
	HOLDS(seg->payload == 0, "a payload of ours");
}

static void check_half_open_reply(const struct half_open *half, const struct seg *seg)
{
	bool scale = half->flags & HALF_WSCALE;

	HOLDS(seg->ack == half->rcv_nxt && seg->seq == half->iss + !(seg->flags & SEG_SYN), "numbers");
	HOLDS(!(seg->opts & SEG_OPT_TS) == !(half->flags & HALF_TS), "timestamps");
	HOLDS(!(seg->flags & SEG_SYN) || !(seg->opts & SEG_OPT_WSCALE) == !scale, "window scale");
}

static void check_time_wait_reply(const struct tcp *tcp, uint32_t slot, const struct seg *seg)
{
	const struct time_wait *wait = &tcp->time_waits[slot];

	HOLDS(seg->flags == SEG_ACK && seg->ack == wait->rcv_nxt && seg->seq == wait->snd_nxt,
	      "numbers in TIME-WAIT");
	HOLDS(!(seg->opts & SEG_OPT_TS) == !wait->ts_offset, "timestamps in TIME-WAIT");
}

static bool defends(const struct tcp *tcp, const struct tuple *tuple)
{
	for (unsigned i = 0; i < TCP_LISTENERS; i++) {
		const struct listener *listener = &tcp->listeners[i];

		if (listener->port == tuple->lport && listener->defence.mode != WEIR_DEFENCE_OFF)
			return true;
	}
	return false;
}

void emitted_turned(const struct shard *shard, const struct seg *syn, const struct seg *answer,
		    const struct seg_side *side)
{
	const struct tcp *tcp = shard->tcp;
	unsigned agreed = SEG_OPT_SACK_OK | SEG_OPT_WSCALE | (tcp->timestamps ? SEG_OPT_TS : 0);
	bool ecn = ecn_setup(syn) && answer->opts & SEG_OPT_TS;

	HOLDS((syn->flags & (SEG_SYN | SEG_ACK | SEG_RST)) == SEG_SYN, "flags %#x", syn->flags);
	HOLDS(tuple_equal(&syn->tuple, &answer->tuple) && defends(tcp, &syn->tuple), "a cookie of nobody's");
	check_form(shard, answer, &side->pair);
	HOLDS(answer->flags == (ecn ? SEG_SYN | SEG_ACK | SEG_ECE : SEG_SYN | SEG_ACK), "flags %#x",
	      answer->flags);
	HOLDS(answer->ack == syn->seq + 1 && answer->len == 0, "it acknowledges %d",
	      seq_diff(answer->ack, syn->seq));
	/* All that both want; of a SYN without an MSS one fewer, in whose place ours stands. */
	unsigned left_out = (syn->opts & agreed) & ~(unsigned)answer->opts;

	HOLDS((answer->opts & ~(SEG_OPT_MSS | (syn->opts & agreed))) == 0 &&
		      (left_out & (left_out - 1)) == 0 && (left_out == 0 || !(syn->opts & SEG_OPT_MSS)),
	      "options %#x for %#x", answer->opts, syn->opts);
	/* A lone MSS still fits Ethernet's shortest frame. */
	HOLDS(tcp_opt_bytes(answer) <= tcp_opt_bytes(syn) || answer->opts == SEG_OPT_MSS,
	      "%u bytes of options for %u", tcp_opt_bytes(answer), tcp_opt_bytes(syn));
	HOLDS(!(answer->opts & SEG_OPT_TS) || answer->tsecr == syn->tsval, "TSecr %u", answer->tsecr);
	HOLDS(!(answer->opts & SEG_OPT_WSCALE) || answer->wscale == tcp->rcv_wscale, "window scale");
	HOLDS(!(answer->opts & SEG_OPT_MSS) || answer->mss <= tcp_rcv_mss(tcp, tuple_is6(&answer->tuple)),
	      "MSS %u", answer->mss);
}

/* What half-open and TIME-WAIT records have to say, as they say it. */
static void check_fresh_reply(const struct tcp *tcp, const struct seg *seg)
{
	ref r = conn_table_find(&tcp->table, tcp_hash(tcp, &seg->tuple), &seg->tuple);

	if (seg->flags & SEG_RST)
		return;
	if (ref_kind(r) == REF_TIME_WAIT) {
		check_time_wait_reply(tcp, ref_slot(r), seg);
	} else if (ref_kind(r) == REF_HALF_OPEN) {
		const struct half_open *half = half_open_at(tcp, ref_slot(r));

		if (half->hides != SLOT_NONE && seg->seq != half->iss && seg->seq != half->iss + 1)
			check_time_wait_reply(tcp, half->hides, seg);
		else
			check_half_open_reply(half, seg);
	} else {
		HOLDS(ref_kind(r) == REF_HOT && (seg->flags & ~SEG_ECE) == SEG_ACK,
		      "an answer of nobody's: flags %#x", seg->flags);
	}
}

void emitted_replies(const struct shard *shard, uint32_t from)
{
	const struct tcp *tcp = shard->tcp;

	for (; from != tcp->replies_ring.tail; from++) {
		uint32_t place = from & tcp->replies_ring.mask;

		check_form(shard, &tcp->replies[place], shard->is6 ? &tcp->reply_pairs[place] : NULL);
		check_fresh_reply(tcp, &tcp->replies[place]);
	}
}

/* An answer from half-open, TIME-WAIT or no record; it may be older than the record is now. */
static void check_reply(const struct seg *seg)
{
	HOLDS(seg->len == 0 && !(seg->flags & (SEG_FIN | SEG_PSH)), "flags %#x", seg->flags);
	HOLDS(!(seg->opts & SEG_OPT_SACK), "blocks of nobody's");
	HOLDS(seg->flags & (SEG_RST | SEG_ACK), "flags %#x", seg->flags);
}

/* The bytes are those that the application gave for this place of the stream. */
static void check_bytes(struct shard *shard, const struct tcb *tcb, const struct seg *seg)
{
	const struct shard_conn *books = shard_conn_of(shard, tcb);
	uint32_t position = seg->seq - books->snd_start;
	uint8_t *bytes = malloc(seg->len);

	tcp_read(shard->tcp, seg, bytes);
	HOLDS(position + seg->len <= books->written, "bytes to %u of %u", position + seg->len,
	      books->written);
	for (uint32_t i = 0; i < seg->len; i++)
		HOLDS(bytes[i] == shard_our_byte(&tcb->tuple, position + i), "byte %u of our stream",
		      position + i);
	free(bytes);
}

/* D-SACK may come first (RFC 2883); the others are beyond what is acknowledged, and inside the window. */
static void check_sack(const struct tcb *tcb, const struct seg *seg, const struct sack *sack)
{
	uint32_t edge = seg->ack + tcb_rcv_wnd(tcb);

	HOLDS(tcb->flags & TCB_SACK, "SACK was not agreed on");
	HOLDS(seg->sacks > 0 && seg->sacks <= SACK_BLOCKS_MAX, "%u blocks", seg->sacks);
	for (unsigned i = 0; i < seg->sacks; i++) {
		const struct sack_block *block = &sack->blocks[i];

		HOLDS(seq_lt(block->left, block->right), "block %u is empty", i);
		/* A duplicate may be so old that the window's edge seems to lie behind it. */
		HOLDS(seq_le(block->right, edge) || (i == 0 && seq_le(block->right, seg->ack)),
		      "block %u ends beyond the window", i);
		HOLDS(i == 0 || seq_gt(block->left, seg->ack), "block %u tells of what is acknowledged", i);
	}
}

/* Within what the peer allows, but for a probe of one byte, and a FIN. */
static void check_place(const struct shard *shard, const struct tcb *tcb, const struct seg *seg)
{
	uint32_t una = tcb_snd_una(shard->tcp, tcb), edge = una + tcb_snd_wnd(tcb);
	uint32_t end = seg->seq + seg_space(seg);

	HOLDS(seq_le(end, tcb->snd_nxt), "it ends beyond SND.NXT by %d", seq_diff(end, tcb->snd_nxt));
	if (seg_space(seg) == 0) {
		HOLDS(seg->seq == tcb->snd_nxt || seg->seq == edge, "an empty one at SND.NXT - %d",
		      seq_diff(tcb->snd_nxt, seg->seq));
		return;
	}
	HOLDS(seq_ge(seg->seq, una), "it begins before SND.UNA");
	HOLDS(seg->len <= 1 || seq_le(seg->seq + seg->len, edge), "beyond the peer's window by %d",
	      seq_diff(seg->seq + seg->len, edge));
}

static void check_timestamps(const struct shard *shard, const struct tcb *tcb, const struct seg *seg)
{
	HOLDS(!(tcb->flags & TCB_TS) == !(seg->opts & SEG_OPT_TS), "timestamps");
	if (!(seg->opts & SEG_OPT_TS))
		return;
	HOLDS(seg->tsval == shard->tcp->tick + tcb->ts_offset, "TSval %u", seg->tsval);
	HOLDS(seg->tsecr == (seg->flags & SEG_ACK ? tcb->ts_recent : 0), "TSecr %u", seg->tsecr);
}

static void check_syn(const struct shard *shard, const struct tcb *tcb, const struct seg *seg)
{
	bool acks = tcb->state == WEIR_SYN_RECEIVED;

	HOLDS(tcb->state == WEIR_SYN_SENT || acks, "a SYN in %s",
	      weir_state_name((enum weir_state)tcb->state));
	HOLDS(seg->flags == ((acks ? SEG_SYN | SEG_ACK : SEG_SYN) | ecn_syn_flags(tcb)), "flags %#x",
	      seg->flags);
	HOLDS(seg->len == 0 && seg->seq + 1 == tcb->snd_nxt, "a SYN at SND.NXT - %d",
	      seq_diff(tcb->snd_nxt, seg->seq));
	HOLDS(seg->mss >= TCP_MSS_MIN && seg->mss <= tcp_rcv_mss(shard->tcp, tcb_is6(tcb)), "MSS %u",
	      seg->mss);
}

/* RFC 3168: ECE until the peer says CWR; ECT and CWR on text that goes for the first time. */
static void check_ecn(const struct tcb *tcb, const struct seg *seg)
{
	bool ect = (seg->tos & 3) != 0;

	HOLDS(!(seg->flags & SEG_ECE) == !tcb->ecn_echo, "flags %#x", seg->flags);
	HOLDS(!ect || tcb->ecn == ECN_ON, "TOS %#x, and ECN is %u", seg->tos, tcb->ecn);
	HOLDS(!(seg->flags & SEG_CWR) || ect, "CWR on what is not new text");
}

static void check_synchronized(struct shard *shard, const struct tcb *tcb, const struct seg *seg,
			       const struct seg_side *side)
{
	struct shard_conn *books = shard_conn_of(shard, tcb);
	uint32_t edge = seg->ack + ((uint32_t)seg->wnd << tcb->rcv_wscale);

	HOLDS(!(seg->flags & SEG_RST) && seg->flags & SEG_ACK, "flags %#x", seg->flags);
	HOLDS(seg->ack == tcb->rcv_nxt, "it acknowledges RCV.NXT - %d", seq_diff(tcb->rcv_nxt, seg->ack));
	HOLDS(seq_ge(edge, books->told_edge), "the right edge that the peer knows moved by %d",
	      seq_diff(edge, books->told_edge));
	books->told_edge = edge;
	HOLDS(seg->len + (seg->opts & SEG_OPT_SACK ? 4u + 8u * seg->sacks : 0) <= tcb->mss,
	      "%u bytes and %u blocks of %u", seg->len, seg->sacks, tcb->mss);
	if (seg->flags & SEG_FIN)
		HOLDS(tcb->flags & TCB_FIN_SENT && seg->seq + seg->len + 1 == tcb->snd_nxt, "a FIN");
	if (seg->opts & SEG_OPT_SACK)
		check_sack(tcb, seg, &side->sack);
	check_ecn(tcb, seg);
	check_place(shard, tcb, seg);
	if (seg->len > 0)
		check_bytes(shard, tcb, seg);
}

void emitted_check(struct shard *shard, const struct seg *seg, const struct seg_side *side, bool reply)
{
	const struct tcp *tcp = shard->tcp;

	check_form(shard, seg, &side->pair);
	if (reply) {
		check_reply(seg);
		return;
	}
	ref r = conn_table_find(&tcp->table, tcp_hash(tcp, &seg->tuple), &seg->tuple);

	HOLDS(ref_kind(r) == REF_HOT, "a segment of no connection");
	const struct tcb *tcb = tcb_at(tcp, ref_slot(r));

	check_timestamps(shard, tcb, seg);
	if (seg->flags & SEG_SYN)
		check_syn(shard, tcb, seg);
	else if (fsm_synchronized((enum weir_state)tcb->state))
		check_synchronized(shard, tcb, seg, side);
	else
		HOLDS(seg->seq == tcb->snd_nxt && seg->flags == SEG_ACK && seg->ack == tcb->rcv_nxt &&
			      seg->len == 0,
		      "a challenge in SYN-RECEIVED");
}
