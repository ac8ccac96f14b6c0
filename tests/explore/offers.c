/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/offers.h"

#include <string.h>

#include "explore/readers.h"

/* Beyond which a cookie must be refused: two epochs (tcp/cookie.c), and the step that it came in. */
#define LIFETIME_STEPS ((70 * CLOCK_NS_PER_S) >> WORLD_STEP_SHIFT)

/* Farther than any number that is made up from where a stream begins (moves.c). */
#define NEAR_MAX (1u << 20)

void offers_add(unsigned end, const struct seg *syn_ack)
{
	uint8_t *count = &world->ends[end].offers_count;
	struct offer *offers = world->ends[end].offers;

	for (unsigned i = 0; i < *count; i++)
		if (offers[i].iss == syn_ack->seq)
			return;
	CHECK(*count < OFFERS_MAX);
	offers[(*count)++] = (struct offer){
		.iss = syn_ack->seq,
		.irs = syn_ack->ack - 1,
		.tsval = syn_ack->tsval,
		.step = world->steps,
	};
}

static bool counts_from(const struct offer *offer, uint32_t seq)
{
	return seq - offer->iss - 1 < STREAM_MAX;
}

static bool is_alive(unsigned end, const struct offer *offer, const struct view *peer)
{
	unsigned other = end ^ 1;

	if (peer->state >= WEIR_SYN_RECEIVED && counts_from(offer, peer->rcv_nxt))
		return true;
	for (unsigned i = 0; i < world->flights_count[other]; i++) {
		const struct seg *seg = &world->flights[other][i].seg;

		if (seg->flags & SEG_SYN && seg->seq == offer->iss)
			return true;
	}
	for (unsigned i = 0; i < world->flights_count[end]; i++) {
		const struct seg *seg = &world->flights[end][i].seg;

		if (seg->flags & SEG_ACK && counts_from(offer, seg->ack))
			return true;
	}
	return false;
}

void offers_forget(unsigned end)
{
	struct offer *offers = world->ends[end].offers;
	unsigned count = world->ends[end].offers_count, kept = 0;

	if (count == 0)
		return;
	struct view peer = world_view(end ^ 1);

	for (unsigned i = 0; i < count; i++)
		if (is_alive(end, &offers[i], &peer))
			offers[kept++] = offers[i];
	memset(offers + kept, 0, (count - kept) * sizeof(*offers));
	world->ends[end].offers_count = (uint8_t)kept;
}

struct offer *offers_find(unsigned end, uint32_t seq)
{
	for (unsigned i = 0; i < world->ends[end].offers_count; i++)
		if (counts_from(&world->ends[end].offers[i], seq))
			return &world->ends[end].offers[i];
	return NULL;
}

struct offer *offers_open(unsigned end, uint32_t seq)
{
	struct offer *offer = offers_find(end, seq);

	return offer != NULL && !offer->taken ? offer : NULL;
}

const char *offers_taken(unsigned end, const struct seg *seg, bool waited, bool *again)
{
	struct offer *offer = offers_find(end, seg->ack);

	if (offer == NULL || offer->iss != seg->ack - 1)
		return "a cookie was accepted that was never made";
	if (offer->irs != seg->seq - 1)
		return "a cookie was accepted that was made for another SYN";
	if (world->steps - offer->step > LIFETIME_STEPS)
		return "a cookie was accepted after its lifetime";
	if (waited && offer->taken)
		return "a cookie was accepted again, in TIME-WAIT of the connection that it had made";
	*again = offer->taken || offer->irs != world->ends[end ^ 1].iss[0];
	offer->taken = true;
	world_note_stream(end, offer->iss, offer->known);
	return NULL;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b - a : a - b;
}

/* Streams, then offers, by number. */
static uint32_t base_at(unsigned end, unsigned i)
{
	return i < STREAMS ? world->ends[end].iss[i] : world->ends[end].offers[i - STREAMS].iss;
}

static unsigned nearest(unsigned end, uint32_t seq)
{
	unsigned best = 0;

	for (unsigned i = 1; i < STREAMS + (unsigned)world->ends[end].offers_count; i++)
		if (distance(seq, base_at(end, i)) < distance(seq, base_at(end, best)))
			best = i;
	return best;
}

uint32_t offers_base(unsigned end, uint32_t seq)
{
	return world_scenario->cookies ? base_at(end, nearest(end, seq)) : world->ends[end].iss[0];
}

uint32_t offers_latest(unsigned end)
{
	struct view peer = world_view(end ^ 1);
	const struct offer *offer = peer.state >= WEIR_SYN_RECEIVED ? offers_find(end, peer.rcv_nxt) : NULL;

	return offer != NULL ? offer->iss : world->ends[end].iss[0];
}

uint32_t offers_name(unsigned end, uint32_t seq)
{
	unsigned best = nearest(end, seq);
	uint32_t base = base_at(end, best);

	/* A RST that answers no ACK counts from 0. */
	return distance(seq, base) < NEAR_MAX ? (best + 1) << 24 | ((seq - base) & 0xffffff) : seq;
}

bool offers_brought_by(unsigned end, const struct seg *seg)
{
	const struct offer *offer = seg->flags & SEG_ACK ? offers_find(end, seg->ack) : NULL;

	return offer != NULL && seg->opts & SEG_OPT_TS && seg->tsecr == offer->tsval;
}

uint32_t offers_clock(unsigned end)
{
	const struct cookie_secret *secret = &world_tcp[end]->cookies.secret;
	struct tuple tuple = world_tuple(end);

	return clock_tick(world_now(end) + secret->shift_ns) +
	       (uint32_t)siphash24_12(secret->ts, tuple_addrs(&tuple), tuple_ports(&tuple));
}
