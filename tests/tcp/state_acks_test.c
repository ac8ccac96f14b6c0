/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fifth step of RFC 9293 section 3.10.7.4, in every state: empty segments in the window whose ACK is
 * right, repeated, old, too old (RFC 5961 section 5: before SND.UNA - MAX.SND.WND) or of what was never sent.
 * In SYN-SENT and SYN-RECEIVED all but the right one are answered by RST (sections 3.10.7.3 and 3.10.7.4).
 * TIME-WAIT has nothing left to be acknowledged and looks at no ACK.
 */
#include <stdlib.h>
#include <string.h>

#include "support/stages.h"

/* trace_reach() leaves the peer's largest window at 512 << 7. */
#define MAX_SND_WND 65536u

/* SND.UNA: three states have our FIN in flight, three others our SYN. */
static uint32_t snd_una(const struct stand *at)
{
	bool in_flight = at->stage == AT_SYN_SENT || at->stage == AT_SYN_RECEIVED ||
			 at->stage == AT_CROSSED || at->stage == AT_FIN_WAIT_1 || at->stage == AT_CLOSING ||
			 at->stage == AT_LAST_ACK;

	return at->ours - in_flight;
}

/* "ACK nxt+1", "ACK una-1", "ACK max+0" (SND.UNA - MAX.SND.WND), "SYN ACK ..." and so on. */
static void send_ack(struct trace *t, const struct stand *at, const char *what, char word[STAGE_WORD])
{
	const char *which = strstr(what, "ACK ") + 4;
	uint32_t base = at->ours;

	if (strncmp(which, "una", 3) == 0)
		base = snd_una(at);
	else if (strncmp(which, "max", 3) == 0)
		base = snd_una(at) - MAX_SND_WND;
	else if (strncmp(which, "far", 3) == 0)
		base = at->ours + INT32_MAX;
	stage_send(t, at,
		   (struct trace_seg){
			   .flags = ACK | (strncmp(what, "SYN", 3) == 0 ? SYN : 0) |
				    (strncmp(what, "RST", 3) == 0 ? RST : 0),
			   .seq = at->theirs,
			   .ack = base + (uint32_t)strtol(which + 3, NULL, 10),
			   .wnd = 512,
		   },
		   word);
}

/* clang-format off */

static const struct stage_line lines[] = {
	/*                  CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W */
	{ "ACK nxt+0",     "r!     r!     -!     ->ES   ->ES  -     ->F2  -     -    ->TW    ->CL  -!" },
	{ "ACK nxt+1",     "r!     r!     r!     r!     r!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK nxt+2",     "r!     r!     r!     r!     r!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK far+0",     "r!     r!     r!     r!     r!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK una+0",     "r!     r!     r!     r!     r!    -     -     -     -    -       -     -!" },
	{ "ACK una-1",     "r!     r!     r!     r!     r!    -     -     -     -    -       -     -!" },
	{ "ACK una-2",     "r!     r!     r!     r!     r!    -     -     -     -    -       -     -!" },
	{ "ACK max+0",     "r!     r!     r!     r!     r!    -     -     -     -    -       -     -!" },
	{ "ACK max-1",     "r!     r!     r!     r!     r!    a!    a!    a!    a!   a!      a!    -!" },
	{ "ACK max-2",     "r!     r!     r!     r!     r!    a!    a!    a!    a!   a!      a!    -!" },

	/* Our SYN's ACK decides in SYN-SENT; everywhere else it is the SYN that is looked at. */
	{ "SYN ACK nxt+0", "r!     r!     A>ES   a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN ACK nxt+1", "r!     r!     r!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN ACK una+0", "r!     r!     r!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },
	{ "SYN ACK una-1", "r!     r!     r!     a!     a!    a!    a!    a!    a!   a!      a!    a!" },

	/* A RST is never answered; in SYN-SENT alone its ACK must be right. */
	{ "RST ACK nxt+0", "-!     -!     ->CL   ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST ACK nxt+1", "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST ACK una+0", "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
	{ "RST ACK max-1", "-!     -!     -!     ->LI   ->CL  ->CL  ->CL  ->CL  ->CL ->CL    ->CL  ->CL" },
};

/* clang-format on */

static void acks_of_every_age(enum stage stage)
{
	stage_try(lines, sizeof(lines) / sizeof(lines[0]), stage, send_ack);
}

IN_EVERY_STATE(acks_of_every_age)
