/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The half-open queue of a listener: its bound, its order, its patience,
 * and its answer to "full" (RFC 4987 section 3).
 */
#include <errno.h>

#include "support/crowd.h"
#include "tcp/half_open.h"

#define PEER 0xc6336401u /* 198.51.100.1 */
#define TICK_NS (1ull << CLOCK_TICK_SHIFT)
#define OTHER_PORT 81

static void off(struct weir_config *config)
{
	config->max_half_open = 1024;
	config->defence.mode = WEIR_DEFENCE_OFF;
}

static void automatic(struct weir_config *config)
{
	config->max_half_open = 1024;
}

static struct weir_defence defence_of(const struct crowd *c)
{
	struct weir_defence defence;

	tcp_defence_default(c->tcp, &defence);
	return defence;
}

static int listen_with(struct crowd *c, uint16_t port, uint32_t backlog, uint64_t timeout_ns)
{
	struct weir_defence defence = defence_of(c);
	int listener = crowd_listen(c, port);

	defence.backlog = backlog;
	defence.timeout_ns = timeout_ns;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, listener, &defence), 0);
	return listener;
}

/* Both ways through a listener's queue; how many stand in it. */
static unsigned queue_check(const struct crowd *c, int listener)
{
	const struct listener *l = &c->tcp->listeners[listener];
	uint32_t older = SLOT_NONE;
	unsigned n = 0;

	for (uint32_t slot = l->oldest; slot != SLOT_NONE; n++) {
		const struct half_open *half = half_open_at(c->tcp, slot);
		uint64_t hash = tcp_hash(c->tcp, &half->tuple);

		cr_assert_eq(half->older, older);
		cr_assert_eq(half->listener, listener);
		cr_assert_eq(conn_table_find(&c->tcp->table, hash, &half->tuple),
			     ref_make(REF_HALF_OPEN, slot));
		older = slot;
		slot = half->newer;
	}
	cr_assert_eq(l->newest, older);
	cr_assert_eq(l->half_opens, n);
	return n;
}

/* The peers' ports from the oldest on, one digit each. */
static unsigned queue_ports(const struct crowd *c, int listener)
{
	unsigned digits = 0;

	queue_check(c, listener);
	for (uint32_t slot = c->tcp->listeners[listener].oldest; slot != SLOT_NONE;) {
		const struct half_open *half = half_open_at(c->tcp, slot);

		digits = digits * 10 + half->tuple.rport;
		slot = half->newer;
	}
	return digits;
}

static bool asks(struct crowd *c, unsigned rport)
{
	return crowd_asks(c, PEER, (uint16_t)rport, CROWD_PORT);
}

/* ------------------------------------------------------------------------------------------- *
 * The bound
 * ------------------------------------------------------------------------------------------- */

CROWD(each_listener_has_a_bound_of_its_own, off)
{
	int one = listen_with(c, CROWD_PORT, 8, 63 * SECONDS);
	int other = listen_with(c, OTHER_PORT, 3, 63 * SECONDS);

	for (uint16_t i = 1; i <= 12; i++)
		cr_assert_eq(crowd_asks(c, PEER, i, CROWD_PORT), i <= 8);
	for (uint16_t i = 1; i <= 12; i++)
		cr_assert_eq(crowd_asks(c, PEER, i, OTHER_PORT), i <= 3);
	cr_assert_eq(queue_check(c, one), 8);
	cr_assert_eq(queue_check(c, other), 3);
	cr_assert_eq(crowd_count(c, COUNT_drop_half_open_full), 4 + 9);
	cr_assert_eq(crowd_count(c, COUNT_syn_in), 24);
	cr_assert_eq(crowd_count(c, COUNT_cookies_sent), 0);
}

/* A backlog of 0 is all that there is, and so is one of more. */
CROWD(the_bound_is_the_pool_at_most, off)
{
	listen_with(c, CROWD_PORT, 0, 63 * SECONDS);
	listen_with(c, OTHER_PORT, UINT32_MAX, 63 * SECONDS);
	cr_assert(c->tcp->listeners[0].defence.backlog == 1024 &&
		  c->tcp->listeners[1].defence.backlog == 1024);
	crowd_flood(c, CROWD_PORT, 1100);
	cr_assert_eq(crowd_half_open(c), 1024);
	cr_assert(!crowd_asks(c, PEER, 1, OTHER_PORT), "all records are used");
	cr_assert_eq(crowd_count(c, COUNT_drop_half_open_full), 76 + 1);
}

/* With cookies the other listener goes on, though it has not a record to itself. */
CROWD(a_pool_that_another_has_filled_is_no_refusal, automatic)
{
	int other = listen_with(c, OTHER_PORT, 0, 63 * SECONDS);
	struct weir_defence defence = defence_of(c);

	crowd_listen(c, CROWD_PORT);
	defence.mode = WEIR_DEFENCE_OFF;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 1, &defence), 0);
	crowd_flood(c, CROWD_PORT, 1100);
	cr_assert_eq(crowd_half_open(c), 1024);
	cr_assert(crowd_opens(c, PEER, 1, OTHER_PORT));
	cr_assert_eq(crowd_count(c, COUNT_cookies_accepted), 1);
	cr_assert_eq(tcp_listener_defending(c->tcp, other), 0);
}

/* Lowered below what stands there: that may stay, and nothing is added. */
CROWD(a_bound_may_be_lowered, off)
{
	struct weir_defence defence = defence_of(c);
	int listener = listen_with(c, CROWD_PORT, 8, 63 * SECONDS);

	for (unsigned i = 1; i <= 8; i++)
		asks(c, i);
	defence.backlog = 4;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, listener, &defence), 0);
	cr_assert(!asks(c, 9));
	cr_assert_eq(queue_check(c, listener), 8);
	crowd_pass(c, 1010 * MS);
	cr_assert_eq(queue_check(c, listener), 3, "no patience while it is full");
	cr_assert(asks(c, 9) && !asks(c, 9 + 1) == false);
	cr_assert_eq(queue_check(c, listener), 4);
}

/* A SYN that comes again has its place already. */
CROWD(a_repeated_syn_takes_no_other_place, off)
{
	int listener = listen_with(c, CROWD_PORT, 2, 63 * SECONDS);
	struct seg syn = crowd_syn(c, PEER, 1, CROWD_PORT), first, again;

	cr_assert(crowd_give(c, syn, &first));
	cr_assert(asks(c, 2));
	for (unsigned i = 0; i < 5; i++) {
		cr_assert(crowd_give(c, syn, &again));
		cr_assert(again.flags == first.flags && again.seq == first.seq && again.ack == first.ack);
	}
	cr_assert_eq(queue_ports(c, listener), 12);
	cr_assert_eq(crowd_count(c, COUNT_syn_in), 2);
	cr_assert_eq(crowd_count(c, COUNT_syn_ack_out), 7);
}

/* ------------------------------------------------------------------------------------------- *
 * The answer to "full"
 * ------------------------------------------------------------------------------------------- */

/* Who had its SYN-ACK but once still has its chance; who had it twice gives way, the oldest first. */
CROWD(the_oldest_gives_way_once_it_was_asked_again, off)
{
	int listener = listen_with(c, CROWD_PORT, 4, 63 * SECONDS);

	for (unsigned i = 1; i <= 3; i++)
		asks(c, i);
	crowd_pass(c, 500 * MS);
	cr_assert(asks(c, 4));
	cr_assert(!asks(c, 5));
	cr_assert_eq(crowd_count(c, COUNT_half_open_recycled), 0);
	crowd_pass(c, 600 * MS);
	/* One has had no second chance: the queue was full. The next two have had theirs. */
	cr_assert_eq(queue_ports(c, listener), 234);
	cr_assert(asks(c, 5));
	cr_assert_eq(crowd_count(c, COUNT_half_open_recycled), 0);
	cr_assert(asks(c, 6) && asks(c, 7));
	cr_assert_eq(queue_ports(c, listener), 4567);
	cr_assert_eq(crowd_count(c, COUNT_half_open_recycled), 2);
	cr_assert(!asks(c, 8), "the oldest is still waiting for its second SYN-ACK");
	cr_assert_eq(queue_ports(c, listener), 4567);
}

CROWD(full_is_answered_by_cookies, automatic)
{
	int listener = listen_with(c, CROWD_PORT, 8, 63 * SECONDS);

	for (unsigned i = 1; i <= 100; i++)
		cr_assert(asks(c, i));
	cr_assert_eq(queue_check(c, listener), 4);
	cr_assert_eq(crowd_count(c, COUNT_cookies_sent), 96);
	cr_assert_eq(crowd_count(c, COUNT_drop_half_open_full), 0);
	cr_assert(crowd_opens(c, PEER + 1, 1, CROWD_PORT));
}

/* ------------------------------------------------------------------------------------------- *
 * Order
 * ------------------------------------------------------------------------------------------- */

CROWD(what_leaves_the_middle_leaves_the_order, off)
{
	int listener = listen_with(c, CROWD_PORT, 9, 63 * SECONDS);
	struct seg syns[10], answers[10], other;

	for (uint16_t i = 1; i <= 9; i++) {
		syns[i] = crowd_syn(c, PEER, i, CROWD_PORT);
		cr_assert(crowd_give(c, syns[i], &answers[i]));
	}
	static const unsigned leave[][2] = { { 4, 12356789 }, { 1, 2356789 }, { 9, 235678 },
					     { 6, 23578 },    { 2, 3578 },    { 8, 357 } };

	for (unsigned i = 0; i < 6; i++) {
		struct seg end = crowd_ack(&syns[leave[i][0]], &answers[leave[i][0]]);

		if (i & 1)
			end.flags = SEG_RST;
		crowd_give(c, end, &other);
		cr_assert_eq(queue_ports(c, listener), leave[i][1]);
	}
	cr_assert_eq(crowd_count(c, COUNT_opened_passive), 3);
	/* Back to LISTEN, which takes the new SYN as the newest (RFC 9293 3.10.7.4). */
	syns[3].seq += 1000;
	crowd_give(c, syns[3], &other);
	cr_assert_eq(queue_ports(c, listener), 573);
	asks(c, 6);
	cr_assert_eq(queue_ports(c, listener), 5736);
	struct weir_event event;

	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
}

CROWD(a_closed_listener_forgets_its_own, off)
{
	int one = listen_with(c, CROWD_PORT, 8, 63 * SECONDS);
	int other = listen_with(c, OTHER_PORT, 8, 63 * SECONDS);

	for (uint16_t i = 1; i <= 5; i++) {
		crowd_asks(c, PEER, i, CROWD_PORT);
		crowd_asks(c, PEER, i, OTHER_PORT);
	}
	cr_assert_eq(tcp_unlisten(c->tcp, one), 0);
	cr_assert_eq(queue_ports(c, other), 12345);
	cr_assert_eq(crowd_half_open(c), 5);
	cr_assert_eq(c->tcp->half_opens.used, 5);
	crowd_pass(c, 1010 * MS);
	cr_assert_eq(crowd_count(c, COUNT_retransmits), 5, "nobody asks for those that have gone");
	/* The next one in its place begins with nothing. */
	cr_assert_eq(listen_with(c, 82, 8, 63 * SECONDS), one);
	cr_assert_eq(queue_ports(c, one), 0);
	cr_assert(crowd_opens(c, PEER, 1, 82));
}

/* A peer of the random test, by its port. */
struct asker {
	struct seg syn, answer;
	unsigned arrived; /* its latest SYN that made a record, counted from 1; 0: none has */
};

#define ASKERS 32

static void order_check(const struct crowd *c, int listener, const struct asker *askers)
{
	unsigned before = 0;

	for (uint32_t slot = c->tcp->listeners[listener].oldest; slot != SLOT_NONE;) {
		const struct half_open *half = half_open_at(c->tcp, slot);

		cr_assert_gt(askers[half->tuple.rport - 1].arrived, before, "not in order of arrival");
		before = askers[half->tuple.rport - 1].arrived;
		slot = half->newer;
	}
}

static void ask_at_random(struct crowd *c, struct asker *asker, uint16_t rport, unsigned now)
{
	struct seg syn = crowd_syn(c, PEER, rport, CROWD_PORT + (rport & 1)), answer;
	uint64_t cookies = crowd_count(c, COUNT_cookies_sent);

	if (rng_below(&c->rng, 4) == 0)
		syn.seq = asker->syn.seq + rng_below(&c->rng, 1000); /* in its window */
	uint64_t syns = crowd_count(c, COUNT_syn_in);

	if (!crowd_give(c, syn, &answer) || answer.flags != (SEG_SYN | SEG_ACK))
		return;
	asker->syn = syn;
	asker->answer = answer;
	if (crowd_count(c, COUNT_cookies_sent) == cookies && crowd_count(c, COUNT_syn_in) > syns)
		asker->arrived = now;
}

static void step_at_random(struct crowd *c, struct asker *askers, unsigned now)
{
	unsigned k = rng_below(&c->rng, ASKERS), what = rng_below(&c->rng, 8);
	struct seg end = crowd_ack(&askers[k].syn, &askers[k].answer), other;
	struct icmp_error error = crowd_error(c, &askers[k].answer, ICMP_HARD);

	if (what < 3 || askers[k].arrived == 0) {
		ask_at_random(c, &askers[k], (uint16_t)(1 + k), now);
	} else if (what < 5) {
		end.flags = what == 3 ? SEG_RST : SEG_ACK;
		crowd_give(c, end, &other);
	} else if (what == 5) {
		tcp_icmp(c->tcp, &error, c->now_ns);
	} else {
		crowd_pass(c, rng_below(&c->rng, 400) * MS);
	}
	struct weir_event event;

	while (tcp_events(c->tcp, &event, 1) == 1)
		if (!(event.what & WEIR_EV_CLOSED))
			tcp_abort(c->tcp, event.conn);
	crowd_pass(c, 0); /* its RST */
}

/*
 * Whatever comes in whatever order: queue, table,
 * pool and counts tell of the same records, and never too many.
 */
static void random_life(struct crowd *c, const int listeners[2])
{
	struct asker askers[ASKERS] = { 0 };

	for (unsigned now = 1; now <= 3000; now++) {
		step_at_random(c, askers, now);
		unsigned one = queue_check(c, listeners[0]), two = queue_check(c, listeners[1]);

		cr_assert(one <= 5 && two <= 9);
		cr_assert_eq(one + two, crowd_half_open(c));
		cr_assert_eq(one + two, c->tcp->half_opens.used);
		for (unsigned i = 0; i < 2; i++)
			order_check(c, listeners[i], askers);
	}
}

CROWDS(queue_table_and_pool_agree)
{
	for (unsigned seed = 0; seed < 24; seed++) {
		struct crowd *c = crowd_up(is6, seed & 1 ? off : automatic, seed * 7 * SECONDS, seed);
		int listeners[2] = { listen_with(c, CROWD_PORT, 5, 63 * SECONDS),
				     listen_with(c, OTHER_PORT, 9, 9 * SECONDS) };

		random_life(c, listeners);
		crowd_down(c);
	}
}

/* ------------------------------------------------------------------------------------------- *
 * Time
 * ------------------------------------------------------------------------------------------- */

/* This counter grows when so much time has gone by since the start, or a few ticks later, but not before. */
static void grows_at(struct crowd *c, enum counter id, uint64_t start_ns, uint64_t due_ns, unsigned ticks)
{
	uint64_t before = crowd_count(c, id);

	crowd_pass(c, start_ns + due_ns - 1 - c->now_ns);
	cr_assert_eq(crowd_count(c, id), before, "%s: before %lu ms", counter_name(id),
		     (unsigned long)(due_ns / MS));
	crowd_pass(c, 1 + ticks * TICK_NS);
	cr_assert_eq(crowd_count(c, id), before + 1, "%s: not by %lu ms", counter_name(id),
		     (unsigned long)(due_ns / MS));
}

/* From the first SYN-ACK: after 1, 3, 7 ... s it goes again, the RTO being 60 s at most; and then no more. */
CROWD(each_timeout_is_kept_to_the_tick, off)
{
	static const unsigned again_s[] = { 1, 3, 7, 15, 31, 63, 123, 999 };
	static const unsigned timeouts_s[] = { 1, 2, 3, 4, 7, 30, 31, 63, 100, 123, 180 };

	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < sizeof(timeouts_s) / sizeof(timeouts_s[0]); i++) {
		struct weir_defence defence = defence_of(c);
		uint64_t timeout_ns = timeouts_s[i] * SECONDS;

		defence.timeout_ns = timeout_ns;
		cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
		c->now_ns += 333333; /* another part of a tick each time */
		uint64_t start_ns = c->now_ns, sent = c->sent;
		unsigned retries = 0;

		cr_assert(asks(c, 1));
		for (; again_s[retries] < timeouts_s[i]; retries++)
			grows_at(c, COUNT_retransmits, start_ns, again_s[retries] * SECONDS, 4 + 2 * retries);
		grows_at(c, COUNT_half_open_expired, start_ns, timeout_ns, 4 + 2 * retries);
		cr_assert_eq(c->sent - sent, retries, "SYN-ACKs in %u s", timeouts_s[i]);
		cr_assert_eq(crowd_half_open(c), 0);
	}
}

CROWD(each_listener_has_a_timeout_of_its_own, off)
{
	listen_with(c, CROWD_PORT, 0, 2 * SECONDS);
	listen_with(c, OTHER_PORT, 0, 5 * SECONDS);
	crowd_asks(c, PEER, 1, CROWD_PORT);
	crowd_asks(c, PEER, 1, OTHER_PORT);
	crowd_pass(c, 1990 * MS);
	cr_assert_eq(crowd_half_open(c), 2);
	crowd_pass(c, 20 * MS);
	cr_assert_eq(crowd_half_open(c), 1);
	crowd_pass(c, 2980 * MS);
	cr_assert_eq(crowd_half_open(c), 1);
	crowd_pass(c, 20 * MS);
	cr_assert_eq(crowd_half_open(c), 0);
}

CROWD(timeouts_have_bounds, off)
{
	static const uint64_t no_ns[] = { 0, SECONDS - 1, 180 * SECONDS + 1, UINT64_MAX };
	struct weir_defence defence = defence_of(c);
	int listener = crowd_listen(c, CROWD_PORT);

	for (unsigned i = 0; i < 4; i++) {
		defence.timeout_ns = no_ns[i];
		cr_assert_eq(tcp_set_listener_defence(c->tcp, listener, &defence), -EINVAL);
	}
	defence.timeout_ns = SECONDS;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, listener, &defence), 0);
	defence.mode = (enum weir_defence_mode)3;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, listener, &defence), -EINVAL);
	defence.mode = WEIR_DEFENCE_OFF;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, listener + 1, &defence), -EINVAL);
	cr_assert_eq(tcp_set_listener_defence(c->tcp, -1, &defence), -EINVAL);
	cr_assert_eq(tcp_listener_defending(c->tcp, listener + 1), -EINVAL);
}

/*
 * What is left of the timeout, 63 s, is the share of the queue that is free. Sixteen come at once: when their
 * timers fire after 1, 3, 7, 15 and 31 s, as many are given up as it takes for the rest to be worth waiting
 * for.
 */
CROWD(patience_shrinks_as_the_queue_fills, off)
{
	static const unsigned stairs[][2] = { { 1, 15 },  { 3, 15 }, { 7, 14 },
					      { 15, 12 }, { 31, 8 }, { 63, 0 } };
	int listener = listen_with(c, CROWD_PORT, 16, 63 * SECONDS);
	uint64_t start_ns = c->now_ns;

	for (unsigned i = 1; i <= 16; i++)
		cr_assert(asks(c, i));
	for (unsigned i = 0; i < 6; i++) {
		unsigned before = queue_check(c, listener);

		crowd_pass(c, start_ns + stairs[i][0] * SECONDS - 1 - c->now_ns);
		cr_assert_eq(queue_check(c, listener), before, "before %u s", stairs[i][0]);
		crowd_pass(c, (5 + i) * TICK_NS);
		cr_assert_eq(queue_check(c, listener), stairs[i][1], "%u left after %u s",
			     queue_check(c, listener), stairs[i][0]);
	}
}
