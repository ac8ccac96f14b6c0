/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ledger.h - who has which slot of a pool: on its free list once, or claimed by its one owner.
 */
#ifndef WEIR_TESTS_FUZZ_LEDGER_H
#define WEIR_TESTS_FUZZ_LEDGER_H

#include "tcp/tcp_pvt.h"

#define LEDGER_SLOTS 256

struct ledger {
	const struct slot_pool *pool;
	const char *name;
	uint32_t free, claimed;
	uint8_t seen[LEDGER_SLOTS]; /* enum, in ledger.c */
};

struct ledgers {
	struct ledger hot, half_opens, exts, pieces, sents;
};

/* Walks the free lists. */
void ledgers_open(struct ledgers *ledgers, const struct tcp *tcp);

bool ledger_is_free(const struct ledger *ledger, uint32_t slot);

/* A record is in use; by nobody else. */
void ledger_claim(struct ledger *ledger, uint32_t slot);

/* What was claimed must be what the pools count, and the rest free. */
void ledgers_close(const struct ledgers *ledgers);

#endif
