/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "support/payload_arena.h"

#define ORDINARY_START (5 * SECONDS)
#define WRAP_START ((1ull << (32 + CLOCK_TICK_SHIFT)) - 10 * SECONDS)

struct crowd *crowd_up(bool is6, crowd_setup setup, uint64_t start_ns, uint64_t seed)
{
	struct crowd *c = calloc(1, sizeof(*c));
	const struct tcp_secrets secrets = {
		.table = { seed, 2 },
		.names = { seed, 14 },
		.isn = { seed, 4 },
		.ports = { seed, 6 },
		.cookies = { { seed, 8 }, { seed, 10 } },
		.sources = { seed, 12 },
	};

	weir_config_default(&c->config);
	c->config.max_connections = 64;
	if (setup != NULL)
		setup(&c->config);
	c->is6 = is6;
	c->config.ranges[0].first = c->config.ranges[0].last = crowd_address(c, CROWD_LOCAL);
	c->config.ranges_count = 1;
	size_t bytes = tcp_footprint(&c->config);

	c->memory = aligned_alloc(64, bytes);
	memset(c->memory, 0, bytes);
	c->now_ns = start_ns;
	c->rng = (struct rng){ seed };
	c->tcp = tcp_create(c->memory, &c->config, &secrets, &c->counters, start_ns);
	return c;
}

/* As the shard gets it. */
static void translate(const struct crowd *c, struct seg *seg, struct seg_side *side)
{
	side->pair = numbered_pair(c->is6, &seg->tuple);
	seg->tuple = arriving_tuple(&side->pair, seg->tuple.lport, seg->tuple.rport);
}

/* As the crowd has it. */
static struct seg translated_back(const struct seg *seg, const struct seg_side *side)
{
	struct seg back = *seg;

	back.tuple.laddr = numbered_number(tuple_local(&seg->tuple, &side->pair));
	back.tuple.raddr = numbered_number(tuple_remote(&seg->tuple, &side->pair));
	return back;
}

/* Takes all that is to be sent; the first of it. */
static bool drain(struct crowd *c, struct seg *first)
{
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];
	bool any = false;
	unsigned n;

	do {
		n = tcp_output(c->tcp, segs, sides, TCP_BURST_MAX, c->now_ns);
		if (n > 0 && !any)
			*first = translated_back(&segs[0], &sides[0]);
		any = any || n > 0;
		c->sent += n;
	} while (n == TCP_BURST_MAX);
	return any;
}

static void forget_events(struct crowd *c)
{
	struct weir_event event;

	while (tcp_events(c->tcp, &event, 1) == 1)
		payload_free((payload)(uintptr_t)event.payload);
}

void crowd_down(struct crowd *c)
{
	struct seg seg;

	tcp_abort_all(c->tcp);
	for (unsigned i = 0; i < 4; i++) {
		drain(c, &seg);
		forget_events(c);
		c->now_ns += 3 * c->config.msl_ns;
		tcp_advance(c->tcp, c->now_ns);
	}
	for (unsigned i = 0; i < WEIR_STATES; i++)
		cr_assert_eq(c->tcp->states[i], 0, "still in %s", weir_state_name((enum weir_state)i));
	cr_assert_eq(c->tcp->table.entries, 0, "the table is not empty");
	cr_assert_eq(c->tcp->hot.used + c->tcp->half_opens.used, 0, "records were not given back");
	for (uint32_t i = 0; i <= c->tcp->sources.mask; i++)
		cr_assert_eq(c->tcp->sources.half_opens[i], 0, "a source's count was not given back");
	cr_assert_eq(c->tcp->defending, 0);
	cr_assert_eq(payload_arena_live(), 0);
	tcp_destroy(c->tcp);
	free(c->memory);
	free(c);
}

void crowd_run(crowd_fn body, crowd_setup setup)
{
	static const uint64_t starts[] = { ORDINARY_START, WRAP_START };

	for (unsigned i = 0; i < 4; i++) {
		struct crowd *c = crowd_up(i >> 1, setup, starts[i & 1], 1 + i);

		body(c);
		crowd_down(c);
	}
}

int crowd_listen(struct crowd *c, uint16_t port)
{
	int listener = tcp_listen(c->tcp, (struct weir_endpoint){ .port = port }, port);

	cr_assert_geq(listener, 0);
	return listener;
}

uint32_t crowd_anybody(struct crowd *c)
{
	return 0x0b000000u + rng_below(&c->rng, 0xd0000000u);
}

struct seg crowd_syn(struct crowd *c, uint32_t address, uint16_t rport, uint16_t lport)
{
	return (struct seg){
		.tuple = { .laddr = CROWD_LOCAL, .raddr = address, .lport = lport, .rport = rport },
		.seq = (uint32_t)rng_u64(&c->rng),
		.flags = SEG_SYN,
		.wnd = 65535,
		.mss = 1460,
		.wscale = 7,
		.tsval = 700,
		.opts = SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS,
	};
}

struct seg crowd_ack(const struct seg *syn, const struct seg *syn_ack)
{
	return (struct seg){
		.tuple = syn->tuple,
		.seq = syn->seq + 1,
		.ack = syn_ack->seq + 1,
		.flags = SEG_ACK,
		.wnd = 512,
		.tsval = syn->tsval + 1,
		.tsecr = syn_ack->tsval,
		.opts = syn_ack->opts & SEG_OPT_TS,
	};
}

struct icmp_error crowd_error(const struct crowd *c, const struct seg *sent, enum icmp_trouble trouble)
{
	return (struct icmp_error){
		.pair = numbered_pair(c->is6, &sent->tuple),
		.lport = sent->tuple.lport,
		.rport = sent->tuple.rport,
		.seq = sent->seq,
		.trouble = (uint8_t)trouble,
	};
}

bool crowd_give(struct crowd *c, struct seg seg, struct seg *answer)
{
	struct seg_side side = { 0 };
	uint64_t turned, before = c->sent;
	struct seg other;

	seg.hash = 0; /* another core's, perhaps */
	translate(c, &seg, &side);
	cr_assert_eq(tcp_input(c->tcp, &seg, &side, 1, c->now_ns, &turned), 1);
	payload_free(seg.payload);
	bool answered = drain(c, turned != 0 ? &other : answer);

	c->sent = before;
	if (turned != 0)
		*answer = translated_back(&seg, &side);
	return turned != 0 || answered;
}

void crowd_give_burst(struct crowd *c, const struct seg *syns, unsigned n, struct seg *answers)
{
	struct seg_side sides[TCP_BURST_MAX];
	uint64_t turned;

	memcpy(answers, syns, n * sizeof(*syns));
	for (unsigned i = 0; i < n; i++)
		translate(c, &answers[i], &sides[i]);
	cr_assert_eq(tcp_input(c->tcp, answers, sides, n, c->now_ns, &turned), n);
	cr_assert_eq(turned, n == 64 ? UINT64_MAX : (1ull << n) - 1);
	for (unsigned i = 0; i < n; i++)
		answers[i] = translated_back(&answers[i], &sides[i]);
}

bool crowd_asks(struct crowd *c, uint32_t address, uint16_t rport, uint16_t lport)
{
	struct seg answer;

	return crowd_give(c, crowd_syn(c, address, rport, lport), &answer) &&
	       answer.flags == (SEG_SYN | SEG_ACK);
}

bool crowd_opens(struct crowd *c, uint32_t address, uint16_t rport, uint16_t lport)
{
	struct seg syn = crowd_syn(c, address, rport, lport), syn_ack, other;
	struct weir_event event;

	if (!crowd_give(c, syn, &syn_ack) || syn_ack.flags != (SEG_SYN | SEG_ACK))
		return false;
	crowd_give(c, crowd_ack(&syn, &syn_ack), &other);
	if (tcp_events(c->tcp, &event, 1) == 0)
		return false;
	cr_assert_eq(event.what, WEIR_EV_OPENED);
	cr_assert_eq(tcp_abort(c->tcp, event.conn), 0);
	drain(c, &other);
	forget_events(c);
	return true;
}

void crowd_flood(struct crowd *c, uint16_t lport, unsigned n)
{
	struct seg segs[TCP_BURST_MAX], first;
	struct seg_side sides[TCP_BURST_MAX];
	uint64_t turned, before = c->sent;

	for (unsigned done = 0, burst; done < n; done += burst) {
		burst = n - done < TCP_BURST_MAX ? n - done : TCP_BURST_MAX;
		for (unsigned i = 0; i < burst; i++) {
			segs[i] = crowd_syn(c, crowd_anybody(c), (uint16_t)(1024 + rng_below(&c->rng, 60000)),
					    lport);
			translate(c, &segs[i], &sides[i]);
		}
		cr_assert_eq(tcp_input(c->tcp, segs, sides, burst, c->now_ns, &turned), burst);
		drain(c, &first);
	}
	c->sent = before;
}

void crowd_pass(struct crowd *c, uint64_t ns)
{
	uint64_t end = c->now_ns + ns;
	struct seg first;

	do {
		uint64_t next = tcp_next_deadline(c->tcp, c->now_ns);

		if (next <= c->now_ns)
			next = c->now_ns + (1u << CLOCK_TICK_SHIFT);
		c->now_ns = next < end ? next : end;
		tcp_advance(c->tcp, c->now_ns);
		drain(c, &first);
	} while (c->now_ns < end);
}
