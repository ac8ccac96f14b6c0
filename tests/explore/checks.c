/* SPDX-License-Identifier: BSD-3-Clause */
#include "explore/checks.h"

#include <stdio.h>

#include "explore/offers.h"
#include "explore/readers.h"
#include "explore/transitions.h"

/* As views of the world after the move. */
typedef const char *check(const struct view views[ENDS], const struct before *before,
			  const struct made *made);

static bool silent(enum weir_state state)
{
	return state == WEIR_CLOSED || state == WEIR_LISTEN || state == WEIR_TIME_WAIT;
}

bool checks_finished(void)
{
	struct view client = world_view(CLIENT), server = world_view(SERVER);

	if (!silent(client.state) || !silent(server.state) || move_op(CLIENT) != OP_NONE)
		return false;
	/* One that only listens may never have had a connection. */
	return world->ends[SERVER].listening || !world->apps[SERVER].open;
}

/* ------------------------------------------------------------------------------------------- *
 * Between two states
 * ------------------------------------------------------------------------------------------- */

/* Giving up is legal, but where few segments are lost it must not be needed. */
static bool needs_r2(enum weir_state from, enum weir_state to, const struct made *made)
{
	return made->by & BY_TIME && to == WEIR_CLOSED && from != WEIR_FIN_WAIT_2 && from != WEIR_TIME_WAIT &&
	       !world_scenario->gives_up;
}

static const char *legal_transitions(const struct view views[ENDS], const struct before *before,
				     const struct made *made)
{
	static char fault[120];

	for (unsigned end = 0; end < ENDS; end++) {
		enum weir_state from = before->state[end], to = views[end].state;
		bool touched = made->by & BY_TIME || made->end == end;

		if (from == to ||
		    (touched && !needs_r2(from, to, made) && transitions_see(from, to, made->by)))
			continue;
		snprintf(fault, sizeof(fault), "an illegal transition: %s -> %s of the %s",
			 weir_state_name(from), weir_state_name(to), end == CLIENT ? "client" : "server");
		return fault;
	}
	return NULL;
}

/*
 * RFC 9293 section 3.6.1: 2 MSL, from the last FIN on. A new connection may end it earlier, but not a SYN
 * alone that turns out to be nobody's.
 */
static const char *time_wait_lasts(const struct view views[ENDS], const struct before *before,
				   const struct made *made)
{
	for (unsigned end = 0; end < ENDS; end++) {
		const struct time_wait *wait = views[end].wait;
		uint32_t *since = &world->ends[end].time_wait_since;
		int32_t ticks = wait != NULL ? seq_diff(wait->expires, world_tick(end)) : 0;
		bool fin = made->end == end && made->by & BY_FIN;
		uint32_t steps = world_tcp[end]->times.time_wait / WORLD_STEP_TICKS;
		bool whole = ticks >= (int32_t)(steps * WORLD_STEP_TICKS);

		if (wait != NULL && (!before->waits[end] || (fin && whole)))
			*since = world->steps; /* begun, or restarted */
		if (wait == NULL && before->waits[end] && made->by & (BY_TIME | BY_SYN) &&
		    world->steps - *since < steps)
			return made->by & BY_TIME ? "TIME-WAIT ended before 2 MSL had gone by" :
						    "TIME-WAIT was ended by a SYN alone";
		if (wait == NULL)
			*since = 0;
	}
	return NULL;
}

/* ------------------------------------------------------------------------------------------- *
 * In a state
 * ------------------------------------------------------------------------------------------- */

static const char *one_record(const struct view views[ENDS], const struct before *before,
			      const struct made *made)
{
	(void)before;
	(void)made;
	for (unsigned end = 0; end < ENDS; end++) {
		const struct tcp *tcp = world_tcp[end];
		bool hidden = views[end].half != NULL && views[end].wait != NULL;
		unsigned records = tcp->hot.used + tcp->half_opens.used + (views[end].wait != NULL) - hidden;

		if (views[end].records > 1)
			return "two records for one connection";
		if (tcp->table.entries != views[end].records || records != views[end].records)
			return "table and pools disagree";
		for (unsigned state = WEIR_SYN_SENT; state < WEIR_STATES; state++)
			if (tcp->states[state] !=
			    (views[end].state == state || (hidden && state == WEIR_TIME_WAIT)))
				return "the count of states is wrong";
	}
	return NULL;
}

/* No check of what is sent alone: who is called wrong may have nothing to say for a while. */
static const char *names_kept(const struct view views[ENDS], const struct before *before,
			      const struct made *made)
{
	(void)before;
	(void)made;
	return views[CLIENT].misnamed || views[SERVER].misnamed ?
		       "a record has not the connection's name and addresses" :
		       NULL;
}

static bool between(uint32_t seq, uint32_t first, uint32_t last)
{
	return seq - first <= last - first;
}

/* What each believes of the other's numbers, when both are synchronized. */
static const char *same_numbers(const struct view views[ENDS], const struct before *before,
				const struct made *made)
{
	(void)before;
	(void)made;
	if (!view_synchronized(&views[CLIENT]) || !view_synchronized(&views[SERVER]))
		return NULL;
	/* The server's is an earlier connection, and it knows nothing of the client's. */
	if (offers_open(SERVER, views[CLIENT].rcv_nxt) != NULL)
		return NULL;
	for (unsigned end = 0; end < ENDS; end++) {
		const struct view *mine = &views[end], *peer = &views[end ^ 1];

		if (!between(mine->rcv_nxt, world->ends[end ^ 1].iss[0] + 1, peer->snd_nxt))
			return "RCV.NXT lies outside of what the peer has sent";
		if (!between(mine->snd_una, world->ends[end].iss[0] + 1, peer->rcv_nxt))
			return "SND.UNA lies beyond what the peer has received";
	}
	return NULL;
}

/* Whether or not the other end knows of it any more. */
static const char *own_numbers(const struct view views[ENDS], const struct before *before,
			       const struct made *made)
{
	(void)before;
	(void)made;
	for (unsigned end = 0; end < ENDS; end++) {
		const struct view *view = &views[end];

		if (!view_synchronized(view))
			continue;
		if (!between(view->snd_una, world->ends[end].iss[0] + 1, view->snd_nxt))
			return "SND.UNA lies beyond SND.NXT";
		if (readers_peer_age(end, view) < 0)
			return "synchronized with a SYN that is none of the peer's";
	}
	return NULL;
}

/* Once a FIN was taken there is nothing beyond it, and it counts (RFC 9293 section 3.4). */
static const char *fin_counted(const struct view views[ENDS], const struct before *before,
			       const struct made *made)
{
	(void)before;
	(void)made;
	for (unsigned end = 0; end < ENDS; end++) {
		const struct view *view = &views[end];
		unsigned peer = end ^ 1;
		bool taken = view->state == WEIR_CLOSE_WAIT || view->state == WEIR_CLOSING ||
			     view->state == WEIR_LAST_ACK || view->state == WEIR_TIME_WAIT;

		/* A peer that has begun another connection has forgotten what it wrote into this one. */
		if (taken && readers_peer_age(end, view) == 0 && !world->apps[peer].ended &&
		    view->rcv_nxt - world->ends[peer].iss[0] != world->apps[peer].written + 2u)
			return "RCV.NXT does not stand behind the FIN that was taken";
	}
	return NULL;
}

/*
 * The third step of the handshake: who becomes synchronized has heard that the other end took its SYN, so the
 * other end has, or had, a record that counts from it. An old duplicate SYN brings none about.
 */
static const char *third_step(const struct view views[ENDS], const struct before *before,
			      const struct made *made)
{
	(void)made;
	for (unsigned end = 0; end < ENDS; end++) {
		const struct view old = { .state = before->state[end] };
		bool opened = view_synchronized(&views[end]) && !view_synchronized(&old);

		/* Back in TIME-WAIT nothing was opened. */
		if (opened && !before->waits[end] && !world->ends[end].known)
			return "opened, though the other end has never taken this end's SYN";
	}
	return NULL;
}

/* For that check: what stands now is known from here on. */
static void note_known(const struct view views[ENDS])
{
	for (unsigned end = 0; end < ENDS; end++) {
		const struct view *peer = &views[end ^ 1];

		world->ends[end].known |= peer->state >= WEIR_SYN_RECEIVED &&
					  readers_peer_age(end ^ 1, peer) == 0;
		struct offer *offer = peer->state >= WEIR_SYN_RECEIVED ? offers_find(end, peer->rcv_nxt) :
									 NULL;

		if (offer != NULL)
			offer->known = true;
	}
}

/* Each payload is held by one piece or one event, and a segment in the network holds none. */
static const char *payload_balance(const struct view views[ENDS], const struct before *before,
				   const struct made *made)
{
	unsigned held = 0;

	(void)before;
	(void)made;
	for (unsigned end = 0; end < ENDS; end++) {
		const struct tcp *tcp = world_tcp[end];
		const struct tcb_ext *ext = views[end].tcb != NULL ? tcb_ext(tcp, views[end].tcb) : NULL;
		unsigned pieces = 0;
		uint32_t lists[2] = { SLOT_NONE, SLOT_NONE };

		if (ext != NULL) {
			lists[0] = ext->queue_first;
			lists[1] = ext->gap_first;
		}
		for (unsigned i = 0; i < 2; i++) {
			for (uint32_t slot = lists[i]; slot != SLOT_NONE; pieces++) {
				const struct piece *piece = slot_pool_at(&tcp->pieces, slot);

				held += payload_buffers(piece->data);
				slot = piece->next;
			}
		}
		if (tcp->pieces.used != pieces || tcp->exts.used != (ext != NULL))
			return "a piece or an extension was not given back";
		for (uint32_t i = tcp->events_ring.head; i != tcp->events_ring.tail; i++)
			held += tcp->events[i & tcp->events_ring.mask].buffers;
	}
	return held == payload_blocks_live(&world->blocks) ? NULL : "payloads do not balance";
}

/* The wheel must wake an end no later than its first timer. */
static const char *wakes_in_time(const struct view views[ENDS], const struct before *before,
				 const struct made *made)
{
	uint32_t wait = world_wait();

	(void)views;
	(void)before;
	(void)made;
	if (wait == UINT32_MAX)
		return NULL;
	uint64_t earliest = UINT64_MAX;

	for (unsigned end = 0; end < ENDS; end++) {
		uint64_t now = world_now(end), next = tcp_next_deadline(world_tcp[end], now);

		if (next != UINT64_MAX && next - now < earliest)
			earliest = next - now;
	}
	return earliest <= (uint64_t)wait << WORLD_STEP_SHIFT ? NULL :
								"no deadline is told for a timer that runs";
}

/* What was sent and not acknowledged needs a timer, or a loss is never noticed. */
static const char *timer_runs(const struct view views[ENDS], const struct before *before,
			      const struct made *made)
{
	(void)before;
	(void)made;
	for (unsigned end = 0; end < ENDS; end++) {
		const struct tcb *tcb = views[end].tcb;

		if (tcb != NULL && tcb_snd_una(world_tcp[end], tcb) != tcb->snd_nxt &&
		    tcb->timer != TIMER_RETRANSMIT && tcb->timer != TIMER_PERSIST)
			return "something is in flight, and no timer looks after it";
	}
	return NULL;
}

struct before checks_before(void)
{
	const struct view client = world_view(CLIENT), server = world_view(SERVER);

	return (struct before){
		.state = { client.state, server.state },
		.waits = { client.wait != NULL, server.wait != NULL },
		.steps = world->steps,
	};
}

const char *checks_after(const struct before *before, const struct made *made)
{
	static check *const all[] = { legal_transitions, third_step,      time_wait_lasts, one_record,
				      names_kept,        own_numbers,     same_numbers,    fin_counted,
				      timer_runs,        payload_balance, wakes_in_time };
	const struct view views[ENDS] = { world_view(CLIENT), world_view(SERVER) };
	const char *fault = made->fault;

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]) && fault == NULL; i++)
		fault = all[i](views, before, made);
	note_known(views);
	return fault;
}

void checks_replay(struct move move)
{
	struct before before = checks_before();
	struct made made = moves_make(move);
	const struct view views[ENDS] = { world_view(CLIENT), world_view(SERVER) };

	time_wait_lasts(views, &before, &made);
	note_known(views);
}
