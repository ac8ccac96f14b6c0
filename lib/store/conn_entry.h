/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_entry.h - an entry of the connection table, and what a bucket of eight is asked. Private to
 * the table's sources.
 *
 * An entry, 64 bits:
 *
 *     63      62     61 ............ 32   31 ............. 0
 *     stray   away   tag (30, never 0)    ref, 0: free
 *
 * away: it stands in the second of its two buckets. The stray bits belong to the bucket, not to
 * their entries: those of entries 0 to 3 make up a number, the count of this home's keys with even tags that
 * stand elsewhere, and those of entries 4 to 7 that of its keys with odd tags. A miss whose count
 * is 0 needs no second look; with two counts instead of one of eight bits nearly half of those looks are
 * saved. A count that reaches 15 stays there: from then on misses look twice, rightly but for longer.
 */
#ifndef WEIR_STORE_CONN_ENTRY_H
#define WEIR_STORE_CONN_ENTRY_H

#include <stdint.h>

#define CONN_WAYS 8
#define CONN_TAG_BITS 30
#define CONN_TAG_MASK ((1u << CONN_TAG_BITS) - 1)
#define CONN_AWAY (1u << CONN_TAG_BITS)
#define CONN_MARK_MASK (CONN_TAG_MASK | CONN_AWAY)
#define CONN_STRAY_BIT (1ull << 63)
#define CONN_STRAYS_MAX 15u

/* What an entry is recognised by: tag and away. That of a free entry is 0. */
static inline uint32_t conn_entry_mark(uint64_t entry)
{
	return (uint32_t)(entry >> 32) & CONN_MARK_MASK;
}

struct conn_match {
	uint32_t ways;   /* bit i: entry i has the mark */
	uint32_t strays; /* bit i: entry i has its stray bit; see conn_strays() */
};

/* The count that a key with this tag is in, if it stands elsewhere. */
static inline uint32_t conn_strays(uint32_t strays, uint32_t tag)
{
	return strays >> 4 * (tag & 1) & CONN_STRAYS_MAX;
}

#endif
