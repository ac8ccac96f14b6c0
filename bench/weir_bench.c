/* SPDX-License-Identifier: BSD-3-Clause */
/* weir-bench [--list] [--json] [--eal ARGS] [NAME[:CASE]...] */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "bench.h"
#include "eal_args.h"
#include "eal_files.h"
#include "hugepages.h"
#include "machine.h"
#include "pair_process.h"
#include "telemetry_reader.h"

#define LCORES 2
#define NAMES_MAX 32
#define CASES_MAX 128 /* characters of the names of all cases of a bench */

static const struct {
	const char *name;
	int (*run)(void);
	unsigned memory_mib; /* that all of it finds room in: its buffers, tables and references */
	const char *question;
} benches[] = {
	{ "conn_rate", bench_conn_rate, 1024, "cycles of a connection's whole life, both ends on one core" },
	{ "conn_rate_pair", bench_conn_rate_pair, 1536, "the same, one core a side, and on two cores" },
	{ "memory", bench_memory, 256, "bytes that a connection takes, by its state" },
	{ "scale", bench_scale, 256, "a hundred million connections at once, both ends in this machine" },
	{ "syn_cookie", bench_syn_cookie, 3072, "SYNs answered by cookies on one core, beside testpmd" },
	{ "flood_goodput", bench_flood_goodput, 1024,
	  "connections that succeed beside a SYN flood, by its rate" },
	{ "bulk", bench_bulk, 256,
	  "bytes through one connection, copied and verified at both ends on one core" },
	{ "latency", bench_latency, 256, "64 bytes there and back, one at a time, on one core and on two" },
	{ "table_lookup", bench_table_lookup, 2400,
	  "cycles to find a connection in a burst, beside rte_hash" },
	{ "steering", bench_steering, 64,
	  "cycles to know whose a connection is, and to open one of this shard" },
	{ "timer", bench_timer, 512,
	  "cycles to arm a timer anew, a million of them armed, beside rte_timer" },
	{ "time_wait_expiry", bench_time_wait_expiry, 512, "ns for a TIME-WAIT record whose time is over" },
	{ "hand_over", bench_hand_over, 1024,
	  "what it costs that frames come by the wrong queue of two, on one core and on two" },
	{ "telemetry", bench_telemetry, 512, "connections a second while somebody reads the counters" },
};

#define BENCHES (sizeof(benches) / sizeof(benches[0]))

enum {
	KEY_LIST = 256,
	KEY_JSON,
	KEY_EAL,
	KEY_PAIR_PROCESS,
	KEY_TELEMETRY_READER,
};

static struct {
	bool list, json;
	const char *eal;
	const char *pair_process, *telemetry_reader; /* this is no run, but a part of one */
	const char *names[NAMES_MAX];
	unsigned names_count;
} options;

/* The bench that is running, whether it had a case that was wanted, and the names of all it has. */
static struct {
	int bench;
	bool wanted;
	char cases[CASES_MAX];
} running;

void bench_note(const char *format, ...)
{
	va_list args;

	fputs("weir-bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void print_json(const struct bench_row *row)
{
	json_t *line = json_pack("{s:s, s:s, s:b, s:f, s:s}", "bench", row->bench, "case", row->which,
				 "headline", row->headline, "value", row->value, "unit", row->unit);

	if (row->reference != NULL) {
		json_object_set_new(line, "reference", json_string(row->reference));
		json_object_set_new(line, "reference_value", json_real(row->reference_value));
		json_object_set_new(line, "ratio", json_real(row->ratio));
	}
	if (row->target > 0)
		json_object_set_new(line, "target", json_real(row->target));
	if (row->core_round_trip_cycles > 0)
		json_object_set_new(line, "core_round_trip_cycles", json_real(row->core_round_trip_cycles));
	json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', stdout);
	json_decref(line);
}

static void print_text(const struct bench_row *row)
{
	/* Fractions are told by their last digits. */
	printf("%-13s %-37s %10.*f %s", row->bench, row->which, row->value < 10 ? 4 : 1, row->value,
	       row->unit);
	if (row->reference != NULL)
		printf("   %s %.1f   ratio %.3f", row->reference, row->reference_value, row->ratio);
	if (row->target > 0)
		printf("   target %.4g", row->target);
	if (row->core_round_trip_cycles > 0)
		printf("   core round trip %.0f", row->core_round_trip_cycles);
	printf("\n");
}

void bench_row(const struct bench_row *row)
{
	if (options.json)
		print_json(row);
	else
		print_text(row);
	fflush(stdout);
}

uint64_t bench_cycles(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)(((double)time.tv_sec + (double)time.tv_nsec / 1e9) * (double)rte_get_tsc_hz());
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *values, unsigned count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return values[count / 2];
}

/* name: may have a case behind it. */
static int find(const char *name)
{
	size_t len = strcspn(name, ":");

	for (unsigned i = 0; i < BENCHES; i++)
		if (strlen(benches[i].name) == len && strncmp(benches[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

bool bench_wants(const char *which)
{
	bool wanted = options.names_count == 0;
	size_t used = strlen(running.cases);

	snprintf(running.cases + used, sizeof(running.cases) - used, "%s%s", used > 0 ? ", " : "", which);
	for (unsigned i = 0; i < options.names_count; i++) {
		const char *name = options.names[i], *colon = strchr(name, ':');

		if (find(name) == running.bench && (colon == NULL || strcmp(colon + 1, which) == 0))
			wanted = true;
	}
	running.wanted |= wanted;
	return wanted;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_LIST:
		options.list = true;
		return 0;
	case KEY_JSON:
		options.json = true;
		return 0;
	case KEY_EAL:
		options.eal = arg;
		return 0;
	case KEY_PAIR_PROCESS:
		options.pair_process = arg;
		return 0;
	case KEY_TELEMETRY_READER:
		options.telemetry_reader = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (find(arg) < 0)
			argp_failure(state, 2, 0, "no bench '%s'; --list names them", arg);
		if (options.names_count == NAMES_MAX)
			argp_failure(state, 2, 0, "more than %d names; leave them out to run all", NAMES_MAX);
		options.names[options.names_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option rows[] = {
	{ "list", KEY_LIST, NULL, 0, "Name the benches, and run none", 0 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object per line", 0 },
	{ "eal", KEY_EAL, "ARGS", 0, "Arguments for DPDK's EAL; they win over weir-bench's own", 0 },
	{ "pair-process", KEY_PAIR_PROCESS, "SPEC", OPTION_HIDDEN, NULL, 0 },
	{ "telemetry-reader", KEY_TELEMETRY_READER, "SPEC", OPTION_HIDDEN, NULL, 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = rows,
	.parser = parse,
	.args_doc = "[NAME[:CASE]...]",
	.doc = "Measure weir beside references on this machine. Without a NAME, all there is; with a CASE, that alone "
	       "of a bench that has several.",
};

static bool is_chosen(unsigned bench)
{
	for (unsigned i = 0; i < options.names_count; i++)
		if (find(options.names[i]) == (int)bench)
			return true;
	return options.names_count == 0;
}

/* One bench runs after the other: as much as the greediest of them wants. */
static unsigned memory_mib(void)
{
	unsigned most = 0;

	for (unsigned i = 0; i < BENCHES; i++)
		if (is_chosen(i) && benches[i].memory_mib > most)
			most = benches[i].memory_mib;
	return most;
}

static bool take_hugepages(unsigned mib)
{
	if (options.eal != NULL && strstr(options.eal, "--no-huge") != NULL)
		return false;
	return hugepages_take(mib);
}

static char runtime_dir[EAL_RUNTIME_DIR_MAX];

static void remove_files(void)
{
	eal_files_remove(runtime_dir);
}

/*
 * Two lcores, if there are as many CPUs. Benches run on the main one, and most of them leave the other alone.
 */
static int start_eal(void)
{
	static struct eal_args args;
	unsigned cpus[RTE_MAX_LCORE];
	unsigned count = machine_cpus(cpus, RTE_MAX_LCORE, RTE_MAX_LCORE);
	unsigned lcores = count < LCORES ? count : LCORES;
	unsigned mib = memory_mib();
	struct eal_wishes wishes = {
		.hugepages = take_hugepages(mib),
		.memory_mib = mib,
		.lcores = &cpus[count - lcores],
		.lcores_count = lcores,
		.main_lcore = cpus[count - 1],
		.prefix = eal_files_claim(runtime_dir) ? eal_files_prefix(runtime_dir) : NULL,
	};

	/* Behind EAL's own, which it registers later. */
	atexit(remove_files);

	if (count == 0) {
		bench_note("no CPU that DPDK could use");
		return -1;
	}
	if (eal_args_build(&args, &wishes, options.eal) != 0) {
		bench_note("--eal: too long, or a quote is not closed");
		return -1;
	}
	rte_openlog_stream(stderr);
	if (rte_eal_init(args.argc, args.argv) < 0) {
		bench_note("DPDK's EAL does not start; --eal \"--log-level=*:debug\" shows more");
		return -1;
	}
	bench_note("CPU %u, %s", rte_get_main_lcore(), wishes.hugepages ? "hugepages" : "no hugepages");
	return 0;
}

static bool has_case(unsigned bench)
{
	for (unsigned i = 0; i < options.names_count; i++)
		if (find(options.names[i]) == (int)bench && strchr(options.names[i], ':') != NULL)
			return true;
	return false;
}

static int run(void)
{
	int failed = 0;

	for (unsigned i = 0; i < BENCHES; i++) {
		if (!is_chosen(i))
			continue;
		running.bench = (int)i;
		running.wanted = false;
		running.cases[0] = '\0';
		failed |= benches[i].run();
		if (has_case(i) && !running.wanted) {
			if (running.cases[0] == '\0')
				bench_note("%s has no cases; leave out what follows its name",
					   benches[i].name);
			else
				bench_note("%s has no case of that name; give one of %s", benches[i].name,
					   running.cases);
			failed = -1;
		}
	}
	return failed != 0;
}

int main(int argc, char **argv)
{
	int status;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (options.pair_process != NULL)
		return pair_process_main(options.pair_process);
	if (options.telemetry_reader != NULL)
		return telemetry_reader_main(options.telemetry_reader);
	if (options.list) {
		for (unsigned i = 0; i < BENCHES; i++)
			printf("%-16s %s\n", benches[i].name, benches[i].question);
		return 0;
	}
	status = start_eal() == 0 ? run() : 2;
	rte_eal_cleanup();
	hugepages_give();
	return status;
}
