/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/conn_table.h"

#include <criterion/criterion.h>

#include "base/rng.h"
#include "store/conn_bucket.h"
#include "store/conn_lookup.h"
#include "store/conn_match_c.h"
#include "support/addresses.h"
#include "support/test_arena.h"

/*
 * A table, three pools of records with unlike strides, of both families in turn, and beside them what should
 * be in the table: for each key its tuple, its hash - chosen by the test, so that keys can be made to
 * collide - and its ref or REF_NONE.
 */
struct key {
	struct tuple tuple;
	uint64_t hash;
	ref r;
};

struct fixture {
	struct conn_table table;
	struct arena arena;
	struct key *keys;
	uint32_t count;
	struct ref_pool pools[REF_KINDS];
};

static const uint32_t strides[REF_KINDS] = { 0, 64, 48, 32 };

static struct fixture fixture_new(uint32_t max_entries, uint32_t count)
{
	struct arena counted = { 0 };
	struct fixture f = { .count = count, .keys = calloc(count, sizeof(*f.keys)) };

	cr_assert_not_null(f.keys);
	for (unsigned kind = 1; kind < REF_KINDS; kind++)
		f.pools[kind] =
			(struct ref_pool){ .base = calloc(count, strides[kind]), .stride = strides[kind] };
	conn_table_init(&f.table, &counted, max_entries, f.pools);
	cr_assert_leq((uint64_t)max_entries * 4, (uint64_t)f.table.bucket_count * 8 * 3,
		      "load of at most 0.75");
	f.arena = test_arena_for(&counted);
	conn_table_init(&f.table, &f.arena, max_entries, f.pools);
	for (uint32_t i = 0; i < count; i++) {
		struct pair pair = { numbered_address(i & 1, 0x0a000001),
				     numbered_address(i & 1, 0x0a010000 + i / 1000) };

		f.keys[i].tuple =
			tuple_make((struct siphash_key){ 3, 4 }, &pair, 80, (uint16_t)(1024 + i % 1000));
		f.keys[i].hash = tuple_hash((struct siphash_key){ 1, 2 }, &f.keys[i].tuple);
	}
	return f;
}

static void fixture_free(struct fixture *f)
{
	for (unsigned kind = 1; kind < REF_KINDS; kind++)
		free(f->pools[kind].base);
	free(f->keys);
	free(f->arena.base);
}

static size_t table_bytes(const struct fixture *f)
{
	return (size_t)f->table.bucket_count * sizeof(*f->table.buckets);
}

/* Slot i of each pool is key i's, so that no two records are ever the same. */
static bool insert(struct fixture *f, uint32_t i, enum ref_kind kind)
{
	struct key *key = &f->keys[i];
	ref r = ref_make(kind, i);

	*(struct tuple *)ref_record(f->pools, r) = key->tuple;
	if (!conn_table_insert(&f->table, key->hash, r))
		return false;
	key->r = r;
	return true;
}

static void drop(struct fixture *f, uint32_t i)
{
	struct key *key = &f->keys[i];

	conn_table_remove(&f->table, key->hash, key->r);
	*(struct tuple *)ref_record(f->pools, key->r) = (struct tuple){ 0 };
	key->r = REF_NONE;
}

static void replace(struct fixture *f, uint32_t i, enum ref_kind kind)
{
	struct key *key = &f->keys[i];
	ref to = ref_make(kind, i);

	*(struct tuple *)ref_record(f->pools, to) = key->tuple;
	conn_table_replace(&f->table, key->hash, key->r, to);
	if (key->r != to)
		*(struct tuple *)ref_record(f->pools, key->r) = (struct tuple){ 0 };
	key->r = to;
}

/* Every key is found, or missed, one at a time and in bulks of all sizes. */
static void check_all(const struct fixture *f)
{
	uint32_t present = 0;

	for (uint32_t i = 0; i < f->count; i++) {
		ref r = conn_table_find(&f->table, f->keys[i].hash, &f->keys[i].tuple);

		cr_assert_eq(r, f->keys[i].r, "key %u: %x instead of %x", i, r, f->keys[i].r);
		present += r != REF_NONE;
	}
	cr_assert_eq(f->table.entries, present);
	for (uint32_t i = 0, n = 1; i < f->count; i += n, n = n % CONN_TABLE_BULK_MAX + 1) {
		uint64_t hashes[CONN_TABLE_BULK_MAX];
		const struct tuple *tuples[CONN_TABLE_BULK_MAX];
		ref refs[CONN_TABLE_BULK_MAX + 1];
		uint32_t last = f->count - i < n ? f->count - i : n;

		for (uint32_t j = 0; j < last; j++) {
			hashes[j] = f->keys[i + j].hash;
			tuples[j] = &f->keys[i + j].tuple;
		}
		refs[last] = 0xdeadbeef;
		conn_table_find_bulk(&f->table, hashes, tuples, last, refs);
		for (uint32_t j = 0; j < last; j++)
			cr_assert_eq(refs[j], f->keys[i + j].r, "key %u in a bulk of %u", i + j, last);
		cr_assert_eq(refs[last], 0xdeadbeef, "written beyond the end of a bulk of %u", last);
	}
}

/* Foresees the inserts of some keys in a row, however full the table is. */
static void expect(const struct fixture *f, uint32_t first, uint32_t n)
{
	uint64_t hashes[CONN_TABLE_BULK_MAX];

	for (uint32_t i = 0; i < n; i++)
		hashes[i] = f->keys[(first + i) % f->count].hash;
	conn_table_expect_bulk(&f->table, hashes, n);
}

/* Inserts, removals and replacements in random order; every call must move table.changes. */
static void churn(struct fixture *f, uint32_t steps, uint64_t seed)
{
	struct rng rng = { seed };
	uint8_t *before = malloc(table_bytes(f));

	for (uint32_t step = 0; step < steps; step++) {
		uint32_t i = rng_below(&rng, f->count), todo = rng_below(&rng, 8);
		enum ref_kind kind = 1 + rng_below(&rng, 3);
		uint64_t changes = f->table.changes;
		bool changed = true;

		if (f->keys[i].r == REF_NONE) {
			memcpy(before, f->table.buckets, table_bytes(f));
			expect(f, i, step % (CONN_TABLE_BULK_MAX + 1));
			changed = insert(f, i, kind);
			cr_assert(changed || memcmp(before, f->table.buckets, table_bytes(f)) == 0,
				  "a failed insert left a trace, seed %lu step %u", seed, step);
		} else if (todo < 5) {
			drop(f, i);
		} else {
			replace(f, i, kind);
		}
		cr_assert_eq(f->table.changes > changes, changed);
		if (step % 512 == 0)
			check_all(f);
	}
	check_all(f);
	free(before);
}

/* In bulks of all sizes. */
static void drop_all(struct fixture *f)
{
	uint64_t hashes[CONN_TABLE_BULK_MAX];
	ref refs[CONN_TABLE_BULK_MAX];
	uint64_t changes = f->table.changes;

	for (uint32_t i = 0, bulk = 0; i < f->count; bulk = (bulk + 1) % (CONN_TABLE_BULK_MAX + 1)) {
		uint32_t n = 0, entries = f->table.entries;

		for (; i < f->count && n < bulk; i++) {
			if (f->keys[i].r == REF_NONE)
				continue;
			hashes[n] = f->keys[i].hash;
			refs[n++] = f->keys[i].r;
			f->keys[i].r = REF_NONE;
		}
		conn_table_remove_bulk(&f->table, hashes, refs, n);
		cr_assert_eq(f->table.entries, entries - n);
		cr_assert_eq(f->table.changes, changes += n);
	}
	cr_assert_eq(f->table.entries, 0);
}

/* Nothing is left of what was removed: no entry, no count of strays. */
static void check_clean(const struct fixture *f)
{
	for (uint32_t b = 0; b < f->table.bucket_count; b++)
		for (unsigned way = 0; way < CONN_WAYS; way++)
			cr_assert_eq(f->table.buckets[b][way], 0, "bucket %u way %u", b, way);
}

Test(conn_table, empty)
{
	struct fixture f = fixture_new(100, 50);

	check_all(&f);
	cr_assert_eq(f.table.changes, 0);
	fixture_free(&f);
}

Test(conn_table, random_against_a_model)
{
	/* From half empty to more keys than places. */
	const uint32_t sizes[][2] = { { 1, 40 }, { 64, 70 }, { 64, 200 }, { 300, 500 }, { 300, 900 } };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct fixture f = fixture_new(sizes[i][0], sizes[i][1]);

		churn(&f, 20000, 100 + i);
		drop_all(&f);
		check_all(&f);
		check_clean(&f);
		fixture_free(&f);
	}
}

/* Every stage of one burst between two of the other's; the second burst is of keys that are not in. */
Test(conn_table, bursts_under_way_at_once)
{
	struct fixture f = fixture_new(2000, 3000);
	struct conn_lookup lookups[2];
	uint64_t hashes[2][CONN_TABLE_BULK_MAX];
	const struct tuple *tuples[2][CONN_TABLE_BULK_MAX];
	ref refs[2][CONN_TABLE_BULK_MAX];

	for (uint32_t i = 0; i < 2000; i++)
		cr_assert(insert(&f, i, REF_HOT));
	for (uint32_t from = 0; from + CONN_TABLE_BULK_MAX <= 1000; from += CONN_TABLE_BULK_MAX) {
		for (unsigned b = 0; b < 2; b++) {
			for (unsigned i = 0; i < CONN_TABLE_BULK_MAX; i++) {
				hashes[b][i] = f.keys[2000 * b + from + i].hash;
				tuples[b][i] = &f.keys[2000 * b + from + i].tuple;
			}
		}
		for (unsigned b = 0; b < 2; b++)
			conn_lookup_match(&lookups[b], &f.table, hashes[b], CONN_TABLE_BULK_MAX);
		for (unsigned b = 0; b < 2; b++)
			conn_lookup_rematch(&lookups[b], &f.table);
		for (unsigned b = 0; b < 2; b++)
			conn_lookup_end(&lookups[b], &f.table, tuples[b], refs[b]);
		for (unsigned b = 0; b < 2; b++)
			for (unsigned i = 0; i < CONN_TABLE_BULK_MAX; i++)
				cr_assert_eq(refs[b][i], f.keys[2000 * b + from + i].r);
	}
	fixture_free(&f);
}

/* Keys that share their tags, and some their whole hash: told apart by their tuples alone. */
Test(conn_table, colliding_tags)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct fixture f = fixture_new(200, 260);
		struct rng rng = { seed };

		for (uint32_t i = 0; i < f.count; i++)
			f.keys[i].hash = rng_u64(&rng) << 32 | rng_below(&rng, 3);
		for (uint32_t i = 6; i < f.count; i += 7)
			f.keys[i].hash = f.keys[i - rng_below(&rng, 7)].hash;
		churn(&f, 20000, seed);
		fixture_free(&f);
	}
}

/* All under one hash: two buckets' worth of them fit, and the next is refused without a trace. */
Test(conn_table, one_hash_for_all)
{
	struct fixture f = fixture_new(1000, 20);
	uint32_t fit = 0;

	for (uint32_t i = 0; i < f.count; i++) {
		f.keys[i].hash = 0x1234567890abcdefull;
		fit += insert(&f, i, REF_HOT);
	}
	cr_assert_eq(fit, 16);
	check_all(&f);
	churn(&f, 5000, 1);
	drop_all(&f);
	check_clean(&f);
	fixture_free(&f);
}

/* Tag 0 is the mark of a free entry: keys with it are kept as any other. */
Test(conn_table, tag_of_zero)
{
	struct fixture f = fixture_new(64, 12);

	for (uint32_t i = 0; i < f.count; i++)
		f.keys[i].hash = (uint64_t)i << 60;
	check_all(&f);
	churn(&f, 2000, 1);
	fixture_free(&f);
}

/*
 * A home of which more keys stand elsewhere than its count can say: found all the same, then and
 * afterwards.
 */
Test(conn_table, more_strays_than_a_count_holds)
{
	struct fixture f = fixture_new(1200, 60);

	for (uint32_t i = 0; i < f.count; i++)
		f.keys[i].hash = 0x8000000000000000ull | (uint64_t)i << 20 | 1;
	for (uint32_t i = 0; i < f.count; i++)
		cr_assert(insert(&f, i, REF_TIME_WAIT));
	check_all(&f);
	for (uint32_t i = f.count - 1; i > 10; i--) {
		drop(&f, i);
		check_all(&f);
	}
	churn(&f, 5000, 1);
	drop_all(&f);
	check_all(&f);
	churn(&f, 5000, 2);
	fixture_free(&f);
}

Test(conn_table, full_table_is_left_as_it_was)
{
	struct fixture f = fixture_new(1000, 1600);
	uint8_t *before = malloc(table_bytes(&f));
	uint32_t refused = 0;

	for (uint32_t i = 0; i < f.count; i++) {
		memcpy(before, f.table.buckets, table_bytes(&f));
		if (insert(&f, i, REF_HALF_OPEN))
			continue;
		refused++;
		cr_assert_eq(memcmp(before, f.table.buckets, table_bytes(&f)), 0);
	}
	check_all(&f);
	cr_assert_eq(f.table.vacated, 0);
	/* Two choices and moving fill a table nearly to the last place. */
	cr_assert_gt(refused, 0);
	cr_assert_gt(f.table.entries * 100, f.table.bucket_count * 8 * 97, "%u entries", f.table.entries);
	drop_all(&f);
	check_clean(&f);
	free(before);
	fixture_free(&f);
}

/* Filled to 0.75 of its places, then churned there: no insert may fail and no entry be lost. */
static void check_load(uint32_t max_entries, uint32_t churns)
{
	struct fixture f = fixture_new(max_entries, max_entries + max_entries / 2 + 64);
	uint32_t live = (uint32_t)((uint64_t)f.table.bucket_count * 8 * 3 / 4);
	struct rng rng = { max_entries };

	cr_assert_lt(live, f.count);
	for (uint32_t i = 0; i < live; i++)
		cr_assert(insert(&f, i, REF_HOT), "insert %u of %u", i, live);
	for (uint32_t step = 0; step < churns; step++) {
		uint32_t in, out;

		do
			out = rng_below(&rng, f.count);
		while (f.keys[out].r == REF_NONE);
		do
			in = rng_below(&rng, f.count);
		while (f.keys[in].r != REF_NONE);
		drop(&f, out);
		cr_assert(insert(&f, in, REF_HOT), "churn %u", step);
	}
	check_all(&f);
	drop_all(&f);
	check_clean(&f);
	fixture_free(&f);
}

Test(conn_table, load_of_three_quarters)
{
	for (uint32_t size = 64; size <= 4096; size = size * 5 / 4)
		check_load(size, size);
	check_load(1000000, 500000);
}

/* Of a hundred keys that are not there, how many must be looked for twice. */
static double second_looks(const struct fixture *f)
{
	uint32_t counts = 0;

	for (uint32_t b = 0; b < f->table.bucket_count; b++)
		for (uint32_t tag = 0; tag < 2; tag++)
			counts += conn_bucket_strays(f->table.buckets[b], tag) != 0;
	return 100.0 * counts / (2.0 * f->table.bucket_count);
}

/*
 * What a miss costs: one line where no key of that home stands elsewhere. At a load of 0.75, after
 * filling and after every entry was replaced three times; 12 and 23 in a hundred, and 39 if strays did
 * not go home.
 */
Test(conn_table, few_misses_look_twice)
{
	struct fixture f = fixture_new(60000, 60000);
	struct rng rng = { 8 };

	for (uint32_t i = 0; i < f.count; i++)
		cr_assert(insert(&f, i, REF_HOT));
	cr_assert_lt(second_looks(&f), 14);
	for (uint32_t step = 0; step < 3 * f.count; step++) {
		uint32_t i = rng_below(&rng, f.count);

		drop(&f, i);
		f.keys[i].hash = rng_u64(&rng);
		cr_assert(insert(&f, i, REF_HOT));
	}
	cr_assert_lt(second_looks(&f), 26);
	cr_assert_leq(f.table.vacated, 3 * f.count);
	check_all(&f);
	fixture_free(&f);
}

/* Home and tag come from unlike halves of the hash: keys of one tag are spread over all homes. */
Test(conn_table, one_tag_has_every_home)
{
	struct fixture f = fixture_new(64, 1);

	for (uint64_t b = 0; b < f.table.bucket_count; b++) {
		uint64_t hash = (b << 32) / f.table.bucket_count + 1;

		cr_assert_eq(conn_table_home(&f.table, hash << 32 | 12345), b);
	}
	fixture_free(&f);
}

/* Where the hashing stage prefetches is where the key stands: an only entry is in its home bucket. */
Test(conn_table, home_is_where_an_only_key_stands)
{
	struct fixture f = fixture_new(1000, 50);

	for (uint32_t i = 0; i < f.count; i++) {
		uint32_t home = conn_table_home(&f.table, f.keys[i].hash), found = 0;

		cr_assert_lt(home, f.table.bucket_count);
		cr_assert(insert(&f, i, REF_HOT));
		for (unsigned way = 0; way < CONN_WAYS; way++)
			found += (ref)f.table.buckets[home][way] == f.keys[i].r;
		cr_assert_eq(found, 1);
		drop(&f, i);
	}
	fixture_free(&f);
}

Test(conn_table, replace_keeps_the_place)
{
	struct fixture f = fixture_new(64, 1);

	cr_assert(insert(&f, 0, REF_HALF_OPEN));
	replace(&f, 0, REF_HOT);
	cr_assert_eq(conn_table_find(&f.table, f.keys[0].hash, &f.keys[0].tuple), ref_make(REF_HOT, 0));
	replace(&f, 0, REF_TIME_WAIT);
	check_all(&f);
	cr_assert_eq(f.table.entries, 1);
	fixture_free(&f);
}

/* The machine's own way of comparing a bucket says what plain C says. */
Test(conn_table, matching_agrees_with_plain_c)
{
	_Alignas(64) uint64_t bucket[CONN_WAYS];
	struct rng rng = { 5 };

	for (unsigned step = 0; step < 100000; step++) {
		uint32_t mark = (uint32_t)rng_u64(&rng) & CONN_MARK_MASK;

		if (step % 3 == 0)
			mark = 0;
		for (unsigned i = 0; i < CONN_WAYS; i++) {
			bucket[i] = rng_u64(&rng);
			if (rng_below(&rng, 3) == 0)
				bucket[i] = (bucket[i] & (CONN_STRAY_BIT | UINT32_MAX)) | (uint64_t)mark
												  << 32;
		}
		struct conn_match plain = conn_match_c(bucket, mark), found = conn_bucket_match(bucket, mark);

		cr_assert_eq(plain.ways, found.ways);
		cr_assert_eq(plain.strays, found.strays);
		uint32_t r = step % 3 == 0 ? (uint32_t)rng_u64(&rng) : (uint32_t)bucket[step % CONN_WAYS];

		cr_assert_eq(conn_ways_of_c(bucket, r), conn_bucket_ways_of(bucket, r));
		cr_assert_eq(conn_ways_of_c(bucket, r) >> step % CONN_WAYS & 1, step % 3 != 0);
	}
}
