/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/invariants.h"

#include <string.h>

#include "fuzz/fault.h"
#include "fuzz/stream_check.h"
#include "fuzz/witness.h"
#include "support/payload_arena.h"
#include "tcp/half_open.h"
#include "tcp/sent.h"
#include "tcp/time_wait.h"

/* The records themselves, and where they stand in the table. */
struct census {
	uint64_t states[WEIR_STATES];
	uint32_t entries;
};

static void find(const struct shard *shard, const struct tuple *tuple, ref expected, struct census *census)
{
	const struct tcp *tcp = shard->tcp;

	shard_check_name(shard, tuple, pair_at(tcp, expected));
	ref found = conn_table_find(&tcp->table, tcp_hash(tcp, tuple), tuple);

	HOLDS(found == expected, "kind %u slot %u is found as kind %u slot %u", ref_kind(expected),
	      ref_slot(expected), ref_kind(found), ref_slot(found));
	census->entries++;
}

static void check_half_opens(const struct shard *shard, struct ledger *ledger, struct census *census)
{
	const struct tcp *tcp = shard->tcp;

	for (uint32_t slot = 0; slot < tcp->half_opens.fresh; slot++) {
		const struct half_open *half = slot_pool_at(&tcp->half_opens, slot);

		HOLDS(ledger_is_free(ledger, slot) == (half->tuple.rport == 0), "half-open %u", slot);
		if (half->tuple.rport == 0)
			continue;
		ledger_claim(ledger, slot);
		find(shard, &half->tuple, ref_make(REF_HALF_OPEN, slot), census);
		census->states[WEIR_SYN_RECEIVED]++;
		HOLDS(tcp->listeners[half->listener].port == half->tuple.lport, "half-open %u of nobody's",
		      slot);
		HOLDS(half->wheel != 0, "half-open %u has no timer", slot);
		HOLDS(half->hides == SLOT_NONE ||
			      tuple_equal(&tcp->time_waits[half->hides].tuple, &half->tuple),
		      "half-open %u hides another's TIME-WAIT", slot);
	}
}

static uint32_t time_wait_slot(const struct tcp *tcp, uint32_t index)
{
	return index % tcp->time_wait_capacity;
}

/* Whether a handshake of the same tuple stands in this record's place in the table. */
static bool is_hidden(const struct tcp *tcp, uint32_t slot)
{
	const struct tuple *tuple = &tcp->time_waits[slot].tuple;
	ref r = conn_table_find(&tcp->table, tcp_hash(tcp, tuple), tuple);

	return ref_kind(r) == REF_HALF_OPEN && half_open_at(tcp, ref_slot(r))->hides == slot;
}

/* In order of expiry, from head to tail; what lies outside is no record. */
static void check_time_waits(const struct shard *shard, struct census *census)
{
	const struct tcp *tcp = shard->tcp;
	uint32_t turn = 2 * tcp->time_wait_capacity, inside = 0, last = 0, hidden = 0;

	for (uint32_t i = tcp->time_wait_head; i != tcp->time_wait_tail; i = (i + 1) % turn) {
		uint32_t slot = time_wait_slot(tcp, i);
		const struct time_wait *wait = &tcp->time_waits[slot];

		if (wait->tuple.rport == 0)
			continue;
		if (is_hidden(tcp, slot)) {
			shard_check_name(shard, &wait->tuple, pair_at(tcp, ref_make(REF_TIME_WAIT, slot)));
			hidden++;
		} else {
			find(shard, &wait->tuple, ref_make(REF_TIME_WAIT, slot), census);
		}
		census->states[WEIR_TIME_WAIT]++;
		HOLDS(inside == 0 || seq_le(last, wait->expires), "TIME-WAIT %u", slot);
		last = wait->expires;
		inside++;
	}
	for (uint32_t slot = 0; slot < tcp->time_wait_capacity; slot++)
		inside -= tcp->time_waits[slot].tuple.rport != 0;
	HOLDS(inside == 0, "a TIME-WAIT record outside of the ring");
	HOLDS(hidden == tcp->time_wait_hidden, "%u TIME-WAIT records behind handshakes, counted %u",
	      tcp->time_wait_hidden, hidden);
}

/*
 * When this record was first seen; new ones come in order of their queue. One that goes and comes again at
 * the same time looks as it did.
 */
static uint64_t number_of(struct shard *shard, uint32_t slot, uint64_t last)
{
	const struct half_open *half = half_open_at(shard->tcp, slot);
	struct shard_half *seen = &shard->halves[slot];
	bool fresh = half->retries == 0 && half->sent_us == clock_us(shard->tcp->now_ns);

	if (seen->number == 0 || !tuple_equal(&seen->tuple, &half->tuple) || seen->iss != half->iss ||
	    (fresh && seen->number <= last))
		*seen = (struct shard_half){ half->tuple, half->iss, ++shard->halves_seen };
	return seen->number;
}

/* From the oldest to the newest; no more than the backlog, unless there had been as many before it shrank. */
static void check_queue(struct shard *shard, unsigned number, uint32_t *queued)
{
	const struct tcp *tcp = shard->tcp;
	const struct listener *listener = &tcp->listeners[number];
	uint32_t older = SLOT_NONE, count = 0;
	uint64_t last = 0;

	for (uint32_t slot = listener->oldest; slot != SLOT_NONE; count++) {
		const struct half_open *half = half_open_at(tcp, slot);

		HOLDS(count < listener->half_opens, "the queue of %u has more than %u, or no end", number,
		      count);
		HOLDS(half->listener == number && half->tuple.rport != 0, "half-open %u in another's queue",
		      slot);
		HOLDS(half->older == older, "half-open %u: the older one is %u, not %u", slot, older,
		      half->older);
		uint64_t seen = number_of(shard, slot, last);

		HOLDS(seen > last, "half-open %u stands behind a newer one", slot);
		last = seen;
		older = slot;
		slot = half->newer;
	}
	HOLDS(listener->newest == older && listener->half_opens == count, "%u half-opens, counted %u",
	      listener->half_opens, count);
	HOLDS(count <= listener->defence.backlog || count <= shard->half_opens[number],
	      "%u half-opens, the backlog is %u", count, listener->defence.backlog);
	shard->half_opens[number] = count;
	*queued += count;
}

static void check_guards(const struct tcp *tcp)
{
	uint32_t defending = 0;

	for (unsigned i = 0; i < TCP_LISTENERS; i++) {
		const struct listener *listener = &tcp->listeners[i];
		bool always = listener->port != 0 && listener->defence.mode == WEIR_DEFENCE_ALWAYS;
		bool may = listener->port != 0 && listener->defence.mode != WEIR_DEFENCE_OFF;

		HOLDS(listener->guard.on ? may : !always, "the guard of listener %u", i);
		defending += listener->guard.on;
	}
	HOLDS(tcp->defending == defending, "%u listeners defend themselves, counted %u", tcp->defending,
	      defending);
}

/* Each record that counts does so in two cells for its address, and two for its network. */
static void check_sources(const struct tcp *tcp)
{
	const struct sources *sources = &tcp->sources;
	uint64_t counted = 0, sum = 0;

	for (uint32_t slot = 0; slot < tcp->half_opens.fresh; slot++) {
		const struct half_open *half = half_open_at(tcp, slot);

		counted += half->tuple.rport != 0 && half->flags & HALF_COUNTED;
	}
	for (uint32_t i = 0; i <= sources->mask; i++)
		sum += sources->half_opens[i];
	HOLDS(sum == 4 * counted, "cells add up to %lu for %lu records", (unsigned long)sum,
	      (unsigned long)counted);
}

static void check_defence(struct shard *shard)
{
	uint32_t queued = 0;

	for (unsigned i = 0; i < SHARD_LISTENERS; i++) {
		if (shard->tcp->listeners[i].port != 0)
			check_queue(shard, i, &queued);
		else
			shard->half_opens[i] = 0;
	}
	HOLDS(queued == shard->tcp->half_opens.used, "%u records in queues, %u in use", queued,
	      shard->tcp->half_opens.used);
	check_guards(shard->tcp);
	check_sources(shard->tcp);
}

static void check_listeners(const struct tcp *tcp, struct census *census)
{
	for (uint16_t i = 0; i < TCP_LISTENERS; i++) {
		uint16_t at = tcp->listener_chains[tcp->listeners[i].port % TCP_LISTENERS];

		if (tcp->listeners[i].port == 0)
			continue;
		census->states[WEIR_LISTEN]++;
		while (at != LISTENER_NONE && at != i)
			at = tcp->listeners[at].next;
		HOLDS(at == i, "listener %u is not in its chain", i);
	}
}

static bool in_ring(const struct ring *ring, uint32_t index)
{
	return index - ring->head < ring_used(ring);
}

/* At most one for each connection, which knows its place. */
static void check_event(const struct tcp *tcp, uint32_t slot)
{
	const struct tcb *tcb = tcb_at(tcp, slot);
	const struct weir_event *event = &tcp->events[tcb->event & tcp->events_ring.mask];

	if (!(tcb->flags & TCB_EVENT))
		return;
	HOLDS(in_ring(&tcp->events_ring, tcb->event), "event of %u", slot);
	HOLDS(event->conn.index == slot && event->conn.generation == tcb->generation, "event of %u", slot);
	HOLDS(!(event->what & WEIR_EV_CLOSED), "%u is closed and lives", slot);
}

static void check_events(const struct tcp *tcp, uint64_t *buffers)
{
	for (uint32_t i = tcp->events_ring.head; i != tcp->events_ring.tail; i++) {
		const struct weir_event *event = &tcp->events[i & tcp->events_ring.mask];
		payload data = (payload)(uintptr_t)event->payload;
		const struct tcb *tcb = tcb_at(tcp, event->conn.index);

		HOLDS(event->what != 0, "an empty event");
		HOLDS(event->bytes == payload_bytes(data), "%u bytes", event->bytes);
		HOLDS(event->buffers == payload_buffers(data), "%u buffers", event->buffers);
		*buffers += event->buffers;
		if (!(event->what & WEIR_EV_CLOSED))
			HOLDS(tcb->generation == event->conn.generation && tcb->flags & TCB_EVENT &&
				      tcb->event == i,
			      "the event of %u", event->conn.index);
	}
}

static unsigned times_in_dirty(const struct tcp *tcp, uint32_t slot)
{
	unsigned times = 0;

	for (uint32_t i = tcp->dirty_ring.head; i != tcp->dirty_ring.tail; i++)
		times += tcp->dirty[i & tcp->dirty_ring.mask] == slot;
	return times;
}

static unsigned times_in_delayed(const struct tcp *tcp, uint32_t slot)
{
	unsigned times = 0;

	for (uint32_t i = tcp->delayed_ring.head; i != tcp->delayed_ring.tail; i++)
		times += tcp->delayed[i & tcp->delayed_ring.mask].slot == slot;
	return times;
}

/* Without an extension, a piece that its path has no room for any more waits for one until its time-out. */
static bool waits_for_extension(const struct tcp *tcp, const struct tcb *tcb)
{
	return !(tcb->flags & TCB_EXT) && tcb->flight != 0 && tcp->statics[tcb->piece].len > tcb->mss &&
	       tcb->timer == TIMER_RETRANSMIT;
}

/* What is owed will be looked at again: by the next output, or by a timer. */
static void check_owed(const struct tcp *tcp, uint32_t slot)
{
	const struct tcb *tcb = tcb_at(tcp, slot);
	bool dirty = tcb->flags & TCB_DIRTY;

	HOLDS(!dirty || times_in_dirty(tcp, slot) > 0, "%u is dirty and in no list", slot);
	HOLDS(!(tcb->flags & TCB_ACK_FILED) || times_in_delayed(tcp, slot) > 0, "%u's ACK", slot);
	HOLDS(!(tcb->flags & TCB_ACK_NOW) || dirty, "%u owes an ACK now: flags %#x", slot, tcb->flags);
	HOLDS(!(tcb->flags & TCB_RESEND) || dirty || waits_for_extension(tcp, tcb),
	      "%u owes output: flags %#x", slot, tcb->flags);
	HOLDS(!(tcb->flags & TCB_ACK_DELAYED) || dirty || tcb->flags & TCB_ACK_FILED, "%u owes an ACK", slot);
	HOLDS(tcb->timer == TIMER_NONE || tcb->wheel != 0, "%u's timer is not filed", slot);
}

static void check_hot(struct shard *shard, struct ledgers *ledgers, struct census *census, uint64_t *buffers)
{
	const struct tcp *tcp = shard->tcp;

	for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++) {
		const struct tcb *tcb = tcb_at(tcp, slot);

		HOLDS(ledger_is_free(&ledgers->hot, slot) == (tcb->tuple.rport == 0), "record %u", slot);
		if (tcb->tuple.rport == 0) {
			HOLDS(tcb->flags == 0 && tcb->timer == TIMER_NONE, "record %u is free", slot);
			continue;
		}
		ledger_claim(&ledgers->hot, slot);
		find(shard, &tcb->tuple, ref_make(REF_HOT, slot), census);
		HOLDS(tcb->state != WEIR_CLOSED && tcb->state != WEIR_LISTEN && tcb->state != WEIR_TIME_WAIT,
		      "record %u is in %s", slot, weir_state_name((enum weir_state)tcb->state));
		census->states[tcb->state]++;
		check_event(tcp, slot);
		check_owed(tcp, slot);
		stream_check(shard, tcb, ledgers, buffers);
	}
}

static unsigned list_drops(enum counter *drops)
{
	unsigned n = 0;

	for (unsigned id = 0; id < COUNTERS; id++) {
		if (counter_kind((enum counter)id) == WEIR_COUNT_DROP)
			drops[n++] = (enum counter)id;
	}
	return n;
}

/* Segments taken are those accepted, those of other shards and those dropped, each for one reason. */
static void check_counters(const struct shard *shard)
{
	static enum counter drops[COUNTERS];
	static unsigned drops_count;
	uint64_t sum = shard->counters.v[ACCEPTED] + shard->counters.v[COUNT_handed_over];

	if (drops_count == 0)
		drops_count = list_drops(drops);
	for (unsigned i = 0; i < drops_count; i++)
		sum += shard->counters.v[drops[i]];
	HOLDS(sum == shard->taken, "%lu for %lu", (unsigned long)sum, (unsigned long)shard->taken);
}

static uint32_t count_entries(const struct conn_table *table)
{
	uint32_t entries = 0;

	for (uint32_t i = 0; i < table->bucket_count; i++) {
		for (unsigned way = 0; way < 8; way++)
			entries += (uint32_t)table->buckets[i][way] != REF_NONE;
	}
	return entries;
}

static void check_rings(const struct tcp *tcp)
{
	HOLDS(ring_used(&tcp->events_ring) <= tcp->events_ring.mask + 1, "events");
	HOLDS(ring_used(&tcp->dirty_ring) <= tcp->dirty_ring.mask + 1, "dirty");
	HOLDS(ring_used(&tcp->replies_ring) <= tcp->replies_ring.mask + 1, "replies");
	HOLDS(ring_used(&tcp->delayed_ring) <= tcp->delayed_ring.mask + 1, "delayed ACKs");
}

void invariants_check(struct shard *shard)
{
	const struct tcp *tcp = shard->tcp;
	struct ledgers ledgers;
	struct census census = { 0 };
	uint64_t buffers = 0;

	ledgers_open(&ledgers, tcp);
	check_rings(tcp);
	check_hot(shard, &ledgers, &census, &buffers);
	check_half_opens(shard, &ledgers.half_opens, &census);
	check_time_waits(shard, &census);
	check_listeners(tcp, &census);
	check_defence(shard);
	check_events(tcp, &buffers);
	check_counters(shard);
	ledgers_close(&ledgers);

	for (unsigned i = 0; i < WEIR_STATES; i++)
		HOLDS(census.states[i] == tcp->states[i], "%s: %lu, counted %lu",
		      weir_state_name((enum weir_state)i), (unsigned long)tcp->states[i],
		      (unsigned long)census.states[i]);
	HOLDS(census.entries == tcp->table.entries && census.entries == count_entries(&tcp->table),
	      "%u records, %u entries", census.entries, tcp->table.entries);
	for (unsigned i = 0; i < shard->held_count; i++)
		buffers += payload_buffers(shard->held[i].data);
	shard->buffers = buffers;
	buffers += shard->elsewhere + (shard->other != NULL ? shard->other->buffers : 0);
	HOLDS(buffers == payload_arena_live(), "%lu buffers, found %lu", (unsigned long)payload_arena_live(),
	      (unsigned long)buffers);
	witness_look(shard);
}

static void check_overdue(const struct tcp *tcp)
{
	for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++) {
		const struct tcb *tcb = tcb_at(tcp, slot);
		const struct tcb_ext *ext = tcb_ext(tcp, tcb);

		if (tcb->tuple.rport == 0)
			continue;
		HOLDS(tcb->timer == TIMER_NONE || seq_gt(tcb->deadline, tcp->tick), "timer %u of %u",
		      tcb->timer, slot);
		HOLDS(ext == NULL || !ext->lingers || seq_gt(ext->linger_end, tcp->tick), "%u lingers", slot);
	}
	for (uint32_t slot = 0; slot < tcp->half_opens.fresh; slot++) {
		const struct half_open *half = slot_pool_at(&tcp->half_opens, slot);

		HOLDS(half->tuple.rport == 0 || seq_gt(half_open_deadline(tcp, half), tcp->tick),
		      "half-open %u", slot);
	}
	for (uint32_t slot = 0; slot < tcp->time_wait_capacity; slot++) {
		const struct time_wait *wait = &tcp->time_waits[slot];

		HOLDS(wait->tuple.rport == 0 || seq_gt(wait->expires, tcp->tick), "TIME-WAIT %u", slot);
	}
	for (uint32_t i = tcp->delayed_ring.head; i != tcp->delayed_ring.tail; i++)
		HOLDS(seq_gt(tcp->delayed[i & tcp->delayed_ring.mask].deadline, tcp->tick), "a delayed ACK");
}

void invariants_timers(const struct shard *shard)
{
	uint64_t next = tcp_next_deadline(shard->tcp, shard->now_ns);

	HOLDS(next > shard->now_ns, "nothing is left to do, and the next deadline is past");
	check_overdue(shard->tcp);
}
