/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syn_cookie: how many SYNs a second does a core answer by cookies that keep all options, beside ten million
 * connections, as a share of the packets that testpmd turns around on the same port? And how many of IPv6, as
 * a share of those of IPv4?
 *
 * The port replays 64 k SYNs without end and drops what is sent. Checksums are verified and made in software;
 * testpmd's 5tswap, which swaps addresses and ports, needs none, and its csum engine makes them anew.
 */
#include <inttypes.h>

#include <rte_cycles.h>

#include "bench.h"
#include "cookie_server.h"
#include "syn_capture.h"
#include "syn_veth.h"
#include "testpmd.h"

#define NS_PER_MS 1000000ull

/*
 * A lap of it. The sweep over all connections that begins at start
 * (tcp/paws.h) is over after half of the SYNs.
 */
#define WARM_UP_NS (250 * NS_PER_MS)
#define WARM_UP_LAPS 100
#define WARM_UP_SYNS (2ull * COOKIE_SERVER_CONNECTIONS)
#define TURN_NS (400 * NS_PER_MS)
#define TARGET 0.60
#define TARGET_6 0.85 /* of IPv4 */
#define MEGA 1e6

/* What is attacked, and by what. */
struct side {
	struct syn_capture capture;
	struct cookie_server *server;
};

struct turns {
	double weir[BENCH_TURNS], weir6[BENCH_TURNS]; /* packets a second of CPU time */
	double swap[BENCH_TURNS], csum[BENCH_TURNS];
	double by_swap[BENCH_TURNS], by_csum[BENCH_TURNS], by_ipv4[BENCH_TURNS];
};

/* Was each SYN of the turn answered by a cookie? */
static bool is_clean(const struct cookie_server_counts *before, const struct cookie_server_counts *after)
{
	uint64_t in = after->frames_in - before->frames_in, out = after->frames_out - before->frames_out;
	uint64_t cookies = after->cookies - before->cookies, drops = after->drops - before->drops;

	if (in > 0 && in == out && in == cookies && drops == 0 && after->half_open == 0 &&
	    after->connections == COOKIE_SERVER_CONNECTIONS)
		return true;
	bench_note("syn_cookie: %" PRIu64 " frames in, %" PRIu64 " out, %" PRIu64 " cookies, %" PRIu64
		   " drops, %" PRIu64 " connections, %" PRIu64 " half-open: no result",
		   in, out, cookies, drops, after->connections, after->half_open);
	return false;
}

/* SYNs a second; 0 after a note. */
static double serve(struct cookie_server *server)
{
	struct cookie_server_counts before, after;
	uint64_t begin, cycles;

	cookie_server_counts(server, &before);
	begin = bench_cycles();
	cookie_server_run(server, TURN_NS);
	cycles = bench_cycles() - begin;
	cookie_server_counts(server, &after);
	if (!is_clean(&before, &after))
		return 0;
	return (double)(after.frames_out - before.frames_out) * (double)rte_get_tsc_hz() / (double)cycles;
}

static bool take_turns(struct side sides[2], struct testpmd *testpmd, struct turns *turns, unsigned i)
{
	turns->swap[i] = testpmd_run(testpmd, "5tswap", TURN_NS);
	turns->weir[i] = serve(sides[0].server);
	turns->weir6[i] = serve(sides[1].server);
	turns->csum[i] = testpmd_run(testpmd, "csum", TURN_NS);
	if (turns->weir[i] == 0 || turns->weir6[i] == 0 || turns->swap[i] == 0 || turns->csum[i] == 0)
		return false;
	turns->by_swap[i] = turns->weir[i] / turns->swap[i];
	turns->by_csum[i] = turns->weir[i] / turns->csum[i];
	turns->by_ipv4[i] = turns->weir6[i] / turns->weir[i];
	return true;
}

static void tell_cycles(const char *which, double per_s)
{
	bench_row(&(struct bench_row){
		.bench = "syn_cookie",
		.which = which,
		.value = (double)rte_get_tsc_hz() / per_s,
		.unit = "cycles/SYN",
	});
}

static void tell(struct turns *turns)
{
	double weir = bench_median(turns->weir, BENCH_TURNS), weir6 = bench_median(turns->weir6, BENCH_TURNS);
	struct bench_row row = {
		.bench = "syn_cookie",
		.which = "cookie SYN-ACK beside 10 M connections",
		.value = weir / MEGA,
		.unit = "Mpps",
	};

	row.headline = true;
	row.reference = "testpmd 5tswap";
	row.reference_value = bench_median(turns->swap, BENCH_TURNS) / MEGA;
	row.ratio = bench_median(turns->by_swap, BENCH_TURNS);
	row.target = TARGET;
	bench_row(&row);
	row.headline = false;
	row.reference = "testpmd csum";
	row.reference_value = bench_median(turns->csum, BENCH_TURNS) / MEGA;
	row.ratio = bench_median(turns->by_csum, BENCH_TURNS);
	row.target = 0;
	bench_row(&row);
	row.which = "the same over IPv6";
	row.value = weir6 / MEGA;
	row.reference = "over IPv4";
	row.reference_value = weir / MEGA;
	row.ratio = bench_median(turns->by_ipv4, BENCH_TURNS);
	row.target = TARGET_6;
	bench_row(&row);
	tell_cycles("of one core", weir);
	tell_cycles("of one core, IPv6", weir6);
}

static void warm_up(struct cookie_server *server)
{
	struct cookie_server_counts counts = { 0 };

	for (unsigned i = 0; i < WARM_UP_LAPS && counts.frames_in < WARM_UP_SYNS; i++) {
		cookie_server_run(server, WARM_UP_NS);
		cookie_server_counts(server, &counts);
	}
}

static int measure(struct side sides[2], struct testpmd *testpmd)
{
	struct turns turns;

	for (unsigned i = 0; i < 2; i++) {
		if (!cookie_server_is_right(sides[i].server))
			return -1;
		warm_up(sides[i].server);
	}
	if (testpmd_run(testpmd, "5tswap", TURN_NS) == 0)
		return -1;
	for (unsigned i = 0; i < BENCH_TURNS; i++)
		if (!take_turns(sides, testpmd, &turns, i))
			return -1;
	tell(&turns);
	return 0;
}

/* False after a note. What was begun is side_down()'s to end, in any case. */
static bool side_up(struct side *side, bool is6)
{
	if (syn_capture_open(&side->capture, is6) != 0)
		return false;
	side->server = cookie_server_create(side->capture.device, is6);
	return side->server != NULL;
}

static bool side_down(struct side *side)
{
	unsigned missing = side->server != NULL ? cookie_server_destroy(side->server) : 0;

	if (missing > 0)
		bench_note("syn_cookie: %u buffers are missing", missing);
	syn_capture_close(&side->capture);
	return missing == 0;
}

/* Beside testpmd, in turns. */
static int replay(void)
{
	struct side sides[2] = { { .capture.fd = -1 }, { .capture.fd = -1 } };
	struct testpmd *testpmd = NULL;
	int rc = -1;

	if (side_up(&sides[0], false) && side_up(&sides[1], true))
		testpmd = testpmd_start(sides[0].capture.device, COOKIE_SERVER_MBUFS);
	if (testpmd != NULL) {
		rc = measure(sides, testpmd);
		testpmd_stop(testpmd);
	}
	for (unsigned i = 0; i < 2; i++)
		if (!side_down(&sides[i]))
			rc = -1;
	return rc;
}

int bench_syn_cookie(void)
{
	int rc = replay();

	return rc == 0 ? syn_veth() : rc;
}
