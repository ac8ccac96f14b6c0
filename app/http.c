/* SPDX-License-Identifier: BSD-3-Clause */
#include "http.h"

#include <string.h>

enum http_stream_status {
	STREAM_IDLE,
	STREAM_ACTIVE,
	STREAM_COMPLETE,
};

static struct http_stream *stream_of(http_parser *parser)
{
	return parser->data;
}

static int on_headers_complete(http_parser *parser)
{
	stream_of(parser)->keep_alive = http_should_keep_alive(parser) != 0;
	return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
	(void)at;
	stream_of(parser)->body_bytes += len;
	return 0;
}

/* Pausing makes http_parser_execute() return at the end of this message. */
static int on_message_complete(http_parser *parser)
{
	stream_of(parser)->status = STREAM_COMPLETE;
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

void http_init(void)
{
	http_parser_set_max_header_size(HTTP_HEADERS_MAX);
}

static void begin(struct http_stream *stream, enum http_kind kind)
{
	memset(stream, 0, sizeof(*stream));
	http_parser_init(&stream->parser, kind == HTTP_KIND_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE);
	stream->status = STREAM_ACTIVE;
}

static struct http_info info_of(const struct http_stream *stream)
{
	const http_parser *parser = &stream->parser;

	return (struct http_info){
		.body_bytes = stream->body_bytes,
		.status = (uint16_t)parser->status_code,
		.head = parser->type == HTTP_REQUEST && parser->method == HTTP_HEAD,
		.version_10 = parser->http_major == 1 && parser->http_minor == 0,
		.keep_alive = stream->keep_alive,
	};
}

static bool is_path(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '-') <= '9' - '-' || c == '_' || c == '~';
}

/* How far the path goes on from `at`, but no further than a memo would have room. */
static uint32_t path_end(const uint8_t *bytes, uint32_t at, uint32_t len)
{
	uint32_t most = len - at < HTTP_MEMO_MAX ? len : at + HTTP_MEMO_MAX;

	while (at < most && is_path(bytes[at]))
		at++;
	return at;
}

/* Behind the target's '/'; 0: it does not begin so. */
static uint32_t path_start(const uint8_t *bytes, uint32_t len)
{
	const uint8_t *space = memchr(bytes, ' ', len);

	return space != NULL && space[1] == '/' ? (uint32_t)(space - bytes) + 2 : 0;
}

/* A message of so many bytes, which came in one piece and is complete. */
static void remember(struct http_memo *memo, const struct http_parser *parser, const uint8_t *bytes,
		     uint32_t len, const struct http_info *info)
{
	uint32_t body_len = parser->flags & F_CHUNKED ? 0 : (uint32_t)info->body_bytes;

	if (len - body_len > HTTP_MEMO_MAX)
		return;
	memo->len = len - body_len;
	memo->body_len = body_len;
	memo->path_at = parser->type == HTTP_REQUEST ? path_start(bytes, memo->len) : 0;
	memo->path_end = memo->path_at != 0 ? path_end(bytes, memo->path_at, memo->len) : 0;
	memcpy(memo->bytes, bytes, memo->len);
	memo->info = *info;
}

/* HTTP/0.9 has no headers and no version, and HTTP/2 begins with something else altogether. */
static bool version_is_ours(const struct http_stream *stream)
{
	return stream->parser.http_major == 1;
}

static enum http_outcome parse(struct http_stream *stream, const uint8_t *bytes, uint32_t len,
			       uint32_t *consumed, struct http_info *info)
{
	size_t parsed;
	enum http_errno error;

	stream->parser.data = stream;
	parsed = http_parser_execute(&stream->parser, &settings, (const char *)bytes, len);
	error = HTTP_PARSER_ERRNO(&stream->parser);
	*consumed = (uint32_t)parsed;
	if (stream->status == STREAM_COMPLETE) {
		stream->status = STREAM_IDLE;
		if (!version_is_ours(stream))
			return HTTP_MALFORMED;
		*info = info_of(stream);
		return HTTP_DONE;
	}
	if (error == HPE_HEADER_OVERFLOW)
		return HTTP_TOO_LARGE;
	return error == HPE_OK && parsed == len ? HTTP_MORE : HTTP_MALFORMED;
}

uint32_t http_recall(const struct http_memo *memo, const uint8_t *bytes, uint32_t len, struct http_info *info)
{
	uint32_t at = memo->path_at, rest = memo->len - memo->path_end;

	if (memo->len == 0 || len < at || memcmp(bytes, memo->bytes, at) != 0)
		return 0;
	if (at != 0)
		at = path_end(bytes, at, len);
	if (len - at < rest || memcmp(bytes + at, memo->bytes + memo->path_end, rest) != 0 ||
	    len - at - rest < memo->body_len)
		return 0;
	*info = memo->info;
	return at + rest + memo->body_len;
}

enum http_outcome http_feed(enum http_kind kind, struct http_memo *memo, struct http_stream *stream,
			    const uint8_t *bytes, uint32_t len, uint32_t *consumed, struct http_info *info)
{
	enum http_outcome outcome;
	bool whole = stream->status == STREAM_IDLE;

	if (whole)
		begin(stream, kind);
	outcome = parse(stream, bytes, len, consumed, info);
	if (outcome == HTTP_DONE && whole)
		remember(memo, &stream->parser, bytes, *consumed, info);
	return outcome;
}

bool http_pending(const struct http_stream *stream)
{
	return stream->status != STREAM_IDLE;
}

enum http_outcome http_end(struct http_stream *stream, struct http_info *info)
{
	if (stream->status == STREAM_IDLE)
		return HTTP_MORE;
	stream->parser.data = stream;
	http_parser_execute(&stream->parser, &settings, NULL, 0);
	if (stream->status != STREAM_COMPLETE || !version_is_ours(stream))
		return HTTP_MALFORMED;
	stream->status = STREAM_IDLE;
	*info = info_of(stream);
	return HTTP_DONE;
}
