/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/counters.h"

static const struct {
	const char *name;
	const char *sentence;
	enum weir_counter_kind kind;
} table[COUNTERS] = {
#define COUNTER(id, k, s) [COUNT_##id] = { .name = #id, .sentence = s, .kind = WEIR_COUNT_##k },
#include "base/counters.def"
#undef COUNTER
};

const char *counter_name(enum counter id)
{
	return table[id].name;
}

const char *counter_sentence(enum counter id)
{
	return table[id].sentence;
}

enum weir_counter_kind counter_kind(enum counter id)
{
	return table[id].kind;
}
