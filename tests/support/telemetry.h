/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * telemetry.h - a client of DPDK's telemetry socket, and what every answer about a running weir must fulfil.
 *
 * One command, one answer, each a packet of the socket. For tests and benches.
 */
#ifndef WEIR_TESTS_TELEMETRY_H
#define WEIR_TESTS_TELEMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define TELEMETRY_ANSWER_MAX 16384

/* The socket, or -1 with errno. Its greeting has been read. */
int telemetry_connect(const char *path);

/* The answer's bytes, its end marked; how many, 0 if there is none. */
size_t telemetry_ask_text(int sock, const char *command, char answer[TELEMETRY_ANSWER_MAX + 1]);

/*
 * What stands under the command's name, to be freed by json_decref(); NULL if there is no answer, or no
 * JSON in it. json_null(): what was asked for does not exist.
 */
json_t *telemetry_ask(int sock, const char *command);

/* The number under this name, or column's part of a shard; UINT64_MAX if there is none. */
uint64_t telemetry_value(const json_t *dict, const char *name);
uint64_t telemetry_part(const json_t *dict, const char *name, size_t shard);

#define TELEMETRY_NAMES_MAX 16
#define TELEMETRY_SHARDS_MAX 64

/* What was answered before, to hold the next answer against. Begins as zeros. */
struct telemetry_watch {
	uint64_t answers, unsettled;
	uint64_t last[TELEMETRY_NAMES_MAX][TELEMETRY_SHARDS_MAX];
};

/*
 * Holds an answer of /weir/stats against what it must be: each sum that of its parts; counters that only
 * grow; frames in as many as accepted, not ours and dropped, but for one burst. NULL if it is, else the
 * rule that is broken, and *name the number.
 */
const char *telemetry_check(struct telemetry_watch *watch, const json_t *stats, const char **name);

#endif
