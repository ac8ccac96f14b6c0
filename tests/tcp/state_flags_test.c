/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All 64 combinations of the six control bits, in every state: what RFC 9293 section 3.10.7 has follow, as
 * RFC 5961 has changed it. PSH and URG change nothing, so that sixteen lines make a table. There is one for
 * each place that a segment without text can have in the window, and one for a segment with text.
 *
 * What reading the RFC decided:
 *   - The tables are TCP's own. The parser, in front of it, drops what has none of SYN, RST and ACK, and SYN
 *     with FIN or RST (tests/unit/tcp_hdr_test.c).
 *   - A SYN in the window sends SYN-RECEIVED back to LISTEN, which may take that very SYN. With an ACK it
 *     cannot, so that one is challenged (RFC 5961 section 4.2: "irrespective of the sequence number").
 *   - In TIME-WAIT empty ACKs are not answered, wherever they stand. The "should" of the first step could
 *     start a war of ACKs, and a record of that state has no place for a limit.
 */
#include <string.h>

#include "support/stages.h"

static const struct {
	const char *name;
	unsigned flag;
} names[] = { { "FIN", FIN }, { "SYN", SYN }, { "RST", RST }, { "ACK", ACK } };

static unsigned flags_of(const char *what)
{
	unsigned flags = 0;

	for (unsigned i = 0; i < 4; i++)
		flags |= strstr(what, names[i].name) != NULL ? names[i].flag : 0;
	return flags;
}

/* What the tables leave out: PSH, URG; where the segment begins, after RCV.NXT; its text. */
static unsigned more_flags;
static int32_t offset;
static uint32_t text;

static void send_flags(struct trace *t, const struct stand *at, const char *what, char word[STAGE_WORD])
{
	stage_send(t, at,
		   (struct trace_seg){
			   .flags = flags_of(what) | more_flags,
			   .seq = at->theirs + (uint32_t)offset,
			   .ack = at->ours,
			   .len = text,
		   },
		   word);
}

static void try_all(const struct stage_line lines[16], enum stage stage, int32_t after_rcv_nxt, uint32_t len)
{
	static const unsigned more[] = { 0, PSH, URG, PSH | URG };

	offset = after_rcv_nxt;
	text = len;
	for (unsigned i = 0; i < 4; i++) {
		more_flags = more[i];
		stage_try(lines, 16, stage, send_flags);
	}
}

/* clang-format off */

/* SEG.SEQ = RCV.NXT, SEG.ACK = SND.NXT, no text. */
static const struct stage_line exact[] = {
	/*                    CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	{ "none",            "R!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "FIN",             "R!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "SYN",             "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN FIN",         "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "RST",             "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST FIN",         "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST SYN",         "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST SYN FIN",     "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK",             "r!     r!     -!     ->ES   ->ES  -     ->F2  -     -    ->TW    ->CL  -!" },
	{ "ACK FIN",         "r!     r!     -!     A>CW   A>CW  A>CW  A>TW  A>TW  -    ->TW    ->CL  a!" },
	{ "ACK SYN",         "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK SYN FIN",     "r!     r!     A>CW   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK RST",         "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK RST FIN",     "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK RST SYN",     "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK RST SYN FIN", "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
};

/* SEG.SEQ = RCV.NXT + 10: in the window, behind a gap. What its ACK says counts at once. */
static const struct stage_line ahead[] = {
	/*                    CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	{ "none",            "R!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "FIN",             "R!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "SYN",             "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN FIN",         "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "RST",             "-!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "RST FIN",         "-!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "RST SYN",         "-!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "RST SYN FIN",     "-!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK",             "r!     r!     -!     ->ES   ->ES  -     ->F2  -     -    ->TW    ->CL  -!" },
	{ "ACK FIN",         "r!     r!     -!     a>ES   a>ES  a     a>F2  a     -    ->TW    ->CL  a!" },
	{ "ACK SYN",         "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK SYN FIN",     "r!     r!     A>CW   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK RST",         "-!     -!     ->CL   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK RST FIN",     "-!     -!     ->CL   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK RST SYN",     "-!     -!     ->CL   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK RST SYN FIN", "-!     -!     ->CL   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
};

/* SEG.SEQ = RCV.NXT - 100: before the window. SYN and RST apart, nothing else is looked at. */
static const struct stage_line before[] = {
	/*                    CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	{ "none",            "R!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    -!" },
	{ "FIN",             "R!     -!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN",             "R!     s>SR   s>SR   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN FIN",         "R!     s>SR   s>SR   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "RST",             "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "RST FIN",         "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "RST SYN",         "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "RST SYN FIN",     "-!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "ACK",             "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK FIN",         "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK SYN",         "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK SYN FIN",     "r!     r!     A>CW   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK RST",         "-!     -!     ->CL   -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "ACK RST FIN",     "-!     -!     ->CL   -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "ACK RST SYN",     "-!     -!     ->CL   -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "ACK RST SYN FIN", "-!     -!     ->CL   -!     -!    -!    -!    -!    -!   -!      -!    -!" },
};

/* SEG.SEQ = RCV.NXT, SEG.ACK = SND.NXT, ten bytes of text. After the peer's FIN there can be none. */
static const struct stage_line with_text[] = {
	/*                    CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	{ "none",            "R!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "FIN",             "R!     -!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "SYN",             "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN FIN",         "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "RST",             "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST FIN",         "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST SYN",         "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST SYN FIN",     "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK",             "r!     r!     -!     d>ES   d>ES  d     d>F2  d     -!   ->TW    ->CL  a!" },
	{ "ACK FIN",         "r!     r!     -!     A>CW   A>CW  A>CW  A>TW  A>TW  -!   ->TW    ->CL  a!" },
	{ "ACK SYN",         "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK SYN FIN",     "r!     r!     A>CW   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK RST",         "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK RST FIN",     "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK RST SYN",     "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "ACK RST SYN FIN", "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
};

/* clang-format on */

static void flags_at_rcv_nxt(enum stage stage)
{
	try_all(exact, stage, 0, 0);
}

static void flags_behind_a_gap(enum stage stage)
{
	try_all(ahead, stage, 10, 0);
}

static void flags_before_the_window(enum stage stage)
{
	try_all(before, stage, -100, 0);
}

static void flags_with_text(enum stage stage)
{
	try_all(with_text, stage, 0, 10);
}

IN_EVERY_STATE(flags_at_rcv_nxt)
IN_EVERY_STATE(flags_behind_a_gap)
IN_EVERY_STATE(flags_before_the_window)
IN_EVERY_STATE(flags_with_text)
