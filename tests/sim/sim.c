/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sim - runs scenarios by seed:
 *
 *     sim [--first N] [--seeds N]    that many seeds, in TAP; a failing one is printed, and how to replay it
 *     sim --trace SEED               one seed, with its events
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/scenario.h"

#define SEEDS_PER_CASE 50

static const char *families(const struct scenario_result *result)
{
	bool both = result->options[SCENARIO_IPV4] && result->options[SCENARIO_IPV6];

	return both ? "IPv4 and IPv6" : result->options[SCENARIO_IPV6] ? "IPv6" : "IPv4";
}

static int trace_one(uint64_t seed)
{
	struct scenario_result result = scenario_run(seed, stdout);

	printf("seed %" PRIu64 ": %s, %u connections, %" PRIu64 " frames, %" PRIu64 " lost, %" PRIu64
	       " retransmitted, %" PRIu64 " bytes, %.1f s: %s %s\n",
	       seed, families(&result), result.connections, result.frames, result.lost, result.retransmits,
	       result.bytes, (double)result.virtual_ns / 1e9, result.fault ? result.fault : "all arrived",
	       result.detail);
	return result.fault != NULL;
}

/* In how many seeds each option was agreed on: some with, some without. */
static bool print_options(const unsigned with[SCENARIO_OPTIONS], unsigned seeds)
{
	static const char *const names[] = { "timestamps", "SACK", "window scale", "Nagle",       "ECN",
					     "cookies",    "IPv4", "IPv6",         "plain frames" };
	bool both = true;

	for (unsigned i = 0; i < SCENARIO_OPTIONS; i++) {
		printf("# %u of %u seeds with %s\n", with[i], seeds, names[i]);
		both &= with[i] > 0 && with[i] < seeds;
	}
	return both;
}

/* One line of TAP for each run of seeds, so that progress shows. */
static int run(uint64_t first, unsigned seeds)
{
	unsigned cases = (seeds + SEEDS_PER_CASE - 1) / SEEDS_PER_CASE, failed = 0,
		 with[SCENARIO_OPTIONS] = { 0 };
	struct scenario_result sum = { 0 };

	printf("TAP version 13\n1..%u\n", cases + 1);
	for (unsigned c = 0; c < cases; c++) {
		uint64_t from = first + (uint64_t)c * SEEDS_PER_CASE;
		uint64_t to = from + SEEDS_PER_CASE < first + seeds ? from + SEEDS_PER_CASE : first + seeds;
		unsigned bad = 0;

		for (uint64_t seed = from; seed < to; seed++) {
			struct scenario_result result = scenario_run(seed, NULL);

			sum.frames += result.frames;
			sum.lost += result.lost;
			sum.marked += result.marked;
			sum.reductions += result.reductions;
			sum.bytes += result.bytes;
			sum.connections += result.connections;
			sum.cookies_sent += result.cookies_sent;
			sum.cookies_accepted += result.cookies_accepted;
			sum.replayed += result.replayed;
			sum.outlived += result.outlived;
			for (unsigned i = 0; i < SCENARIO_OPTIONS; i++)
				with[i] += result.options[i];
			if (result.fault != NULL) {
				printf("# seed %" PRIu64 ", %s: %s: %s; replay: sim --trace %" PRIu64 "\n",
				       seed, families(&result), result.fault, result.detail, seed);
				bad++;
			}
		}
		printf("%sok %u - seeds %" PRIu64 " to %" PRIu64 "\n", bad ? "not " : "", c + 1, from,
		       to - 1);
		fflush(stdout);
		failed += bad;
	}
	bool both = print_options(with, seeds);

	printf("%sok %u - each option was agreed on in some seeds and not in others\n", both ? "" : "not ",
	       cases + 1);
	failed += !both;
	printf("# %" PRIu64 " cookies sent, %" PRIu64 " came back, %" PRIu64
	       " of them a second time; %" PRIu64
	       " connections lost all that they sent until theirs was too old\n",
	       sum.cookies_sent, sum.cookies_accepted, sum.replayed, sum.outlived);
	printf("# %u seeds, %u connections, %" PRIu64 " frames, %" PRIu64 " lost, %" PRIu64
	       " marked, windows halved for marks %" PRIu64 " times, %" PRIu64 " bytes; %u failed\n",
	       seeds, sum.connections, sum.frames, sum.lost, sum.marked, sum.reductions, sum.bytes, failed);
	return failed != 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "first", required_argument, NULL, 'f' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "trace", required_argument, NULL, 't' },
		{ 0 },
	};
	uint64_t first = 1;
	unsigned seeds = 400;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			first = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			seeds = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 't':
			return trace_one(strtoull(optarg, NULL, 0));
		default:
			return 2;
		}
	}
	return run(first, seeds);
}
