/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/readers.h"

#include "explore/offers.h"
#include "tcp/isn.h"

uint32_t readers_ts_offset(unsigned end, const struct tuple *tuple)
{
	return isn_make(world_tcp[end], tuple).ts_offset;
}

int readers_peer_age(unsigned end, const struct view *view)
{
	unsigned peer = end ^ 1;

	for (int age = 0; age < STREAMS; age++)
		if (view->rcv_nxt - world->ends[peer].iss[age] - 1 < STREAM_MAX)
			return age;
	return offers_open(peer, view->rcv_nxt) != NULL ? STREAMS : -1;
}

/* Text: each byte where it belongs, of the right stream. */
static const char *take_text(unsigned end, const struct weir_event *event, const struct view *view)
{
	struct app *app = &world->apps[end];
	payload data = (payload)(uintptr_t)event->payload;
	unsigned peer = end ^ 1, bytes = payload_bytes(data);
	uint8_t text[BLOCK_BYTES];
	const char *fault = NULL;

	CHECK(bytes <= BLOCK_BYTES);
	payload_read(data, 0, text, bytes);
	unsigned first = text[0] >> 4 & 7; /* an incarnation's bytes stay together */
	unsigned latest = world->ends[peer].incarnation & 7;

	/* What a late reader finds after its close had arrived before it. */
	if (app->closed && !world_scenario->reads_late[end])
		fault = "text was delivered to an application that had closed";
	for (unsigned i = 0; i < bytes && fault == NULL; i++)
		if (text[i] != world_byte(peer, first, app->read + i))
			fault = "a byte was lost, doubled or out of order";
	if (fault == NULL && view->tcb != NULL &&
	    first != ((latest - (unsigned)readers_peer_age(end, view)) & 7))
		fault = "text of another connection was delivered";
	app->read = (uint8_t)(app->read + bytes);
	tcp_release(world_tcp[end], event->conn, data);
	return fault;
}

static const char *take_fin(unsigned end, const struct view *view)
{
	struct app *app = &world->apps[end];
	const struct app *peer = &world->apps[end ^ 1];

	if (app->fin)
		return "a second FIN was reported";
	app->fin = true;
	/* If the peer has begun another connection, what it wrote into this one is forgotten. */
	if (view->records == 0 || readers_peer_age(end, view) != 0)
		return NULL;
	if (!peer->closing)
		return "a FIN was reported that the other application has not asked for";
	return app->read == peer->written || app->closed ? NULL :
							   "a FIN was reported before all that was written";
}

static const char *judge_reason(const struct app *app, enum weir_reason reason)
{
	switch (reason) {
	case WEIR_REASON_NONE:
		return app->fin && app->closing ? NULL : "an orderly end without a FIN each way";
	case WEIR_REASON_RESET:
	case WEIR_REASON_REFUSED:
		return world->provoked ? NULL : "a connection was reset though nobody had aborted";
	case WEIR_REASON_TIMEOUT:
		return NULL; /* from which state is judged in checks.c */
	case WEIR_REASON_ABORTED:
		return world->provoked ? NULL : "a connection was aborted though nobody had asked for it";
	case WEIR_REASON_UNREACHABLE:
	case WEIR_REASON_SHUTDOWN:
	case WEIR_REASONS:
		break;
	}
	return "a connection ended for a reason that cannot be";
}

/* Over; a program that waits for that goes on behind it. */
static void ended(unsigned end, enum weir_reason reason)
{
	struct app *app = &world->apps[end];
	const uint8_t *program = world_scenario->programs[end];

	app->open = false;
	app->ended = true;
	app->reason = (uint8_t)reason;
	app->conn = (weir_conn){ 0 };
	while (app->pc < OPS_MAX && program[app->pc] != OP_WAIT_CLOSED && program[app->pc] != OP_NONE)
		app->pc++;
	if (app->pc < OPS_MAX && program[app->pc] == OP_WAIT_CLOSED)
		app->pc++;
}

static bool is_for_listener(enum op op)
{
	return op == OP_LISTEN || op == OP_UNLISTEN || op == OP_ALWAYS || op == OP_AUTO || op == OP_OFF;
}

/* A listener's connection: the program from its beginning, but for what made it listen, and how. */
static void begin(unsigned end, weir_conn conn)
{
	struct app *app = &world->apps[end];
	const uint8_t *program = world_scenario->programs[end];

	*app = (struct app){ .conn = conn, .open = true };
	while (is_for_listener((enum op)program[app->pc]))
		app->pc++;
}

static const char *take(unsigned end, const struct weir_event *event)
{
	struct app *app = &world->apps[end];
	struct view view = world_view(end);
	const char *fault = NULL;

	if (event->what & WEIR_EV_OPENED && !app->open)
		begin(end, event->conn);
	if (event->what & WEIR_EV_DATA)
		fault = take_text(end, event, &view);
	if (event->what & WEIR_EV_FIN && fault == NULL)
		fault = take_fin(end, &view);
	if (!(event->what & WEIR_EV_CLOSED))
		return fault;
	if (fault == NULL)
		fault = judge_reason(app, (enum weir_reason)event->reason);
	ended(end, (enum weir_reason)event->reason);
	return fault;
}

const char *readers_take(unsigned end)
{
	const char *fault = NULL;
	struct weir_event event;

	while (tcp_events(world_tcp[end], &event, 1) == 1) {
		const char *found = take(end, &event);

		fault = fault != NULL ? fault : found;
	}
	return fault;
}
