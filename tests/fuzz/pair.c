/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair.c - two live shards talk to each other over a network that the byte string governs: it delivers,
 * drops, doubles, reorders and changes segments, passes time and makes both applications' calls.
 *
 * As long as nothing was changed on the way, both streams must arrive as they were written; and in the end,
 * over a network that loses nothing any more, every connection must deliver all and close, whatever was lost
 * before: nothing may be stuck, and the two may not answer each other for ever.
 */
#include <string.h>

#include "fuzz/fault.h"
#include "fuzz/invariants.h"
#include "fuzz/programs.h"
#include "fuzz/shard.h"
#include "support/addresses.h"
#include "support/payload_arena.h"
#include "tcp/ecn.h"
#include "tcp/fsm.h"

#define STEPS_MAX 2000
#define FLYING_MAX 64 /* segments in each direction; more are lost */
#define FIRST_PORT 20000
#define PATIENCE_NS (300 * CLOCK_NS_PER_S) /* beyond any R2 of these shards */
#define AT_ONCE 4000                       /* segments that may pass while time stands still */

struct flying {
	struct seg seg;
	struct seg_side side;
	uint64_t sent_ns;
};

/* What is on its way to one end. */
struct way {
	struct flying flying[FLYING_MAX];
	unsigned count;
};

struct couple {
	struct shard ends[2];
	struct way ways[2]; /* by where they lead */
	struct bytes_in in;
	uint64_t elapsed_ns;
};

static void note_elsewhere(struct couple *p)
{
	uint64_t buffers = 0;

	for (unsigned to = 0; to < 2; to++) {
		for (unsigned i = 0; i < p->ways[to].count; i++)
			buffers += payload_buffers(p->ways[to].flying[i].seg.payload);
	}
	p->ends[0].elsewhere = p->ends[1].elsewhere = buffers;
}

static struct flying take_off(struct way *way, unsigned i)
{
	struct flying flying = way->flying[i];

	way->count--;
	memmove(way->flying + i, way->flying + i + 1, (way->count - i) * sizeof(way->flying[0]));
	return flying;
}

/* As the other end receives it. */
static void fly(struct couple *p, unsigned from, const struct seg *sent, const struct seg_side *side)
{
	struct way *way = &p->ways[!from];
	struct flying *flying = &way->flying[way->count];

	if (way->count == FLYING_MAX)
		return;
	*flying = (struct flying){ .seg = *sent, .sent_ns = p->elapsed_ns };
	if (sent->opts & SEG_OPT_SACK)
		flying->side.sack = side->sack;
	flying->side.pair = (struct pair){ tuple_remote(&sent->tuple, &side->pair),
					   tuple_local(&sent->tuple, &side->pair) };
	flying->seg.hash = 0; /* a SYN's, in a SYN-ACK that was one */
	flying->seg.tuple = arriving_tuple(&flying->side.pair, sent->tuple.rport, sent->tuple.lport);
	if (sent->len > 0) {
		uint8_t *bytes = malloc(sent->len);

		tcp_read(p->ends[from].tcp, sent, bytes);
		flying->seg.payload = payload_arena_copy(bytes, sent->len);
		free(bytes);
	}
	way->count++;
}

static unsigned transmit(struct couple *p, unsigned from, unsigned max)
{
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];
	unsigned n = shard_output(&p->ends[from], segs, sides, max);

	for (unsigned i = 0; i < n; i++)
		fly(p, from, &segs[i], &sides[i]);
	note_elsewhere(p);
	return n;
}

/* n segments from place i on, in one burst. Older ones than an MSL have died on the way (RFC 9293 3.4.2). */
static void deliver(struct couple *p, unsigned to, unsigned i, unsigned n)
{
	struct way *way = &p->ways[to];
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];
	unsigned alive = 0;

	for (; n > 0 && i < way->count; n--) {
		struct flying flying = take_off(way, i);

		if (p->elapsed_ns - flying.sent_ns > p->ends[to].config.msl_ns) {
			payload_free(flying.seg.payload);
			continue;
		}
		segs[alive] = flying.seg;
		if (flying.seg.tos & ECN_ECT0 && (flying.seg.seq >> 3 & 3) == 0)
			segs[alive].tos |= ECN_CE; /* a network that marks one in four */
		sides[alive++] = flying.side;
	}
	note_elsewhere(p);
	if (alive == 0)
		return;
	shard_input(&p->ends[to], segs, sides, alive);
	for (unsigned k = 0; k < alive; k++)
		if (p->ends[to].turned >> k & 1)
			fly(p, to, &segs[k], &sides[k]);
}

static void drop(struct couple *p, unsigned to, unsigned i)
{
	payload_free(take_off(&p->ways[to], i).seg.payload);
	note_elsewhere(p);
}

static void twice(struct couple *p, unsigned to, unsigned i)
{
	struct way *way = &p->ways[to];
	uint8_t bytes[1 << 16];

	if (way->count == FLYING_MAX)
		return;
	struct flying copy = way->flying[i];

	if (copy.seg.len > 0) {
		payload_read(copy.seg.payload, 0, bytes, copy.seg.len);
		copy.seg.payload = payload_arena_copy(bytes, copy.seg.len);
	}
	way->flying[way->count++] = copy;
	note_elsewhere(p);
}

/* From now on nobody can say what should arrive. */
static void change(struct couple *p, unsigned to, unsigned i)
{
	struct seg *seg = &p->ways[to].flying[i].seg;
	unsigned what = in_u8(&p->in);

	p->ends[0].damaged = p->ends[1].damaged = true;
	switch (what & 7) {
	case 0:
		seg->seq += in_near(&p->in);
		return;
	case 1:
		seg->ack += in_near(&p->in);
		return;
	case 2:
		seg->wnd = in_u16(&p->in);
		return;
	case 3:
		seg->flags |= seg->flags & SEG_SYN ? SEG_ACK : SEG_FIN;
		return;
	case 4:
		seg->flags = (seg->flags & (uint8_t) ~(SEG_SYN | SEG_FIN)) | SEG_RST;
		return;
	case 5:
		seg->opts &= (uint8_t) ~(seg->flags & SEG_SYN ? what : SEG_OPT_TS);
		return;
	case 6:
		seg->tsval += in_near(&p->in);
		return;
	default:
		p->ways[to].flying[i].side.sack.blocks[0].right += in_near(&p->in);
	}
}

static void pass(struct couple *p, uint64_t ns)
{
	p->elapsed_ns += ns;
	for (unsigned end = 0; end < 2; end++)
		shard_advance(&p->ends[end], p->ends[end].now_ns + ns);
}

/* Until the next thing that is due at either end; UINT64_MAX: nothing is. */
static uint64_t until_due(const struct couple *p)
{
	uint64_t wait = UINT64_MAX;

	for (unsigned end = 0; end < 2; end++) {
		const struct shard *shard = &p->ends[end];
		uint64_t next = shard_next(shard);

		if (next != UINT64_MAX && next - shard->now_ns < wait)
			wait = next - shard->now_ns;
	}
	return wait;
}

static void pass_some(struct couple *p)
{
	uint64_t wait = until_due(p);
	unsigned how = in_u8(&p->in);

	if (how & 1)
		pass(p, (how >> 1) * CLOCK_NS_PER_MS);
	else
		pass(p, wait == UINT64_MAX ? 0 : wait);
}

/* Both open to each other at once. */
static void meet(struct couple *p)
{
	uint16_t ports[2] = { p->ends[0].next_port++, p->ends[1].next_port++ };

	for (unsigned end = 0; end < 2; end++) {
		struct shard *shard = &p->ends[end];

		const struct pair pair = shard_pair(shard, shard->is6);

		shard_connect(shard, (struct weir_endpoint){ pair.local, ports[end] },
			      (struct weir_endpoint){ pair.remote, ports[!end] });
	}
}

static void to_segment(struct couple *p, unsigned end, unsigned what)
{
	struct way *way = &p->ways[end];
	unsigned i = what & 4 ? in_u8(&p->in) : 0;

	if (way->count == 0)
		return;
	i %= way->count;
	if (what < 0x60)
		deliver(p, end, i, 1 + (what >> 4));
	else if (what < 0x70)
		drop(p, end, i);
	else if (what < 0x78)
		twice(p, end, i);
	else
		change(p, end, i);
}

static void step(struct couple *p)
{
	unsigned what = in_u8(&p->in), end = what & 1;

	if (what < 0x7a) {
		to_segment(p, end, what);
	} else if (what < 0x80) {
		/* Most byte strings change nothing, so that what arrives is looked at. */
		to_segment(p, end, in_u8(&p->in) == 0x77 ? 0x78 : 0);
	} else if (what < 0xa8) {
		transmit(p, end, what & 2 ? TCP_BURST_MAX : 1 + in_below(&p->in, 8));
	} else if (what < 0xc8) {
		shard_call(&p->ends[end], &p->in);
	} else if (what < 0xdc) {
		shard_events(&p->ends[end], 1 + (what & 6), what & 8);
	} else if (what < 0xe0) {
		meet(p);
	} else {
		pass_some(p);
	}
}

/* Nobody loses anything, and the applications read all. False: nothing was left to do at this moment. */
static bool settle_once(struct couple *p)
{
	bool busy = false;

	for (unsigned end = 0; end < 2; end++) {
		while (shard_events(&p->ends[end], 8, false) > 0)
			busy = true;
		while (p->ends[end].held_count > 0)
			shard_release(&p->ends[end], 0);
		while (p->ways[!end].count <= FLYING_MAX - 8 && transmit(p, end, 8) > 0)
			busy = true;
	}
	for (unsigned end = 0; end < 2; end++) {
		if (p->ways[end].count > 0) {
			deliver(p, end, 0, 8);
			busy = true;
		}
	}
	return busy;
}

static void settle(struct couple *p)
{
	for (unsigned segments = 0; settle_once(p); segments++)
		HOLDS(segments < AT_ONCE, "the two answer each other for ever");
}

/* Time goes by, and everything that can happen does. */
static void wait_long(struct couple *p)
{
	uint64_t end = p->elapsed_ns + PATIENCE_NS, wait;

	settle(p);
	while (p->elapsed_ns < end && (wait = until_due(p)) != UINT64_MAX) {
		/* Whoever is called in vain has something that waits for the other's turn. */
		pass(p, wait > 0 ? wait : CLOCK_NS_PER_MS);
		settle(p);
	}
}

/* All that was written has arrived, or the connection has gone at one end. */
static void check_delivered(struct couple *p, unsigned end)
{
	struct shard *shard = &p->ends[end], *other = &p->ends[!end];

	for (uint32_t slot = 0; slot < shard->tcp->hot.fresh; slot++) {
		const struct tcb *tcb = tcb_at(shard->tcp, slot), *peer;
		const struct pair *own = tcb_pair(shard->tcp, tcb);

		if (tcb->tuple.rport == 0)
			continue;
		const struct pair turned = { tuple_remote(&tcb->tuple, own), tuple_local(&tcb->tuple, own) };
		struct tuple tuple = tcp_tuple(other->tcp, &turned, tcb->tuple.rport, tcb->tuple.lport);
		ref r = conn_table_find(&other->tcp->table, tcp_hash(other->tcp, &tuple), &tuple);

		HOLDS(fsm_synchronized((enum weir_state)tcb->state), "%u is still in %s", slot,
		      weir_state_name((enum weir_state)tcb->state));
		HOLDS(tcb_snd_una(shard->tcp, tcb) == tcb->snd_nxt, "%u is not acknowledged", slot);
		if (ref_kind(r) != REF_HOT)
			continue;
		peer = tcb_at(other->tcp, ref_slot(r));
		HOLDS(shard_conn_of(other, peer)->delivered == shard_conn_of(shard, tcb)->written,
		      "%u of %u bytes have arrived", shard_conn_of(other, peer)->delivered,
		      shard_conn_of(shard, tcb)->written);
	}
}

static void close_all(struct couple *p)
{
	for (unsigned end = 0; end < 2; end++) {
		struct tcp *tcp = p->ends[end].tcp;

		for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++) {
			tcp_close(tcp, (weir_conn){ slot, tcb_at(tcp, slot)->generation });
			invariants_check(&p->ends[end]);
		}
	}
}

static void check_gone(const struct tcp *tcp)
{
	for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++) {
		const struct tcb *tcb = tcb_at(tcp, slot);

		HOLDS(tcb->tuple.rport == 0, "%u is left in %s, flags %#x, timer %u", slot,
		      weir_state_name((enum weir_state)tcb->state), tcb->flags, tcb->timer);
	}
	HOLDS(tcp->half_opens.used == 0, "%u half-open records are left", tcp->half_opens.used);
}

static void finish(struct couple *p)
{
	if (p->ends[0].damaged)
		return;
	wait_long(p);
	for (unsigned end = 0; end < 2; end++)
		check_delivered(p, end);
	/* Again for those that a bound held back: on output, or on extensions to linger with. */
	for (unsigned i = 0; i < 20 && p->ends[0].tcp->hot.used + p->ends[1].tcp->hot.used > 0; i++) {
		close_all(p);
		wait_long(p);
	}
	for (unsigned end = 0; end < 2; end++)
		check_gone(p->ends[end].tcp);
}

static void set_up(struct couple *p)
{
	static const uint32_t addresses[2] = { 0x0a000001, 0x0a000002 };
	unsigned how = in_u8(&p->in);

	memset(p->ways, 0, sizeof(p->ways));
	p->elapsed_ns = 0;
	for (unsigned end = 0; end < 2; end++) {
		struct shard *shard = &p->ends[end];

		shard_create(shard, &p->in, addresses[end], addresses[!end], end == 0 ? NULL : &p->ends[0],
			     false);
		shard->next_port = FIRST_PORT;
		CHECK(tcp_listen(shard->tcp, (struct weir_endpoint){ .port = 80 }, 42) == 0);
	}
	for (unsigned end = 0; end < 2; end++) {
		struct shard *shard = &p->ends[end];

		const struct pair pair = shard_pair(shard, shard->is6);
		struct tuple tuple =
			tcp_tuple(shard->tcp, &pair, end == 0 ? FIRST_PORT : 80, end == 0 ? 80 : FIRST_PORT);

		shard->other = &p->ends[!end];
		if (how & 1)
			shard_place_iss(shard, &tuple);
	}
}

void pair_run(const uint8_t *data, size_t size)
{
	static struct couple pair;
	struct couple *p = &pair;

	p->in = (struct bytes_in){ data, data + size };
	set_up(p);
	for (unsigned steps = 0; in_left(&p->in) > 0 && steps < STEPS_MAX; steps++)
		step(p);
	finish(p);
	for (unsigned to = 0; to < 2; to++) {
		while (p->ways[to].count > 0)
			drop(p, to, 0);
	}
	shard_destroy(&p->ends[0], size & 1);
	p->ends[0].buffers = 0;
	shard_destroy(&p->ends[1], size & 1);
	HOLDS(payload_arena_live() == 0, "%lu buffers", (unsigned long)payload_arena_live());
}
