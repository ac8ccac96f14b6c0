/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counters.h - the counters of counters.def, one set per shard.
 *
 * Written by the shard's thread with plain increments (relaxed stores of whole words), read by
 * others with relaxed loads: a reader sees each value whole, some a burst older than others.
 */
#ifndef WEIR_BASE_COUNTERS_H
#define WEIR_BASE_COUNTERS_H

#include <stdint.h>

#include "weir.h"

enum counter {
#define COUNTER(id, kind, sentence) COUNT_##id,
#include "base/counters.def"
#undef COUNTER
	COUNTERS,
};

/* What an input step returns: ACCEPTED for a frame that was used, else the drop that is counted. */
typedef enum counter verdict;
#define ACCEPTED COUNT_frames_accepted

struct counters {
	uint64_t v[COUNTERS];
};

static inline void count_add(struct counters *counters, enum counter id, uint64_t n)
{
	__atomic_store_n(&counters->v[id], counters->v[id] + n, __ATOMIC_RELAXED);
}

static inline void count(struct counters *counters, enum counter id)
{
	count_add(counters, id, 1);
}

static inline uint64_t count_get(const struct counters *counters, enum counter id)
{
	return __atomic_load_n(&counters->v[id], __ATOMIC_RELAXED);
}

const char *counter_name(enum counter id);
const char *counter_sentence(enum counter id);
enum weir_counter_kind counter_kind(enum counter id);

#endif
