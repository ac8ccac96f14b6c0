/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/telemetry.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/reading.h"

/* What a shard counts and never takes back. */
static const char *const growing[] = {
	"established",    "closed",       "failed",           "packets_rx",
	"packets_tx",     "drops",        "packets_accepted", "packets_not_mine",
	"bytes_rx",       "bytes_tx",     "retransmits",      "mbufs_taken",
	"mbufs_returned", "cookies_sent", "failed_timeout",   "failed_reset",
};

#define GROWING (sizeof(growing) / sizeof(growing[0]))

_Static_assert(GROWING <= TELEMETRY_NAMES_MAX, "each has its place");

int telemetry_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char greeting[1024];
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (sock >= 0 && connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    recv(sock, greeting, sizeof(greeting), 0) > 0)
		return sock;
	if (sock >= 0)
		close(sock);
	return -1;
}

size_t telemetry_ask_text(int sock, const char *command, char answer[TELEMETRY_ANSWER_MAX + 1])
{
	ssize_t len = -1;

	if (send(sock, command, strlen(command), MSG_NOSIGNAL) > 0)
		len = recv(sock, answer, TELEMETRY_ANSWER_MAX, 0);
	answer[len > 0 ? len : 0] = '\0';
	return len > 0 ? (size_t)len : 0;
}

json_t *telemetry_ask(int sock, const char *command)
{
	char answer[TELEMETRY_ANSWER_MAX + 1], name[64];
	size_t len = telemetry_ask_text(sock, command, answer);
	json_t *whole = json_loadb(answer, len, 0, NULL), *value;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(command, ","), command);
	value = json_incref(json_object_get(whole, name));
	json_decref(whole);
	return value;
}

uint64_t telemetry_value(const json_t *dict, const char *name)
{
	const json_t *value = json_object_get(dict, name);

	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : UINT64_MAX;
}

uint64_t telemetry_part(const json_t *dict, const char *name, size_t shard)
{
	const json_t *value = json_array_get(json_object_get(dict, name), shard);

	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : UINT64_MAX;
}

/* Of every number that has both. */
static const char *check_sums(const json_t *sum, json_t *shards, const char **name)
{
	json_t *column, *part;
	size_t i;

	json_object_foreach(shards, *name, column)
	{
		uint64_t total = 0;

		json_array_foreach(column, i, part) total += (uint64_t)json_integer_value(part);
		if (total != telemetry_value(sum, *name))
			return "a sum is not that of its parts";
	}
	return NULL;
}

static const char *check_growth(struct telemetry_watch *watch, const json_t *shards, size_t count,
				const char **name)
{
	for (unsigned i = 0; i < GROWING; i++) {
		*name = growing[i];
		for (size_t shard = 0; shard < count; shard++) {
			uint64_t part = telemetry_part(shards, growing[i], shard);

			if (part == UINT64_MAX || part < watch->last[i][shard])
				return "a counter is missing, or went back";
			watch->last[i][shard] = part;
		}
	}
	return NULL;
}

static const char *check_frames(const json_t *shards, size_t count, const char **name)
{
	*name = "packets_rx";
	for (size_t shard = 0; shard < count; shard++) {
		uint64_t in = telemetry_part(shards, "packets_rx", shard);
		uint64_t known = telemetry_part(shards, "packets_accepted", shard) +
				 telemetry_part(shards, "packets_not_mine", shard) +
				 telemetry_part(shards, "drops", shard);

		if (known < in || known - in > READING_SLACK)
			return "frames came in that were neither accepted nor dropped";
	}
	return NULL;
}

const char *telemetry_check(struct telemetry_watch *watch, const json_t *stats, const char **name)
{
	const json_t *sum = json_object_get(stats, "sum");
	json_t *shards = json_object_get(stats, "shards");
	size_t count = json_array_size(json_object_get(shards, "packets_rx"));
	uint64_t unsettled = telemetry_value(stats, "unsettled");
	const char *wrong;

	*name = "";
	if (!json_is_object(sum) || count == 0 || count > TELEMETRY_SHARDS_MAX)
		return "no figures";
	watch->answers++;
	watch->unsettled += unsettled > 0;
	wrong = check_sums(sum, shards, name);
	if (wrong == NULL)
		wrong = check_growth(watch, shards, count, name);
	if (wrong == NULL && unsettled == 0)
		wrong = check_frames(shards, count, name);
	return wrong;
}
