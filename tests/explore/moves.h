/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * moves.h - what can happen next in the world, and making it happen.
 *
 * A move is one thing: a segment arrives (the application at once takes what that brings, unless it reads
 * late, and all output goes into the network), a segment is lost, the application calls, time passes. All
 * moves from a state are listed; the same move from the same state always does the same.
 */
#ifndef WEIR_TESTS_MOVES_H
#define WEIR_TESTS_MOVES_H

#include "explore/world.h"

enum move_kind {
	MOVE_DELIVER,
	MOVE_DUPLICATE, /* deliver, and keep a copy in the network */
	MOVE_LOSE,
	MOVE_CALL, /* the next operation of the program */
	MOVE_ABORT,
	MOVE_READ, /* takes what events wait */
	MOVE_OLD,  /* an old segment arrives */
	MOVE_TIME, /* to the next time-out, with nothing in the network */
	MOVE_LATE, /* the same while something is */
};

struct move {
	uint8_t kind;
	uint8_t end;   /* to which a segment goes, or who calls */
	uint8_t index; /* which one */
};

#define MOVES_MAX 96

/* Why a move may have changed a state: what transitions.h asks. */
enum {
	BY_SYN = 1 << 0,
	BY_SYN_ACK = 1 << 1,
	BY_ACK = 1 << 2,  /* without text */
	BY_TEXT = 1 << 3, /* text without FIN */
	BY_FIN = 1 << 4,
	BY_RST = 1 << 5,
	BY_OPEN = 1 << 6,
	BY_CLOSE = 1 << 7, /* shutdown or close */
	BY_ABORT = 1 << 8,
	BY_TIME = 1 << 9,
	BY_LISTEN = 1 << 10,   /* begins to listen */
	BY_UNLISTEN = 1 << 11, /* stops to */
	BY_COOKIE = 1 << 12,   /* an ACK, with or without text, that made a connection by its cookie */
};

/* What a move did. */
struct made {
	bool refused; /* could not be made after all; the world is as it was, or must be put back */
	bool crowded; /* more was sent than the network holds; to be put back */
	bool again;   /* a cookie was taken that has had its time, offers.h; to be put back */
	const char *fault;
	unsigned end;              /* to whom it happened; MOVE_TIME: both */
	unsigned by;               /* BY_ bits */
	struct flight seg;         /* that arrived or was lost */
	unsigned sent_count[ENDS]; /* new ones towards each end: the last ones in its flights */
};

unsigned moves_list(struct move *moves);
struct made moves_make(struct move move);

/*
 * Whether a faultless network would let it happen, and the applications' programs:
 * no loss, no abort, no delay.
 */
bool move_is_fair(struct move move);

/* The operation that a MOVE_CALL makes. */
enum op move_op(unsigned end);

#endif
