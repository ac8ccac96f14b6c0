/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scenarios.h - what is explored: two programs, what may go wrong, and how often.
 *
 * A scenario is a bound. Within it everything is tried: each order of deliveries (a segment may always
 * overtake another), each place for a loss, a duplicate, a time-out, an application's call, an abort, an old
 * segment.
 */
#ifndef WEIR_TESTS_SCENARIOS_H
#define WEIR_TESTS_SCENARIOS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CLIENT,
	SERVER,
	ENDS,
};

/* What an application does next. It does it when it is possible at all, at once or any time later. */
enum op {
	OP_NONE,         /* the end of the program */
	OP_OPEN,         /* connects to the other end */
	OP_SEND,         /* writes one byte */
	OP_SEND_2,       /* writes two */
	OP_SHUTDOWN,     /* half close */
	OP_CLOSE,        /* close */
	OP_CLOSE_AT_FIN, /* close, after the peer's FIN */
	OP_WAIT_CLOSED,  /* until the connection has ended; what follows is for the next one */
	OP_UNLISTEN,     /* stops listening */
	OP_LISTEN,       /* begins to */
	OP_ALWAYS,       /* answers SYNs by cookies from now on, */
	OP_AUTO,         /* while there is a flood, */
	OP_OFF,          /* or not at all, and believes in none */
};

#define OPS_MAX 8

/* Segments of an earlier time or another's hand that arrive when they like, once each. */
enum {
	OLD_SYN = 1 << 0,      /* to the server, from before the window */
	OLD_SYN_ACK = 1 << 1,  /* to the client, for a SYN of long ago */
	OLD_RST = 1 << 2,      /* to the server, within the window, not at its edge (RFC 5961) */
	OLD_RST_BACK = 1 << 3, /* the same to the client */
	OLD_ACK = 1 << 4,      /* to the server: acknowledges what was never sent */
	OLD_ACK_BACK = 1 << 5, /* the same to the client */
	OLD_TEXT = 1 << 6,     /* to the server: a byte from before the window */
	OLD_NEAR_SYN =
		1 << 7, /* to the server, a SYN within the window of a synchronized connection (RFC 5961) */
	OLDS = 8,
};

struct scenario {
	const char *name, *about;
	uint8_t programs[ENDS][OPS_MAX];
	bool listens[ENDS];
	bool reads_late[ENDS]; /* what has arrived is read by a move of its own, not at once */
	uint8_t drops, dups;   /* segments lost, and delivered twice */
	uint8_t delays;        /* time-outs while something is in the network */
	uint8_t aborts[ENDS];
	uint8_t olds; /* OLD_ bits */
	bool cookies; /* the server begins with OP_ALWAYS */
	bool timestamps;
	bool wraps;    /* both streams begin just below the wrap */
	bool gives_up; /* R2 is two time-outs, and ends connections; otherwise it must never be needed */
	bool rfc1337;
};

extern const struct scenario scenarios[];
extern const unsigned scenarios_count;

#endif
