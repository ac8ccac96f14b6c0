/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_cookie - SYNs, of either family, at any time to two machines of a fleet,
 * and ACKs at any later time to either.
 *
 * What was answered by a cookie opens it as long as it lives, and brings back the options by the table of
 * cookie.c, which stands here once more. With any bit changed that the MAC should cover it opens nothing.
 * Without timestamps 24 bits of MAC let one of 17 million such ACKs pass: a byte string may meet one, and not
 * two.
 */
#include <string.h>

#include "fuzz/bytes_in.h"
#include "fuzz/fault.h"
#include "support/addresses.h"
#include "tcp/ecn.h"
#include "tcp/tcp_pvt.h"

#define STEPS_MAX 64
#define OFFERS 16
#define MACHINES 2
#define PORT 80
#define ADDRESS 0x0a000001u
#define EPOCH_NS (1ull << 35)

/*
 * A cookie says that it is half a second older than it is, and who looks at it is a second ahead (cookie.c).
 */
#define LIVES_NS (EPOCH_NS - 2 * CLOCK_NS_PER_S)
#define DEAD_NS (2 * EPOCH_NS + CLOCK_NS_PER_S)
#define CHANCE 1 /* forgeries that may be luck */

/* The fleet's clocks differ by this. */
#define DIFFER_NS (CLOCK_NS_PER_S / 2)

/* Tuples here are of numbers of addresses (support/addresses.h), before they go into a machine. */
struct offer {
	struct seg syn, answer;
	uint64_t made_ns;
	unsigned key, machine;
};

/* Whose keys are 0, its own, or a fleet's from 1 on. */
struct machine {
	struct tcp *tcp;
	struct counters counters;
	uint64_t clock_ns; /* ahead of the time of all */
	unsigned key, before;
	uint64_t before_ends_ns; /* 0: there is none */
};

struct stand {
	struct bytes_in in;
	struct machine machines[MACHINES];
	struct offer offers[OFFERS];
	unsigned offers_count;
	uint64_t now_ns;
	unsigned forged;
	bool is6;
};

static struct tcp *create(struct machine *machine, const struct weir_config *config, unsigned number,
			  uint64_t now_ns)
{
	struct tcp_secrets secrets = { .names = { 5 + number, 6 },
				       .cookies = { { 1 + number, 2 }, { 3 + number, 4 } } };
	size_t bytes = tcp_footprint(config);
	void *memory = aligned_alloc(64, bytes);

	CHECK(memory != NULL);
	memset(memory, 0, bytes);
	return tcp_create(memory, config, &secrets, &machine->counters, now_ns + machine->clock_ns);
}

static void set_up(struct stand *s)
{
	struct weir_config config;
	unsigned how = in_u8(&s->in);

	weir_config_default(&config);
	config.max_connections = config.max_half_open = config.max_time_wait = 1;
	config.max_extensions = config.max_send_buffers = config.max_events = 1;
	config.no_timestamps = how & 1;
	s->is6 = how & 8;
	config.ranges[0].first = config.ranges[0].last = numbered_address(s->is6, ADDRESS);
	config.ranges_count = 1;
	config.defence.mode = WEIR_DEFENCE_ALWAYS;
	s->offers_count = s->forged = 0;
	/* Before an epoch's end, the clock's wrap or its change of sign. */
	s->now_ns = (uint64_t[]){ 100, (1ull << 52) >> CLOCK_TICK_SHIFT, 1ull << 31, 3600 }[how >> 1 & 3] *
		    CLOCK_NS_PER_S;
	for (unsigned i = 0; i < MACHINES; i++) {
		struct machine *machine = &s->machines[i];

		*machine = (struct machine){ .clock_ns = i * 1234567 * CLOCK_NS_PER_S };
		machine->tcp = create(machine, &config, i, s->now_ns);
		CHECK(tcp_listen(machine->tcp, (struct weir_endpoint){ .port = PORT }, 0) == 0);
	}
}

static void pass_time(struct stand *s)
{
	static const uint64_t units[4] = { CLOCK_NS_PER_MS, 100 * CLOCK_NS_PER_MS, CLOCK_NS_PER_S,
					   EPOCH_NS / 64 };
	unsigned how = in_u8(&s->in);

	s->now_ns += (how >> 2) * units[how & 3];
	for (unsigned i = 0; i < MACHINES; i++)
		tcp_advance(s->machines[i].tcp, s->now_ns + s->machines[i].clock_ns);
}

/* As of a segment that has just come, and been named. */
static bool open_cookie(const struct stand *s, struct machine *machine, const struct seg *ack,
			struct cookie *cookie)
{
	const struct seg_side side = { .pair = numbered_pair(s->is6, &ack->tuple) };
	struct seg named = *ack;

	named.tuple = tcp_tuple(machine->tcp, &side.pair, ack->tuple.lport, ack->tuple.rport);
	machine->tcp->side = &side;
	bool opened = cookie_open(machine->tcp, &named, cookie);

	machine->tcp->side = NULL;
	return opened;
}

static void set_key(struct stand *s)
{
	unsigned how = in_u8(&s->in), key = 1 + (how >> 1 & 3);
	struct machine *machine = &s->machines[how & 1];
	uint8_t bytes[WEIR_COOKIE_KEY_BYTES];

	memset(bytes, (int)key, sizeof(bytes));
	tcp_set_cookie_key(machine->tcp, bytes, (1ull << 60) + s->now_ns + (how & 1) * DIFFER_NS);
	if (key == machine->key)
		return;
	machine->before = machine->key;
	machine->before_ends_ns = s->now_ns + 2 * EPOCH_NS;
	machine->key = key;
}

/* ------------------------------------------------------------------------------------------- *
 * SYNs
 * ------------------------------------------------------------------------------------------- */

static struct seg take_syn(struct bytes_in *in)
{
	static const uint16_t sizes[8] = { 0, 63, 536, 1380, 1460, 8960, 65535, 1220 };
	unsigned how = in_u8(in), opts = in_u8(in);
	struct seg syn = {
		.tuple = { ADDRESS, 0x0a000100u + in_u8(in), PORT, (uint16_t)(1000 + (how & 7)) },
		.flags = how & 8 ? SEG_SYN | SEG_ECE | SEG_CWR : SEG_SYN,
		.seq = how & 16 ? in_u32(in) : (uint32_t)-1,
		.opts = opts & (SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS),
		.mss = how & 32 ? in_u16(in) : sizes[opts >> 5],
		.wscale = (uint8_t)in_below(in, 15),
		.tsval = in_u8(in),
		.wnd = 1000,
	};

	return syn;
}

/* Our MSS takes the place of another option where the SYN has none, so that the answer is not longer. */
static uint8_t afforded(uint8_t opts)
{
	if (opts & SEG_OPT_MSS)
		return opts;
	if (opts & SEG_OPT_WSCALE)
		return opts & (uint8_t)~SEG_OPT_WSCALE;
	return opts & (uint8_t) ~(opts & SEG_OPT_TS ? SEG_OPT_TS : SEG_OPT_SACK_OK);
}

static void burst(struct stand *s)
{
	unsigned how = in_u8(&s->in), n = 1 + (how >> 1 & 7);
	struct machine *machine = &s->machines[how & 1];
	struct seg_side sides[8] = { 0 };
	struct seg segs[8], syns[8];
	uint64_t turned;

	for (unsigned i = 0; i < n; i++) {
		segs[i] = syns[i] = take_syn(&s->in);
		sides[i].pair = numbered_pair(s->is6, &segs[i].tuple);
		segs[i].tuple = arriving_tuple(&sides[i].pair, segs[i].tuple.lport, segs[i].tuple.rport);
		syns[i].opts = afforded(syns[i].opts);
	}
	CHECK(tcp_input(machine->tcp, segs, sides, n, s->now_ns + machine->clock_ns, &turned) == n);
	HOLDS(turned == (1ull << n) - 1, "%#lx of %u SYNs were answered", (unsigned long)turned, n);
	for (unsigned i = 0; i < n; i++) {
		TELL("%.3f machine %u, port %u: SYN %u options %#x, SYN-ACK %u TSval %u\n",
		     (double)s->now_ns / 1e9, how & 1, syns[i].tuple.rport, syns[i].seq, syns[i].opts,
		     segs[i].seq, segs[i].tsval);
		HOLDS(segs[i].ack == syns[i].seq + 1, "it acknowledges %u", segs[i].ack);
		s->offers[s->offers_count++ % OFFERS] = (struct offer){
			.syn = syns[i],
			.answer = segs[i],
			.made_ns = s->now_ns,
			.key = machine->key,
			.machine = how & 1,
		};
	}
}

/* ------------------------------------------------------------------------------------------- *
 * ACKs
 * ------------------------------------------------------------------------------------------- */

static struct seg ack_of(const struct offer *offer)
{
	return (struct seg){
		.tuple = offer->syn.tuple,
		.flags = SEG_ACK,
		.seq = offer->syn.seq + 1,
		.ack = offer->answer.seq + 1,
		.opts = offer->answer.opts & SEG_OPT_TS,
		.tsval = offer->syn.tsval + 1,
		.tsecr = offer->answer.tsval,
	};
}

/* Whether it must be accepted, must not be, or may. */
enum expected {
	MUST,
	MAY,
	MUST_NOT,
};

static bool has_key(const struct stand *s, const struct machine *machine, const struct offer *offer)
{
	unsigned number = (unsigned)(machine - s->machines);
	bool now = offer->key == machine->key,
	     before = offer->key == machine->before && s->now_ns < machine->before_ends_ns;

	return (offer->key != 0 || offer->machine == number) && (now || before);
}

static enum expected expected_of(const struct stand *s, const struct machine *machine,
				 const struct offer *offer)
{
	uint64_t age_ns = s->now_ns - offer->made_ns;

	if (!has_key(s, machine, offer) || age_ns > DEAD_NS)
		return MUST_NOT;
	return age_ns < LIVES_NS ? MUST : MAY;
}

static uint16_t mss_kept(const struct seg *syn, bool is6)
{
	static const uint16_t sizes[] = { 536, 1220, 1360, 1400, 1440, 1460, 8960 };
	uint16_t mss = syn->opts & SEG_OPT_MSS ? syn->mss : tcp_mss_default(is6), kept = 64;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		kept = sizes[i] <= mss ? sizes[i] : kept;
	return kept;
}

static uint8_t wscale_kept(const struct seg *syn, bool timed)
{
	static const uint8_t scales[] = { 0, 2, 5, 6, 7, 8, 10 };
	uint8_t kept = 0;

	if (!(syn->opts & SEG_OPT_WSCALE) || timed)
		return syn->opts & SEG_OPT_WSCALE ? syn->wscale : 0;
	for (unsigned i = 0; i < sizeof(scales); i++)
		kept = scales[i] <= syn->wscale ? scales[i] : kept;
	return kept;
}

static void check_options(const struct offer *offer, const struct cookie *cookie, bool is6)
{
	const struct seg *syn = &offer->syn;
	bool timed = offer->answer.opts & SEG_OPT_TS;

	HOLDS(cookie->mss == mss_kept(syn, is6), "MSS %u for %u", cookie->mss, syn->mss);
	HOLDS(cookie->snd_wscale == wscale_kept(syn, timed), "window scale %u for %u", cookie->snd_wscale,
	      syn->wscale);
	HOLDS(!(cookie->flags & HALF_WSCALE) == !(syn->opts & SEG_OPT_WSCALE), "window scale");
	HOLDS(!(cookie->flags & HALF_SACK) == !(syn->opts & SEG_OPT_SACK_OK), "SACK");
	HOLDS(!(cookie->flags & HALF_TS) == !timed, "timestamps");
	HOLDS(!(cookie->flags & HALF_ECN) == !(timed && ecn_setup(syn)), "ECN");
	HOLDS(!(offer->answer.flags & SEG_ECE) == !(cookie->flags & HALF_ECN), "ECN was promised, or not");
}

/* Timestamps go on from the cookie's; and it knows when it was made. */
static void check_time(const struct stand *s, const struct machine *machine, const struct offer *offer,
		       const struct cookie *cookie)
{
	const struct tcp *tcp = machine->tcp;
	uint32_t age = clock_ticks_from_ns(s->now_ns - offer->made_ns);
	uint32_t later = tcp_tsval(tcp, cookie->ts_offset) - offer->answer.tsval, made = tcp->tick - age;
	bool own = &s->machines[offer->machine] == machine;

	if (!(cookie->flags & HALF_TS))
		return;
	HOLDS(later <= age + 1200 + clock_ticks_from_ns(DIFFER_NS),
	      "a timestamp after %u ticks is later by %d", age, (int)later);
	/* A fleet's clocks differ, and keys' times may. */
	HOLDS(!own || offer->key != machine->key ||
		      (seq_le(cookie->first, made + 2) && seq_ge(cookie->last + 2, made)),
	      "made %u ticks ago, it says from %d to %d", age, (int)(tcp->tick - cookie->last),
	      (int)(tcp->tick - cookie->first));
}

/* With one bit changed. */
static void forge(struct stand *s, struct machine *machine, const struct seg *ack)
{
	struct cookie cookie;

	TELL("     forged: port %u seq %u ack %u TSecr %u options %#x: %d\n", ack->tuple.rport, ack->seq,
	     ack->ack, ack->tsecr, ack->opts, open_cookie(s, machine, ack, &cookie));
	if (!open_cookie(s, machine, ack, &cookie))
		return;
	HOLDS(!(cookie.flags & HALF_TS), "32 bits of MAC and a time were forged");
	HOLDS(++s->forged <= CHANCE, "%u cookies were forged", s->forged);
}

static void forge_all(struct stand *s, struct machine *machine, const struct seg *ack)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t change = 1u << bit;
		struct seg forged[] = { *ack, *ack, *ack, *ack, *ack };

		forged[0].ack ^= change;
		forged[1].seq ^= change;
		forged[2].tuple.raddr ^= change;
		forged[3].tuple.laddr ^= change;
		forged[4].tsecr ^= change;
		for (unsigned i = 0; i < (ack->opts & SEG_OPT_TS ? 5 : 4); i++)
			forge(s, machine, &forged[i]);
	}
	for (unsigned bit = 0; bit < 16; bit++) {
		struct seg forged[] = { *ack, *ack };

		forged[0].tuple.rport ^= (uint16_t)(1u << bit);
		forged[1].tuple.lport ^= (uint16_t)(1u << bit);
		forge(s, machine, &forged[0]);
		forge(s, machine, &forged[1]);
	}
	struct seg other = *ack;

	other.opts ^= SEG_OPT_TS;
	if (!(other.opts & SEG_OPT_TS) || machine->tcp->timestamps)
		forge(s, machine, &other);
}

static void answer(struct stand *s)
{
	unsigned how = in_u8(&s->in);
	struct machine *machine = &s->machines[how & 1];
	const struct offer *offer = &s->offers[(how >> 1) % OFFERS];
	struct cookie cookie;

	if ((how >> 1) % OFFERS >= s->offers_count)
		return;
	struct seg ack = ack_of(offer);
	enum expected expected = expected_of(s, machine, offer);
	bool opened = open_cookie(s, machine, &ack, &cookie);

	TELL("%.3f machine %u, port %u: ACK of %u, %.3f s old, key %u: %d\n", (double)s->now_ns / 1e9,
	     how & 1, ack.tuple.rport, offer->answer.seq, (double)(s->now_ns - offer->made_ns) / 1e9,
	     offer->key, opened);
	HOLDS(opened || expected != MUST, "a cookie of %u ms was refused",
	      (unsigned)((s->now_ns - offer->made_ns) / CLOCK_NS_PER_MS));
	if (opened && expected == MUST_NOT) {
		HOLDS(!(cookie.flags & HALF_TS) && ++s->forged <= CHANCE, "a cookie was accepted after %u s",
		      (unsigned)((s->now_ns - offer->made_ns) / CLOCK_NS_PER_S));
	} else if (opened) {
		check_options(offer, &cookie, s->is6);
		check_time(s, machine, offer, &cookie);
	}
	if (how & 32)
		forge_all(s, machine, &ack);
}

/* Anything at all. */
static void random_ack(struct stand *s)
{
	unsigned how = in_u8(&s->in);
	struct seg ack = {
		.tuple = { ADDRESS, 0x0a000200u + in_u8(&s->in), PORT, 1000 },
		.flags = SEG_ACK,
		.opts = how & 2 ? SEG_OPT_TS : 0,
		.seq = in_u32(&s->in),
		.ack = in_u32(&s->in),
		.tsecr = in_u32(&s->in),
	};

	forge(s, &s->machines[how & 1], &ack);
}

static void step(struct stand *s)
{
	unsigned what = in_u8(&s->in);

	if (what < 0x50)
		burst(s);
	else if (what < 0xa0)
		answer(s);
	else if (what < 0xd8)
		pass_time(s);
	else if (what < 0xf0)
		set_key(s);
	else
		random_ack(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stand stand;
	struct stand *s = &stand;

	s->in = (struct bytes_in){ data, data + size };
	set_up(s);
	for (unsigned steps = 0; in_left(&s->in) > 0 && steps < STEPS_MAX; steps++)
		step(s);
	for (unsigned i = 0; i < MACHINES; i++) {
		tcp_destroy(s->machines[i].tcp);
		free(s->machines[i].tcp);
	}
	return 0;
}
