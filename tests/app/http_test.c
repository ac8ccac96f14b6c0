/* SPDX-License-Identifier: BSD-3-Clause */
#include "http.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct http_memo memo;
static struct http_stream stream;
static struct http_info info;
static uint32_t consumed;

static void init(void)
{
	http_init();
}

TestSuite(http, .init = init);

static enum http_outcome feed(enum http_kind kind, const char *text)
{
	return http_feed(kind, &memo, &stream, (const uint8_t *)text, (uint32_t)strlen(text), &consumed,
			 &info);
}

static enum http_outcome request(const char *text)
{
	return feed(HTTP_KIND_REQUEST, text);
}

static enum http_outcome response(const char *text)
{
	return feed(HTTP_KIND_RESPONSE, text);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

Test(http, a_request_and_the_same_again)
{
	cr_assert_eq(request(GET), HTTP_DONE);
	cr_expect_eq(consumed, strlen(GET));
	cr_expect(info.keep_alive && !info.head && !info.version_10);
	cr_expect(!http_pending(&stream));
	cr_expect_eq(memo.len, strlen(GET), "remembered");
	memset(&info, 0, sizeof(info));
	cr_expect_eq(http_recall(&memo, (const uint8_t *)GET GET, (uint32_t)strlen(GET GET), &info),
		     strlen(GET));
	cr_expect(info.keep_alive);
	cr_expect_eq(http_recall(&memo, (const uint8_t *)GET, (uint32_t)strlen(GET) - 1, &info), 0);
	cr_assert_eq(request(GET), HTTP_DONE);
	cr_expect_eq(consumed, strlen(GET));
}

Test(http, keep_alive_by_version_and_header)
{
	cr_assert_eq(request("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), HTTP_DONE);
	cr_expect(!info.keep_alive);
	cr_assert_eq(request("GET / HTTP/1.0\r\n\r\n"), HTTP_DONE);
	cr_expect(!info.keep_alive && info.version_10);
	cr_assert_eq(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), HTTP_DONE);
	cr_expect(info.keep_alive && info.version_10);
	cr_assert_eq(request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_DONE);
	cr_expect(info.keep_alive && info.head);
}

Test(http, a_request_in_every_two_pieces)
{
	static const char post[] = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";

	for (size_t cut = 1; cut < strlen(post); cut++) {
		char first[sizeof(post)] = "";

		memo.len = 0;
		memcpy(first, post, cut);
		cr_assert_eq(request(first), HTTP_MORE, "cut at %zu", cut);
		cr_assert_eq(consumed, cut);
		cr_assert(http_pending(&stream));
		cr_assert_eq(request(post + cut), HTTP_DONE, "cut at %zu", cut);
		cr_assert_eq(consumed, strlen(post) - cut);
		cr_assert_eq(info.body_bytes, 3);
		cr_assert(!http_pending(&stream));
		cr_assert_eq(memo.len, 0, "a message in pieces is not remembered");
	}
}

Test(http, byte_by_byte)
{
	for (size_t i = 0; i < strlen(OK); i++) {
		char byte[2] = { OK[i], '\0' };

		cr_assert_eq(response(byte), i + 1 < strlen(OK) ? HTTP_MORE : HTTP_DONE, "byte %zu", i);
	}
	cr_expect_eq(info.status, 200);
	cr_expect_eq(info.body_bytes, 5);
}

Test(http, pipelined_requests_end_where_they_end)
{
	cr_assert_eq(request(GET "HEAD /y HTTP/1.1\r\n\r\n" GET), HTTP_DONE);
	cr_expect_eq(consumed, strlen(GET));
	cr_assert_eq(request("HEAD /y HTTP/1.1\r\n\r\n" GET), HTTP_DONE);
	cr_expect(info.head);
	cr_expect_eq(consumed, strlen("HEAD /y HTTP/1.1\r\n\r\n"));
}

Test(http, a_body_belongs_to_its_request)
{
	static const char text[] = "POST / HTTP/1.1\r\nContent-Length: 26\r\n\r\n" GET;

	_Static_assert(sizeof(GET) - 1 == 27, "the body is one byte less than what follows");
	cr_assert_eq(request(text), HTTP_DONE);
	cr_expect_eq(consumed, strlen(text) - 1);
	cr_expect_eq(info.body_bytes, 26);
	cr_assert_eq(request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
		     HTTP_DONE);
	cr_expect_eq(info.body_bytes, 3);
}

Test(http, garbage)
{
	static const char *const wrong[] = {
		"garbage\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/1.1\r\nbad header\r\n\r\n",
		"\x16\x03\x01\x02",
		"GET / HTTP/0.9\r\n\r\n",
		"GET / HTTP/2.0\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&stream, 0, sizeof(stream));
		cr_expect_eq(request(wrong[i]), HTTP_MALFORMED, "%s", wrong[i]);
		cr_expect_eq(memo.len, 0, "garbage is not remembered: %s", wrong[i]);
	}
}

/* Sends a request whose headers have about `bytes` bytes, in pieces of 100. */
static enum http_outcome long_headers(size_t bytes)
{
	enum http_outcome outcome = request("GET / HTTP/1.1\r\n");
	char line[101];

	memset(line, 'a', sizeof(line) - 1);
	memcpy(line, "X: ", 3);
	memcpy(line + 98, "\r\n", 3);
	for (size_t sent = 18; outcome == HTTP_MORE && sent + 100 <= bytes; sent += 100)
		outcome = request(line);
	return outcome == HTTP_MORE ? request("\r\n") : outcome;
}

Test(http, headers_have_a_bound)
{
	cr_expect_eq(long_headers(HTTP_HEADERS_MAX - 100), HTTP_DONE);
	memset(&stream, 0, sizeof(stream));
	cr_expect_eq(long_headers(HTTP_HEADERS_MAX + 200), HTTP_TOO_LARGE);
}

Test(http, a_long_body_has_none)
{
	char piece[1001];

	memset(piece, 'b', 1000);
	piece[1000] = '\0';
	cr_assert_eq(request("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"), HTTP_MORE);
	for (int i = 0; i < 99; i++)
		cr_assert_eq(request(piece), HTTP_MORE);
	cr_expect_eq(request(piece), HTTP_DONE);
	cr_expect_eq(info.body_bytes, 100000);
}

Test(http, responses)
{
	cr_assert_eq(response(OK), HTTP_DONE);
	cr_expect(info.status == 200 && info.body_bytes == 5 && info.keep_alive);
	cr_assert_eq(response("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
		     HTTP_DONE);
	cr_expect(info.status == 503 && info.body_bytes == 0 && !info.keep_alive);
	cr_assert_eq(response(OK "more"), HTTP_DONE);
	cr_expect_eq(consumed, strlen(OK));
	cr_expect_eq(response("GET / HTTP/1.1\r\n\r\n"), HTTP_MALFORMED);
}

Test(http, a_response_without_a_length_ends_with_its_stream)
{
	cr_assert_eq(response("HTTP/1.1 200 OK\r\n\r\nsome"), HTTP_MORE);
	cr_assert_eq(response(" text"), HTTP_MORE);
	cr_assert_eq(http_end(&stream, &info), HTTP_DONE);
	cr_expect(info.status == 200 && info.body_bytes == 9 && !info.keep_alive);
	cr_expect_eq(http_end(&stream, &info), HTTP_MORE, "nothing is under way");
	cr_assert_eq(response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), HTTP_MORE);
	cr_expect_eq(http_end(&stream, &info), HTTP_MALFORMED, "broken off");
}

Test(http, what_is_too_long_is_not_remembered)
{
	static char text[3000];

	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nX: %02500d\r\nContent-Length: 0\r\n\r\n", 0);
	cr_assert_eq(response(text), HTTP_DONE);
	cr_expect_eq(memo.len, 0);
	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 2500\r\n\r\n%02500d", 0);
	cr_assert_eq(response(text), HTTP_DONE);
	cr_expect_eq(info.body_bytes, 2500);
	cr_expect_eq(memo.len, strlen(text) - 2500, "a body needs no room");
}

static uint32_t recall(const char *text)
{
	memset(&info, 0, sizeof(info));
	return http_recall(&memo, (const uint8_t *)text, (uint32_t)strlen(text), &info);
}

#define GET_OF(PATH) "GET " PATH " HTTP/1.1\r\nHost: a\r\n\r\n"

Test(http, paths_may_differ_and_nothing_else)
{
	static char text[2 * HTTP_MEMO_MAX];

	cr_assert_eq(request(GET_OF("/some/path-1")), HTTP_DONE);
	cr_expect_eq(recall(GET_OF("/x.html") GET), strlen(GET_OF("/x.html")));
	cr_expect(info.keep_alive);
	cr_expect_eq(recall(GET_OF("/")), strlen(GET_OF("/")));
	cr_expect_eq(recall(GET_OF("/some/path-1/~and_more/")), strlen(GET_OF("/some/path-1/~and_more/")));
	cr_expect_eq(recall(GET_OF("/some?query")), 0);
	cr_expect_eq(recall(GET_OF("/two words")), 0);
	cr_expect_eq(recall(GET_OF("*")), 0);
	cr_expect_eq(recall("PUT /some/path-1 HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
	cr_expect_eq(recall("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), 0);
	cr_expect_eq(recall("GET / HTTP/1.1\r\nHost: b\r\n\r\n"), 0);
	cr_expect_eq(recall("GET /some/path-1"), 0);
	cr_expect_eq(recall("GET"), 0);
	snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MEMO_MAX, 0);
	cr_expect_eq(recall(text), strlen(text));
	snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MEMO_MAX + 1, 0);
	cr_expect_eq(recall(text), 0, "too long, perhaps");
	cr_assert_eq(request(GET_OF("/some?query")), HTTP_DONE);
	cr_expect_eq(recall(GET_OF("/other?query")), strlen(GET_OF("/other?query")));
	cr_expect_eq(recall(GET_OF("/some?other")), 0);
}

/* Any byte at any place of a request: what is recalled is what the parser says without a memo. */
Test(http, what_is_recalled_is_what_is_parsed)
{
	static const char first[] = GET_OF("/p?q");
	char text[sizeof(first)];
	unsigned recalled = 0;

	for (unsigned i = 0; i < (sizeof(first) - 1) * 255; i++) {
		memset(&stream, 0, sizeof(stream));
		cr_assert_eq(request(first), HTTP_DONE);
		memcpy(text, first, sizeof(first));
		text[i / 255] = (char)(1 + i % 255);
		uint32_t len = recall(text);
		struct http_info of_memo = info;

		if (len == 0)
			continue;
		recalled++;
		memo.len = 0;
		cr_assert_eq(request(text), HTTP_DONE, "%s", text);
		cr_assert_eq(consumed, len);
		cr_assert(of_memo.keep_alive == info.keep_alive && of_memo.body_bytes == info.body_bytes &&
			  of_memo.head == info.head && of_memo.version_10 == info.version_10);
	}
	/* The same itself for each place, and one of 26 * 2 + 10 + 5 in the path that is another. */
	cr_expect_eq(recalled, sizeof(first) - 1 + 26 * 2 + 10 + 5 - 1);
}

Test(http, bodies_may_differ_if_as_long_as_the_headers_say)
{
	cr_assert_eq(response(OK), HTTP_DONE);
	cr_expect_eq(recall("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother" OK), strlen(OK));
	cr_expect(info.status == 200 && info.body_bytes == 5 && info.keep_alive);
	cr_expect_eq(recall("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), 0);
	cr_expect_eq(recall("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers"), 0);
	cr_assert_eq(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
		     HTTP_DONE);
	cr_expect_eq(recall("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\r"), 0);
	cr_expect_eq(recall("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"), 0);
}
