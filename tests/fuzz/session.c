/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.c - whole sessions: a byte string is a program of segments (peer.h), times and calls into a live
 * shard, of IPv4 or of both families.
 */
#include <string.h>

#include "fuzz/fault.h"
#include "fuzz/invariants.h"
#include "fuzz/peer.h"
#include "fuzz/programs.h"
#include "fuzz/shard.h"
#include "support/payload_arena.h"
#include "tcp/output.h"

#define ADDRESS 0x0a000001u /* 10.0.0.1 */
#define PEER 0x0a000002u
#define STEPS_MAX 2000
#define QUEUED 8 /* segments of one burst */

struct session {
	struct shard shard;
	struct bytes_in in;
	uint32_t peer_isn;
	struct seg segs[QUEUED]; /* of the burst that is being made up */
	struct seg_side sides[QUEUED];
	unsigned queued;
};

/* Adds a segment to the burst. */
static const struct seg *take_segment(struct session *s)
{
	struct seg *seg = &s->segs[s->queued];

	peer_segment(&s->shard, &s->in, s->peer_isn, seg, &s->sides[s->queued]);
	s->shard.elsewhere += payload_buffers(seg->payload);
	s->queued++;
	return seg;
}

static void flush(struct session *s)
{
	unsigned n = s->queued;

	s->queued = 0;
	s->shard.elsewhere = 0;
	if (n > 0)
		shard_input(&s->shard, s->segs, s->sides, n);
}

static void drain(struct session *s)
{
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];
	struct weir_address doubted;

	while (shard_output(&s->shard, segs, sides, TCP_BURST_MAX) == TCP_BURST_MAX)
		;
	while (shard_events(&s->shard, 8, false) > 0)
		;
	while (tcp_advice(s->shard.tcp, &doubted))
		;
	/* Releasing may have opened windows. */
	while (shard_output(&s->shard, segs, sides, TCP_BURST_MAX) == TCP_BURST_MAX)
		;
}

/* Until nobody has anything to say, not even those that had waited for a pool that was empty. */
static void silence(struct session *s)
{
	struct tcp *tcp = s->shard.tcp;
	uint64_t before;

	do {
		before = s->shard.counters.v[COUNT_bytes_out];
		drain(s);
		for (uint32_t slot = 0; slot < tcp->hot.fresh; slot++) {
			struct tcb *tcb = tcb_at(tcp, slot);

			if (tcb->tuple.rport != 0 && output_room(tcp, tcb))
				output_mark(tcp, tcb);
		}
		drain(s);
	} while (s->shard.counters.v[COUNT_bytes_out] != before);
}

/* Drops of a segment's text, whose ACK has been listened to before. */
static bool of_text(enum counter drop)
{
	return drop == COUNT_drop_duplicate || drop == COUNT_drop_out_of_order ||
	       drop == COUNT_drop_after_fin || drop == COUNT_drop_receive_buffers ||
	       drop == COUNT_drop_extensions_full;
}

/*
 * One segment into a shard that has nothing left to say. What is dropped brings no news: it is answered by
 * one segment at most, without data, and no RST is answered by one.
 */
static void input_alone(struct session *s)
{
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];
	enum counter drop = COUNTERS;

	flush(s);
	silence(s);
	struct seg sent = *take_segment(s);
	struct counters before = s->shard.counters;

	flush(s);
	for (unsigned id = 0; id < COUNTERS; id++) {
		if (before.v[id] != s->shard.counters.v[id] &&
		    counter_kind((enum counter)id) == WEIR_COUNT_DROP)
			drop = (enum counter)id;
	}
	if (drop == COUNTERS || of_text(drop))
		return;
	unsigned n = shard_output(&s->shard, segs, sides, TCP_BURST_MAX);

	HOLDS(n <= 1, "%u answers to a segment that was dropped: %s", n, counter_name(drop));
	HOLDS(n == 0 || segs[0].len == 0, "data in answer to a segment that was dropped: %s",
	      counter_name(drop));
	HOLDS(!(sent.flags & SEG_RST) || before.v[COUNT_resets_out] == s->shard.counters.v[COUNT_resets_out],
	      "a RST for a RST");
}

static void pass_time(struct session *s)
{
	struct shard *shard = &s->shard;
	uint64_t next = tcp_next_deadline(shard->tcp, shard->now_ns), step;
	unsigned how = in_u8(&s->in);

	switch (how & 7) {
	case 0: /* to what is due next */
		step = next == UINT64_MAX ? 0 : next - shard->now_ns;
		break;
	case 1: /* just before */
		step = next == UINT64_MAX || next == shard->now_ns ? 0 : next - shard->now_ns - 1;
		break;
	case 2:
		step = in_u8(&s->in) * 1000ull;
		break;
	case 3:
		step = in_u8(&s->in) * CLOCK_NS_PER_MS;
		break;
	case 4:
		step = in_u8(&s->in) * 16 * CLOCK_NS_PER_MS;
		break;
	case 5:
		step = in_u8(&s->in) * CLOCK_NS_PER_S;
		break;
	case 6:
		step = 2 * shard->config.msl_ns;
		break;
	default:
		step = 0;
	}
	shard_advance(shard, shard->now_ns + step);
}

static void icmp_error(struct session *s)
{
	struct icmp_error error = peer_icmp_error(&s->shard, &s->in);
	verdict v = tcp_icmp(s->shard.tcp, &error, s->shard.now_ns);

	HOLDS(v == ACCEPTED || counter_kind(v) == WEIR_COUNT_DROP, "%s", counter_name(v));
	invariants_check(&s->shard);
}

static void output_some(struct session *s)
{
	struct seg segs[TCP_BURST_MAX];
	struct seg_side sides[TCP_BURST_MAX];

	shard_output(&s->shard, segs, sides, 1 + in_below(&s->in, TCP_BURST_MAX));
}

static void step(struct session *s)
{
	unsigned what = in_u8(&s->in);

	if (what < 0x60 || (what < 0x70 && s->queued == QUEUED - 1)) {
		take_segment(s);
		flush(s);
	} else if (what < 0x70) {
		take_segment(s); /* the first of a burst */
	} else if (what < 0x80) {
		input_alone(s);
	} else if (what < 0xa0) {
		shard_call(&s->shard, &s->in);
	} else if (what < 0xb8) {
		output_some(s);
	} else if (what < 0xc8) {
		shard_events(&s->shard, 1 + (what & 3), what & 4);
	} else if (what < 0xd0) {
		drain(s);
	} else if (what < 0xf8) {
		pass_time(s);
	} else {
		icmp_error(s);
	}
}

static void set_up(struct session *s)
{
	shard_create(&s->shard, &s->in, ADDRESS, PEER, NULL, true);
	unsigned how = in_u8(&s->in);

	s->peer_isn = how & 1 ? (uint32_t)-3 : 1000;
	CHECK(tcp_listen(s->shard.tcp, (struct weir_endpoint){ .port = 80 }, 42) == 0);
	if (how & 1) {
		struct pair pair;
		struct tuple tuple = peer_tuple(&s->shard, how >> 1, &pair);

		shard_place_iss(&s->shard, &tuple);
	}
}

void session_run(const uint8_t *data, size_t size)
{
	static struct session session;
	struct session *s = &session;

	s->in = (struct bytes_in){ data, data + size };
	s->queued = 0;
	set_up(s);
	for (unsigned steps = 0; in_left(&s->in) > 0 && steps < STEPS_MAX; steps++)
		step(s);
	flush(s);
	shard_destroy(&s->shard, size % 4 != 0);
	HOLDS(payload_arena_live() == 0, "%lu buffers", (unsigned long)payload_arena_live());
}
