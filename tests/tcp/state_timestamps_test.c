/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timestamps in every state (RFC 7323 sections 3.2 and 5.3): what is old is answered by an ACK, what has none
 * though it was agreed on is dropped silently. RST is exempt. A SYN speaks for a connection that has
 * agreed on nothing yet, and is judged as everywhere: RFC 5961, RFC 6191 in TIME-WAIT.
 */
#include <string.h>

#include "support/stages.h"

/* The peer's clock stands here when a stage has been reached. */
#define NOW 700

static struct stand reach_opening(struct trace *t, enum stage stage)
{
	if (stage == AT_CROSSED) {
		connect(t);
		recv_syn(t);
	} else {
		listen(t, TRACE_PORT);
	}
	send(t, SYN, .mss = 1460, .tsval = NOW);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .tsval = 1, .tsecr = NOW);
	return (struct stand){ .theirs = 1, .ours = 1 };
}

static void peer_shuts_down(struct trace *t, uint32_t our_end, uint32_t ack)
{
	send(t, FIN | ACK, .seq = 1, .ack = ack, .tsval = NOW);
	recv(t, ACK, .seq = our_end, .ack = 2, .tsval = 1, .tsecr = NOW);
}

static struct stand reach_synchronized(struct trace *t, enum stage stage)
{
	bool passive_close = stage == AT_CLOSE_WAIT || stage == AT_LAST_ACK;
	bool their_fin = passive_close || stage == AT_CLOSING || stage == AT_TIME_WAIT;
	bool our_fin = stage != AT_ESTABLISHED && stage != AT_CLOSE_WAIT;

	reach_opening(t, AT_SYN_RECEIVED);
	send(t, ACK, .seq = 1, .ack = 1, .tsval = NOW);
	event(t, WEIR_EV_OPENED);
	if (passive_close) {
		peer_shuts_down(t, 1, 1);
		event(t, WEIR_EV_FIN);
	}
	if (our_fin) {
		call(tcp_shutdown(t->tcp, t->conn), 0);
		recv(t, FIN | ACK, .seq = 1, .ack = passive_close ? 2 : 1, .tsval = 1);
	}
	if (stage == AT_FIN_WAIT_2)
		send(t, ACK, .seq = 1, .ack = 2, .tsval = NOW);
	if (stage == AT_CLOSING) {
		peer_shuts_down(t, 2, 1);
		event(t, WEIR_EV_FIN);
	}
	if (stage == AT_TIME_WAIT) {
		peer_shuts_down(t, 2, 2);
		event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	}
	return (struct stand){ .theirs = 1 + their_fin, .ours = 1 + our_fin };
}

static struct stand reach(struct trace *t, enum stage stage)
{
	if (stage < AT_SYN_RECEIVED)
		return stage_reach(t, stage);
	return stage < AT_ESTABLISHED ? reach_opening(t, stage) : reach_synchronized(t, stage);
}

/* "TEXT old", "SYN ACK none" and the like, at RCV.NXT and with the ACK of all that we sent. */
static void send_stamped(struct trace *t, const struct stand *at, const char *what, char word[STAGE_WORD])
{
	const char *stamp = strrchr(what, ' ') + 1;
	struct trace_seg seg = { .flags = ACK, .seq = at->theirs, .ack = at->ours };

	if (strncmp(what, "TEXT", 4) == 0)
		seg.len = 10;
	else if (strncmp(what, "FIN", 3) == 0)
		seg.flags = FIN | ACK;
	else if (strncmp(what, "RST", 3) == 0)
		seg.flags = RST;
	else if (strncmp(what, "SYN ACK", 7) == 0)
		seg.flags = SYN | ACK;
	else if (strncmp(what, "SYN", 3) == 0)
		seg.flags = SYN;
	if (strcmp(stamp, "none") != 0)
		seg.tsval = strcmp(stamp, "old") == 0 ? NOW - 1 : strcmp(stamp, "same") == 0 ? NOW : NOW + 1;
	stage_send(t, at, seg, word);
}

/* clang-format off */

static const struct stage_line lines[] = {
	/*                 CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	{ "TEXT old",     "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "TEXT none",    "r!     r!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "TEXT same",    "r!     r!     -!     d>ES   d>ES  d     d>F2  d     -!   ->TW    ->CL  a!" },
	{ "TEXT new",     "r!     r!     -!     d>ES   d>ES  d     d>F2  d     -!   ->TW    ->CL  a!" },
	{ "ACK old",      "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "ACK none",     "r!     r!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "ACK same",     "r!     r!     -!     ->ES   ->ES  -     ->F2  -     -    ->TW    ->CL  -!" },
	{ "FIN old",      "r!     r!     -!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "FIN none",     "r!     r!     -!     -!     -!    -!    -!    -!    -!   -!      -!    -!" },
	{ "FIN same",     "r!     r!     -!     A>CW   A>CW  A>CW  A>TW  A>TW  -    ->TW    ->CL  a!" },
	{ "RST old",      "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST none",     "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "SYN old",      "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN none",     "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN same",     "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN new",      "R!     s>SR   s>SR   s      a!    a!    a!    a!    a!   a!      a!    s>SR" },
	{ "SYN ACK old",  "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN ACK none", "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
};

/* clang-format on */

static void timestamps_in_every_state(enum stage stage)
{
	stage_try_from(reach, lines, sizeof(lines) / sizeof(lines[0]), stage, send_stamped);
}

IN_EVERY_STATE(timestamps_in_every_state)
