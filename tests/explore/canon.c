/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/canon.h"

#include <string.h>

#include "explore/offers.h"
#include "explore/readers.h"
#include "explore/world.h"
#include "tcp/half_open.h"
#include "tcp/sent.h"

/* ------------------------------------------------------------------------------------------- *
 * What is hashed
 * ------------------------------------------------------------------------------------------- */

struct sink {
	uint64_t words[512];
	size_t used;
};

static void put(struct sink *sink, const void *data, size_t len)
{
	size_t words = (len + 7) / 8;

	CHECK(sink->used + words <= sizeof(sink->words) / 8);
	sink->words[sink->used + words - 1] = 0;
	memcpy(&sink->words[sink->used], data, len);
	sink->used += words;
}

static void put_number(struct sink *sink, uint64_t value)
{
	put(sink, &value, sizeof(value));
}

/* SipHash-1-3 with its 128-bit ending. */
static struct canon hash(const struct sink *sink)
{
	struct siphash_state s =
		siphash_start((struct siphash_key){ 0x243f6a8885a308d3, 0x13198a2e03707344 });
	struct canon canon;

	s.v1 ^= 0xee;
	for (size_t i = 0; i < sink->used; i++)
		siphash_word(&s, sink->words[i], 1);
	siphash_word(&s, sink->used, 1);
	s.v2 ^= 0xee ^ 0xff; /* siphash_finish() has the 64-bit ending's constant */
	canon.a = siphash_finish(&s, 3);
	s.v1 ^= 0xdd;
	s.v2 ^= 0xff;
	canon.b = siphash_finish(&s, 3);
	return canon;
}

/* ------------------------------------------------------------------------------------------- *
 * Relative values
 * ------------------------------------------------------------------------------------------- */

/*
 * Ages of the timestamps of each end's clock, in increasing order. Connections that a cookie made have
 * another one.
 */
struct ages {
	uint32_t ages[FLIGHTS_MAX + 2];
	unsigned count;
	uint32_t now, now_cookies;
};

/* The clocks are far apart. */
static uint32_t age_of(const struct ages *ages, uint32_t tsval)
{
	uint32_t age = ages->now - tsval, other = ages->now_cookies - tsval;

	return age < other ? age : other;
}

static void note_age(struct ages *ages, uint32_t tsval)
{
	uint32_t age = age_of(ages, tsval);
	unsigned i = ages->count;

	for (unsigned j = 0; j < ages->count; j++)
		if (ages->ages[j] == age)
			return;
	for (; i > 0 && ages->ages[i - 1] > age; i--)
		ages->ages[i] = ages->ages[i - 1];
	ages->ages[i] = age;
	ages->count++;
}

static uint32_t rank(const struct ages *ages, uint32_t tsval)
{
	uint32_t age = age_of(ages, tsval), rank = 0;

	while (rank < ages->count && ages->ages[rank] < age)
		rank++;
	/* "now" is special: what is sent next is as old as that, or newer. */
	return age == 0 ? 0 : rank + 1;
}

/* Timestamps that `end` has sent, wherever they are. */
static void collect_ages(unsigned end, const struct view *peer, struct ages *ages)
{
	struct tuple tuple = world_tuple(end);

	ages->count = 0;
	ages->now = ages->now_cookies = world_tick(end) + readers_ts_offset(end, &tuple);
	if (world_scenario->cookies && end == SERVER)
		ages->now_cookies = offers_clock(end);
	for (unsigned i = 0; i < world->flights_count[end ^ 1]; i++)
		if (world->flights[end ^ 1][i].seg.opts & SEG_OPT_TS)
			note_age(ages, world->flights[end ^ 1][i].seg.tsval);
	if (peer->tcb != NULL && peer->tcb->flags & TCB_TS)
		note_age(ages, peer->tcb->ts_recent);
	if (peer->half != NULL && peer->half->flags & HALF_TS)
		note_age(ages, peer->half->ts_recent);
	if (peer->wait != NULL && peer->wait->ts_offset != 0)
		note_age(ages, peer->wait->ts_recent);
}

/* Both ends, for the time of one encoding. */
static struct view views[ENDS];
static struct ages ages[ENDS];

/* A sequence number of the stream that `end` sends. */
static uint32_t rel(unsigned end, uint32_t seq)
{
	if (world_scenario->cookies && end == SERVER)
		return offers_name(end, seq);
	return seq - world->ends[end].iss[0];
}

static uint32_t rel_steps(unsigned end, uint32_t deadline)
{
	int32_t ticks = seq_diff(deadline, world_tick(end));

	return (uint32_t)((ticks + (int32_t)WORLD_STEP_TICKS - 1) >> (WORLD_STEP_SHIFT - CLOCK_TICK_SHIFT));
}

/* Whether the present half second has had its challenge ACK. mask: bits that are kept of its number. */
static bool challenged(unsigned end, unsigned challenge, unsigned mask)
{
	return ((world_tick(end) >> 9 ^ challenge) & mask) == 0;
}

/* Bytes name their stream's number; what matters is how many streams ago. */
static void put_bytes(struct sink *sink, unsigned sender, const uint8_t *bytes, unsigned len)
{
	uint8_t relative[BLOCK_BYTES] = { 0 };

	for (unsigned i = 0; i < len; i++) {
		unsigned age = (world->ends[sender].incarnation - (bytes[i] >> 4 & 7u)) & 7;

		relative[i] = (uint8_t)((bytes[i] & 0x8f) | age << 4);
	}
	put_number(sink, len);
	put(sink, relative, sizeof(relative));
}

static void put_payload(struct sink *sink, unsigned sender, payload p)
{
	uint8_t bytes[BLOCK_BYTES];
	uint32_t len = payload_bytes(p);

	CHECK(len <= BLOCK_BYTES);
	payload_read(p, 0, bytes, len);
	put_number(sink, payload_buffers(p));
	put_bytes(sink, sender, bytes, len);
}

/* ------------------------------------------------------------------------------------------- *
 * Records
 * ------------------------------------------------------------------------------------------- */

/* A list of pieces: text that `sender` wrote, on its way out or in out of order. */
static void put_pieces(struct sink *sink, const struct tcp *tcp, unsigned sender, uint32_t slot, bool gap)
{
	for (; slot != SLOT_NONE;) {
		const struct piece *piece = slot_pool_at(&tcp->pieces, slot);

		put_number(sink, gap ? (uint64_t)rel(sender, piece->seq) << 32 | piece->len : piece->len);
		put_payload(sink, sender, piece->data);
		slot = piece->next;
	}
	put_number(sink, UINT64_MAX);
}

static void put_sent(struct sink *sink, const struct tcp *tcp, unsigned end, uint32_t slot)
{
	for (; slot != SLOT_NONE;) {
		const struct sent *sent = sent_at(tcp, slot);

		put_number(sink,
			   (uint64_t)rel(end, sent->seq) << 32 | (uint32_t)sent->space << 16 | sent->flags);
		slot = sent->next;
	}
	put_number(sink, UINT64_MAX);
}

static void rel_block(unsigned sender, struct sack_block *block)
{
	block->left = rel(sender, block->left);
	block->right = rel(sender, block->right);
}

static void put_ext(struct sink *sink, unsigned end, const struct tcb *tcb)
{
	const struct tcp *tcp = world_tcp[end];
	const struct tcb_ext *in = tcb_ext(tcp, tcb);
	unsigned peer = end ^ 1;
	struct tcb_ext ext = *in;

	ext.next_free = ext.cursor = ext.lost_from = 0;
	ext.queue_first = ext.queue_last = ext.sent_first = ext.sent_last = ext.gap_first = 0;
	ext.srtt_us = ext.rttvar_us = ext.cwnd = ext.ssthresh = ext.filled = ext.window_acked = 0;
	ext.snd_una = rel(end, in->snd_una);
	ext.queue_end = rel(end, in->queue_end);
	ext.queue_seq = in->queue_first == SLOT_NONE ? 0 : rel(end, in->queue_seq);
	ext.cursor_seq = in->cursor == SLOT_NONE ? 0 : rel(end, in->cursor_seq);
	ext.recover = rel(end, in->recover);
	ext.rescue = rel(end, in->rescue);
	ext.reduced = tcb->ecn == ECN_ON ? rel(end, in->reduced) : 0;
	ext.snd_wl1 = rel(peer, in->snd_wl1);
	ext.gap_fin_seq = in->gap_fin ? rel(peer, in->gap_fin_seq) : 0;
	ext.sack = (struct sack){ 0 };
	for (unsigned i = 0; i < in->blocks; i++) {
		ext.sack.blocks[i] = in->sack.blocks[i];
		rel_block(peer, &ext.sack.blocks[i]);
	}
	if (in->duplicate.left != in->duplicate.right)
		rel_block(peer, &ext.duplicate);
	else
		ext.duplicate = (struct sack_block){ 0 };
	put(sink, &ext, sizeof(ext));
	put_pieces(sink, tcp, end, in->queue_first, false);
	put_pieces(sink, tcp, peer, in->gap_first, true);
	put_sent(sink, tcp, end, in->sent_first);
}

/* Whether what it sends next can bring back the cookie that its connection began with. */
static bool brings_cookie(unsigned end, const struct tcb *tcb)
{
	const struct seg seg = { .flags = SEG_ACK,
				 .opts = tcb->flags & TCB_TS ? SEG_OPT_TS : 0,
				 .ack = tcb->rcv_nxt,
				 .tsecr = tcb->ts_recent };

	return tcb->state != WEIR_SYN_SENT && offers_brought_by(end ^ 1, &seg);
}

static void put_tcb(struct sink *sink, unsigned end, const struct tcb *in)
{
	unsigned peer = end ^ 1;
	struct tcb tcb = *in;

	tcb.tuple = (struct tuple){ 0 };
	tcb.generation = tcb.ts_offset = tcb.ext = tcb.event = 0;
	tcb.wheel = 0;
	tcb.rcv_nxt = in->state == WEIR_SYN_SENT ? 0 : rel(peer, in->rcv_nxt);
	tcb.snd_nxt = rel(end, in->snd_nxt);
	tcb.ts_recent = in->flags & TCB_TS ? rank(&ages[peer], in->ts_recent) : 0;
	tcb.deadline = in->timer != TIMER_NONE ? rel_steps(end, in->deadline) : 0;
	tcb.challenge = challenged(end, in->challenge, 31);
	put(sink, &tcb, sizeof(tcb));
	if (world_scenario->cookies)
		put_number(sink, brings_cookie(end, in));
	if (in->flags & TCB_EXT)
		put_ext(sink, end, in);
}

static void put_half(struct sink *sink, unsigned end, const struct half_open *in)
{
	unsigned peer = end ^ 1;
	struct half_open half = *in;

	half.tuple = (struct tuple){ 0 };
	half.rcv_nxt = rel(peer, in->rcv_nxt);
	half.iss = rel(end, in->iss);
	half.ts_recent = in->flags & HALF_TS ? rank(&ages[peer], in->ts_recent) : 0;
	half.sent_us = 0;
	half.older = half.newer = 0; /* there is no more than one */
	half.hides = 0;              /* TIME-WAIT behind it is encoded, if there is one */
	half.wheel = 0;
	half.challenge = challenged(end, in->challenge, 31);
	put(sink, &half, sizeof(half));
	put_number(sink, rel_steps(end, half_open_deadline(world_tcp[end], in)));
}

static void put_wait(struct sink *sink, unsigned end, const struct time_wait *in)
{
	unsigned peer = end ^ 1;
	struct time_wait wait = *in;

	wait.tuple = (struct tuple){ 0 };
	wait.rcv_nxt = rel(peer, in->rcv_nxt);
	wait.snd_nxt = rel(end, in->snd_nxt);
	wait.ts_recent = in->ts_offset != 0 ? rank(&ages[peer], in->ts_recent) : 0;
	wait.ts_offset = in->ts_offset != 0;
	wait.expires = rel_steps(end, in->expires);
	put(sink, &wait, sizeof(wait));
	put_number(sink, world->steps - world->ends[end].time_wait_since);
}

/* Events that wait for a late reader, and ACKs that wait for their time. */
static void put_lists(struct sink *sink, unsigned end)
{
	const struct tcp *tcp = world_tcp[end];
	const struct ring *events = &tcp->events_ring, *delayed = &tcp->delayed_ring;

	for (uint32_t i = events->head; i != events->tail; i++) {
		const struct weir_event *event = &tcp->events[i & events->mask];

		put_number(sink, (uint64_t)event->what << 32 | (uint32_t)event->reason << 8 | event->bytes);
		if (event->bytes > 0)
			put_payload(sink, end ^ 1, (payload)(uintptr_t)event->payload);
	}
	put_number(sink, UINT64_MAX);
	for (uint32_t i = delayed->head; i != delayed->tail; i++)
		put_number(sink, rel_steps(end, tcp->delayed[i & delayed->mask].deadline));
	put_number(sink, UINT64_MAX);
}

/*
 * The age of an offer counts beside TIME-WAIT, which asks whether it is the younger one (time_wait.c). That
 * it ends is pass_time()'s to bring about, in one step for all.
 */
static int age_beside(const struct offer *offer, const struct view *view)
{
	uint32_t since = world->ends[SERVER].time_wait_since;

	return view->wait == NULL || offer->step == since ? 0 : offer->step < since ? -1 : 1;
}

/* For how long text of no connection is left unanswered; of use if the peer has some that cannot open one. */
static uint64_t silence_steps(unsigned end)
{
	const struct view *view = &views[end], *peer = &views[end ^ 1];
	uint64_t now_ns = world_now(end), until_ns = world_tcp[end]->cookies.live_until_ns;

	if (until_ns <= now_ns)
		return 0;
	bool open = peer->state >= WEIR_SYN_RECEIVED && offers_open(end, peer->rcv_nxt) != NULL;

	return view->tcb != NULL || open ? 1 : 2 + ((until_ns - now_ns) >> WORLD_STEP_SHIFT);
}

static void put_offers(struct sink *sink, unsigned end)
{
	const struct listener *listener = &world_tcp[end]->listeners[world->ends[end].listener];
	const struct guard *guard = &listener->guard;
	bool looks = listener->defence.mode == WEIR_DEFENCE_AUTO;

	for (unsigned i = 0; i < world->ends[end].offers_count; i++) {
		const struct offer *offer = &world->ends[end].offers[i];

		put_number(sink, rel(end ^ 1, offer->irs));
		put_number(sink, (uint64_t)offer->known << 1 | offer->taken);
		put_number(sink, (uint64_t)(1 + age_beside(offer, &views[end])));
	}
	put_number(sink, silence_steps(end));
	put_number(sink, (uint64_t)listener->defence.mode << 1 | guard->on);
	put_number(sink, looks ? (uint64_t)guard->syns << 32 | guard->completed << 8 | guard->calm : 0);
}

static void put_end(struct sink *sink, unsigned end)
{
	const struct view *view = &views[end];
	struct app app = world->apps[end];

	put_number(sink, (uint64_t)view->misnamed << 32 | view->state);
	if (view->tcb != NULL)
		put_tcb(sink, end, view->tcb);
	if (view->half != NULL)
		put_half(sink, end, view->half);
	if (view->wait != NULL)
		put_wait(sink, end, view->wait);
	put_lists(sink, end);
	app.conn = (weir_conn){ 0 };
	put(sink, &app, sizeof(app));
	put_number(sink, (uint64_t)world->ends[end].known << 1 | world->ends[end].listening);
	put_number(sink, world->ends[end].incarnation > 0);
	/* How far apart its streams began, for segments of the older one. */
	for (unsigned i = 1; i < STREAMS; i++)
		put_number(sink, rel(end, world->ends[end].iss[i]));
	if (world_scenario->cookies && end == SERVER)
		put_offers(sink, end);
}

/* ------------------------------------------------------------------------------------------- *
 * The network
 * ------------------------------------------------------------------------------------------- */

static struct canon hash_flight(unsigned to, const struct flight *flight)
{
	struct sink sink = { .used = 0 };
	unsigned from = to ^ 1;
	struct seg seg = flight->seg;
	struct sack sack = flight->side.sack;

	seg.tuple = (struct tuple){ 0 };
	seg.seq = rel(from, seg.seq);
	seg.ack = seg.flags & SEG_ACK ? rel(to, seg.ack) : 0;
	seg.tsval = seg.opts & SEG_OPT_TS ? rank(&ages[from], seg.tsval) : 0;
	seg.tsecr = 0;
	for (unsigned i = 0; seg.opts & SEG_OPT_SACK && i < seg.sacks; i++)
		rel_block(to, &sack.blocks[i]);
	put_number(&sink, to);
	put(&sink, &seg, sizeof(seg));
	put(&sink, &sack, sizeof(sack));
	put_bytes(&sink, from, flight->bytes, seg.len);
	if (world_scenario->cookies && to == SERVER)
		put_number(&sink, offers_brought_by(to, &flight->seg));
	return hash(&sink);
}

/* A sum does not tell in which order they stand. */
static void put_network(struct sink *sink)
{
	struct canon sum = { 0 };

	for (unsigned end = 0; end < ENDS; end++) {
		for (unsigned i = 0; i < world->flights_count[end]; i++) {
			struct canon one = hash_flight(end, &world->flights[end][i]);

			sum.a += one.a;
			sum.b += one.b;
		}
	}
	put(sink, &sum, sizeof(sum));
}

struct canon canon_of_world(void)
{
	static struct sink sink;
	const uint8_t budgets[8] = { world->drops,          world->dups,           world->delays,
				     world->aborts[CLIENT], world->aborts[SERVER], world->olds,
				     world->provoked };

	sink.used = 0;
	for (unsigned end = 0; end < ENDS; end++)
		views[end] = world_view(end);
	for (unsigned end = 0; end < ENDS; end++)
		collect_ages(end, &views[end ^ 1], &ages[end]);
	put(&sink, budgets, sizeof(budgets));
	for (unsigned end = 0; end < ENDS; end++)
		put_end(&sink, end);
	put_network(&sink);
	return hash(&sink);
}
