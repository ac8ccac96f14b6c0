/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first step of RFC 9293 section 3.10.7.4, with RFC 5961 for RST and SYN: segments around both edges of
 * the receive window, in every state that has one. The left edge is RCV.NXT; the right edge, RCV.NXT+RCV.WND,
 * is the first number that was not offered. Each segment but the SYNs and RSTs carries the ACK of all that
 * we sent: outside the window even that must change nothing.
 *
 * An empty segment at the right edge itself is let pass in synchronized states (lib/tcp/text.c says why).
 */
#include <stdlib.h>
#include <string.h>

#include "support/stages.h"

/* "TEXT left-2" and the like: one byte of text, two before the left edge. */
static void send_there(struct trace *t, const struct stand *at, const char *what, char word[STAGE_WORD])
{
	struct trace_seg seg = { .flags = ACK, .ack = at->ours };
	const char *where = strchr(what, ' ') + 1;
	bool right = strncmp(where, "right", 5) == 0;

	if (strncmp(what, "TEXT", 4) == 0)
		seg.len = 1;
	else if (strncmp(what, "FIN", 3) == 0)
		seg.flags |= FIN;
	else if (strncmp(what, "RST", 3) == 0)
		seg.flags = RST;
	else if (strncmp(what, "SYN-ACK", 7) == 0)
		seg.flags |= SYN;
	else if (strncmp(what, "SYN", 3) == 0)
		seg.flags = SYN;
	seg.seq = at->theirs + (right ? at->window : 0) + (uint32_t)strtol(where + (right ? 5 : 4), NULL, 10);
	stage_send(t, at, seg, word);
}

/* clang-format off */

static const struct stage_line lines[] = {
	/*                   CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	{ "TEXT left-2",    "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "TEXT left-1",    "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "TEXT left+0",    "r!     r!     -!     d>ES   d>ES  d     d>F2  d     -!   ->TW    ->CL  a!" },
	{ "TEXT left+1",    "r!     r!     -!     a>ES   a>ES  a     a>F2  a     -!   ->TW    ->CL  a!" },
	{ "TEXT right-2",   "r!     r!     -!     a>ES   a>ES  a     a>F2  a     -!   ->TW    ->CL  a!" },
	{ "TEXT right-1",   "r!     r!     -!     a>ES   a>ES  a     a>F2  a     -!   ->TW    ->CL  a!" },
	{ "TEXT right+0",   "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "TEXT right+1",   "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "TEXT right+2",   "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },

	{ "ACK left-2",     "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK left-1",     "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK left+0",     "r!     r!     -!     ->ES   ->ES  -     ->F2  -     -    ->TW    ->CL  -!" },
	{ "ACK right-1",    "r!     r!     -!     ->ES   ->ES  -     ->F2  -     -    ->TW    ->CL  -!" },
	{ "ACK right+0",    "r!     r!     -!     a!     ->ES  -     ->F2  -     -    ->TW    ->CL  -!" },
	{ "ACK right+1",    "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK right+2",    "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    -!" },

	/* In TIME-WAIT the one before the left edge is the FIN itself, sent again. */
	{ "FIN left-2",     "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "FIN left-1",     "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a" },
	{ "FIN left+1",     "r!     r!     -!     a>ES   a>ES  a     a>F2  a     -    ->TW    ->CL  a!" },
	{ "FIN right-1",    "r!     r!     -!     a>ES   a>ES  a     a>F2  a     -    ->TW    ->CL  a!" },
	{ "FIN right+0",    "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "FIN right+1",    "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "FIN right+2",    "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },

	{ "RST left-2",     "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "RST left-1",     "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "RST left+0",     "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST left+1",     "-!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "RST left+2",     "-!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "RST right-1",    "-!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "RST right+0",    "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "RST right+1",    "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "RST right+2",    "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },

	/* left-1 is the SYN that SYN-RECEIVED has, sent again. TIME-WAIT goes by RFC 6191. */
	{ "SYN left-2",     "R!     s>SR   s>SR   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN left-1",     "R!     s>SR   s>SR   s      s     a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN left+0",     "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN left+1",     "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN right-1",    "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN right+0",    "R!     s>SR   s>SR   a!     a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN right+1",    "R!     s>SR   s>SR   a!     a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN right+2",    "R!     s>SR   s>SR   a!     a!    a!    a!    a!    a!   a!      a!    s>SR" },

	/* There that SYN with an ACK of ours completes a simultaneous open. */
	{ "SYN-ACK left-2", "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN-ACK left-1", "r!     r!     A>ES   a!     a>ES  a!    a!    a!    a!   a!      a!    a!" },
};

/* clang-format on */

static void edges_of_the_window(enum stage stage)
{
	stage_try(lines, sizeof(lines) / sizeof(lines[0]), stage, send_there);
}

IN_EVERY_STATE(edges_of_the_window)

/* The same edges with a window that is closed: all that is taken stands at RCV.NXT, and is no text. */
static void four_buffers(struct weir_config *config)
{
	config->receive_buffers = 4;
}

TRACE_CONFIGURED(edges_of_a_closed_window, four_buffers)
{
	trace_open_active(t);
	t->keep = true;
	for (unsigned i = 0; i < 4; i++)
		send(t, ACK, .seq = 1 + 1460 * i, .ack = 1, .len = 1460);
	event(t, WEIR_EV_DATA);
	recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
	send(t, ACK, .seq = 5841, .ack = 1);
	quiet(t);
	counted(t, drop_window, 0);
	for (unsigned i = 1; i <= 2; i++) {
		send(t, ACK, .seq = 5841 + i, .ack = 1, .len = 1);
		recv(t, ACK, .seq = 1, .ack = 5841, .zero_window = true);
		send(t, RST, .seq = 5841 + i);
		send(t, RST, .seq = 5841 - i);
		quiet(t);
	}
	counted(t, drop_window, 2);
	counted(t, drop_rst_outside, 4);
	send(t, RST, .seq = 5841);
	event_closed(t, 0, WEIR_REASON_RESET);
}
