/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/transitions.h"

#include <inttypes.h>
#include <stdint.h>

#include "explore/moves.h"

#define TEXT_OR_FIN (BY_TEXT | BY_FIN)

static const struct {
	enum weir_state from, to;
	unsigned by;
	const char *why;
} rows[] = {
	/* Figure 5, from the top. */
	{ WEIR_CLOSED, WEIR_LISTEN, BY_LISTEN, "passive OPEN" },
	{ WEIR_LISTEN, WEIR_CLOSED, BY_UNLISTEN, "CLOSE in LISTEN" },
	{ WEIR_CLOSED, WEIR_SYN_SENT, BY_OPEN, "active OPEN" },
	{ WEIR_LISTEN, WEIR_SYN_SENT, BY_OPEN, "active OPEN from a port that listens" },
	{ WEIR_LISTEN, WEIR_SYN_RECEIVED, BY_SYN, "SYN" },
	{ WEIR_SYN_SENT, WEIR_SYN_RECEIVED, BY_SYN, "SYN without ACK: simultaneous open" },
	{ WEIR_SYN_SENT, WEIR_ESTABLISHED, BY_SYN_ACK, "SYN that acknowledges ours" },
	{ WEIR_SYN_RECEIVED, WEIR_ESTABLISHED, BY_ACK, "ACK of our SYN" },
	{ WEIR_SYN_RECEIVED, WEIR_ESTABLISHED, BY_TEXT, "ACK of our SYN, with text" },
	{ WEIR_SYN_RECEIVED, WEIR_ESTABLISHED, BY_SYN_ACK, "SYN and ACK as two opens cross" },
	{ WEIR_ESTABLISHED, WEIR_FIN_WAIT_1, BY_CLOSE, "CLOSE" },
	{ WEIR_ESTABLISHED, WEIR_CLOSE_WAIT, BY_FIN, "FIN" },
	{ WEIR_FIN_WAIT_1, WEIR_FIN_WAIT_2, BY_ACK, "ACK of our FIN" },
	{ WEIR_FIN_WAIT_1, WEIR_FIN_WAIT_2, BY_TEXT, "ACK of our FIN, with text" },
	{ WEIR_FIN_WAIT_1, WEIR_CLOSING, BY_FIN, "FIN before the ACK of ours" },
	{ WEIR_FIN_WAIT_1, WEIR_TIME_WAIT, BY_FIN, "FIN with the ACK of ours" },
	{ WEIR_FIN_WAIT_2, WEIR_TIME_WAIT, BY_FIN, "FIN" },
	{ WEIR_CLOSE_WAIT, WEIR_LAST_ACK, BY_CLOSE, "CLOSE" },
	{ WEIR_CLOSING, WEIR_TIME_WAIT, BY_ACK, "ACK of our FIN" },
	{ WEIR_LAST_ACK, WEIR_CLOSED, BY_ACK, "ACK of our FIN" },
	{ WEIR_TIME_WAIT, WEIR_CLOSED, BY_TIME, "2 MSL have gone by" },
	/* A FIN that arrived before the text in front of it takes effect with that (3.10.7.4, seventh). */
	{ WEIR_ESTABLISHED, WEIR_CLOSE_WAIT, BY_TEXT, "text that a FIN waited for" },
	{ WEIR_FIN_WAIT_1, WEIR_CLOSING, BY_TEXT, "text that a FIN waited for" },
	{ WEIR_FIN_WAIT_1, WEIR_TIME_WAIT, BY_TEXT, "text that a FIN waited for, with the ACK of ours" },
	{ WEIR_FIN_WAIT_2, WEIR_TIME_WAIT, BY_TEXT, "text that a FIN waited for" },
	/* Of a FIN behind a gap the ACK is taken at once. */
	{ WEIR_SYN_RECEIVED, WEIR_ESTABLISHED, BY_FIN, "ACK of our SYN, with a FIN that must wait" },
	{ WEIR_FIN_WAIT_1, WEIR_FIN_WAIT_2, BY_FIN, "ACK of our FIN, with a FIN that must wait" },
	{ WEIR_SYN_RECEIVED, WEIR_FIN_WAIT_1, BY_FIN,
	  "ACK of our SYN after CLOSE, with a FIN that must wait" },
	/* Several steps of 3.10.7.4 at once. */
	{ WEIR_SYN_RECEIVED, WEIR_CLOSE_WAIT, BY_FIN, "ACK of our SYN, with a FIN" },
	{ WEIR_SYN_RECEIVED, WEIR_FIN_WAIT_1, BY_ACK, "ACK of our SYN after CLOSE" },
	{ WEIR_SYN_RECEIVED, WEIR_FIN_WAIT_1, BY_SYN_ACK, "SYN and ACK as two opens cross, after CLOSE" },
	{ WEIR_SYN_RECEIVED, WEIR_CLOSING, BY_FIN, "ACK of our SYN, with a FIN, after CLOSE" },
	{ WEIR_SYN_RECEIVED, WEIR_CLOSED, TEXT_OR_FIN, "ACK of our SYN, with text, after CLOSE: reset" },
	/* TIME-WAIT gives way to a new connection (3.6.1 MAY-2, RFC 6191). */
	{ WEIR_TIME_WAIT, WEIR_SYN_RECEIVED, BY_SYN, "SYN of a new connection" },
	{ WEIR_TIME_WAIT, WEIR_SYN_SENT, BY_OPEN, "active OPEN" },
	{ WEIR_SYN_RECEIVED, WEIR_TIME_WAIT, BY_RST | BY_TIME, "that SYN was an old duplicate (3.6.1)" },
	/* What a SYN cookie has kept of a handshake comes back with its third step (RFC 4987 section 3.6). */
	{ WEIR_LISTEN, WEIR_ESTABLISHED, BY_COOKIE, "ACK of a cookie" },
	{ WEIR_LISTEN, WEIR_CLOSE_WAIT, BY_COOKIE, "ACK of a cookie, with a FIN" },
	{ WEIR_SYN_RECEIVED, WEIR_ESTABLISHED, BY_COOKIE, "ACK of a cookie from before the record" },
	{ WEIR_SYN_RECEIVED, WEIR_CLOSE_WAIT, BY_COOKIE,
	  "ACK of a cookie from before the record, with a FIN" },
	{ WEIR_TIME_WAIT, WEIR_ESTABLISHED, BY_COOKIE, "ACK of a cookie, in a new connection" },
	{ WEIR_TIME_WAIT, WEIR_CLOSE_WAIT, BY_COOKIE, "ACK of a cookie, in a new connection, with a FIN" },
	/* RST (3.10.7.3 and 3.10.7.4, second). */
	{ WEIR_SYN_SENT, WEIR_CLOSED, BY_RST, "RST that acknowledges our SYN" },
	{ WEIR_SYN_RECEIVED, WEIR_LISTEN, BY_RST, "RST, opened passively" },
	{ WEIR_SYN_RECEIVED, WEIR_CLOSED, BY_RST, "RST, opened actively" },
	{ WEIR_ESTABLISHED, WEIR_CLOSED, BY_RST, "RST" },
	{ WEIR_FIN_WAIT_1, WEIR_CLOSED, BY_RST, "RST" },
	{ WEIR_FIN_WAIT_2, WEIR_CLOSED, BY_RST, "RST" },
	{ WEIR_CLOSE_WAIT, WEIR_CLOSED, BY_RST, "RST" },
	{ WEIR_CLOSING, WEIR_CLOSED, BY_RST, "RST" },
	{ WEIR_LAST_ACK, WEIR_CLOSED, BY_RST, "RST" },
	{ WEIR_TIME_WAIT, WEIR_CLOSED, BY_RST, "RST" },
	/* ABORT (3.10.5). In TIME-WAIT the application has no connection any more. */
	{ WEIR_SYN_SENT, WEIR_CLOSED, BY_CLOSE, "CLOSE in SYN-SENT (3.10.4)" },
	{ WEIR_SYN_SENT, WEIR_CLOSED, BY_ABORT, "ABORT" },
	{ WEIR_SYN_RECEIVED, WEIR_CLOSED, BY_ABORT, "ABORT" },
	{ WEIR_ESTABLISHED, WEIR_CLOSED, BY_ABORT, "ABORT" },
	{ WEIR_FIN_WAIT_1, WEIR_CLOSED, BY_ABORT, "ABORT" },
	{ WEIR_FIN_WAIT_2, WEIR_CLOSED, BY_ABORT, "ABORT" },
	{ WEIR_CLOSE_WAIT, WEIR_CLOSED, BY_ABORT, "ABORT" },
	{ WEIR_CLOSING, WEIR_CLOSED, BY_ABORT, "ABORT" },
	{ WEIR_LAST_ACK, WEIR_CLOSED, BY_ABORT, "ABORT" },
	/* CLOSE on unread data, and text after CLOSE (3.6.1). */
	{ WEIR_ESTABLISHED, WEIR_CLOSED, BY_CLOSE, "CLOSE with unread data: reset" },
	{ WEIR_FIN_WAIT_1, WEIR_CLOSED, BY_CLOSE, "CLOSE after half close, with unread data: reset" },
	{ WEIR_FIN_WAIT_2, WEIR_CLOSED, BY_CLOSE, "CLOSE after half close, with unread data: reset" },
	{ WEIR_CLOSE_WAIT, WEIR_CLOSED, BY_CLOSE, "CLOSE with unread data: reset" },
	{ WEIR_CLOSING, WEIR_CLOSED, BY_CLOSE, "CLOSE after half close, with unread data: reset" },
	{ WEIR_LAST_ACK, WEIR_CLOSED, BY_CLOSE, "CLOSE after half close, with unread data: reset" },
	{ WEIR_FIN_WAIT_1, WEIR_CLOSED, TEXT_OR_FIN, "text after CLOSE: reset" },
	{ WEIR_FIN_WAIT_2, WEIR_CLOSED, TEXT_OR_FIN, "text after CLOSE: reset" },
	/* Time-outs (3.8.3, 3.10.8). */
	{ WEIR_SYN_SENT, WEIR_CLOSED, BY_TIME, "R2" },
	{ WEIR_SYN_RECEIVED, WEIR_LISTEN, BY_TIME, "the handshake was given up, opened passively" },
	{ WEIR_SYN_RECEIVED, WEIR_CLOSED, BY_TIME, "R2, opened actively" },
	{ WEIR_ESTABLISHED, WEIR_CLOSED, BY_TIME, "R2" },
	{ WEIR_FIN_WAIT_1, WEIR_CLOSED, BY_TIME, "R2" },
	{ WEIR_FIN_WAIT_2, WEIR_CLOSED, BY_TIME, "the peer's FIN does not come" },
	{ WEIR_CLOSE_WAIT, WEIR_CLOSED, BY_TIME, "R2" },
	{ WEIR_CLOSING, WEIR_CLOSED, BY_TIME, "R2" },
	{ WEIR_LAST_ACK, WEIR_CLOSED, BY_TIME, "R2" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static uint64_t seen[ROWS];

static bool ends_as(enum weir_state row, enum weir_state to, enum weir_state from)
{
	/* SYN-RECEIVED alone tells whether it goes back to a listener, or ends beside one. */
	return row == to || (row == WEIR_CLOSED && to == WEIR_LISTEN && from != WEIR_SYN_RECEIVED);
}

bool transitions_see(enum weir_state from, enum weir_state to, unsigned by)
{
	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].from != from || !(rows[i].by & by) || !ends_as(rows[i].to, to, from))
			continue;
		seen[i]++;
		return true;
	}
	return false;
}

unsigned transitions_count(void)
{
	return ROWS;
}

unsigned transitions_seen(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ROWS; i++)
		n += seen[i] > 0;
	return n;
}

void transitions_print(FILE *out, bool missing_only, const char *prefix)
{
	for (unsigned i = 0; i < ROWS; i++) {
		if (missing_only && seen[i] > 0)
			continue;
		fprintf(out, "%s%-12s -> %-12s %12" PRIu64 "  %s\n", prefix, weir_state_name(rows[i].from),
			weir_state_name(rows[i].to), seen[i], rows[i].why);
	}
}
