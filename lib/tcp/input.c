/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/input.h"

#include "tcp/ack.h"
#include "tcp/events.h"
#include "tcp/fsm.h"
#include "tcp/half_open.h"
#include "tcp/handshake.h"
#include "tcp/isn.h"
#include "tcp/output.h"
#include "tcp/passive.h"
#include "tcp/paws.h"
#include "tcp/reassembly.h"
#include "tcp/records.h"
#include "tcp/reply.h"
#include "tcp/rtt.h"
#include "tcp/run.h"
#include "tcp/text.h"
#include "tcp/time_wait.h"

/*
 * RFC 7323 section 5.3 rule R1, with section 5.5's limit on the age of TS.Recent, and section 3.2's "MUST have the option", and section 4.3 for TS.Recent. A SYN
 * speaks for a connection that has agreed on nothing yet: it is challenged, with the option or without.
 */
static verdict check_timestamps(const struct tcp *tcp, const struct tcb *tcb, const struct seg *seg)
{
	if (!(tcb->flags & TCB_TS) || seg->flags & SEG_RST)
		return ACCEPTED;
	if (!(seg->opts & SEG_OPT_TS))
		return seg->flags & SEG_SYN ? ACCEPTED : COUNT_drop_no_timestamp;
	return seq_lt(seg->tsval, tcb->ts_recent) && !paws_outdated(tcp, tcb) ? COUNT_drop_paws : ACCEPTED;
}

/*
 * RFC 7323 section 4.3 rule 2, and section 5.3 rule R3: after PAWS, SEG.TSval is new enough. Last.ACK.sent
 * is RCV.NXT while no ACK is owed for text or FIN; while one is, the first segment that waits for it has given
 * its timestamp already.
 */
static void note_timestamp(struct tcb *tcb, const struct seg *seg)
{
	if (tcb->flags & TCB_TS && seq_le(seg->seq, tcb->rcv_nxt) && !(tcb->flags & TCB_ACK_DELAYED))
		tcb->ts_recent = seg->tsval;
}

/* Second step, with RFC 5961 section 3: only the exact sequence number resets. */
static verdict reset_arrives(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (seg->seq != tcb->rcv_nxt) {
		if (!seq_within(seg->seq, tcb->rcv_nxt, tcb_rcv_wnd(tcb)))
			return COUNT_drop_rst_outside;
		reply_challenge(tcp, tcb);
		return COUNT_drop_rst_window;
	}
	/* Here SYN-RECEIVED is a simultaneous open's: an active open that the peer refused. */
	tcb_end(tcp, tcb, tcb->state == WEIR_SYN_RECEIVED ? WEIR_REASON_REFUSED : WEIR_REASON_RESET);
	return ACCEPTED;
}

/* Eighth step. The segment is in order up to its FIN. */
static void fin_arrives(struct tcp *tcp, struct tcb *tcb)
{
	tcb->rcv_nxt++;
	tcb->flags |= TCB_ACK_DELAYED;
	if (tcb->flags & TCB_EXT) {
		tcb_ext(tcp, tcb)->gap_fin = false;
		reassembly_clear(tcp, tcb); /* what lies beyond a FIN is no text */
		if (tcb_at_rest(tcb))
			tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb));
	}
	event_raise(tcp, tcb, WEIR_EV_FIN);
	switch ((enum weir_state)tcb->state) {
	case WEIR_ESTABLISHED:
		output_ack_now(tcp, tcb);
		tcb_set_state(tcp, tcb, WEIR_CLOSE_WAIT);
		return;
	case WEIR_FIN_WAIT_1: /* our FIN's ACK would have led to FIN-WAIT-2 before this step */
		output_ack_now(tcp, tcb);
		tcb_set_state(tcp, tcb, WEIR_CLOSING);
		return;
	case WEIR_FIN_WAIT_2:
		time_wait_enter(tcp, tcb); /* with the ACK that is owed */
		return;
	case WEIR_CLOSED:
	case WEIR_LISTEN:
	case WEIR_SYN_SENT:
	case WEIR_SYN_RECEIVED:
	case WEIR_CLOSE_WAIT:
	case WEIR_CLOSING:
	case WEIR_LAST_ACK:
	case WEIR_TIME_WAIT:
	case WEIR_STATES:
		CHECK(!"a FIN was taken in a state that cannot take one");
	}
}

/* Whether the peer may still send: it has not sent its FIN. */
static bool may_receive(const struct tcb *tcb)
{
	return tcb->state == WEIR_ESTABLISHED || tcb->state == WEIR_FIN_WAIT_1 ||
	       tcb->state == WEIR_FIN_WAIT_2;
}

verdict input_text_and_fin(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	uint32_t end = seg->seq + seg->len; /* where a FIN stands */
	verdict v = ACCEPTED;

	/* Sixth: urgent data is read past as ordinary text (RFC 9293 3.8.5, SHLD-13). */
	if (!may_receive(tcb))
		return seg->len > 0 ? COUNT_drop_after_fin : ACCEPTED;
	if (seg->len > 0 && tcb->flags & TCB_DEAF) {
		/* RFC 9293 3.6.1: the user will never read this; tell the peer. */
		reply_reset(tcp, tcb);
		tcb_end(tcp, tcb, WEIR_REASON_ABORTED);
		return COUNT_drop_after_close;
	}
	/* Seventh. A FIN behind a gap waits with the text. */
	if (seg->len > 0 || (seg->flags & SEG_FIN && seg->seq != tcb->rcv_nxt))
		v = text_input(tcp, tcb, seg);
	if (v != ACCEPTED)
		return v;
	if ((seg->flags & SEG_FIN && seq_le(end, tcb->rcv_nxt)) || reassembly_fin_due(tcp, tcb))
		fin_arrives(tcp, tcb);
	return ACCEPTED;
}

/* What the ACK of our FIN means. False: the connection has gone. */
static bool fin_acked(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	switch ((enum weir_state)tcb->state) {
	case WEIR_FIN_WAIT_1:
		tcb_set_state(tcp, tcb, WEIR_FIN_WAIT_2);
		tcb_rest(tcp, tcb);
		if (tcb->flags & TCB_EXT)
			tcb_ext(tcp, tcb)->lingers = false;
		if (tcb->flags & TCB_EXT && !reassembly_waiting(tcp, tcb))
			tcb_shrink(tcp, tcb); /* nothing will be sent from it again */
		/* Text or a FIN that comes in order with the ACK is about to end that wait. */
		if (tcb->flags & TCB_DEAF && (seg_space(seg) == 0 || seg->seq != tcb->rcv_nxt))
			tcb_arm(tcp, tcb, TIMER_FIN_WAIT_2, tcp->times.fin_wait_2);
		return true;
	case WEIR_CLOSING:
		time_wait_enter(tcp, tcb);
		return false;
	case WEIR_LAST_ACK:
		tcb_end(tcp, tcb, WEIR_REASON_NONE);
		return false;
	case WEIR_CLOSED:
	case WEIR_LISTEN:
	case WEIR_SYN_SENT:
	case WEIR_SYN_RECEIVED:
	case WEIR_ESTABLISHED:
	case WEIR_FIN_WAIT_2:
	case WEIR_CLOSE_WAIT:
	case WEIR_TIME_WAIT:
	case WEIR_STATES:
		return true;
	}
	return true;
}

/* Nothing of the segment can be used: an ACK tells the peer what can (unless it was a RST). */
static verdict refuse(struct tcp *tcp, struct tcb *tcb, const struct seg *seg, verdict v)
{
	if (v == COUNT_drop_duplicate && seg->len > 0)
		reassembly_duplicate(tcp, tcb, seg->seq, seg->seq + seg->len);
	/* Two ends that refuse each other's empty ACKs must not go on for ever. */
	if (seg_space(seg) == 0)
		reply_challenge(tcp, tcb);
	else
		output_ack_now(tcp, tcb);
	return v;
}

static verdict syn_arrives(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (tcb->state == WEIR_SYN_RECEIVED)
		return handshake_syn_again(tcp, tcb, seg);
	reply_challenge(tcp, tcb);
	return COUNT_drop_syn_synchronized;
}

/*
 * Whether it goes on exactly where the last one ended, within the window, and is no older: nearly always. The steps
 * before the fifth have nothing to say then.
 */
static inline bool goes_on(const struct tcb *tcb, const struct seg *seg)
{
	if (!SHORT_WAYS || (seg->flags & (SEG_SYN | SEG_RST | SEG_ACK)) != SEG_ACK ||
	    seg->seq != tcb->rcv_nxt || seg->len > tcb_rcv_wnd(tcb) || tcb->state == WEIR_SYN_RECEIVED)
		return false;
	return !(tcb->flags & TCB_TS) || (seg->opts & SEG_OPT_TS && seq_ge(seg->tsval, tcb->ts_recent));
}

/*
 * The steps before the fifth, and what completes a handshake. False: the segment goes no further, and *v says what was
 * made of it. *cut: it was more than was offered.
 */
static bool first_steps(struct tcp *tcp, struct tcb *tcb, struct seg *seg, bool *cut, verdict *v)
{
	/* First: sequence number; a RST has a stricter test of its own, in the second step. */
	*v = check_timestamps(tcp, tcb, seg);
	if (*v == COUNT_drop_paws)
		refuse(tcp, tcb, seg, *v);
	if (*v != ACCEPTED)
		return false;
	if (seg->flags & SEG_RST) {
		*v = reset_arrives(tcp, tcb, seg);
		return false;
	}
	*v = text_acceptable(tcp, tcb, seg);
	if (*v != ACCEPTED && !(seg->flags & SEG_SYN)) {
		refuse(tcp, tcb, seg, *v);
		return false;
	}

	/* Third: security and compartment; gone since RFC 9293. Fourth: SYN. */
	if (seg->flags & SEG_SYN) {
		*v = syn_arrives(tcp, tcb, seg);
		return false;
	}
	*cut = text_trim(tcb, seg);

	/* Fifth: ACK. */
	*v = !(seg->flags & SEG_ACK)         ? COUNT_drop_no_ack :
	     tcb->state == WEIR_SYN_RECEIVED ? handshake_completed(tcp, tcb, seg) :
					       ACCEPTED;
	return *v == ACCEPTED;
}

verdict input_segment(struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	bool cut = false;
	verdict v;

	if (tcb->state == WEIR_SYN_SENT)
		return handshake_syn_sent(tcp, tcb, seg);
	if (!goes_on(tcb, seg) && !first_steps(tcp, tcb, seg, &cut, &v))
		return v;
	v = ack_input(tcp, tcb, seg);
	if (v != ACCEPTED)
		return v;
	note_timestamp(tcb, seg);
	/* A probe, or more than was offered: the peer must learn where the edge is. */
	if (cut)
		output_ack_now(tcp, tcb);
	if (ack_fin_acked(tcp, tcb) && !fin_acked(tcp, tcb, seg))
		return ACCEPTED;

	return input_text_and_fin(tcp, tcb, seg);
}

static verdict input_one(struct tcp *tcp, struct seg *seg, ref r)
{
	/* Two pairs of one name: the first to come has it. */
	if (tuple_is6(&seg->tuple) && r != REF_NONE && !pair_equal(pair_at(tcp, r), &tcp->side->pair))
		return COUNT_drop_name_taken;
	switch (ref_kind(r)) {
	case REF_HOT:
		return input_segment(tcp, tcb_at(tcp, ref_slot(r)), seg);
	case REF_HALF_OPEN:
		return half_open_input(tcp, ref_slot(r), seg);
	case REF_TIME_WAIT:
		return time_wait_input(tcp, ref_slot(r), seg);
	case REF_NONE:
	case REF_KINDS:
		break;
	}
	return handshake_listen(tcp, seg);
}

/* How many more segments can each do all that one may: raise an event, queue output, be answered. */
static unsigned room(const struct tcp *tcp)
{
	uint32_t events = ring_room(&tcp->events_ring), dirty = ring_room(&tcp->dirty_ring);
	uint32_t replies = ring_room(&tcp->replies_ring), least = events < dirty ? events : dirty;

	return least < replies ? least : replies;
}

/* Until now its pair alone is known. */
static inline void name(const struct tcp *tcp, struct seg *seg, const struct seg_side *side)
{
	if (tuple_is6(&seg->tuple))
		seg->tuple = tcp_tuple(tcp, &side->pair, seg->tuple.lport, seg->tuple.rport);
}

/* The pairs of a burst that are still without a name: their words, and where they stand. */
struct unnamed {
	unsigned count;
	uint8_t places[TCP_BURST_MAX];
	uint64_t words[4][TCP_BURST_MAX];
};

static inline void unnamed_add(struct unnamed *unnamed, const struct pair *pair, unsigned place)
{
	unsigned i = unnamed->count++;

	unnamed->places[i] = (uint8_t)place;
	unnamed->words[0][i] = pair->local.hi;
	unnamed->words[1][i] = pair->local.lo;
	unnamed->words[2][i] = pair->remote.hi;
	unnamed->words[3][i] = pair->remote.lo;
}

/* addrs: of the burst, as tuple_addrs(). */
static void name_all(const struct tcp *tcp, const struct unnamed *unnamed, struct seg *segs, uint64_t *addrs)
{
	uint64_t hashes[TCP_BURST_MAX];

	tcp->cookies.bulk->hash13_32(tcp->secrets.names, unnamed->words[0], unnamed->words[1],
				     unnamed->words[2], unnamed->words[3], unnamed->count, hashes);
	for (unsigned i = 0; i < unnamed->count; i++) {
		unsigned place = unnamed->places[i];

		addrs[place] = tuple_name(hashes[i]);
		segs[place].tuple.laddr = (uint32_t)addrs[place];
		segs[place].tuple.raddr = (uint32_t)(addrs[place] >> 32);
	}
}

/* Bulk data comes so: a burst of one connection's, and the first and the last tell if it may be one. */
static bool of_one_tuple(const uint64_t *addrs, const uint32_t *ports, unsigned n)
{
	uint64_t differ = (addrs[0] ^ addrs[n - 1]) | (ports[0] ^ ports[n - 1]);

	for (unsigned i = 1; i < n && differ == 0; i++)
		differ = (addrs[0] ^ addrs[i]) | (ports[0] ^ ports[i]);
	return differ == 0;
}

void tcp_look_ahead(const struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n)
{
	uint64_t addrs[TCP_BURST_MAX], hashes[TCP_BURST_MAX];
	uint32_t ports[TCP_BURST_MAX];
	struct unnamed unnamed;
	unsigned i = 0;

	if (n == 0)
		return;
	unnamed.count = 0;
	do {
		if (tuple_is6(&segs[i].tuple))
			unnamed_add(&unnamed, &sides[i].pair, i);
		addrs[i] = tuple_addrs(&segs[i].tuple);
		ports[i] = tuple_ports(&segs[i].tuple);
	} while (++i < n);
	if (unnamed.count > 0)
		name_all(tcp, &unnamed, segs, addrs);
	if (of_one_tuple(addrs, ports, n)) {
		uint64_t hash = tuple_hash(tcp->secrets.table, &segs->tuple);

		for (i = 0; i < n; i++)
			segs[i].hash = hash;
		conn_table_prefetch(&tcp->table, hash);
		return;
	}
	tcp->cookies.bulk->hash13_12(tcp->secrets.table, addrs, ports, n, hashes);
	for (i = 0; i < n; i++) {
		segs[i].hash = hashes[i];
		conn_table_prefetch(&tcp->table, hashes[i]);
	}
}

/* As of_one_tuple(); different tuples may have one hash. */
static bool all_alike(const uint64_t *hashes, const struct tuple *const *tuples, unsigned n)
{
	bool alike = hashes[0] == hashes[n - 1];

	for (unsigned i = 1; i < n && alike; i++)
		alike = tuple_equal(tuples[0], tuples[i]);
	return alike;
}

/* The records of a burst. */
static void find(const struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n, ref *refs)
{
	const struct tuple *tuples[TCP_BURST_MAX];
	uint64_t hashes[TCP_BURST_MAX];
	unsigned i = 0;

	do {
		if (segs[i].hash == 0) {
			name(tcp, &segs[i], &sides[i]);
			segs[i].hash = tcp_hash(tcp, &segs[i].tuple);
		}
		tuples[i] = &segs[i].tuple;
		hashes[i] = segs[i].hash;
	} while (++i < n);
	if (all_alike(hashes, tuples, n)) {
		refs[0] = conn_table_find(&tcp->table, hashes[0], tuples[0]);
		for (i = 1; i < n; i++)
			refs[i] = refs[0];
		return;
	}
	conn_table_find_bulk(&tcp->table, hashes, tuples, n, refs);
}

/* What tells whether the answers to a burst's lookup still hold. */
struct answers {
	uint64_t changes; /* of the table, when it was asked */
	uint64_t strange; /* six bits of the hashes of those segments, until now, that nothing stood for */
};

/*
 * Whether what was found still stands, though an earlier segment may have changed the table. Nothing has become something
 * only if an earlier one of this tuple found nothing either; a record that was ended, promoted or pushed out has lost
 * its ports; a TIME-WAIT record may have been hidden.
 */
static inline bool still_stands(const struct tcp *tcp, struct answers *answers, ref r, const struct seg *seg)
{
	if (r == REF_NONE) {
		uint64_t earlier = answers->strange;

		answers->strange |= 1ull << (seg->hash & 63);
		return answers->strange != earlier;
	}
	if (tcp->table.changes == answers->changes)
		return true;
	return ref_kind(r) != REF_TIME_WAIT && tuple_equal(ref_record(tcp->table.pools, r), &seg->tuple);
}

/* Who is in the middle of a passive handshake, or begins one, is going to be asked for its numbers. */
static void expect_handshakes(const struct tcp *tcp, struct seg *segs, const ref *refs, unsigned n)
{
	struct seg *expected[TCP_BURST_MAX];
	uint64_t hashes[TCP_BURST_MAX];
	unsigned count = 0, opening = 0;

	for (unsigned i = 0; i < n; i++) {
		bool opens = refs[i] == REF_NONE && (segs[i].flags & (SEG_SYN | SEG_ACK)) == SEG_SYN;

		expected[count] = &segs[i];
		hashes[opening] = segs[i].hash;
		count += opens || ref_kind(refs[i]) == REF_HALF_OPEN;
		opening += opens;
	}
	conn_table_expect_bulk(&tcp->table, hashes, opening);
	isn_look_ahead(tcp, expected, count);
}

unsigned tcp_input(struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n,
		   uint64_t now_ns, uint64_t *turned)
{
	ref refs[TCP_BURST_MAX + 1];
	uint8_t syns[TCP_BURST_MAX]; /* to be answered by cookies */
	unsigned i, syns_count = 0;

	*turned = 0;
	CHECK(n <= TCP_BURST_MAX);
	tcp_set_now(tcp, now_ns);
	if (n == 0)
		return 0;
	find(tcp, segs, sides, n, refs);
	refs[n] = REF_NONE;
	struct answers answers = { .changes = tcp->table.changes };

	expect_handshakes(tcp, segs, refs, n);
	unsigned sure = room(tcp); /* most leave some of it to those behind them */

	for (i = 0; i < n && (i < sure || room(tcp) > 0); i++) {
		ref r = refs[i];

		if (!SHORT_WAYS || !still_stands(tcp, &answers, r, &segs[i]))
			r = conn_table_find(&tcp->table, segs[i].hash, &segs[i].tuple);
		tcp->seg = &segs[i];
		tcp->side = &sides[i];
		verdict v = input_one(tcp, &segs[i], r);

		if (v == ANSWER_BY_COOKIE) {
			syns[syns_count++] = (uint8_t)i;
			*turned |= 1ull << i;
			v = ACCEPTED;
		}
		count(tcp->counters, v);
		if (refs[i + 1] == refs[i] && v == ACCEPTED && ref_kind(r) == REF_HOT)
			i += run_input(tcp, tcb_at(tcp, ref_slot(r)), &segs[i], &sides[i], n - i);
	}
	tcp->seg = NULL;
	if (syns_count > 0)
		cookie_answer(tcp, segs, sides, syns, syns_count);
	return i;
}
