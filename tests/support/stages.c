/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/stages.h"

#include <stdio.h>
#include <string.h>

/* What each stage is as a state, and how a table spells that. */
static const struct {
	const char *name;
	enum weir_state state;
} stages[STAGES] = {
	[AT_CLOSED] = { "CLOSED", WEIR_CLOSED },
	[AT_LISTEN] = { "LISTEN", WEIR_LISTEN },
	[AT_SYN_SENT] = { "SYN-SENT", WEIR_SYN_SENT },
	[AT_SYN_RECEIVED] = { "SYN-RECEIVED", WEIR_SYN_RECEIVED },
	[AT_CROSSED] = { "SYN-RECEIVED (simultaneous open)", WEIR_SYN_RECEIVED },
	[AT_ESTABLISHED] = { "ESTABLISHED", WEIR_ESTABLISHED },
	[AT_FIN_WAIT_1] = { "FIN-WAIT-1", WEIR_FIN_WAIT_1 },
	[AT_FIN_WAIT_2] = { "FIN-WAIT-2", WEIR_FIN_WAIT_2 },
	[AT_CLOSE_WAIT] = { "CLOSE-WAIT", WEIR_CLOSE_WAIT },
	[AT_CLOSING] = { "CLOSING", WEIR_CLOSING },
	[AT_LAST_ACK] = { "LAST-ACK", WEIR_LAST_ACK },
	[AT_TIME_WAIT] = { "TIME-WAIT", WEIR_TIME_WAIT },
};

static const char *const spelling[WEIR_STATES] = {
	[WEIR_CLOSED] = "CL",       [WEIR_LISTEN] = "LI",      [WEIR_SYN_SENT] = "SS",
	[WEIR_SYN_RECEIVED] = "SR", [WEIR_ESTABLISHED] = "ES", [WEIR_FIN_WAIT_1] = "F1",
	[WEIR_FIN_WAIT_2] = "F2",   [WEIR_CLOSE_WAIT] = "CW",  [WEIR_CLOSING] = "CG",
	[WEIR_LAST_ACK] = "LA",     [WEIR_TIME_WAIT] = "TW",
};

static struct stand reach_syn_received(struct trace *t)
{
	listen(t, TRACE_PORT);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wnd = 65535);
	return (struct stand){ .theirs = 1, .ours = 1, .window = 65535 };
}

static struct stand reach_crossed(struct trace *t)
{
	connect(t);
	recv_syn(t);
	send(t, SYN, .mss = 1460);
	recv(t, SYN | ACK, .ack = 1, .mss = 1460, .wnd = 65535);
	return (struct stand){ .theirs = 1, .ours = 1, .window = 65535 };
}

static struct stand reach_time_wait(struct trace *t)
{
	trace_open_passive(t);
	call(tcp_close(t->tcp, t->conn), 0);
	recv(t, FIN | ACK, .seq = 1, .ack = 1);
	send(t, FIN | ACK, .seq = 1, .ack = 2);
	recv(t, ACK, .seq = 2, .ack = 2, .wnd = 512);
	event_closed(t, WEIR_EV_FIN, WEIR_REASON_NONE);
	return (struct stand){ .theirs = 2, .ours = 2, .window = 512 };
}

static struct stand reach_synchronized(struct trace *t, enum stage stage)
{
	struct stand at;

	trace_reach(t, stages[stage].state, &at.theirs, &at.ours);
	at.window = trace_info(t).receive_window_bytes;
	return at;
}

struct stand stage_reach(struct trace *t, enum stage stage)
{
	struct stand at = { .theirs = 1, .ours = 1 };

	switch (stage) {
	case AT_LISTEN:
		listen(t, TRACE_PORT);
		break;
	case AT_SYN_SENT:
		connect(t);
		recv_syn(t);
		break;
	case AT_SYN_RECEIVED:
		at = reach_syn_received(t);
		break;
	case AT_CROSSED:
		at = reach_crossed(t);
		break;
	case AT_TIME_WAIT:
		at = reach_time_wait(t);
		break;
	case AT_ESTABLISHED:
	case AT_FIN_WAIT_1:
	case AT_FIN_WAIT_2:
	case AT_CLOSE_WAIT:
	case AT_CLOSING:
	case AT_LAST_ACK:
		at = reach_synchronized(t, stage);
		break;
	case AT_CLOSED:
	case STAGES:
		t->lport = TRACE_PORT;
		t->rport = TRACE_OTHER_PORT;
		break;
	}
	return at;
}

/* The one connection's state now. Back to LISTEN goes only what the application never heard of. */
static enum weir_state state_now(const struct trace *t, enum stage was)
{
	enum weir_state now = was == AT_LISTEN || was == AT_SYN_RECEIVED ? WEIR_LISTEN : WEIR_CLOSED;
	unsigned connections = 0;

	for (enum weir_state st = WEIR_SYN_SENT; st < WEIR_STATES; st++) {
		uint64_t in_it = t->tcp->states[st];

		if (st == WEIR_TIME_WAIT)
			in_it -= t->tcp->time_wait_hidden; /* behind a handshake */
		connections += (unsigned)in_it;
		now = in_it > 0 ? st : now;
	}
	cr_assert_leq(connections, 1);
	return now;
}

/* How the application is told of an end, whatever brought it about. */
static void check_reason(const struct stand *at, const struct weir_event *event, unsigned flags)
{
	bool opening = at->stage == AT_SYN_SENT || at->stage == AT_CROSSED;
	enum weir_reason fair = flags & RST ? opening ? WEIR_REASON_REFUSED : WEIR_REASON_RESET :
					      WEIR_REASON_NONE;

	if (flags == 0) /* not a segment's doing */
		fair = WEIR_REASON_ABORTED;
	cr_expect_eq(event->reason, fair, "%s: ended by %s", stages[at->stage].name,
		     weir_reason_name((enum weir_reason)event->reason));
}

static void take_events(struct trace *t, const struct stand *at, unsigned flags)
{
	struct weir_event event;

	while (tcp_events(t->tcp, &event, 1) == 1) {
		if (event.payload != NULL) /* kept: what is read opens the window, and that brings ACKs */
			t->kept[t->kept_count++] = (payload)(uintptr_t)event.payload;
		if (event.what & WEIR_EV_CLOSED)
			check_reason(at, &event, flags);
	}
}

/* The letter of a segment that was sent; in: what it may be an answer to. */
static char letter(const struct trace *t, const struct stand *at, const struct seg *out, const struct seg *in)
{
	uint32_t nxt = t->our_iss + at->ours, rcv = t->peer_isn + at->theirs;
	bool here = out->seq == nxt && out->ack == rcv && at->stage != AT_SYN_SENT; /* which has no RCV.NXT */

	switch (out->flags) {
	case ACK:
		return here ? 'a' : out->seq == nxt && out->ack == in->seq + seg_space(in) ? 'A' : '?';
	case SYN | ACK:
		return out->ack == in->seq + 1 ? 's' : '?';
	case RST:
		return out->seq == in->ack ? 'r' : '?';
	case RST | ACK:
		if (here)
			return 'x';
		return out->seq == 0 && out->ack == in->seq + seg_space(in) ? 'R' : '?';
	case FIN | ACK:
		return here ? 'F' : '?';
	case PSH | ACK:
		return here && out->len == 1 ? 'D' : '?';
	case SYN:
		return 'S';
	default:
		return '?';
	}
}

static char answer(struct trace *t, const struct stand *at, const struct seg *in)
{
	struct seg out[2];
	struct seg_side sides[2];
	unsigned n = tcp_output(t->tcp, out, sides, 2, t->now_ns);
	char a = n == 1 ? letter(t, at, out, in) : n == 0 ? '-' : '?';

	if (n > 0)
		return a;
	/* Nothing now: perhaps it is only delayed. */
	t->now_ns += DELAYED_ACK + TRACE_SLACK;
	tcp_advance(t->tcp, t->now_ns);
	n = tcp_output(t->tcp, out, sides, 2, t->now_ns);
	a = n == 1 ? letter(t, at, out, in) : '?';
	return n == 0 ? '-' : a == 'A' ? 'd' : '?';
}

static void spell(const struct trace *t, const struct stand *at, char letter, bool drop,
		  char word[STAGE_WORD])
{
	enum weir_state now = state_now(t, at->stage);
	bool moved = now != stages[at->stage].state;

	snprintf(word, STAGE_WORD, "%c%s%s%s", letter, drop ? "!" : "", moved ? ">" : "",
		 moved ? spelling[now] : "");
}

static uint64_t drops(const struct trace *t)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < COUNTERS; i++)
		sum += counter_kind(i) == WEIR_COUNT_DROP ? t->counters.v[i] : 0;
	return sum;
}

void stage_send(struct trace *t, const struct stand *at, struct trace_seg seg, char word[STAGE_WORD])
{
	uint64_t accepted = t->counters.v[ACCEPTED], dropped = drops(t);
	struct seg in = {
		.seq = t->peer_isn + seg.seq,
		.ack = seg.flags & ACK ? t->our_iss + seg.ack : 0,
		.len = (uint16_t)seg.len,
		.flags = (uint8_t)seg.flags,
	};

	trace_send(t, seg);
	accepted = t->counters.v[ACCEPTED] - accepted;
	dropped = drops(t) - dropped;
	cr_assert_eq(accepted + dropped, 1, "counted once, as used or as a drop");
	/* 0 stands for no segment at all. */
	take_events(t, at, seg.flags | PSH);
	spell(t, at, answer(t, at, &in), dropped > 0, word);
}

void stage_outcome(struct trace *t, const struct stand *at, char word[STAGE_WORD])
{
	take_events(t, at, 0);
	spell(t, at, answer(t, at, &(struct seg){ 0 }), false, word);
}

/* The word of a line that stands in this stage's column. */
static void word_at(const char *words, enum stage stage, char word[STAGE_WORD])
{
	int at = 0, next = 0;

	for (unsigned i = 0; i <= stage; i++, at += next)
		cr_assert_eq(sscanf(words + at, "%15s%n", word, &next), 1, "a word is missing: %s", words);
}

/* The word that is being tried: trace_run() passes nothing on. */
static struct {
	const struct stage_line *line;
	enum stage stage;
	stage_reach_fn reach;
	stage_fn act;
} current;

static void try_word(struct trace *t)
{
	char fair[STAGE_WORD], word[STAGE_WORD] = "";
	struct stand at = current.reach(t, current.stage);

	at.stage = current.stage;

	current.act(t, &at, current.line->what, word);
	word_at(current.line->words, current.stage, fair);
	cr_expect_str_eq(word, fair, "%s in %s: %s, expected %s (IPv%u%s)", current.line->what,
			 stages[current.stage].name, word, fair, t->is6 ? 6 : 4,
			 t->near_wrap ? ", near the wrap" : "");
}

void stage_try(const struct stage_line *lines, unsigned count, enum stage stage, stage_fn act)
{
	stage_try_from(stage_reach, lines, count, stage, act);
}

void stage_try_from(stage_reach_fn reach, const struct stage_line *lines, unsigned count, enum stage stage,
		    stage_fn act)
{
	current.stage = stage;
	current.reach = reach;
	current.act = act;
	for (unsigned i = 0; i < count; i++) {
		current.line = &lines[i];
		trace_run(try_word, NULL);
	}
}
