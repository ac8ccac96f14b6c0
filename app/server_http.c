/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdio.h>

#include "ending.h"

static const struct {
	const char *status;
	const char *connection; /* header line */
	bool body, closes;
} kinds[RESPONSES] = {
	[RESPONSE_KEEP] = { "200 OK", "", true, false },
	[RESPONSE_KEEP_10] = { "200 OK", "Connection: keep-alive\r\n", true, false },
	[RESPONSE_CLOSE] = { "200 OK", "Connection: close\r\n", true, true },
	[RESPONSE_HEAD_KEEP] = { "200 OK", "", false, false },
	[RESPONSE_HEAD_KEEP_10] = { "200 OK", "Connection: keep-alive\r\n", false, false },
	[RESPONSE_HEAD_CLOSE] = { "200 OK", "Connection: close\r\n", false, true },
	[RESPONSE_BAD] = { "400 Bad Request", "Connection: close\r\n", false, true },
	[RESPONSE_TOO_LARGE] = { "431 Request Header Fields Too Large", "Connection: close\r\n", false,
				 true },
};

static bool is_error(enum server_response response)
{
	return response == RESPONSE_BAD || response == RESPONSE_TOO_LARGE;
}

int server_http_init(struct server *server, struct weir_core *core, uint64_t size_bytes)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < RESPONSES; i++) {
		char head[BODY_HEAD_MAX];

		/*
		 * Neither Date nor Content-Type: what is measured is the connection, and a fixed answer
		 * is cheap.
		 */
		snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %lu\r\n%s\r\n", kinds[i].status,
			 is_error(i) ? 0 : size_bytes, kinds[i].connection);
		rc = body_init(&server->responses[i], core, head, kinds[i].body ? size_bytes : 0);
	}
	return rc;
}

void server_http_fini(struct server *server)
{
	for (unsigned i = 0; i < RESPONSES; i++)
		body_fini(&server->responses[i]);
}

bool server_http_push(struct server *server, struct weir_core *core, struct server_conn *conn)
{
	int rc = body_send(&server->responses[conn->response], core, conn->handle, &conn->pieces_left);

	if (sending_needs_retry(core, conn->handle, rc))
		slots_wait(&server->slots, (uint32_t)(conn - server->conns));
	if (conn->pieces_left > 0)
		return false;
	/* When stopping, an answer is the last one. */
	if (kinds[conn->response].closes || order_given(&server->orders->stop))
		server_close(server, core, conn);
	return true;
}

static enum server_response choose(const struct http_info *info)
{
	if (!info->keep_alive)
		return info->head ? RESPONSE_HEAD_CLOSE : RESPONSE_CLOSE;
	if (info->version_10)
		return info->head ? RESPONSE_HEAD_KEEP_10 : RESPONSE_KEEP_10;
	return info->head ? RESPONSE_HEAD_KEEP : RESPONSE_KEEP;
}

static bool respond(struct server *server, struct weir_core *core, struct server_conn *conn,
		    enum server_response response)
{
	tally_add(is_error(response) ? &server->tally.rejected : &server->tally.requests, 1);
	conn->response = (uint8_t)response;
	conn->pieces_left = server->responses[response].pieces;
	return server_http_push(server, core, conn);
}

uint32_t server_http_take(struct server *server, struct weir_core *core, struct server_conn *conn,
			  const uint8_t *bytes, uint32_t len)
{
	struct http_stream *stream = &server->rests[conn - server->conns].stream;
	uint32_t taken = 0;

	/* Requests may be pipelined: as many as fit, each answered before the next is looked at. */
	while (taken < len && conn->phase == SERVER_OPEN) {
		enum http_outcome outcome = HTTP_DONE;
		struct http_info info;
		uint32_t consumed =
			conn->partial ? 0 : http_recall(&server->memo, bytes + taken, len - taken, &info);

		if (consumed == 0) {
			outcome = http_feed(HTTP_KIND_REQUEST, &server->memo, stream, bytes + taken,
					    len - taken, &consumed, &info);
			conn->partial = http_pending(stream);
		}
		switch (outcome) {
		case HTTP_MORE:
			return len;
		case HTTP_DONE:
			taken += consumed;
			if (!respond(server, core, conn, choose(&info)))
				return taken;
			break;
		case HTTP_MALFORMED:
			respond(server, core, conn, RESPONSE_BAD);
			return len;
		case HTTP_TOO_LARGE:
			respond(server, core, conn, RESPONSE_TOO_LARGE);
			return len;
		}
	}
	return len;
}
