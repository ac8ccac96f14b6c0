/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/telemetry.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_telemetry.h>

#include "run/reading.h"
#include "run/runtime.h"

/* DPDK's bound of an answer, less the braces and the command's name around what we say. */
#define ANSWER_BYTES (16 * 1024 - 256)
#define DIGITS 20 /* of 2^64 */

/* The most that are told of a shard: each has its entry in a dictionary. */
#define VALUES_MAX RTE_TEL_MAX_DICT_ENTRIES

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static STAILQ_HEAD(, weir_runtime) runtimes = STAILQ_HEAD_INITIALIZER(runtimes);

/* What is told of each shard: so many numbers, each with its name. */
struct sheet {
	unsigned count;
	bool sums_alone; /* unless one shard, or one number, is asked for */
	const char *(*name)(unsigned i);
	/* Whether they are of one moment. */
	bool (*read)(const struct runner *runner, uint64_t *values);
};

static const char *counter_title(unsigned i)
{
	return counter_name((enum counter)i);
}

static bool read_counters(const struct runner *runner, uint64_t *values)
{
	struct reading reading;

	reading_take(&reading, runner->core);
	memcpy(values, reading.counters, sizeof(reading.counters));
	return reading.settled;
}

static bool read_stats(const struct runner *runner, uint64_t *values)
{
	struct reading reading;

	reading_take(&reading, runner->core);
	reading_figures(&reading, values);
	return reading.settled;
}

#define LOOP_VALUES 7

static const char *loop_title(unsigned i)
{
	static const char *const titles[LOOP_VALUES] = { "busy_cycles",   "idle_cycles",      "rounds",
							 "rx_kept_drops", "tx_backlog_drops", "capture_drops",
							 "handover_drops" };

	return titles[i];
}

static bool read_loop(const struct runner *runner, uint64_t *values)
{
	struct weir_loop_stats stats;

	loop_stats(runner->loop, &stats);
	values[0] = stats.busy_cycles;
	values[1] = stats.idle_cycles;
	values[2] = stats.rounds;
	values[3] = stats.rx_kept_drops;
	values[4] = stats.tx_backlog_drops;
	values[5] = stats.capture_drops;
	values[6] = stats.handover_drops;
	return true;
}

_Static_assert((int)COUNTERS <= VALUES_MAX && (int)FIGURES <= VALUES_MAX, "a dictionary holds no more");

static const struct sheet counters_sheet = { COUNTERS, true, counter_title, read_counters };
static const struct sheet stats_sheet = { FIGURES, false, reading_figure_name, read_stats };
static const struct sheet loops_sheet = { LOOP_VALUES, false, loop_title, read_loop };

static unsigned count_shards(void)
{
	const struct weir_runtime *rt;
	unsigned count = 0;

	STAILQ_FOREACH(rt, &runtimes, watched)
	count += rt->runners_count;
	return count;
}

/* NULL if there are fewer. */
static const struct runner *find_shard(unsigned shard)
{
	const struct weir_runtime *rt;

	STAILQ_FOREACH(rt, &runtimes, watched)
	{
		if (shard < rt->runners_count)
			return &rt->runners[shard];
		shard -= rt->runners_count;
	}
	return NULL;
}

/* How many of the columns fit an answer beside the sums. */
static unsigned columns_that_fit(const struct sheet *sheet, unsigned shards)
{
	size_t left = ANSWER_BYTES, column = (size_t)shards * (DIGITS + 1);
	unsigned fit = 0;

	for (unsigned i = 0; i < sheet->count; i++)
		left -= strlen(sheet->name(i)) + DIGITS + strlen("\"\":,");
	while (fit < sheet->count && left >= column + strlen(sheet->name(fit)) + strlen("\"\":[],")) {
		left -= column + strlen(sheet->name(fit)) + strlen("\"\":[],");
		fit++;
	}
	return fit;
}

/*
 * What an answer is put together from. It lives until DPDK has written the answer, and is taken again for
 * the next one to the same client, whose thread this is: to give back megabytes a thousand times a second
 * would have the kernel interrupt the shards, to make them forget where these were.
 */
struct pieces {
	unsigned count, used;
	struct rte_tel_data *data[VALUES_MAX + 2];
};

static pthread_key_t pieces_key;

static void free_pieces(void *arg)
{
	struct pieces *pieces = arg;

	while (pieces->count > 0)
		rte_tel_data_free(pieces->data[--pieces->count]);
	free(pieces);
}

/* All of this thread's, for a new answer; NULL: no memory. */
static struct pieces *take_pieces(void)
{
	struct pieces *pieces = pthread_getspecific(pieces_key);

	if (pieces == NULL) {
		pieces = calloc(1, sizeof(*pieces));
		if (pieces != NULL && pthread_setspecific(pieces_key, pieces) != 0) {
			free(pieces);
			pieces = NULL;
		}
	}
	if (pieces != NULL)
		pieces->used = 0;
	return pieces;
}

static struct rte_tel_data *take_piece(struct pieces *pieces)
{
	if (pieces->used == RTE_DIM(pieces->data))
		return NULL;
	if (pieces->used == pieces->count) {
		pieces->data[pieces->count] = rte_tel_data_alloc();
		if (pieces->data[pieces->count] == NULL)
			return NULL;
		pieces->count++;
	}
	return pieces->data[pieces->used++];
}

static struct rte_tel_data *take_dict(struct pieces *pieces)
{
	struct rte_tel_data *dict = take_piece(pieces);

	if (dict != NULL)
		rte_tel_data_start_dict(dict);
	return dict;
}

static int put(struct rte_tel_data *dict, const char *name, struct rte_tel_data *piece)
{
	return rte_tel_data_add_dict_container(dict, name, piece, 1);
}

/* The parts that stand beside the sums: columns first..first + count - 1 of a sheet. */
struct columns {
	unsigned first, count;
	struct rte_tel_data *data[VALUES_MAX];
};

static int make_columns(struct columns *columns, struct pieces *pieces, unsigned first, unsigned count)
{
	columns->first = first;
	for (columns->count = 0; columns->count < count; columns->count++) {
		struct rte_tel_data *data = take_piece(pieces);

		if (data == NULL)
			return -ENOMEM;
		rte_tel_data_start_array(data, RTE_TEL_U64_VAL);
		columns->data[columns->count] = data;
	}
	return 0;
}

/* Reads each shard once, into its place in the columns and into the sums. Returns how many were unsettled. */
static unsigned read_all(const struct sheet *sheet, struct columns *columns, uint64_t *sums)
{
	uint64_t values[VALUES_MAX];
	const struct runner *runner;
	unsigned unsettled = 0;

	memset(sums, 0, sheet->count * sizeof(sums[0]));
	for (unsigned shard = 0; (runner = find_shard(shard)) != NULL; shard++) {
		unsettled += !sheet->read(runner, values);
		for (unsigned i = 0; i < sheet->count; i++)
			sums[i] += values[i];
		for (unsigned i = 0; i < columns->count; i++)
			rte_tel_data_add_array_u64(columns->data[i], values[columns->first + i]);
	}
	return unsettled;
}

static void add_values(struct rte_tel_data *dict, const struct sheet *sheet, const uint64_t *values)
{
	for (unsigned i = 0; i < sheet->count; i++)
		rte_tel_data_add_dict_u64(dict, sheet->name(i), values[i]);
}

/* {"time_ns": ..., "unsettled": 0, "sum": {name: value}, "shards": {name: [value, ...]}} */
static int tell_all(const struct sheet *sheet, struct pieces *pieces, struct rte_tel_data *answer)
{
	struct rte_tel_data *sum = take_dict(pieces), *shards = take_dict(pieces);
	uint64_t sums[VALUES_MAX];
	struct columns columns;

	if (sum == NULL || shards == NULL ||
	    make_columns(&columns, pieces, 0, columns_that_fit(sheet, count_shards())) != 0)
		return -ENOMEM;
	rte_tel_data_add_dict_u64(answer, "time_ns", weir_now_ns());
	rte_tel_data_add_dict_u64(answer, "unsettled", read_all(sheet, &columns, sums));
	add_values(sum, sheet, sums);
	put(answer, "sum", sum);
	for (unsigned i = 0; i < columns.count; i++)
		put(shards, sheet->name(i), columns.data[i]);
	return put(answer, "shards", shards);
}

static int tell_sums(const struct sheet *sheet, struct rte_tel_data *answer)
{
	struct columns none = { .count = 0 };
	uint64_t sums[VALUES_MAX];

	read_all(sheet, &none, sums);
	add_values(answer, sheet, sums);
	return 0;
}

static int tell_shard(const struct sheet *sheet, const char *number, struct rte_tel_data *answer)
{
	uint64_t values[VALUES_MAX];
	const struct runner *runner;
	char *end;

	runner = find_shard((unsigned)strtoul(number, &end, 10));
	if (*end != '\0' || strlen(number) > 4 || runner == NULL)
		return -EINVAL;
	sheet->read(runner, values);
	add_values(answer, sheet, values);
	return 0;
}

/* {"sum": value, "shards": [value, ...]} */
static int tell_name(const struct sheet *sheet, const char *name, struct pieces *pieces,
		     struct rte_tel_data *answer)
{
	uint64_t sums[VALUES_MAX];
	struct columns column;
	unsigned i = 0;

	while (i < sheet->count && strcmp(sheet->name(i), name) != 0)
		i++;
	if (i == sheet->count)
		return -EINVAL;
	if (make_columns(&column, pieces, i, 1) != 0)
		return -ENOMEM;
	read_all(sheet, &column, sums);
	rte_tel_data_add_dict_u64(answer, "sum", sums[i]);
	return put(answer, "shards", column.data[0]);
}

static int tell_sheet(const struct sheet *sheet, const char *what, struct rte_tel_data *answer)
{
	struct pieces *pieces = take_pieces();
	int error;

	if (pieces == NULL)
		return -ENOMEM;
	rte_tel_data_start_dict(answer);
	pthread_mutex_lock(&lock);
	if (what != NULL && isdigit((unsigned char)*what))
		error = tell_shard(sheet, what, answer);
	else if (what != NULL)
		error = tell_name(sheet, what, pieces, answer);
	else if (sheet->sums_alone)
		error = tell_sums(sheet, answer);
	else
		error = tell_all(sheet, pieces, answer);
	pthread_mutex_unlock(&lock);
	return error;
}

static int on_counters(const char *command, const char *what, struct rte_tel_data *answer)
{
	(void)command;
	return tell_sheet(&counters_sheet, what, answer);
}

static int on_stats(const char *command, const char *what, struct rte_tel_data *answer)
{
	(void)command;
	return tell_sheet(&stats_sheet, what, answer);
}

static int on_loops(const char *command, const char *what, struct rte_tel_data *answer)
{
	(void)command;
	return tell_sheet(&loops_sheet, what, answer);
}

/* Places in columns, too: {"port": [...], "queue": [...], "lcore": [...]}. */
static int on_list(const char *command, const char *what, struct rte_tel_data *answer)
{
	static const char *const titles[] = { "port", "queue", "lcore" };
	struct pieces *pieces = take_pieces();
	const struct runner *runner;
	struct columns columns;

	(void)command;
	(void)what;
	rte_tel_data_start_dict(answer);
	if (pieces == NULL || make_columns(&columns, pieces, 0, RTE_DIM(titles)) != 0)
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	for (unsigned shard = 0; (runner = find_shard(shard)) != NULL; shard++) {
		rte_tel_data_add_array_u64(columns.data[0], runner->port->id);
		rte_tel_data_add_array_u64(columns.data[1], runner->queue);
		rte_tel_data_add_array_u64(columns.data[2], runner->lcore);
	}
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < RTE_DIM(titles); i++)
		put(answer, titles[i], columns.data[i]);
	return 0;
}

static int add_port(struct rte_tel_data *answer, struct pieces *pieces, const struct port *port)
{
	struct rte_tel_data *dict = take_dict(pieces);
	struct rte_eth_stats stats = { 0 };
	char number[8];

	if (dict == NULL)
		return -ENOMEM;
	/* A driver without statistics lost nothing that it knows of. */
	(void)rte_eth_stats_get(port->id, &stats);
	rte_tel_data_add_dict_string(dict, "device", port->name);
	rte_tel_data_add_dict_u64(dict, "queues", port->queues);
	rte_tel_data_add_dict_u64(dict, "link_up", port_link_up(port));
	rte_tel_data_add_dict_u64(dict, "rx_missed", stats.imissed);
	rte_tel_data_add_dict_u64(dict, "rx_errors", stats.ierrors);
	rte_tel_data_add_dict_u64(dict, "rx_no_mbuf", stats.rx_nombuf);
	rte_tel_data_add_dict_u64(dict, "tx_errors", stats.oerrors);
	snprintf(number, sizeof(number), "%u", port->id);
	return put(answer, number, dict);
}

static int on_ports(const char *command, const char *what, struct rte_tel_data *answer)
{
	struct pieces *pieces = take_pieces();
	const struct weir_runtime *rt;
	int error = 0;

	(void)command;
	(void)what;
	if (pieces == NULL)
		return -ENOMEM;
	rte_tel_data_start_dict(answer);
	pthread_mutex_lock(&lock);
	STAILQ_FOREACH(rt, &runtimes, watched)
	{
		for (unsigned i = 0; error == 0 && i < rt->ports_count; i++)
			error = add_port(answer, pieces, &rt->ports[i]);
	}
	pthread_mutex_unlock(&lock);
	return error;
}

/* There is no way to take a command back: without a runtime it tells of none. */
static void register_commands(void)
{
	/* Without it nobody could be answered. */
	if (pthread_key_create(&pieces_key, free_pieces) != 0)
		return;
	rte_telemetry_register_cmd("/weir/list", on_list,
				   "Port, queue and lcore of each shard. No parameters");
	rte_telemetry_register_cmd("/weir/stats", on_stats,
				   "What weir does, in sum and by shard. Parameter: a shard, or a name");
	rte_telemetry_register_cmd("/weir/counters", on_counters,
				   "Every counter and drop, in sum. Parameter: a shard, or a name");
	rte_telemetry_register_cmd("/weir/loops", on_loops,
				   "Loops, in sum and by shard. Parameter: a shard, or a name");
	rte_telemetry_register_cmd("/weir/ports", on_ports,
				   "Ports by ethdev number, and what they lost. No parameters");
}

void telemetry_add(struct weir_runtime *rt)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_commands);
	pthread_mutex_lock(&lock);
	rt->is_watched = true;
	STAILQ_INSERT_TAIL(&runtimes, rt, watched);
	pthread_mutex_unlock(&lock);
}

void telemetry_remove(struct weir_runtime *rt)
{
	pthread_mutex_lock(&lock);
	if (rt->is_watched)
		STAILQ_REMOVE(&runtimes, rt, weir_runtime, watched);
	rt->is_watched = false;
	pthread_mutex_unlock(&lock);
}
