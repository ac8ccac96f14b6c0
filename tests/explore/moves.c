/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/moves.h"

#include <errno.h>
#include <string.h>

#include "explore/offers.h"
#include "explore/readers.h"
#include "support/addresses.h"

/* How long a segment may be in the network. */
#define MSL_NS (30 * CLOCK_NS_PER_S)

/* How far off an old segment is: before every window, or within each. */
#define LONG_AGO 100000u
#define NEAR 1000u

enum op move_op(unsigned end)
{
	uint8_t pc = world->apps[end].pc;

	return pc < OPS_MAX ? (enum op)world_scenario->programs[end][pc] : OP_NONE;
}

bool move_is_fair(struct move move)
{
	switch ((enum move_kind)move.kind) {
	case MOVE_DELIVER:
	case MOVE_CALL:
	case MOVE_READ:
	case MOVE_TIME:
		return true;
	case MOVE_DUPLICATE:
	case MOVE_LOSE:
	case MOVE_ABORT:
	case MOVE_OLD:
	case MOVE_LATE:
		return false;
	}
	return false;
}

/* ------------------------------------------------------------------------------------------- *
 * What can be done
 * ------------------------------------------------------------------------------------------- */

static bool same_flight(const struct flight *a, const struct flight *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* One of several equal ones is enough. */
static bool has_earlier_twin(unsigned end, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (same_flight(&world->flights[end][i], &world->flights[end][index]))
			return true;
	return false;
}

static bool op_possible(unsigned end, const struct view *view)
{
	const struct app *app = &world->apps[end];

	switch (move_op(end)) {
	case OP_NONE:
	case OP_WAIT_CLOSED:
		return false;
	case OP_OPEN:
		return !app->open;
	case OP_SEND:
	case OP_SEND_2:
	case OP_SHUTDOWN:
		return app->open && view_synchronized(view);
	case OP_CLOSE:
		return app->open;
	case OP_CLOSE_AT_FIN:
		return app->open && app->fin;
	case OP_UNLISTEN:
		return world->ends[end].listening;
	case OP_LISTEN:
		return !world->ends[end].listening;
	case OP_ALWAYS:
	case OP_AUTO:
	case OP_OFF:
		return world->ends[end].listening;
	}
	return false;
}

static bool old_possible(unsigned old)
{
	struct view view = world_view(SERVER);

	if (!(world->olds & old))
		return false;
	return old != OLD_NEAR_SYN || (view_synchronized(&view) && view.state != WEIR_TIME_WAIT);
}

static unsigned list_flights(unsigned end, struct move *moves)
{
	unsigned n = 0;

	for (uint8_t i = 0; i < world->flights_count[end]; i++) {
		if (has_earlier_twin(end, i))
			continue;
		moves[n++] = (struct move){ MOVE_DELIVER, (uint8_t)end, i };
		if (world->dups > 0)
			moves[n++] = (struct move){ MOVE_DUPLICATE, (uint8_t)end, i };
		if (world->drops > 0)
			moves[n++] = (struct move){ MOVE_LOSE, (uint8_t)end, i };
	}
	return n;
}

unsigned moves_list(struct move *moves)
{
	unsigned n = 0;

	for (uint8_t end = 0; end < ENDS; end++) {
		struct view view = world_view(end);

		n += list_flights(end, moves + n);
		if (op_possible(end, &view))
			moves[n++] = (struct move){ MOVE_CALL, end, 0 };
		if (world->aborts[end] > 0 && world->apps[end].open)
			moves[n++] = (struct move){ MOVE_ABORT, end, 0 };
		if (ring_used(&world_tcp[end]->events_ring) > 0)
			moves[n++] = (struct move){ MOVE_READ, end, 0 };
	}
	for (uint8_t i = 0; i < OLDS; i++)
		if (old_possible(1u << i))
			moves[n++] = (struct move){ MOVE_OLD, 0, i };
	bool empty = world->flights_count[CLIENT] + world->flights_count[SERVER] == 0;

	if ((empty || world->delays > 0) && world_wait() != UINT32_MAX)
		moves[n++] = (struct move){ empty ? MOVE_TIME : MOVE_LATE, 0, 0 };
	return n;
}

/* ------------------------------------------------------------------------------------------- *
 * The network
 * ------------------------------------------------------------------------------------------- */

static unsigned other(unsigned end)
{
	return end ^ 1;
}

static void note_syn(unsigned end, uint32_t seq)
{
	if (world->ends[end].incarnation == 0 || world->ends[end].iss[0] != seq)
		world_note_stream(end, seq, false);
}

/* A cookie: there is no record, but the other end's SYN is taken all the same. */
static void note_cookie(unsigned end, const struct seg *syn_ack)
{
	offers_add(end, syn_ack);
	world->ends[other(end)].known |= syn_ack->ack == world->ends[other(end)].iss[0] + 1;
}

/* From `end` into the network. */
static void send_segment(unsigned end, const struct seg *seg, const struct seg_side *side, struct made *made)
{
	uint8_t *count = &world->flights_count[other(end)];

	if (*count == FLIGHTS_MAX) {
		made->crowded = true;
		return;
	}
	struct flight *flight = &world->flights[other(end)][(*count)++];

	CHECK(seg->len <= BLOCK_BYTES);
	*flight = (struct flight){
		.seg = *seg,
		.side.pair = { tuple_local(&seg->tuple, &side->pair),
			       tuple_remote(&seg->tuple, &side->pair) },
	};
	const struct pair want = world_pair(end);

	if (!pair_equal(&flight->side.pair, &want) && made->fault == NULL)
		made->fault = "a segment was sent between other addresses";
	for (unsigned i = 0; seg->opts & SEG_OPT_SACK && i < seg->sacks; i++)
		flight->side.sack.blocks[i] = side->sack.blocks[i];
	if (seg->len > 0)
		tcp_read(world_tcp[end], seg, flight->bytes);
	flight->seg.piece = flight->seg.offset = 0;
	flight->seg.hash = 0;
	made->sent_count[other(end)]++;
}

static void take_flight(unsigned end, unsigned index)
{
	struct flight *flights = world->flights[end];
	unsigned last = --world->flights_count[end];

	for (unsigned i = index; i < last; i++)
		flights[i] = flights[i + 1];
	flights[last] = (struct flight){ 0 };
}

static unsigned cause_of(const struct seg *seg)
{
	if (seg->flags & SEG_RST)
		return BY_RST;
	if (seg->flags & SEG_SYN)
		return seg->flags & SEG_ACK ? BY_SYN_ACK : BY_SYN;
	if (seg->flags & SEG_FIN)
		return BY_FIN;
	return seg->len > 0 ? BY_TEXT : BY_ACK;
}

/* `flight` arrives at `end`, as its parser would give it. */
static void arrive(unsigned end, const struct flight *flight, struct made *made)
{
	struct tcp *tcp = world_tcp[end];
	struct seg seg = flight->seg;
	struct seg_side side = { flight->side.sack, { flight->side.pair.remote, flight->side.pair.local } };
	const uint64_t *counters = world_counters[end].v;
	uint64_t after_close = counters[COUNT_drop_after_close], no_port = counters[COUNT_drop_closed_port];
	uint64_t accepted = counters[COUNT_cookies_accepted], resets = counters[COUNT_resets_out], turned;
	bool waited = world_view(end).wait != NULL;

	made->end = end;
	made->seg = *flight;
	made->by = cause_of(&seg);
	if ((seg.flags & (SEG_SYN | SEG_ACK)) == SEG_SYN)
		world->handshakes++;
	seg.tuple = arriving_tuple(&side.pair, seg.tuple.rport, seg.tuple.lport);
	if (seg.len > 0)
		seg.payload = payload_blocks_copy(flight->bytes, seg.len);
	CHECK(tcp_input(tcp, &seg, &side, 1, world_now(end), &turned) == 1);
	payload_free(seg.payload);
	if (turned) {
		seg.payload = 0;
		send_segment(end, &seg, &side, made);
		note_cookie(end, &seg);
	}
	/*
	 * What overtakes a cookie is known by its timestamp;
	 * without one it is refused by a RST, as any ACK of nothing.
	 */
	if (world_scenario->cookies && !world_scenario->timestamps && counters[COUNT_resets_out] != resets)
		world->provoked = true;
	if (counters[COUNT_cookies_accepted] != accepted) {
		made->by = BY_COOKIE;
		made->fault = offers_taken(end, &flight->seg, waited, &made->again);
	}
	if (counters[COUNT_drop_after_close] != after_close)
		world->provoked = true; /* text for an application that has closed: RST (RFC 9293 3.6.1) */
	if (counters[COUNT_drop_closed_port] != no_port && seg.flags & SEG_SYN)
		world->provoked = true; /* nobody listens: refused */
}

/* ------------------------------------------------------------------------------------------- *
 * Calls
 * ------------------------------------------------------------------------------------------- */

static int call_open(unsigned end)
{
	const struct tuple tuple = world_tuple(end);
	const struct pair pair = world_pair(end);
	struct weir_endpoint local = { pair.local, tuple.lport }, remote = { pair.remote, tuple.rport };
	struct app *app = &world->apps[end];
	weir_conn conn;

	/*
	 * From TIME-WAIT: a peer that still waits for the last ACK will be reset, with all of its text
	 * delivered.
	 */
	world->provoked |= world_view(end).state == WEIR_TIME_WAIT;
	world->handshakes++;
	int err = tcp_connect(world_tcp[end], local, remote, 0, world_now(end), &conn);

	if (err == 0)
		*app = (struct app){ .conn = conn, .pc = app->pc, .open = true };
	return err;
}

static int call_send(unsigned end, unsigned bytes)
{
	struct app *app = &world->apps[end];
	uint8_t data[2];

	for (unsigned i = 0; i < bytes; i++)
		data[i] = world_byte(end, world->ends[end].incarnation, app->written + i);
	payload p = payload_blocks_copy(data, bytes);
	int err = tcp_send(world_tcp[end], app->conn, p);

	if (err == 0)
		app->written = (uint8_t)(app->written + bytes);
	else
		payload_free(p);
	return err;
}

static int call_close(unsigned end)
{
	struct app *app = &world->apps[end];
	int err = tcp_close(world_tcp[end], app->conn);

	/* With something unread, or before the peer has answered, it is an abort. */
	world->provoked |= world_view(end).records == 0;
	app->closing = app->closed = true;
	return err;
}

static int call_abort(unsigned end)
{
	world->aborts[end]--;
	world->provoked = true;
	return tcp_abort(world_tcp[end], world->apps[end].conn);
}

static int call(unsigned end, struct made *made)
{
	struct app *app = &world->apps[end];
	enum op op = move_op(end);

	app->pc++;
	switch (op) {
	case OP_OPEN:
		made->by = BY_OPEN;
		return call_open(end);
	case OP_SEND:
		return call_send(end, 1);
	case OP_SEND_2:
		return call_send(end, 2);
	case OP_SHUTDOWN:
		made->by = BY_CLOSE;
		app->closing = true;
		return tcp_shutdown(world_tcp[end], app->conn);
	case OP_CLOSE:
	case OP_CLOSE_AT_FIN:
		made->by = BY_CLOSE;
		return call_close(end);
	case OP_UNLISTEN:
		made->by = BY_UNLISTEN;
		world->ends[end].listening = false;
		return tcp_unlisten(world_tcp[end], world->ends[end].listener);
	case OP_LISTEN:
		made->by = BY_LISTEN;
		world->ends[end].listening = true;
		world->ends[end].listener = tcp_listen(
			world_tcp[end], (struct weir_endpoint){ .port = world_tuple(end).lport }, 0);
		return 0;
	case OP_ALWAYS:
		return world_defend(end, WEIR_DEFENCE_ALWAYS);
	case OP_AUTO:
		return world_defend(end, WEIR_DEFENCE_AUTO);
	case OP_OFF:
		world->provoked = true; /* cookies under way are believed no more */
		return world_defend(end, WEIR_DEFENCE_OFF);
	case OP_NONE:
	case OP_WAIT_CLOSED:
		break;
	}
	return -EINVAL;
}

/*
 * A port whose TIME-WAIT may not be reused yet is no fault: the call is made later. Nor is a call on a
 * connection of whose end a late reader has not heard.
 */
static void judge_call(int err, bool late, struct made *made)
{
	if (err == -EADDRINUSE || err == -EAGAIN)
		made->refused = true;
	else if (err == -ESTALE && late)
		return;
	else if (err != 0)
		made->fault = "a call failed that should not";
}

/* ------------------------------------------------------------------------------------------- *
 * Old segments
 * ------------------------------------------------------------------------------------------- */

static const struct {
	uint8_t to, flags;
	uint32_t seq, ack; /* from where the sender's, and the receiver's, stream began */
	uint16_t len;
} olds[OLDS] = {
	{ .to = SERVER, .flags = SEG_SYN, .seq = -LONG_AGO },
	{ .to = CLIENT, .flags = SEG_SYN | SEG_ACK, .seq = -LONG_AGO, .ack = -LONG_AGO },
	{ .to = SERVER, .flags = SEG_RST, .seq = NEAR },
	{ .to = CLIENT, .flags = SEG_RST, .seq = NEAR },
	{ .to = SERVER, .flags = SEG_ACK, .seq = 1, .ack = NEAR },
	{ .to = CLIENT, .flags = SEG_ACK, .seq = 1, .ack = NEAR },
	{ .to = SERVER, .flags = SEG_ACK | SEG_PSH, .seq = -LONG_AGO, .ack = -LONG_AGO, .len = 1 },
	{ .to = SERVER, .flags = SEG_SYN, .seq = NEAR },
};

static struct flight old_flight(unsigned index)
{
	unsigned to = olds[index].to, from = other(to);
	struct flight flight = {
		.seg = {
			.tuple = world_tuple(from),
			.seq = offers_latest(from) + olds[index].seq,
			.ack = olds[index].flags & SEG_ACK ? offers_latest(to) + olds[index].ack : 0,
			.flags = olds[index].flags,
			.len = olds[index].len,
			.wnd = 1000,
		},
		.side.pair = world_pair(from),
		.bytes = { 0xff },
	};

	if (flight.seg.flags & SEG_SYN) {
		flight.seg.opts |= SEG_OPT_MSS;
		flight.seg.mss = 1460;
	}
	if (world_scenario->timestamps && !(flight.seg.flags & SEG_RST)) {
		struct tuple tuple = world_tuple(from);

		/* The worst: the very latest, as from somebody who sees the connection's timestamps. */
		flight.seg.opts |= SEG_OPT_TS;
		flight.seg.tsval = world_scenario->cookies && from == SERVER ?
					   offers_clock(from) :
					   world_tick(from) + readers_ts_offset(from, &tuple);
	}
	return flight;
}

/* ------------------------------------------------------------------------------------------- *
 * Making a move
 * ------------------------------------------------------------------------------------------- */

/*
 * A client that believes to be connected to a server that keeps nothing, and does not tell it before its
 * cookie is too old.
 */
static bool outlives_cookie(const struct view views[ENDS], uint32_t steps)
{
	return (uint64_t)steps << WORLD_STEP_SHIFT >= MSL_NS && views[SERVER].tcb == NULL &&
	       view_synchronized(&views[CLIENT]) && offers_open(SERVER, views[CLIENT].rcv_nxt) != NULL;
}

/*
 * Of a handshake that must not be needed often; but what is remembered of one has a second while cookies do
 * its work (tcp/half_open.c).
 */
static bool is_hasty(unsigned end)
{
	return world_scenario->gives_up || world_tcp[end]->defending > 0;
}

/* Both ends look at their timers at the new time. What is older than the MSL has left the network. */
static void pass_time(struct made *made)
{
	const struct view views[ENDS] = { world_view(CLIENT), world_view(SERVER) };
	uint32_t steps = world_wait();

	made->by = BY_TIME;
	if (steps == 0) {
		made->fault = "a timer is overdue";
		return;
	}
	world->steps += steps;
	world->provoked |= outlives_cookie(views, steps);
	if (((uint64_t)steps << WORLD_STEP_SHIFT) >= MSL_NS) {
		for (unsigned end = 0; end < ENDS; end++)
			while (world->flights_count[end] > 0)
				take_flight(end, 0);
	}
	for (unsigned end = 0; end < ENDS; end++) {
		tcp_advance(world_tcp[end], world_now(end));
		/* Given up: the peer may find nothing here. */
		world->provoked |= world_view(end).records == 0 &&
				   (views[end].tcb != NULL || (views[end].half != NULL && is_hasty(end)));
	}
	if (world_wait() == 0)
		made->fault = "a timer that was due did not fire";
}

/* What is empty starts at its beginning: which place comes next is no part of a state. */
static void rewind_ring(struct ring *ring)
{
	if (ring_used(ring) == 0)
		ring->head = ring->tail = 0;
}

static void settle(unsigned end, bool read, struct made *made)
{
	struct tcp *tcp = world_tcp[end];
	struct seg segs[FLIGHTS_MAX];
	struct seg_side sides[FLIGHTS_MAX];
	unsigned n;

	if (read && made->fault == NULL)
		made->fault = readers_take(end);
	while ((n = tcp_output(tcp, segs, sides, FLIGHTS_MAX, world_now(end))) > 0)
		for (unsigned i = 0; i < n; i++) {
			send_segment(end, &segs[i], &sides[i], made);
			if (segs[i].flags & SEG_SYN && !made->crowded)
				note_syn(end, segs[i].seq);
		}
	if (ring_used(&tcp->dirty_ring) + ring_used(&tcp->replies_ring) > 0 && made->fault == NULL)
		made->fault = "output is left when there should be none";
	rewind_ring(&tcp->events_ring);
	rewind_ring(&tcp->dirty_ring);
	rewind_ring(&tcp->replies_ring);
	rewind_ring(&tcp->delayed_ring);
}

static void make(struct move move, struct made *made)
{
	bool late = world_scenario->reads_late[move.end];

	made->end = move.end;
	switch ((enum move_kind)move.kind) {
	case MOVE_DELIVER:
	case MOVE_DUPLICATE:
	case MOVE_LOSE:
		made->seg = world->flights[move.end][move.index];
		if (move.kind == MOVE_DUPLICATE)
			world->dups--;
		else
			take_flight(move.end, move.index);
		if (move.kind == MOVE_LOSE)
			world->drops--;
		else
			arrive(move.end, &made->seg, made);
		return;
	case MOVE_CALL:
		judge_call(call(move.end, made), late, made);
		return;
	case MOVE_ABORT:
		made->by = BY_ABORT;
		judge_call(call_abort(move.end), late, made);
		return;
	case MOVE_READ:
		return;
	case MOVE_OLD:
		world->olds &= (uint8_t) ~(1u << move.index);
		made->seg = old_flight(move.index);
		arrive(olds[move.index].to, &made->seg, made);
		return;
	case MOVE_LATE:
		world->delays--;
		pass_time(made);
		return;
	case MOVE_TIME:
		pass_time(made);
		return;
	}
}

struct made moves_make(struct move move)
{
	struct made made = { 0 };

	make(move, &made);
	if (made.refused)
		return made;
	for (unsigned end = 0; end < ENDS; end++) {
		bool read = !world_scenario->reads_late[end] || (move.kind == MOVE_READ && move.end == end);

		settle(end, read, &made);
	}
	for (unsigned end = 0; end < ENDS; end++)
		offers_forget(end);
	return made;
}
