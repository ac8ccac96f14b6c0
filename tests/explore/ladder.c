/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/ladder.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "explore/checks.h"
#include "explore/offers.h"

#define TEXT_MAX 96

static sigjmp_buf assertion;

static void on_abort(int signal)
{
	(void)signal;
	siglongjmp(assertion, 1);
}

static int signed_number(uint32_t value)
{
	return (int)value;
}

static void add(char *text, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, TEXT_MAX - used, "%s", more);
}

/* <SEQ=1><ACK=1><CTL=FIN,ACK>, numbers from where each stream began. */
static void describe(const struct flight *flight, unsigned to, char text[TEXT_MAX])
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = { { SEG_SYN, "SYN" }, { SEG_RST, "RST" }, { SEG_FIN, "FIN" }, { SEG_ACK, "ACK" } };
	const struct seg *seg = &flight->seg;
	const char *comma = "";
	char number[32];

	snprintf(text, TEXT_MAX, "<SEQ=%d>", signed_number(seg->seq - offers_base(to ^ 1, seg->seq)));
	if (seg->flags & SEG_ACK) {
		snprintf(number, sizeof(number), "<ACK=%d>",
			 signed_number(seg->ack - offers_base(to, seg->ack)));
		add(text, number);
	}
	if (seg->len > 0) {
		snprintf(number, sizeof(number), "<DATA=%u>", seg->len);
		add(text, number);
	}
	add(text, "<CTL=");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(seg->flags & names[i].flag))
			continue;
		add(text, comma);
		add(text, names[i].name);
		comma = ",";
	}
	add(text, ">");
}

static void row(FILE *out, unsigned number, const char *left, const char *text, const char *right)
{
	char label[16] = "";

	if (number > 0)
		snprintf(label, sizeof(label), "%u.", number);
	fprintf(out, "%4s  %-12s %-3s %-42s %-3s  %s\n", label, weir_state_name(world_view(CLIENT).state),
		left, text, right, weir_state_name(world_view(SERVER).state));
}

static void draw_sent(FILE *out, const struct made *made)
{
	char text[TEXT_MAX];

	for (unsigned to = 0; to < ENDS; to++) {
		unsigned count = world->flights_count[to];

		for (unsigned i = count - made->sent_count[to]; i < count; i++) {
			describe(&world->flights[to][i], to, text);
			row(out, 0, to == SERVER ? "-->" : "...", text, to == SERVER ? "..." : "<--");
		}
	}
}

static const char *op_name(enum op op)
{
	switch (op) {
	case OP_OPEN:
		return "connect()";
	case OP_SEND:
		return "send() of a byte";
	case OP_SEND_2:
		return "send() of two bytes";
	case OP_SHUTDOWN:
		return "shutdown()";
	case OP_CLOSE:
	case OP_CLOSE_AT_FIN:
		return "close()";
	case OP_UNLISTEN:
		return "unlisten()";
	case OP_LISTEN:
		return "listen()";
	case OP_ALWAYS:
		return "cookies always";
	case OP_AUTO:
		return "cookies in a flood";
	case OP_OFF:
		return "no cookies";
	case OP_NONE:
	case OP_WAIT_CLOSED:
		break;
	}
	return "";
}

/* A move of an application or of time, in brackets on its side. */
static void draw_call(FILE *out, unsigned number, struct move move, const char *name, uint32_t steps)
{
	char text[TEXT_MAX];

	if (move.kind == MOVE_TIME || move.kind == MOVE_LATE)
		snprintf(text, sizeof(text), "(%.1f s go by)", (double)steps * 0.537);
	else
		snprintf(text, sizeof(text), "(the %s: %s)", move.end == CLIENT ? "client" : "server", name);
	row(out, number, "", text, "");
}

static void draw_arrival(FILE *out, unsigned number, struct move move, const struct made *made)
{
	bool to_server = made->end == SERVER;
	char text[TEXT_MAX];

	describe(&made->seg, made->end, text);
	if (move.kind == MOVE_LOSE) {
		add(text, " lost");
		row(out, number, "...", text, "...");
		return;
	}
	if (move.kind == MOVE_DUPLICATE)
		add(text, " and a copy stays");
	if (move.kind == MOVE_OLD)
		add(text, " old");
	row(out, number, to_server ? "..." : "<--", text, to_server ? "-->" : "...");
}

static void draw_move(FILE *out, unsigned number, struct move move)
{
	enum op op = move.kind == MOVE_CALL ? move_op(move.end) : OP_NONE;
	struct before before = checks_before();
	struct made made = moves_make(move);

	checks_after(&before, &made);
	switch ((enum move_kind)move.kind) {
	case MOVE_DELIVER:
	case MOVE_DUPLICATE:
	case MOVE_LOSE:
	case MOVE_OLD:
		draw_arrival(out, number, move, &made);
		break;
	case MOVE_CALL:
		draw_call(out, number, move, op_name(op), 0);
		break;
	case MOVE_ABORT:
		draw_call(out, number, move, "abort()", 0);
		break;
	case MOVE_READ:
		draw_call(out, number, move, "reads", 0);
		break;
	case MOVE_TIME:
	case MOVE_LATE:
		draw_call(out, number, move, "", world->steps - before.steps);
		break;
	}
	draw_sent(out, &made);
}

void ladder_draw(FILE *out, const struct scenario *scenario, const struct found *found)
{
	struct sigaction action = { .sa_handler = on_abort, .sa_flags = SA_NODEFER };
	struct move path[PATH_MAX_MOVES];
	unsigned n = states_path(found->state, path);

	sigaction(SIGABRT, &action, NULL);
	world_create(scenario, found->is6);
	fprintf(out, "      %-12s %-3s %-42s %-3s  %s\n", "client", "", "", "", "server");
	row(out, 0, "", "", "");
	if (sigsetjmp(assertion, 0) == 0) {
		for (unsigned i = 0; i < n; i++)
			draw_move(out, i + 1, path[i]);
		if (found->has_move)
			draw_move(out, n + 1, found->move);
	}
	signal(SIGABRT, SIG_DFL);
	fprintf(out, "      Fault: %s.\n", found->fault);
}
