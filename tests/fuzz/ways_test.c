/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ways_test - short ways against long ones (ways.h), by seeds:
 *
 *     ways_test [--seed N] [--count N] CORPUS
 *
 * CORPUS is the folder with the fuzzers' corpora, whose byte strings are sessions that lead far (as they are,
 * fuzz_ways compares them). `count` seeds (default 2000), from `seed` on, each take one, or nothing, and
 * change it: bytes, runs of bytes that are cut out, doubled or put in from another one, and bytes of their
 * own behind it. Prints TAP; where the two ways part it ends with the arguments that show it again.
 */
#include <dirent.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/rng.h"
#include "fuzz/ways.h"

#define LONGEST 800 /* bytes */
#define STRINGS_MAX 2000
#define KINDS_OF_BYTES 4

struct string {
	uint8_t bytes[LONGEST];
	unsigned size;
};

/* What is kept of a program. */
struct kept {
	struct string strings[STRINGS_MAX];
	unsigned count;
	uint64_t looks;
};

static const char *const names[WAYS_PROGRAMS] = { "session", "pair", "frames" };
static struct kept kept[WAYS_PROGRAMS];
static uint64_t seed; /* that is being tried */

static void say_seed(int signal_number)
{
	(void)signal_number;
	fprintf(stderr, "again: --seed %lu --count 1\n", (unsigned long)seed);
}

static void load(struct kept *of, const char *folder, const char *name)
{
	char path[4096];
	struct dirent **entries;
	int found;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	found = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < found; i++) {
		struct string *string = &of->strings[of->count];

		snprintf(path, sizeof(path), "%s/%s/%s", folder, name, entries[i]->d_name);
		FILE *file = of->count < STRINGS_MAX ? fopen(path, "rb") : NULL;

		if (file != NULL && entries[i]->d_name[0] != '.') {
			string->size = (unsigned)fread(string->bytes, 1, LONGEST, file);
			of->count++;
		}
		if (file != NULL)
			fclose(file);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	CHECK(of->count > 0);
}

/* Makes room for `len` bytes at a place, or takes as many out; as far as there is room. */
static void shift(struct string *string, unsigned at, int len)
{
	unsigned behind = string->size - at;

	if (len < 0) {
		unsigned out = (unsigned)-len < behind ? (unsigned)-len : behind;

		memmove(string->bytes + at, string->bytes + at + out, behind - out);
		string->size -= out;
	} else if (string->size + (unsigned)len <= LONGEST) {
		memmove(string->bytes + at + len, string->bytes + at, behind);
		string->size += (unsigned)len;
	}
}

static void change(struct rng *rng, struct string *string, const struct kept *of)
{
	unsigned at = rng_below(rng, string->size + 1), len = 1 + rng_below(rng, 24);
	const struct string *other = &of->strings[rng_below(rng, of->count)];

	switch (rng_below(rng, 4)) {
	case 0:
		if (at < string->size)
			string->bytes[at] = (uint8_t)rng_u64(rng);
		return;
	case 1:
		shift(string, at, -(int)len);
		return;
	case 2:
		if (string->size + len > LONGEST || at + len > string->size)
			return;
		shift(string, at, (int)len); /* those that stood there stand there twice now */
		return;
	default:
		len = len < other->size ? len : other->size;
		if (string->size + len > LONGEST)
			return;
		shift(string, at, (int)len);
		memcpy(string->bytes + at, other->bytes + rng_below(rng, other->size - len + 1), len);
	}
}

/* Bytes of which a part is small: such change nothing about a segment that is right. */
static void add_own(struct rng *rng, struct string *string)
{
	unsigned own = rng_below(rng, LONGEST - string->size + 1);

	for (; own > 0; own--) {
		uint64_t r = rng_u64(rng);

		string->bytes[string->size++] = (uint8_t)(r % KINDS_OF_BYTES == 0 ? r >> 8 & 7 : r >> 8);
	}
}

static void try_seed(void)
{
	struct rng rng = { seed };
	unsigned program = rng_below(&rng, WAYS_PROGRAMS);
	struct kept *of = &kept[program];
	struct string string = { .size = 0 };

	if (rng_below(&rng, 4) > 0)
		string = of->strings[rng_below(&rng, of->count)];
	for (unsigned changes = rng_below(&rng, 8); changes > 0; changes--)
		change(&rng, &string, of);
	if (rng_below(&rng, 2) == 0)
		add_own(&rng, &string);
	of->looks += ways_compare((enum ways_program)program, string.bytes, string.size);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
						 { "count", required_argument, NULL, 'c' },
						 { 0 } };
	uint64_t first = 1, count = 2000;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == '?')
			return 2;
		*(option == 's' ? &first : &count) = strtoull(optarg, NULL, 0);
	}
	if (optind != argc - 1)
		return 2;
	signal(SIGABRT, say_seed);
	for (unsigned program = 0; program < WAYS_PROGRAMS; program++)
		load(&kept[program], argv[optind], names[program]);
	for (seed = first; seed < first + count; seed++)
		try_seed();
	printf("1..%d\n", WAYS_PROGRAMS);
	for (unsigned program = 0; program < WAYS_PROGRAMS; program++)
		printf("ok %u - %s by short ways and by long ones # %lu looks\n", program + 1, names[program],
		       (unsigned long)kept[program].looks);
	return 0;
}
