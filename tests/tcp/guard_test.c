/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guard: when a listener begins to answer by cookies, and when it ends.
 * Floods and crowds in virtual time.
 */
#include "support/crowd.h"
#include "tcp/half_open.h"

#define BACKLOG 256
#define LOOK_NS (256ull << CLOCK_TICK_SHIFT) /* the guard looks as often */
#define EXAMPLE_NET 0xc6330000u

static void small(struct weir_config *config)
{
	config->max_half_open = BACKLOG;
}

static void large(struct weir_config *config)
{
	config->max_half_open = 1u << 17;
}

static bool defends(const struct crowd *c)
{
	cr_assert_eq(tcp_listener_defending(c->tcp, 0), (int)c->tcp->defending);
	return c->tcp->defending != 0;
}

static void counts(const struct crowd *c, unsigned entered, unsigned left)
{
	cr_assert_eq(crowd_count(c, COUNT_guard_entered), entered, "entered %u times",
		     (unsigned)crowd_count(c, COUNT_guard_entered));
	cr_assert_eq(crowd_count(c, COUNT_guard_left), left, "left %u times",
		     (unsigned)crowd_count(c, COUNT_guard_left));
}

static uint16_t next_port(struct crowd *c)
{
	return (uint16_t)(1024 + rng_below(&c->rng, 60000));
}

/*
 * A while in steps of 10 ms, in each of which `flood` forged SYNs come and `real` peers, all of whom must get
 * through. Records stay within their bound.
 */
static void weather(struct crowd *c, uint64_t ns, unsigned flood, unsigned real)
{
	for (uint64_t end_ns = c->now_ns + ns; c->now_ns < end_ns; crowd_pass(c, 10 * MS)) {
		crowd_flood(c, CROWD_PORT, flood);
		for (unsigned i = 0; i < real; i++)
			cr_assert(crowd_opens(c, EXAMPLE_NET + (uint32_t)rng_u64(&c->rng) % 65536,
					      next_port(c), CROWD_PORT));
		cr_assert_leq(crowd_half_open(c), c->tcp->listeners[0].defence.backlog);
	}
}

/* ------------------------------------------------------------------------------------------- *
 * Beginning
 * ------------------------------------------------------------------------------------------- */

/* At half of the backlog, at once: the SYN that would be the next is answered by a cookie. */
CROWD(half_a_backlog_begins_it, small)
{
	crowd_listen(c, CROWD_PORT);
	crowd_flood(c, CROWD_PORT, BACKLOG / 2);
	cr_assert(!defends(c) && crowd_half_open(c) == BACKLOG / 2);
	crowd_flood(c, CROWD_PORT, 1);
	cr_assert(defends(c) && crowd_half_open(c) == BACKLOG / 2);
	counts(c, 1, 0);
	crowd_flood(c, CROWD_PORT, 1000);
	counts(c, 1, 0);
	cr_assert_eq(crowd_half_open(c), BACKLOG / 2);
	cr_assert_eq(crowd_count(c, COUNT_cookies_sent), 1001);
}

CROWD(half_a_backlog_of_one_begins_it, small)
{
	struct weir_defence defence;

	crowd_listen(c, CROWD_PORT);
	tcp_defence_default(c->tcp, &defence);
	defence.backlog = 1;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	crowd_flood(c, CROWD_PORT, 2);
	cr_assert(defends(c) && crowd_half_open(c) == 1);
}

/* Of a large backlog the first thousand that stay unanswered, at once. */
CROWD(a_sudden_flood_begins_it, large)
{
	crowd_listen(c, CROWD_PORT);
	crowd_flood(c, CROWD_PORT, 1023);
	cr_assert(!defends(c));
	crowd_flood(c, CROWD_PORT, 1000);
	cr_assert(defends(c));
	cr_assert_eq(crowd_half_open(c), 1023);
	counts(c, 1, 0);
}

/* But not while as many peers get through. */
CROWD(a_sudden_flood_beside_a_crowd_waits_for_a_look, large)
{
	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < 2000; i++) {
		cr_assert(crowd_opens(c, EXAMPLE_NET + i, next_port(c), CROWD_PORT));
		crowd_flood(c, CROWD_PORT, 1);
	}
	cr_assert(!defends(c));
	counts(c, 0, 0);
}

/* More than an eighth that stays unanswered: at the next look. */
CROWD(an_eighth_unanswered_begins_it_at_the_next_look, small)
{
	crowd_listen(c, CROWD_PORT);
	crowd_pass(c, SECONDS);
	crowd_flood(c, CROWD_PORT, BACKLOG / 8 + 1);
	cr_assert(!defends(c));
	weather(c, LOOK_NS + 10 * MS, 1, 0);
	cr_assert(defends(c));
	counts(c, 1, 0);
}

/* No more than an eighth is what any listener may have about it. */
CROWD(an_eighth_does_not_begin_it, small)
{
	crowd_listen(c, CROWD_PORT);
	crowd_flood(c, CROWD_PORT, BACKLOG / 8);
	for (unsigned i = 0; i < 100; i++) {
		crowd_pass(c, 10 * MS);
		cr_assert(!defends(c));
	}
	counts(c, 0, 0);
}

/* As many are under way, but those before them have completed. */
CROWD(a_crowd_that_completes_does_not, small)
{
	enum {
		UNDER_WAY = BACKLOG / 4
	};
	struct seg syns[UNDER_WAY], answers[UNDER_WAY], other;
	struct weir_event event;

	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = i % UNDER_WAY;

		if (i >= UNDER_WAY) {
			crowd_give(c, crowd_ack(&syns[k], &answers[k]), &other);
			cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
			cr_assert_eq(tcp_abort(c->tcp, event.conn), 0);
			cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
			crowd_pass(c, 0);
		}
		syns[k] = crowd_syn(c, EXAMPLE_NET + i, 5000, CROWD_PORT);
		cr_assert(crowd_give(c, syns[k], &answers[k]));
		if (i % 16 == 0)
			crowd_pass(c, 10 * MS);
		cr_assert(!defends(c), "after %u", i);
	}
	counts(c, 0, 0);
	cr_assert_eq(crowd_count(c, COUNT_cookies_sent), 0);
}

/* Each listener by itself; and only those that were told to. */
CROWD(one_listeners_flood_is_not_anothers, large)
{
	struct weir_defence defence;

	for (unsigned i = 0; i < 3; i++)
		crowd_listen(c, (uint16_t)(CROWD_PORT + i));
	tcp_defence_default(c->tcp, &defence);
	defence.backlog = BACKLOG;
	for (int i = 0; i < 3; i++) {
		defence.mode = i == 2 ? WEIR_DEFENCE_OFF : WEIR_DEFENCE_AUTO;
		cr_assert_eq(tcp_set_listener_defence(c->tcp, i, &defence), 0);
	}
	crowd_flood(c, CROWD_PORT, 2 * BACKLOG);
	crowd_flood(c, CROWD_PORT + 2, 2 * BACKLOG);
	crowd_pass(c, 500 * MS);
	cr_assert_eq(tcp_listener_defending(c->tcp, 0), 1);
	cr_assert_eq(tcp_listener_defending(c->tcp, 1), 0);
	cr_assert_eq(tcp_listener_defending(c->tcp, 2), 0);
	counts(c, 1, 0);
	cr_assert_eq(tcp_unlisten(c->tcp, 0), 0);
	cr_assert_eq(c->tcp->defending, 0);
}

/* ------------------------------------------------------------------------------------------- *
 * The end
 * ------------------------------------------------------------------------------------------- */

/* How long after a flood the guard has gone, in which `real` peers go on coming every 10 ms. */
static uint64_t calm_after(struct crowd *c, unsigned real)
{
	uint64_t start_ns = c->now_ns;

	while (defends(c) && c->now_ns - start_ns < 60 * SECONDS)
		weather(c, 10 * MS, 0, real);
	return c->now_ns - start_ns;
}

static void ends_by_itself(struct crowd *c, unsigned real)
{
	crowd_listen(c, CROWD_PORT);
	weather(c, 3 * SECONDS, 100, real);
	cr_assert(defends(c));
	uint64_t ns = calm_after(c, real);

	cr_assert(ns >= SECONDS && ns < 10 * SECONDS, "%lu ms", (unsigned long)(ns / MS));
	counts(c, 1, 1);
	cr_assert_eq(crowd_half_open(c), 0, "what is left of the flood has gone with it");
	uint64_t cookies = crowd_count(c, COUNT_cookies_sent);

	weather(c, SECONDS, 0, 1);
	counts(c, 1, 1);
	cr_assert_eq(crowd_count(c, COUNT_cookies_sent), cookies);
}

CROWD(it_ends_when_nobody_comes_any_more, small)
{
	ends_by_itself(c, 0);
}

CROWD(it_ends_while_others_come, small)
{
	ends_by_itself(c, 3);
}

/* However many the flood has left behind. */
CROWD(it_ends_in_time_with_a_large_backlog, large)
{
	struct weir_defence defence;

	crowd_listen(c, CROWD_PORT);
	tcp_defence_default(c->tcp, &defence);
	defence.mode = WEIR_DEFENCE_OFF;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	crowd_flood(c, CROWD_PORT, 1u << 16);
	defence.mode = WEIR_DEFENCE_AUTO;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	crowd_flood(c, CROWD_PORT, 100000);
	cr_assert(defends(c));
	cr_assert_eq(crowd_half_open(c), 1u << 16);
	uint64_t ns = calm_after(c, 0);

	cr_assert_lt(ns, 10 * SECONDS, "%lu ms", (unsigned long)(ns / MS));
	crowd_pass(c, 70 * SECONDS);
	cr_assert_eq(crowd_half_open(c), 0);
	counts(c, 1, 1);
}

/* Those that would be waited for still longer go with the first looks, and not with their timers. */
CROWD(what_is_left_is_drained, small)
{
	struct weir_defence defence;

	crowd_listen(c, CROWD_PORT);
	tcp_defence_default(c->tcp, &defence);
	defence.mode = WEIR_DEFENCE_OFF;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	crowd_flood(c, CROWD_PORT, 100);
	crowd_pass(c, 8 * SECONDS);
	cr_assert_eq(crowd_half_open(c), 100, "until 15 s have gone by");
	defence.mode = WEIR_DEFENCE_AUTO;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	crowd_flood(c, CROWD_PORT, 10);
	weather(c, 3 * LOOK_NS, 0, 0);
	cr_assert_eq(crowd_half_open(c), 10, "%lu: all but those younger than a second", crowd_half_open(c));
	cr_assert_lt(calm_after(c, 0), 5 * SECONDS);
	cr_assert_eq(crowd_half_open(c), 0);
}

/* A program that sleeps until it must wake finds the end of it all the same. */
CROWD(the_deadline_wakes_it, small)
{
	crowd_listen(c, CROWD_PORT);
	cr_assert_eq(tcp_next_deadline(c->tcp, c->now_ns), UINT64_MAX);
	crowd_flood(c, CROWD_PORT, BACKLOG);
	cr_assert(defends(c));
	unsigned wakes = 0;

	for (uint64_t next; (next = tcp_next_deadline(c->tcp, c->now_ns)) != UINT64_MAX; wakes++) {
		cr_assert(next - c->now_ns <= LOOK_NS, "nothing for %lu ms",
			  (unsigned long)((next - c->now_ns) / MS));
		crowd_pass(c, next - c->now_ns);
		cr_assert_lt(wakes, 10000);
	}
	cr_assert(!defends(c));
	counts(c, 1, 1);
}

/* ------------------------------------------------------------------------------------------- *
 * Between
 * ------------------------------------------------------------------------------------------- */

/* A steady flood is one: entered once, and not left while it goes on. */
static void steady(struct crowd *c, unsigned flood, unsigned real)
{
	crowd_listen(c, CROWD_PORT);
	for (unsigned second = 0; second < 60; second++) {
		weather(c, SECONDS, flood, real);
		cr_assert_leq(crowd_count(c, COUNT_guard_entered), 1, "it came back in second %u", second);
		cr_assert_eq(crowd_count(c, COUNT_guard_left), 0, "it went in second %u", second);
	}
	cr_assert(defends(c));
}

CROWD(a_steady_flood_is_one, small)
{
	steady(c, 20, 0);
}

CROWD(a_steady_flood_beside_others_is_one, small)
{
	steady(c, 5, 3);
}

/* Whatever its rate: one that is enough to begin it is enough to keep it, for five minutes. */
static void at_any_rate(bool is6, uint32_t backlog, uint64_t timeout_ns)
{
	for (unsigned rate = 1; rate <= 512; rate *= 2) {
		struct crowd *c = crowd_up(is6, large, 5 * SECONDS, rate);
		struct weir_defence defence;

		crowd_listen(c, CROWD_PORT);
		tcp_defence_default(c->tcp, &defence);
		defence.backlog = backlog;
		defence.timeout_ns = timeout_ns;
		cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
		for (unsigned i = 0; i < 300 * 16; i++) {
			crowd_flood(c, CROWD_PORT, (i + 1) * rate / 16 - i * rate / 16);
			crowd_pass(c, SECONDS / 16);
		}
		cr_assert(crowd_count(c, COUNT_guard_entered) <= 1 && crowd_count(c, COUNT_guard_left) == 0,
			  "backlog %u, %u a second: %u times", backlog, rate,
			  (unsigned)crowd_count(c, COUNT_guard_entered));
		crowd_down(c);
	}
}

CROWDS(a_slow_flood_is_one)
{
	at_any_rate(is6, 64, 63 * SECONDS);
	at_any_rate(is6, 256, 63 * SECONDS);
	at_any_rate(is6, 1024, 180 * SECONDS);
	at_any_rate(is6, 16384, 63 * SECONDS);
	at_any_rate(is6, 128, 5 * SECONDS);
}

/* But who scans a large listener now and then does not keep it. */
CROWD(a_few_that_never_answer_do_not_keep_it, large)
{
	crowd_listen(c, CROWD_PORT);
	crowd_flood(c, CROWD_PORT, 1u << 17);
	cr_assert(defends(c));
	weather(c, 10 * SECONDS, 1, 1);
	cr_assert(!defends(c));
	counts(c, 1, 1);
	weather(c, 60 * SECONDS, 1, 1);
	counts(c, 1, 1);
}

/* Between two waves it holds; after a pause that is long enough each wave is a flood of its own. */
CROWD(waves, small)
{
	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < 5; i++) {
		weather(c, SECONDS, 100, 1);
		weather(c, SECONDS, 0, 1);
		counts(c, 1, 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_lt(calm_after(c, 1), 10 * SECONDS);
		counts(c, 1 + i, 1 + i);
		weather(c, SECONDS, 100, 1);
		counts(c, 2 + i, 1 + i);
	}
}

/* "always" is no guard's matter: it neither begins nor ends. */
CROWD(always_is_always, small)
{
	struct weir_defence defence;

	crowd_listen(c, CROWD_PORT);
	tcp_defence_default(c->tcp, &defence);
	defence.mode = WEIR_DEFENCE_ALWAYS;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	cr_assert(defends(c));
	weather(c, 20 * SECONDS, 0, 1);
	cr_assert(defends(c) && crowd_half_open(c) == 0);
	counts(c, 0, 0);
	defence.mode = WEIR_DEFENCE_AUTO;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	cr_assert(!defends(c));
}

/* Any weather: records stay within the bound, peers get through, and a calm minute ends it all. */
CROWDS(any_weather)
{
	for (unsigned seed = 1; seed <= 12; seed++) {
		struct crowd *c = crowd_up(is6, small, seed * 11 * SECONDS, seed);

		crowd_listen(c, CROWD_PORT);
		for (unsigned i = 0; i < 40; i++) {
			unsigned flood = 1u << rng_below(&c->rng, 9);

			weather(c, rng_below(&c->rng, 1000) * MS, flood - 1, rng_below(&c->rng, 3));
		}
		weather(c, 10 * SECONDS, 0, 1);
		cr_assert(!defends(c));
		crowd_pass(c, 64 * SECONDS);
		cr_assert_eq(crowd_half_open(c), 0);
		cr_assert_eq(crowd_count(c, COUNT_guard_entered), crowd_count(c, COUNT_guard_left));
		cr_assert_eq(crowd_count(c, COUNT_drop_half_open_full), 0);
		crowd_down(c);
	}
}
