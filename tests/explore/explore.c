/* SPDX-License-Identifier: BSD-3-Clause */
/* explore - every interleaving of a connection's whole life, within bounds. docs/explorer.md tells more. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "explore/ladder.h"
#include "explore/transitions.h"

static const char usage[] =
	"Usage: explore [OPTION...]\n"
	"Explores every interleaving of a TCP connection's life, scenario by scenario, and checks every state.\n"
	"\n"
	"  --scenario NAME   this one alone; may be given again\n"
	"  --ipv4, --ipv6    this family alone; otherwise both, whose states and moves must be as many\n"
	"  --list            names the scenarios, and what each does\n"
	"  --states N        stop a scenario at so many states\n"
	"  --depth N         stop a scenario at so many moves from its first state\n"
	"  --seconds N       share so many seconds among the scenarios, the short ones first\n"
	"  --memory MIB      stop a scenario that takes more; 4096\n"
	"  --first           end with the first fault\n"
	"  --tap             report as TAP, for test runners\n"
	"  --transitions     list all legal transitions, and how often each was seen\n"
	"  --help            this\n"
	"\n"
	"Without a bound a scenario ends when there is no state left to explore. A fault is shown by one of the\n"
	"shortest ways to it. Exit status: 0, no fault; 1, a fault, or a legal transition that no scenario has\n"
	"made (if all were run); 2, wrong usage.\n";

struct options {
	const char *wanted[32];
	unsigned wanted_count;
	struct bounds bounds;
	double seconds; /* for all scenarios; 0: no bound */
	bool first, tap, transitions;
	bool skips[2]; /* IPv4, IPv6 */
};

static bool parse_number(const char *text, double least, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	return errno == 0 && end != text && *end == '\0' && *value >= least && *value < 1e9;
}

static int list(void)
{
	for (unsigned i = 0; i < scenarios_count; i++)
		printf("%-22s %s\n", scenarios[i].name, scenarios[i].about);
	return 0;
}

static const struct scenario *scenario_named(const char *name)
{
	for (unsigned i = 0; i < scenarios_count; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}

/* 0, or the exit status plus 1. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "scenario", required_argument, NULL, 's' },
		{ "list", no_argument, NULL, 'l' },
		{ "states", required_argument, NULL, 'n' },
		{ "depth", required_argument, NULL, 'd' },
		{ "seconds", required_argument, NULL, 't' },
		{ "memory", required_argument, NULL, 'm' },
		{ "tap", no_argument, NULL, 'p' },
		{ "transitions", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "first", no_argument, NULL, 'f' },
		{ "ipv4", no_argument, NULL, '4' },
		{ "ipv6", no_argument, NULL, '6' },
		{ 0 },
	};
	double value = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (strchr("ndtm", option) != NULL && !parse_number(optarg, 1, &value)) {
			fprintf(stderr, "explore: '%s' is not a number from 1 on\n", optarg);
			return 3;
		}
		if (option == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (option == 'l')
			return list() + 1;
		if (option == '?')
			return 3;
		if (option == 's') {
			if (scenario_named(optarg) == NULL || options->wanted_count == 32) {
				fprintf(stderr, "explore: no scenario '%s'; --list names them\n", optarg);
				return 3;
			}
			options->wanted[options->wanted_count++] = optarg;
		}
		options->bounds.states = option == 'n' ? (uint32_t)value : options->bounds.states;
		options->bounds.depth = option == 'd' ? (unsigned)value : options->bounds.depth;
		options->seconds = option == 't' ? value : options->seconds;
		options->bounds.memory_bytes = option == 'm' ? (size_t)value << 20 :
							       options->bounds.memory_bytes;
		options->first |= option == 'f';
		options->tap |= option == 'p';
		options->transitions |= option == 'r';
		options->skips[0] |= option == '6';
		options->skips[1] |= option == '4';
	}
	if (options->skips[0] && options->skips[1])
		options->skips[0] = options->skips[1] = false;
	if (optind == argc)
		return 0;
	fprintf(stderr, "explore: what is '%s'? --help tells more\n", argv[optind]);
	return 3;
}

static bool wanted(const struct options *options, const struct scenario *scenario)
{
	for (unsigned i = 0; i < options->wanted_count; i++)
		if (strcmp(options->wanted[i], scenario->name) == 0)
			return true;
	return options->wanted_count == 0;
}

static void report(const struct options *options, const struct scenario *scenario, const struct found *found)
{
	char end[40] = "exhausted";

	if (found->stopped != NULL)
		snprintf(end, sizeof(end), "stopped by the bound on %s", found->stopped);
	printf("%s%-22s IPv%c %10" PRIu32 " states, %" PRIu32 " expanded, %" PRIu64
	       " moves, depth %u, %.1f s, %.0f states/s, %s",
	       options->tap ? "# " : "", scenario->name, found->is6 ? '6' : '4', found->states,
	       found->expanded, found->moves, found->depth, found->seconds,
	       found->expanded / (found->seconds > 0 ? found->seconds : 1e-9), end);
	if (found->crowded > 0)
		printf(", %" PRIu64 " moves not made for a full network", found->crowded);
	if (found->again > 0)
		printf(", %" PRIu64 " for a cookie whose time has passed", found->again);
	printf("\n");
	if (found->fault != NULL) {
		printf("# FAULT in %s, IPv%c: %s\n", scenario->name, found->is6 ? '6' : '4', found->fault);
		ladder_draw(stdout, scenario, found);
	}
	fflush(stdout);
}

/* Such a bound stops no two searches alike. */
static bool stopped_by_chance(const struct found *found)
{
	return found->stopped != NULL &&
	       (strcmp(found->stopped, "seconds") == 0 || strcmp(found->stopped, "memory") == 0);
}

/*
 * One TCP over two families: what the one can come to the other can, in as many ways. But timestamps that
 * carry cookies have the hour in them, and clocks are set by what initial sequence numbers hash to.
 */
static bool same(const struct scenario *scenario, const struct found *a, const struct found *b)
{
	return stopped_by_chance(a) || stopped_by_chance(b) || (scenario->cookies && scenario->timestamps) ||
	       (a->states == b->states && a->expanded == b->expanded && a->moves == b->moves);
}

/* In both families, unless one alone is wanted. True if there is no fault. */
static bool explore(struct options *options, const struct scenario *scenario, double seconds,
		    uint64_t *states)
{
	struct bounds bounds = options->bounds;
	struct found found[2];
	bool good = true;

	bounds.progress = !options->tap;
	for (unsigned is6 = 0; is6 < 2; is6++) {
		if (options->skips[is6])
			continue;
		bounds.seconds = seconds / (2 - options->skips[0] - options->skips[1]);
		found[is6] = search(scenario, is6, &bounds);
		options->seconds -= options->seconds > 0 ? found[is6].seconds : 0;
		*states += found[is6].states;
		report(options, scenario, &found[is6]);
		good &= found[is6].fault == NULL;
		if (!good && options->first)
			return false;
	}
	if (options->skips[0] || options->skips[1] || !good || same(scenario, &found[0], &found[1]))
		return good;
	printf("# FAULT in %s: the families differ\n", scenario->name);
	return false;
}

/* True if none is missing, or not all scenarios were run. */
static bool report_transitions(const struct options *options, unsigned number)
{
	bool complete = transitions_seen() == transitions_count();
	bool all = options->wanted_count == 0;

	printf("%slegal transitions seen: %u of %u\n", options->tap ? "# " : "", transitions_seen(),
	       transitions_count());
	if (options->transitions)
		transitions_print(stdout, false, "#   ");
	else if (all && !complete)
		transitions_print(stdout, true, "# never: ");
	if (options->tap)
		printf("%sok %u - every legal transition\n", all && !complete ? "not " : "", number);
	return complete || !all;
}

int main(int argc, char **argv)
{
	struct options options = {
		.bounds = { .states = UINT32_MAX - 1,
			    .depth = PATH_MAX_MOVES - 2,
			    .memory_bytes = (size_t)4096 << 20 },
	};
	int status = parse_options(argc, argv, &options);
	unsigned left = 0, number = 0;
	uint64_t states = 0;
	bool good = true;

	if (status != 0)
		return status - 1;
	for (unsigned i = 0; i < scenarios_count; i++)
		left += wanted(&options, &scenarios[i]);
	if (options.tap)
		printf("1..%u\n", left + 1);
	for (unsigned i = 0; i < scenarios_count; i++) {
		if (!wanted(&options, &scenarios[i]))
			continue;
		double seconds = options.seconds > 0 ? options.seconds / left : 1e9;
		bool well = explore(&options, &scenarios[i], seconds, &states);

		number++;
		left--;
		if (options.tap)
			printf("%sok %u - %s\n", well ? "" : "not ", number, scenarios[i].name);
		fflush(stdout);
		good &= well;
		if (!good && options.first)
			return 1;
	}
	good &= report_transitions(&options, number + 1);
	printf("%s%" PRIu64 " states in all\n", options.tap ? "# " : "", states);
	return good ? 0 : 1;
}
