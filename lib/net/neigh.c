/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/neigh.h"

#include "base/check.h"
#include "base/clock.h"

#define NONE UINT16_MAX

/* RFC 4861 section 10, which hosts took over for ARP. */
#define ASK_NS CLOCK_NS_PER_S /* RETRANS_TIMER; RFC 1122 section 2.3.2.1: one per second to a host */
#define REACHABLE_NS (30 * CLOCK_NS_PER_S) /* REACHABLE_TIME */
#define DELAY_NS (5 * CLOCK_NS_PER_S)      /* DELAY_FIRST_PROBE_TIME */

#define IN_USE_NS \
	(5 * CLOCK_NS_PER_S) /* sent to since: worth asking everybody about; longer than PROBE lasts */
#define UNUSED_NS (600 * CLOCK_NS_PER_S)   /* a STALE entry that nobody needed this long is forgotten */
#define EVICTABLE_NS (60 * CLOCK_NS_PER_S) /* in need, this long is enough */
/* Deadlines are rounded up to this, so that many entries are looked through together. */
#define GRAIN_NS (64 * CLOCK_NS_PER_MS)

/* Multiply-shift, by factors that nobody outside knows. */
static unsigned bucket_of(const struct neigh *neigh, struct weir_address address)
{
	return (unsigned)((address.hi * neigh->key.k0 + address.lo * neigh->key.k1) >>
			  (64 - NEIGH_BUCKET_BITS));
}

static uint16_t index_of(const struct neigh *neigh, const struct neigh_entry *entry)
{
	return (uint16_t)(entry - neigh->entries);
}

void neigh_init(struct neigh *neigh, struct siphash_key key, struct counters *counters)
{
	*neigh = (struct neigh){ .counters = counters,
				 .key = { key.k0 | 1, key.k1 | 1 },
				 .ready_first = NONE,
				 .ready_last = NONE,
				 .next_due_ns = UINT64_MAX };
	for (unsigned i = 0; i < NEIGH_BUCKETS; i++)
		neigh->buckets[i] = NONE;
	for (unsigned i = 0; i < NEIGH_ENTRIES; i++)
		neigh->entries[i].next = i + 1 < NEIGH_ENTRIES ? (uint16_t)(i + 1) : NONE;
	for (unsigned i = 0; i < NEIGH_HELD_MAX; i++)
		neigh->held[i].next = i + 1 < NEIGH_HELD_MAX ? (uint16_t)(i + 1) : NONE;
}

static struct neigh_entry *find(struct neigh *neigh, struct weir_address address)
{
	for (uint16_t i = neigh->buckets[bucket_of(neigh, address)]; i != NONE; i = neigh->entries[i].next)
		if (address_equal(neigh->entries[i].address, address))
			return &neigh->entries[i];
	return NULL;
}

/* Frames that wait. */

static uint16_t held_pop(struct neigh *neigh, struct neigh_entry *entry)
{
	uint16_t slot = entry->held_first;

	entry->held_first = neigh->held[slot].next;
	entry->held--;
	return slot;
}

static void held_give(struct neigh *neigh, uint16_t slot)
{
	neigh->held[slot].frame = 0;
	neigh->held[slot].next = neigh->held_free;
	neigh->held_free = slot;
}

static void held_drop(struct neigh *neigh, payload frame)
{
	payload_free(frame);
	count(neigh->counters, COUNT_tx_no_neighbour);
}

static void held_drop_first(struct neigh *neigh, struct neigh_entry *entry)
{
	uint16_t slot = held_pop(neigh, entry);

	held_drop(neigh, neigh->held[slot].frame);
	held_give(neigh, slot);
}

static void held_add(struct neigh *neigh, struct neigh_entry *entry, payload frame)
{
	if (entry->held == NEIGH_HELD_EACH)
		held_drop_first(neigh, entry);
	uint16_t slot = neigh->held_free;

	if (slot == NONE) {
		held_drop(neigh, frame);
		return;
	}
	neigh->held_free = neigh->held[slot].next;
	neigh->held[slot] = (struct neigh_held){ .frame = frame, .next = NONE };
	if (entry->held == 0)
		entry->held_first = slot;
	else
		neigh->held[entry->held_last].next = slot;
	entry->held_last = slot;
	entry->held++;
}

/* The neighbour has answered: its frames join those that may go, in their order. */
static void held_ready(struct neigh *neigh, struct neigh_entry *entry)
{
	while (entry->held > 0) {
		uint16_t slot = held_pop(neigh, entry);

		neigh->held[slot].mac = entry->mac;
		neigh->held[slot].next = NONE;
		if (neigh->ready_first == NONE)
			neigh->ready_first = slot;
		else
			neigh->held[neigh->ready_last].next = slot;
		neigh->ready_last = slot;
	}
}

payload neigh_release(struct neigh *neigh, struct eth_addr *mac)
{
	uint16_t slot = neigh->ready_first;

	if (slot == NONE)
		return 0;
	payload frame = neigh->held[slot].frame;

	*mac = neigh->held[slot].mac;
	neigh->ready_first = neigh->held[slot].next;
	held_give(neigh, slot);
	return frame;
}

/* Entries and their states. */

static void set_due(struct neigh *neigh, struct neigh_entry *entry, uint64_t due_ns)
{
	entry->due_ns = (due_ns + GRAIN_NS - 1) / GRAIN_NS * GRAIN_NS;
	if (entry->due_ns < neigh->next_due_ns)
		neigh->next_due_ns = entry->due_ns;
}

static void set_state(struct neigh *neigh, struct neigh_entry *entry, enum neigh_state state)
{
	neigh->incomplete -= entry->state == NEIGH_INCOMPLETE;
	neigh->incomplete += state == NEIGH_INCOMPLETE;
	entry->state = state;
	entry->asked = 0;
	entry->wants_ask = false;
}

static void ask(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	set_due(neigh, entry, now_ns + ASK_NS);
	entry->asked++;
	entry->wants_ask = true;
	if (entry->in_queue)
		return;
	entry->in_queue = true;
	neigh->ask[neigh->ask_tail++ % NEIGH_ENTRIES] = index_of(neigh, entry);
}

bool neigh_next_request(struct neigh *neigh, struct neigh_request *request)
{
	while (neigh_asks(neigh)) {
		struct neigh_entry *entry = &neigh->entries[neigh->ask[neigh->ask_head++ % NEIGH_ENTRIES]];
		bool wanted = entry->wants_ask; /* not if it was answered or went meanwhile */

		entry->in_queue = false;
		entry->wants_ask = false;
		if (!wanted)
			continue;
		request->address = entry->address;
		request->mac = entry->state == NEIGH_PROBE ? entry->mac : ETH_BROADCAST;
		return true;
	}
	return false;
}

/* The slot in the queue of those that ask stays behind, and is passed over. */
static void entry_give(struct neigh *neigh, struct neigh_entry *entry)
{
	uint16_t *link = &neigh->buckets[bucket_of(neigh, entry->address)];

	while (*link != index_of(neigh, entry))
		link = &neigh->entries[*link].next;
	*link = entry->next;
	while (entry->held > 0)
		held_drop_first(neigh, entry);
	set_state(neigh, entry, NEIGH_FREE);
	entry->next = neigh->entries_free;
	neigh->entries_free = index_of(neigh, entry);
	neigh->used--;
}

/* Gateways. */

#define NO_GATEWAY NEIGH_GATEWAYS

static unsigned gateway_of(const struct neigh *neigh, struct weir_address address)
{
	unsigned i = 0;

	while (i < NEIGH_GATEWAYS && !address_equal(address, neigh->gateways[i]))
		i++;
	return i;
}

static bool is_gateway(const struct neigh *neigh, struct weir_address address)
{
	return gateway_of(neigh, address) != NO_GATEWAY;
}

void neigh_set_gateway(struct neigh *neigh, unsigned i, struct weir_address address)
{
	CHECK(i < NEIGH_GATEWAYS);
	neigh->gateways[i] = address;
	neigh->gateways_failed &= ~(1u << i);
}

/* It went silent, or answered. */
static void gateway_note(struct neigh *neigh, const struct neigh_entry *entry, bool failed)
{
	unsigned i = gateway_of(neigh, entry->address);
	uint32_t bit = 1u << i;

	if (i == NO_GATEWAY || (!failed && !(neigh->gateways_failed & bit)))
		return;
	neigh->gateways_failed = failed ? neigh->gateways_failed | bit : neigh->gateways_failed & ~bit;
	neigh->gateways_changed = true;
}

/* Room in the table. */

static bool evictable(const struct neigh *neigh, const struct neigh_entry *entry, uint64_t now_ns)
{
	return entry->state == NEIGH_STALE && !is_gateway(neigh, entry->address) &&
	       now_ns - entry->used_ns >= EVICTABLE_NS;
}

/* Makes room by the entry that was unused longest, if that is long enough. */
static void evict(struct neigh *neigh, uint64_t now_ns)
{
	struct neigh_entry *victim = NULL;

	if (now_ns < neigh->no_victim_ns)
		return;
	for (unsigned i = 0; i < NEIGH_ENTRIES; i++) {
		struct neigh_entry *entry = &neigh->entries[i];

		if (evictable(neigh, entry, now_ns) && (victim == NULL || entry->used_ns < victim->used_ns))
			victim = entry;
	}
	if (victim != NULL)
		entry_give(neigh, victim);
	else
		neigh->no_victim_ns = now_ns + GRAIN_NS;
}

/*
 * A new INCOMPLETE entry, or NULL. Some are the gateways' alone;
 * those of former gateways may stand there for a while.
 */
static struct neigh_entry *entry_take(struct neigh *neigh, struct weir_address address, uint64_t now_ns)
{
	bool gateway = is_gateway(neigh, address);
	unsigned most = gateway ? NEIGH_ENTRIES : NEIGH_ENTRIES - NEIGH_GATEWAYS;

	if (!gateway && neigh->incomplete >= NEIGH_INCOMPLETE_MAX)
		return NULL;
	if (neigh->used >= most)
		evict(neigh, now_ns);
	if (neigh->used >= most)
		return NULL;
	uint16_t slot = neigh->entries_free;
	struct neigh_entry *entry = &neigh->entries[slot];
	uint16_t *bucket = &neigh->buckets[bucket_of(neigh, address)];

	CHECK(slot != NONE);
	neigh->entries_free = entry->next;
	neigh->used++;
	*entry = (struct neigh_entry){ .address = address, .next = *bucket, .in_queue = entry->in_queue };
	*bucket = slot;
	set_state(neigh, entry, NEIGH_INCOMPLETE);
	ask(neigh, entry, now_ns);
	return entry;
}

const struct eth_addr *neigh_find(struct neigh *neigh, struct weir_address address, uint64_t now_ns)
{
	struct neigh_entry *entry = find(neigh, address);

	if (entry == NULL)
		return NULL;
	entry->used_ns = now_ns;
	if (entry->state == NEIGH_INCOMPLETE)
		return NULL;
	if (entry->state == NEIGH_STALE) {
		set_state(neigh, entry, NEIGH_DELAY);
		set_due(neigh, entry, now_ns + DELAY_NS);
	}
	return &entry->mac;
}

void neigh_ask(struct neigh *neigh, struct weir_address address, uint64_t now_ns)
{
	if (find(neigh, address) == NULL)
		entry_take(neigh, address, now_ns);
}

void neigh_hold(struct neigh *neigh, struct weir_address address, payload frame, uint64_t now_ns)
{
	struct neigh_entry *entry = find(neigh, address);

	if (entry == NULL)
		entry = entry_take(neigh, address, now_ns);
	if (entry == NULL) {
		held_drop(neigh, frame);
		return;
	}
	entry->used_ns = now_ns;
	held_add(neigh, entry, frame);
}

/* What is said of them. */

static void probe(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	set_state(neigh, entry, NEIGH_PROBE);
	ask(neigh, entry, now_ns);
}

/* From the place where it was asked. */
static void answered(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	if (entry->claimed)
		count(neigh->counters, COUNT_neigh_claims_refused);
	entry->claimed = false;
	entry->answered_ns = now_ns;
	set_state(neigh, entry, NEIGH_REACHABLE);
	set_due(neigh, entry, now_ns + REACHABLE_NS);
	gateway_note(neigh, entry, false);
}

/* RFC 4861 section 7.2.5, first half: an INCOMPLETE entry believes whatever comes. */
static enum neigh_effect learn_first(struct neigh *neigh, struct neigh_entry *entry,
				     const struct eth_addr *mac, unsigned news, uint64_t now_ns)
{
	if (news & NEIGH_NO_MAC)
		return NEIGH_UNKNOWN;
	entry->mac = *mac;
	if (news & NEIGH_SOLICITED) {
		answered(neigh, entry, now_ns);
	} else if (entry->held > 0) { /* which use it */
		set_state(neigh, entry, NEIGH_DELAY);
		set_due(neigh, entry, now_ns + DELAY_NS);
	} else {
		set_state(neigh, entry, NEIGH_STALE);
		set_due(neigh, entry, now_ns + UNUSED_NS);
	}
	held_ready(neigh, entry);
	return news & NEIGH_SOLICITED ? NEIGH_ANSWERED : NEIGH_NOTED;
}

/* Who is known is asked first; not within a second of his answer. */
static enum neigh_effect claim(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	if (entry->claimed)
		return NEIGH_CLAIMED;
	count(neigh->counters, COUNT_neigh_claims);
	entry->claimed = true;
	if (entry->state == NEIGH_PROBE)
		return NEIGH_CLAIMED;
	if (now_ns - entry->answered_ns < ASK_NS)
		set_due(neigh, entry, entry->answered_ns + ASK_NS);
	else
		probe(neigh, entry, now_ns);
	return NEIGH_CLAIMED;
}

/* The second half, for another address than the known one. */
static enum neigh_effect learn_other(struct neigh *neigh, struct neigh_entry *entry, unsigned news,
				     uint64_t now_ns)
{
	if (news & NEIGH_NO_MAC)
		return NEIGH_NOTED;
	if (news & NEIGH_OVERRIDE)
		return claim(neigh, entry, now_ns);
	if (entry->state == NEIGH_REACHABLE && !entry->claimed) {
		set_state(neigh, entry, NEIGH_STALE);
		set_due(neigh, entry, now_ns + UNUSED_NS);
	}
	return NEIGH_NOTED;
}

enum neigh_effect neigh_learn(struct neigh *neigh, struct weir_address address, const struct eth_addr *mac,
			      unsigned news, uint64_t now_ns)
{
	struct neigh_entry *entry = find(neigh, address);

	if (entry == NULL)
		return NEIGH_UNKNOWN;
	if (entry->state == NEIGH_INCOMPLETE)
		return learn_first(neigh, entry, mac, news, now_ns);
	if (!eth_equal(mac, &entry->mac))
		return learn_other(neigh, entry, news, now_ns);
	/* In other states nobody has asked: it only says that it can reach us, not that we reach it. */
	if (entry->state != NEIGH_PROBE || !(news & NEIGH_SOLICITED))
		return NEIGH_NOTED;
	answered(neigh, entry, now_ns);
	return NEIGH_ANSWERED;
}

void neigh_doubt(struct neigh *neigh, struct weir_address address, uint64_t now_ns)
{
	struct neigh_entry *entry = find(neigh, address);

	if (entry == NULL || entry->state == NEIGH_INCOMPLETE || entry->state == NEIGH_PROBE)
		return;
	if (entry->state != NEIGH_REACHABLE || now_ns - entry->answered_ns >= ASK_NS)
		probe(neigh, entry, now_ns);
}

/* Time. */

static void incomplete_due(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	if (entry->asked < NEIGH_ASK_MAX) {
		ask(neigh, entry, now_ns);
		return;
	}
	gateway_note(neigh, entry, true);
	entry_give(neigh, entry);
}

static void reachable_due(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	if (entry->claimed) {
		probe(neigh, entry, now_ns);
	} else if (entry->used_ns + UNUSED_NS <= now_ns) {
		entry_give(neigh, entry); /* nobody has looked for a long time, us included */
	} else {
		set_state(neigh, entry, NEIGH_STALE);
		set_due(neigh, entry, entry->used_ns + UNUSED_NS);
	}
}

/* Unanswered: whoever is in use may have moved, and everybody is asked. */
static void probe_due(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	if (entry->asked < NEIGH_ASK_MAX) {
		ask(neigh, entry, now_ns);
		return;
	}
	gateway_note(neigh, entry, true);
	if (entry->used_ns + IN_USE_NS <= now_ns || neigh->incomplete >= NEIGH_INCOMPLETE_MAX) {
		entry_give(neigh, entry);
		return;
	}
	entry->claimed = false;
	set_state(neigh, entry, NEIGH_INCOMPLETE);
	ask(neigh, entry, now_ns);
}

static void entry_due(struct neigh *neigh, struct neigh_entry *entry, uint64_t now_ns)
{
	switch ((enum neigh_state)entry->state) {
	case NEIGH_FREE:
		return;
	case NEIGH_INCOMPLETE:
		incomplete_due(neigh, entry, now_ns);
		return;
	case NEIGH_REACHABLE:
		reachable_due(neigh, entry, now_ns);
		return;
	case NEIGH_STALE:
		if (entry->claimed)
			probe(neigh, entry, now_ns);
		else
			entry_give(neigh, entry); /* its use would have made it a DELAY */
		return;
	case NEIGH_DELAY:
		probe(neigh, entry, now_ns);
		return;
	case NEIGH_PROBE:
		probe_due(neigh, entry, now_ns);
		return;
	}
}

void neigh_advance(struct neigh *neigh, uint64_t now_ns)
{
	if (now_ns < neigh->next_due_ns)
		return;
	neigh->next_due_ns = UINT64_MAX;
	for (unsigned i = 0; i < NEIGH_ENTRIES; i++) {
		struct neigh_entry *entry = &neigh->entries[i];

		if (entry->state != NEIGH_FREE && entry->due_ns <= now_ns)
			entry_due(neigh, entry, now_ns);
		if (entry->state != NEIGH_FREE && entry->due_ns < neigh->next_due_ns)
			neigh->next_due_ns = entry->due_ns;
	}
}

uint64_t neigh_next_deadline(const struct neigh *neigh, uint64_t now_ns)
{
	if (neigh->ready_first != NONE || neigh_asks(neigh))
		return now_ns;
	return neigh->next_due_ns;
}

void neigh_clear(struct neigh *neigh)
{
	struct eth_addr mac;
	payload frame;

	while ((frame = neigh_release(neigh, &mac)) != 0)
		payload_free(frame);
	for (unsigned i = 0; i < NEIGH_ENTRIES; i++)
		while (neigh->entries[i].held > 0)
			held_drop_first(neigh, &neigh->entries[i]);
}
