/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * http.h - HTTP/1 messages out of a stream that arrives in pieces: bytes in, verdicts out.
 *
 * The parsing is http_parser's. Two things are added. A memo of the last complete message:
 * under load nearly every message equals the one before it, or differs in nothing that says what kind of
 * message it is, and comparing bytes costs a fraction of parsing them; where a message ends follows from its
 * own bytes alone, so that a prefix that equals the memo is that message. And a stream's parser that lives
 * only while a message is incomplete, so that an idle connection keeps nothing.
 *
 * Pure. A memo belongs to one thread and one kind of message; a stream to one connection.
 */
#ifndef WEIR_APP_HTTP_H
#define WEIR_APP_HTTP_H

#include <http_parser.h>
#include <stdbool.h>
#include <stdint.h>

/* Start line and headers of one message; nginx and Apache bound them alike. Beyond: 431. */
#define HTTP_HEADERS_MAX 8192

enum http_kind {
	HTTP_KIND_REQUEST,
	HTTP_KIND_RESPONSE,
};

enum http_outcome {
	HTTP_MORE,      /* all bytes taken, and the message goes on */
	HTTP_DONE,      /* a message is complete */
	HTTP_MALFORMED, /* the stream cannot be understood from here on */
	HTTP_TOO_LARGE, /* headers beyond HTTP_HEADERS_MAX */
};

/* What a complete message said. */
struct http_info {
	uint64_t body_bytes;
	uint16_t status; /* responses */
	bool head;       /* requests: HEAD, whose response has no body */
	bool version_10; /* HTTP/1.0 */
	bool keep_alive; /* the connection may be used again */
};

#define HTTP_MEMO_MAX 2048

/* With a path that is as long it is still no more than a message may have. */
_Static_assert(2 * HTTP_MEMO_MAX <= HTTP_HEADERS_MAX, "what is recalled is not too large");

/*
 * Two places may hold other bytes than those that are remembered. In a request's target, from its first '/'
 * on, the letters, digits and -._~/ before anything else: a parser that has seen one takes any number of the
 * others without going anywhere. And a body whose length the headers say.
 */
struct http_memo {
	uint32_t len;               /* of all but such a body; 0: nothing remembered */
	uint32_t path_at, path_end; /* 0: none */
	uint32_t body_len;          /* of such a body */
	struct http_info info;
	uint8_t bytes[HTTP_MEMO_MAX];
};

/* A message under way; all zero: none. */
struct http_stream {
	struct http_parser parser;
	uint64_t body_bytes;
	uint8_t status; /* enum http_stream_status */
	bool keep_alive;
};

/* Once per process, before the first message: the bound is a global of the parser's. */
void http_init(void);

/*
 * Do the bytes begin with the message that is remembered, but for what may differ? Returns the length of
 * theirs with info written, or 0. Only where no message is under way; saves touching the stream.
 */
uint32_t http_recall(const struct http_memo *memo, const uint8_t *bytes, uint32_t len,
		     struct http_info *info);

/*
 * Takes bytes up to the end of a message, and remembers it if it came in one piece. *consumed is how many
 * were taken; with HTTP_DONE the rest belongs to the next message. info is written with HTTP_DONE.
 */
enum http_outcome http_feed(enum http_kind kind, struct http_memo *memo, struct http_stream *stream,
			    const uint8_t *bytes, uint32_t len, uint32_t *consumed, struct http_info *info);

/* Is a message incomplete? */
bool http_pending(const struct http_stream *stream);

/*
 * The stream has ended. HTTP_DONE if that is how its message says where it ends (a response
 * without a length); HTTP_MORE if nothing was under way; HTTP_MALFORMED if it breaks off.
 */
enum http_outcome http_end(struct http_stream *stream, struct http_info *info);

#endif
