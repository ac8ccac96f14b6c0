/* SPDX-License-Identifier: BSD-3-Clause */
/* How much one source may ask for: half-open handshakes, and connections a second, by address and by /24. */
#include <math.h>

#include "support/crowd.h"
#include "tcp/half_open.h"

#define NAT 0xc6336401u /* 198.51.100.1 */
#define LIMIT 4
#define RATE 10
#define NETWORK 8 /* times as much for a /24 */

static void limited(struct weir_config *config)
{
	config->max_half_open = 1024;
	config->max_connections = 2048;
	config->defence.half_open_per_source = LIMIT;
}

static void refusing(struct weir_config *config)
{
	limited(config);
	config->defence.mode = WEIR_DEFENCE_OFF;
}

static void paced(struct weir_config *config)
{
	config->max_half_open = 1024;
	config->defence.opens_per_source = RATE;
}

static void paced_cookies(struct weir_config *config)
{
	paced(config);
	config->defence.mode = WEIR_DEFENCE_ALWAYS;
}

/* The n-th of those who have asked for nothing yet; a network each. */
static uint32_t innocent(unsigned n)
{
	return 0x0b000001u + n * 0x9e3700u;
}

/* How many SYNs of this address are answered, of so many. */
static unsigned asked(struct crowd *c, uint32_t address, unsigned n)
{
	static uint16_t rport;
	unsigned answered = 0;

	for (unsigned i = 0; i < n; i++)
		answered += crowd_asks(c, address, (uint16_t)(1024 + rport++ % 60000), CROWD_PORT);
	return answered;
}

static unsigned opened(struct crowd *c, uint32_t address, unsigned n)
{
	static uint16_t rport;
	unsigned all = 0;

	for (unsigned i = 0; i < n; i++)
		all += crowd_opens(c, address, (uint16_t)(1024 + rport++ % 60000), CROWD_PORT);
	return all;
}

/* ------------------------------------------------------------------------------------------- *
 * Handshakes under way
 * ------------------------------------------------------------------------------------------- */

CROWD(an_address_has_a_limit, refusing)
{
	crowd_listen(c, CROWD_PORT);
	cr_assert_eq(asked(c, NAT, 100), LIMIT);
	cr_assert_eq(crowd_count(c, COUNT_drop_source_half_open), 100 - LIMIT);
	cr_assert_eq(asked(c, NAT + 1, 100), LIMIT, "its neighbour");
	cr_assert_eq(asked(c, NAT + 256, 100), LIMIT, "another network");
}

CROWD(a_network_has_eight_times_as_much, refusing)
{
	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < 20; i++)
		cr_assert_eq(asked(c, NAT + i, LIMIT + 1), i < NETWORK ? LIMIT : 0, "address %u", i);
	cr_assert_eq(asked(c, NAT + 256, 1), 1, "another network");
}

/*
 * A crowd behind one address is no flood: beyond the limit nothing is kept of its SYNs, and each is served.
 */
CROWD(a_crowd_behind_one_address_is_served, limited)
{
	enum {
		CROWD_OF = 500
	};
	static struct seg syns[CROWD_OF], answers[CROWD_OF];
	struct weir_event event;
	struct seg other;

	crowd_listen(c, CROWD_PORT);
	for (uint16_t i = 0; i < CROWD_OF; i++) {
		syns[i] = crowd_syn(c, NAT, 1024 + i, CROWD_PORT);
		cr_assert(crowd_give(c, syns[i], &answers[i]));
		cr_assert_eq(answers[i].flags, SEG_SYN | SEG_ACK);
	}
	cr_assert_eq(crowd_half_open(c), LIMIT);
	cr_assert_eq(crowd_count(c, COUNT_cookies_sent), CROWD_OF - LIMIT);
	cr_assert_eq(c->tcp->defending, 0, "others need no defence");
	for (unsigned i = 0; i < CROWD_OF; i++) {
		crowd_give(c, crowd_ack(&syns[i], &answers[i]), &other);
		cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
	}
	cr_assert_eq(crowd_count(c, COUNT_opened_passive), CROWD_OF);
	cr_assert_eq(asked(c, NAT + 7, 1), 1);
	cr_assert_eq(crowd_half_open(c), 1);
}

/* No limit, no count. */
CROWD(without_a_limit_nothing_is_counted, paced)
{
	crowd_listen(c, CROWD_PORT);
	cr_assert_eq(asked(c, NAT, 100), 100);
	for (uint32_t i = 0; i <= c->tcp->sources.mask; i++)
		cr_assert_eq(c->tcp->sources.half_opens[i], 0);
}

/* ------------------------------------------------------------------------------------------- *
 * Every way out of the queue gives the count back, once
 * ------------------------------------------------------------------------------------------- */

/* A source at its limit; the handshakes are the caller's to end. */
struct full {
	struct seg syns[LIMIT], answers[LIMIT];
};

static struct full fill(struct crowd *c)
{
	struct full full;

	for (uint16_t i = 0; i < LIMIT; i++) {
		full.syns[i] = crowd_syn(c, NAT, 1 + i, CROWD_PORT);
		cr_assert(crowd_give(c, full.syns[i], &full.answers[i]));
	}
	cr_assert_eq(crowd_half_open(c), LIMIT);
	return full;
}

/* So many places of the source are free now, and no more. */
static void free_now(struct crowd *c, unsigned n)
{
	cr_assert_eq(asked(c, NAT, LIMIT + 2), n);
}

CROWD(given_back_by_the_third_step, refusing)
{
	struct weir_event event;
	struct seg other;

	crowd_listen(c, CROWD_PORT);
	struct full full = fill(c);

	for (unsigned i = 0; i < 3; i++) {
		crowd_give(c, crowd_ack(&full.syns[i], &full.answers[i]), &other);
		cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
	}
	free_now(c, 3);
}

CROWD(given_back_by_a_reset, refusing)
{
	struct seg other;

	crowd_listen(c, CROWD_PORT);
	struct full full = fill(c);
	struct seg rst = crowd_ack(&full.syns[1], &full.answers[1]);

	rst.flags = SEG_RST;
	crowd_give(c, rst, &other);
	crowd_give(c, rst, &other);
	free_now(c, 1);
}

CROWD(given_back_by_an_icmp_error, refusing)
{
	crowd_listen(c, CROWD_PORT);
	struct full full = fill(c);
	struct icmp_error error = crowd_error(c, &full.answers[2], ICMP_HARD);

	cr_assert_eq(tcp_icmp(c->tcp, &error, c->now_ns), ACCEPTED);
	cr_assert_neq(tcp_icmp(c->tcp, &error, c->now_ns), ACCEPTED);
	free_now(c, 1);
}

CROWD(given_back_by_time, refusing)
{
	crowd_listen(c, CROWD_PORT);
	fill(c);
	crowd_pass(c, 64 * SECONDS);
	cr_assert_eq(crowd_half_open(c), 0);
	free_now(c, LIMIT);
}

/* Given back, and taken anew by what follows it. */
CROWD(given_back_by_a_new_syn_in_the_window, refusing)
{
	struct seg other;

	crowd_listen(c, CROWD_PORT);
	struct full full = fill(c);

	for (unsigned i = 0; i < 5; i++) {
		full.syns[0].seq += 100;
		cr_assert(crowd_give(c, full.syns[0], &other));
	}
	free_now(c, 0);
	cr_assert_eq(crowd_half_open(c), LIMIT);
}

CROWD(given_back_by_unlistening, refusing)
{
	crowd_listen(c, CROWD_PORT);
	fill(c);
	cr_assert_eq(tcp_unlisten(c->tcp, 0), 0);
	crowd_listen(c, CROWD_PORT);
	free_now(c, LIMIT);
}

CROWD(given_back_by_recycling, refusing)
{
	struct weir_defence defence;

	crowd_listen(c, CROWD_PORT);
	tcp_defence_default(c->tcp, &defence);
	defence.backlog = LIMIT + 2;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	fill(c);
	crowd_pass(c, 1100 * MS);
	cr_assert_eq(asked(c, NAT + 256, 2), 2);
	cr_assert_eq(asked(c, NAT + 512, 2), 2);
	cr_assert_eq(crowd_count(c, COUNT_half_open_recycled), 2);
	defence.backlog = 100;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	free_now(c, 2);
}

/* What was counted is given back though the limit has gone meanwhile; what was not is not. */
CROWD(given_back_whatever_the_limit_is_by_then, refusing)
{
	struct weir_defence defence, none;

	crowd_listen(c, CROWD_PORT);
	tcp_defence_default(c->tcp, &defence);
	none = defence;
	none.half_open_per_source = 0;
	fill(c);
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &none), 0);
	cr_assert_eq(asked(c, NAT, 50), 50);
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	free_now(c, 0);
	crowd_pass(c, 64 * SECONDS);
	free_now(c, LIMIT);
}

/* A cookie makes the connection, and the record that stands beside it goes. */
CROWD(given_back_by_a_cookie, limited)
{
	struct weir_defence defence;
	struct weir_event event;
	struct seg other, answer, syn = crowd_syn(c, NAT, 1, CROWD_PORT);

	crowd_listen(c, CROWD_PORT);
	tcp_defence_default(c->tcp, &defence);
	defence.mode = WEIR_DEFENCE_ALWAYS;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	cr_assert(crowd_give(c, syn, &answer));
	defence.mode = WEIR_DEFENCE_AUTO;
	cr_assert_eq(tcp_set_listener_defence(c->tcp, 0, &defence), 0);
	cr_assert(crowd_give(c, syn, &other));
	cr_assert_eq(crowd_half_open(c), 1);
	crowd_give(c, crowd_ack(&syn, &answer), &other);
	cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
	cr_assert_eq(crowd_half_open(c), 0);
	for (uint32_t i = 0; i <= c->tcp->sources.mask; i++)
		cr_assert_eq(c->tcp->sources.half_opens[i], 0);
}

/* ------------------------------------------------------------------------------------------- *
 * Connections a second
 * ------------------------------------------------------------------------------------------- */

static void at_its_pace(struct crowd *c)
{
	crowd_listen(c, CROWD_PORT);
	cr_assert_eq(opened(c, NAT, 3 * RATE), RATE, "a second's worth at once");
	cr_assert_eq(crowd_count(c, COUNT_drop_source_opens), 2 * RATE);
	cr_assert_eq(opened(c, NAT + 256, 1), 1, "another network");
	for (unsigned i = 0; i < 20; i++) {
		crowd_pass(c, SECONDS / RATE);
		cr_assert_eq(opened(c, NAT, 3), 1, "tenth %u", i);
	}
	crowd_pass(c, SECONDS / 2);
	cr_assert_eq(opened(c, NAT, 3 * RATE), RATE / 2);
	crowd_pass(c, 100 * SECONDS);
	cr_assert_eq(opened(c, NAT, 3 * RATE), RATE, "no more is saved up");
}

CROWD(a_source_opens_at_its_pace, paced)
{
	at_its_pace(c);
}

CROWD(by_cookies_as_well, paced_cookies)
{
	at_its_pace(c);
}

CROWD(a_network_opens_at_eight_times_that, paced)
{
	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < 20; i++)
		cr_assert_eq(opened(c, NAT + i, RATE + 1), i < NETWORK ? RATE : 0, "address %u", i);
	crowd_pass(c, SECONDS / RATE);
	unsigned all = 0;

	for (unsigned i = 0; i < 20; i++)
		all += opened(c, NAT + i, 2);
	cr_assert_eq(all, NETWORK);
}

/*
 * More sources than there are counts for hold each other up,
 * but nothing of it is held against anybody for long.
 */
CROWD(a_crowd_of_sources_is_forgotten_in_a_second, paced)
{
	enum {
		SOURCES = 4000
	};

	crowd_listen(c, CROWD_PORT);
	for (unsigned i = 0; i < SOURCES; i++)
		opened(c, innocent(i), RATE);
	crowd_pass(c, SECONDS);
	for (unsigned i = 0; i < 20; i++)
		cr_assert_eq(opened(c, innocent(SOURCES + i), 1), 1, "source %u", i);
}

/* It is late, not lost: the peer's text brings the third step again. */
CROWD(what_comes_too_early_comes_again, paced)
{
	struct weir_event event;
	struct seg other, syn, answer;

	crowd_listen(c, CROWD_PORT);
	cr_assert_eq(opened(c, NAT, RATE), RATE);
	syn = crowd_syn(c, NAT, 1, CROWD_PORT);
	cr_assert(crowd_give(c, syn, &answer));
	crowd_give(c, crowd_ack(&syn, &answer), &other);
	cr_assert(tcp_events(c->tcp, &event, 1) == 0 && crowd_half_open(c) == 1);
	crowd_pass(c, 200 * MS);
	crowd_give(c, crowd_ack(&syn, &answer), &other);
	cr_assert_eq(tcp_events(c->tcp, &event, 1), 1);
	cr_assert_eq(event.what, WEIR_EV_OPENED);
}

/* ------------------------------------------------------------------------------------------- *
 * Who shares a count with whom
 * ------------------------------------------------------------------------------------------- */

#define MANY 60000
#define PROBES 20000

static void many(struct weir_config *config)
{
	config->max_half_open = 65536;
	config->defence.mode = WEIR_DEFENCE_OFF;
	config->defence.half_open_per_source = 8;
}

/* That an innocent one finds both of its cells at the limit, of a Poisson distribution. */
static double share(double mean, unsigned limit)
{
	double term = exp(-mean), below = 0;

	for (unsigned i = 0; i < limit; i++) {
		below += term;
		term *= mean / (i + 1);
	}
	return (1 - below) * (1 - below);
}

static unsigned hindered(struct crowd *c, bool who[PROBES])
{
	const struct listener *listener = &c->tcp->listeners[0];
	unsigned n = 0;

	for (unsigned i = 0; i < PROBES; i++) {
		who[i] = !sources_take(c->tcp, listener, crowd_address(c, innocent(i)));
		if (!who[i])
			sources_give(c->tcp, crowd_address(c, innocent(i)));
		n += who[i];
	}
	return n;
}

/*
 * A flood of random sources fills cells, four with each: an address has two and its network two. Innocents
 * are hindered no more often than that says, and another key hinders others.
 */
CROWDS(random_sources_hinder_few)
{
	static bool who[2][PROBES];
	unsigned both = 0, all[2];

	for (unsigned key = 0; key < 2; key++) {
		struct crowd *c = crowd_up(is6, many, 5 * SECONDS, 77);

		c->tcp->sources.key.k0 ^= key;
		crowd_listen(c, CROWD_PORT);
		crowd_flood(c, CROWD_PORT, MANY);
		double p = share(4.0 * (double)crowd_half_open(c) / (c->tcp->sources.mask + 1.0), 8);

		all[key] = hindered(c, who[key]);
		cr_assert_lt(p, 0.002);
		cr_assert_leq(all[key], p * PROBES + 7 * sqrt(p * PROBES), "%u hindered, %.1f expected",
			      all[key], p * PROBES);
		crowd_down(c);
	}
	for (unsigned i = 0; i < PROBES; i++)
		both += who[0][i] && who[1][i];
	cr_assert(all[0] > 0 && both <= 3, "%u of %u under both keys", both, all[0]);
}
