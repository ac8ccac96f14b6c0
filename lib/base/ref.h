/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ref.h - a record, by pool and slot, in 32 bits: what the connection table and the timer wheel
 * hold instead of pointers.
 */
#ifndef WEIR_BASE_REF_H
#define WEIR_BASE_REF_H

#include <stdint.h>

/* Which pool a slot is in. 0 is no pool, so that a zeroed ref is none. */
enum ref_kind {
	REF_NONE,
	REF_HOT,       /* struct tcb */
	REF_HALF_OPEN, /* struct half_open */
	REF_TIME_WAIT, /* struct time_wait */
	REF_KINDS,
};

#define REF_SLOT_BITS 30
#define REF_SLOT_MAX ((1u << REF_SLOT_BITS) - 1)

typedef uint32_t ref;

static inline ref ref_make(enum ref_kind kind, uint32_t slot)
{
	return (uint32_t)kind << REF_SLOT_BITS | slot;
}

static inline enum ref_kind ref_kind(ref r)
{
	return (enum ref_kind)(r >> REF_SLOT_BITS);
}

static inline uint32_t ref_slot(ref r)
{
	return r & REF_SLOT_MAX;
}

/* The records of one kind: slot i stands at base + i * stride. */
struct ref_pool {
	void *base;
	uint32_t stride; /* bytes */
	uint32_t field;  /* offset in a record of whatever the user of the pool needs, in bytes */
};

static inline void *ref_record(const struct ref_pool pools[REF_KINDS], ref r)
{
	const struct ref_pool *pool = &pools[ref_kind(r)];

	return (uint8_t *)pool->base + (uint64_t)ref_slot(r) * pool->stride;
}

#endif
