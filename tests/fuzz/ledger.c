/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/ledger.h"

#include <string.h>

#include "fuzz/fault.h"

enum {
	SEEN_NOT,
	SEEN_FREE,
	SEEN_CLAIMED,
};

static void see(struct ledger *ledger, uint32_t slot, uint8_t as)
{
	HOLDS(slot < ledger->pool->fresh, "%s %u was never taken", ledger->name, slot);
	HOLDS(ledger->seen[slot] == SEEN_NOT, "%s %u is %s twice", ledger->name, slot,
	      ledger->seen[slot] != as ? "free and in use, or so" :
	      as == SEEN_FREE          ? "free" :
					 "in use");
	ledger->seen[slot] = as;
}

static void ledger_open(struct ledger *ledger, const struct slot_pool *pool, const char *name)
{
	ledger->pool = pool;
	ledger->name = name;
	ledger->free = ledger->claimed = 0;
	CHECK(pool->capacity <= LEDGER_SLOTS);
	memset(ledger->seen, SEEN_NOT, pool->fresh);
	for (uint32_t slot = pool->top; slot != SLOT_NONE; ledger->free++) {
		see(ledger, slot, SEEN_FREE);
		memcpy(&slot, slot_pool_at(pool, slot), sizeof(slot));
	}
}

void ledgers_open(struct ledgers *ledgers, const struct tcp *tcp)
{
	ledger_open(&ledgers->hot, &tcp->hot, "record");
	ledger_open(&ledgers->half_opens, &tcp->half_opens, "half-open record");
	ledger_open(&ledgers->exts, &tcp->exts, "extension");
	ledger_open(&ledgers->pieces, &tcp->pieces, "piece");
	ledger_open(&ledgers->sents, &tcp->sents, "segment in flight");
}

bool ledger_is_free(const struct ledger *ledger, uint32_t slot)
{
	return ledger->seen[slot] == SEEN_FREE;
}

void ledger_claim(struct ledger *ledger, uint32_t slot)
{
	see(ledger, slot, SEEN_CLAIMED);
	ledger->claimed++;
}

static void ledger_close(const struct ledger *ledger)
{
	const struct slot_pool *pool = ledger->pool;

	HOLDS(ledger->claimed == pool->used, "%s: %u in use, found %u", ledger->name, pool->used,
	      ledger->claimed);
	HOLDS(ledger->free + pool->used == pool->fresh, "%s: %u free", ledger->name, ledger->free);
}

void ledgers_close(const struct ledgers *ledgers)
{
	ledger_close(&ledgers->hot);
	ledger_close(&ledgers->half_opens);
	ledger_close(&ledgers->exts);
	ledger_close(&ledgers->pieces);
	ledger_close(&ledgers->sents);
}
