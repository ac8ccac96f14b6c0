/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_http - a stream of HTTP messages, from a hostile peer: it means the same however it is cut into
 * pieces, and whether or not a message is recognised as one like that before it.
 */
#include "http.h"

#include <string.h>

#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "support/exact.h"

#define MESSAGES_MAX 64

/* What a stream turned out to be. */
struct reading {
	struct http_info infos[MESSAGES_MAX];
	unsigned count;
	enum http_outcome last;
};

static bool refused(enum http_outcome outcome)
{
	return outcome == HTTP_MALFORMED || outcome == HTTP_TOO_LARGE;
}

/* Feeds the stream in pieces of the sizes that `cuts` says, over and over; whole without any. */
static struct reading read_stream(enum http_kind kind, const uint8_t *bytes, uint32_t len,
				  const uint8_t *cuts, unsigned cuts_count, bool forgetful)
{
	struct http_memo memo = { 0 };
	struct http_stream stream = { 0 };
	struct reading reading = { .last = HTTP_MORE };
	uint32_t done = 0;

	for (unsigned i = 0; done < len && reading.count < MESSAGES_MAX; i++) {
		uint32_t piece = cuts_count > 0 ? 1u + cuts[i % cuts_count] : len, consumed;

		piece = piece < len - done ? piece : len - done;
		uint8_t *copy = exact_copy(bytes + done, piece);

		struct http_info *info = &reading.infos[reading.count];

		consumed = forgetful || http_pending(&stream) ? 0 : http_recall(&memo, copy, piece, info);
		reading.last = consumed > 0 ? HTTP_DONE :
					      http_feed(kind, &memo, &stream, copy, piece, &consumed, info);
		free(copy);
		HOLDS(consumed <= piece, "%u of %u", consumed, piece);
		if (refused(reading.last))
			return reading;
		HOLDS(consumed > 0, "no progress");
		HOLDS(http_pending(&stream) == (reading.last == HTTP_MORE), "pending");
		reading.count += reading.last == HTTP_DONE;
		done += consumed;
	}
	if (reading.last == HTTP_MORE && len > 0 && reading.count < MESSAGES_MAX) {
		reading.last = http_end(&stream, &reading.infos[reading.count]);
		reading.count += reading.last == HTTP_DONE;
	}
	return reading;
}

static bool same_info(const struct http_info *a, const struct http_info *b)
{
	return a->body_bytes == b->body_bytes && a->status == b->status && a->head == b->head &&
	       a->version_10 == b->version_10 && a->keep_alive == b->keep_alive;
}

static void expect_same(const struct reading *whole, const struct reading *other)
{
	HOLDS(whole->count == other->count, "%u messages, or %u", whole->count, other->count);
	/* What is malformed beyond the bound on headers is either. */
	HOLDS(whole->last == other->last || (refused(whole->last) && refused(other->last)),
	      "ends with %d, or with %d", whole->last, other->last);
	for (unsigned i = 0; i < whole->count; i++)
		HOLDS(same_info(&whole->infos[i], &other->infos[i]), "message %u", i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct bytes_in in = { data, data + size };
	unsigned how = in_u8(&in);
	enum http_kind kind = how & 1 ? HTTP_KIND_RESPONSE : HTTP_KIND_REQUEST;
	uint8_t cuts[4] = { in_u8(&in), in_u8(&in), in_u8(&in), in_u8(&in) };
	uint32_t len = (uint32_t)in_left(&in);

	if (!ready)
		http_init();
	ready = true;
	if (len > 20000)
		return 0;
	struct reading parsed = read_stream(kind, in.at, len, NULL, 0, true);
	struct reading whole = read_stream(kind, in.at, len, NULL, 0, false);
	struct reading pieces = read_stream(kind, in.at, len, cuts, sizeof(cuts), false);

	expect_same(&whole, &parsed);
	expect_same(&whole, &pieces);
	return 0;
}
