/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table_lookup: in how many cycles does a burst find its connections, beside DPDK's rte_hash?
 *
 * weir's figure is all of a lookup: keyed hash, bucket, record, the tuple compared; with four bursts under
 * way, each a stage behind the other, and with each burst alone. rte_hash's is rte_hash_lookup_bulk_data()
 * alone, with keys of 12 bytes or of 16, whichever is faster here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bench.h"
#include "lookup_table.h"

#define TARGET_HITS 2.0
#define TARGET_MISSES 1.7
#define TARGET_CHANGES 1.0

#define QUERIES_MAX (2u << 20)
#define CHANGES_MAX (1u << 18)
#define TURN_LOOKUPS (1u << 20)
#define TURN_CHANGES (1u << 17)
/* A prime that no number of connections here is a multiple of: steps of it meet each once, and far apart. */
#define STRIDE 7368787u

enum side {
	WEIR,
	RTE_12,
	RTE_16,
	TABLES,
	WEIR_ALONE = TABLES, /* the same tables, asked otherwise */
	RTE_READING,
	SIDES,
};

struct stage {
	uint32_t connections;
	const char *name; /* of their number */
	bool headline;
	struct lookup_table tables[SIDES];
	struct lookup_key *hits, *misses;
	uint32_t queries; /* in each of the lists */
	uint64_t hits_sum;
	struct lookup_key *changes; /* each once */
	uint32_t changes_count;
};

/* What a question costs each side, by turn. */
typedef double turns[SIDES][BENCH_TURNS];

static bool is_right(const struct stage *stage, const char *what, uint64_t got, uint64_t expected)
{
	if (got != expected)
		bench_note("table_lookup: %s connections, %s: %" PRIu64 " instead of %" PRIu64 ": no result",
			   stage->name, what, got, expected);
	return got == expected;
}

/* Cycles a lookup; 0 after a note. */
static double find(const struct stage *stage, enum side side, const struct lookup_key *keys, uint64_t sum)
{
	const struct lookup_table *table = &stage->tables[side];
	uint32_t laps = TURN_LOOKUPS / stage->queries + 1;
	uint64_t got = 0, begin = bench_cycles();

	for (uint32_t i = 0; i < laps; i++)
		got += table->find(table->self, keys, stage->queries);
	double cycles = (double)(bench_cycles() - begin);

	return is_right(stage, "answers", got, sum * laps) ? cycles / laps / stage->queries : 0;
}

static bool find_in_turns(const struct stage *stage, const struct lookup_key *keys, uint64_t sum, turns cost)
{
	for (unsigned i = 0; i < BENCH_TURNS; i++) {
		for (enum side side = 0; side < SIDES; side++) {
			cost[side][i] = find(stage, side, keys, sum);
			if (cost[side][i] == 0)
				return false;
		}
	}
	return true;
}

static void shuffle(struct lookup_key *keys, uint32_t count, struct rng *rng)
{
	for (uint32_t i = count; i > 1; i--) {
		uint32_t other = rng_below(rng, i);
		struct lookup_key key = keys[i - 1];

		keys[i - 1] = keys[other];
		keys[other] = key;
	}
}

/*
 * Takes connections out and puts them in again, lap by lap. Each time in another order: what stands in a row
 * in the list must not do so in anybody's memory.
 */
static bool change(const struct stage *stage, enum side side, double *removal, double *insertion)
{
	const struct lookup_table *table = &stage->tables[side];
	uint32_t laps = TURN_CHANGES / stage->changes_count + 1, removed = 0, inserted = 0;
	uint64_t removing = 0, inserting = 0;
	struct rng rng = { (uint64_t)side };

	for (uint32_t i = 0; i < laps; i++) {
		shuffle(stage->changes, stage->changes_count, &rng);
		uint64_t begin = bench_cycles();

		removed += table->remove(table->self, stage->changes, stage->changes_count);
		removing += bench_cycles() - begin;
		shuffle(stage->changes, stage->changes_count, &rng);
		begin = bench_cycles();
		inserted += table->insert(table->self, stage->changes, stage->changes_count);
		inserting += bench_cycles() - begin;
	}
	uint32_t all = laps * stage->changes_count;

	*removal = (double)removing / all;
	*insertion = (double)inserting / all;
	return is_right(stage, "removals", removed, all) && is_right(stage, "insertions", inserted, all);
}

static bool change_in_turns(const struct stage *stage, turns removals, turns insertions)
{
	for (unsigned i = 0; i < BENCH_TURNS; i++)
		for (enum side side = 0; side < TABLES; side++)
			if (!change(stage, side, &removals[side][i], &insertions[side][i]))
				return false;
	return true;
}

static double middle(const double *values)
{
	double sorted[BENCH_TURNS];

	for (unsigned i = 0; i < BENCH_TURNS; i++)
		sorted[i] = values[i];
	return bench_median(sorted, BENCH_TURNS);
}

static enum side faster_rte(turns cost)
{
	return middle(cost[RTE_12]) < middle(cost[RTE_16]) ? RTE_12 : RTE_16;
}

/* The ratio is of pairs, so that what the machine did meanwhile met both. */
static void tell(const struct stage *stage, const char *what, turns cost, enum side weir, enum side rte,
		 double target)
{
	static const char *const names[SIDES] = {
		[RTE_12] = "rte_hash, 12-byte keys",
		[RTE_16] = "rte_hash, 16-byte keys",
		[RTE_READING] = "rte_hash, records read",
	};
	double ratios[BENCH_TURNS];
	char which[64];

	for (unsigned i = 0; i < BENCH_TURNS; i++)
		ratios[i] = cost[rte][i] / cost[weir][i];
	snprintf(which, sizeof(which), "%s, %s", what, stage->name);
	bench_row(&(struct bench_row){
		.bench = "table_lookup",
		.which = which,
		.headline = stage->headline && target == TARGET_HITS,
		.value = middle(cost[weir]),
		.unit = "cycles",
		.reference = names[rte],
		.reference_value = middle(cost[rte]),
		.ratio = middle(ratios),
		.target = target,
	});
}

static int measure(const struct stage *stage)
{
	turns hits, misses, removals, insertions;
	bool large = stage->headline; /* which is what the targets are about */

	if (!find_in_turns(stage, stage->hits, stage->hits_sum, hits) ||
	    !find_in_turns(stage, stage->misses, 0, misses) || !change_in_turns(stage, removals, insertions))
		return -1;
	tell(stage, "hits", hits, WEIR, faster_rte(hits), large ? TARGET_HITS : 0);
	tell(stage, "hits, a burst alone", hits, WEIR_ALONE, faster_rte(hits), 0);
	tell(stage, "hits, records read", hits, WEIR, RTE_READING, 0);
	tell(stage, "misses", misses, WEIR, faster_rte(misses), large ? TARGET_MISSES : 0);
	tell(stage, "misses, a burst alone", misses, WEIR_ALONE, faster_rte(misses), 0);
	tell(stage, "insert", insertions, WEIR, faster_rte(insertions), TARGET_CHANGES);
	tell(stage, "delete", removals, WEIR, faster_rte(removals), TARGET_CHANGES);
	return 0;
}

static bool fill(const struct stage *stage, enum side side)
{
	const struct lookup_table *table = &stage->tables[side];
	struct lookup_key keys[5 * LOOKUP_BURST];
	uint32_t done = 0;

	for (uint32_t i = 0; i < stage->connections; i += LOOKUP_BURST) {
		for (unsigned j = 0; j < LOOKUP_BURST; j++)
			keys[j] = lookup_key(i + j);
		done += table->insert(table->self, keys, LOOKUP_BURST);
	}
	return is_right(stage, "connections in the table", done, stage->connections);
}

static bool build(struct stage *stage)
{
	stage->tables[WEIR] = lookup_table_weir(stage->connections);
	if (stage->tables[WEIR].self == NULL)
		return false;
	const uint8_t *records = lookup_table_records(&stage->tables[WEIR]);

	stage->tables[RTE_12] = lookup_table_rte(stage->connections, 12, records);
	stage->tables[RTE_16] = lookup_table_rte(stage->connections, 16, records);
	for (enum side side = 0; side < TABLES; side++)
		if (stage->tables[side].self == NULL || !fill(stage, side))
			return false;
	stage->tables[WEIR_ALONE] = lookup_table_alone(&stage->tables[WEIR]);
	stage->tables[RTE_READING] = lookup_table_reading(&stage->tables[RTE_16]);
	return true;
}

static bool draw(struct stage *stage)
{
	uint32_t n = stage->connections;

	stage->queries = n < QUERIES_MAX / 4 ? 4 * n : QUERIES_MAX;
	stage->changes_count = n / 2 < CHANGES_MAX ? n / 2 : CHANGES_MAX;
	stage->hits = calloc(stage->queries, sizeof(*stage->hits));
	stage->misses = calloc(stage->queries, sizeof(*stage->misses));
	stage->changes = calloc(stage->changes_count, sizeof(*stage->changes));
	if (stage->hits == NULL || stage->misses == NULL || stage->changes == NULL)
		return false;
	stage->hits_sum = lookup_keys_draw(stage->hits, stage->queries, 0, n);
	lookup_keys_draw(stage->misses, stage->queries, n, n);
	for (uint32_t i = 0; i < stage->changes_count; i++)
		stage->changes[i] = lookup_key((uint32_t)((uint64_t)i * STRIDE % n));
	return true;
}

static void tear_down(struct stage *stage)
{
	for (enum side side = 0; side < TABLES; side++)
		if (stage->tables[side].self != NULL)
			stage->tables[side].destroy(stage->tables[side].self);
	free(stage->hits);
	free(stage->misses);
	free(stage->changes);
}

int bench_table_lookup(void)
{
	struct stage stages[] = {
		{ .connections = 9984, .name = "10 k" },
		{ .connections = 1000000, .name = "1 M" },
		{ .connections = 10000000, .name = "10 M", .headline = true },
	};
	int rc = 0;

	for (unsigned i = 0; i < sizeof(stages) / sizeof(stages[0]) && rc == 0; i++) {
		rc = build(&stages[i]) && draw(&stages[i]) ? measure(&stages[i]) : -1;
		tear_down(&stages[i]);
	}
	return rc;
}
