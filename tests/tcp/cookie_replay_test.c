/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cookie that somebody has captured, played again where it might still be believed: at the edges of its
 * life, behind the records that stand for its connection, and before another machine of its fleet.
 */
#include <errno.h>

#include "support/crowd.h"

#define PEER 0xc6336401u /* 198.51.100.1 */
#define RPORT 40000
#define EPOCH_NS (1ull << 35)
#define TICK_NS (1ull << CLOCK_TICK_SHIFT)
#define GRAIN_TICKS 512 /* what a cookie's time is rounded to */

static void always(struct weir_config *config)
{
	config->defence.mode = WEIR_DEFENCE_ALWAYS;
}

/* A handshake up to the ACK, which anybody may capture. */
struct captured {
	struct seg syn, syn_ack, ack;
};

static struct captured handshake(struct crowd *c, uint16_t rport, bool ts)
{
	struct captured it = { .syn = crowd_syn(c, PEER, rport, CROWD_PORT) };
	uint64_t before = crowd_count(c, COUNT_cookies_sent);

	if (!ts)
		it.syn.opts &= (uint8_t)~SEG_OPT_TS;
	cr_assert(crowd_give(c, it.syn, &it.syn_ack));
	cr_assert_eq(crowd_count(c, COUNT_cookies_sent), before + 1);
	it.ack = crowd_ack(&it.syn, &it.syn_ack);
	return it;
}

static bool opened(struct crowd *c, weir_conn *conn)
{
	struct weir_event event;

	if (tcp_events(c->tcp, &event, 1) == 0)
		return false;
	cr_assert_eq(event.what, WEIR_EV_OPENED);
	*conn = event.conn;
	return true;
}

/* Whether the ACK makes a connection, which is gone again. */
static bool accepted(struct crowd *c, const struct seg *ack)
{
	struct seg answer;
	struct weir_event event;
	weir_conn conn;

	crowd_give(c, *ack, &answer);
	if (!opened(c, &conn))
		return false;
	cr_assert_eq(tcp_abort(c->tcp, conn), 0);
	cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
	crowd_pass(c, 0);
	return true;
}

/* The connection opens and closes, this side first. */
static void live_and_close(struct crowd *c, const struct captured *it)
{
	struct seg answer, fin = it->ack;
	struct weir_event event;
	weir_conn conn;

	crowd_give(c, it->ack, &answer);
	cr_assert(opened(c, &conn));
	cr_assert_eq(tcp_close(c->tcp, conn), 0);
	crowd_pass(c, 0);
	fin.flags |= SEG_FIN;
	fin.ack++;
	crowd_give(c, fin, &answer);
	cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
	cr_assert_eq(c->tcp->states[WEIR_TIME_WAIT], 1);
}

/* Time as the core's own cookies count it, so that tests can stand at the edges of epochs. */
static uint64_t cookie_ns(const struct crowd *c)
{
	return c->now_ns + c->tcp->cookies.secret.shift_ns;
}

static void wait_until_cookie_ns(struct crowd *c, uint64_t ns)
{
	crowd_pass(c, ns - cookie_ns(c));
}

/* As cookie.c has it: made 512 ticks ago, believed for two epochs, by a clock that is a second ahead. */
static uint64_t last_ns(uint64_t made_ns)
{
	uint64_t epoch = (made_ns - GRAIN_TICKS * TICK_NS) / EPOCH_NS;

	return (epoch + 2) * EPOCH_NS - SECONDS - 1;
}

/*
 * To the tick: made on either side of an epoch's edge, and looked at on either side of the end of its life.
 * The second run has the ticks wrap in between.
 */
CROWD(a_life_ends_on_its_tick, always)
{
	crowd_listen(c, CROWD_PORT);
	for (int shift = -2; shift <= 2; shift++) {
		uint64_t edge = (cookie_ns(c) / EPOCH_NS + 1) * EPOCH_NS + GRAIN_TICKS * TICK_NS;

		wait_until_cookie_ns(c, edge + (uint64_t)(shift * (int)TICK_NS));
		struct captured plain = handshake(c, 1, false), timed = handshake(c, 2, true);
		uint64_t last = last_ns(cookie_ns(c));

		cr_assert(last - cookie_ns(c) >= 32 * SECONDS && last - cookie_ns(c) < 69 * SECONDS);
		wait_until_cookie_ns(c, last);
		cr_assert(accepted(c, &plain.ack), "%d ticks beside an edge", shift);
		wait_until_cookie_ns(c, last / TICK_NS * TICK_NS);
		cr_assert(accepted(c, &timed.ack), "%d ticks beside an edge", shift);
		wait_until_cookie_ns(c, (last / TICK_NS + 1) * TICK_NS);
		cr_assert(!accepted(c, &plain.ack) && !accepted(c, &timed.ack), "%d ticks beside an edge",
			  shift);
	}
}

/* An epoch of the same parity has another key, however many have gone by: 2^32 ticks, too. */
CROWD(none_comes_to_life_again, always)
{
	crowd_listen(c, CROWD_PORT);
	struct captured plain = handshake(c, 1, false), timed = handshake(c, 2, true);

	for (unsigned i = 0; i < 64; i++) {
		crowd_pass(c, 2 * EPOCH_NS);
		handshake(c, 3, true); /* so that cookies are looked for */
		cr_assert(!accepted(c, &plain.ack) && !accepted(c, &timed.ack));
	}
	c->now_ns += (1ull << (32 + CLOCK_TICK_SHIFT)) - 64 * 2 * EPOCH_NS;
	tcp_advance(c->tcp, c->now_ns);
	handshake(c, 3, true);
	cr_assert(!accepted(c, &plain.ack) && !accepted(c, &timed.ack));
}

/*
 * At every phase of the grain that a cookie's time is rounded to, a connection that was over within its tick:
 * what opened it does not open another one from its TIME-WAIT, whatever is written beside the cookie.
 */
CROWD(short_life_at_every_phase, always)
{
	crowd_listen(c, CROWD_PORT);
	for (unsigned phase = 0; phase < GRAIN_TICKS; phase++) {
		wait_until_cookie_ns(c, (cookie_ns(c) / TICK_NS + 1) * TICK_NS);
		struct captured it = handshake(c, (uint16_t)(1 + phase), true);

		live_and_close(c, &it);
		for (unsigned i = 0; i < 3; i++) {
			it.ack.tsval += i * 1000;
			cr_assert(!accepted(c, &it.ack), "%u ticks into the grain",
				  (unsigned)(cookie_ns(c) / TICK_NS % GRAIN_TICKS));
		}
		cr_assert_eq(c->tcp->states[WEIR_TIME_WAIT], 1);
		it.ack.flags = SEG_RST;
		it.ack.seq++;
		cr_assert(!accepted(c, &it.ack));
		cr_assert_eq(c->tcp->states[WEIR_TIME_WAIT], 0);
	}
}

/*
 * Behind a half-open record: a forged SYN that RFC 6191 lets through stands before the TIME-WAIT record, and
 * takes its tuple, but not its right to refuse.
 */
CROWD(time_wait_behind_a_handshake, always)
{
	struct weir_defence defence;
	int listener = crowd_listen(c, CROWD_PORT);
	struct captured it = handshake(c, RPORT, true);
	struct seg syn = it.syn, answer;

	live_and_close(c, &it);
	tcp_defence_default(c->tcp, &defence);
	defence.mode = WEIR_DEFENCE_AUTO;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, listener, &defence), 0);
	syn.tsval += 10;
	cr_assert(crowd_give(c, syn, &answer));
	cr_assert(crowd_half_open(c) == 1 && c->tcp->time_wait_hidden == 1);
	it.ack.tsval = syn.tsval;
	cr_assert(!accepted(c, &it.ack));
	cr_assert(crowd_half_open(c) == 1 && c->tcp->states[WEIR_TIME_WAIT] == 1);
	/* The record's own handshake completes. */
	struct seg ack = crowd_ack(&syn, &answer);

	cr_assert(accepted(c, &ack));
	cr_assert_eq(c->tcp->states[WEIR_TIME_WAIT], 0);
}

/* A newer cookie for the same tuple does, past a handshake as without one. */
CROWD(newer_cookie_past_a_handshake, always)
{
	struct weir_defence defence;
	int listener = crowd_listen(c, CROWD_PORT);
	struct captured it = handshake(c, RPORT, true);
	struct seg syn = it.syn, answer;

	live_and_close(c, &it);
	crowd_pass(c, 2 * SECONDS);
	syn.tsval += 2000;
	cr_assert(crowd_give(c, syn, &answer));
	struct seg newer = crowd_ack(&syn, &answer);

	tcp_defence_default(c->tcp, &defence);
	defence.mode = WEIR_DEFENCE_AUTO;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, listener, &defence), 0);
	cr_assert(crowd_give(c, syn, &answer));
	cr_assert(crowd_half_open(c) == 1 && c->tcp->time_wait_hidden == 1);
	cr_assert(accepted(c, &newer));
	cr_assert(crowd_half_open(c) == 0 && c->tcp->states[WEIR_TIME_WAIT] == 0);
}

/*
 * A connection of a cookie's has timestamps of another offset than our own opens: one of these takes its
 * tuple out of TIME-WAIT only if the peer will find its timestamps newer.
 */
CROWD(our_own_open_after_a_cookies_connection, always)
{
	unsigned taken = 0;

	crowd_listen(c, CROWD_PORT);
	for (uint16_t rport = 1; rport <= 16; rport++) {
		struct captured it = handshake(c, rport, true);
		struct weir_event event;
		struct seg_side side;
		struct seg syn;
		weir_conn conn;

		live_and_close(c, &it);
		crowd_pass(c, 2 * SECONDS);
		int rc = tcp_connect(c->tcp,
				     (struct weir_endpoint){ crowd_address(c, CROWD_LOCAL), CROWD_PORT },
				     (struct weir_endpoint){ crowd_address(c, PEER), rport }, 0, c->now_ns,
				     &conn);

		if (rc == 0) {
			cr_assert_eq(tcp_output(c->tcp, &syn, &side, 1, c->now_ns), 1);
			cr_assert(seq_gt(syn.tsval, it.syn_ack.tsval + (1u << 10)), "port %u", rport);
			cr_assert_eq(tcp_abort(c->tcp, conn), 0);
			cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
			taken++;
		} else {
			cr_assert_eq(rc, -EADDRINUSE);
		}
		crowd_pass(c, 61 * SECONDS);
		cr_assert_eq(c->tcp->states[WEIR_TIME_WAIT], 0);
	}
	cr_assert(taken > 0 && taken < 16);
}

/* Of SYNs that come together each has a cookie of its own: nobody else's ACK will do. */
CROWD(a_bursts_cookies_are_of_one_tuple_each, always)
{
	struct seg syns[TCP_BURST_MAX], answers[TCP_BURST_MAX];

	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < TCP_BURST_MAX; i++) {
		syns[i] = crowd_syn(c, PEER + i * 77, RPORT, CROWD_PORT);
		if (i & 1)
			syns[i].opts &= (uint8_t)~SEG_OPT_TS;
	}
	crowd_give_burst(c, syns, TCP_BURST_MAX, answers);
	for (unsigned i = 0; i < TCP_BURST_MAX; i++) {
		struct seg ack = crowd_ack(&syns[i], &answers[i]), stray = ack;

		stray.tuple.raddr = PEER + (i + 2) % TCP_BURST_MAX * 77;
		cr_assert(!accepted(c, &stray), "SYN %u", i);
		cr_assert(accepted(c, &ack), "SYN %u", i);
	}
}

/* ------------------------------------------------------------------------------------------- *
 * Two of a fleet
 * ------------------------------------------------------------------------------------------- */

static const uint8_t fleet_key[WEIR_COOKIE_KEY_BYTES] = "a fleet's key, of 32 bytes......";

#define TODAY (1700000000ull * SECONDS)

/* Their clocks of today differ, and where they started has nothing to do with each other. */
struct fleet {
	struct crowd *a, *b;
};

static struct fleet fleet_up(bool is6, int64_t b_ahead_ns)
{
	struct fleet f = { crowd_up(is6, always, 5 * SECONDS, 1),
			   crowd_up(is6, always, (1ull << (32 + CLOCK_TICK_SHIFT)) - 20 * SECONDS, 2) };

	tcp_set_cookie_key(f.a->tcp, fleet_key, TODAY);
	tcp_set_cookie_key(f.b->tcp, fleet_key, TODAY + (uint64_t)b_ahead_ns);
	crowd_listen(f.a, CROWD_PORT);
	crowd_listen(f.b, CROWD_PORT);
	return f;
}

static void fleet_pass(const struct fleet *f, uint64_t ns)
{
	crowd_pass(f->a, ns);
	crowd_pass(f->b, ns);
}

static void fleet_down(const struct fleet *f)
{
	crowd_down(f->a);
	crowd_down(f->b);
}

/* What is sent later has no timestamp from before the cookie's. */
static bool accepted_with_later_timestamps(struct crowd *c, const struct captured *it)
{
	struct weir_event event;
	struct seg answer;
	weir_conn conn;

	crowd_give(c, it->ack, &answer);
	if (!opened(c, &conn))
		return false;
	cr_assert_eq(tcp_shutdown(c->tcp, conn), 0);
	struct seg_side side;

	cr_assert_eq(tcp_output(c->tcp, &answer, &side, 1, c->now_ns), 1);
	cr_assert_eq(answer.flags, SEG_FIN | SEG_ACK);
	cr_assert_eq(!!(answer.opts & SEG_OPT_TS), !!(it->syn.opts & SEG_OPT_TS));
	if (answer.opts & SEG_OPT_TS)
		cr_assert(seq_ge(answer.tsval, it->syn_ack.tsval), "%d", answer.tsval - it->syn_ack.tsval);
	cr_assert_eq(tcp_abort(c->tcp, conn), 0);
	cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
	return true;
}

CROWDS(a_fleet_believes_itself)
{
	static const int64_t apart_ns[] = { -(int64_t)SECONDS, -1000000, 0, 1000000, SECONDS };

	for (unsigned i = 0; i < sizeof(apart_ns) / sizeof(apart_ns[0]); i++) {
		struct fleet f = fleet_up(is6, apart_ns[i]);

		/* Over more than two epochs, so that each edge is met by each clock first. */
		for (unsigned step = 0; step < 80; step++) {
			for (unsigned way = 0; way < 4; way++) {
				bool ts = way & 1;
				struct crowd *one = way & 2 ? f.b : f.a, *other = way & 2 ? f.a : f.b;
				struct captured it = handshake(one, (uint16_t)(1 + way), ts);

				cr_assert(accepted_with_later_timestamps(other, &it),
					  "clocks %ld ns apart, step %u, way %u", (long)apart_ns[i], step,
					  way);
			}
			fleet_pass(&f, 997 * MS);
		}
		fleet_down(&f);
	}
}

/*
 * Two machines' clocks do not run alike, and a key lives for months:
 * what brings them together is the time of day.
 */
CROWDS(a_fleet_is_told_the_time)
{
	struct fleet f = fleet_up(is6, 0);

	for (unsigned day = 1; day <= 5; day++) {
		uint64_t today = TODAY + day * 86400 * SECONDS;

		crowd_pass(f.a, 3 * SECONDS);
		struct captured apart = handshake(f.a, 1, true);

		cr_assert(!accepted_with_later_timestamps(f.b, &apart), "day %u", day);
		tcp_set_cookie_time(f.a->tcp, today);
		tcp_set_cookie_time(f.b->tcp, today);
		for (unsigned way = 0; way < 4; way++) {
			struct crowd *one = way & 2 ? f.b : f.a, *other = way & 2 ? f.a : f.b;
			struct captured it = handshake(one, (uint16_t)(2 + way), way & 1);

			cr_assert(accepted_with_later_timestamps(other, &it), "day %u, way %u", day, way);
		}
	}
	fleet_down(&f);
}

/* Who shares cookies with nobody needs no time of day, and none moves the life of his. */
CROWD(alone_the_time_is_nobodys_business, always)
{
	crowd_listen(c, CROWD_PORT);
	struct captured it = handshake(c, 1, true);

	tcp_set_cookie_time(c->tcp, TODAY);
	cr_assert(accepted(c, &it.ack));
}

/*
 * Young enough for a handshake that takes long,
 * and never older than two epochs and what the clocks may differ by.
 */
CROWDS(a_fleets_cookies_live_as_long_as_others)
{
	static const int64_t apart_ns[] = { -(int64_t)SECONDS, SECONDS };

	for (unsigned i = 0; i < 2; i++) {
		struct fleet f = fleet_up(is6, apart_ns[i]);

		for (unsigned step = 0; step < 36; step++) {
			struct captured it[4];

			for (unsigned way = 0; way < 4; way++)
				it[way] = handshake(way & 2 ? f.b : f.a, (uint16_t)(1 + way), way & 1);
			fleet_pass(&f, 31 * SECONDS);
			for (unsigned way = 0; way < 4; way++)
				cr_assert(accepted(way & 2 ? f.a : f.b, &it[way].ack), "step %u, way %u",
					  step, way);
			fleet_pass(&f, 39 * SECONDS);
			for (unsigned way = 0; way < 4; way++)
				cr_assert(!accepted(way & 2 ? f.a : f.b, &it[way].ack), "step %u, way %u",
					  step, way);
		}
		fleet_down(&f);
	}
}

/*
 * One made the cookie, a second ahead; the connection was the other's, and short.
 * It is not opened again there.
 */
CROWDS(a_fleets_cookie_does_not_end_its_time_wait)
{
	for (int ahead = -1; ahead <= 1; ahead++) {
		struct fleet f = fleet_up(is6, ahead * (int64_t)SECONDS);

		for (unsigned way = 0; way < 2; way++) {
			struct captured it = handshake(way ? f.b : f.a, (uint16_t)(1 + way), true);
			struct crowd *other = way ? f.a : f.b;

			live_and_close(other, &it);
			for (unsigned i = 0; i < 80; i++) {
				it.ack.tsval += 500;
				cr_assert(!accepted(other, &it.ack), "way %u, %u half seconds later", way, i);
				fleet_pass(&f, 500 * MS);
			}
		}
		fleet_down(&f);
	}
}
