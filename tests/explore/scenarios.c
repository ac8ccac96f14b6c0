/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The small ones first: with a bound on time, what they leave of it goes to the others. Budgets are the
 * largest with which a scenario ends within minutes.
 */
#include "explore/scenarios.h"

/* clang-format off */
#define SERVER_LISTENS { [SERVER] = true }

const struct scenario scenarios[] = {
	{
		.name = "bare",
		.about = "SYNs and FINs alone, the server closes first",
		.programs = { { OP_OPEN, OP_CLOSE_AT_FIN }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 2, .dups = 1, .delays = 1,
	},
	{
		.name = "refused",
		.about = "the server does not listen yet",
		.programs = { { OP_OPEN, OP_CLOSE }, { OP_LISTEN, OP_CLOSE } },
		.drops = 1, .dups = 1,
	},
	{
		.name = "listener",
		.about = "the client listens, stops to, and opens from a port that listens",
		.programs = { { OP_LISTEN, OP_UNLISTEN, OP_LISTEN, OP_OPEN, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 1,
	},
	{
		.name = "orderly",
		.about = "a byte each way, the server closes first; two losses",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 2,
	},
	{
		.name = "wraps",
		.about = "the same where sequence numbers wrap, with timestamps; a loss",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 1, .timestamps = true, .wraps = true,
	},
	{
		.name = "simultaneous",
		.about = "both open to each other and close; a loss, a delay",
		.programs = { { OP_OPEN, OP_CLOSE }, { OP_OPEN, OP_CLOSE } },
		.drops = 1, .delays = 1,
	},
	{
		.name = "simultaneous-abort",
		.about = "the same, and either may abort",
		.programs = { { OP_OPEN, OP_CLOSE }, { OP_OPEN, OP_CLOSE } },
		.aborts = { 1, 1 },
	},
	{
		.name = "simultaneous-give-up",
		.about = "the same, and so much is lost that R2 is reached",
		.programs = { { OP_OPEN, OP_CLOSE }, { OP_OPEN, OP_CLOSE } },
		.drops = 3, .gives_up = true,
	},
	{
		.name = "simultaneous-text",
		.about = "both open to each other and close, the server after a byte",
		.programs = { { OP_OPEN, OP_CLOSE }, { OP_OPEN, OP_SEND, OP_CLOSE } },
	},
	{
		.name = "abandoned",
		.about = "so much of a handshake is lost that it is given up",
		.programs = { { OP_OPEN, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 7, .gives_up = true,
	},
	{
		.name = "give-up",
		.about = "a byte each way; so much is lost that R2 is reached",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 3, .gives_up = true,
	},
	{
		.name = "both-close",
		.about = "both sides send a byte and close when they like; a loss",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 1,
	},
	{
		.name = "abort",
		.about = "the same, and either may abort",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.aborts = { 1, 1 },
	},
	{
		.name = "rfc1337",
		.about = "a RST does not end TIME-WAIT; an abort, two losses, a duplicate",
		.programs = { { OP_OPEN, OP_CLOSE_AT_FIN }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 2, .dups = 1, .aborts = { 1, 0 }, .rfc1337 = true,
	},
	{
		.name = "duplicates",
		.about = "a byte each way; two duplicates",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.dups = 2,
	},
	{
		.name = "delays",
		.about = "a byte each way; a loss, and a time-out while segments are on their way",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 1, .delays = 1,
	},
	{
		.name = "half-close",
		.about = "the client shuts down, the server goes on sending; a loss",
		.programs = { { OP_OPEN, OP_SEND, OP_SHUTDOWN, OP_CLOSE_AT_FIN }, { OP_SEND, OP_SEND, OP_SHUTDOWN, OP_CLOSE_AT_FIN } },
		.listens = SERVER_LISTENS,
		.drops = 1,
	},
	{
		.name = "stream",
		.about = "the client sends five bytes in four calls; a loss, a duplicate",
		.programs = { { OP_OPEN, OP_SEND, OP_SEND_2, OP_SEND, OP_SEND, OP_CLOSE_AT_FIN }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 1, .dups = 1,
	},
	{
		.name = "late-reader",
		.about = "both sides read late, and may close on unread data",
		.programs = { { OP_OPEN, OP_SEND, OP_SHUTDOWN, OP_CLOSE }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.reads_late = { true, true },
	},
	{
		.name = "old",
		.about = "an old SYN, SYN-ACK, ACK and text at any time",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.olds = OLD_SYN | OLD_SYN_ACK | OLD_ACK | OLD_ACK_BACK | OLD_TEXT,
	},
	{
		.name = "old-in-window",
		.about = "RSTs and a SYN within the window, and an old SYN, at any time",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.olds = OLD_SYN | OLD_RST | OLD_RST_BACK | OLD_NEAR_SYN,
	},
	{
		.name = "old-timestamps",
		.about = "an old SYN, SYN-ACK and ACKs, with the timestamps of the day; a loss",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.olds = OLD_SYN | OLD_SYN_ACK | OLD_ACK | OLD_ACK_BACK, .drops = 1, .timestamps = true,
	},
	{
		.name = "reuse",
		.about = "the client closes and opens again, out of and into TIME-WAIT; a loss",
		.programs = { { OP_OPEN, OP_CLOSE, OP_WAIT_CLOSED, OP_OPEN, OP_SEND, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 1, .timestamps = true,
	},
	{
		.name = "reuse-duplicates",
		.about = "the same without text and timestamps, and the second open may be given up; a duplicate",
		.programs = { { OP_OPEN, OP_CLOSE, OP_WAIT_CLOSED, OP_OPEN, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.dups = 1,
	},
	{
		.name = "simultaneous-data",
		.about = "both open to each other, send a byte and close",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_OPEN, OP_SEND, OP_CLOSE } },
	},
	{
		.name = "abort-loss",
		.about = "either side may abort; a loss",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_SEND, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.drops = 1, .aborts = { 1, 1 },
	},
	{
		.name = "cookies",
		.about = "the server answers by cookies; the client speaks first; a loss, a duplicate, a delay",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE_AT_FIN }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .drops = 1, .dups = 1, .delays = 1,
	},
	{
		.name = "cookies-close",
		.about = "the same with timestamps; text and FIN overtake the ACK",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .timestamps = true, .drops = 1, .dups = 1,
	},
	{
		.name = "cookies-old",
		.about = "the same with an old SYN-ACK and ACK at any time",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .timestamps = true, .olds = OLD_SYN_ACK | OLD_ACK,
	},
	{
		.name = "cookies-reuse",
		.about = "the client opens again while the server, which closed first, is in TIME-WAIT; a loss",
		.programs = { { OP_OPEN, OP_CLOSE, OP_WAIT_CLOSED, OP_OPEN, OP_SEND, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .timestamps = true, .drops = 1,
	},
	{
		.name = "cookies-reuse-plain",
		.about = "the same without timestamps; a duplicate",
		.programs = { { OP_OPEN, OP_CLOSE, OP_WAIT_CLOSED, OP_OPEN, OP_CLOSE }, { OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .dups = 1,
	},
	{
		.name = "cookies-change",
		.about = "in mid-handshake the server comes to remember, and ceases to; a loss, a duplicate",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_AUTO, OP_ALWAYS, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .timestamps = true, .drops = 1, .dups = 1,
	},
	{
		.name = "cookies-change-bare",
		.about = "the same, SYNs and FINs alone",
		.programs = { { OP_OPEN, OP_CLOSE }, { OP_AUTO, OP_ALWAYS, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .drops = 1, .dups = 1,
	},
	{
		.name = "cookies-off",
		.about = "in mid-handshake the server ceases to believe in cookies; a loss",
		.programs = { { OP_OPEN, OP_SEND, OP_CLOSE }, { OP_OFF, OP_CLOSE } },
		.listens = SERVER_LISTENS,
		.cookies = true, .drops = 1,
	},
};
/* clang-format on */

const unsigned scenarios_count = sizeof(scenarios) / sizeof(scenarios[0]);
