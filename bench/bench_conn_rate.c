/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_rate: how many cycles does a connection's whole life take, both ends on one core, beside a loop that
 * moves as many packets of the same sizes and knows nothing of TCP?
 *
 * What is measured is a steady state: weir and its reference take turns of fixed lengths for as long as
 * TIME-WAIT lasts and on, so that in a turn as many records expire as come. A turn counts if that was so, if
 * each life took its packets and bytes, none more, and if nothing failed, was dropped or sent again.
 */
#include <inttypes.h>

#include <rte_cycles.h>

#include "bare_loop.h"
#include "base/stage.h"
#include "bench.h"
#include "conn_pair.h"
#include "conn_tuples.h"

#define NS_PER_MS 1000000ull

#define PAIR_TURN_NS (200 * NS_PER_MS)
#define BARE_TURN_NS (50 * NS_PER_MS)
/* Until TIME-WAIT is in its steady state: one turn of each beyond 2 MSL. */
#define WARM_UP_NS (2 * CONN_PAIR_MSL_NS + 2 * PAIR_TURN_NS)
/* Connections of a run differ in so many tuples. */
#define TUPLES (4ull << 20)
/* More packets than those of the lives: neighbours are asked for. */
#define STRAY_PACKETS 64
/* As a share of those that came, expired records may be more or fewer by this. */
#define STEADY 0.05
/* Turns that were not steady, because the machine was not, are taken again. */
#define TURNS_MAX (3 * BENCH_TURNS)

struct rate_case {
	const char *name;
	const char *which;
	struct conn_pair_setup setup;
	unsigned packets;
	double target; /* 0: none */
	bool beside_ipv4;
	bool headline;
	const char *client, *server; /* rows of their shares; NULL: none */
};

static const struct rate_case cases[] = {
	{ .name = "1k",
	  .which = "1 k others open",
	  .setup = { .others = 1000 },
	  .packets = 6,
	  .target = 0.34,
	  .headline = true,
	  .client = "of that, the client",
	  .server = "of that, the server" },
	{ .name = "1M",
	  .which = "1 M others open",
	  .setup = { .others = 1000000 },
	  .packets = 6,
	  .target = 0.34,
	  .client = "of that, the client, 1 M others",
	  .server = "of that, the server, 1 M others" },
	{ .name = "http",
	  .which = "HTTP, each message parsed",
	  .setup = { .life = CONN_LIFE_HTTP, .others = 1000 },
	  .packets = 6 },
	{ .name = "http_varied",
	  .which = "HTTP, another path or body each time",
	  .setup = { .life = CONN_LIFE_HTTP_VARIED, .others = 1000 },
	  .packets = 6 },
	{ .name = "http_same",
	  .which = "HTTP, the same message again",
	  .setup = { .life = CONN_LIFE_HTTP_SAME, .others = 1000 },
	  .packets = 6 },
	{ .name = "client_first",
	  .which = "the client closes first",
	  .setup = { .life = CONN_LIFE_CLIENT_FIRST, .others = 1000 },
	  .packets = 7 },
	{ .name = "ipv6",
	  .which = "IPv6",
	  .setup = { .ipv6 = true, .others = 1000 },
	  .packets = 6,
	  .target = 0.85,
	  .beside_ipv4 = true },
};

/* What takes turns: weir with its tuples, or the bare loop. */
struct contender {
	unsigned packets; /* of a life */
	struct conn_pair *pair;
	struct conn_tuples tuples;
	struct bare_loop *bare;
};

/* Of a turn: cycles of a life. */
struct turn {
	double cycles, client, server;
	double expired; /* records for each that came */
};

struct turns {
	double cycles[BENCH_TURNS], client[BENCH_TURNS], server[BENCH_TURNS];
	double reference[BENCH_TURNS], ratio[BENCH_TURNS];
};

/* What happened in a turn, as it must; else a note says what. */
static bool is_right(const struct contender *who, const struct conn_pair_counts *before,
		     const struct conn_pair_counts *after)
{
	uint64_t lives = after->lives - before->lives;
	uint64_t frames = after->frames - before->frames, packets = lives * who->packets;
	uint64_t bytes = after->bytes - before->bytes;

	if (lives > 0 && after->closed[0] - before->closed[0] == lives &&
	    after->closed[1] - before->closed[1] == lives && after->faults == before->faults &&
	    frames >= packets && frames <= packets + STRAY_PACKETS && bytes == lives * 2 * CONN_MESSAGE_BYTES)
		return true;
	bench_note("conn_rate: a turn of %" PRIu64 " lives, %" PRIu64 " and %" PRIu64 " closed, %" PRIu64
		   " packets (%u a life are right), %" PRIu64 " bytes, %" PRIu64 " faults: no result",
		   lives, after->closed[0] - before->closed[0], after->closed[1] - before->closed[1], frames,
		   who->packets, bytes, after->faults - before->faults);
	conn_pair_tell_faults(who->pair);
	return false;
}

static bool pair_turn(struct contender *who, struct turn *turn)
{
	struct conn_pair_counts before, after;
	const struct weir_core *keeper;
	uint64_t begin, cycles;
	double lives, client, server;
	bool is_client;

	conn_pair_counts(who->pair, &before);
	begin = bench_cycles();
	conn_pair_run(who->pair, PAIR_TURN_NS);
	cycles = bench_cycles() - begin;
	conn_pair_counts(who->pair, &after);
	if (!is_right(who, &before, &after))
		return false;
	keeper = conn_pair_keeper(who->pair, &is_client);
	conn_tuples_read(&who->tuples, keeper, is_client);
	lives = (double)(after.lives - before.lives);
	/* The loops' own count includes what others took of the CPU; their shares are what it is good for. */
	client = (double)(after.client_cycles - before.client_cycles);
	server = (double)(after.server_cycles - before.server_cycles);
	turn->cycles = (double)cycles / lives;
	turn->client = turn->cycles * client / (client + server);
	turn->server = turn->cycles * server / (client + server);
	turn->expired = (double)(after.time_wait_expired - before.time_wait_expired) / lives;
	return true;
}

static bool bare_turn(struct contender *who, struct turn *turn)
{
	uint64_t cycles = rte_get_tsc_hz() / 1000 * (BARE_TURN_NS / NS_PER_MS);

	*turn = (struct turn){ .cycles = bare_loop_run(who->bare, cycles), .expired = 1 };
	return turn->cycles > 0;
}

static bool take_turn(struct contender *who, struct turn *turn)
{
	return who->pair != NULL ? pair_turn(who, turn) : bare_turn(who, turn);
}

static bool is_steady(const struct turn *turn)
{
	return turn->expired > 1 - STEADY && turn->expired < 1 + STEADY;
}

/* In the same rhythm as later, until records expire and tuples will have been enough at the end. */
static bool warm_up(struct contender *weir, struct contender *reference)
{
	uint64_t end_ns = weir_now_ns() + WARM_UP_NS, gained = 0;
	struct turn turn;

	while (weir_now_ns() < end_ns || weir->tuples.count + BENCH_TURNS * gained < TUPLES) {
		uint64_t count = weir->tuples.count;

		if (!take_turn(weir, &turn) || !take_turn(reference, &turn))
			return false;
		gained = weir->tuples.count - count;
		if (gained == 0) {
			bench_note("conn_rate: %" PRIu64 " tuples, and no more", count);
			return false;
		}
	}
	return true;
}

static bool take_turns(struct contender *weir, struct contender *reference, struct turns *turns)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < TURNS_MAX && taken < BENCH_TURNS; i++) {
		struct turn own, other;

		if (!take_turn(weir, &own) || !take_turn(reference, &other))
			return false;
		if (!is_steady(&own) || !is_steady(&other)) {
			bench_note("conn_rate: %.3f and %.3f TIME-WAIT records expired for each that came: "
				   "the turn is taken again",
				   own.expired, other.expired);
			continue;
		}
		turns->cycles[taken] = own.cycles;
		turns->client[taken] = own.client;
		turns->server[taken] = own.server;
		turns->reference[taken] = other.cycles;
		turns->ratio[taken] = other.cycles / own.cycles;
		taken++;
	}
	if (taken == BENCH_TURNS)
		return true;
	bench_note("conn_rate: no steady state in %d turns: no result", TURNS_MAX);
	return false;
}

/* What all the lives together must have been. */
static bool was_whole(const struct contender *weir)
{
	const struct conn_client *client = conn_pair_client(weir->pair);
	struct conn_pair_counts counts;
	struct percentiles connect, close;

	conn_pair_counts(weir->pair, &counts);
	histogram_percentiles(&client->connect, &connect);
	histogram_percentiles(&client->close, &close);
	bench_note("conn_rate: %" PRIu64 " lives, %" PRIu64 " different tuples, %" PRIu64
		   " in TIME-WAIT, %u others "
		   "open; %" PRIu64 " MiB, %" PRIu64
		   " on hugepages; connect %.1f us, p99 %.1f; close %.1f us, p99 %.1f",
		   counts.lives, weir->tuples.count, counts.time_wait, client->others_open,
		   counts.memory >> 20, counts.hugepages >> 20, (double)connect.p50 / 1e3,
		   (double)connect.p99 / 1e3, (double)close.p50 / 1e3, (double)close.p99 / 1e3);
	if (weir->tuples.count >= TUPLES && connect.count == counts.lives && close.count == counts.lives &&
	    conn_pair_has_options(weir->pair))
		return true;
	bench_note(
		"conn_rate: too few tuples, a life that is not in the histograms, or no options: no result");
	return false;
}

static void tell_part(const char *which, double *values)
{
	bench_row(&(struct bench_row){
		.bench = "conn_rate",
		.which = which,
		.value = bench_median(values, BENCH_TURNS),
		.unit = "cycles/connection",
	});
}

static void tell(const struct rate_case *c, struct turns *turns)
{
	static const char *const references[] = { [6] = "bare loop, 6 packets", [7] = "bare loop, 7 packets" };

	bench_row(&(struct bench_row){
		.bench = "conn_rate",
		.which = c->which,
		.headline = c->headline,
		.value = bench_median(turns->cycles, BENCH_TURNS),
		.unit = "cycles/connection",
		.reference = c->beside_ipv4 ? "IPv4" : references[c->packets],
		.reference_value = bench_median(turns->reference, BENCH_TURNS),
		.ratio = bench_median(turns->ratio, BENCH_TURNS),
		.target = c->target,
	});
	if (c->client != NULL) {
		tell_part(c->client, turns->client);
		tell_part(c->server, turns->server);
	}
}

#ifdef WEIR_STAGES
static void tell_stages(const struct contender *weir)
{
	struct conn_pair_counts counts;

	if (weir->pair == NULL)
		return;
	conn_pair_counts(weir->pair, &counts);
	for (enum stage stage = 0; stage < STAGES; stage++)
		bench_note("conn_rate: %-12s %6.1f cycles", stage_name(stage),
			   (double)stage_cycles(stage) / (double)counts.lives);
}
#else
static void tell_stages(const struct contender *weir)
{
	(void)weir;
}
#endif

static bool open_pair(struct contender *who, const struct rate_case *c, bool ipv6)
{
	struct conn_pair_setup setup = c->setup;

	setup.ipv6 = ipv6;
	who->packets = c->packets;
	if (conn_tuples_init(&who->tuples) == 0)
		who->pair = conn_pair_create(&setup);
	return who->pair != NULL;
}

static bool open_reference(struct contender *who, const struct rate_case *c)
{
	if (c->beside_ipv4)
		return open_pair(who, c, false);
	who->bare = bare_loop_create(c->packets);
	return who->bare != NULL;
}

static int close_contender(struct contender *who)
{
	if (who->bare != NULL)
		bare_loop_destroy(who->bare);
	conn_tuples_fini(&who->tuples);
	return who->pair != NULL ? conn_pair_destroy(who->pair) : 0;
}

static int run_case(const struct rate_case *c)
{
	struct contender weir = { 0 }, reference = { 0 };
	struct turns turns;
	int rc = -1;

	if (open_pair(&weir, c, c->setup.ipv6) && open_reference(&reference, c) &&
	    warm_up(&weir, &reference) && take_turns(&weir, &reference, &turns) && was_whole(&weir)) {
		tell(c, &turns);
		rc = 0;
	}
	tell_stages(&weir);
	rc |= close_contender(&weir);
	rc |= close_contender(&reference);
	return rc;
}

int bench_conn_rate(void)
{
	int rc = 0;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (bench_wants(cases[i].name))
			rc |= run_case(&cases[i]);
	return rc;
}
