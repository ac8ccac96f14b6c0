/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stages.h - tables of what follows in every state.
 *
 * RFC 9293 section 3.10 says for each state what a segment or a call does there. A table has a line for
 * each thing that is done and a word in it for each of the twelve places where a connection can stand:
 * SYN-RECEIVED counts twice, since what came from a listener (MUST-11) goes other ways than what crossed our
 * own SYN. A line is one string, so that its words stand in columns:
 *
 *     CLOSED LISTEN S-SENT S-RCVD cross ESTAB F-W-1 F-W-2 CL-W CLOSING L-ACK TIME-W
 *
 * A word is what the endpoint sends, '!' if the segment is counted as a drop, and the state that it leads to
 * where that is another one: "A>CW" is an ACK of the segment and CLOSE-WAIT, "r!" a RST, "-" nothing.
 *
 *     -   nothing
 *     a   <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>: where we stand, nothing of the segment is acknowledged
 *     A   the same, and all of the segment is acknowledged
 *     d   as A, but delayed (section 3.8.6.3)
 *     s   a SYN-ACK for the segment, its text and FIN left out
 *     r   <SEQ=SEG.ACK><CTL=RST>
 *     R   <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
 *     S   our SYN           F   our FIN           D   one byte of text
 *     x   RST of ours: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>
 *     ?   something else, which no table names
 *
 * Each word is tried in a connection of its own, over both families, with ordinary numbers and near the wrap.
 */
#ifndef WEIR_TESTS_STAGES_H
#define WEIR_TESTS_STAGES_H

#include "support/trace.h"

enum stage {
	AT_CLOSED,
	AT_LISTEN,
	AT_SYN_SENT,
	AT_SYN_RECEIVED, /* from a listener */
	AT_CROSSED,      /* SYN-RECEIVED by a simultaneous open */
	AT_ESTABLISHED,
	AT_FIN_WAIT_1,
	AT_FIN_WAIT_2,
	AT_CLOSE_WAIT,
	AT_CLOSING,
	AT_LAST_ACK,
	AT_TIME_WAIT,
	STAGES,
};

#define STAGE_WORD 16 /* bytes that a word of a table may have */

/* A connection at a stage; in SYN-SENT the peer's numbers are not known yet, before it there are none. */
struct stand {
	enum stage stage;
	uint32_t theirs; /* RCV.NXT */
	uint32_t ours;   /* SND.NXT */
	uint32_t window; /* RCV.WND: what was offered beyond RCV.NXT */
};

/* Brings a new connection there. */
struct stand stage_reach(struct trace *t, enum stage stage);

/* Sends it a segment and says what followed, as a word of a table. */
void stage_send(struct trace *t, const struct stand *at, struct trace_seg seg, char word[STAGE_WORD]);

/* What followed from a call of the application. */
void stage_outcome(struct trace *t, const struct stand *at, char word[STAGE_WORD]);

/* A line of a table: what is done, and what follows in each state. */
struct stage_line {
	const char *what;
	const char *words;
};

/* Does it, for one word of a line, and says what followed. */
typedef void (*stage_fn)(struct trace *t, const struct stand *at, const char *what, char word[STAGE_WORD]);

/* Brings a new connection to a stage: stage_reach(), or in another way. */
typedef struct stand (*stage_reach_fn)(struct trace *t, enum stage stage);

/* Tries one column of a table: each of its lines at this stage. */
void stage_try(const struct stage_line *lines, unsigned count, enum stage stage, stage_fn act);
void stage_try_from(stage_reach_fn reach, const struct stage_line *lines, unsigned count, enum stage stage,
		    stage_fn act);

/* A test for each stage, named after it: column(AT_CLOSED) and so on. */
#define IN_EVERY_STATE(column)         \
	IN_STATE(column, CLOSED)       \
	IN_STATE(column, LISTEN)       \
	IN_STATE(column, SYN_SENT)     \
	IN_STATE(column, SYN_RECEIVED) \
	IN_STATE(column, CROSSED)      \
	IN_STATE(column, ESTABLISHED)  \
	IN_STATE(column, FIN_WAIT_1)   \
	IN_STATE(column, FIN_WAIT_2)   \
	IN_STATE(column, CLOSE_WAIT)   \
	IN_STATE(column, CLOSING)      \
	IN_STATE(column, LAST_ACK)     \
	IN_STATE(column, TIME_WAIT)
#define IN_STATE(column, st)     \
	Test(tcp, column##_##st) \
	{                        \
		column(AT_##st); \
	}

#endif
