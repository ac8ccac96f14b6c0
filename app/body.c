/* SPDX-License-Identifier: BSD-3-Clause */
#include "body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Printable, because people look at it with curl; a line is 64 characters. */
static void fill_pattern(uint8_t *bytes, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < len; i++) {
		size_t at = i % BODY_PERIOD;

		/* Each line begins one letter further on; the period ends with a short line. */
		if (at % 64 == 63 || at == BODY_PERIOD - 1)
			bytes[i] = '\n';
		else
			bytes[i] = (uint8_t)letters[(at % 64 + at / 64) % (sizeof(letters) - 1)];
	}
}

static int add(struct weir_core *core, const uint8_t *bytes, uint64_t len)
{
	return weir_static(core, bytes, (uint32_t)len);
}

int body_init(struct body *body, struct weir_core *core, const char *head, uint64_t size)
{
	size_t head_len = head == NULL ? 0 : strlen(head);
	uint64_t begin = size < BODY_CHUNK ? size : BODY_CHUNK, rest = size - begin;

	*body = (struct body){
		.pieces = (uint32_t)(1 + rest / BODY_CHUNK + (rest % BODY_CHUNK != 0)),
		.chunk = -1,
		.tail = -1,
		.first_bytes = malloc(head_len + begin + 1),
		.chunk_bytes = malloc(2 * (size_t)BODY_CHUNK),
	};
	if (body->first_bytes == NULL || body->chunk_bytes == NULL)
		return -ENOMEM;
	if (head_len > 0)
		memcpy(body->first_bytes, head, head_len);
	fill_pattern(body->chunk_bytes, 2 * (size_t)BODY_CHUNK);
	memcpy(body->first_bytes + head_len, body->chunk_bytes, begin);
	body->first = add(core, body->first_bytes, head_len + begin);
	if (body->first >= 0 && rest >= BODY_CHUNK)
		body->chunk = add(core, body->chunk_bytes, BODY_CHUNK);
	if (body->first >= 0 && rest % BODY_CHUNK != 0)
		body->tail = add(core, body->chunk_bytes, rest % BODY_CHUNK);
	if (body->first < 0)
		return body->first;
	if (rest >= BODY_CHUNK && body->chunk < 0)
		return body->chunk;
	return rest % BODY_CHUNK != 0 && body->tail < 0 ? body->tail : 0;
}

void body_fini(struct body *body)
{
	free(body->first_bytes);
	free(body->chunk_bytes);
	body->first_bytes = body->chunk_bytes = NULL;
}

int body_send(const struct body *body, struct weir_core *core, weir_conn conn, uint32_t *left)
{
	while (*left > 0) {
		int piece = body->chunk, rc;

		if (*left == body->pieces)
			piece = body->first;
		else if (*left == 1 && body->tail >= 0)
			piece = body->tail;
		rc = weir_send_static(core, conn, piece);
		if (rc != 0)
			return rc;
		(*left)--;
	}
	return 0;
}

bool body_matches(const struct body *body, uint64_t offset, const uint8_t *bytes, uint32_t len)
{
	uint32_t at = (uint32_t)(offset % BODY_PERIOD);

	while (len > 0) {
		uint32_t part = len < BODY_CHUNK ? len : BODY_CHUNK;

		if (memcmp(bytes, body->chunk_bytes + at, part) != 0)
			return false;
		bytes += part;
		len -= part;
		/* A whole chunk later the pattern stands where it stood. */
	}
	return true;
}
