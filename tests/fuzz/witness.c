/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/witness.h"

#include <stddef.h>
#include <string.h>

#include "tcp/sent.h"

static struct witness *witness;

void witness_watch(struct witness *whose)
{
	witness = whose;
	if (witness == NULL)
		return;
	witness->count = 0;
	witness->seen = 0;
}

bool witness_watches(void)
{
	return witness != NULL;
}

/* FNV-1a by words: nobody means to deceive it. */
static void note_word(uint64_t word)
{
	witness->seen = (witness->seen ^ word) * 0x100000001b3ull;
	witness->seen ^= witness->seen >> 29;
}

void witness_note_number(int64_t number)
{
	if (witness != NULL)
		note_word((uint64_t)number);
}

void witness_note(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t word;

	if (witness == NULL)
		return;
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		note_word(word);
	}
	word = len;
	memcpy((uint8_t *)&word + 1, p, len);
	note_word(word);
}

static void note_pair(const struct pair *pair)
{
	note_word(pair->local.hi ^ pair->remote.hi << 1);
	note_word(pair->local.lo ^ pair->remote.lo << 1);
}

void witness_note_segment(const struct seg *seg, const struct seg_side *side)
{
	if (witness == NULL)
		return;
	witness_note(seg, offsetof(struct seg, hash));
	note_word((uint64_t)seg->flags << 56 | (uint64_t)seg->opts << 48 | (uint64_t)seg->wscale << 40 |
		  (uint64_t)seg->ttl << 32 | (uint64_t)seg->tos << 24 | seg->mss);
	if (seg->opts & SEG_OPT_SACK)
		witness_note(&side->sack, seg->sacks * sizeof(side->sack.blocks[0]));
	if (tuple_is6(&seg->tuple))
		note_pair(&side->pair);
}

void witness_note_event(const struct weir_event *event)
{
	if (witness == NULL)
		return;
	note_word((uint64_t)event->conn.index << 32 | event->conn.generation);
	note_word((uint64_t)event->what << 32 | event->word);
	note_word((uint64_t)event->bytes << 32 | (uint64_t)event->buffers << 16 | (unsigned)event->reason);
}

static void note_pool(const struct slot_pool *pool, size_t bytes)
{
	for (uint32_t slot = 0; slot < pool->fresh; slot++)
		witness_note(slot_pool_at(pool, slot), bytes);
	note_word(pool->used);
}

/*
 * An ACK that no cookie can have led to is not counted as a forged one, and the cookies that answer a burst
 * are sent behind it: whether one that stands between two SYNs is counted depends on where the burst ends.
 */
static void note_counters(const struct counters *counters)
{
	for (unsigned id = 0; id < COUNTERS; id++)
		note_word(id != COUNT_cookies_rejected ? counters->v[id] : 0);
}

void witness_look(const struct shard *shard)
{
	const struct tcp *tcp = shard->tcp;

	if (witness == NULL)
		return;
	note_counters(&shard->counters);
	witness_note(tcp->states, sizeof(tcp->states));
	witness_note(tcp->failed, sizeof(tcp->failed));
	note_pool(&tcp->hot, sizeof(struct tcb));
	note_pool(&tcp->half_opens, sizeof(struct half_open));
	note_pool(&tcp->exts, sizeof(struct tcb_ext));
	note_pool(&tcp->sents, sizeof(struct sent));
	witness_note(tcp->time_waits, tcp->time_wait_capacity * sizeof(struct time_wait));
	note_word(tcp_next_deadline(tcp, shard->now_ns));
	note_word(tcp->queued);
	if (witness->count < WITNESS_LOOKS)
		witness->looks[witness->count++] = (struct witness_look){ shard->now_ns, witness->seen };
}
