/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_session - whole sessions: a byte string is a program of segments, times and calls into a live shard.
 *
 * Segments are structured: they begin as what a well-behaved peer would send at this moment, which is read
 * from the shard's own records, and single fields are then off by a little, or anything at all. So a few bytes
 * lead deep, and every byte means something.
 */
#include <string.h>

#include "fuzz/fault.h"
#include "fuzz/invariants.h"
#include "fuzz/shard.h"
#include "support/payload_arena.h"
#include "wire/ip.h"

#define ADDRESS 0x0a000001u /* 10.0.0.1 */
#define PEER 0x0a000002u
#define STEPS_MAX 2000
#define PEERS 8
#define QUEUED 8 /* segments of one burst */

/* Which fields a segment's bytes change. */
enum {
	CHANGE_SEQ = 1 << 3,
	CHANGE_ACK = 1 << 4,
	CHANGE_WND = 1 << 5,
	CHANGE_OPTS = 1 << 6,
	CHANGE_TEXT = 1 << 7,
};

/* A segment as a peer that knows everything would write it. */
struct place {
	uint32_t rcv_nxt, window; /* what we expect */
	uint32_t una, nxt;        /* what we have sent */
	uint32_t ts_recent;
	bool timestamps;
};

struct session {
	struct shard shard;
	struct bytes_in in;
	uint32_t peer_isn;
	struct seg segs[QUEUED]; /* of the burst that is being made up */
	struct sack sacks[QUEUED];
	unsigned queued;
};

/* Peers 0 to 3 come to our listeners; 4 to 6 are those that we open to; 7 is where the last connection goes. */
static struct tuple tuple_of(const struct session *s, unsigned peer)
{
	struct tuple tuple = { .laddr = ADDRESS, .raddr = PEER, .lport = 80, .rport = 80 };
	struct weir_info info;

	if (peer < 4) {
		tuple.lport = peer == 3 ? 81 : 80;
		tuple.rport = (uint16_t)(40000 + peer);
	} else if (peer < 7 || tcp_info(s->shard.tcp, s->shard.last, &info) != 0) {
		tuple.lport = (uint16_t)(SHARD_OPEN_PORT + peer - 4);
	} else {
		tuple.lport = info.local.port;
		tuple.rport = info.remote.port;
	}
	return tuple;
}

static struct place place_of(const struct session *s, const struct tuple *tuple)
{
	const struct tcp *tcp = s->shard.tcp;
	ref r = conn_table_find(&tcp->table, tcp_hash(tcp, tuple), tuple);
	struct place place = { .rcv_nxt = s->peer_isn, .window = 1000, .ts_recent = 700 };

	if (ref_kind(r) == REF_HOT) {
		const struct tcb *tcb = tcb_at(tcp, ref_slot(r));

		place.una = tcb_snd_una(tcp, tcb);
		place.nxt = tcb->snd_nxt;
		place.timestamps = tcb->flags & TCB_TS;
		place.ts_recent = tcb->ts_recent;
		if (tcb->state != WEIR_SYN_SENT) {
			place.rcv_nxt = tcb->rcv_nxt;
			place.window = tcb_rcv_wnd(tcb);
		}
	} else if (ref_kind(r) == REF_HALF_OPEN) {
		const struct half_open *half = slot_pool_at(&tcp->half_opens, ref_slot(r));

		place = (struct place){ half->rcv_nxt, tcp->rcv_window, half->iss,
					half->iss + 1, half->ts_recent, half->flags & HALF_TS };
	} else if (ref_kind(r) == REF_TIME_WAIT) {
		const struct time_wait *wait = &tcp->time_waits[ref_slot(r)];

		place = (struct place){ wait->rcv_nxt,   512,
					wait->snd_nxt,   wait->snd_nxt,
					wait->ts_recent, wait->ts_offset != 0 };
	}
	return place;
}

static uint8_t take_flags(struct bytes_in *in)
{
	static const uint8_t likely[] = { SEG_ACK,           SEG_SYN, SEG_ACK | SEG_PSH, SEG_FIN | SEG_ACK,
					  SEG_SYN | SEG_ACK, SEG_RST, SEG_RST | SEG_ACK, SEG_ACK };
	uint8_t flags = in_u8(in);

	if (flags < 0x80)
		return likely[flags & 7];
	/* Anything that the parser lets through. */
	if (!(flags & (SEG_SYN | SEG_RST | SEG_ACK)))
		flags |= SEG_ACK;
	return flags & SEG_SYN ? flags & (uint8_t) ~(SEG_FIN | SEG_RST) : flags;
}

static uint32_t take_seq(struct bytes_in *in, const struct place *place)
{
	switch (in_below(in, 4)) {
	case 0:
		return place->rcv_nxt + in_near(in);
	case 1:
		return place->rcv_nxt + place->window + in_near(in);
	case 2:
		return place->rcv_nxt + in_u16(in);
	default:
		return in_u32(in);
	}
}

static uint32_t take_ack(struct bytes_in *in, const struct place *place)
{
	switch (in_below(in, 4)) {
	case 0:
		return place->nxt + in_near(in);
	case 1:
		return place->una + in_near(in);
	case 2:
		return place->una + in_u16(in);
	default:
		return in_u32(in);
	}
}

static uint16_t take_window(struct bytes_in *in)
{
	static const uint16_t likely[8] = { 0, 1, 10, 536, 1460, 8000, 32768, 65535 };
	uint8_t window = in_u8(in);

	return window < 0xe0 ? likely[window & 7] : in_u16(in);
}

static void take_sack(struct bytes_in *in, const struct place *place, struct seg *seg, struct sack *sack)
{
	seg->opts |= SEG_OPT_SACK;
	seg->sacks = (uint8_t)(1 + in_below(in, SACK_BLOCKS_MAX));
	for (unsigned i = 0; i < seg->sacks; i++) {
		unsigned how = in_u8(in);
		uint32_t left = how & 0x80 ? in_u32(in) : place->una + in_u8(in) * (how & 0x40 ? 64 : 1);

		sack->blocks[i].left = left;
		sack->blocks[i].right = how & 0x20 ? place->nxt : left + ((how & 31) * (how & 0x40 ? 64 : 1));
	}
}

/* The low five bits say which; the others, what is wrong with them. */
static void take_options(struct bytes_in *in, const struct place *place, struct seg *seg, struct sack *sack)
{
	unsigned opts = in_u8(in);

	seg->opts = opts & SEG_OPT_TS;
	if (seg->flags & SEG_SYN)
		seg->opts |= opts & (SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK);
	else if (opts & SEG_OPT_SACK)
		take_sack(in, place, seg, sack);
	if (opts & 0x20)
		seg->tsval = place->ts_recent + in_near(in);
	if (opts & 0x40) {
		seg->mss = in_u16(in);
		seg->wscale = (uint8_t)in_below(in, 15);
	}
	if (opts & 0x80) {
		seg->tsval = in_u32(in);
		seg->tsecr = in_u32(in);
	}
}

static payload text(const struct seg *seg, unsigned buffers)
{
	uint8_t *bytes = malloc(seg->len);
	uint32_t seq = seg->seq + !!(seg->flags & SEG_SYN), part = seg->len / buffers;

	for (uint32_t i = 0; i < seg->len; i++)
		bytes[i] = shard_peer_byte(seq + i, seg->tuple.rport);
	payload data = payload_arena_copy(bytes, seg->len - part * (buffers - 1));

	for (unsigned i = 1; i < buffers; i++)
		payload_append(data, payload_arena_copy(bytes + seg->len - part * (buffers - i), part));
	free(bytes);
	return data;
}

static void take_text(struct bytes_in *in, struct seg *seg)
{
	static const uint16_t lengths[] = { 1, 2, 10, 536, 1448, 1460, 8960, 65000 };
	unsigned how = in_u8(in);

	seg->len = how & 8 ? in_u8(in) : lengths[how & 7];
	if (seg->len > 0)
		seg->payload = text(seg, seg->len > 8 ? 1 + (how >> 4 & 3) : 1);
}

/* Adds a segment to the burst. */
static const struct seg *take_segment(struct session *s)
{
	struct bytes_in *in = &s->in;
	unsigned what = in_u8(in);
	struct tuple tuple = tuple_of(s, what % PEERS);
	struct place place = place_of(s, &tuple);
	struct seg *seg = &s->segs[s->queued];
	struct sack *sack = &s->sacks[s->queued];

	*seg = (struct seg){ .tuple = tuple, .flags = take_flags(in), .wnd = 32768, .mss = 1460, .wscale = 7 };
	seg->seq = what & CHANGE_SEQ ? take_seq(in, &place) : place.rcv_nxt;
	if (seg->flags & SEG_ACK || what & CHANGE_ACK)
		seg->ack = what & CHANGE_ACK ? take_ack(in, &place) : place.nxt;
	if (what & CHANGE_WND)
		seg->wnd = take_window(in);
	seg->tsval = place.ts_recent;
	seg->tsecr = s->shard.tcp->tick;
	if (what & CHANGE_OPTS)
		take_options(in, &place, seg, sack);
	else if (seg->flags & SEG_SYN)
		seg->opts = SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS;
	else if (place.timestamps && !(seg->flags & SEG_RST))
		seg->opts = SEG_OPT_TS;
	if (what & CHANGE_TEXT)
		take_text(in, seg);
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
		shard_input(&s->shard, s->segs, s->sacks, n);
}

static void drain(struct session *s)
{
	struct seg segs[TCP_BURST_MAX];
	struct sack sacks[TCP_BURST_MAX];
	uint32_t doubted;

	while (shard_output(&s->shard, segs, sacks, TCP_BURST_MAX) == TCP_BURST_MAX)
		;
	while (shard_events(&s->shard, 8, false) > 0)
		;
	while (tcp_advice(s->shard.tcp, &doubted))
		;
	/* Releasing may have opened windows. */
	while (shard_output(&s->shard, segs, sacks, TCP_BURST_MAX) == TCP_BURST_MAX)
		;
}

/* Drops of a segment's text, whose ACK has been listened to before. */
static bool of_text(enum counter drop)
{
	return drop == COUNT_drop_duplicate || drop == COUNT_drop_out_of_order ||
	       drop == COUNT_drop_after_fin || drop == COUNT_drop_receive_buffers ||
	       drop == COUNT_drop_extensions_full;
}

/*
 * One segment into a shard that has nothing left to say. What is dropped brings no news: it is answered by one
 * segment at most, without data, and no RST is answered by one.
 */
static void input_alone(struct session *s)
{
	struct seg segs[TCP_BURST_MAX];
	struct sack sacks[TCP_BURST_MAX];
	enum counter drop = COUNTERS;

	flush(s);
	drain(s);
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
	unsigned n = shard_output(&s->shard, segs, sacks, TCP_BURST_MAX);

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

/* An ICMP error about one of the connections, right or forged. */
static void icmp_error(struct session *s)
{
	unsigned what = in_u8(&s->in);
	struct tuple tuple = tuple_of(s, what % PEERS);
	struct place place = place_of(s, &tuple);
	struct icmp_error error = {
		.tuple = tuple,
		.seq = what & CHANGE_SEQ ? take_ack(&s->in, &place) : place.una,
		.trouble = (uint8_t)((what >> 4 & 3) % 3),
		.mtu = what & 0x40 ? in_u16(&s->in) : 0,
		.protocol = IP_PROTOCOL_TCP,
	};
	verdict v = tcp_icmp(s->shard.tcp, &error, s->shard.now_ns);

	HOLDS(v == ACCEPTED || counter_kind(v) == WEIR_COUNT_DROP, "%s", counter_name(v));
	invariants_check(&s->shard);
}

static void output_some(struct session *s)
{
	struct seg segs[TCP_BURST_MAX];
	struct sack sacks[TCP_BURST_MAX];

	shard_output(&s->shard, segs, sacks, 1 + in_below(&s->in, TCP_BURST_MAX));
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
	shard_create(&s->shard, &s->in, ADDRESS, PEER);
	unsigned how = in_u8(&s->in);

	s->peer_isn = how & 1 ? (uint32_t)-3 : 1000;
	CHECK(tcp_listen(s->shard.tcp, (struct weir_endpoint){ .port = 80 }, 42) == 0);
	if (how & 1) {
		struct tuple tuple = tuple_of(s, how >> 1 & 7);

		shard_place_iss(&s->shard, &tuple);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
	return 0;
}
