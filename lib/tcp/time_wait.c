/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/time_wait.h"

#include "tcp/fsm.h"
#include "tcp/half_open.h"
#include "tcp/isn.h"
#include "tcp/listeners.h"
#include "tcp/passive.h"
#include "tcp/profiles.h"
#include "tcp/records.h"
#include "tcp/reply.h"

/* Offered with the ACKs that we send from here; nobody will use it. */
#define TIME_WAIT_WINDOW 512

/*
 * Places of the ring that one call looks at, so that no burst waits for a crowd that closed together:
 * some 5 us of work. A loop under load takes in a burst in about that time, and lets far fewer connections
 * enter.
 */
#define EXPIRE_BUDGET 512

/*
 * Records whose places in the table are fetched at once: each is cold by now.
 * The ring is read so far ahead, too.
 */
#define EXPIRE_BATCH 64

static struct time_wait *time_wait_at(const struct tcp *tcp, uint32_t slot)
{
	return &tcp->time_waits[slot];
}

static bool is_tombstone(const struct time_wait *wait)
{
	return wait->tuple.rport == 0;
}

static ref time_wait_ref(uint32_t slot)
{
	return ref_make(REF_TIME_WAIT, slot);
}

static void bury(struct time_wait *wait)
{
	wait->tuple.lport = 0;
	wait->tuple.rport = 0;
}

/* Its addresses, if they are of IPv6. */
static const struct pair *pair_of(const struct tcp *tcp, const struct time_wait *wait)
{
	return pair_at(tcp, time_wait_ref((uint32_t)(wait - tcp->time_waits)));
}

/* The half-open record that stands in this one's place in the table; NULL: it stands there itself. */
static struct half_open *hider(const struct tcp *tcp, uint32_t slot)
{
	if (tcp->time_wait_hidden == 0)
		return NULL;
	const struct tuple *tuple = &time_wait_at(tcp, slot)->tuple;
	ref r = conn_table_find(&tcp->table, tcp_hash(tcp, tuple), tuple);

	return ref_kind(r) == REF_HALF_OPEN ? half_open_at(tcp, ref_slot(r)) : NULL;
}

/* From its place in the table, or from behind the handshake that stands there. */
static void take_out(struct tcp *tcp, uint32_t slot, uint64_t hash)
{
	struct half_open *half = hider(tcp, slot);

	if (half != NULL) {
		half->hides = SLOT_NONE;
		tcp->time_wait_hidden--;
	} else {
		conn_table_remove(&tcp->table, hash, time_wait_ref(slot));
	}
}

uint32_t time_wait_remove(struct tcp *tcp, uint32_t slot)
{
	uint32_t snd_nxt = time_wait_at(tcp, slot)->snd_nxt;

	take_out(tcp, slot, tcp_hash(tcp, &time_wait_at(tcp, slot)->tuple));
	bury(time_wait_at(tcp, slot));
	fsm_count(tcp, WEIR_TIME_WAIT, -1);
	return snd_nxt;
}

uint32_t time_wait_snd_nxt(const struct tcp *tcp, uint32_t slot)
{
	return time_wait_at(tcp, slot)->snd_nxt;
}

void time_wait_hide(struct tcp *tcp, uint32_t slot, ref half_open)
{
	conn_table_replace(&tcp->table, tcp_hash(tcp, &time_wait_at(tcp, slot)->tuple), time_wait_ref(slot),
			   half_open);
	tcp->time_wait_hidden++;
}

void time_wait_show(struct tcp *tcp, uint32_t slot, ref half_open)
{
	conn_table_replace(&tcp->table, tcp_hash(tcp, &time_wait_at(tcp, slot)->tuple), half_open,
			   time_wait_ref(slot));
	tcp->time_wait_hidden--;
}

void time_wait_succeeded(struct tcp *tcp, uint32_t slot)
{
	bury(time_wait_at(tcp, slot));
	tcp->time_wait_hidden--;
	fsm_count(tcp, WEIR_TIME_WAIT, -1);
	count(tcp->counters, COUNT_time_wait_reused);
}

void time_wait_give_way(struct tcp *tcp, uint32_t slot, ref hot)
{
	struct time_wait *wait = time_wait_at(tcp, slot);

	conn_table_replace(&tcp->table, tcp_hash(tcp, &wait->tuple), time_wait_ref(slot), hot);
	bury(wait);
	fsm_count(tcp, WEIR_TIME_WAIT, -1);
	count(tcp->counters, COUNT_time_wait_reused);
}

/* The ring's indexes run freely over twice the capacity, so that full and empty differ. */
static uint32_t ring_advance(const struct tcp *tcp, uint32_t index)
{
	return index + 1 == 2 * tcp->time_wait_capacity ? 0 : index + 1;
}

static uint32_t ring_slot(const struct tcp *tcp, uint32_t index)
{
	return index < tcp->time_wait_capacity ? index : index - tcp->time_wait_capacity;
}

/* A free slot at the tail; makes room at the head if it must. */
static uint32_t ring_append(struct tcp *tcp)
{
	uint32_t used = tcp->time_wait_tail >= tcp->time_wait_head ?
				tcp->time_wait_tail - tcp->time_wait_head :
				tcp->time_wait_tail + 2 * tcp->time_wait_capacity - tcp->time_wait_head;

	if (used == tcp->time_wait_capacity) {
		uint32_t oldest = ring_slot(tcp, tcp->time_wait_head);

		if (!is_tombstone(time_wait_at(tcp, oldest))) {
			time_wait_remove(tcp, oldest);
			count(tcp->counters, COUNT_time_wait_evicted);
		}
		tcp->time_wait_head = ring_advance(tcp, tcp->time_wait_head);
	}
	uint32_t slot = ring_slot(tcp, tcp->time_wait_tail);

	tcp->time_wait_tail = ring_advance(tcp, tcp->time_wait_tail);
	return slot;
}

/* The ACK, for the caller to change; NULL: there is no room for it. */
static struct seg *reply_ack(struct tcp *tcp, const struct time_wait *wait)
{
	struct seg *seg = reply_ack_once(tcp, &wait->tuple, pair_of(tcp, wait));

	if (seg == NULL)
		return NULL;
	seg->seq = wait->snd_nxt;
	seg->ack = wait->rcv_nxt;
	seg->flags = SEG_ACK;
	seg->wnd = TIME_WAIT_WINDOW;
	if (wait->ts_offset != 0) {
		seg->opts = SEG_OPT_TS;
		seg->tsval = tcp_tsval(tcp, wait->ts_offset);
		seg->tsecr = wait->ts_recent;
	}
	return seg;
}

void time_wait_enter(struct tcp *tcp, struct tcb *tcb)
{
	uint32_t slot = ring_append(tcp);
	struct time_wait *wait = time_wait_at(tcp, slot);

	*wait = (struct time_wait){
		.tuple = tcb->tuple,
		.rcv_nxt = tcb->rcv_nxt,
		.snd_nxt = tcb->snd_nxt,
		.ts_recent = tcb->ts_recent,
		.ts_offset = tcb->flags & TCB_TS ? tcb->ts_offset : 0,
		.expires = tcp->tick + tcp->times.time_wait + 1,
	};
	if (tcb_is6(tcb))
		*pair_at(tcp, time_wait_ref(slot)) = *tcb_pair(tcp, tcb);
	struct seg *ack = tcb->flags & (TCB_ACK_NOW | TCB_ACK_DELAYED) ? reply_ack(tcp, wait) : NULL;

	/* The connection's last word; what TIME-WAIT says later has forgotten its options. */
	if (ack != NULL) {
		ack->ttl = profile_of(tcp, tcb)->ttl;
		ack->tos = profile_of(tcp, tcb)->tos;
	}
	tcb_end_in_time_wait(tcp, tcb, time_wait_ref(slot));
}

/* Appends the record again with a full 2 MSL before it. */
static void restart(struct tcp *tcp, uint32_t slot)
{
	struct time_wait old = *time_wait_at(tcp, slot);
	uint32_t expires = tcp->tick + tcp->times.time_wait + 1;

	/*
	 * A restart leaves a tombstone, and the ring is bounded: one that moves the end by less than a
	 * 16th is not worth it, and a peer that repeats its FIN cannot push others out.
	 */
	if (expires - old.expires < tcp->times.time_wait / 16)
		return;
	struct half_open *half = hider(tcp, slot);

	bury(time_wait_at(tcp, slot));
	old.expires = expires;

	/* Not yet in the table's place: while room is made at the head the entry still names the old slot. */
	uint32_t fresh = ring_append(tcp);

	*time_wait_at(tcp, fresh) = old;
	if (tuple_is6(&old.tuple))
		*pair_at(tcp, time_wait_ref(fresh)) = *pair_at(tcp, time_wait_ref(slot));
	if (half != NULL)
		half->hides = fresh;
	else
		conn_table_replace(&tcp->table, tcp_hash(tcp, &old.tuple), time_wait_ref(slot),
				   time_wait_ref(fresh));
	count(tcp->counters, COUNT_time_wait_restarted);
}

/* RFC 6191 section 2, for a SYN that finds TIME-WAIT. */
static bool newer_incarnation(const struct tcp *tcp, const struct time_wait *wait, const struct seg *seg)
{
	bool had_ts = wait->ts_offset != 0;
	bool has_ts = seg->opts & SEG_OPT_TS && tcp->timestamps;

	if (had_ts && has_ts && seg->tsval != wait->ts_recent)
		return seq_gt(seg->tsval, wait->ts_recent);
	/* No timestamps to compare, or equal ones: the sequence number must have moved on. */
	return (!had_ts && has_ts) || seq_ge(seg->seq, wait->rcv_nxt);
}

bool time_wait_cookie_is_newer(const struct tcp *tcp, uint32_t slot, const struct seg *seg,
			       const struct cookie *cookie)
{
	const struct time_wait *wait = time_wait_at(tcp, slot);
	uint32_t entered = wait->expires - tcp->times.time_wait - 1;
	struct seg syn = *seg;

	syn.seq--;
	if (!newer_incarnation(tcp, wait, &syn))
		return false;
	if (!(cookie->flags & HALF_TS))
		return true;
	/*
	 * Timestamps are the peer's to choose, a cookie's time is not. One of the very tick in which
	 * TIME-WAIT began may be that connection's own.
	 */
	return seq_ge(syn.seq, wait->rcv_nxt) ? seq_ge(cookie->last, entered) :
						seq_gt(cookie->first, entered);
}

static verdict syn_arrives(struct tcp *tcp, uint32_t slot, struct seg *seg)
{
	struct time_wait *wait = time_wait_at(tcp, slot);
	const struct listener *listener = listeners_find_for(tcp, seg);

	if (listener == NULL || !newer_incarnation(tcp, wait, seg)) {
		reply_ack(tcp, wait);
		return COUNT_drop_time_wait_syn;
	}
	return passive_syn(tcp, seg, listener, slot);
}

/* RFC 9293's close, or RFC 1337's deaf ear; RFC 5961 section 3 for what is near. */
static verdict reset_arrives(struct tcp *tcp, uint32_t slot, const struct seg *seg)
{
	const struct time_wait *wait = time_wait_at(tcp, slot);

	if (tcp->rfc1337)
		return COUNT_drop_time_wait;
	if (seg->seq != wait->rcv_nxt) {
		if (!seq_within(seg->seq, wait->rcv_nxt, TIME_WAIT_WINDOW))
			return COUNT_drop_rst_outside;
		reply_ack(tcp, wait);
		return COUNT_drop_rst_window;
	}
	time_wait_remove(tcp, slot);
	return ACCEPTED;
}

verdict time_wait_input(struct tcp *tcp, uint32_t slot, struct seg *seg)
{
	struct time_wait *wait = time_wait_at(tcp, slot);
	verdict v;

	if (seg->flags & SEG_RST)
		return reset_arrives(tcp, slot, seg);
	if ((seg->flags & (SEG_SYN | SEG_ACK)) == SEG_SYN)
		return syn_arrives(tcp, slot, seg);
	/* The SYN before it may have been answered by a cookie. */
	if (seg->ack != wait->snd_nxt && passive_ack(tcp, seg, time_wait_ref(slot), &v))
		return v;
	if (wait->ts_offset != 0 && seg->opts & SEG_OPT_TS && seq_lt(seg->tsval, wait->ts_recent)) {
		reply_ack(tcp, wait);
		return COUNT_drop_paws;
	}
	if (wait->ts_offset != 0 && !(seg->opts & SEG_OPT_TS) && !(seg->flags & SEG_SYN))
		return COUNT_drop_no_timestamp;
	if (seg_space(seg) == 0)
		return COUNT_drop_time_wait; /* an ACK; answering it could start a war of ACKs */
	if (!(seg->flags & SEG_ACK) && seq_within(seg->seq, wait->rcv_nxt, TIME_WAIT_WINDOW))
		return COUNT_drop_no_ack;

	/*
	 * The only thing that can arrive is a retransmission of the FIN: acknowledge, restart (RFC 9293
	 * 3.10.7.4).
	 */
	bool fin_again = seg->flags & SEG_FIN && seg->flags & SEG_ACK &&
			 seg->seq + seg_space(seg) == wait->rcv_nxt;

	reply_ack(tcp, wait);
	if (!fin_again)
		return COUNT_drop_time_wait;
	restart(tcp, slot);
	return ACCEPTED;
}

/* Expired records whose places in the table have been asked for. */
struct expired {
	unsigned n;
	bool more; /* others stood behind them */
	ref refs[EXPIRE_BATCH];
	uint64_t hashes[EXPIRE_BATCH];
};

/* Takes up to EXPIRE_BATCH places off the head of the ring, tombstones too. */
static void next_expired(struct tcp *tcp, struct expired *batch)
{
	uint64_t addrs[EXPIRE_BATCH];
	uint32_t ports[EXPIRE_BATCH];
	unsigned n = 0, looked_at;

	for (looked_at = 0; looked_at < EXPIRE_BATCH; looked_at++) {
		if (tcp->time_wait_head == tcp->time_wait_tail)
			break;
		uint32_t slot = ring_slot(tcp, tcp->time_wait_head);
		struct time_wait *wait = time_wait_at(tcp, slot);

		__builtin_prefetch(wait + EXPIRE_BATCH, 1); /* at the ring's end in vain */
		if (!is_tombstone(wait)) {
			if (seq_gt(wait->expires, tcp->tick))
				break;
			batch->refs[n] = time_wait_ref(slot);
			addrs[n] = tuple_addrs(&wait->tuple);
			ports[n++] = tuple_ports(&wait->tuple);
		}
		tcp->time_wait_head = ring_advance(tcp, tcp->time_wait_head);
	}
	tcp->cookies.bulk->hash13_12(tcp->secrets.table, addrs, ports, n, batch->hashes);
	for (unsigned i = 0; i < n; i++)
		conn_table_prefetch(&tcp->table, batch->hashes[i]);
	batch->n = n;
	batch->more = looked_at == EXPIRE_BATCH;
}

static void take_out_all(struct tcp *tcp, const struct expired *batch)
{
	if (tcp->time_wait_hidden == 0) {
		conn_table_remove_bulk(&tcp->table, batch->hashes, batch->refs, batch->n);
	} else {
		for (unsigned i = 0; i < batch->n; i++)
			take_out(tcp, ref_slot(batch->refs[i]), batch->hashes[i]);
	}
	for (unsigned i = 0; i < batch->n; i++)
		bury(time_wait_at(tcp, ref_slot(batch->refs[i])));
	fsm_count(tcp, WEIR_TIME_WAIT, -(int)batch->n);
	count_add(tcp->counters, COUNT_time_wait_expired, batch->n);
}

/* Memory works on one batch while the one before it is taken out. */
void time_wait_expire(struct tcp *tcp)
{
	struct expired batches[2], *batch = &batches[0], *next = &batches[1];
	unsigned left = EXPIRE_BUDGET / EXPIRE_BATCH;

	if (time_wait_next(tcp) > 0)
		return;
	next_expired(tcp, batch);
	while (batch->more && --left > 0) {
		struct expired *fetched = batch;

		next_expired(tcp, next);
		take_out_all(tcp, fetched);
		batch = next;
		next = fetched;
	}
	take_out_all(tcp, batch);
}

uint32_t time_wait_next(const struct tcp *tcp)
{
	if (tcp->time_wait_head == tcp->time_wait_tail)
		return UINT32_MAX;
	const struct time_wait *wait = time_wait_at(tcp, ring_slot(tcp, tcp->time_wait_head));

	return !is_tombstone(wait) && seq_gt(wait->expires, tcp->tick) ? wait->expires - tcp->tick : 0;
}

bool time_wait_reusable(const struct tcp *tcp, uint32_t slot)
{
	const struct time_wait *wait = time_wait_at(tcp, slot);
	uint32_t entered = wait->expires - tcp->times.time_wait - 1;

	/*
	 * Our timestamps must have moved on since the last segment that we sent.
	 * By a cookie's they had another offset.
	 */
	return wait->ts_offset != 0 &&
	       seq_gt(tcp_tsval(tcp, isn_ts_offset(tcp, &wait->tuple)), entered + wait->ts_offset);
}
