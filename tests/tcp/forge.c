/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * forge - tries to forge SYN cookies, and counts how often that succeeds:
 *
 *     forge [--count N] [--seconds S] [--seed N]
 *
 * ACKs by the million come to a listener that answers every SYN by a cookie. Nobody has seen its SYN-ACKs,
 * but forgers know more or less beside that (enum forger). cookie.c says how likely each ACK is to be taken
 * for a cookie; the number of connections that were forged must not be one that a right implementation
 * reaches once in 10^9 runs, for each forger and for all. Genuine handshakes in between must all succeed.
 *
 * Time is virtual, a microsecond for each ACK, and begins just before the end of an epoch. Prints TAP.
 * --seconds bounds the processor time (default 2), unless --count says how many ACKs there are.
 */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "support/addresses.h"
#include "support/payload_arena.h"
#include "tcp/tcp_pvt.h"

#define BURST TCP_BURST_MAX
#define BURST_NS (BURST * 1000)
#define EPOCH_NS (1ull << 35)
#define GENUINE_EACH 256 /* bursts */
#define PROGRESS_EACH 10000000u
#define LISTEN_PORT 80
#define LOCAL 0x0a000001u /* addresses are by numbers, support/addresses.h */

/* Once in so many runs a right implementation may fail. */
#define UNLIKELY 1e-9

enum forger {
	BLIND,       /* random tuples and numbers */
	BLIND_TIMED, /* the same with timestamps */
	/* Knows the tuple and the peer's number: tries every MAC there is, for one word after the other. */
	ISN,
	ISN_TIMED, /* the same with timestamps, but not the offset: guesses the time as well */
	OFFSET,    /* knows even the timestamp that our SYN-ACK had: all but the MAC */
	FORGERS,
};

static const char *const names[FORGERS] = {
	"blind",
	"blind, with timestamps",
	"who knows the SYN",
	"who knows the SYN, with timestamps",
	"who knows the SYN and the time",
};

/* That one ACK succeeds. Of 2^32 times at most 2^16 are young enough. */
static const double chances[FORGERS] = { 0x1p-24, 0x1p-48, 0x1p-24, 0x1p-48, 0x1p-32 };

struct forge {
	struct tcp *tcp;
	void *memory;
	struct counters *counters;
	struct rng rng;
	bool is6; /* for as long as what is known is the same */
	uint64_t now_ns;
	struct seg known[FORGERS], answers[FORGERS]; /* a SYN that each knows, and what it must not */
	uint32_t next_mac;
	uint64_t acks[FORGERS], forged[FORGERS];
	uint64_t genuine, genuine_opened;
};

static struct forge forge_up(uint64_t seed)
{
	struct forge f = { .rng = { seed }, .now_ns = EPOCH_NS - CLOCK_NS_PER_S };
	const struct tcp_secrets secrets = {
		.table = { rng_u64(&f.rng), 1 },
		.names = { rng_u64(&f.rng), 4 },
		.cookies = { { rng_u64(&f.rng), 2 }, { rng_u64(&f.rng), 3 } },
	};
	struct weir_config config;

	weir_config_default(&config);
	config.max_connections = 64;
	config.ranges[0].first = config.ranges[0].last = numbered_address(true, LOCAL);
	config.ranges_count = 1;
	config.defence.mode = WEIR_DEFENCE_ALWAYS;
	size_t bytes = tcp_footprint(&config);

	f.memory = aligned_alloc(64, bytes);
	memset(f.memory, 0, bytes);
	f.counters = calloc(1, sizeof(*f.counters));
	f.tcp = tcp_create(f.memory, &config, &secrets, f.counters, f.now_ns);
	tcp_listen(f.tcp, (struct weir_endpoint){ .port = LISTEN_PORT }, 1);
	return f;
}

/* Ends what was opened, and sends nothing. Returns how many that were. */
static unsigned clear(struct forge *f)
{
	struct weir_event event;
	struct seg segs[BURST];
	struct seg_side sides[BURST];
	unsigned opened = 0;

	while (tcp_events(f->tcp, &event, 1) == 1) {
		opened += event.what & WEIR_EV_OPENED;
		if (!(event.what & WEIR_EV_CLOSED))
			tcp_abort(f->tcp, event.conn);
	}
	while (tcp_output(f->tcp, segs, sides, BURST, f->now_ns) == BURST)
		;
	return opened;
}

static unsigned give(struct forge *f, struct seg *segs, unsigned n)
{
	static struct seg_side sides[BURST];
	uint64_t turned;

	for (unsigned i = 0; i < n; i++) {
		sides[i].pair = numbered_pair(f->is6, &segs[i].tuple);
		segs[i].tuple = arriving_tuple(&sides[i].pair, segs[i].tuple.lport, segs[i].tuple.rport);
	}
	tcp_input(f->tcp, segs, sides, n, f->now_ns, &turned);
	return clear(f);
}

static struct tuple random_tuple(struct forge *f)
{
	return (struct tuple){ .laddr = LOCAL,
			       .raddr = (uint32_t)rng_u64(&f->rng),
			       .lport = LISTEN_PORT,
			       .rport = (uint16_t)(1 + rng_below(&f->rng, 65535)) };
}

static struct seg random_syn(struct forge *f, bool ts)
{
	return (struct seg){
		.tuple = random_tuple(f),
		.seq = (uint32_t)rng_u64(&f->rng),
		.flags = SEG_SYN,
		.wnd = 65535,
		.mss = 1460,
		.wscale = 7,
		.tsval = 700,
		.opts = SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | (ts ? SEG_OPT_TS : 0),
	};
}

static struct seg ack_of(const struct seg *syn, const struct seg *answer)
{
	return (struct seg){ .tuple = syn->tuple,
			     .seq = syn->seq + 1,
			     .ack = answer->seq + 1,
			     .flags = SEG_ACK,
			     .wnd = 512,
			     .tsval = 701,
			     .tsecr = answer->tsval,
			     .opts = answer->opts & SEG_OPT_TS };
}

static bool knows_timestamps(enum forger forger)
{
	return forger != BLIND && forger != ISN;
}

/* A handshake as it should be, of a SYN that the forger will know. */
static void genuine(struct forge *f, enum forger forger)
{
	struct seg *syn = &f->known[forger], *answer = &f->answers[forger];

	*syn = *answer = random_syn(f, knows_timestamps(forger));
	give(f, answer, 1);
	struct seg ack = ack_of(syn, answer);

	f->genuine++;
	f->genuine_opened += give(f, &ack, 1);
}

static struct seg forgery(struct forge *f, enum forger forger)
{
	struct seg seg = ack_of(&f->known[forger], &f->answers[forger]);
	uint64_t guess = rng_u64(&f->rng);

	if (forger == BLIND || forger == BLIND_TIMED) {
		seg.tuple = random_tuple(f);
		seg.seq = (uint32_t)rng_u64(&f->rng);
	}
	seg.ack = (uint32_t)guess;
	if (forger == ISN)
		seg.ack = f->next_mac++ << 8 | (uint32_t)(guess & 0xff);
	if (forger == ISN_TIMED || forger == BLIND_TIMED)
		seg.tsecr = (uint32_t)(guess >> 32);
	seg.opts = knows_timestamps(forger) ? SEG_OPT_TS : 0;
	/* The one number that is known to be right is none that a forger knows. */
	if (seg.ack == f->answers[forger].seq + 1)
		seg.ack++;
	return seg;
}

static void one_burst(struct forge *f, uint64_t number)
{
	enum forger forger = (enum forger)(number % FORGERS);
	struct seg segs[BURST];

	/* Over each family in turn. */
	if (number % GENUINE_EACH == 0)
		f->is6 = number / GENUINE_EACH & 1;
	if (number % GENUINE_EACH < FORGERS)
		genuine(f, forger);
	for (unsigned i = 0; i < BURST; i++)
		segs[i] = forgery(f, forger);
	f->forged[forger] += give(f, segs, BURST);
	f->acks[forger] += BURST;
	f->now_ns += BURST_NS;
	tcp_advance(f->tcp, f->now_ns);
}

/* The most that is not unlikely, of a Poisson distribution; chances this small make it one. */
static uint64_t bound(double expected)
{
	double term = exp(-expected), below = term;
	uint64_t n = 0;

	while (1 - below > UNLIKELY && n < 10000) {
		term *= expected / (double)++n;
		below += term;
	}
	return n;
}

static bool judge(const char *name, unsigned number, uint64_t acks, uint64_t forged, double expected)
{
	bool good = forged <= bound(expected);

	printf("%sok %u - %s\n# %" PRIu64 " ACKs, %" PRIu64 " forged, %.3g expected, %" PRIu64 " at most\n",
	       good ? "" : "not ", number, name, acks, forged, expected, bound(expected));
	return good;
}

static int report(const struct forge *f)
{
	uint64_t acks = 0, forged = 0;
	double expected = 0;
	bool good = true;

	for (unsigned i = 0; i < FORGERS; i++) {
		double mean = (double)f->acks[i] * chances[i];

		good &= judge(names[i], i + 1, f->acks[i], f->forged[i], mean);
		acks += f->acks[i];
		forged += f->forged[i];
		expected += mean;
	}
	good &= judge("all together", FORGERS + 1, acks, forged, expected);
	bool opened = f->genuine > 0 && f->genuine_opened == f->genuine;

	printf("%sok %u - genuine ones\n# %" PRIu64 " of %" PRIu64 " opened\n", opened ? "" : "not ",
	       FORGERS + 2, f->genuine_opened, f->genuine);
	return good && opened ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "count", required_argument, NULL, 'c' },
						 { "seconds", required_argument, NULL, 's' },
						 { "seed", required_argument, NULL, 'r' },
						 { 0 } };
	uint64_t count = UINT64_MAX, seed = 1, next = PROGRESS_EACH;
	double seconds = 2;

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 'c':
			count = strtoull(optarg, NULL, 10);
			seconds = HUGE_VAL;
			break;
		case 's':
			seconds = strtod(optarg, NULL);
			break;
		case 'r':
			seed = strtoull(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	struct forge f = forge_up(seed);

	printf("TAP version 13\n1..%d\n", FORGERS + 2);
	for (uint64_t done = 0, number = 0; done < count; done += BURST, number++) {
		if (done >= next) {
			printf("# %" PRIu64 " million ACKs in %.0f s\n", next / 1000000,
			       (double)clock() / CLOCKS_PER_SEC);
			fflush(stdout);
			next += PROGRESS_EACH;
		}
		if (number % GENUINE_EACH == 0 && (double)clock() / CLOCKS_PER_SEC > seconds)
			break;
		one_burst(&f, number);
	}
	tcp_destroy(f.tcp);
	free(f.memory);
	free(f.counters);
	return report(&f);
}
