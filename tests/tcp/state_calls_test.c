/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application's calls in every state: what they return and what follows (RFC 9293 sections 3.10.1 to
 * 3.10.6, in the terms of weir.h). A word is what follows from a call that returns 0, or the error of one
 * that does not and changes nothing:
 *
 *     use    -EADDRINUSE    stale  -ESTALE    conn  -ENOTCONN    pipe  -EPIPE
 *
 * There is no handle before the application hears of a connection, nor in TIME-WAIT: the record guards the
 * tuple, and the connection is over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/stages.h"

typedef int (*call_fn)(struct trace *t);

static int call_listen(struct trace *t)
{
	return tcp_listen(t->tcp, (struct weir_endpoint){ .port = t->lport }, 1) < 0 ? -EADDRINUSE : 0;
}

static int call_connect(struct trace *t)
{
	weir_conn conn;

	return tcp_connect(t->tcp, trace_local(t), trace_remote(t), 1, t->now_ns, &conn);
}

static int call_send(struct trace *t)
{
	payload data = payload_arena_copy("x", 1);
	int err = tcp_send(t->tcp, t->conn, data);

	if (err != 0)
		payload_free(data);
	return err;
}

static int call_send_static(struct trace *t)
{
	return tcp_send_static(t->tcp, t->conn, tcp_static(t->tcp, "x", 1));
}

static int call_shutdown(struct trace *t)
{
	return tcp_shutdown(t->tcp, t->conn);
}

static int call_close(struct trace *t)
{
	return tcp_close(t->tcp, t->conn);
}

static int call_abort(struct trace *t)
{
	return tcp_abort(t->tcp, t->conn);
}

static int call_set_word(struct trace *t)
{
	int err = tcp_set_word(t->tcp, t->conn, 77);

	cr_expect(err != 0 || trace_info(t).word == 77);
	return err;
}

static int call_info(struct trace *t)
{
	struct weir_info info;
	int err = tcp_info(t->tcp, t->conn, &info);

	cr_expect(err != 0 || t->tcp->states[info.state] == 1);
	return err;
}

static const struct {
	const char *name;
	call_fn make;
} calls[] = {
	{ "listen", call_listen },     { "connect", call_connect },
	{ "send", call_send },         { "send_static", call_send_static },
	{ "shutdown", call_shutdown }, { "close", call_close },
	{ "abort", call_abort },       { "set_word", call_set_word },
	{ "info", call_info },
};

/* A call that fails must change nothing. */
static void spell_error(const char *followed, int err, char word[STAGE_WORD])
{
	static const struct {
		int err;
		const char *word;
	} errors[] = {
		{ -EADDRINUSE, "use" }, { -ESTALE, "stale" }, { -ENOTCONN, "conn" }, { -EPIPE, "pipe" }
	};
	const char *name = "?";

	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].err == err && strcmp(followed, "-") == 0)
			name = errors[i].word;
	snprintf(word, STAGE_WORD, "%s", name);
}

static void make_call(struct trace *t, const struct stand *at, const char *what, char word[STAGE_WORD])
{
	char followed[STAGE_WORD];
	int err = 1;

	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, what) == 0)
			err = calls[i].make(t);
	stage_outcome(t, at, followed);
	if (err != 0)
		spell_error(followed, err, word);
	else
		memcpy(word, followed, STAGE_WORD);
}

/* clang-format off */

static const struct stage_line lines[] = {
	/*                CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	/* Of the connection's own port (MUST-41, MUST-42); most of them came from a listener. */
	{ "listen",      "-      use    -      use    -     use   use   use   use  use     use   use" },
	{ "connect",     "S>SS   S>SS   use    use    use   use   use   use   use  use     use   use" },
	/* What is sent before the connection is open is not queued but refused: 3.10.2 leaves the choice. */
	{ "send",        "stale  stale  conn   stale  conn  D     pipe  pipe  D    pipe    pipe  stale" },
	{ "send_static", "stale  stale  conn   stale  conn  D     pipe  pipe  D    pipe    pipe  stale" },
	/* Once more is harmless, as long as there is no second FIN (3.10.4). */
	{ "shutdown",    "stale  stale  conn   stale  conn  F>F1  -     -     F>LA -       -     stale" },
	{ "close",       "stale  stale  ->CL   stale  -     F>F1  -     -     F>LA -       -     stale" },
	/* Where both have sent their FINs there is nothing to reset (3.10.5). */
	{ "abort",       "stale  stale  ->CL   stale  x>CL  x>CL  x>CL  x>CL  x>CL ->CL    ->CL  stale" },
	{ "set_word",    "stale  stale  -      stale  -     -     -     -     -    -       -     stale" },
	{ "info",        "stale  stale  -      stale  -     -     -     -     -    -       -     stale" },
};

/* clang-format on */

static void calls_in_every_state(enum stage stage)
{
	stage_try(lines, sizeof(lines) / sizeof(lines[0]), stage, make_call);
}

IN_EVERY_STATE(calls_in_every_state)
